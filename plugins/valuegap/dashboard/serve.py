"""Starts Streamlit in a process of its own, as this project wants it: local, quiet, without telemetry."""

import importlib.util
import os
import socket
import sys
from pathlib import Path

from valuegap.errors import ConfigurationError

APP = Path(__file__).with_name("app.py")

OPTIONS = {
    "server.headless": "true",
    "server.showEmailPrompt": "false",
    "server.fileWatcherType": "none",  # watches every imported file otherwise, for edits nobody makes
    "server.maxUploadSize": "1",  # nothing is uploaded
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",  # no link to a cloud that deploys
    "client.showErrorDetails": "type",
    "client.showErrorLinks": "false",  # to search engines and chat bots
    "client.disableDataExport": "true",  # its CSV is not guarded against formulas; ours is
    "runner.magicEnabled": "false",
}
"""Given as flags, which win over any configuration file of the user's."""


def serve(address: str, port: int) -> None:
    """Become the dashboard until Ctrl-C: this process is replaced, so that signals reach Streamlit itself.

    Raises:
        ConfigurationError: Streamlit is not installed, or the port is taken.
    """
    if importlib.util.find_spec("streamlit") is None or importlib.util.find_spec("plotly") is None:
        raise ConfigurationError(
            "The dashboard needs Streamlit and Plotly, which are not installed.",
            remedy='Start it with `make dashboard`, or install the extra: pip install "valuegap[dashboard]".',
        )
    _check_free(address, port)
    os.execv(sys.executable, command(address, port))  # noqa: S606 - no shell, words of our own


def command(address: str, port: int) -> list[str]:
    """Return the command line of Streamlit."""
    flags = {**OPTIONS, "server.address": address, "server.port": str(port)}
    options = [f"--{name}={value}" for name, value in flags.items()]
    return [sys.executable, "-m", "streamlit", "run", str(APP), *options]


def _check_free(address: str, port: int) -> None:
    with socket.socket() as probe:
        # As the server does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConfigurationError(
                f"{address}:{port} cannot be served: {error.strerror}.",
                remedy=f"Choose another port: valuegap dashboard --port {port + 1}.",
            ) from error
