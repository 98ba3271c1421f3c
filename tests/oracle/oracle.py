"""What the warehouse must contain, computed from the log of what happened and nothing else.

This is a second opinion: it knows no cursor, window, page or model. It knows what a vendor shows of a record
at a moment, what the warehouse promises to have found of that by the end of a night, and what the staging
models call it. Where a promise leaves room (a change while the night reads, what is only found weekly), all
that may be found is named; nothing else may.

The promise, for a night D that began to read at `start` and had read all at `end`:

* What was visible at `start`, and is dated before the midnight D ends with, is there: its last version that
  is no poison.
* What became visible between `start` and `end`, or is dated after midnight, may be there already.
* What a vendor takes away without a word is there or not until the next weekly list of ids, and gone then.
* A poisoned version (no JSON, a required value missing, a value that does not fit its column) stands in
  quarantine, and the version before it in staging.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

Row = tuple[Any, ...]
Group = tuple[Row, ...]
"""All rows of one key, in order; () for none."""
Acceptable = Mapping[Row, frozenset[Group]]
"""By key, every group of rows that keeps the promise."""

ABSENT: Group = ()
ANYTHING: Group = (("anything",),)
"""Nobody's promise: whatever is found will do."""
GONE = frozenset({"purge", "merge"})
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Reading:
    """One night as it went: its as-of date, and between which instants it read the vendor."""

    as_of: date
    start: datetime
    end: datetime

    @property
    def until(self) -> datetime:
        """Midnight after the as-of date: what is dated later is not this night's yet."""
        return datetime.combine(self.as_of, datetime.min.time(), UTC) + timedelta(days=1)


def last_census(readings: Sequence[Reading]) -> Reading:
    """Return the last night that listed every id: the first one, and then one a week."""
    census = readings[0]
    for reading in readings:
        if reading.as_of - census.as_of >= WEEK:
            census = reading
    return census


# --- Values -------------------------------------------------------------------------------------------------


class MisfitError(ValueError):
    """A value that does not fit its column."""


def is_empty(value: Any) -> bool:
    return value is None or value == ""


def text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise MisfitError
    return str(value)


def integer(value: Any) -> int | None:
    if is_empty(value):
        return None
    if not re.fullmatch(r"[+-]?\d+(\.0*)?", str(value)) or abs(int(str(value).split(".")[0])) >= 2**63:
        raise MisfitError
    return int(str(value).split(".")[0])


def decimal(value: Any) -> Decimal | None:
    if is_empty(value):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise MisfitError from None
    if not number.is_finite() or abs(number) >= 10**12 or number != round(number, 6):
        raise MisfitError
    return number


def boolean(value: Any) -> bool | None:
    if is_empty(value):
        return None
    known = {"true": True, "1": True, "false": False, "0": False}
    if str(value).lower() not in known:
        raise MisfitError
    return known[str(value).lower()]


def timestamp(value: Any) -> datetime | None:
    """ISO 8601 with an offset, or epoch milliseconds, as naive UTC."""
    if is_empty(value):
        return None
    try:
        if re.fullmatch(r"-?\d+", str(value)):
            return datetime(1970, 1, 1) + timedelta(milliseconds=int(value))  # noqa: DTZ001 - naive UTC
        instant = datetime.fromisoformat(str(value))
        return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant
    except (ValueError, OverflowError):
        raise MisfitError from None


def epoch_seconds(value: Any) -> datetime | None:
    return timestamp(None if value is None else int(value) * 1000)


def structure(value: Any) -> Any:
    """A nested value, in a form that can be compared whatever its spaces."""
    return None if value is None else json.dumps(value, sort_keys=True)


Kind = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """A value of the vendor's record: where it stands, and as what; `required` ones quarantine their record."""

    path: str
    kind: Kind = text
    required: bool = False


def at_path(record: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where nothing does."""
    for name in path.split("."):
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


# --- Records ------------------------------------------------------------------------------------------------


class PoisonError(ValueError):
    """A record that must not reach staging; its message says why."""


def wire_text(mutation: Any) -> str:
    """Return a mutation's record as the vendor sends it, raw texts in place."""
    record = json.loads(json.dumps(mutation.record))
    marks = {}
    for path, raw in mutation.raw.items():
        *parents, name = path.split(".")
        place = record
        for parent in parents:
            place = place[parent]
        place[name] = mark = f"@@{path}@@"
        marks[json.dumps(mark)] = raw
    sent = json.dumps(record)
    for mark, raw in marks.items():
        sent = sent.replace(mark, raw)
    return sent


def read_strictly(sent: str) -> dict[str, Any]:
    """Return the record as strict JSON reads it.

    Raises:
        PoisonError: a key twice, NaN, a number no double holds, half a surrogate pair, or nested too deep.
    """
    try:
        record = json.loads(sent, object_pairs_hook=_distinct, parse_constant=_refuse, parse_float=_Number)
    except (ValueError, RecursionError):
        raise PoisonError("not JSON") from None
    if re.search("[\ud800-\udfff]", json.dumps(record, ensure_ascii=False, default=str)):
        raise PoisonError("not JSON")
    if not isinstance(record, dict):
        raise PoisonError("not a JSON object")
    return record


class _Number(Decimal):
    """A JSON number with its digits as they stand."""

    def __new__(cls, digits: str) -> "_Number":
        if abs(Decimal(digits)) > Decimal("1.8e308"):
            raise ValueError(digits)
        return super().__new__(cls, digits)


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) != len(members):
        raise ValueError(members)
    return dict(members)


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def why_quarantined(mutation: Any, columns: Iterable[Column]) -> str | None:
    """Return why a version stands in quarantine, or None for one that may be loaded."""
    try:
        record = read_strictly(wire_text(mutation))
    except PoisonError as error:
        return str(error)
    for column in columns:
        value = at_path(record, column.path)
        if column.required and is_empty(value):
            return "missing"
        try:
            column.kind(value)
        except MisfitError:
            return "is not"
    return None


# --- Lives --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """All that happened to one record, in the order the vendor showed it."""

    id: str
    mutations: tuple[Any, ...]

    def shown(self, instant: datetime, until: datetime) -> Any | None:
        """Return the last mutation visible at `instant` and dated before `until`; None before the first."""
        known = [each for each in self.mutations if each.visible_at <= instant and each.at < until]
        return max(known, key=lambda each: (each.at, each.visible_at)) if known else None

    def before(self, mutation: Any) -> Any | None:
        """Return what the record was before a mutation."""
        place = self.mutations.index(mutation)
        return self.mutations[place - 1] if place else None


def lives(log: Iterable[Any], stream: str) -> Iterator[Life]:
    """Return the life of every record of a stream; stale copies are no part of it."""
    by_id: dict[str, list[Any]] = defaultdict(list)
    for mutation in log:
        if mutation.stream == stream and mutation.op != "stale_read":
            by_id[_identity(mutation)].append(mutation)
    for record_id, mutations in sorted(by_id.items()):
        yield Life(record_id, tuple(sorted(mutations, key=lambda each: each.visible_at)))


def _identity(mutation: Any) -> str:
    return " ".join([*mutation.context.values(), mutation.id])


def instants(life: Life, reading: Reading) -> list[datetime]:
    """Return the moments at which a night may have looked at a record, and seen different things."""
    changes = [each.visible_at for each in life.mutations if reading.start < each.visible_at <= reading.end]
    return [reading.start, *changes]


# --- Comparison ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A staging model as the oracle knows it. `expect` gives what is acceptable after the last reading."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    expect: Callable[[Sequence[Any], Sequence[Reading]], Acceptable]
    parsed: frozenset[str] = field(default_factory=frozenset)  # columns of JSON text, compared as values


def differences(table: Table, found: Iterable[Mapping[str, Any]], acceptable: Acceptable) -> list[str]:
    """Return one readable line a key that breaks its promise, none where the table is right."""
    groups = _groups(table, found)
    lines = []
    for key in sorted({*groups, *acceptable}, key=str):
        group, allowed = groups.get(key, ABSENT), acceptable.get(key, frozenset({ABSENT}))
        if group not in allowed and ANYTHING not in allowed:
            lines.append(f"{table.name} {'/'.join(map(str, key))}: {_said(table, group, allowed)}")
    return lines


def _groups(table: Table, found: Iterable[Mapping[str, Any]]) -> dict[Row, Group]:
    rows: dict[Row, list[Row]] = defaultdict(list)
    for row in found:
        unknown = row.keys() - set(table.columns)
        assert not unknown, f"the oracle does not know {table.name}.{sorted(unknown)}"
        values = tuple(_value(table, name, row[name]) for name in table.columns)
        rows[tuple(row[name] for name in table.key)].append(values)
    return {key: in_order(group) for key, group in rows.items()}


def in_order(rows: Iterable[Row]) -> Group:
    """Return rows as a group: their order does not count, their number does."""
    return tuple(sorted(rows, key=repr))


def _value(table: Table, name: str, value: Any) -> Any:
    if name in table.parsed and value is not None:
        return structure(json.loads(value))
    return tuple(value) if isinstance(value, list) else value


def _said(table: Table, group: Group, allowed: frozenset[Group]) -> str:
    if group == ABSENT:
        return f"MISSING {_short(next(iter(allowed)))}"
    if allowed == {ABSENT}:
        return f"EXTRA {_short(group)}"
    wanted = next(iter(allowed - {ABSENT}))
    if len(group) == len(wanted) == 1:
        pairs = zip(table.columns, group[0], wanted[0], strict=True)
        different = [
            f"{name} is {_short(is_)}, not {_short(ought)}" for name, is_, ought in pairs if is_ != ought
        ]
        return f"DIFFERENT {'; '.join(different)}"
    return f"DIFFERENT {_short(group)}, not {_short(wanted)}"


def _short(value: Any) -> str:
    said = ascii(value)
    return said if len(said) <= 300 else f"{said[:300]}… ({len(said):,} characters)"
