"""How the dashboard is started: local, quiet, with an error for who lacks the extra."""

import gzip
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typer.testing import CliRunner

from valuegap.cli import app
from valuegap.dashboard import serve, server
from valuegap.dashboard.app import PAGES
from valuegap.errors import ConfigurationError
from valuegap.settings import Settings


def test_the_command_serves_on_the_loopback_address(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int]] = []
    monkeypatch.setattr(server, "run", lambda address, port: served.append((address, port)))
    port = free_port()
    result = CliRunner().invoke(app, ["dashboard", "--port", str(port)])
    assert result.exit_code == 0, result.output
    assert served == [("127.0.0.1", port)]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("browser.gatherUsageStats", False),
        ("server.fileWatcherType", "none"),
        ("server.headless", True),
        ("client.disableDataExport", True),
    ],
)
def test_nothing_is_reported_watched_or_exported_past_our_own_download(option: str, value: object) -> None:
    assert server.OPTIONS[option] == value


def test_every_option_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    assert set(server.OPTIONS) <= set(config.get_config_options())


def test_streamlit_asks_nobody_for_the_address_of_this_machine(tmp_path: Path) -> None:
    """Neither when it starts for all addresses, nor when a web socket comes from another site."""
    with socket.socket() as proxy, serving(tmp_path, proxy) as port:
        refused = shake_hands(port, origin="http://elsewhere.example")
        welcome = shake_hands(port, origin=f"http://127.0.0.1:{port}")
        assert (refused, welcome) == (403, 101)
        proxy.settimeout(1)
        with pytest.raises(TimeoutError):
            proxy.accept()


def test_a_page_is_sent_whole_to_every_reader(tmp_path: Path) -> None:
    with socket.socket() as proxy, serving(tmp_path, proxy) as port:
        first, second = (gzip.decompress(compressed(port, "/gaps")) for _ in range(2))
    assert first == second
    assert server.WHERE_THE_SERVER_IS.encode() in first


def compressed(port: int, path: str) -> bytes:
    """Ask as browsers do; return what was sent."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.getheader("Content-Encoding") == "gzip"
    sent = answer.read()
    connection.close()
    return sent


@contextmanager
def serving(data_dir: Path, proxy: socket.socket) -> Iterator[int]:
    """Serve the dashboard to all addresses, its requests to the internet sent to `proxy`."""
    proxy.bind(("127.0.0.1", 0))
    proxy.listen()
    there = f"http://127.0.0.1:{proxy.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if name.lower() != "no_proxy"}
    environment |= dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), there)
    environment["VALUEGAP_DATA_DIR"] = str(data_dir)
    port = free_port()
    command = [sys.executable, "-m", "valuegap", "dashboard", "--address", "0.0.0.0", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            # Said after the look-up would have been made.
            assert any("URL:" in line for line in process.stdout), "the dashboard did not start"
            yield port
        finally:
            process.terminate()


def shake_hands(port: int, *, origin: str) -> int:
    """Ask for the web socket of the pages as a page of `origin` would; return the status of the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Origin": origin,
    }
    connection.request("GET", "/_stcore/stream", headers=upgrade)
    status = connection.getresponse().status
    connection.close()
    return status


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"valuegap\[dashboard\]"):
        serve.serve("127.0.0.1", free_port())


def test_a_taken_port_is_said_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"--port {port + 1}"):
            serve.serve("127.0.0.1", port)


def test_a_setting_that_is_neither_true_nor_false_is_refused() -> None:
    assert Settings.from_environment({"VALUEGAP_DASHBOARD_PERSONAL_DATA": "true"}).dashboard_personal_data
    assert not Settings.from_environment({}).dashboard_personal_data
    with pytest.raises(ConfigurationError, match="neither true nor false"):
        Settings.from_environment({"VALUEGAP_DASHBOARD_PERSONAL_DATA": "yes"})


def test_every_page_has_an_address_of_its_own() -> None:
    addresses = [address for address, _, _ in PAGES]
    assert len(set(addresses)) == len(addresses) == 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
