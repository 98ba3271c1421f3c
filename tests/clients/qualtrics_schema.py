"""Holds an answer against Qualtrics' specification, as the clients generated from it know it.

They stand inside `qualtrics-utils`, whose own start wants Google's libraries: they are imported past it.
The generated models keep whatever they do not know and check no type: here both are misfits.
"""

import sys
import types
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

package = find_spec("qualtrics_utils")
assert package is not None and package.origin is not None
sys.path.append(str(Path(package.origin).parent))

from survey_responses_client import models as response_models  # noqa: E402
from surveys_response_import_export_api_client import models as export_models  # noqa: E402

UNDECLARED = "additional_properties"
# Answers and embedded data: every survey has its own.
OPEN_MODELS = {
    "RetrieveResponseResponseResultValues",
    "RetrieveResponseResponseResultLabels",
    "RetrieveResponseResponseResultDisplayedValues",
}


def export_misfits(model_name: str, body: Any) -> Iterator[str]:
    """Yield where an answer of the export endpoints is not the named model."""
    yield from _model_misfits(getattr(export_models, model_name), body)


def response_misfits(record: Any) -> Iterator[str]:
    """Yield where a record of an export file is not a survey response."""
    yield from _model_misfits(response_models.RetrieveResponseResponseResult, record)


def _model_misfits(model: Any, body: Any) -> Iterator[str]:
    try:
        parsed = model.from_dict(body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield f"$: {type(error).__name__} {error}"
        return
    yield from _misfits(parsed, model, "$")


def _misfits(value: Any, declared: Any, at: str) -> Iterator[str]:
    origin, inner = get_origin(declared), get_args(declared)
    if origin in {Union, types.UnionType}:
        if all(list(_misfits(value, each, at)) for each in inner):
            yield f"{at}: {type(value).__name__} is none of {', '.join(each.__name__ for each in inner)}"
    elif origin is list and isinstance(value, list):
        for each in value:
            yield from _misfits(each, inner[0], f"{at}[]")
    elif attrs.has(declared) and isinstance(value, declared):
        yield from _model_fields(value, at)
    elif not _is_a(value, origin or declared):
        yield f"{at}: {type(value).__name__} is not {getattr(declared, '__name__', declared)}"


def _model_fields(value: Any, at: str) -> Iterator[str]:
    model = type(value)
    if model.__name__ not in OPEN_MODELS:
        yield from (f"{at}.{key}: not declared in {model.__name__}" for key in value.additional_properties)
    names = {name: each for name, each in vars(_models_of(model)).items() if isinstance(each, type)}
    hints = get_type_hints(model, localns=names)
    for field in attrs.fields(model):
        if field.name != UNDECLARED:
            yield from _misfits(getattr(value, field.name), hints[field.name], f"{at}.{field.name}")


def _models_of(model: type) -> types.ModuleType:
    return import_module(model.__module__.rpartition(".")[0])


def _is_a(value: Any, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))
