"""Time the dashboard's pages as a reader's browser sees them: each page, and a change of filter on it.

    .venv/bin/python -m tests.benchmarks.dashboard [FILE] [--blow-up]

FILE is `data/published/warehouse.duckdb` by default; `--blow-up` is that of `tests.benchmarks.bi_queries`. Each reader
comes with an empty browser, opens the page, opens it again and chooses other customers. `seen` ends with the last
change inside the window of 1280 × 900, `drawn` with the last change of the whole page, below it as well: figures,
tables and texts are there. `make bench` times size M with it.
"""

import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser
from tests.benchmarks.bi_queries import chosen_file, published_as_night
from tests.integration.dashboard_browser import IDLE, Reader, browsing, chromium, read_by, served

from valuegap.dashboard.app import PAGES

RUNS = 5
GOAL_PAGE_MS, GOAL_FILTER_MS = 2_000, 1_000
SEGMENTS = ("Market segment: enterprise", "Market segment: small business")
QUIET_MS = 1_200

# When the page last changed, and when its part in the window did, by the page's own clock; 0 is its opening.
WATCH = """
    window.lastChange = window.lastSeen = 0;
    const isSeen = node => {
        const box = (node.getBoundingClientRect ? node : node.parentElement)?.getBoundingClientRect();
        return box && box.width > 0 && box.height > 0 && box.top < window.innerHeight;
    };
    new MutationObserver(changes => {
        const main = document.querySelector('[data-testid="stMain"]');
        const drawn = changes.filter(change => main && main.contains(change.target));
        if (!drawn.length) return;
        window.lastChange = performance.now();
        const nodes = drawn.flatMap(change => change.addedNodes.length ? [...change.addedNodes] : [change.target]);
        if (nodes.some(isSeen)) window.lastSeen = window.lastChange;
    }).observe(document, {subtree: true, childList: true, characterData: true});
"""


@dataclass(frozen=True)
class Drawn:
    """Milliseconds until the window, and until the whole page, changed for the last time."""

    seen: float
    drawn: float


def drawn_at(reader: Reader, since: float = 0) -> Drawn:
    """Wait until nothing changes any more; return when the last changes were."""
    reader.page.wait_for_selector("h1")
    reader.page.wait_for_selector(IDLE)
    reader.page.wait_for_function(f"performance.now() - window.lastChange > {QUIET_MS}")
    reader.page.wait_for_selector(IDLE)
    seen, drawn = reader.page.evaluate("[window.lastSeen, window.lastChange]")
    return Drawn(seen - since, drawn - since)


def opened(reader: Reader, where: str) -> Drawn:
    """Open a page by its address, as a bookmark does; return its milliseconds."""
    reader.page.goto(f"{reader.address}/{where}")
    return drawn_at(reader)


def filtered(reader: Reader, option: str) -> Drawn:
    """Choose other customers; return the milliseconds from the choice on."""
    box = reader.page.get_by_label("Customers", exact=True).first
    box.focus()
    box.press("ArrowDown")
    box.fill(option)
    reader.page.get_by_role("option", name=option, exact=True).wait_for()
    chosen_at = float(reader.page.evaluate("window.lastSeen = window.lastChange = performance.now()"))
    box.press("Enter")
    reader.page.wait_for_timeout(300)
    return drawn_at(reader, chosen_at)


def line(what: str, times: list[Drawn]) -> None:
    """Print the median and the slowest of some times."""
    seen, drawn = [each.seen for each in times], [each.drawn for each in times]
    figures = (statistics.median(seen), max(seen), statistics.median(drawn), max(drawn))
    print(f"{what:<44}" + "".join(f"{figure:>9.0f}" for figure in figures), flush=True)


def kept(what: str, slowest: float, goal: int) -> None:
    """Print whether a goal was kept."""
    print(f"{what}: {slowest:.0f} ms, goal {goal} ms: {'met' if slowest < goal else 'NOT met'}")


def main(file: Path) -> None:
    """Print three lines a page: opened with an empty browser, opened again, and other customers chosen on it."""
    executable = chromium()
    if executable is None:
        raise SystemExit("No Chromium on this machine: install the package chromium to time the dashboard.")
    first: list[Drawn] = []
    again: list[Drawn] = []
    changes: list[Drawn] = []
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as folder:
        settings, _ = published_as_night(file, Path(folder))
        link = settings.published_dir / "warehouse.duckdb"
        link.symlink_to(next(settings.published_dir.iterdir()).name)
        with served(Path(folder)) as address, browsing(executable) as browser:
            print(
                f"\nDashboard, {RUNS} visits of each page, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"
            )
            print(f"{'milliseconds':<44}{'seen':>9}{'slowest':>9}{'drawn':>9}{'slowest':>9}")
            for position, (where, title, _) in enumerate(PAGES):
                visits = [visit(browser, address, where if position else "", run) for run in range(RUNS)]
                opened_first, opened_again, changed = ([each[act] for each in visits] for act in range(3))
                line(title, opened_first)
                line(f"{title}, again", opened_again)
                line(f"{title}, other customers", changed)
                changes += changed
                if not position:
                    first, again = opened_first, opened_again
    kept("first page, empty browser, median", statistics.median(each.seen for each in first), GOAL_PAGE_MS)
    kept("first page, again, slowest", max(each.drawn for each in again), GOAL_PAGE_MS)
    kept("change of filter, slowest", max(each.drawn for each in changes), GOAL_FILTER_MS)


def visit(browser: Browser, address: str, where: str, run: int) -> tuple[Drawn, Drawn, Drawn]:
    """Let a new reader open a page, open it again, and choose other customers."""
    reader = read_by(browser, address)
    reader.page.add_init_script(WATCH)
    times = opened(reader, where), opened(reader, where), filtered(reader, SEGMENTS[run % 2])
    reader.page.context.close()
    return times


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name:
        main(chosen_file(sys.argv[1:], Path(name)))
