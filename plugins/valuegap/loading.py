"""From landed records to raw tables: each becomes a typed row, or a line of quarantine with its reason.

A landed run is one transaction: its rows, its quarantine and its line in `ops.loads` are there
together or not at all, and a run that has its line is never loaded again. So the build warehouse can
be deleted at any time, and loading makes the same one from the landing zone.

Python only says whether a record is JSON at all, because DuckDB's reader lets NaN, trailing commas
and repeated keys pass; fields are taken out, typed and checked by one SQL statement a page, generated
from the stream's declaration.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import orjson
import pandas as pd

from valuegap import warehouse
from valuegap.errors import LoadError
from valuegap.landing import Landing, Manifest, PageFile
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources.stream import Field, FieldType, Source, Stream
from valuegap.warehouse import quoted, raw_table

# Each as_* macro returns NULL for a value that does not fit, and never rounds: DuckDB's own cast makes
# 2 of '1.7', reads '0x1F', and drops the offset of a timestamp. JSON numbers are read as doubles, exact
# to 15 digits: a longer one may already have been rounded.
TYPE_MACROS = r"""
create or replace temp macro as_text(value, kind) as
    case when kind not in ('OBJECT', 'ARRAY') then value end;
create or replace temp macro as_json(value, kind) as
    case when kind = 'VARCHAR' then cast(to_json(value) as varchar) else value end;
create or replace temp macro as_integer(value, kind) as
    case when regexp_full_match(value, '[+-]?[0-9]+([.]0*)?')
        then try_cast(split_part(value, '.', 1) as bigint) end;
create or replace temp macro as_decimal(value, kind) as
    case when regexp_full_match(value, '[+-]?[0-9]{0,12}([.][0-9]{0,6}0*)?')
        and (kind <> 'DOUBLE' or length(ltrim(value, '-')) <= 16)
        then try_cast(value as decimal(18, 6)) end;
create or replace temp macro as_boolean(value, kind) as
    case when lower(value) in ('true', '1') then true when lower(value) in ('false', '0') then false end;
create or replace temp macro as_timestamp(value, kind) as
    case
        when regexp_full_match(value, '-?[0-9]{1,14}') then epoch_ms(try_cast(value as bigint))
        when regexp_full_match(value,
            '[0-9]{4}-[0-9]{2}-[0-9]{2}'
            '([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?')
            then try_cast(value as timestamptz) at time zone 'UTC'
    end;
create or replace temp macro as_epoch_seconds(value, kind) as
    case when regexp_full_match(value, '-?[0-9]{1,11}') then epoch_ms(1000 * try_cast(value as bigint)) end;
create or replace temp macro missing(field, value) as
    case when nullif(value, '') is null then field || ': missing' end;
create or replace temp macro misfit(field, value, kind, fitted, expected) as
    case when nullif(value, '') is not null and fitted is null then
        field || ': '
        || case when kind in ('OBJECT', 'ARRAY') then 'an ' || lower(kind)
            else '''' || regexp_replace(left(value, 40), '[[:cntrl:]]', ' ', 'g') || '''' end
        || ' is not ' || expected
    end;
"""

EXPECTED = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "a whole number of 64 bits",
    FieldType.DECIMAL: "a decimal of at most 12 digits before and 6 after the point",
    FieldType.BOOLEAN: "true, false, 1 or 0",
    FieldType.TIMESTAMP: "an ISO 8601 time or epoch milliseconds",
    FieldType.EPOCH_SECONDS: "whole epoch seconds",
    FieldType.JSON: "JSON",
}


@dataclass(frozen=True)
class LoadedStream:
    """One landed run of one stream, now in the build warehouse: landed = loaded + quarantined."""

    source: str
    stream: str
    run_id: str
    landed_rows: int
    loaded_rows: int
    quarantined_rows: int


def load_source(settings: Settings, source: Source, night: Night) -> tuple[LoadedStream, ...]:
    """Load every landed run of a source up to `night` that is not loaded yet, oldest night first.

    Each run is one transaction; memory holds one landed file. Running it again loads nothing.

    Raises:
        LandingError: A landed file is missing or not what its manifest lists; its run is not loaded.
        LoadError: A run was landed anew after it was loaded, or its counts do not add up.
        WarehouseLockedError: Another process holds the build warehouse.
        WarehouseError: The build warehouse is damaged, or disk or memory ran out.
    """
    landing = Landing(settings.landing_dir)
    with warehouse.writer(settings) as connection:
        connection.execute(TYPE_MACROS)
        return tuple(
            _load_run(connection, landing, stream, manifest)
            for manifest, stream in _pending(connection, landing, source, night)
        )


def cursors(settings: Settings, source: Source, night: Night | None = None) -> Mapping[str, str]:
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


def typed_page(stream: Stream) -> str:
    """Return the SQL that makes typed rows of the lines in `landed`.

    `landed` has the stream's context columns, `record`, `_page`, `_line` and `_problem` (NULL for a
    JSON object). The result has the raw table's columns but for the run's, and `_reason`: NULL, or all
    that is wrong with the line.
    """
    context = "".join(f"{quoted(column)}, " for column in stream.context)
    paths = ", ".join(f"'{field.path}'" for field in stream.fields)
    columns = [_column(position, field) for position, field in enumerate(stream.fields, 1)]
    checks = [check for position, field in enumerate(stream.fields, 1) for check in _checks(position, field)]
    return f"""
with documents as (
    select
        {context}record, _page, _line, _problem,
        case when _problem is null then json_extract_string(record, [{paths}]) end as _values,
        case when _problem is null then json_type(record, [{paths}]) end as _kinds
    from landed
),
typed as (
    select
        {context}
        {_lines(columns)},
        record, _page, _line, _problem, _values, _kinds
    from documents
)
select
    * exclude (_problem, _values, _kinds),
    coalesce(_problem, nullif(concat_ws('; ',
        {_lines(checks)}
    ), '')) as _reason
from typed
"""  # noqa: S608 - made of the declared columns and paths, never of data


def _column(position: int, field: Field) -> str:
    return f"as_{field.type}(_values[{position}], _kinds[{position}]) as {quoted(field.column)}"


def _checks(position: int, field: Field) -> Iterator[str]:
    value, kind, column = f"_values[{position}]", f"_kinds[{position}]", quoted(field.column)
    if field.required:
        yield f"missing('{field.column}', {value})"
    if field.type is not FieldType.JSON:
        yield f"misfit('{field.column}', {value}, {kind}, {column}, '{EXPECTED[field.type]}')"


def _lines(expressions: Sequence[str]) -> str:
    return ",\n        ".join(expressions)


def _pending(
    connection: duckdb.DuckDBPyConnection, landing: Landing, source: Source, night: Night
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
    _type_pages(connection, landing, stream, manifest)
    connection.begin()
    loaded = _insert_rows(connection, stream, manifest)
    quarantined = _insert_quarantine(connection, manifest)
    if loaded + quarantined != manifest.rows:
        raise LoadError(
            f"{manifest.folder}: {manifest.rows:,} landed, {loaded:,} loaded, {quarantined:,} quarantined.",
            remedy="Nothing of this run was loaded. This is a defect of valuegap: please report it.",
        )
    _insert_load(connection, manifest, loaded, quarantined)
    connection.commit()  # whatever is raised before closes the connection, which rolls back
    return LoadedStream(manifest.source, manifest.stream, manifest.run_id, manifest.rows, loaded, quarantined)


def _type_pages(
    connection: duckdb.DuckDBPyConnection, landing: Landing, stream: Stream, manifest: Manifest
) -> None:
    """Make the temporary table `typed_lines` of all lines of a run, one landed file after the other."""
    sql = typed_page(stream)
    connection.register("landed", _frame(stream, {}, 0, []))
    connection.execute(f"create or replace temp table typed_lines as {sql}")
    for number, page in enumerate(manifest.pages, 1):
        context = _context(stream, manifest, page)
        records = landing.read_page(manifest, page)
        connection.register("landed", _frame(stream, context, number, records))
        connection.execute(f"insert into typed_lines {sql}")
    connection.unregister("landed")


def _insert_rows(connection: duckdb.DuckDBPyConnection, stream: Stream, manifest: Manifest) -> int:
    return _inserted(
        connection.execute(
            f"""
            insert into {raw_table(manifest.source, stream.name)} by name
            select * exclude (_reason), $as_of_date::date as _as_of_date, $run_id as _run_id
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


def _insert_load(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, loaded: int, quarantined: int
) -> None:
    connection.execute(
        "insert into ops.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            manifest.source, manifest.stream, manifest.run_id, manifest.as_of_date,
            manifest.rows, loaded, quarantined, manifest.cursor_after, manifest.sha256,
        ],
    )  # fmt: skip


def _inserted(result: duckdb.DuckDBPyConnection) -> int:
    (rows,) = result.fetchone() or (0,)
    return int(rows)


def _frame(stream: Stream, context: Mapping[str, str], number: int, records: Sequence[bytes]) -> pd.DataFrame:
    lines = [_read_line(record) for record in records]
    return pd.DataFrame(
        {
            **{
                column: pd.Series([context.get(column)] * len(lines), dtype="str")
                for column in stream.context
            },
            "record": pd.Series([text for text, _ in lines], dtype="str"),
            "_page": pd.Series([number] * len(lines), dtype="int32"),
            "_line": pd.Series(range(1, len(lines) + 1), dtype="int32"),
            "_problem": pd.Series([problem for _, problem in lines], dtype="str"),
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


def _read_line(record: bytes) -> tuple[str, str | None]:
    """Return a landed line as text, and why it is not a JSON object; None when it is."""
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        return record.decode(errors="backslashreplace"), f"not UTF-8 text: byte {error.start + 1}"
    try:
        orjson.loads(text)
        document = _DISTINCT_KEYS.decode(text)
    except (ValueError, RecursionError) as error:
        return text, f"not JSON: {error}"
    return text, None if isinstance(document, dict) else "not a JSON object"


def _with_distinct_keys(members: Sequence[tuple[str, object]]) -> dict[str, object]:
    document = dict(members)
    if len(document) != len(members):
        raise ValueError("an object has the same key twice")
    return document


_DISTINCT_KEYS = json.JSONDecoder(object_pairs_hook=_with_distinct_keys)
