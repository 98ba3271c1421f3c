"""Which published columns say who a person is, as the published file itself says.

The only declaration is `meta: {pii: true}` under a column's `config` in the mart's YAML; dbt writes it into
`marts.mart_column`, and exports, contracts, PostgreSQL's grants and the dashboard ask here.
"""

import duckdb

from valuegap.errors import PublishError


def pii_columns(
    connection: duckdb.DuckDBPyConnection, *, database: str | None = None
) -> set[tuple[str, str]]:
    """Return (mart, column) of each published column that says who a person is.

    Args:
        connection: On the published file, or with it attached.
        database: Name it is attached as; None when the connection is on it.

    Raises:
        PublishError: the file does not say, as one of an earlier version: it is not known to hold none.
    """
    (known,) = connection.execute(
        """
        select count(*) from duckdb_tables()
        where database_name = coalesce(?, current_database())
            and schema_name = 'marts' and table_name = 'mart_column'
        """,
        [database],
    ).fetchone() or (0,)
    if not known:
        raise PublishError(
            "The published warehouse does not say which columns are personal data:"
            " it lacks marts.mart_column.",
            remedy="It is of an earlier version. Run: valuegap build, check marts and publish for its night.",
        )
    table = f'"{database}".marts.mart_column' if database else "marts.mart_column"
    rows = connection.execute(f"select model, column_name from {table} where is_pii").fetchall()  # noqa: S608
    return {(model, column) for model, column in rows}
