"""Connection `warehouse_serving`: read as Airflow reads it, and silent about its secrets."""

import json

import psycopg2.extensions
import pytest
from typer.testing import CliRunner

from valuegap import cli, nightly
from valuegap.errors import ConfigurationError
from valuegap.publish.serving_connection import ServingConnection
from valuegap.settings import Settings

PARTS = {
    "conn_type": "postgres",
    "host": "db.example",
    "port": 5433,
    "schema": "warehouse",
    "login": "loader",
    "password": "p@ss/word's \\x",
    "extra": {"sslmode": "verify-full"},
}
SAME = ServingConnection(
    "db.example", 5433, "warehouse", "loader", "p@ss/word's \\x", {"sslmode": "verify-full"}
)


def read(text: str) -> ServingConnection | None:
    return Settings.from_environment({"AIRFLOW_CONN_WAREHOUSE_SERVING": text}).serving_connection()


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PARTS),
        json.dumps(PARTS | {"extra": '{"sslmode": "verify-full"}', "port": "5433"}),
        "postgresql://loader:p%40ss%2Fword's%20%5Cx@db.example:5433/warehouse?sslmode=verify-full",
    ],
    ids=["json", "json in json", "uri"],
)
def test_json_and_uri_say_the_same(text: str) -> None:
    assert read(text) == SAME


def test_without_a_port_it_is_postgresqls() -> None:
    connection = read("postgres://loader@db.example/warehouse")
    assert connection == ServingConnection("db.example", 5432, "warehouse", "loader")


@pytest.mark.parametrize("environment", [{}, {"AIRFLOW_CONN_WAREHOUSE_SERVING": " "}])
def test_not_set_is_no_connection(environment: dict[str, str]) -> None:
    assert Settings.from_environment(environment).serving_connection() is None


@pytest.mark.parametrize(
    "text",
    [
        "s3cret",
        "{'host': 's3cret'}",
        "[1]",
        '{"host": "db", "login": "a", "password": "s3cret"}',
        "postgresql://a:s3cret@db.example",
        "postgresql://a:s3cret@db.example:port/warehouse",
        '{"host": "db", "login": "a", "schema": "w", "password": "s3cret", "extra": "x"}',
        '{"host": "db", "login": "a", "schema": "w", "password": "s3cret", "extra": [1]}',
    ],
)
def test_what_cannot_be_read_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"AIRFLOW_CONN_WAREHOUSE_SERVING .*\.env\.example") as error:
        read(text)
    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None


def test_no_secret_shows() -> None:
    assert "word" not in repr(SAME) + str(SAME)
    assert str(SAME) == "db.example:5433/warehouse as loader"


def test_libpq_reads_what_was_meant() -> None:
    assert psycopg2.extensions.parse_dsn(SAME.conninfo) == {
        "host": "db.example",
        "port": "5433",
        "dbname": "warehouse",
        "user": "loader",
        "password": "p@ss/word's \\x",
        "application_name": "valuegap",
        "connect_timeout": "10",
        "sslmode": "verify-full",
    }


def test_the_command_says_what_is_not_set(monkeypatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE_SERVING", raising=False)
    result = CliRunner().invoke(cli.app, ["serve", "--as-of", "2026-01-31"])
    assert "warehouse_serving is not set. Set AIRFLOW_CONN_WAREHOUSE_SERVING" in str(result.exception)


@pytest.mark.parametrize("text", ["", json.dumps(PARTS)], ids=["not set", "set"])
def test_a_night_without_airflow_is_served_where_the_connection_is_set(monkeypatch, text: str) -> None:
    class Done:
        summary = "done"

    for stage in ("ingest_all", "check_raw", "build", "check_marts", "publish", "export", "report"):
        monkeypatch.setattr(nightly, stage, lambda *_given, **_named: Done())
    served = []
    monkeypatch.setattr(nightly, "serve", lambda *given: served.append(given[2]) or Done())
    settings = Settings.from_environment({"AIRFLOW_CONN_WAREHOUSE_SERVING": text})
    nightly.run_night(settings, None)
    assert served == ([SAME] if text else [])
