"""The part of SOQL that readers of whole objects send: fields, comparisons joined by AND, order, limit."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from valuegap.demo.salesforce_objects import DATETIME, OBJECTS, PARENT_FIELDS, SObject
from valuegap.demo.vendor import VendorError

_QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)"
    r"(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>[\w.]+)(?:\s+(?P<direction>ASC|DESC))?(?:\s+NULLS\s+(?:FIRST|LAST))?)?"
    r"(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(
    r"\s*\(?\s*(?P<field>[\w.]+)\s*(?P<operator><=|>=|!=|<>|=|<|>|\bIN\b)\s*"
    r"(?P<value>\([^)]*\)|'(?:[^'\\]|\\.)*'|[^\s)]+)\s*\)?\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")

Value = str | float | bool | datetime | None

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """One comparison. `value` is a tuple for IN."""

    field: str
    operator: str
    value: Value | tuple[Value, ...]

    def holds(self, found: Value) -> bool:
        """Tell whether a row with this value is one of those asked for; null is never smaller or greater."""
        if isinstance(self.value, tuple):
            return found in self.value
        if (found is None or self.value is None) and self.operator not in {"=", "!=", "<>"}:
            return False
        return bool(_COMPARISONS[self.operator](found, self.value))


@dataclass(frozen=True)
class Query:
    """A parsed query; `fields` is empty for COUNT()."""

    sobject: SObject
    fields: tuple[str, ...]
    conditions: tuple[Condition, ...]
    order: str | None
    is_descending: bool
    limit: int | None


def malformed(message: str) -> VendorError:
    """Return the error for a query that cannot be read."""
    return VendorError(400, "MALFORMED_QUERY", message)


def parse_query(text: str, custom: Callable[[SObject], Mapping[str, str]]) -> Query:
    """Read a query; `custom` gives the fields an object has besides those of the catalogue.

    Raises:
        VendorError: It is no SOQL of this part, or names an object or a field that is not there.
    """
    found = _QUERY.fullmatch(text)
    if found is None:
        raise malformed(f"unexpected token in: {text[:80]}")
    sobject = _sobject(found["object"])
    known = {**sobject.fields, **custom(sobject), **PARENT_FIELDS.get(sobject.name, {})}
    names = {name.lower(): name for name in known}

    def field(name: str) -> str:
        if name.lower() not in names:
            raise VendorError(
                400,
                "INVALID_FIELD",
                f"\nSELECT {name} FROM {sobject.name}\n       ^\nERROR at Row:1:Column:8\n"
                f"No such column '{name}' on entity '{sobject.name}'.",
            )
        return names[name.lower()]

    is_count = found["fields"].replace(" ", "").lower() == "count()"
    conditions = tuple(
        Condition(field(name), sign, _value(value, known[field(name)]))
        for name, sign, value in _conditions(found["where"])
    )
    return Query(
        sobject=sobject,
        fields=() if is_count else tuple(field(name.strip()) for name in found["fields"].split(",")),
        conditions=conditions,
        order=field(found["order"]) if found["order"] else None,
        is_descending=(found["direction"] or "").lower() == "desc",
        limit=int(found["limit"]) if found["limit"] else None,
    )


def _sobject(name: str) -> SObject:
    by_name = {each.lower(): each for each in OBJECTS}
    if name.lower() not in by_name:
        raise VendorError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return OBJECTS[by_name[name.lower()]]


def _conditions(where: str | None) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    at = 0
    while where and at < len(where):
        if found:
            joint = _AND.match(where, at)
            if joint is None:
                raise malformed(f"only AND joins conditions here: {where[at:]}")
            at = joint.end()
        condition = _CONDITION.match(where, at)
        if condition is None:
            raise malformed(f"unexpected token: {where[at:]}")
        found.append((condition["field"], condition["operator"].upper(), condition["value"]))
        at = condition.end()
    return found


def _value(text: str, kind: str) -> Value | tuple[Value, ...]:
    if text.startswith("("):
        return tuple(_unescaped(each) for each in _TEXT.findall(text))
    if text.startswith("'"):
        if kind == DATETIME:
            raise VendorError(400, "INVALID_FIELD", "value of filter criterion for a dateTime field is text")
        return _unescaped(text[1:-1])
    if text.lower() in {"true", "false", "null"}:
        return {"true": True, "false": False, "null": None}[text.lower()]
    try:
        if kind == DATETIME:
            return _instant(text)
        return float(text)
    except ValueError:
        raise malformed(f"unexpected token: {text}") from None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise malformed(f"a dateTime needs an offset: {text}")
    return instant.astimezone(UTC).replace(tzinfo=None)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
