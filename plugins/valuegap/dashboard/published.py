"""The published file as the pages read it: read-only, locked, without what must not be shown.

Pages query `marts.<mart>`. Those are views over the published file in which every measured value of a row
that is not reportable is NULL, and every personal column too unless the setting allows it: a page cannot
show by mistake what it must not show.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import streamlit as st

from valuegap.dashboard.locked import open_locked
from valuegap.publish.promote import LINK_NAME
from valuegap.settings import Settings

Parameter = str | int | float | bool | date | None

# The file that is shown and the one before it, for pages still being drawn while a night is published.
OPEN_VERSIONS = 2
CACHED_RESULTS = 500


@dataclass(frozen=True)
class Version:
    """A file of `published/` and when it came there (UTC)."""

    file: Path
    published_at: datetime


@dataclass(frozen=True)
class Published:
    """What readers are shown now. Every query of a page goes through `rows`."""

    version: Version
    as_of_date: date
    run_id: str
    connection: duckdb.DuckDBPyConnection
    settings: Settings

    def rows(self, sql: str, **parameters: Parameter) -> pd.DataFrame:
        """Return the rows of a query of `marts`, with `$name` bound to the parameter of that name.

        Kept by (version, query, parameters): a page that is drawn again asks nothing. Decimals come as
        floats, dates as timestamps.
        """
        shown = (str(self.version.file), self.version.published_at, self.settings.dashboard_personal_data)
        return _rows(self.connection, shown, sql, parameters)


def current_version(settings: Settings) -> Version | None:
    """Return the file that `warehouse.duckdb` points to now, None while nothing is published.

    Two looks at the file system: cheap enough for every few seconds.
    """
    try:
        file = (settings.published_dir / LINK_NAME).resolve(strict=True)
        return Version(file, datetime.fromtimestamp(file.stat().st_mtime, tz=UTC))
    except FileNotFoundError:
        return None


def open_published(version: Version, settings: Settings) -> Published:
    """Open a version for the pages, once for all of them.

    Raises:
        WarehouseError: the file is damaged.
        PublishError: the file does not say which columns are personal data.
    """
    connection = _connection(
        version.file,
        version.published_at,
        settings.threads,
        settings.memory_limit,
        settings.dashboard_personal_data,
    )
    as_of_date, run_id = connection.cursor().execute(
        "select as_of_date, run_id from marts.publication"
    ).fetchone() or (date.min, "")
    return Published(version, as_of_date, run_id, connection, settings)


@st.cache_resource(max_entries=OPEN_VERSIONS, show_spinner=False)
def _connection(
    file: Path,
    published_at: datetime,  # noqa: ARG001 - a night published again is another version
    threads: int,
    memory_limit: str,
    personal_data: bool,
) -> duckdb.DuckDBPyConnection:
    return open_locked(file, threads=threads, memory_limit=memory_limit, personal_data=personal_data)


@st.cache_data(max_entries=CACHED_RESULTS, show_spinner=False)
def _rows(
    _connection: duckdb.DuckDBPyConnection,
    shown: tuple[str, datetime, bool],  # noqa: ARG001 - part of the key
    sql: str,
    parameters: Mapping[str, Parameter],
) -> pd.DataFrame:
    # A cursor of its own: pages of several readers are drawn in several threads.
    with _connection.cursor() as cursor:
        return cursor.execute(sql, dict(parameters)).df()
