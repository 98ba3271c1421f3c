"""Fields only this company has, passed on by configuration: `config/custom_fields.yml`.

```yaml
hubspot.contacts:
  - {property: jobtitle, column: job_title, to: [dim_customer]}
zendesk.tickets:
  - {path: "$.custom_fields[id=360001]", column: root_cause, to: [fct_ticket]}
  - {path: $.custom_refund, column: refund, type: decimal}
```

Each becomes the column `custom_<column>` of the raw table, filled for what is loaded already too, and a
line of the mart `custom_field_value` for each mart in `to`. `property` is short for HubSpot's
`$.properties.<name>`, which is then also asked for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import yaml

from valuegap import yaml_file
from valuegap.errors import ConfigurationError
from valuegap.settings import Settings
from valuegap.sources.registry import DECLARED
from valuegap.sources.stream import Declared, Field, FieldType, Stream

FILE = "custom_fields.yml"
KEYS = {"path", "property", "column", "type", "to"}
MARTS: Mapping[str, frozenset[str]] = {
    "dim_customer": frozenset({
        "hubspot.companies", "hubspot.contacts", "salesforce.accounts", "salesforce.contacts",
        "zendesk.organizations", "zendesk.users",
    }),
    "fct_order_line": frozenset({
        "hubspot.deals", "hubspot.line_items",
        "salesforce.opportunities", "salesforce.opportunity_line_items",
    }),
    "fct_survey_answer": frozenset({"qualtrics.responses"}),
    "fct_ticket": frozenset({"zendesk.tickets"}),
}  # fmt: skip
"""The marts a stream's records can be found in."""

_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,49}")
_PATH = re.compile(r'\$(\.(\w+|"[^"\\]+"))+(\[id=[^\]\'"]+\])?')

D = TypeVar("D", bound=Declared)


@dataclass(frozen=True)
class CustomField:
    """A field of a stream, and the marts it is passed on to."""

    source: str
    stream: Stream
    field: Field
    to: tuple[str, ...]


def read(settings: Settings) -> tuple[CustomField, ...]:
    """Return the company's custom fields; none without the file.

    Raises:
        ConfigurationError: The file cannot be read, or an entry of it cannot be understood.
    """
    file = settings.config_dir / FILE
    if not file.exists():
        return ()
    try:
        document = yaml_file.parse_text(file.read_text()) or {}
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise _refusal(f"cannot be read: {error}") from error
    if not isinstance(document, dict) or not all(isinstance(entries, list) for entries in document.values()):
        raise _refusal("is not a mapping of source.stream to a list of fields")
    return tuple(
        _custom_field(str(stream), number, entry)
        for stream, entries in document.items()
        for number, entry in enumerate(entries, start=1)
    )


def with_custom_fields(source: D, settings: Settings) -> D:
    """Return the source with the company's fields among those of its streams.

    Raises:
        ConfigurationError: As for `read`, or two fields of a stream have the same column.
    """
    fields: dict[str, list[Field]] = {}
    for custom in read(settings):
        if custom.source == source.name:
            fields.setdefault(custom.stream.name, []).append(custom.field)
    for stream, added in fields.items():
        columns = [field.column for field in added]
        if len(set(columns)) < len(columns):
            raise _refusal(f"{source.name}.{stream} has two fields of one column")
    streams = tuple(
        replace(stream, fields=(*stream.fields, *fields.get(stream.name, ()))) for stream in source.streams
    )
    return cast("D", replace(cast("Any", source), streams=streams)) if fields else source


def _custom_field(stream: str, number: int, entry: object) -> CustomField:
    where = f"{stream}, field {number}"
    known = {f"{source.name}.{each.name}": each for source in DECLARED.values() for each in source.streams}
    if stream not in known:
        raise _refusal(f"{stream} is not a stream")
    if not isinstance(entry, dict) or not KEYS.issuperset(entry):
        raise _refusal(f"{where} is not made of {', '.join(sorted(KEYS))}")
    source = stream.partition(".")[0]
    field = Field(
        f"custom_{_column(where, entry)}", _path(where, source, entry), _type(where, entry), is_custom=True
    )
    return CustomField(source, known[stream], field, _marts(where, stream, entry))


def _column(where: str, entry: Mapping[str, Any]) -> str:
    column = entry.get("column")
    if not isinstance(column, str) or not _COLUMN.fullmatch(column):
        raise _refusal(f"{where}: column {column!r} is not a name of small letters, digits and _")
    return column


def _path(where: str, source: str, entry: Mapping[str, Any]) -> str:
    if ("path" in entry) == ("property" in entry):
        raise _refusal(f"{where} needs either a path or a property")
    if "property" in entry and source != "hubspot":
        raise _refusal(f"{where}: only HubSpot has properties, write a path")
    path = f"$.properties.{entry['property']}" if "property" in entry else entry["path"]
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise _refusal(f"{where}: {path!r} is not a path like $.properties.name or $.custom_fields[id=1]")
    return path


def _type(where: str, entry: Mapping[str, Any]) -> FieldType:
    try:
        return FieldType(entry.get("type", FieldType.TEXT))
    except ValueError:
        raise _refusal(f"{where}: type is none of {', '.join(FieldType)}") from None


def _marts(where: str, stream: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    marts = entry.get("to", [])
    reached = [mart for mart, streams in MARTS.items() if stream in streams]
    if not isinstance(marts, list) or any(mart not in reached for mart in marts):
        raise _refusal(
            f"{where}: records of {stream} can be passed on to {', '.join(reached) or 'no mart'} only"
        )
    return tuple(marts)


def _refusal(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{FILE}: {' '.join(what.split())}.", remedy="Correct it as custom_fields.example.yml shows."
    )
