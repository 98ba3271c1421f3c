"""What the staging models of Zendesk must hold.

An export has no end but the present, and shows nothing of its last minute: so what became visible a minute
before the night began to read is there, and what came later may be.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from tests.oracle.oracle import (
    ABSENT,
    GONE,
    Acceptable,
    Column,
    Group,
    Life,
    Reading,
    Row,
    Table,
    at_path,
    boolean,
    epoch_seconds,
    in_order,
    integer,
    last_census,
    lives,
    read_strictly,
    structure,
    text,
    timestamp,
    why_quarantined,
    wire_text,
)

Columns = Mapping[str, Column]

KEY_PREFIXES = {"satisfaction_ratings": "legacy:"}
HIDDEN = timedelta(seconds=61)
NO_END = datetime(9999, 1, 1, tzinfo=UTC)

TIMES = {
    "created_at": Column("created_at", timestamp, required=True),
    "updated_at": Column("updated_at", timestamp, required=True),
}

USERS: Columns = {
    "user_id": Column("id", required=True),
    "organization_id": Column("organization_id"),
    "person_number": Column("external_id"),
    "team_id": Column("default_group_id"),
    "name": Column("name"),
    "email": Column("email"),
    "phone": Column("phone"),
    "role": Column("role"),
    "locale": Column("locale"),
    "time_zone": Column("time_zone"),
    "is_active": Column("active", boolean),
    **TIMES,
}
ORGANIZATIONS: Columns = {
    "organization_id": Column("id", required=True),
    "customer_number": Column("external_id"),
    "name": Column("name"),
    "domain_names": Column("domain_names", structure),
    **TIMES,
    "deleted_at": Column("deleted_at", timestamp),
}


def _minutes(column: str, metric: str) -> dict[str, Column]:
    return {
        f"{column}_minutes_{hours}": Column(f"metric_set.{metric}_in_minutes.{hours}", integer)
        for hours in ("calendar", "business")
    }


TICKETS: Columns = {
    "ticket_id": Column("id", required=True),
    "external_id": Column("external_id"),
    "requester_id": Column("requester_id"),
    "assignee_id": Column("assignee_id"),
    "organization_id": Column("organization_id"),
    "status": Column("status", required=True),
    "priority": Column("priority"),
    "ticket_type": Column("type"),
    "channel": Column("via.channel"),
    "tags": Column("tags", lambda value: None if value is None else tuple(value)),
    "custom_fields": Column("custom_fields", structure),
    "satisfaction_score": Column("satisfaction_rating.score"),
    "n_reopens": Column("metric_set.reopens", integer),
    "n_replies": Column("metric_set.replies", integer),
    "n_assignee_stations": Column("metric_set.assignee_stations", integer),
    **_minutes("first_reply", "reply_time"),
    **_minutes("first_resolution", "first_resolution_time"),
    **_minutes("full_resolution", "full_resolution_time"),
    **_minutes("requester_wait", "requester_wait_time"),
    **TIMES,
    "generated_at": Column("generated_timestamp", epoch_seconds, required=True),
    "solved_at": Column("metric_set.solved_at", timestamp),
}
EVENTS: Columns = {
    "event_id": Column("id", required=True),
    "ticket_id": Column("ticket_id", required=True),
    "updater_id": Column("updater_id"),
    "occurred_at": Column("timestamp", epoch_seconds, required=True),
}
CHILDREN: Columns = {
    "author_id": Column("author_id"),
    "assignee_id": Column("assignee_id"),
    "event_type": Column("event_type"),
    "status": Column("status"),
    "is_public": Column("public", boolean),
}
METRIC_EVENTS: Columns = {
    "event_id": Column("id", required=True),
    "ticket_id": Column("ticket_id", required=True),
    "instance_id": Column("instance_id"),
    "metric": Column("metric", required=True),
    "event_type": Column("type", required=True),
    "sla_policy": Column("sla.policy.title"),
    "status_minutes_calendar": Column("status.calendar", integer),
    "status_minutes_business": Column("status.business", integer),
    "sla_target_minutes": Column("sla.target", integer),
    "sla_is_in_business_hours": Column("sla.business_hours", boolean),
    "is_deleted": Column("deleted", boolean),
    "occurred_at": Column("time", timestamp, required=True),
}
RATINGS: Columns = {
    "rating_id": Column("id", required=True),
    "ticket_id": Column("ticket_id"),
    "requester_id": Column("requester_id"),
    "score": Column("score", required=True),
    "comment": Column("comment"),
    "reason": Column("reason"),
    **TIMES,
}
FIELDS: Columns = {
    "field_id": Column("id", required=True),
    "field_title": Column("title"),
    "field_type": Column("type", required=True),
    "description": Column("description"),
    "tag": Column("tag"),
    "options": Column("custom_field_options", structure),
    "is_active": Column("active", boolean),
    "created_at": Column("created_at", timestamp),
    "updated_at": Column("updated_at", timestamp),
}
STREAMS: Mapping[str, Columns] = {
    "users": USERS,
    "organizations": ORGANIZATIONS,
    "tickets": TICKETS,
    "ticket_events": EVENTS,
    "ticket_metric_events": METRIC_EVENTS,
    "satisfaction_ratings": RATINGS,
    "ticket_fields": FIELDS,
}


def _values(columns: Columns, mutation: Any) -> dict[str, Any]:
    return _typed(columns, read_strictly(wire_text(mutation)))


def _typed(columns: Columns, record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: column.kind(at_path(record, column.path)) for name, column in columns.items()}


def _looks(life: Life, tonight: Reading) -> list[datetime]:
    first = tonight.start - HIDDEN
    return [first, *(each.visible_at for each in life.mutations if first < each.visible_at <= tonight.end)]


def _last_good(columns: Columns, life: Life, instant: datetime) -> Any | None:
    good = tuple(each for each in life.mutations if not why_quarantined(each, columns.values()))
    return Life(life.id, good).shown(instant, NO_END)


Rows = Callable[[Any, Life, datetime, Reading], list[Group]]
"""Of the last good version of a record at an instant: every group of rows that keeps the promise."""


def _expected(stream: str, rows: Rows, log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    tonight, census = readings[-1], last_census(readings)
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, stream):
        groups: set[Group] = set()
        for instant in _looks(life, tonight):
            shown = _last_good(STREAMS[stream], life, instant)
            groups |= {ABSENT} if shown is None else set(rows(shown, life, instant, census))
        acceptable[f"{KEY_PREFIXES.get(stream, '')}{life.id}",] = frozenset(groups)
    return acceptable


def _is_gone(mutation: Any, census: Reading, *, is_deleted: bool) -> list[bool]:
    """Tell whether a record is to be called deleted: what is gone without a word, from the next census on."""
    if mutation.op not in GONE:
        return [is_deleted]
    return [True] if mutation.visible_at <= census.start else [True, is_deleted]


def _users(mutation: Any, _life: Life, _instant: datetime, census: Reading) -> list[Group]:
    row = _values(USERS, mutation)
    row["is_end_user"] = row["role"] == "end-user"
    gone = _is_gone(mutation, census, is_deleted=row["is_active"] is False)
    return [_row(USER_COLUMNS, row | {"is_active": not each}) for each in gone]


def _organizations(mutation: Any, _life: Life, _instant: datetime, census: Reading) -> list[Group]:
    row = _values(ORGANIZATIONS, mutation)
    gone = _is_gone(mutation, census, is_deleted=row["deleted_at"] is not None)
    return [_row(ORGANIZATION_COLUMNS, row | {"is_deleted": each}) for each in gone]


def _tickets(mutation: Any, _life: Life, _instant: datetime, _census: Reading) -> list[Group]:
    row = _values(TICKETS, mutation)
    flags = {"is_deleted": row["status"] == "deleted", "is_merged": "closed_by_merge" in (row["tags"] or ())}
    return [_row(TICKET_COLUMNS, row | flags)]


def _events(mutation: Any, _life: Life, _instant: datetime, _census: Reading) -> list[Group]:
    """One row for each child event; an event without any has one, its columns empty."""
    row = _values(EVENTS, mutation)
    children = mutation.record["child_events"] or [{}]
    return [in_order(_row(EVENT_COLUMNS, row | _typed(CHILDREN, child))[0] for child in children)]


def _metric_events(mutation: Any, _life: Life, _instant: datetime, _census: Reading) -> list[Group]:
    row = _values(METRIC_EVENTS, mutation)
    return [_row(tuple(METRIC_EVENTS), row | {"is_deleted": bool(row["is_deleted"])})]


def _ratings(mutation: Any, _life: Life, _instant: datetime, _census: Reading) -> list[Group]:
    row = _values(RATINGS, mutation)
    is_answered = row["score"] not in {"offered", "unoffered"}
    rated = {"rated_at": row["updated_at"] if is_answered else None, "is_answered": is_answered}
    kept = {
        "rating_id": f"{KEY_PREFIXES['satisfaction_ratings']}{row['rating_id']}",
        "is_legacy": True,
        "rating": None,
    }
    return [_row(RATING_COLUMNS, row | rated | kept)]


def _fields(mutation: Any, _life: Life, _instant: datetime, _census: Reading) -> list[Group]:
    """All fields are listed every night: one that is gone is known to be the same night."""
    row = _values(FIELDS, mutation)
    flags = {"is_deleted": mutation.op in GONE, "is_active": row["is_active"] is not False}
    return [_row(FIELD_COLUMNS, row | flags)]


def _custom_fields(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """One row for each custom field of a ticket that has a value, with the label the field has now."""
    tonight = readings[-1]
    fields = {life.id: life.shown(tonight.start, NO_END) for life in lives(log, "ticket_fields")}
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, "tickets"):
        shown = [_last_good(TICKETS, life, instant) for instant in _looks(life, tonight)]
        acceptable[life.id,] = frozenset(
            ABSENT if each is None else _labelled(each, fields) for each in shown
        )
    return acceptable


def _labelled(mutation: Any, fields: Mapping[str, Any]) -> Group:
    rows = []
    for field in mutation.record["custom_fields"]:
        known = fields.get(str(field["id"]))
        label = (known.record["title"], known.record["type"]) if known else (None, None)
        if field["value"] is not None:
            rows.append((mutation.id, str(field["id"]), *label, text(field["value"])))
    return in_order(rows)


def _row(columns: Sequence[str], values: Mapping[str, Any]) -> Group:
    return (tuple(values[name] for name in columns),)


USER_COLUMNS = (*USERS, "is_end_user")
ORGANIZATION_COLUMNS = (*ORGANIZATIONS, "is_deleted")
TICKET_COLUMNS = (*TICKETS, "is_deleted", "is_merged")
EVENT_COLUMNS = (*EVENTS, *CHILDREN)
RATING_COLUMNS = (
    *("rating_id", "ticket_id", "requester_id", "score", "rating", "comment", "reason"),
    *("is_answered", "is_legacy", "rated_at"),
)
FIELD_COLUMNS = (*FIELDS, "is_deleted")
CUSTOM_FIELD_COLUMNS = ("ticket_id", "field_id", "field_title", "field_type", "field_value")


def quarantined(log: Sequence[Any], readings: Sequence[Reading]) -> dict[tuple[str, str], str]:
    """Return why, by stream and id, of every record that showed a night a version no table can take."""
    found = {}
    for stream, columns in STREAMS.items():
        for life in lives(log, stream):
            for reading in readings:
                shown = life.shown(reading.start - HIDDEN, NO_END)
                if shown is not None and (reason := why_quarantined(shown, columns.values())):
                    found[stream, life.id] = reason
    return found


def _table(name: str, stream: str, columns: Sequence[str], rows: Rows, **parsed: frozenset[str]) -> Table:
    expect = partial(_expected, stream, rows)
    return Table(f"stg_zendesk__{name}", (columns[0],), tuple(columns), expect, **parsed)


TABLES: tuple[Table, ...] = (
    _table("users", "users", USER_COLUMNS, _users),
    _table(
        "organizations",
        "organizations",
        ORGANIZATION_COLUMNS,
        _organizations,
        parsed=frozenset({"domain_names"}),
    ),
    _table("tickets", "tickets", TICKET_COLUMNS, _tickets, parsed=frozenset({"custom_fields"})),
    _table("ticket_events", "ticket_events", EVENT_COLUMNS, _events),
    _table("metric_events", "ticket_metric_events", tuple(METRIC_EVENTS), _metric_events),
    _table("satisfaction_ratings", "satisfaction_ratings", RATING_COLUMNS, _ratings),
    _table("ticket_fields", "ticket_fields", FIELD_COLUMNS, _fields, parsed=frozenset({"options"})),
    Table("stg_zendesk__ticket_custom_fields", ("ticket_id",), CUSTOM_FIELD_COLUMNS, _custom_fields),
)
