"""How the dashboard is started: local, quiet, with an error for who lacks the extra."""

import importlib.util
import os
import socket
import sys

import pytest
from typer.testing import CliRunner

from valuegap.cli import app
from valuegap.dashboard import serve
from valuegap.dashboard.app import PAGES
from valuegap.errors import ConfigurationError
from valuegap.settings import Settings


def test_streamlit_replaces_the_process_on_the_loopback_address(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, words: started.append(words))
    result = CliRunner().invoke(app, ["dashboard", "--port", str(free_port())])
    assert result.exit_code == 0, result.output
    (words,) = started
    assert words[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert "--server.address=127.0.0.1" in words


@pytest.mark.parametrize(
    "flag",
    [
        "--browser.gatherUsageStats=false",
        "--server.fileWatcherType=none",
        "--server.headless=true",
        "--client.disableDataExport=true",
    ],
)
def test_nothing_is_reported_watched_or_exported_past_our_own_download(flag: str) -> None:
    assert flag in serve.command("127.0.0.1", 8501)


def test_every_flag_is_one_that_streamlit_knows() -> None:
    from streamlit import config

    assert set(serve.OPTIONS) <= set(config.get_config_options())


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
