"""Time the dashboard's pages as a reader's browser sees them: the first page, each page, and a change of filter.

    .venv/bin/python -m tests.benchmarks.dashboard [FILE] [--blow-up]

FILE is `data/published/warehouse.duckdb` by default; `--blow-up` is that of `tests.benchmarks.bi_queries`. A time ends
with the last change of the page: figures, tables and texts are drawn. `make bench` ends with it, on size M.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser
from tests.benchmarks.bi_queries import blow_up, published_as_night
from tests.integration.dashboard_browser import IDLE, Reader, browsing, chromium, read_by, served

from valuegap.dashboard.app import PAGES
from valuegap.settings import Settings

RUNS = 5
GOAL_PAGE_MS, GOAL_FILTER_MS = 2_000, 1_000
SEGMENTS = ("Market segment: enterprise", "Market segment: small business")
QUIET_MS = 1_200

# When the page last changed, by the page's own clock; 0 is the start of its opening.
WATCH = """
    window.lastChange = 0;
    new MutationObserver(changes => {
        const drawn = document.querySelector('[data-testid="stMain"]');
        if (drawn && changes.some(change => drawn.contains(change.target))) window.lastChange = performance.now();
    }).observe(document, {subtree: true, childList: true, characterData: true});
"""


def drawn_at(reader: Reader) -> float:
    """Wait until nothing changes any more; return when the last change was, by the page's clock in ms."""
    reader.page.wait_for_selector("h1")
    reader.page.wait_for_selector(IDLE)
    reader.page.wait_for_function(f"performance.now() - window.lastChange > {QUIET_MS}")
    reader.page.wait_for_selector(IDLE)
    return float(reader.page.evaluate("window.lastChange"))


def opened(reader: Reader, where: str) -> float:
    """Open a page by its address, as a bookmark does; return its milliseconds."""
    reader.page.goto(f"{reader.address}/{where}")
    return drawn_at(reader)


def filtered(reader: Reader, option: str) -> float:
    """Choose other customers; return the milliseconds from the choice to the last change."""
    box = reader.page.get_by_label("Customers", exact=True).first
    box.focus()
    box.press("ArrowDown")
    box.fill(option)
    reader.page.get_by_role("option", name=option, exact=True).wait_for()
    chosen_at = float(reader.page.evaluate("window.lastChange = performance.now()"))
    box.press("Enter")
    reader.page.wait_for_timeout(300)
    return drawn_at(reader) - chosen_at


def visit(browser: Browser, address: str, act: Callable[[Reader], list[float]]) -> list[float]:
    """Let a reader with an empty cache do something; return its times."""
    reader = read_by(browser, address)
    reader.page.add_init_script(WATCH)
    try:
        return act(reader)
    finally:
        reader.page.context.close()


def line(what: str, walls: list[float], goal: int | None = None) -> None:
    """Print the median and the slowest of some milliseconds, and whether the slowest keeps to the goal."""
    kept = "" if goal is None else f"  goal {goal}: {'met' if max(walls) < goal else 'NOT met'}"
    print(f"{what:<40} {statistics.median(walls):>10.0f} {max(walls):>10.0f}{kept}", flush=True)


def main(file: Path) -> None:
    """Print a line for the first page, for each page, and for a change of filter on each."""
    executable = chromium()
    if executable is None:
        raise SystemExit("No Chromium on this machine: install the package chromium to time the dashboard.")
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as folder:
        settings, _ = published_as_night(file, Path(folder))
        (settings.published_dir / "warehouse.duckdb").symlink_to(next(settings.published_dir.iterdir()).name)
        with served(Path(folder)) as address, browsing(executable) as browser:
            print(f"\nDashboard, {RUNS} runs, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
            print(f"{'milliseconds':<40} {'median':>10} {'slowest':>10}")
            first = visit(browser, address, lambda reader: [opened(reader, "")])
            line("first page of a server just started", first, GOAL_PAGE_MS)
            pages: list[float] = []
            changes: list[float] = []
            for where, title, _ in PAGES:
                walls, filters = [], []
                for run in range(RUNS):
                    walls += visit(browser, address, lambda reader, where=where: [opened(reader, where)])
                    option = SEGMENTS[run % 2]

                    def change(reader: Reader, where: str = where, option: str = option) -> list[float]:
                        opened(reader, where)
                        return [filtered(reader, option)]

                    filters += visit(browser, address, change)
                line(title, walls)
                line(f"{title}, other customers", filters)
                pages += walls
                changes += filters
            line("every page", pages, GOAL_PAGE_MS)
            line("every change of the filter", changes, GOAL_FILTER_MS)


if __name__ == "__main__":
    given = [Path(argument) for argument in sys.argv[1:] if argument != "--blow-up"]
    chosen = given[0] if given else Settings.from_environment().published_dir / "warehouse.duckdb"
    if "--blow-up" in sys.argv:
        with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name:
            blown_up = Path(name) / "large.duckdb"
            blow_up(chosen, blown_up)
            main(blown_up)
    else:
        main(chosen)
