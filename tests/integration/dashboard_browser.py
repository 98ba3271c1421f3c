"""The dashboard served as a reader gets it, and a system's Chromium that writes down all it does."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.error import URLError
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Download,
    Locator,
    Page,
    WebSocket,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as NothingCame
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing of the browser's own: no updates, no synchronisation, no fields, no first steps.
CHROMIUM_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'
PATIENCE_MS = 180_000
PRESSES = 3
FAINT_TEXT = Path(__file__).with_name("faint_text.js").read_text()
HERE = "127.0.0.1"


def chromium() -> str | None:
    """Return the path of a Chromium of this machine, None where there is none."""
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


@contextmanager
def served(data_dir: Path) -> Iterator[str]:
    """Serve the dashboard on a data folder; yield its address; stop it."""
    port = _free_port()
    address = f"http://{HERE}:{port}"
    command = [sys.executable, "-m", "valuegap", "dashboard", "--port", str(port)]
    environment = {**os.environ, "VALUEGAP_DATA_DIR": str(data_dir)}
    log = data_dir / "dashboard.log"
    with (
        log.open("w") as said,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said) as server,
    ):
        try:
            deadline = time.monotonic() + 300
            while not _is_up(address):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, "the dashboard did not answer in five minutes"
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def _is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def browsing(executable: str) -> Iterator[Browser]:
    """Start a Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        yield browser
        browser.close()


@dataclass
class Reader:
    """Somebody who looks at the dashboard, and what the browser did meanwhile.

    `asked` are the addresses of all requests and web sockets, `complaints` the errors in the console;
    `expects` is what a page asked to be drawn again still has to get: a run that starts, or one that ends.
    """

    page: Page
    address: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expects: Literal["a start", "an end", "nothing"] = "nothing"

    def __post_init__(self) -> None:
        """Write down what the page does, from before it does anything."""
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", self._follow)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _follow(self, socket: WebSocket) -> None:
        self.asked.append(socket.url)
        socket.on("framesent", self._note_sent)
        socket.on("framereceived", self._note_received)

    def _note_sent(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.expects = "a start"

    def _note_received(self, frame: bytes | str) -> None:
        told = ForwardMsg.FromString(frame).WhichOneof("type") if isinstance(frame, bytes) else None
        if self.expects == "a start" and told == "new_session":
            self.expects = "an end"
        elif self.expects == "an end" and told == "script_finished":
            self.expects = "nothing"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

    @property
    def asked_elsewhere(self) -> list[str]:
        """Requests that left the machine, or tried to."""
        return [
            url
            for url in self.asked
            if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and urlsplit(url).hostname != HERE
        ]

    def enter(self, where: str = "") -> None:
        """Open the start page, or `where`: a page by its address, filters by a query."""
        self.page.goto(f"{self.address}/{where}")
        self.settle()

    def turn_to(self, title: str) -> None:
        """Open a page by the menu."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        self.page.get_by_role("heading", level=1, name=title, exact=True).wait_for()
        self.settle()

    def parts(self) -> list[str]:
        """Return the titles of the page's tabs, none where it has none."""
        return self.page.get_by_role("tab").all_inner_texts()

    def open_part(self, title: str) -> None:
        """Open a tab of the page, by keyboard."""
        tab = self.page.get_by_role("tab", name=title, exact=True)
        tab.press("Enter")
        expect(tab).to_have_attribute("aria-selected", "true")
        self.settle()

    def settle(self) -> None:
        """Wait until the page is drawn."""
        self.page.wait_for_selector("h1")
        # A moment, so that what was just done is sent. The server may take longer to begin: `expects` says so, the
        # page does not.
        self.page.wait_for_timeout(300)
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while self.expects != "nothing":
            assert time.monotonic() < deadline, f"the page still expects {self.expects} of a run"
            self.page.wait_for_timeout(50)
        self.page.wait_for_selector(IDLE)
        self.page.wait_for_timeout(200)

    def faint_text(self) -> list[str]:
        """Return texts of a contrast below 4.5, the least that WCAG 2 asks for at level AA."""
        return list(self.page.evaluate(FAINT_TEXT))

    def choose(self, label: str, option: str) -> None:
        """Choose from a list by keyboard, as who cannot use a mouse does."""
        box = self.page.get_by_label(label, exact=True).first
        if box.input_value() == option:  # typing it again would change nothing, and Enter take the next one
            return
        box.focus()
        box.press("ArrowDown")
        box.fill(option)
        self.page.get_by_role("option", name=option, exact=True).wait_for()
        box.press("Enter")
        self.settle()
        expect(box).to_have_value(option)

    def tile(self, label: str) -> Locator:
        """Return the tile of a metric."""
        return self.page.get_by_test_id("stMetric").filter(has=self.page.get_by_text(label, exact=True))

    def save(self, name: str) -> Download:
        """Press the button under a table, unfolded first where it is folded; return the download that starts.

        By keyboard: what is unfolded still moves while it is drawn, and a click on what moves away is none. Each is
        pressed again where nothing comes, as a reader does: it may be drawn anew the moment it is pressed.
        """
        button = self.page.locator(f".st-key-download-{name} button")
        folded = self.page.locator(f".st-key-unfold-{name} details:not([open])")
        button.or_(folded).wait_for()
        for _ in range(PRESSES):
            if folded.count():
                folded.locator("summary").press("Enter")
            try:
                button.wait_for(timeout=PATIENCE_MS / PRESSES)
                with self.page.expect_download(timeout=PATIENCE_MS / PRESSES) as expected:
                    button.press("Enter")
                return expected.value
            except NothingCame:
                continue
        raise AssertionError(f"{name}: pressed {PRESSES} times, nothing was saved")

    def download(self, name: str) -> str:
        """Return the CSV that the button under a table saves."""
        return Path(self.save(name).path()).read_text()


def read_by(
    browser: Browser, address: str, *, width: int = 1280, height: int = 900, scheme: str = "light"
) -> Reader:
    """Return a reader with a window of its own."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
    )
    return Reader(context.new_page(), address)
