"""The marts as they may leave the warehouse: without people, and without figures of too few customers.

Every file format is written from one copy made here, so that none can hold more than another.
"""

from dataclasses import dataclass

import duckdb

from valuegap.publish.personal_data import pii_columns
from valuegap.raw_values import quoted

PUBLISHED = "published"
"""Name the published file is attached as."""
RELEASED = "released"
"""Name the copy is attached as."""

REPORTABLE = "is_reportable"
# What says which row it is, though no key.
KEPT = {
    REPORTABLE,
    "band_number",
    "has_initiative",
    "is_target_metric",
    "period_is_complete",
    "stage_number",
}
# Text and dates are the keys and names of a mart; what is measured is a number or a flag,
MEASURED_TYPES = ("BIGINT", "BOOLEAN", "DECIMAL", "DOUBLE", "INTEGER")
# and so is text that says how the numbers came out, or what somebody wrote.
MEASURED_TEXT = {
    "best_competitor_code",
    "class",
    "differentiator_top",
    "example_1",
    "example_2",
    "example_3",
    "fair_value_position",
    "lost_reason_top",
    "preference_top_attribute",
    "quadrant",
    "satisfaction_state",
    "top_theme",
}


@dataclass(frozen=True)
class Provenance:
    """What a published file was built from, as its table `publication` says."""

    code_version: str
    config_hash: str | None
    input_hash: str


@dataclass(frozen=True)
class Column:
    """A column of a published mart, with its DuckDB type and the description of its comment."""

    name: str
    type: str
    description: str | None
    is_required: bool = False
    is_pii: bool = False
    key_position: int | None = None

    @property
    def is_metric(self) -> bool:
        """Whether the value is left out of rows that are not reportable: all that is measured but n.

        What tells one row from another is no measure, whatever its type.
        """
        kept = self.key_position is not None or self.name in KEPT or self.name.startswith("n_")
        return self.name in MEASURED_TEXT or (self.type.startswith(MEASURED_TYPES) and not kept)


@dataclass(frozen=True)
class Table:
    """A published mart and all its columns, in order."""

    name: str
    description: str | None
    columns: tuple[Column, ...]

    @property
    def released_columns(self) -> tuple[Column, ...]:
        """Return the columns that may leave: those that do not say who a person is."""
        return tuple(column for column in self.columns if not column.is_pii)

    @property
    def has_small_n_rule(self) -> bool:
        """Whether each row says if enough customers are behind it."""
        return any(column.name == REPORTABLE for column in self.columns)


def tables(connection: duckdb.DuckDBPyConnection) -> tuple[Table, ...]:
    """Return the marts of the file attached as `PUBLISHED`, by name.

    Raises:
        PublishError: the file does not say which columns are personal data.
    """
    pii = pii_columns(connection, database=PUBLISHED)
    keys = {
        (model, column): position
        for model, column, position in connection.execute(
            f"select model, column_name, key_position from {PUBLISHED}.marts.mart_column"  # noqa: S608
        ).fetchall()
    }
    columns: dict[str, list[Column]] = {}
    for table, name, type_, comment, is_nullable in connection.execute(
        """
        select table_name, column_name, data_type, comment, is_nullable from duckdb_columns()
        where database_name = ? and schema_name = 'marts' order by table_name, column_index
        """,
        [PUBLISHED],
    ).fetchall():
        at = (table, name)
        column = Column(name, type_, comment, not is_nullable, at in pii, keys.get(at))
        columns.setdefault(table, []).append(column)
    return tuple(
        Table(name, description, tuple(columns[name]))
        for name, description in connection.execute(
            """
            select table_name, comment from duckdb_tables()
            where database_name = ? and schema_name = 'marts' order by table_name
            """,
            [PUBLISHED],
        ).fetchall()
    )


def provenance(connection: duckdb.DuckDBPyConnection) -> Provenance:
    """Return what the file attached as `PUBLISHED` was built from."""
    (row,) = connection.execute(
        f"select code_version, config_hash, input_hash from {PUBLISHED}.marts.publication"  # noqa: S608
    ).fetchall()
    return Provenance(*row)


def release(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Copy what of a mart may leave into the file attached as `RELEASED`; return the number of rows.

    In a row that is not reportable everything measured but n is NULL. Rows are ordered by all columns as they
    are then: the order must not tell how the left out values compare.
    """
    expressions = [
        f"case when {REPORTABLE} then {quoted(column.name)} end as {quoted(column.name)}"
        if table.has_small_n_rule and column.is_metric
        else quoted(column.name)
        for column in table.released_columns
    ]
    source, target = f"{PUBLISHED}.marts.{quoted(table.name)}", f"{RELEASED}.marts.{quoted(table.name)}"
    connection.begin()  # one write to disk a mart, not one a comment
    (rows,) = connection.execute(
        f"create table {target} as select * from (select {', '.join(expressions)} from {source}) order by all"  # noqa: S608
    ).fetchone() or (0,)
    _comment(connection, f"table {target}", table.description)
    for column in table.released_columns:
        _comment(connection, f"column {target}.{quoted(column.name)}", column.description)
    connection.commit()
    return int(rows)


def _comment(connection: duckdb.DuckDBPyConnection, what: str, text: str | None) -> None:
    if text is not None:
        connection.execute(f"comment on {what} is '{text.replace(chr(39), chr(39) * 2)}'")
