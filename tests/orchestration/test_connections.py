import json

import pytest

from valuegap.errors import ConfigurationError
from valuegap.orchestration.connections import source_connection

DEMO = {
    "conn_type": "http",
    "host": "http://127.0.0.1:8765/zendesk",
    "login": "a@b.example",
    "password": "tok-1",
}


def test_airflows_connection_becomes_ours(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_ZENDESK_DEFAULT", json.dumps(DEMO | {"extra": {"account": "x"}}))
    connection = source_connection("zendesk")
    assert connection.base_url == "http://127.0.0.1:8765/zendesk"
    assert (connection.login, connection.password) == ("a@b.example", "tok-1")
    assert connection.extra == {"account": "x"}
    assert "tok-1" not in repr(connection)


def test_schema_and_port_override_the_address(monkeypatch):
    own = {"conn_type": "http", "host": "crm.example", "schema": "http", "port": 8080, "password": "tok-1"}
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(own))
    assert source_connection("hubspot").base_url == "http://crm.example:8080"


def test_a_missing_connection_says_which_variable_to_set(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_QUALTRICS_DEFAULT", raising=False)
    with pytest.raises(
        ConfigurationError, match=r"qualtrics_default is not set\. Set AIRFLOW_CONN_QUALTRICS_DEFAULT"
    ):
        source_connection("qualtrics")
