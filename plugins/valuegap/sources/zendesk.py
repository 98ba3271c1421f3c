"""Zendesk Support: users, organizations, tickets and what happened to them, ratings, fields and deletes.

**Exports.** Users, organizations, tickets with their metric sets, ticket events and metric events come from
the incremental exports, in the order of Zendesk's own clock of change, which also moves for changes that
leave `updated_at` alone. Tickets and users are exported by cursor: the last one is kept, and the next night
goes on from it; a cursor Zendesk no longer knows is replaced by the time it stood for. The others are
exported by time: the next page starts at the time the last one ended, that second included, so pages
overlap on purpose. Metric events are in order of the time they tell, and some show late: each night reads
them again from `OVERLAP` before its cursor.

An export has no end but the present: what changes between midnight and the run is landed a night early,
never late.

**Lists.** Legacy ratings are asked for by the time they were made; giving another rating makes another one.
Answers to the newer surveys may change for four weeks after the survey was sent, which is the only time the
list can be asked by, so every night reads these weeks again. Ticket fields and the tickets deleted in the
last thirty days are read whole.

**Deletes** are exported like changes: a ticket's status, a user's `active`, an organization's `deleted_at`.
What goes without a word (purged, or merged in ways Zendesk does not write down) shows in the weekly census
of users and organizations. Tickets have none: no list holds the archived ones.
"""

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from valuegap.errors import SourceError
from valuegap.sources.client import Answer, Client, RefusedError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.stream import (
    OVERLAP,
    Field,
    FieldType,
    Page,
    Source,
    Stream,
    TokenRequest,
    Window,
    weekly,
)

_log = logging.getLogger(__name__)

INTEGER, BOOLEAN = FieldType.INTEGER, FieldType.BOOLEAN
TIMESTAMP, EPOCH_SECONDS, JSON = FieldType.TIMESTAMP, FieldType.EPOCH_SECONDS, FieldType.JSON


def _metric_minutes(name: str) -> tuple[Field, Field]:
    path = f"$.metric_set.{name}_in_minutes"
    return (
        Field(f"{name}_minutes_calendar", f"{path}.calendar", INTEGER),
        Field(f"{name}_minutes_business", f"{path}.business", INTEGER),
    )


STREAMS = (
    Stream(
        "users",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("email", "$.email"),
            Field("phone", "$.phone"),
            Field("role", "$.role"),
            Field("external_id", "$.external_id"),
            Field("organization_id", "$.organization_id"),
            Field("default_group_id", "$.default_group_id"),
            Field("is_active", "$.active", BOOLEAN),
            Field("locale", "$.locale"),
            Field("time_zone", "$.time_zone"),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "organizations",
        fields=(
            Field("id", "$.id", required=True),
            Field("name", "$.name"),
            Field("external_id", "$.external_id"),
            Field("domain_names", "$.domain_names", JSON),
            Field("deleted_at", "$.deleted_at", TIMESTAMP),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "tickets",
        version="generated_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("external_id", "$.external_id"),
            Field("status", "$.status", required=True),
            Field("priority", "$.priority"),
            Field("type", "$.type"),
            Field("channel", "$.via.channel"),
            Field("requester_id", "$.requester_id"),
            Field("assignee_id", "$.assignee_id"),
            Field("organization_id", "$.organization_id"),
            Field("tags", "$.tags", JSON),
            Field("custom_fields", "$.custom_fields", JSON),
            Field("satisfaction_score", "$.satisfaction_rating.score"),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
            Field("generated_at", "$.generated_timestamp", EPOCH_SECONDS, required=True),
            Field("reopens", "$.metric_set.reopens", INTEGER),
            Field("replies", "$.metric_set.replies", INTEGER),
            Field("assignee_stations", "$.metric_set.assignee_stations", INTEGER),
            Field("solved_at", "$.metric_set.solved_at", TIMESTAMP),
            *_metric_minutes("reply_time"),
            *_metric_minutes("first_resolution_time"),
            *_metric_minutes("full_resolution_time"),
            *_metric_minutes("requester_wait_time"),
        ),
    ),
    Stream(
        "ticket_events",
        version="occurred_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("ticket_id", "$.ticket_id", required=True),
            Field("occurred_at", "$.timestamp", EPOCH_SECONDS, required=True),
            Field("updater_id", "$.updater_id"),
            Field("child_events", "$.child_events", JSON),
        ),
    ),
    Stream(
        "ticket_metric_events",
        version=None,
        fields=(
            Field("id", "$.id", required=True),
            Field("ticket_id", "$.ticket_id", required=True),
            Field("metric", "$.metric", required=True),
            Field("instance_id", "$.instance_id"),
            Field("type", "$.type", required=True),
            Field("occurred_at", "$.time", TIMESTAMP, required=True),
            Field("is_deleted", "$.deleted", BOOLEAN),
            Field("status_minutes_calendar", "$.status.calendar", INTEGER),
            Field("status_minutes_business", "$.status.business", INTEGER),
            Field("sla_target_minutes", "$.sla.target", INTEGER),
            Field("sla_is_in_business_hours", "$.sla.business_hours", BOOLEAN),
            Field("sla_policy", "$.sla.policy.title"),
        ),
    ),
    Stream(
        "satisfaction_ratings",
        is_gated=True,
        fields=(
            Field("id", "$.id", required=True),
            Field("ticket_id", "$.ticket_id"),
            Field("requester_id", "$.requester_id"),
            Field("assignee_id", "$.assignee_id"),
            Field("group_id", "$.group_id"),
            Field("score", "$.score", required=True),
            Field("comment", "$.comment"),
            Field("reason", "$.reason"),
            Field("created_at", "$.created_at", TIMESTAMP, required=True),
            Field("updated_at", "$.updated_at", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "csat_responses",
        version=None,
        is_gated=True,
        fields=(
            Field("id", "$.id", required=True),
            Field("responder_id", "$.responder_id"),
            Field("survey_id", "$.survey.id"),
            Field("survey_version", "$.survey.version", INTEGER),
            Field("subjects", "$.subjects", JSON),
            Field("answers", "$.answers", JSON),
            Field("expires_at", "$.expires_at", TIMESTAMP),
        ),
    ),
    Stream(
        "ticket_fields",
        fields=(
            Field("id", "$.id", required=True),
            Field("type", "$.type", required=True),
            Field("title", "$.title"),
            Field("raw_title", "$.raw_title"),
            Field("description", "$.description"),
            Field("tag", "$.tag"),
            Field("is_active", "$.active", BOOLEAN),
            Field("options", "$.custom_field_options", JSON),
            Field("created_at", "$.created_at", TIMESTAMP),
            Field("updated_at", "$.updated_at", TIMESTAMP),
        ),
    ),
    Stream(
        "deleted_tickets",
        version="deleted_at",
        fields=(
            Field("id", "$.id", required=True),
            Field("subject", "$.subject"),
            Field("previous_status", "$.previous_state"),
            Field("deleted_by_id", "$.actor.id"),
            Field("deleted_at", "$.deleted_at", TIMESTAMP),
        ),
    ),
    Stream("user_ids", version=None, fields=(Field("id", "$.id", required=True),)),
    Stream("organization_ids", version=None, fields=(Field("id", "$.id", required=True),)),
)

PER_PAGE = 1000  # of an export
LIST_SIZE, SURVEY_LIST_SIZE = 100, 50  # the most a list gives, and that of survey responses
YOUNGEST_START = timedelta(seconds=60)  # Zendesk refuses a start_time younger than a minute
ANSWERS_CHANGE_FOR = timedelta(days=28)  # after a survey was sent
CURSOR_REFUSED = (400, 410, 422)
TOKEN_SECONDS = 3600

_INCLUDED = {"tickets": "metric_sets", "ticket_events": "comment_events"}
_OVERLAPS = {"ticket_metric_events": OVERLAP}
_CENSUS_OF = {"user_ids": "users", "organization_ids": "organizations"}


def cursor_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through a cursor export, from the kept cursor or from the beginning of time.

    The cursor kept is JSON: Zendesk's own, and `at`, the end of the night it was kept in, in epoch seconds.
    When Zendesk does not take its cursor any more, the export begins anew `OVERLAP` before that time.

    Raises:
        RefusedError: A cursor was refused again after that.
        SourceError: The export goes round in circles.
    """
    path = f"/api/v2/incremental/{stream.name}/cursor.json"
    cursor, kept_at = _bookmark(window.cursor)
    position, seen = _position(cursor, 0), {cursor}
    has_begun_anew = False
    while True:
        request = {**position, **_parameters(stream)}
        try:
            answer = client.get(path, request, records=(stream.name,))
        except RefusedError as refusal:
            if refusal.status not in CURSOR_REFUSED or "cursor" not in position or has_begun_anew:
                raise
            start = max(0, kept_at - int(OVERLAP.total_seconds()))
            _log.warning("%s It is exported again from second %d on.", refusal.what, start)
            position, seen, has_begun_anew = _position(None, start), {None}, True
            continue
        yield Page(answer.records, {"path": path, **request}, page_size=PER_PAGE)
        cursor = answer.envelope.get("after_cursor") or cursor
        if answer.envelope.get("end_of_stream"):
            break
        if cursor in seen:
            raise _circles(client, path, cursor)
        seen.add(cursor)
        position = _position(cursor, 0)
    if cursor:
        yield json.dumps({"cursor": cursor, "at": int(window.until.timestamp())})


def time_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through a time-based export, from the second the last one ended in.

    Where more records share one second than a page holds, Zendesk sends the same page for ever. Metric events
    are then read by their list, which has smaller pages and a cursor, until that second is over.

    Raises:
        SourceError: The same happens where there is no such list; only skipping records would get past it.
    """
    path = f"/api/v2/incremental/{stream.name}.json"
    latest = int((window.until - YOUNGEST_START).timestamp())
    kept = int(window.cursor or 0)
    overlap = int(_OVERLAPS.get(stream.name, timedelta(0)).total_seconds())
    start = max(0, min(kept - overlap, latest))
    while True:
        request = {"start_time": str(start), **_parameters(stream)}
        answer = client.get(path, request, records=(stream.name,))
        yield Page(answer.records, {"path": path, **request}, page_size=PER_PAGE)
        end = _end_time(answer, start)
        if _is_last(answer, start):
            break
        if end <= start:
            following = yield from _past_second(client, path, stream, start)
            if following is None:
                break
            end = following
        start = end
    # A time to come would keep the next night from asking for anything before it.
    yield str(min(max(kept, start, end), latest))


def rating_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the legacy ratings made since `OVERLAP` before the last night's end."""
    since = {"start_time": str(_since(window, OVERLAP))} if window.cursor else {}
    yield from _listed(client, "/api/v2/satisfaction_ratings", stream.name, since)
    yield str(int(window.until.timestamp()))


def csat_pages(client: Client, _stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the survey responses that could have changed since the last night."""
    since = {"sort": "id"}
    if window.cursor:
        # in milliseconds, unlike everywhere else
        since["filter[created_at_start]"] = f"{_since(window, ANSWERS_CHANGE_FOR + OVERLAP)}000"
    path = "/api/v2/guide/survey_responses"
    yield from _listed(client, path, "survey_responses", since, SURVEY_LIST_SIZE)
    yield str(int(window.until.timestamp()))


def whole_pages(client: Client, stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Page through a list that is read whole every night."""
    yield from _listed(client, f"/api/v2/{stream.name}", stream.name)


def census_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through all there are, once a week."""
    counted = _CENSUS_OF[stream.name]
    return weekly(window, _listed(client, f"/api/v2/{counted}", counted))


def _listed(
    client: Client,
    path: str,
    key: str,
    parameters: Mapping[str, str] | None = None,
    size: int = LIST_SIZE,
) -> Iterator[Page]:
    position: dict[str, str] = {}
    seen: set[str | None] = {None}
    while True:
        request = {**(parameters or {}), "page[size]": str(size), **position}
        answer = client.get(path, request, records=(key,))
        yield Page(answer.records, {"path": path, **request}, page_size=size)
        meta = answer.envelope.get("meta")
        if not isinstance(meta, Mapping):
            raise client.error(
                path,
                "does not say whether more records follow",
                remedy="The vendor's API may have changed: compare with its reference.",
            )
        if not meta.get("has_more"):
            return
        after = meta.get("after_cursor")
        if after in seen:
            raise _circles(client, path, after)
        seen.add(after)
        position = {"page[after]": str(after)}


def _past_second(client: Client, path: str, stream: Stream, second: int) -> Generator[Page, None, int | None]:
    """Page past a second that fills a page; return the next one, or None at the end of the stream."""
    if stream.name != "ticket_metric_events":
        raise client.error(
            path,
            f"cannot get past second {second}: more records share it than a page holds",
            remedy="Nothing was skipped: ask Zendesk support to export that second.",
        )
    for page in _listed(client, path.removesuffix(".json"), stream.name, {"start_time": str(second)}):
        yield page
        following = _epoch_second(page.records[-1]) if page.records else None
        if following is not None and following > second:
            return following
    return None


def _epoch_second(metric_event: bytes) -> int | None:
    try:
        return int(datetime.fromisoformat(json.loads(metric_event)["time"]).timestamp())
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None  # the loader will set it aside


def _is_last(answer: Answer, start: int) -> bool:
    is_end = answer.envelope.get("end_of_stream")
    if is_end is None:  # not every export says it, nor what its largest page is
        return _end_time(answer, start) <= start and len(answer.records) < LIST_SIZE
    return bool(is_end)


def _end_time(answer: Answer, start: int) -> int:
    return int(answer.envelope.get("end_time") or start)


def _circles(client: Client, path: str, cursor: object) -> SourceError:
    return client.error(path, f"goes round in circles at cursor {cursor}", remedy="Run the night again.")


def _bookmark(kept: str | None) -> tuple[str | None, int]:
    """Return Zendesk's cursor and its time; a cursor kept before times were has time 0."""
    if kept is None:
        return None, 0
    try:
        bookmark = json.loads(kept)
        return str(bookmark["cursor"]), int(bookmark["at"])
    except (ValueError, TypeError, KeyError):
        return kept, 0


def _position(cursor: str | None, start_time: int) -> Mapping[str, str]:
    return {"cursor": cursor} if cursor else {"start_time": str(start_time)}


def _since(window: Window, reach: timedelta) -> int:
    return int(window.cursor or 0) - int(reach.total_seconds())


def _parameters(stream: Stream) -> Mapping[str, str]:
    parameters = {"per_page": str(PER_PAGE)}
    if stream.name in _INCLUDED:
        parameters["include"] = _INCLUDED[stream.name]
    return parameters


def _token(connection: SourceConnection) -> TokenRequest | None:
    """Ask for tokens by client credentials: the grant for a service without a person, and not single-use.

    Only a token whose lifetime is asked for has one; without it old clients pile up tokens without end.
    """
    client_id, secret = connection.extra.get("client_id"), connection.extra.get("client_secret")
    if not client_id or not secret:
        return None
    grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return TokenRequest("/oauth/tokens", {**grant, "scope": "read", "expires_in": str(TOKEN_SECONDS)})


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    if not connection.login:
        return {"Authorization": f"Bearer {connection.password}"}
    credentials = b64encode(f"{connection.login}/token:{connection.password}".encode())
    return {"Authorization": f"Basic {credentials.decode()}"}


def _pause(headers: Mapping[str, str]) -> float:
    """Return the seconds until the first limit that is used up opens again.

    Limits of single endpoints come as `zendesk-ratelimit-incremental-exports: total=10; remaining=0;
    resets=44`, that of the account as `ratelimit-remaining` and `ratelimit-reset`.
    """
    limits = {name.lower(): value for name, value in headers.items()}
    waits = [_until_reset(limits.get("ratelimit-remaining", ""), limits.get("ratelimit-reset", ""))]
    for name, value in limits.items():
        if name.startswith("zendesk-ratelimit-"):
            parts = dict(part.strip().partition("=")[::2] for part in value.split(";"))
            waits.append(_until_reset(parts.get("remaining", ""), parts.get("resets", "")))
    return max(waits)


def _until_reset(remaining: str, seconds: str) -> float:
    return float(seconds) if remaining.strip() == "0" and seconds.strip().isdecimal() else 0.0


def _refusal(answer: Mapping[str, Any]) -> str | None:
    error = answer.get("error")
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("title"))
    if error:
        return f"{error} {answer.get('description') or answer.get('error_description') or ''}"
    errors = answer.get("errors")
    return "; ".join(_title(each) for each in errors) if isinstance(errors, list) and errors else None


def _title(error: object) -> str:
    if isinstance(error, Mapping):
        return str(error.get("title") or error.get("detail") or error.get("code"))
    return str(error)


_PAGERS: Mapping[str, Callable[[Client, Stream, Window], Iterator[Page | str]]] = {
    "users": cursor_pages,
    "organizations": time_pages,
    "tickets": cursor_pages,
    "ticket_events": time_pages,
    "ticket_metric_events": time_pages,
    "satisfaction_ratings": rating_pages,
    "csat_responses": csat_pages,
    "ticket_fields": whole_pages,
    "deleted_tickets": whole_pages,
    "user_ids": census_pages,
    "organization_ids": census_pages,
}


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    return _PAGERS[stream.name](client, stream, window)


ZENDESK = Source(
    "zendesk", "zendesk_default", STREAMS, _pages, _headers, _refusal, token=_token, pause=_pause
)
