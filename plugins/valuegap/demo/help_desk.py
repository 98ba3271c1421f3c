"""Zendesk's users, organizations, tickets and ticket events."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo import names
from valuegap.demo.accounts import NEVER, Accounts, Flags, Index, People
from valuegap.demo.chance import stream_of
from valuegap.demo.crm import touched
from valuegap.demo.horizon import Horizon, Times
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, epoch_seconds, iso, looked_up
from valuegap.demo.revisions import Revisions, during, keeps_stage, nightly_count, state_column
from valuegap.demo.tickets import (
    CLOSED,
    CREATED,
    HANDED,
    REOPENED_AGAIN,
    REPLIED,
    SOLVED,
    SOLVED_AGAIN,
    STEPS,
    UNOFFERED,
    WAITING,
    Tickets,
    business_minutes,
)
from valuegap.demo.world import AGENTS, AGENTS_A_TEAM, CHANNELS, LANGUAGES, PHASES, PRIORITIES, TOPICS

FIRST_AGENT_ID = 380_000_000_001
FIRST_GROUP_ID = 360_000_900_001
FIRST_USER_ID = 380_000_001_001
FIRST_ORGANIZATION_ID = 360_000_000_001
FIRST_TICKET_ID = 10_001
FIRST_EVENT_ID = 50_000_000_001
TOPIC_FIELD_ID = 360_010_000_001
SYSTEM_USER_ID = -1
NO_MINUTES = -1

HAS_ORGANIZATION, HAS_NUMBER = 0.85, 0.85  # of accounts; of organizations
CHANGED, DELETED = 0.002, 0.0001  # of users, a night
REASSIGNED, SYSTEM_UPDATED, MERGED, TICKET_DELETED = 0.0004, 0.0004, 0.0001, 0.0001  # of tickets, a night

STATUSES = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
NEW, IS_OPEN, PENDING, HOLD, IS_SOLVED, IS_CLOSED, IS_DELETED = range(7)
STATUS_AFTER = np.array(
    [NEW, IS_OPEN, IS_OPEN, PENDING, IS_SOLVED, IS_OPEN, IS_SOLVED, IS_CLOSED], dtype=np.int8
)  # by step
MERGE, REASSIGN = STEPS, STEPS + 1  # what may happen besides the steps
RATINGS = ("unoffered", "offered", "good", "bad")
TIME_ZONE = "Europe/Berlin"
SUBJECTS = ("Where is my order?", "Question about an invoice", "Something does not work", "How do I do this?")


def make_users(seed: int, people: People, accounts: Accounts, horizon: Horizon) -> Versions:
    """Make the agents, and a user of everybody who may ask for help."""
    rng = stream_of(seed, "users")
    revisions = Revisions(_user_rows(rng, people, accounts, horizon), rng)
    count = int(people.has_user.sum())
    colleagues = np.flatnonzero(revisions.values("ordinal") > 0)
    for night in horizon.night_starts:
        rows = revisions.draw(nightly_count(CHANGED, count), night, colleagues)
        at = during(rng, night, len(rows))
        revisions.revise(rows, at, at, {"phone": rng.integers(1_000_000, 9_999_999, len(rows))})
        rows = revisions.draw(nightly_count(DELETED, count), night, colleagues)
        at = during(rng, night, len(rows))
        revisions.revise(rows, at, at, {"is_active": np.zeros(len(rows))}, state="deleted")
    return Versions(revisions.frame(), render_users)


def _user_rows(
    rng: np.random.Generator, people: People, accounts: Accounts, horizon: Horizon
) -> pd.DataFrame:
    person = np.concatenate([np.full(AGENTS, -1), np.flatnonzero(people.has_user)])
    is_agent = person < 0
    account = np.where(is_agent, -1, people.account[person])
    created_at = np.where(is_agent, horizon.start - np.timedelta64(900, "D"), people.created_at[person])
    touched_at = touched(rng, created_at, horizon)
    return pd.DataFrame(
        {
            "id": np.where(is_agent, FIRST_AGENT_ID + np.arange(len(person)), FIRST_USER_ID + person),
            "created_at": created_at,
            "updated_at": touched_at,
            "visible_at": touched_at,
            "state": state_column("live", len(person)),
            "person": person.astype(np.int32),
            "account": account.astype(np.int32),
            "ordinal": np.where(is_agent, 0, people.ordinal[person]).astype(np.int32),
            "first_name": people.first_name[person],
            "last_name": people.last_name[person],
            "email_style": people.emails["zendesk"][person],
            "has_number": people.has_number["zendesk"][person] & ~is_agent,
            "has_organization": (account >= 0) & has_organization(accounts)[account],
            "country": accounts.country[account],
            "phone": rng.integers(1_000_000, 9_999_999, len(person)).astype(np.int32),
            "is_active": np.ones(len(person), dtype=np.bool_),
        }
    )


def has_organization(accounts: Accounts) -> NDArray[Any]:
    """Tell which accounts the help desk keeps an organization for: a fixed share, spread evenly."""
    return np.arange(accounts.count) % 20 < 20 * HAS_ORGANIZATION


def render_users(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk users."""
    is_agent = (rows["person"].to_numpy() < 0).tolist()
    ids = rows["id"].tolist()
    columns = (
        ids,
        [
            names.agent_address(record_id - FIRST_AGENT_ID) if agent else email
            for record_id, email, agent in zip(ids, names.emails(rows), is_agent, strict=True)
        ],
        [
            f"{names.FIRST_NAMES[first]} {names.LAST_NAMES[last]}"
            for first, last in zip(rows["first_name"].tolist(), rows["last_name"].tolist(), strict=True)
        ],
        [f"+49 40 {number}" for number in rows["phone"].tolist()],
        ["agent" if agent else "end-user" for agent in is_agent],
        [
            group_id(record_id - FIRST_AGENT_ID) if agent else None
            for record_id, agent in zip(ids, is_agent, strict=True)
        ],
        names.customer_numbers("P", rows["person"], rows["has_number"]),
        _organization_ids(rows["account"], rows["has_organization"]),
        rows["is_active"].tolist(),
        looked_up(LANGUAGES, rows["country"]),
        [TIME_ZONE] * len(rows),
        iso(rows["created_at"]),
        iso(rows["updated_at"]),
    )
    return _records(_USER_KEYS, columns)


_USER_KEYS = (
    *("id", "email", "name", "phone", "role", "default_group_id", "external_id", "organization_id"),
    *("active", "locale", "time_zone", "created_at", "updated_at"),
)


def group_id(agent: int) -> int:
    """Return the group of an agent's team."""
    return FIRST_GROUP_ID + agent // AGENTS_A_TEAM


def _organization_ids(account: pd.Series, has: pd.Series) -> list[int | None]:
    return [
        FIRST_ORGANIZATION_ID + number if known else None
        for number, known in zip(account.tolist(), has.tolist(), strict=True)
    ]


def _records(keys: tuple[str, ...], columns: tuple[Sequence[object], ...]) -> list[Record]:
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


def make_organizations(seed: int, accounts: Accounts, horizon: Horizon) -> Versions:
    """Make an organization of most accounts; most carry the customer number, the rest only a domain."""
    rng = stream_of(seed, "organizations")
    account = np.flatnonzero(has_organization(accounts))
    created_at = accounts.created_at[account]
    touched_at = touched(rng, created_at, horizon)
    frame = pd.DataFrame(
        {
            "id": FIRST_ORGANIZATION_ID + account,
            "created_at": created_at,
            "updated_at": touched_at,
            "visible_at": touched_at,
            "state": state_column("live", len(account)),
            "account": account.astype(np.int32),
            "has_number": rng.random(len(account)) < HAS_NUMBER,
            "deleted_at": np.full(len(account), NEVER),
        }
    )
    revisions = Revisions(frame, rng)
    unnumbered = np.flatnonzero(~frame["has_number"].to_numpy())
    prospects = np.flatnonzero(~accounts.is_customer[account])
    for night in horizon.night_starts:
        rows = revisions.draw(nightly_count(CHANGED, len(account)), night, unnumbered)
        at = during(rng, night, len(rows))
        revisions.revise(rows, at, at, {"has_number": np.ones(len(rows))})
        rows = revisions.draw(nightly_count(DELETED, len(account)), night, prospects)
        at = during(rng, night, len(rows))
        revisions.revise(rows, at, at, {"deleted_at": at}, state="deleted")
    return Versions(revisions.frame(), render_organizations)


def render_organizations(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk organizations."""
    columns = (
        rows["id"].tolist(),
        names.company_names(rows["account"]),
        names.customer_numbers("C", rows["account"], rows["has_number"]),
        [[domain] for domain in names.domains(rows["account"])],
        iso(rows["deleted_at"]),
        iso(rows["created_at"]),
        iso(rows["updated_at"]),
    )
    return _records(_ORGANIZATION_KEYS, columns)


_ORGANIZATION_KEYS = ("id", "name", "external_id", "domain_names", "deleted_at", "created_at", "updated_at")


def ticket_and_event_versions(
    seed: int, tickets: Tickets, accounts: Accounts, horizon: Horizon
) -> tuple[Versions, Versions]:
    """Make a version of each ticket at each of its steps during the nights, and an event at every step."""
    rng = stream_of(seed, "ticket versions")
    visible_at = tickets.at + rng.integers(0, 4, tickets.at.shape).astype("timedelta64[s]")
    revisions = Revisions(_ticket_rows(tickets, accounts, visible_at, horizon), rng)
    unsolved = np.flatnonzero(revisions.values("is_never_resolved"))
    extra = [
        events
        for night in horizon.night_starts
        for events in _revise_tickets(rng, revisions, night, tickets.count, unsolved)
    ]
    events = _event_rows(tickets, visible_at, horizon)
    return (
        Versions(revisions.frame(), render_tickets),
        Versions(_with_events(events, extra), render_events),
    )


def _ticket_rows(tickets: Tickets, accounts: Accounts, visible_at: Times, horizon: Horizon) -> pd.DataFrame:
    kept = np.stack(keeps_stage(list(visible_at.T), horizon), axis=1)
    ticket, step = np.nonzero(kept)
    account = tickets.account[ticket]
    never_resolved = tickets.is_never_resolved[ticket]
    return pd.DataFrame(
        {
            "id": FIRST_TICKET_ID + ticket,
            "created_at": tickets.at[ticket, CREATED],
            "updated_at": tickets.at[kept],
            "generated_at": visible_at[kept],
            "visible_at": visible_at[kept],
            "state": state_column("live", len(ticket)),
            "account": account.astype(np.int32),
            "requester": tickets.requester[ticket].astype(np.int32),
            "has_organization": (account >= 0) & has_organization(accounts)[account],
            "status": _status_after(step, never_resolved),
            "is_merged": np.zeros(len(ticket), dtype=np.bool_),
            "is_never_resolved": never_resolved,
            "topic": tickets.topic[ticket],
            "phase": tickets.phase[ticket],
            "priority": tickets.priority[ticket],
            "channel": tickets.channel[ticket],
            "agent": _assignee(tickets, ticket, step),
            "stations": _stations(tickets, ticket, step),
            "rating": np.where(step == CLOSED, tickets.rating[ticket], UNOFFERED).astype(np.int8),
            **_metrics(tickets, ticket, step),
        },
        copy=False,
    )


def _assignee(tickets: Tickets, ticket: Index, step: Index) -> NDArray[Any]:
    of_step = np.where(step >= HANDED, tickets.agent[ticket], tickets.first_agent[ticket])
    return np.where(step >= REPLIED, of_step, -1).astype(np.int8)


def _stations(tickets: Tickets, ticket: Index, step: Index) -> NDArray[Any]:
    is_handed_over = (step >= HANDED) & ~np.isnat(tickets.at[ticket, HANDED])
    return np.asarray((step >= REPLIED).astype(np.int8) + is_handed_over)


def _status_after(step: Index, never_resolved: Flags) -> NDArray[Any]:
    return np.where((step == WAITING) & never_resolved, HOLD, STATUS_AFTER[step]).astype(np.int8)


def _metrics(tickets: Tickets, ticket: Index, step: Index) -> dict[str, object]:
    """Return what the vendor's metric set says about each ticket after each step; -1 where nothing yet."""
    created_at = tickets.at[ticket, CREATED]
    first_solved = np.where(step >= SOLVED, tickets.at[ticket, SOLVED], NEVER)
    solved_again = np.where(step >= SOLVED_AGAIN, tickets.at[ticket, SOLVED_AGAIN], NEVER)
    is_solved = (step == SOLVED) | (step >= SOLVED_AGAIN)
    solved_at = np.where(is_solved, np.fmax(first_solved, solved_again), NEVER)
    replied_at = np.where(step >= REPLIED, tickets.at[ticket, REPLIED], NEVER)
    was_reopened = (step >= REOPENED_AGAIN) & ~np.isnat(tickets.at[ticket, REOPENED_AGAIN])
    columns: dict[str, object] = {
        "solved_at": solved_at,
        "reopens": was_reopened.astype(np.int8),
        "replies": ((step >= REPLIED) + 0 + (step >= SOLVED) + ~np.isnat(solved_again)).astype(np.int8),
    }
    for name, end in (
        ("reply", replied_at),
        ("first_resolution", first_solved),
        ("full_resolution", solved_at),
    ):
        is_known, end_or_start = ~np.isnat(end), np.where(np.isnat(end), created_at, end)
        calendar = (end_or_start - created_at) // np.timedelta64(1, "m")
        business = business_minutes(created_at, end_or_start)
        columns[f"{name}_calendar"] = np.where(is_known, calendar, NO_MINUTES).astype(np.int32)
        columns[f"{name}_business"] = np.where(is_known, business, NO_MINUTES).astype(np.int32)
    return columns


def _revise_tickets(
    rng: np.random.Generator, revisions: Revisions, night: np.datetime64, count: int, unsolved: Index
) -> list[pd.DataFrame]:
    """Revise tickets that have come to rest; return the events that tell of it."""
    rows = revisions.draw(nightly_count(REASSIGNED, count), night)
    at = during(rng, night, len(rows))
    agent = rng.integers(0, AGENTS, len(rows))
    stations = revisions.values("stations")[rows] + 1
    revisions.revise(rows, at, at, {"generated_at": at, "agent": agent, "stations": stations})
    reassigned = _extra_events(revisions, rows, at, REASSIGN, agent)
    rows = revisions.draw(nightly_count(SYSTEM_UPDATED, count), night - np.timedelta64(3, "D"))
    at = during(rng, night, len(rows))
    revisions.revise(rows, None, at, {"generated_at": at})
    rows = revisions.draw(nightly_count(MERGED, count), night, unsolved)
    at = during(rng, night, len(rows))
    merged = {"is_merged": np.ones(len(rows)), "status": np.full(len(rows), IS_CLOSED)}
    revisions.revise(rows, at, at, {"generated_at": at, **merged})
    closed = _extra_events(revisions, rows, at, MERGE, rng.integers(0, AGENTS, len(rows)))
    rows = revisions.draw(nightly_count(TICKET_DELETED, count), night)
    at = during(rng, night, len(rows))
    deleted = np.full(len(rows), IS_DELETED)
    revisions.revise(rows, at, at, {"generated_at": at, "status": deleted}, state="deleted")
    return [reassigned, closed]


def _extra_events(revisions: Revisions, rows: Index, at: Times, step: int, agent: Index) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ticket_id": revisions.values("id")[rows],
            "updated_at": at,
            "visible_at": at,
            "updater_id": FIRST_AGENT_ID + agent,
            "assignee_id": FIRST_AGENT_ID + agent,
            "step": np.full(len(rows), step, dtype=np.int8),
            "status": np.full(len(rows), IS_CLOSED, dtype=np.int8),
            "previous_status": revisions.values("status")[rows],
            **{
                column: revisions.values(column)[rows] for column in ("channel", "priority", "topic", "phase")
            },
        }
    )


def _event_rows(tickets: Tickets, visible_at: Times, horizon: Horizon) -> pd.DataFrame:
    happens = visible_at < horizon.until
    ticket, step = np.nonzero(happens)
    status = _status_after(step, tickets.is_never_resolved[ticket])
    updater_id = np.select(
        [(step == CREATED) | (step == REOPENED_AGAIN), step == CLOSED],
        [FIRST_USER_ID + tickets.requester[ticket], np.full(len(ticket), SYSTEM_USER_ID)],
        FIRST_AGENT_ID
        + np.where(step <= HANDED, tickets.first_agent[ticket], tickets.agent[ticket]).astype(np.int64),
    )
    return pd.DataFrame(
        {
            "ticket_id": FIRST_TICKET_ID + ticket,
            "updated_at": tickets.at[happens],
            "visible_at": visible_at[happens],
            "updater_id": updater_id,
            "assignee_id": FIRST_AGENT_ID + _assignee(tickets, ticket, step).astype(np.int64),
            "step": step.astype(np.int8),
            "status": status,
            "previous_status": np.append(np.int8(NEW), status[:-1]),
            "channel": tickets.channel[ticket],
            "priority": tickets.priority[ticket],
            "topic": tickets.topic[ticket],
            "phase": tickets.phase[ticket],
        },
        copy=False,
    )


def _with_events(events: pd.DataFrame, extra: list[pd.DataFrame]) -> pd.DataFrame:
    frame = pd.concat([events, *extra], ignore_index=True)
    frame.insert(0, "id", FIRST_EVENT_ID + np.arange(len(frame)))
    frame["state"] = state_column("live", len(frame))
    return frame


def render_tickets(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk tickets with their metric sets."""
    columns = (
        rows["id"].tolist(),
        [None] * len(rows),
        iso(rows["created_at"]),
        iso(rows["updated_at"]),
        epoch_seconds(rows["generated_at"]),
        looked_up(SUBJECTS, rows["topic"]),
        ["incident"] * len(rows),
        looked_up(STATUSES, rows["status"]),
        looked_up(PRIORITIES, rows["priority"]),
        [_VIA[code] for code in rows["channel"].tolist()],
        [FIRST_USER_ID + person for person in rows["requester"].tolist()],
        [FIRST_AGENT_ID + agent if agent >= 0 else None for agent in rows["agent"].tolist()],
        _organization_ids(rows["account"], rows["has_organization"]),
        _tags(rows["topic"], rows["phase"], rows["is_merged"]),
        [_CUSTOM_FIELDS[code] for code in rows["topic"].tolist()],
        [_RATINGS[code] for code in rows["rating"].tolist()],
        _metric_sets(rows),
    )
    return _records(_TICKET_KEYS, columns)


_TICKET_KEYS = (
    *("id", "external_id", "created_at", "updated_at", "generated_timestamp", "subject", "type", "status"),
    *("priority", "via", "requester_id", "assignee_id", "organization_id", "tags", "custom_fields"),
    *("satisfaction_rating", "metric_set"),
)


# Values that depend on one code only stand once in memory and are shared by the records.
_VIA = tuple({"channel": channel} for channel in CHANNELS)
_CUSTOM_FIELDS = tuple([{"id": TOPIC_FIELD_ID, "value": topic}] for topic in TOPICS)
_TAGS = tuple(  # by topic, phase and whether the ticket was merged
    tuple(
        ([f"topic_{topic}", f"phase_{phase}"], [f"topic_{topic}", f"phase_{phase}", "closed_by_merge"])
        for phase in PHASES
    )
    for topic in TOPICS
)
_RATINGS = tuple({"score": rating} for rating in RATINGS)
_UNKNOWN_MINUTES: Record = {"calendar": None, "business": None}


def _tags(topic: pd.Series, phase: pd.Series, is_merged: pd.Series) -> list[list[str]]:
    return [
        _TAGS[about][when][merged]
        for about, when, merged in zip(topic.tolist(), phase.tolist(), is_merged.tolist(), strict=True)
    ]


def _metric_sets(rows: pd.DataFrame) -> list[Record]:
    to_full = _minutes(rows, "full_resolution")
    columns = (
        rows["reopens"].tolist(),
        rows["replies"].tolist(),
        rows["stations"].tolist(),
        iso(rows["solved_at"]),
        _minutes(rows, "reply"),
        _minutes(rows, "first_resolution"),
        to_full,
        to_full,
    )
    return _records(_METRIC_KEYS, columns)


_METRIC_KEYS = (
    *("reopens", "replies", "assignee_stations", "solved_at", "reply_time_in_minutes"),
    *(
        "first_resolution_time_in_minutes",
        "full_resolution_time_in_minutes",
        "requester_wait_time_in_minutes",
    ),
)


def _minutes(rows: pd.DataFrame, name: str) -> list[Record]:
    return [
        {"calendar": calendar, "business": business} if calendar >= 0 else _UNKNOWN_MINUTES
        for calendar, business in zip(
            rows[f"{name}_calendar"].tolist(), rows[f"{name}_business"].tolist(), strict=True
        )
    ]


def render_events(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk ticket events with the changes and comments each consists of."""
    ids, updaters, steps = rows["id"].tolist(), rows["updater_id"].tolist(), rows["step"].tolist()
    details = zip(
        rows["assignee_id"].tolist(),
        looked_up(STATUSES, rows["status"]),
        looked_up(STATUSES, rows["previous_status"]),
        looked_up(PRIORITIES, rows["priority"]),
        _tags(rows["topic"], rows["phase"], rows["step"] == MERGE),
        strict=True,
    )
    columns = (
        ids,
        rows["ticket_id"].tolist(),
        epoch_seconds(rows["updated_at"]),
        iso(rows["updated_at"]),
        updaters,
        looked_up(CHANNELS, rows["channel"]),
        [
            _child_events(event_id, updater, step, *detail)
            for event_id, updater, step, detail in zip(ids, updaters, steps, details, strict=True)
        ],
    )
    return _records(_EVENT_KEYS, columns)


_EVENT_KEYS = ("id", "ticket_id", "timestamp", "created_at", "updater_id", "via", "child_events")
_REASSIGNED = {HANDED, REASSIGN}
_COMMENTED = {CREATED, REPLIED, SOLVED, REOPENED_AGAIN, SOLVED_AGAIN}


def _child_events(  # noqa: PLR0913, PLR0917 - one value a column, called once a row
    event_id: int,
    updater: int,
    step: int,
    assignee: int,
    status: str,
    previous: str,
    priority: str,
    tags: list[str],
) -> list[Record]:
    change: Record
    if step == CREATED:
        change = {"event_type": "Create", "status": status, "priority": priority, "tags": tags}
    elif step in _REASSIGNED:
        change = {"event_type": "Change", "assignee_id": assignee}
    else:
        change = {"event_type": "Change", "status": status, "previous_value": previous}
    changes = [{"id": event_id * 10, **change}]
    if step == MERGE:
        changes.append({"id": event_id * 10 + 1, "event_type": "Change", "tags": tags})
    if step == REPLIED:
        changes.append({"id": event_id * 10 + 1, "event_type": "Change", "assignee_id": assignee})
    if step in _COMMENTED:
        comment = {"event_type": "Comment", "public": True, "author_id": updater}
        changes.append({"id": event_id * 10 + 2, **comment})
    return changes
