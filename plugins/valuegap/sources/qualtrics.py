"""Qualtrics: surveys, definitions, distributions and who they went to, and responses through the export job.

Surveys, definitions and distributions are small and cannot be asked for what is new, so every night takes
all of them. Responses come as one export a survey, sorted by modification, so that a late edit comes again.
Unfinished ones are left where they are: one that is finished later comes then, with a new time of
modification.

An export is asked for in one of two ways, and never for what is new since the last one alone:

* by continuation, from the token that an export gave five days ago. The vendor says that a token lives for a
  week, not that it is used up; what it leaves open is whether one stands for a time of modification or for
  what its export held. Five days cover the overlap in the first case, and whatever shows up late in the
  second. A token that is refused is followed by an export by date;
* by date, from an overlap before the last export: for want of a token that is old enough and still lives,
  and once a week, from an overlap before the last such one, so that a token that passed something over costs
  a week at most.

Neither has an end: a continuation cannot have one, and what was changed after midnight is landed a night
early and left to the next night by staging. The cursor is JSON, an entry a survey: a survey that appears
later, or that was out of reach for a night, is exported whole. A response that is deleted vanishes without a
word; the weekly `response_ids` list those that are left.

Who was invited stands in the history of each distribution, one record a recipient, without a time of change:
a recipient opens, starts and completes, and the record says so. The first night reads all of it; later ones
read again the distributions sent within `INVITATIONS_AGAIN` before the last night that read them, by when
nearly everybody who will answer has. It names recipients by their id in the brand's directory, which is
listed once a week: who is not in it yet is known by the response, or next week.
"""

import base64
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from valuegap.errors import ConfigurationError
from valuegap.sources.client import NOT_FOUND, Client, RefusedError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.qualtrics_export import Export, export_responses, exports_path
from valuegap.sources.stream import (
    OVERLAP,
    Field,
    FieldType,
    Page,
    Pages,
    Rate,
    Source,
    Stream,
    TokenRequest,
    Window,
    weekly,
)

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
        follows=("surveys",),
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
        follows=("surveys",),
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
    Stream(
        "distributions",
        version="modified_at",
        context=("survey_id",),
        follows=("surveys",),
        is_gated=True,
        fields=(
            Field("id", "$.id", required=True),
            Field("parent_id", "$.parentDistributionId"),
            Field("request_type", "$.requestType"),
            Field("request_status", "$.requestStatus"),
            Field("mailing_list_id", "$.recipients.mailingListId"),
            Field("link_type", "$.surveyLink.linkType"),
            Field("stats", "$.stats", JSON),
            Field("sent_at", "$.sendDate", TIMESTAMP),
            Field("created_at", "$.createdDate", TIMESTAMP),
            Field("modified_at", "$.modifiedDate", TIMESTAMP),
        ),
    ),
    Stream(
        "invitations",
        record_id=("distribution_id", "id"),
        version=None,
        context=("survey_id",),
        follows=("distributions",),
        is_gated=True,
        fields=(
            Field("id", "$.contactLookupId", required=True),
            Field("distribution_id", "$.distributionId", required=True),
            Field("contact_id", "$.contactId"),
            Field("status", "$.status"),
            Field("response_id", "$.responseId"),
            Field("frequency_rule_id", "$.contactFrequencyRuleId"),
            Field("sent_at", "$.sentAt", TIMESTAMP),
            Field("opened_at", "$.openedAt", TIMESTAMP),
            Field("response_started_at", "$.responseStartedAt", TIMESTAMP),
            Field("response_completed_at", "$.responseCompletedAt", TIMESTAMP),
        ),
    ),
    Stream(
        "directory_contacts",
        record_id=("directory_id", "id"),
        version=None,
        context=("directory_id",),
        is_gated=True,
        fields=(
            Field("id", "$.contactId", required=True),
            Field("email", "$.email"),
            Field("person_number", "$.extRef"),
            Field("language", "$.language"),
            Field("is_unsubscribed", "$.unsubscribed", BOOLEAN),
        ),
    ),
    Stream(
        "response_ids",
        record_id=("survey_id", "id"),
        version=None,
        context=("survey_id",),
        # Counted before the responses are exported, one that comes in between would pass for deleted.
        follows=("surveys", "responses"),
        fields=(
            Field("id", "$.responseId", required=True),
            Field("last_modified_at", "$.values.LastModifiedDate", TIMESTAMP),
        ),
    ),
)

RECORDS_PER_PAGE = 100
TOKEN_LIFE = timedelta(days=6)
"""A token lives for a week; a day is left for a night that is late."""
TOKEN_AGE = OVERLAP + timedelta(days=1)
"""How much older than the last export a token is: the overlap, and a day because nights begin at any hour."""
BY_DATE_EVERY = timedelta(days=7)
INVITATIONS_AGAIN = timedelta(days=45)
"""A distribution that goes out all month, one recipient after the other, and two weeks to answer the last."""
EXPORT_SETUP_REQUESTS = 2  # its start and one look whether it is done

BRAND_REQUESTS_A_MINUTE = 3000
EXPORTS_A_MINUTE = 95  # of the vendor's 100: an export that failed is started again
BAD_REQUEST = 400
SCOPE = "read:surveys read:survey_responses read:distributions read:directories read:directory_contacts"


def survey_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Page through the list of all surveys."""
    yield from _listed(client, "/API/v3/surveys", {})


def definition_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Fetch the definition of every survey this night landed."""
    for survey_id in _survey_ids(window):
        path = f"/API/v3/survey-definitions/{quote(survey_id, safe='')}"
        try:
            answer = client.get(path, records=("result",))
        except RefusedError as error:
            _pass_over_if_gone("survey", survey_id, error)
        else:
            yield Page(answer.records, {"path": path})


def distribution_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the distributions of every survey this night landed."""
    for survey_id in _survey_ids(window):
        # The old paging counts rows, which shift while one pages.
        request = {
            "surveyId": survey_id,
            "pageSize": str(RECORDS_PER_PAGE),
            "useNewPaginationScheme": "true",
        }
        try:
            yield from _listed(client, "/API/v3/distributions", request, {"survey_id": survey_id})
        except RefusedError as error:
            _pass_over_if_gone("survey", survey_id, error)


def invitation_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the recipients of every distribution that may have moved on since the last night."""
    again_from = datetime.fromisoformat(window.cursor) - INVITATIONS_AGAIN if window.cursor else None
    for distribution in window.landed("distributions"):
        sent_at = distribution.get("sendDate")
        if again_from and sent_at and datetime.fromisoformat(str(sent_at)) < again_from:
            continue
        path = f"/API/v3/distributions/{quote(str(distribution['id']), safe='')}/history"
        survey_id = str((distribution.get("surveyLink") or {}).get("surveyId") or "")
        try:
            yield from _listed(client, path, {}, {"survey_id": survey_id})
        except RefusedError as error:
            _pass_over_if_gone("distribution", distribution["id"], error)
    yield _iso(window.until)


def directory_contact_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """List the people of every directory, once a week."""
    return weekly(window, _all_directory_contacts(client))


def _all_directory_contacts(client: Client) -> Iterator[Page]:
    path = "/API/v3/directories"
    for page in _listed(client, path, {}):
        for record in page.records:
            directory_id = str(json.loads(record)["directoryId"])
            contacts = f"{path}/{quote(directory_id, safe='')}/contacts"
            request = {"pageSize": str(RECORDS_PER_PAGE)}
            yield from _listed(client, contacts, request, {"directory_id": directory_id})


def response_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Export what may be new of every survey this night landed, one survey after the other."""
    cursors: dict[str, Any] = json.loads(window.cursor) if window.cursor else {}
    cursors_after = {}
    for survey_id in _survey_ids(window):
        before = _Progress.read(cursors.get(survey_id))
        try:
            request, export = _next_export(client, survey_id, before, window.until)
        except RefusedError as error:
            _pass_over_if_gone("survey", survey_id, error)
            continue
        yield from _export_pages(survey_id, request, export)
        after = _Progress.after(before, request, export.token, window.until)
        cursors_after[survey_id] = after.written()
    yield json.dumps(cursors_after, sort_keys=True)


def response_id_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """List the ids of all responses of every survey this night landed, once a week."""
    return weekly(window, _all_response_ids(client, window))


def _all_response_ids(client: Client, window: Window) -> Iterator[Page]:
    next(iter(window.landed("responses")), None)  # says so where they have not landed
    request = {
        "format": "ndjson",
        "sortByLastModifiedDate": True,
        "questionIds": [],
        "embeddedDataIds": [],
        "surveyMetadataIds": ["_recordId"],
    }
    for survey_id in _survey_ids(window):
        try:
            export = export_responses(client, survey_id, request)
        except RefusedError as error:
            _pass_over_if_gone("survey", survey_id, error)
        else:
            yield from _export_pages(survey_id, request, export)


@dataclass(frozen=True)
class _Progress:
    """How far the export of one survey has come.

    `until` is the end of the last night that exported it, and `by_date` that of the last one that read all
    since an overlap before the one before it. `tokens` are those that still live, by the end of their night.
    """

    until: datetime
    by_date: datetime
    tokens: Mapping[datetime, str]

    @classmethod
    def read(cls, written: Any) -> "_Progress | None":  # noqa: ANN401 - JSON
        if written is None:
            return None
        if isinstance(written, str):  # as it was written before there were tokens
            return cls(datetime.fromisoformat(written), datetime.fromisoformat(written), {})
        return cls(
            datetime.fromisoformat(written["until"]),
            datetime.fromisoformat(written["by_date"]),
            {datetime.fromisoformat(given): token for given, token in written["tokens"].items()},
        )

    @classmethod
    def after(
        cls, before: "_Progress | None", request: Mapping[str, object], token: str | None, until: datetime
    ) -> "_Progress":
        by_date, tokens = until, {until: token} if token else {}
        if before is not None:
            if request.get("startDate") != _iso(before.by_date - OVERLAP):
                by_date = before.by_date
            tokens |= {given: each for given, each in before.tokens.items() if until - given < TOKEN_LIFE}
        return cls(until, by_date, tokens)

    def written(self) -> Mapping[str, object]:
        tokens = {_iso(given): token for given, token in self.tokens.items()}
        return {"until": _iso(self.until), "by_date": _iso(self.by_date), "tokens": tokens}

    def token(self, until: datetime) -> str | None:
        """Return the newest token old enough to cover all that may have shown up since the last export."""
        covering = [
            given for given in self.tokens if given <= self.until - TOKEN_AGE and until - given <= TOKEN_LIFE
        ]
        return self.tokens[max(covering)] if covering else None


def _next_export(
    client: Client, survey_id: str, before: _Progress | None, until: datetime
) -> tuple[Mapping[str, object], Export]:
    """Export what may be new of a survey, and return how it was asked for."""
    if before is None:
        return _export_since(client, survey_id, None)
    if until - before.by_date >= BY_DATE_EVERY:
        return _export_since(client, survey_id, before.by_date)
    if token := before.token(until):
        request = {**_export_options(), "continuationToken": token}
        try:
            return request, export_responses(client, survey_id, request)
        except RefusedError as error:
            if error.status != BAD_REQUEST:
                raise
            _log.warning(
                "qualtrics: the continuation token of survey %s was refused: exported by date", survey_id
            )
    return _export_since(client, survey_id, before.until)


def _export_since(
    client: Client, survey_id: str, since: datetime | None
) -> tuple[Mapping[str, object], Export]:
    request = {**_export_options(), "allowContinuation": True}
    if since:
        request["startDate"] = _iso(since - OVERLAP)
    return request, export_responses(client, survey_id, request)


def _export_options() -> dict[str, object]:
    # Every default that would change what comes is left out: codes stay codes, times are UTC.
    return {"format": "ndjson", "sortByLastModifiedDate": True}


def _export_pages(survey_id: str, request: Mapping[str, object], export: Export) -> Iterator[Page]:
    asked, context = {"path": exports_path(survey_id), **request}, {"survey_id": survey_id}
    for lines in export.pages:
        yield Page(lines, asked, context, page_size=sys.maxsize, setup_requests=EXPORT_SETUP_REQUESTS)


def _listed(
    client: Client, path: str, request: dict[str, str], context: Mapping[str, str] | None = None
) -> Iterator[Page]:
    """Page through a list by the links it gives."""
    seen: list[dict[str, str]] = []
    while request not in seen:
        seen.append(request)
        answer = client.get(path, request, records=("result", "elements"))
        yield Page(answer.records, {"path": path, **request}, context or {}, page_size=RECORDS_PER_PAGE)
        next_page = answer.envelope["result"].get("nextPage")
        if not next_page:
            return
        # Only the query is taken from the link: the host is the connection's.
        request = dict(parse_qsl(urlsplit(next_page).query))
        if request.get("surveyId") != seen[0].get("surveyId"):
            break
    raise client.error(path, "goes round in circles: it sent a page twice", remedy="Run the night again.")


def _survey_ids(window: Window) -> Iterator[str]:
    return (str(survey["id"]) for survey in window.landed("surveys"))


def _pass_over_if_gone(kind: str, own_id: str, error: RefusedError) -> None:
    """What was deleted after it was listed has nothing left to send; anything else stops the night."""
    if error.status != NOT_FOUND:
        raise error
    _log.warning("qualtrics: %s %s was listed this night and is gone now: passed over", kind, own_id)


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    return {"X-API-TOKEN": connection.password}


def _token(connection: SourceConnection) -> TokenRequest | None:
    if not connection.extra.get("client_id"):
        return None
    client = f"{connection.extra['client_id']}:{connection.extra.get('client_secret', '')}"
    return TokenRequest(
        "/oauth2/token",
        {"grant_type": "client_credentials", "scope": connection.extra.get("scope", SCOPE)},
        {"Authorization": f"Basic {base64.b64encode(client.encode()).decode()}"},
    )


def _rates(connection: SourceConnection) -> tuple[Rate, ...]:
    brand = _a_minute(connection, "requests_per_minute", BRAND_REQUESTS_A_MINUTE)
    exports = _a_minute(connection, "exports_per_minute", EXPORTS_A_MINUTE)
    # The limit is on starts, which have no path of their own; every export that starts fetches one file.
    return Rate("/API/", brand, 60.0), Rate("/file", exports, 60.0)


def _a_minute(connection: SourceConnection, name: str, vendors: int) -> int:
    said = str(connection.extra.get(name, vendors))
    if not said.isdecimal() or int(said) < 1:
        raise ConfigurationError(
            f"{connection.connection_id}: {name} is {said!r}, not a number of requests a minute.",
            remedy="Put a whole number into the connection's extra, or leave it out.",
        )
    return int(said)


def _refusal(answer: Mapping[str, Any]) -> str | None:
    meta = answer.get("meta") or {}
    error = meta.get("error")
    if not error:
        return None
    said = str(error.get("errorMessage"))
    if str(meta.get("httpStatus", "")).startswith("401"):
        said += " (A right token is refused too where the host is not its own datacenter's)"
    return said


_PAGERS: Mapping[str, Pages] = {
    "surveys": survey_pages,
    "survey_definitions": definition_pages,
    "responses": response_pages,
    "distributions": distribution_pages,
    "invitations": invitation_pages,
    "directory_contacts": directory_contact_pages,
    "response_ids": response_id_pages,
}


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    return _PAGERS[stream.name](client, stream, window)


QUALTRICS = Source(
    "qualtrics",
    "qualtrics_default",
    STREAMS,
    _pages,
    _headers,
    _refusal,
    token=_token,
    rates=_rates,
    side_by_side=3,
)
