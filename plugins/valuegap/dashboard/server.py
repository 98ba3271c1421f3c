"""Streamlit's server as this project wants it: local, quiet, without telemetry.

Two habits of Streamlit have no option and are corrected here. It asks a server on the internet for the
address of this machine. And a page opened by its own address first looks for the server below that page,
which ends in errors in the browser's console.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from streamlit import file_util, net_util
from streamlit.starlette import App

SCRIPT = Path(__file__).with_name("app.py")

OPTIONS = {
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.fileWatcherType": "none",  # watches every imported file otherwise, for edits nobody makes
    "server.maxUploadSize": 1,  # nothing is uploaded
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",  # no link to a cloud that deploys
    "client.showErrorDetails": "type",
    "client.showErrorLinks": False,  # to search engines and chat bots
    "client.disableDataExport": True,  # its CSV is not guarded against formulas; ours is
    "runner.magicEnabled": False,
    # Streamlit's captions, code and chosen options are fainter than the contrast of 4.5 that WCAG asks for.
    # On such a dark theme's colour white is too: no button here is a primary one.
    "theme.light.textColor": "#111111",
    "theme.light.primaryColor": "#005a8c",
    "theme.light.codeTextColor": "#000000",
    "theme.dark.primaryColor": "#56b4e9",
    "theme.dark.codeTextColor": "#ffffff",
}
"""They win over any configuration file of the user's."""

# A page lies beside the start page, and so does the server; "." also holds behind a proxy that adds a folder.
WHERE_THE_SERVER_IS = "window.__streamlit = {BACKEND_BASE_URL: new URL('.', location.href).href}"


class PageName(StringConvertor):
    """What a page's address may be; a file of Streamlit's own, such as favicon.png, is none."""

    regex = "[a-z][a-z-]*"


def run(address: str, port: int) -> None:
    """Serve the dashboard until a signal ends it."""
    net_util.get_external_ip = _unknown
    application().run(config={**OPTIONS, "server.address": address, "server.port": port})


def application() -> App:
    """Return the dashboard as an ASGI application."""
    index = Path(file_util.get_static_dir(), "index.html").read_text("utf-8")
    page = index.replace("<head>", f"<head><script>{WHERE_THE_SERVER_IS}</script>", 1)

    async def open_page(_: Request) -> HTMLResponse:
        # A new one each time: what compresses it writes into its headers.
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    register_url_convertor("page", PageName())
    return App(SCRIPT, routes=[Route("/{name:page}", open_page)], lifespan=_pages_imported)


@asynccontextmanager
async def _pages_imported(_: App) -> AsyncIterator[None]:
    """Import what the pages need before the first reader comes, who would wait for it."""
    import_module("valuegap.dashboard.app")
    yield


def _unknown() -> None:
    """Stand in for the look-up of the external address, which no request may use to get in either."""
