"""What each mart is in PostgreSQL: a table with all of it, and a view without what not everybody may see."""

from dataclasses import dataclass

from valuegap.errors import PublishError
from valuegap.publish.released import PUBLISHED, REPORTABLE, Column, Table
from valuegap.raw_values import literal, quoted

VIEWS = "valuegap"
"""Schema of the views: no personal data, no figure of too few customers. For `bi_reader` and `analyst`."""

TABLES = "valuegap_analyst"
"""Schema of the tables: all that is published. For `analyst`."""

# As PostgreSQL's format_type() writes them, so that what is there can be compared with what is wanted.
TYPES = {
    "BIGINT": "bigint",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DOUBLE": "double precision",
    "INTEGER": "integer",
    "TIMESTAMP": "timestamp without time zone",
    "VARCHAR": "text",
}


@dataclass(frozen=True)
class TableColumn:
    """A column of a table in PostgreSQL."""

    name: str
    type: str
    is_required: bool

    @property
    def definition(self) -> str:
        """Return the column as `create table` and `add column` take it."""
        return f"{quoted(self.name)} {self.type}{' not null' if self.is_required else ''}"


@dataclass(frozen=True)
class ServedMart:
    """A published mart as PostgreSQL's table and view."""

    mart: Table

    @property
    def name(self) -> str:
        """Return the mart's name, which table and view have too."""
        return self.mart.name

    @property
    def table(self) -> str:
        """Return the table's quoted name."""
        return f"{TABLES}.{quoted(self.name)}"

    @property
    def view(self) -> str:
        """Return the view's quoted name."""
        return f"{VIEWS}.{quoted(self.name)}"

    @property
    def table_columns(self) -> tuple[TableColumn, ...]:
        """Return the table's columns; those of the key are required.

        Raises:
            PublishError: a type has no counterpart.
        """
        return tuple(
            TableColumn(
                column.name, self._type(column), column.is_required or column.key_position is not None
            )
            for column in self.mart.columns
        )

    @property
    def key_name(self) -> str:
        """Return the quoted name of the primary key."""
        return quoted(f"{self.name}_key")

    @property
    def primary_key(self) -> str | None:
        """Return the constraint; None for a mart without a key."""
        if not self._key:
            return None
        return f"constraint {self.key_name} primary key ({', '.join(self._key)})"

    @property
    def view_definition(self) -> str:
        """Return `create view`: no personal column, and no figure of a row that is not reportable."""
        expressions = [
            f"case when {REPORTABLE} then {quoted(column.name)} end as {quoted(column.name)}"
            if self.mart.has_small_n_rule and column.is_metric
            else quoted(column.name)
            for column in self.mart.released_columns
        ]
        return f"create view {self.view} as select {', '.join(expressions)} from {self.table}"  # noqa: S608

    @property
    def comments(self) -> list[str]:
        """Return the statements that put the mart's descriptions on the table and the view."""
        relations = (
            ("table", self.table, self.mart.columns),
            ("view", self.view, self.mart.released_columns),
        )
        return [
            statement
            for kind, relation, columns in relations
            for statement in (
                f"comment on {kind} {relation} is {_text(self.mart.description)}",
                *(
                    f"comment on column {relation}.{quoted(column.name)} is {_text(column.description)}"
                    for column in columns
                ),
            )
        ]

    @property
    def contract(self) -> str:
        """Return all of the above as one text: where it is the same as before, nothing needs to change."""
        columns = [column.definition for column in self.table_columns]
        return "\n".join([*columns, self.primary_key or "", self.view_definition, *self.comments])

    @property
    def rows_query(self) -> str:
        """Return the DuckDB query of the rows to load, by their key.

        Their order must not tell how figures compare that the view leaves out. PostgreSQL's text cannot
        hold U+0000.
        """
        expressions = [
            f"replace({quoted(column.name)}, chr(0), chr(65533)) as {quoted(column.name)}"
            if column.type == "VARCHAR"
            else quoted(column.name)
            for column in self.mart.columns
        ]
        source, order = f"{PUBLISHED}.marts.{quoted(self.name)}", ", ".join(self._key) or "all"
        return f"select {', '.join(expressions)} from {source} order by {order}"  # noqa: S608

    @property
    def _key(self) -> list[str]:
        positions = {column.key_position: quoted(column.name) for column in self.mart.columns}
        return [positions[position] for position in sorted(filter(None, positions))]

    def _type(self, column: Column) -> str:
        if column.type.startswith("DECIMAL("):
            return column.type.replace("DECIMAL", "numeric")
        if column.type not in TYPES:
            raise PublishError(
                f"{self.name}.{column.name} is {column.type}, which has no counterpart in PostgreSQL here.",
                remedy=f"Cast it in the mart to one of {', '.join(TYPES)} or DECIMAL.",
            )
        return TYPES[column.type]


def _text(description: str | None) -> str:
    return literal(description) if description else "null"
