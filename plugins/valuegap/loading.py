"""From landed records to raw tables: each becomes a typed row, or a line of quarantine with its reason.

A landed run is one transaction: its rows, its quarantine and its line in `ops.loads` are there
together or not at all, and a run that has its line is never loaded again. So the build warehouse can
be deleted at any time, and loading makes the same one from the landing zone.

Python only says whether a record is JSON at all, because DuckDB's reader lets NaN, trailing commas
and repeated keys pass, and counts what fields the records have (`drift`); fields are taken out, typed and
checked by one SQL statement a page, generated from the stream's declaration (`raw_values`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import orjson
import pandas as pd

from valuegap import warehouse
from valuegap.custom_fields import with_custom_fields
from valuegap.drift import FieldCensus
from valuegap.errors import LoadError
from valuegap.landing import Landing, Manifest, PageFile
from valuegap.night import Night
from valuegap.raw_values import typed_page
from valuegap.settings import Settings
from valuegap.sources.stream import Declared, Stream
from valuegap.warehouse import raw_table


@dataclass(frozen=True)
class LoadedStream:
    """One landed run of one stream, now in the build warehouse: landed = loaded + quarantined."""

    source: str
    stream: str
    run_id: str
    landed_rows: int
    loaded_rows: int
    quarantined_rows: int


def load_source(settings: Settings, source: Declared, night: Night) -> tuple[LoadedStream, ...]:
    """Load every landed run of a source up to `night` that is not loaded yet, oldest night first.

    Each run is one transaction; memory holds one landed file. Running it again loads nothing.

    Raises:
        LandingError: A landed file is missing or not what its manifest lists; its run is not loaded.
        LoadError: A run was landed anew after it was loaded, or its counts do not add up.
        WarehouseLockedError: Another process holds the build warehouse.
        WarehouseError: The build warehouse is damaged, or disk or memory ran out.
        ConfigurationError: custom_fields.yml cannot be understood.
    """
    landing, declared = Landing(settings.landing_dir), with_custom_fields(source, settings)
    with warehouse.writer(settings) as connection:
        return tuple(
            _load_run(connection, landing, stream, manifest)
            for manifest, stream in _pending(connection, landing, declared, night)
        )


def cursors(settings: Settings, source: Declared, night: Night | None = None) -> Mapping[str, str]:
    """Return, by stream, where the last loaded run ended; nothing for a stream never loaded.

    With `night`, only the nights before it count: what a night that is extracted late goes on from.
    """
    if not settings.build_file.exists():
        return {}
    with warehouse.read_only(settings) as connection:
        return dict(
            connection.execute(
                """
                select stream, max_by(cursor_after, as_of_date) from ops.loads
                where source = $source and cursor_after is not null
                    and as_of_date < coalesce($night, 'infinity'::date)
                group by stream order by stream
                """,
                {"source": source.name, "night": night.as_of_date if night else None},
            ).fetchall()
        )


def _pending(
    connection: duckdb.DuckDBPyConnection, landing: Landing, source: Declared, night: Night
) -> list[tuple[Manifest, Stream]]:
    loaded: dict[tuple[str, str], str] = {
        (stream, run_id): sha256
        for stream, run_id, sha256 in connection.execute(
            "select stream, run_id, manifest_sha256 from ops.loads where source = ?", [source.name]
        ).fetchall()
    }
    landed = [
        (manifest, stream)
        for stream in source.streams
        for manifest in landing.manifests(source.name, stream.name)
        if manifest.as_of_date <= night.as_of_date
    ]
    for manifest, _ in landed:
        _require_unchanged(manifest, loaded.get((manifest.stream, manifest.run_id)))
    pending = [pair for pair in landed if (pair[0].stream, pair[0].run_id) not in loaded]
    return sorted(pending, key=lambda pair: pair[0].as_of_date)


def _require_unchanged(manifest: Manifest, loaded_sha256: str | None) -> None:
    if loaded_sha256 not in {None, manifest.sha256}:
        raise LoadError(
            f"{manifest.folder} was landed anew after it was loaded.",
            remedy="Put the landed folder back, or delete build.duckdb, which valuegap load rebuilds.",
        )


def _load_run(
    connection: duckdb.DuckDBPyConnection, landing: Landing, stream: Stream, manifest: Manifest
) -> LoadedStream:
    # Typed outside the transaction, into a table that spills to disk: a temporary table made and dropped
    # for each page inside it would stay in memory until the commit.
    census = _type_pages(connection, landing, stream, manifest)
    connection.begin()
    loaded = _insert_rows(connection, stream, manifest)
    quarantined = _insert_quarantine(connection, manifest)
    if loaded + quarantined != manifest.rows:
        raise LoadError(
            f"{manifest.folder}: {manifest.rows:,} landed, {loaded:,} loaded, {quarantined:,} quarantined.",
            remedy="Nothing of this run was loaded. This is a defect of valuegap: please report it.",
        )
    _insert_misfits(connection, manifest)
    _insert_census(connection, manifest, census)
    _insert_load(connection, manifest, loaded, quarantined)
    connection.commit()  # whatever is raised before closes the connection, which rolls back
    return LoadedStream(manifest.source, manifest.stream, manifest.run_id, manifest.rows, loaded, quarantined)


def _type_pages(
    connection: duckdb.DuckDBPyConnection, landing: Landing, stream: Stream, manifest: Manifest
) -> FieldCensus:
    """Make the temporary table `typed_lines` of all lines of a run, one landed file after the other."""
    sql, census = typed_page(stream), FieldCensus(stream)
    connection.register("landed", _frame(stream, {}, 0, []))
    connection.execute(f"create or replace temp table typed_lines as {sql}")
    for number, page in enumerate(manifest.pages, 1):
        context = _context(stream, manifest, page)
        lines: list[_Line] = []
        census.add(_documents(landing.read_page(manifest, page), lines))
        connection.register("landed", _frame(stream, context, number, lines))
        connection.execute(f"insert into typed_lines {sql}")
    connection.unregister("landed")
    return census


def _insert_rows(connection: duckdb.DuckDBPyConnection, stream: Stream, manifest: Manifest) -> int:
    return _inserted(
        connection.execute(
            f"""
            insert into {raw_table(manifest.source, stream.name)} by name
            select * exclude (_reason, _misfits), $as_of_date::date as _as_of_date, $run_id as _run_id
            from typed_lines where _reason is null
            """,  # noqa: S608 - a declared table
            {"as_of_date": manifest.as_of_date, "run_id": manifest.run_id},
        )
    )


def _insert_quarantine(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> int:
    return _inserted(
        connection.execute(
            """
            insert into ops.quarantine
            select ?, ?, ?, ?, _page, _line, _reason, record from typed_lines where _reason is not null
            """,
            [manifest.source, manifest.stream, manifest.run_id, manifest.as_of_date],
        )
    )


def _insert_misfits(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> None:
    connection.execute(
        """
        insert into ops.misfits
        select ?, ?, ?, ?, _page, _line, misfit."column", misfit.reason
        from (select _page, _line, unnest(_misfits) as misfit from typed_lines where _reason is null)
        """,
        [manifest.source, manifest.stream, manifest.run_id, manifest.as_of_date],
    )


def _insert_census(connection: duckdb.DuckDBPyConnection, manifest: Manifest, census: FieldCensus) -> None:
    rows = census.rows()
    if not rows:
        return
    fields = pd.DataFrame(rows, columns=["path", "parent_path", "json_type", "n_records"])
    connection.register("fields_seen", fields)
    connection.execute(
        """
        insert into ops.field_census
        select ?, ?, ?, ?, path, parent_path, json_type, n_records from fields_seen
        """,
        [manifest.source, manifest.stream, manifest.run_id, manifest.as_of_date],
    )
    connection.unregister("fields_seen")


def _insert_load(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, loaded: int, quarantined: int
) -> None:
    connection.execute(
        "insert into ops.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            manifest.source, manifest.stream, manifest.run_id, manifest.as_of_date,
            manifest.rows, loaded, quarantined, manifest.cursor_after, manifest.sha256, manifest.note,
        ],
    )  # fmt: skip


def _inserted(result: duckdb.DuckDBPyConnection) -> int:
    (rows,) = result.fetchone() or (0,)
    return int(rows)


@dataclass(frozen=True, slots=True)
class _Line:
    """A landed line as text, and why it holds no JSON object; None when it does."""

    text: str
    problem: str | None = None


def _frame(stream: Stream, context: Mapping[str, str], number: int, lines: Sequence[_Line]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **{
                column: pd.Series([context.get(column)] * len(lines), dtype="str")
                for column in stream.context
            },
            "record": pd.Series([line.text for line in lines], dtype="str"),
            "_page": pd.Series([number] * len(lines), dtype="int32"),
            "_line": pd.Series(range(1, len(lines) + 1), dtype="int32"),
            "_problem": pd.Series([line.problem for line in lines], dtype="str"),
        }
    )


def _context(stream: Stream, manifest: Manifest, page: PageFile) -> Mapping[str, str]:
    lacking = [column for column in stream.context if column not in page.context]
    if lacking:
        raise LoadError(
            f"{manifest.folder}: the manifest does not say the {lacking[0]} of {page.file}.",
            remedy="Remove the folder and extract the night again.",
        )
    return page.context


def _documents(records: Iterable[bytes], lines: list[_Line]) -> Iterator[dict[str, Any]]:
    """Add the line of each record, and yield the JSON object it holds.

    One at a time: those of a whole file would take ten times its memory, and most of the time of parsing.
    """
    for record in records:
        line, document = _read_line(record)
        lines.append(line)
        if document is not None:
            yield document


def _read_line(record: bytes) -> tuple[_Line, dict[str, Any] | None]:
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        problem = f"not UTF-8 text: byte {error.start + 1}"
        return _Line(record.decode(errors="backslashreplace"), problem), None
    try:
        document = orjson.loads(record)
        if not _is_written_so(document, record):  # else no key stands twice, which orjson lets pass
            document = _DISTINCT_KEYS.decode(text)
    except (ValueError, RecursionError) as error:
        return _Line(text, f"not JSON: {error}"), None
    return (_Line(text), document) if isinstance(document, dict) else (_Line(text, "not a JSON object"), None)


def _is_written_so(document: object, record: bytes) -> bool:
    try:
        return orjson.dumps(document) == record
    except orjson.JSONEncodeError:  # too deep for it
        return False


def _with_distinct_keys(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    document = dict(members)
    if len(document) != len(members):
        raise ValueError("an object has the same key twice")
    return document


_DISTINCT_KEYS = json.JSONDecoder(object_pairs_hook=_with_distinct_keys)
