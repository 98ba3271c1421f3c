"""Zendesk Support: users, organizations, tickets with their metric sets, and ticket events.

All four come from the incremental exports, in the order of Zendesk's own clock of change, which also
moves for changes that leave `updated_at` alone. Tickets and users are exported by cursor: the last one is
kept, and the next night goes on from it. Organizations and ticket events are exported by time: the next
page starts at the time the last one ended, that second included, so pages overlap on purpose.

An export has no end but the present: what changes between midnight and the run is landed a night early,
never late.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from valuegap.sources.client import Client
from valuegap.sources.connection import SourceConnection
from valuegap.sources.stream import Field, FieldType, Page, Source, Stream, Window

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
)

PER_PAGE = 1000
YOUNGEST_START = timedelta(seconds=60)  # Zendesk refuses a start_time younger than a minute
_CURSOR_EXPORTS = ("users", "tickets")
_INCLUDED = {"tickets": "metric_sets", "ticket_events": "comment_events"}


def cursor_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through a cursor export, from the kept cursor or from the beginning of time."""
    path = f"/api/v2/incremental/{stream.name}/cursor.json"
    position = {"cursor": window.cursor} if window.cursor else {"start_time": "0"}
    cursor, seen = window.cursor, {window.cursor}
    while True:
        request = {**position, **_parameters(stream)}
        answer = client.get(path, request, records=(stream.name,))
        yield Page(answer.records, {"path": path, **request})
        cursor = answer.envelope.get("after_cursor") or cursor
        if answer.envelope.get("end_of_stream"):
            break
        if cursor in seen:
            raise client.error(
                path, f"goes round in circles at cursor {cursor}", remedy="Run the night again."
            )
        seen.add(cursor)
        position = {"cursor": str(cursor)}
    if cursor:
        yield cursor


def time_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through a time-based export, from the second the last one ended in.

    Raises:
        SourceError: More records share one second than a page holds. Zendesk then sends the same page for
            ever, and only skipping records would get past it.
    """
    path = f"/api/v2/incremental/{stream.name}.json"
    start = min(int(window.cursor or 0), int((window.until - YOUNGEST_START).timestamp()))
    while True:
        request = {"start_time": str(start), **_parameters(stream)}
        answer = client.get(path, request, records=(stream.name,))
        yield Page(answer.records, {"path": path, **request})
        end = int(answer.envelope.get("end_time") or start)
        if answer.envelope.get("end_of_stream", len(answer.records) < PER_PAGE):
            break
        if end <= start:
            raise client.error(
                path,
                f"cannot get past second {start}: more records share it than a page holds",
                remedy="Nothing was skipped: ask Zendesk support to export that second.",
            )
        start = end
    yield str(max(start, end))


def _parameters(stream: Stream) -> Mapping[str, str]:
    parameters = {"per_page": str(PER_PAGE)}
    if stream.name in _INCLUDED:
        parameters["include"] = _INCLUDED[stream.name]
    return parameters


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    if not connection.login:
        return {"Authorization": f"Bearer {connection.password}"}
    credentials = b64encode(f"{connection.login}/token:{connection.password}".encode())
    return {"Authorization": f"Basic {credentials.decode()}"}


def _refusal(answer: Mapping[str, Any]) -> str | None:
    error = answer.get("error")
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("title"))
    if error:
        return f"{error} {answer.get('description') or ''}"
    errors = answer.get("errors")
    return "; ".join(str(each.get("title")) for each in errors) if errors else None


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    pager = cursor_pages if stream.name in _CURSOR_EXPORTS else time_pages
    return pager(client, stream, window)


ZENDESK = Source("zendesk", "zendesk_default", STREAMS, _pages, _headers, _refusal)
