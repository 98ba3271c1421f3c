"""Picture the dashboard that `try.sh` serves, with a system Chromium: screenshot.py URL PASSWORD_FILE PNG."""

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, sync_playwright

WIDTH = 1600
SECONDS = 1000  # in milliseconds, as Playwright counts
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def picture(page: Page, url: str, password: str, png: Path) -> None:
    """Log in, wait until every chart is drawn, and write the whole dashboard to `png`."""
    place = urlsplit(url)
    left: list[str] = []
    page.on("requestfinished", lambda request: left.extend(elsewhere(request, place.netloc)))
    page.on("requestfailed", lambda request: left.extend(elsewhere(request, place.netloc)))
    page.goto(f"{place.scheme}://{place.netloc}/login/", timeout=120 * SECONDS)
    page.fill("#username", "admin")
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address, timeout=120 * SECONDS)
    page.goto(url, timeout=120 * SECONDS)
    grid = page.wait_for_selector("[data-test='grid-content']", timeout=120 * SECONDS)
    # Charts are drawn when they come into view: make the window as high as all of them.
    height = int(grid.evaluate("grid => grid.scrollHeight")) + 200
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.wait_for_selector("[data-test='loading-indicator']", state="detached", timeout=120 * SECONDS)
    page.wait_for_timeout(10 * SECONDS)
    failed = page.locator(".ant-alert-error, [data-test='error-container']").count()
    if failed:
        sys.exit(f"{failed} charts show an error: open {url}")
    if left:
        sys.exit(f"Pages asked elsewhere: {', '.join(sorted(set(left)))}")
    page.screenshot(path=png)


def elsewhere(request: Request, host: str) -> list[str]:
    """Return the request's host where that is another one and the page's policy did not keep it in."""
    place = urlsplit(request.url)
    is_kept_in = "csp" in (request.failure or "").lower()
    is_elsewhere = place.scheme in {"http", "https"} and place.netloc != host
    return [place.netloc] if is_elsewhere and not is_kept_in else []


def main(url: str, password_file: Path, png: Path) -> None:
    """Find Chromium and take the picture."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("No Chromium on this machine: install the package `chromium`.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        picture(
            browser.new_page(viewport={"width": WIDTH, "height": 900}), url, password_file.read_text(), png
        )
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
