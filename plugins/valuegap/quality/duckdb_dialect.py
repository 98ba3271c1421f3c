"""A SQLAlchemy dialect that lets Great Expectations push its checks down to DuckDB.

Great Expectations has no DuckDB data source, and the public dialect fails on SQLAlchemy 2.1. It does
write good PostgreSQL, which DuckDB speaks; so this dialect keeps PostgreSQL's *name* and changes only
what differs: how to connect, and regular expressions. It reads no catalogue: every audited table comes
to Great Expectations as a query, whose columns it asks the query itself.
"""

# ruff: noqa: ANN401 - SQLAlchemy does not type what it hands to a dialect

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import base as postgresql
from sqlalchemy.pool import StaticPool

DRIVER = "valuegap.duckdb"
"""Name the dialect is registered under: URLs begin with `valuegap+duckdb://`."""

REGEX_OPERATORS = {"~": ("", ""), "!~": ("not ", ""), "~*": ("", ", 'i'"), "!~*": ("not ", ", 'i'")}


class DuckDBCompiler(postgresql.PGCompiler):
    """PostgreSQL's SQL, with its regular-expression operators as a function.

    DuckDB has `~` too, but there it must match the whole text.
    """

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> str:
        """Write `a ~ b` as `regexp_matches(a, b)`."""
        if operator.opstring not in REGEX_OPERATORS:
            return str(super().visit_custom_op_binary(element, operator, **kw))  # type: ignore[no-untyped-call]
        negation, flags = REGEX_OPERATORS[operator.opstring]
        text, pattern = self.process(element.left, **kw), self.process(element.right, **kw)
        return f"({negation}regexp_matches({text}, {pattern}{flags}))"


class DuckDBDialect(postgresql.PGDialect):
    """Read-only DuckDB in PostgreSQL's clothes.

    There are no transactions to end. Each cursor of DuckDB is a connection of its own, so a result can
    still be read after Great Expectations has given its connection back, and closing the first
    connection closes them all.
    """

    driver = "duckdb"
    default_paramstyle = "qmark"
    supports_statement_cache = True
    statement_compiler = DuckDBCompiler

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return DuckDB's own DB-API module."""
        return duckdb

    @classmethod
    def get_pool_class(cls, _url: sa.URL) -> type[StaticPool]:
        """Return the pool that opens the file once."""
        return StaticPool

    def create_connect_args(self, url: sa.URL) -> tuple[list[str], dict[str, Any]]:
        """Open the file of the URL read-only, with the URL's query as DuckDB settings."""
        return [str(url.database)], {"read_only": True, "config": dict(url.query)}

    def initialize(self, _connection: sa.Connection) -> None:
        """Skip the questions PostgreSQL would be asked about itself."""

    def do_rollback(self, _dbapi_connection: Any) -> None:
        """Do nothing: every statement is its own transaction."""

    def do_commit(self, _dbapi_connection: Any) -> None:
        """Do nothing: every statement is its own transaction."""


def register() -> None:
    """Make `valuegap+duckdb://` known to SQLAlchemy."""
    sa.dialects.registry.register(DRIVER, __name__, DuckDBDialect.__name__)


def url(file: Path, settings: Mapping[str, str]) -> str:
    """Return the connection string that opens `file` read-only with DuckDB `settings`."""
    return sa.URL.create(DRIVER.replace(".", "+"), database=str(file), query=settings).render_as_string()
