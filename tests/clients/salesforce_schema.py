"""Holds records against what the org itself describes: Salesforce publishes no specification of them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
ID = re.compile(r"[A-Za-z0-9]{18}")
NUMBERS, WHOLE_NUMBERS = {"double", "currency", "percent"}, {"int"}
TEXTS = {"id": ID, "reference": ID, "datetime": TIME, "date": DATE}


def misfits(record: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield where a record of REST differs from the description of its object's fields, by name."""
    attributes = record.get("attributes") or {}
    if attributes.keys() != {"type", "url"}:
        yield f"attributes: {sorted(attributes)}"
    for name in (record.keys() - {"attributes"}) ^ fields.keys():
        yield f"{name}: {'not described' if name in record else 'missing'}"
    for name in record.keys() & fields.keys():
        if not _fits(record[name], fields[name]):
            yield f"{name}: {record[name]!r} is not {fields[name]['type']}"


def _fits(value: Any, field: Mapping[str, Any]) -> bool:
    kind = field["type"]
    if value is None:
        return bool(field["nillable"])
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in NUMBERS | WHOLE_NUMBERS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (kind in NUMBERS or value == int(value))
    return isinstance(value, str) and (kind not in TEXTS or bool(TEXTS[kind].fullmatch(value)))
