"""Qualtrics' response exports: what one may ask for, the job that runs, and the file it ends with.

A continuation token stands for the instant of its export: it brings what was modified since, and not what
shows up late with an older time. The vendor's reference leaves that open; a client that survives this reading
survives the kinder one.
"""

import base64
import binascii
import csv
import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from valuegap.demo.records import Versions
from valuegap.demo.vendor import Json, VendorError

A_WEEK = timedelta(days=7)
RENDERED_AT_ONCE = 5_000
FASTEST_COMPRESSION = 1
FORMATS = ("csv", "json", "ndjson", "tsv")
NOT_FOR_JSON = frozenset(
    {"includeDisplayOrder", "useLabels", "formatDecimalAsComma", "seenUnansweredRecode"}
    | {"multiselectSeenUnansweredRecode", "timeZone", "newlineReplacement", "breakoutSets"}
)
OPTIONS = NOT_FOR_JSON | {
    *("format", "compress", "startDate", "endDate", "limit", "sortByLastModifiedDate"),
    *("allowContinuation", "continuationToken", "filterId", "exportResponsesInProgress"),
    *("questionIds", "embeddedDataIds", "surveyMetadataIds", "includeLabelColumns"),
}
NEVER_TOGETHER = (
    ("continuationToken", "allowContinuation"),
    ("continuationToken", "filterId"),
    ("allowContinuation", "filterId"),
    ("sortByLastModifiedDate", "filterId"),
    ("useLabels", "includeLabelColumns"),
)
NOT_OFFERED = ("filterId", "includeLabelColumns", "includeDisplayOrder", "formatDecimalAsComma")

MODIFIED = "LastModifiedDate"
# Key in a response's values: the column's name and description in a CSV file.
METADATA = {
    "startDate": ("StartDate", "Start Date"),
    "endDate": ("EndDate", "End Date"),
    "status": ("Status", "Response Type"),
    "ipAddress": ("IPAddress", "IP Address"),
    "progress": ("Progress", "Progress"),
    "duration": ("Duration (in seconds)", "Duration (in seconds)"),
    "finished": ("Finished", "Finished"),
    "recordedDate": ("RecordedDate", "Recorded Date"),
    "_recordId": ("ResponseId", "Response ID"),
    "recipientLastName": ("RecipientLastName", "Recipient Last Name"),
    "recipientFirstName": ("RecipientFirstName", "Recipient First Name"),
    "recipientEmail": ("RecipientEmail", "Recipient Email"),
    "externalDataReference": ("ExternalReference", "External Data Reference"),
    "locationLatitude": ("LocationLatitude", "Location Latitude"),
    "locationLongitude": ("LocationLongitude", "Location Longitude"),
    "distributionChannel": ("DistributionChannel", "Distribution Channel"),
    "userLanguage": ("UserLanguage", "User Language"),
    MODIFIED: (MODIFIED, "Last Modified Date"),
}
DATES = frozenset({"startDate", "endDate", "recordedDate", MODIFIED})
QUESTION_PREFIX = "QID"


@dataclass(frozen=True)
class ExportOptions:
    """What one export of a survey is asked for. `since` is inclusive, `until` exclusive; naive UTC.

    `goes_on_from` is the instant a continuation token stands for. Of the ids, None stands for all.
    """

    survey_id: str
    format: str
    since: datetime | None
    until: datetime | None
    goes_on_from: datetime | None
    by_modification: bool
    gives_token: bool
    is_compressed: bool
    in_progress_only: bool
    limit: int | None
    question_ids: frozenset[str] | None
    embedded_ids: frozenset[str] | None
    metadata_ids: frozenset[str] | None
    use_labels: bool
    unanswered: str
    newline: str | None

    def select(self, responses: Versions, instant: datetime) -> pd.DataFrame:
        """Return the responses to export, in order of the time they are filtered by."""
        current = responses.current(instant)
        rows = current[(current["state"] == "live").to_numpy(bool)]
        column = "updated_at" if self.by_modification else "recorded_at"
        times: npt.NDArray[np.datetime64] = rows[column].to_numpy("datetime64[us]")
        # Nobody in a generated company stops halfway and comes back: there is no response in progress.
        is_wanted = np.full(len(rows), not self.in_progress_only)
        for since in (self.since, self.goes_on_from):
            if since is not None:
                is_wanted &= times >= np.datetime64(since, "us")
        if self.until is not None:
            is_wanted &= times < np.datetime64(self.until, "us")
        order = np.argsort(times[is_wanted], kind="stable")
        return rows[is_wanted].iloc[order].head(len(rows) if self.limit is None else self.limit)

    def values(self, record: Json) -> Json:
        """Return the values of a response that were asked for."""
        values: Mapping[str, object] = record.get("values", {})
        return {key: value for key, value in values.items() if self.is_asked_for(key)}

    def is_asked_for(self, key: str) -> bool:
        """Tell whether the value at `key` is part of this export."""
        if key == MODIFIED:
            return self.by_modification
        if key in METADATA:
            return self.metadata_ids is None or key in self.metadata_ids
        if QUESTION_PREFIX in key:
            return self.question_ids is None or question_id(key) in self.question_ids
        return self.embedded_ids is None or key in self.embedded_ids

    def pack(self, survey_name: str, content: Iterable[bytes]) -> bytes:
        """Return the file: a zip with one member named after the survey, or its bare content."""
        if not self.is_compressed:
            return b"".join(content)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST_COMPRESSION) as archive:
            member = zipfile.ZipInfo(f"{survey_name}.{self.format}")  # the same bytes on every day
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                for chunk in content:
                    file.write(chunk)
        return buffer.getvalue()


def question_id(key: str) -> str:
    """Return the question whose answer stands at `key`: QID3 for QID3, QID3_TEXT and 2_QID3_4."""
    return QUESTION_PREFIX + key.partition(QUESTION_PREFIX)[2].partition("_")[0]


def export_options(survey_id: str, body: Json, now: datetime) -> ExportOptions:
    """Read the request for an export of a survey. Raises `VendorError` (400) for what cannot be."""
    _require_possible(body)
    return ExportOptions(
        survey_id=survey_id,
        format=str(body["format"]),
        since=_instant(body, "startDate"),
        until=_instant(body, "endDate"),
        goes_on_from=_token_instant(survey_id, body.get("continuationToken"), now),
        by_modification=bool(body.get("sortByLastModifiedDate", False)),
        gives_token=bool(body.get("allowContinuation") or body.get("continuationToken")),
        is_compressed=bool(body.get("compress", True)),
        in_progress_only=bool(body.get("exportResponsesInProgress", False)),
        limit=_whole_number(body, "limit"),
        question_ids=_ids(body, "questionIds"),
        embedded_ids=_ids(body, "embeddedDataIds"),
        metadata_ids=_ids(body, "surveyMetadataIds"),
        use_labels=bool(body.get("useLabels", False)),
        unanswered=str(body.get("seenUnansweredRecode", "")),
        newline=body.get("newlineReplacement"),
    )


def _require_possible(body: Json) -> None:
    if body.get("format") not in FORMATS:
        raise invalid(f"format is {body.get('format')!r}; this brand exports {', '.join(FORMATS)}.")
    refused = sorted(body.keys() - OPTIONS) + [name for name in NOT_OFFERED if body.get(name)]
    if "json" in body["format"]:
        refused += sorted(body.keys() & NOT_FOR_JSON)
    for one, other in NEVER_TOGETHER:
        # A token rules the other field out even where it says false.
        is_clash = one in body and other in body
        if is_clash and (one == "continuationToken" or (body[one] and body[other])):
            raise invalid(f"{one} and {other} cannot be used together.")
    if refused:
        raise invalid(f"Invalid parameter: {', '.join(refused)}.")


def _instant(body: Json, name: str) -> datetime | None:
    """Return a time of the request as naive UTC."""
    if body.get(name) is None:
        return None
    try:
        instant = datetime.fromisoformat(str(body[name]))
    except ValueError:
        raise invalid(f"{name} is {body[name]!r}, not an ISO 8601 time.") from None
    if instant.tzinfo is None:
        raise invalid(f"{name} is {body[name]!r}, without an offset.")
    return instant.astimezone(UTC).replace(tzinfo=None)


def _whole_number(body: Json, name: str) -> int | None:
    value = body.get(name)
    if value is not None and not str(value).isdecimal():
        raise invalid(f"{name} is {value!r}, not a whole number.")
    return None if value is None else int(value)


def _ids(body: Json, name: str) -> frozenset[str] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, list):
        raise invalid(f"{name} is {value!r}, not a list.")
    return None if value is None else frozenset(map(str, value))


def _token(survey_id: str, instant: datetime) -> str:
    return base64.urlsafe_b64encode(f"{survey_id} {instant.isoformat()}".encode()).decode().rstrip("=")


def _token_instant(survey_id: str, token: object, now: datetime) -> datetime | None:
    if token is None:
        return None
    try:
        text = base64.urlsafe_b64decode(f"{token}{'=' * (-len(str(token)) % 4)}").decode()
        of_survey, _, at = text.partition(" ")
        instant = datetime.fromisoformat(at)
    except (binascii.Error, ValueError):
        raise invalid("The continuation token is invalid.") from None
    if of_survey != survey_id:
        raise invalid("The continuation token is another survey's.")
    if now.astimezone(UTC).replace(tzinfo=None) - instant > A_WEEK:
        raise token_expired()
    return instant


def token_expired() -> VendorError:
    """Return the refusal of a token that is older than a week."""
    return invalid("The continuation token has expired.")


def invalid(message: str) -> VendorError:
    """Return the refusal of a request that cannot be as asked."""
    return VendorError(400, "ECL_1", message)


@dataclass
class ExportJob:
    """One export under way: a thread writes the file, polls look at it."""

    progress_id: str
    file_id: str
    survey_name: str
    options: ExportOptions
    started_at: datetime
    file: bytes | None = None
    has_failed: bool = False
    is_lost: bool = False
    _polls: int = 0
    _writer: threading.Thread | None = field(default=None, repr=False)

    def start(self, responses: Versions | None, questions: Mapping[str, Json]) -> None:
        """Begin to write what there is now; a survey without responses gives an empty file."""
        rows = None if responses is None else self.options.select(responses, self.started_at)
        records = iter(()) if responses is None or rows is None else _chunks(responses.render, rows)
        self._writer = threading.Thread(target=self._write, args=(records, questions), daemon=True)
        self._writer.start()

    def poll(self) -> Json:
        """Return the job's progress. The first poll never finds it complete."""
        self._polls += 1
        if self.has_failed:
            return {"percentComplete": 100.0, "status": "failed"}
        if self._polls == 1 or self.file is None:
            return {"percentComplete": 100.0, "status": "inProgress"}
        result: Json = {"fileId": self.file_id, "percentComplete": 100.0, "status": "complete"}
        if self.options.gives_token:
            instant = self.started_at.astimezone(UTC).replace(tzinfo=None)
            result["continuationToken"] = _token(self.options.survey_id, instant)
        return result

    def has_file(self, now: datetime) -> bool:
        """Tell whether the file is there; it is kept for a week."""
        return self.file is not None and now - self.started_at <= A_WEEK

    def _write(self, records: Iterator[list[Json]], questions: Mapping[str, Json]) -> None:
        try:
            if "json" in self.options.format:
                lines = _ndjson if self.options.format == "ndjson" else _json
                self.file = self.options.pack(self.survey_name, lines(records, self.options))
            else:
                self.file = self.options.pack(self.survey_name, [_table(records, self.options, questions)])
        except Exception:
            self.has_failed = True
            raise


def _chunks(render: Callable[[pd.DataFrame], list[Json]], rows: pd.DataFrame) -> Iterator[list[Json]]:
    for start in range(0, len(rows), RENDERED_AT_ONCE):
        yield render(rows.iloc[start : start + RENDERED_AT_ONCE])


def _ndjson(records: Iterator[list[Json]], options: ExportOptions) -> Iterator[bytes]:
    for chunk in records:
        yield b"".join(_record_bytes(record, options) + b"\n" for record in chunk)


def _json(records: Iterator[list[Json]], options: ExportOptions) -> Iterator[bytes]:
    yield b'{"responses":['
    separator = b""
    for chunk in records:
        yield separator + b",".join(_record_bytes(record, options) for record in chunk)
        separator = b","
    yield b"]}"


def _record_bytes(record: Json, options: ExportOptions) -> bytes:
    asked = {**record, "values": options.values(record)}
    try:
        return orjson.dumps(asked, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # a lone surrogate, or a number of more than 64 bits: the vendor escapes and sends them
        return json.dumps(asked).encode()


def _table(records: Iterator[list[Json]], options: ExportOptions, questions: Mapping[str, Json]) -> bytes:
    """Return a CSV or TSV file: three header rows, then a row a response."""
    lines = [options.values(record) for chunk in records for record in chunk]
    keys = _columns(lines, options, questions)
    sink = io.StringIO()
    writer = csv.writer(sink, delimiter="," if options.format == "csv" else "\t")
    writer.writerows(zip(*(_header(key, questions) for key in keys), strict=True))
    writer.writerows([_cell(key, line.get(key), options, questions) for key in keys] for line in lines)
    return sink.getvalue().encode()


def _columns(lines: list[Json], options: ExportOptions, questions: Mapping[str, Json]) -> list[str]:
    """Return the keys of the columns: about the response, embedded data, then a question each."""
    answered = dict.fromkeys(key for line in lines for key in line)
    asked = (
        f"{each}_TEXT" if question.get("QuestionType") == "TE" else each
        for each, question in questions.items()
    )
    return [
        *filter(options.is_asked_for, METADATA),
        *(key for key in answered if key not in METADATA and QUESTION_PREFIX not in key),
        *dict.fromkeys(
            key for key in (*asked, *answered) if QUESTION_PREFIX in key and options.is_asked_for(key)
        ),
    ]


def _header(key: str, questions: Mapping[str, Json]) -> tuple[str, str, str]:
    import_id = json.dumps({"ImportId": key, **({"timeZone": "Z"} if key in DATES else {})})
    if key in METADATA:
        return (*METADATA[key], import_id)
    question = questions.get(question_id(key), {}) if QUESTION_PREFIX in key else {}
    return question.get("DataExportTag", key), question.get("QuestionText", key), import_id


def _cell(key: str, value: object, options: ExportOptions, questions: Mapping[str, Json]) -> object:
    is_answer = QUESTION_PREFIX in key
    if value is None:
        return options.unanswered if is_answer else ""
    if isinstance(value, list):
        return ",".join(str(_label(key, each, options, questions)) for each in value)
    if key in DATES:
        return str(value).replace("T", " ").removesuffix("Z")
    text = _label(key, value, options, questions)
    return text.replace("\n", options.newline) if isinstance(text, str) and options.newline else text


def _label(key: str, value: object, options: ExportOptions, questions: Mapping[str, Json]) -> object:
    if not options.use_labels:
        return value
    if key == "finished":
        return "True" if value else "False"
    choices = questions.get(question_id(key), {}).get("Choices", {}) if QUESTION_PREFIX in key else {}
    return choices.get(str(value), {}).get("Display", value)
