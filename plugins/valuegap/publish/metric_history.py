"""What earlier nights said, carried from the published warehouse into the build of tonight.

Everything else in a build follows from the landing zone. What a night has published does not: the marts of
old nights are built with tonight's formulas, so only the published file still knows. It is the store of the
history, changed in one step with everything else it shows; `ops.metric_history` is a copy that each build
makes anew.
"""

import duckdb

from valuegap.errors import BuildError
from valuegap.night import Night
from valuegap.publish.files import sql_literal
from valuegap.publish.promote import serving
from valuegap.settings import Settings

MART = "metric_history"


def carry_over(connection: duckdb.DuckDBPyConnection, settings: Settings, night: Night) -> int:
    """Replace `ops.metric_history` by what the nights before `night` recorded; return the number of rows.

    Rows of the night itself stay behind: it is built again and says them again. Nothing is carried over
    while nothing is published.

    Raises:
        BuildError: the published file cannot be read.
    """
    shown = serving(settings)
    connection.execute("delete from ops.metric_history")
    if shown is None:
        return 0
    try:
        connection.execute(f"attach {sql_literal(shown.file)} as published (read_only)")
    except duckdb.Error as error:
        raise BuildError(
            f"{shown.file} cannot be read, and only it knows what earlier nights said: {error}",
            remedy="Restore the file from a copy, or remove the link beside it to begin the history anew;"
            " then build again.",
        ) from error
    try:
        return _copied(connection, night)
    finally:
        connection.execute("detach published")


def _copied(connection: duckdb.DuckDBPyConnection, night: Night) -> int:
    columns = connection.execute(
        """
        select '"' || string_agg(here.column_name, '", "') || '"'
        from duckdb_columns() as here
        inner join duckdb_columns() as there using (table_name, column_name)
        where here.schema_name = 'ops' and here.table_name = $mart and here.database_name = current_database()
            and there.schema_name = 'marts' and there.database_name = 'published'
        """,
        {"mart": MART},
    ).fetchone()
    if columns is None or columns[0] is None:  # published before there was a history
        return 0
    connection.execute(
        f"""
        insert into ops.metric_history by name
        select {columns[0]} from published.marts.metric_history where recorded_as_of < ?
        """,  # noqa: S608 - columns that both tables have
        [night.as_of_date],
    )
    (rows,) = connection.execute("select count(*) from ops.metric_history").fetchone() or (0,)
    return int(rows)
