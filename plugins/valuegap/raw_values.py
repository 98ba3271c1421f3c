"""SQL that takes declared fields out of JSON records, typed and checked, generated from the declarations."""

import re
from collections.abc import Iterable, Iterator

from valuegap.sources.stream import Field, FieldType, Stream

# Each as_* macro returns NULL for a value that does not fit, and never rounds: DuckDB's own cast makes
# 2 of '1.7', reads '0x1F', and drops the offset of a timestamp. JSON numbers are read as doubles, exact
# to 15 digits: a longer one may already have been rounded.
TYPE_MACROS = r"""
create or replace temp macro as_text(value, kind) as
    case when kind not in ('OBJECT', 'ARRAY') then value end;
create or replace temp macro as_json(value, kind) as
    case when kind = 'VARCHAR' then cast(to_json(value) as varchar) else value end;
create or replace temp macro is_exponential(value) as  -- Salesforce writes 12000000 as 1.2E7
    regexp_full_match(value, '[+-]?[0-9]([.][0-9]{1,17})?E1?[0-9]');
create or replace temp macro as_integer(value, kind) as
    case when regexp_full_match(value, '[+-]?[0-9]+([.]0*)?')
        then try_cast(split_part(value, '.', 1) as bigint)
        when is_exponential(value) and try_cast(value as decimal(38, 18)) = try_cast(value as decimal(38, 0))
        then try_cast(try_cast(value as decimal(38, 0)) as bigint) end;
create or replace temp macro as_decimal(value, kind) as
    case when regexp_full_match(value, '[+-]?[0-9]{0,12}([.][0-9]{0,6}0*)?')
        and (kind <> 'DOUBLE' or length(ltrim(value, '-')) <= 16)
        then try_cast(value as decimal(18, 6))
        when is_exponential(value) and try_cast(value as decimal(38, 18)) = try_cast(value as decimal(18, 6))
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


_LIST_MEMBER = re.compile(r"(?P<list>.+)\[id=(?P<id>[^\]]+)\]")


def quoted(identifier: str) -> str:
    """Return `identifier` as DuckDB reads it whatever characters it holds."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def typed_page(stream: Stream) -> str:
    """Return the SQL that makes typed rows of the lines in `landed`.

    `landed` has the stream's context columns, `record`, `_page`, `_line` and `_problem` (NULL for a
    JSON object). The result has the raw table's columns but for the run's; `_reason`: NULL, or all that
    keeps the line out; and `_misfits`: (column, reason) of each custom field whose value does not fit.
    """
    context = "".join(f"{quoted(column)}, " for column in stream.context)
    values = _Values(stream)
    checks = [check for field in stream.fields if not field.is_custom for check in values.checks(field)]
    misfits = [values.misfit(field) for field in stream.fields if field.is_custom]
    return f"""
with documents as (
    select
        {context}record, _page, _line, _problem,
        {_lines(values.documents())}
    from landed
),
typed as (
    select
        {context}
        {_lines(values.column(field) for field in stream.fields)},
        record, _page, _line, _problem, {", ".join(values.names)}
    from documents
)
select
    * exclude (_problem, {", ".join(values.names)}),
    coalesce(_problem, nullif(concat_ws('; ',
        {_lines(checks)}
    ), '')) as _reason,
    list_filter(
        cast([{_lines(misfits)}] as struct("column" varchar, reason varchar)[]),
        lambda misfit: misfit.reason is not null
    ) as _misfits
from typed
"""  # noqa: S608 - made of the declared columns and paths, never of data


def typed_value(field: Field) -> tuple[str, str]:
    """Return SQL over a row's `record` for the typed value of one field, and for why there is none."""
    value, kind = _value_and_kind(field.path)
    typed = f"as_{field.type}({value}, {kind})"
    return typed, f"misfit('{field.column}', {value}, {kind}, {typed}, '{EXPECTED[field.type]}')"


class _Values:
    """The SQL for each field of a stream: every record is parsed once for all plain paths together."""

    def __init__(self, stream: Stream) -> None:
        self._plain = [field for field in stream.fields if not _LIST_MEMBER.fullmatch(field.path)]
        self._of_lists = [field for field in stream.fields if field not in self._plain]
        self.names = ["_values", "_kinds", *(f"_of_list_{number}" for number in range(len(self._of_lists)))]

    def documents(self) -> Iterator[str]:
        paths = ", ".join(literal(field.path) for field in self._plain)
        yield f"case when _problem is null then json_extract_string(record, [{paths}]) end as _values"
        yield f"case when _problem is null then json_type(record, [{paths}]) end as _kinds"
        for number, field in enumerate(self._of_lists):
            yield (f"case when _problem is null then {_list_member(field.path)} end as _of_list_{number}")

    def column(self, field: Field) -> str:
        value, kind = self._value_and_kind(field)
        return f"as_{field.type}({value}, {kind}) as {quoted(field.column)}"

    def checks(self, field: Field) -> Iterator[str]:
        if field.required:
            yield f"missing('{field.column}', {self._value_and_kind(field)[0]})"
        if field.type is not FieldType.JSON:
            yield self._misfit(field)

    def misfit(self, field: Field) -> str:
        return f"{{'column': '{field.column}', 'reason': {self._misfit(field)}}}"

    def _misfit(self, field: Field) -> str:
        value, kind = self._value_and_kind(field)
        return f"misfit('{field.column}', {value}, {kind}, {quoted(field.column)}, '{EXPECTED[field.type]}')"

    def _value_and_kind(self, field: Field) -> tuple[str, str]:
        if field in self._of_lists:
            member = f"_of_list_{self._of_lists.index(field)}"
            return f"json_extract_string({member}, '$.value')", f"json_type({member}, '$.value')"
        place = self._plain.index(field) + 1
        return f"_values[{place}]", f"_kinds[{place}]"


def _value_and_kind(path: str) -> tuple[str, str]:
    if _LIST_MEMBER.fullmatch(path):
        member = _list_member(path)
        return f"json_extract_string({member}, '$.value')", f"json_type({member}, '$.value')"
    return f"json_extract_string(record, {literal(path)})", f"json_type(record, {literal(path)})"


def _list_member(path: str) -> str:
    found = _LIST_MEMBER.fullmatch(path)
    assert found is not None
    return (
        f"list_filter(json_extract(record, {literal(found['list'] + '[*]')}), "
        f"lambda member: json_extract_string(member, '$.id') = {literal(found['id'])})[1]"
    )


def _lines(expressions: Iterable[str]) -> str:
    return ",\n        ".join(expressions)
