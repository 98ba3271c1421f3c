"""Holds an answer against HubSpot's specification, as the models generated from it know it.

The client itself is lenient: it passes over keys it does not know and turns whatever it gets into text.
Here every key must be declared, every required one there, every value of its type and among its enum.
"""

from collections.abc import Iterator
from datetime import datetime
from types import ModuleType
from typing import Any

PRIMITIVES = {"str": str, "bool": bool, "int": int, "float": (int, float), "object": object}
# Where HubSpot's API and guides differ from its specification: any of these is let pass.
KNOWN_ELSEWHERE = {
    "Error.status",  # always "error"
    "MultiAssociatedObjectWithLabel.toObjectId",  # a number, in the guide to associations too
}
# The generator dropped `nullable`: a property without a value is null in HubSpot's own examples.
NULLABLE = {"properties", "label"}


def misfits(value: Any, declared: str, models: ModuleType, at: str = "$") -> Iterator[str]:
    """Yield where `value` is not of the type `declared`, in the generated models' notation."""
    if declared.startswith("list["):
        yield from _all(value, list, declared[5:-1], models, at)
    elif declared.startswith("dict["):
        yield from _all(value, dict, declared[5:-1].split(", ", 1)[1], models, at)
    elif declared == "datetime":
        yield from _instant(value, at)
    elif declared in PRIMITIVES:
        is_boolean_number = isinstance(value, bool) and declared in {"int", "float"}
        if not isinstance(value, PRIMITIVES[declared]) or is_boolean_number:
            yield f"{at}: {type(value).__name__} is not {declared}"
    else:
        yield from _model(value, getattr(models, declared), models, at)


def _all(value: Any, kind: type, declared: str, models: ModuleType, at: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{at}: {type(value).__name__} is not {kind.__name__}"
        return
    for each in value.values() if isinstance(value, dict) else value:
        if each is not None or at.rsplit(".", 1)[-1] not in NULLABLE:
            yield from misfits(each, declared, models, f"{at}[]")


def _instant(value: Any, at: str) -> Iterator[str]:
    try:
        is_instant = datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        is_instant = False
    if not is_instant:
        yield f"{at}: {value!r} is not a time with its zone"


def _model(value: Any, model: type, models: ModuleType, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {type(value).__name__} is not {model.__name__}"
        return
    names = {key: name for name, key in model.attribute_map.items()}
    for key in value.keys() - names.keys():
        if f"{model.__name__}.{key}" not in KNOWN_ELSEWHERE:
            yield f"{at}.{key}: not declared in {model.__name__}"
    for key, name in names.items():
        if value.get(key) is not None and f"{model.__name__}.{key}" not in KNOWN_ELSEWHERE:
            yield from misfits(value[key], model.openapi_types[name], models, f"{at}.{key}")
        if key not in NULLABLE or key not in value:
            yield from _refused(model, name, value.get(key), f"{at}.{key}")


def _refused(model: type, name: str, value: Any, at: str) -> Iterator[str]:
    """Let the model's own setter say whether a value is missing or not among the enum's."""
    probe = model.__new__(model)
    probe.local_vars_configuration = _Strict
    try:
        setattr(probe, name, value)
    except ValueError as error:
        yield f"{at}: {error}"


class _Strict:
    client_side_validation = True
