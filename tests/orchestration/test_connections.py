import json

import pytest

from valuegap.errors import ConfigurationError
from valuegap.orchestration.connections import serving_connection, source_connection
from valuegap.publish.serving_connection import ServingConnection

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


SERVING = {
    "conn_type": "postgres",
    "host": "db.example",
    "port": 5433,
    "login": "loader",
    "password": "tok-1",
}


def test_airflows_postgresql_connection_becomes_ours(monkeypatch):
    own = SERVING | {"schema": "warehouse", "extra": {"sslmode": "require"}}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_SERVING", json.dumps(own))
    assert serving_connection() == ServingConnection(
        "db.example", 5433, "warehouse", "loader", "tok-1", {"sslmode": "require"}
    )


def test_a_postgresql_connection_without_a_database_is_refused(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_SERVING", json.dumps(SERVING))
    with pytest.raises(ConfigurationError, match="warehouse_serving lacks host, schema") as error:
        serving_connection()
    assert "tok-1" not in str(error.value)


@pytest.mark.parametrize("empty", [None, ""], ids=["not set", "empty, as docker-compose.yml passes it"])
def test_without_a_postgresql_connection_there_is_none(monkeypatch, empty):
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE_SERVING", raising=False)
    if empty is not None:
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_SERVING", empty)
    assert serving_connection() is None
