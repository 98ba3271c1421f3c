"""A connection to a published file that reads nothing else, writes nothing, hides what may not be shown."""

from pathlib import Path

import duckdb

from valuegap.publish.files import sql_literal
from valuegap.publish.released import PUBLISHED, REPORTABLE, Table, tables
from valuegap.raw_values import quoted
from valuegap.warehouse import duckdb_errors_explained


def open_locked(
    file: Path, *, threads: int, memory_limit: str, personal_data: bool
) -> duckdb.DuckDBPyConnection:
    """Open a published file, its marts as views `marts.<mart>`.

    The files, the network and the settings are out of reach from then on. The file itself stays attached as
    `PUBLISHED`: whoever passes on SQL of others must refuse that name.

    Raises:
        WarehouseError: the file is damaged.
        PublishError: the file does not say which columns are personal data.
    """
    with duckdb_errors_explained(file):
        connection = duckdb.connect(
            config={"threads": threads, "memory_limit": memory_limit, "temp_directory": ""}
        )
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {sql_literal(file)} as {PUBLISHED} (read_only)")
        connection.execute("create schema marts")
        for mart in tables(connection):
            connection.execute(_view(mart, personal_data=personal_data))
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    return connection


def _view(mart: Table, *, personal_data: bool) -> str:
    expressions = []
    for column in mart.columns:
        name = quoted(column.name)
        if column.is_pii and not personal_data:
            expressions.append(f"cast(null as {column.type}) as {name}")
        elif mart.has_small_n_rule and column.is_metric:
            expressions.append(f"case when {REPORTABLE} then {name} end as {name}")
        else:
            expressions.append(name)
    source = f"{PUBLISHED}.marts.{quoted(mart.name)}"
    return f"create view marts.{quoted(mart.name)} as select {', '.join(expressions)} from {source}"  # noqa: S608
