"""Screenshots of every page of the dashboard for the docs: `python -m tests.integration.dashboard_screenshots`.

They show the published warehouse of a data folder: after `make run`, the demo company's.
"""

import sys
from pathlib import Path

from tests.integration.dashboard_browser import Reader, browsing, chromium, read_by, served

from valuegap.dashboard.app import PAGES

WIDTH, HEIGHT = 1280, 1400
MAX_BYTES = 200_000
FIGURES_DRAWN_MS = 1_500


def write_screenshots(data_dir: Path, folder: Path) -> None:
    """Write `<page>.png` of each page into a folder, the upper part of it, as a reader first sees it."""
    executable = chromium()
    if executable is None:
        sys.exit("No Chromium on this machine: install the package chromium to make the screenshots.")
    folder.mkdir(parents=True, exist_ok=True)
    with served(data_dir) as address, browsing(executable) as browser:
        reader = read_by(browser, address, width=WIDTH, height=HEIGHT)
        reader.enter()
        for page, title, _ in PAGES:
            reader.turn_to(title)
            if page == "sql":
                reader.page.get_by_role("button", name="Run", exact=True).click()
                reader.settle()
            _write(reader, folder / f"{page}.png")


def _write(reader: Reader, file: Path) -> None:
    reader.page.mouse.move(0, 0)
    reader.page.wait_for_timeout(FIGURES_DRAWN_MS)
    size = len(reader.page.screenshot(path=file, animations="disabled"))
    if size > MAX_BYTES:
        sys.exit(f"{file} has {size:,} bytes, more than {MAX_BYTES:,}: make it shorter.")


if __name__ == "__main__":
    write_screenshots(Path(sys.argv[1]), Path(sys.argv[2]))
