"""Qualtrics: surveys, their definitions, and responses through the export job.

Definitions are small and say nothing of when they changed, so every night takes all of them. Responses
come as one export a survey, started, polled and fetched as a zipped NDJSON file whose lines are landed as
they are. They are taken by time of modification, so that a late edit comes again, in the window
[cursor - overlap, until). The cursor is JSON, a time a survey: a survey that appears later, or that was
out of reach for a night, has a window of its own.
"""

import json
import logging
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import parse_qsl, quote, urlsplit
from zipfile import BadZipFile, ZipFile

from valuegap.sources.client import NOT_FOUND, Client, RefusedError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.stream import OVERLAP, Field, FieldType, Page, Pages, Source, Stream, Window

_log = logging.getLogger(__name__)

INTEGER, BOOLEAN = FieldType.INTEGER, FieldType.BOOLEAN
TIMESTAMP, JSON = FieldType.TIMESTAMP, FieldType.JSON

STREAMS = (
    Stream(
        "surveys",
        version="last_modified_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("is_active", "$.isActive", BOOLEAN),
            Field("created_at", "$.creationDate", TIMESTAMP),
            Field("last_modified_at", "$.lastModified", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "survey_definitions",
        version="last_modified_at",
        fields=(
            Field("id", "$.SurveyID", required=True),
            Field("name", "$.SurveyName"),
            Field("questions", "$.Questions", JSON),
            Field("last_modified_at", "$.LastModified", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "responses",
        record_id=("survey_id", "id"),
        version="last_modified_at",
        context=("survey_id",),
        fields=(
            Field("id", "$.responseId", required=True),
            Field("started_at", "$.values.startDate", TIMESTAMP),
            Field("ended_at", "$.values.endDate", TIMESTAMP),
            Field("recorded_at", "$.values.recordedDate", TIMESTAMP, required=True),
            Field("last_modified_at", "$.values.LastModifiedDate", TIMESTAMP),
            Field("is_finished", "$.values.finished", BOOLEAN),
            Field("duration_seconds", "$.values.duration", INTEGER),
            Field("language", "$.values.userLanguage"),
            Field("distribution_channel", "$.values.distributionChannel"),
            Field("recipient_email", "$.values.recipientEmail"),
            Field("external_data_reference", "$.values.externalDataReference"),
            Field("order_number", "$.values.order_number"),
            Field("ticket_id", "$.values.ticket_id"),
            Field("answers", "$.values", JSON),
        ),
    ),
)

LINES_PER_PAGE = 1000
LONGEST_LINE = 64 * 2**20
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
EXPORT_DEADLINE_SECONDS = 3600.0


def survey_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Page through the list of all surveys."""
    path, seen = "/API/v3/surveys", set()
    request: dict[str, str] = {}
    while True:
        answer = client.get(path, request, records=("result", "elements"))
        yield Page(answer.records, {"path": path, **request})
        next_page = answer.envelope["result"].get("nextPage")
        if not next_page:
            break
        if next_page in seen:
            raise client.error(
                path, "goes round in circles: it sent a page twice", remedy="Run the night again."
            )
        seen.add(next_page)
        # Only the query is taken from the link: the host is the connection's.
        request = dict(parse_qsl(urlsplit(next_page).query))


def definition_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Fetch the definition of every survey this night landed."""
    for survey_id in _survey_ids(window):
        path = f"/API/v3/survey-definitions/{quote(survey_id, safe='')}"
        try:
            answer = client.get(path, records=("result",))
        except RefusedError as error:
            _pass_over_if_gone(survey_id, error)
        else:
            yield Page(answer.records, {"path": path})


def response_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Export the responses of every survey this night landed, one survey after the other."""
    cursors: dict[str, str] = json.loads(window.cursor) if window.cursor else {}
    cursors_after = {}
    for survey_id in _survey_ids(window):
        path = f"/API/v3/surveys/{quote(survey_id, safe='')}/export-responses"
        request = _export_request(cursors.get(survey_id), window.until)
        try:
            started = client.post(path, request)
        except RefusedError as error:
            _pass_over_if_gone(survey_id, error)
            continue
        for lines in _exported(client, path, started.envelope):
            yield Page(lines, {"path": path, **request}, {"survey_id": survey_id})
        cursors_after[survey_id] = _iso(window.until)
    yield json.dumps(cursors_after, sort_keys=True)


def _survey_ids(window: Window) -> Iterator[str]:
    return (str(survey["id"]) for survey in window.landed("surveys"))


def _export_request(cursor: str | None, until: datetime) -> dict[str, object]:
    # Every default that would change what comes is left out: codes stay codes, times are UTC.
    request: dict[str, object] = {"format": "ndjson", "sortByLastModifiedDate": True, "endDate": _iso(until)}
    if cursor:
        request["startDate"] = _iso(datetime.fromisoformat(cursor) - OVERLAP)
    return request


def _exported(client: Client, path: str, started: Mapping[str, Any]) -> Iterator[tuple[bytes, ...]]:
    file_id = _finished_file(client, path, started)
    with client.download(f"{path}/{quote(file_id, safe='')}/file") as file:
        yield from _lines(client, path, file)


def _finished_file(client: Client, path: str, started: Mapping[str, Any]) -> str:
    """Poll an export until its status says complete; `percentComplete` proves nothing."""
    progress_id = started.get("result", {}).get("progressId")
    if not progress_id:
        raise client.error(path, "started an export without a progressId", remedy="Run the night again.")
    deadline, pause = client.monotonic() + EXPORT_DEADLINE_SECONDS, FIRST_PAUSE_SECONDS
    while client.monotonic() < deadline:
        result = client.get(f"{path}/{quote(str(progress_id), safe='')}").envelope.get("result", {})
        if result.get("status") == "complete" and result.get("fileId"):
            return str(result["fileId"])
        if result.get("status") == "failed":
            break
        client.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise client.error(path, "did not finish its export", remedy="Run the night again: it starts a new one.")


def _lines(client: Client, path: str, file: IO[bytes]) -> Iterator[tuple[bytes, ...]]:
    try:
        with ZipFile(file) as archive, archive.open(archive.namelist()[0]) as member:
            lines: list[bytes] = []
            while line := member.readline(LONGEST_LINE):
                if line.strip():
                    lines.append(line.rstrip(b"\r\n"))
                if len(lines) == LINES_PER_PAGE:
                    yield tuple(lines)
                    lines = []
            yield tuple(lines)
    except (BadZipFile, IndexError, EOFError, zlib.error) as error:
        raise client.error(
            path, "sent an export that is no whole zip file", remedy="Run the night again."
        ) from error


def _pass_over_if_gone(survey_id: str, error: RefusedError) -> None:
    """A survey deleted after it was listed has nothing left to send; anything else stops the night."""
    if error.status != NOT_FOUND:
        raise error
    _log.warning("qualtrics: survey %s was listed this night and is gone now: passed over", survey_id)


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    return {"X-API-TOKEN": connection.password}


def _refusal(answer: Mapping[str, Any]) -> str | None:
    error = (answer.get("meta") or {}).get("error")
    return str(error.get("errorMessage")) if error else None


_PAGERS: Mapping[str, Pages] = {
    "surveys": survey_pages,
    "survey_definitions": definition_pages,
    "responses": response_pages,
}


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    return _PAGERS[stream.name](client, stream, window)


QUALTRICS = Source("qualtrics", "qualtrics_default", STREAMS, _pages, _headers, _refusal)
