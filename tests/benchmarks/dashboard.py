"""Time the dashboard's pages as a reader's browser sees them: each page, and a change of filter on it.

    .venv/bin/python -m tests.benchmarks.dashboard [FILE] [--blow-up]

FILE is `data/published/warehouse.duckdb` by default; `--blow-up` is that of `tests.benchmarks.bi_queries`. Each reader
comes with an empty browser, opens the page or one of its tabs, opens it again and chooses other customers. `seen` ends with the last
change inside the window of 1280 × 900, `drawn` with the last change of the whole page, below it as well: figures,
tables and texts are there. `make bench` times size M with it.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote_plus

from playwright.sync_api import Browser
from tests.benchmarks.bi_queries import chosen_file, published_as_night
from tests.integration.dashboard_browser import IDLE, PATIENCE_MS, Reader, browsing, chromium, read_by, served

from valuegap.dashboard import growth, priorities, service, value
from valuegap.dashboard.app import PAGES

GOAL_PAGE_MS, GOAL_FILTER_MS = 2_000, 1_000
# One a visit: each page asks the warehouse what nobody has asked it before.
SEGMENTS = (
    "Market segment: enterprise",
    "Market segment: mid market",
    "Market segment: small business",
    "Country: DE",
    "Country: FR",
)
PARTS = {
    "priorities": priorities.PARTS,
    "value": value.PARTS,
    "growth": growth.PARTS,
    "service": service.PARTS,
}
QUIET_MS, LOOK_MS = 1_200, 300

# Notes every change of the page by its own clock, and looks where the changed nodes are only when it is asked: looking
# makes the browser lay the page out, which it would not do as often for a reader.
WATCH = """
    window.changes = [];
    new MutationObserver(records => {
        const nodes = records.flatMap(record => record.addedNodes.length ? [...record.addedNodes] : [record.target]);
        window.changes.push([performance.now(), nodes]);
    }).observe(document, {subtree: true, childList: true, characterData: true});
"""

# Milliseconds since the last change of the page's content, none while it is still being drawn.
QUIET_FOR = """idle => {
    const app = document.querySelector(idle);
    const main = document.querySelector('[data-testid="stMain"]');
    if (!app || !main || !main.querySelector("h1") || main.querySelector('[data-testid="stSkeleton"]')) return 0;
    const figures = [...main.querySelectorAll('[data-testid="stPlotlyChart"]')];
    if (figures.some(figure => !figure.querySelector(".main-svg"))) return 0;
    window.changes = window.changes.filter(([, nodes]) => nodes.some(node => main.contains(node)));
    return performance.now() - (window.changes.at(-1)?.[0] ?? 0);
}"""

# When the page's content changed last, and when what is inside the window now did, since a moment.
LAST_CHANGES = """since => {
    const isSeen = node => {
        const box = (node.getBoundingClientRect ? node : node.parentElement)?.getBoundingClientRect();
        return box && box.width > 0 && box.height > 0 && box.top < window.innerHeight && box.bottom > 0;
    };
    const after = window.changes.filter(([at]) => at >= since);
    const seen = after.filter(([, nodes]) => nodes.some(isSeen));
    return [(seen.at(-1)?.[0] ?? since) - since, (after.at(-1)?.[0] ?? since) - since];
}"""


@dataclass(frozen=True)
class Drawn:
    """Milliseconds until the window, and until the whole page, changed for the last time."""

    seen: float
    drawn: float


def drawn_at(reader: Reader, since: float = 0) -> Drawn:
    """Wait until nothing changes any more; return when the last changes were.

    Asks now and then: what Playwright waits for it looks for in each frame, and makes the browser draw frames.
    """
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while reader.page.evaluate(QUIET_FOR, IDLE) < QUIET_MS:
        assert time.monotonic() < deadline, f"{reader.page.url} is still being drawn"
        reader.page.wait_for_timeout(LOOK_MS)
    return Drawn(*reader.page.evaluate(LAST_CHANGES, since))


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
    chosen_at = float(reader.page.evaluate("performance.now()"))
    box.press("Enter")
    reader.page.wait_for_timeout(LOOK_MS)
    return drawn_at(reader, chosen_at)


def line(what: str, times: list[Drawn]) -> None:
    """Print the median and the slowest of some times."""
    seen, drawn = [each.seen for each in times], [each.drawn for each in times]
    figures = (statistics.median(seen), max(seen), statistics.median(drawn), max(drawn))
    print(f"{what:<44}" + "".join(f"{figure:>9.0f}" for figure in figures), flush=True)


def kept(what: str, slowest: float, goal: int) -> None:
    """Print whether a goal was kept."""
    print(f"{what}: {slowest:.0f} ms, goal {goal} ms: {'met' if slowest < goal else 'NOT met'}")


def places() -> list[tuple[str, str]]:
    """Return address and title of each page, the start page first, and of each tab; a page opens at its first."""
    found = []
    for position, (page, title, _) in enumerate(PAGES):
        found.append((page if position else "", title))
        found += [(f"{page}?part={quote_plus(part)}", part) for part in list(PARTS.get(page, ()))[1:]]
    return found


def main(file: Path) -> None:
    """Print three lines a page or tab: opened with an empty browser, opened again, and other customers chosen on it."""
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
            load, cores = f"{os.getloadavg()[0]:.0f}", os.cpu_count()
            print(f"\nDashboard, {len(SEGMENTS)} visits of each page and tab, load {load} on {cores} cores")
            print(f"{'milliseconds':<44}{'seen':>9}{'slowest':>9}{'drawn':>9}{'slowest':>9}")
            for where, title in places():
                visits = [visit(browser, address, where, segment) for segment in SEGMENTS]
                opened_first, opened_again, changed = ([each[act] for each in visits] for act in range(3))
                line(title, opened_first)
                line(f"{title}, again", opened_again)
                line(f"{title}, other customers", changed)
                changes += changed
                if not where:
                    first, again = opened_first, opened_again
    kept("first page, empty browser, median", statistics.median(each.seen for each in first), GOAL_PAGE_MS)
    kept("first page, again, slowest", max(each.drawn for each in again), GOAL_PAGE_MS)
    kept("change of filter as seen, slowest", max(each.seen for each in changes), GOAL_FILTER_MS)
    kept("change of filter as drawn, slowest", max(each.drawn for each in changes), GOAL_FILTER_MS)


def visit(browser: Browser, address: str, where: str, segment: str) -> tuple[Drawn, Drawn, Drawn]:
    """Let a new reader open a page, open it again, and choose other customers."""
    reader = read_by(browser, address)
    reader.page.add_init_script(WATCH)
    times = opened(reader, where), opened(reader, where), filtered(reader, segment)
    reader.page.context.close()
    return times


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name:
        main(chosen_file(sys.argv[1:], Path(name)))
