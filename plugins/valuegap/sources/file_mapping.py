"""`config/file_drop.yml`: which dropped files are what, and which of their columns are ours.

`config/file_drop.example.yml` shows every key.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

import yaml

from valuegap import yaml_file
from valuegap.errors import SourceError
from valuegap.sources.stream import Field, FieldType, Stream

FILE = "file_drop.yml"

DATE_COLUMNS = frozenset({"due_date", "end_date", "start_date", "valid_from", "valid_to"})
"""Days, not instants: the same day in every time zone."""

_CONTEXT = ("mapping", "file_name", "file_sha256", "sheet")


def _stream(name: str, record_id: tuple[str, ...], *fields: Field) -> Stream:
    return Stream(name, fields, record_id=record_id, version=None, context=_CONTEXT)


def _fields(names: str, type_: FieldType = FieldType.TEXT, *, required: bool = False) -> tuple[Field, ...]:
    return tuple(Field(name, f"$.{name}", type_, required=required) for name in names.split())


STREAMS = (
    _stream(
        "survey_answers",
        ("survey_id", "response_id", "question"),
        *_fields("survey_id response_id", required=True),
        *_fields("question email person_number order_number ticket_id language"),
        *_fields("answered_at", FieldType.TIMESTAMP),
        *_fields("answers", FieldType.JSON, required=True),
    ),
    _stream(
        "tickets",
        ("mapping", "ticket_id"),
        *_fields("ticket_id", required=True),
        *_fields(
            "email person_number customer_number status priority ticket_type channel topic purchase_phase"
        ),
        *_fields("satisfaction_score"),
        *_fields("created_at", FieldType.TIMESTAMP, required=True),
        *_fields("first_reply_at resolved_at updated_at", FieldType.TIMESTAMP),
        *_fields("n_reopens n_replies", FieldType.INTEGER),
        *_fields("is_deleted", FieldType.BOOLEAN),
    ),
    _stream(
        "targets",
        ("metric_code", "attribute_code", "segment_type", "segment_value", "valid_from"),
        *_fields("metric_code", required=True),
        *_fields("attribute_code segment_type segment_value owner description"),
        *_fields("target_value", FieldType.DECIMAL, required=True),
        *_fields("stretch_value", FieldType.DECIMAL),
        *_fields("due_date valid_from valid_to", FieldType.TIMESTAMP),
    ),
    _stream(
        "initiatives",
        ("initiative_id",),
        *_fields("initiative_id name", required=True),
        *_fields("initiative_type status metric_code attribute_code segment_type segment_value owner"),
        *_fields("start_date due_date end_date", FieldType.TIMESTAMP),
        *_fields("budget_amount actual_cost_amount expected_effect", FieldType.DECIMAL),
    ),
)
"""The kinds of file. A row is landed as `{"row": {<its columns as they stand>}, <our columns>}`."""

FORMATS = ("csv", "ndjson", "parquet", "xlsx")
TEXTS = {
    "name", "file", "format", "kind", "delimiter", "encoding", "sheet", "skip_rows", "decimal", "date_format",
    "time_zone",
}  # fmt: skip
MAPPINGS = {"columns", "questions", "constants"}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_GERMAN_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}([.\u00a0 ]\d{3})+)(,\d+)?")
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class FileMapping:
    """One entry of `file_drop.yml`.

    `columns` says for a column of the file which of ours its values are; `questions` (one row a response)
    which question's answer a column holds. `constants` are values all rows have.
    """

    name: str
    file: str
    format: str
    kind: str
    columns: Mapping[str, tuple[str, ...]]
    questions: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8-sig"
    sheet: str = ""
    skip_rows: str = "0"
    decimal: str = "."
    date_format: str = ""
    time_zone: str = "UTC"

    @property
    def digest(self) -> str:
        """Hash of all it says: under another mapping a file is read anew."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def file_columns(self) -> tuple[str, ...]:
        """The columns a file must have."""
        return (*self.columns, *self.questions)

    def ours(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return our columns of a row; what cannot be read as it stands, for the loader to set aside."""
        values: dict[str, object] = dict(self.constants)
        for theirs, columns in self.columns.items():
            for column in columns:
                if (value := self._value(column, row.get(theirs))) not in (None, ""):
                    values[column] = value
        return self._with_answers(values, row) if self.kind == "survey_answers" else values

    def _with_answers(self, values: dict[str, object], row: Mapping[str, object]) -> dict[str, object]:
        if self.questions:
            given = {question: _text(row.get(theirs)) for theirs, question in self.questions.items()}
        elif question := values.get("question"):
            given = {str(question): _text(values.pop("answer", None))}
        else:
            return values
        return values | {"answers": {question: answer for question, answer in given.items() if answer}}

    def _value(self, column: str, value: object) -> object:
        type_ = _TYPES[self.kind].get(column, FieldType.TEXT)
        if not isinstance(value, str):
            return value
        text = value.strip()
        if type_ is FieldType.TIMESTAMP:
            return self._time(column, text)
        if type_ in {FieldType.DECIMAL, FieldType.INTEGER} and self.decimal == ",":
            return _with_decimal_point(text)
        return text

    def _time(self, column: str, text: str) -> str:
        moment = self._moment(text)
        if moment is None:
            return text
        if column in DATE_COLUMNS:
            return moment.date().isoformat()
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.time_zone))
        return zoned.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")

    def _moment(self, text: str) -> datetime | None:
        """Read a time in the file's format, or in ISO 8601, which true dates of workbooks arrive in."""
        try:
            if self.date_format and not _ISO_DAY.match(text):
                return datetime.strptime(text, self.date_format)  # noqa: DTZ007 - its zone is the mapping's
            return datetime.fromisoformat(text) if _ISO_DAY.match(text) else None
        except ValueError:
            return None


def _with_decimal_point(text: str) -> str:
    if not _GERMAN_NUMBER.fullmatch(text):
        return text
    return re.sub(r"[.\u00a0 ]", "", text).replace(",", ".")


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value).strip()


_TYPES: Mapping[str, Mapping[str, FieldType]] = {
    stream.name: {field.column: field.type for field in stream.fields} for stream in STREAMS
}


def read_mappings(config_dir: Path) -> tuple[FileMapping, ...]:
    """Return the entries of `file_drop.yml`, in their order.

    Raises:
        SourceError: There is no such file, or an entry of it cannot be understood.
    """
    path = config_dir / FILE
    try:
        document = yaml_file.parse_text(path.read_text())
    except FileNotFoundError:
        raise SourceError(
            f"files: there is no {FILE}, which says what the dropped files are.",
            remedy="Write one as config/file_drop.example.yml shows, or take files out of VALUEGAP_SOURCES.",
        ) from None
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise _refusal(f"cannot be read: {error}") from error
    if not isinstance(document, list):
        raise _refusal("is not a list of entries")
    mappings = tuple(_mapping(number, entry) for number, entry in enumerate(document, start=1))
    names = [mapping.name for mapping in mappings]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise _refusal(f"has two entries called {repeated}")
    return mappings


def _mapping(number: int, entry: object) -> FileMapping:
    if not isinstance(entry, dict):
        raise _refusal(f"entry {number} is not a mapping")
    where = f"entry {entry.get('name', number)}"
    if unknown := sorted(map(str, entry.keys() - TEXTS - MAPPINGS)):
        raise _refusal(f"{where} has the unknown key {unknown[0]}")
    if missing := [key for key in ("name", "file", "format", "kind", "columns") if key not in entry]:
        raise _refusal(f"{where} has no {missing[0]}")
    columns = entry["columns"]
    if ill := [key for key, value in entry.items() if isinstance(value, dict) != (key in MAPPINGS)]:
        raise _refusal(f"{where}: {ill[0]} is {'no' if ill[0] in MAPPINGS else 'a'} mapping")
    mapping = FileMapping(**entry | {"columns": {theirs: _listed(ours) for theirs, ours in columns.items()}})
    if problem := next(_problems(mapping), None):
        raise _refusal(f"{where}: {problem}")
    return mapping


def _listed(ours: object) -> tuple[str, ...]:
    return tuple(map(str, ours)) if isinstance(ours, list) else (str(ours),)


def _problems(mapping: FileMapping) -> Iterator[str]:
    if not _NAME.fullmatch(mapping.name):
        yield "its name is not made of letters, digits, - and _"
    pattern = PurePosixPath(mapping.file)
    if pattern.is_absolute() or ".." in pattern.parts:
        yield f"file {mapping.file} leads out of the drop folder"
    if mapping.format not in FORMATS:
        yield f"format {mapping.format} is none of {', '.join(FORMATS)}"
    if mapping.kind not in _TYPES:
        yield f"kind {mapping.kind} is none of {', '.join(_TYPES)}"
    else:
        yield from _column_problems(mapping)
    yield from _option_problems(mapping)


def _column_problems(mapping: FileMapping) -> Iterator[str]:
    long_form = {"answer"} if mapping.kind == "survey_answers" else set()
    known = {*_TYPES[mapping.kind], *long_form} - {"answers"}
    ours = [column for columns in mapping.columns.values() for column in columns]
    given = [*ours, *mapping.constants]
    if unknown := [column for column in given if column not in known]:
        yield f"{unknown[0]} is no column of {mapping.kind}, which has {', '.join(sorted(known))}"
    if repeated := [column for column in given if given.count(column) > 1]:
        yield f"{repeated[0]} is given twice"
    stream = next(stream for stream in STREAMS if stream.name == mapping.kind)
    required = [field.column for field in stream.fields if field.required and field.column != "answers"]
    if mapping.kind == "survey_answers" and not mapping.questions:
        required += ["question", "answer"]
    if lacking := [column for column in required if column not in given]:
        yield f"no column of the file is {lacking[0]}"
    if mapping.questions and (mapping.kind != "survey_answers" or "question" in given or "answer" in given):
        yield "questions are for one row a response, in place of question and answer"


def _option_problems(mapping: FileMapping) -> Iterator[str]:
    if len(mapping.delimiter) != 1:
        yield "delimiter is not one character"
    if mapping.decimal not in {".", ","}:
        yield "decimal is neither '.' nor ','"
    if not mapping.skip_rows.isdecimal():
        yield "skip_rows is not a number of rows"
    try:
        codecs.lookup(mapping.encoding)
    except LookupError:
        yield f"encoding {mapping.encoding} is unknown"
    try:
        ZoneInfo(mapping.time_zone)
    except (ValueError, OSError, KeyError):
        yield f"time_zone {mapping.time_zone} is unknown, try Europe/Berlin"


def _refusal(what: str) -> SourceError:
    return SourceError(
        f"files: {FILE} {' '.join(what.split())}.", remedy="Correct it as config/file_drop.example.yml shows."
    )
