"""What Zendesk writes down about tickets beside the tickets: metric events, ratings old and new, and fields.

The account moved from the legacy ratings to surveys `SURVEYED_FOR` before its first night: a closed ticket
is asked about by the one before and by the other after, never by both. A survey is answered hours or days
after it was offered.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo.accounts import Flags
from valuegap.demo.chance import stream_of
from valuegap.demo.help_desk import FIRST_AGENT_ID, FIRST_TICKET_ID, FIRST_USER_ID, TOPIC_FIELD_ID, group_id
from valuegap.demo.horizon import Horizon, Times, hours
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, iso
from valuegap.demo.revisions import state_column
from valuegap.demo.tickets import BAD, CLOSED, CREATED, GOOD, OFFERED, REPLIED, UNOFFERED, Tickets
from valuegap.demo.world import PRIORITIES, TOPICS

FIRST_METRIC_EVENT_ID = 70_000_000_001
FIRST_RATING_ID = 80_000_001
SURVEYED_FOR = np.timedelta64(60, "D")
ANSWERED_WITHIN_HOURS = 72.0
SURVEY_ID, RATING_QUESTION_ID = "01JCSATSURVEY0000000000001", "01JCSATQUEST00000000000001"
COMMENT_QUESTION_ID = "01JCSATQUEST00000000000002"
EDITABLE_FOR = np.timedelta64(28, "D")

SLA_MINUTES = {"high": 240, "urgent": 60}  # the others have no policy
SLA_POLICY = {"id": 360_000_800_001, "title": "Urgent first", "description": None}
ACTIVATE, APPLY_SLA, FULFILL, UPDATE_STATUS = range(4)
TYPES = ("activate", "apply_sla", "fulfill", "update_status")

SCORES = {OFFERED: "offered", GOOD: "good", BAD: "bad"}
COMMENTS = {GOOD: "Thanks, that helped.", BAD: "It took too long."}
POINTS = {GOOD: 5, BAD: 2}


def metric_events(tickets: Tickets, horizon: Horizon) -> Versions:
    """Make the events of each ticket's time to the first reply; the pressing ones have a target for it."""
    has_target = np.isin(tickets.priority, [PRIORITIES.index(name) for name in SLA_MINUTES])
    everyone = np.ones(tickets.count, dtype=np.bool_)
    kinds = [
        (ACTIVATE, CREATED, everyone),
        (APPLY_SLA, CREATED, has_target),
        (FULFILL, REPLIED, everyone),
        (UPDATE_STATUS, REPLIED, has_target),
    ]
    frame = pd.concat(
        [_events_of(tickets, horizon, kind, tickets.at[:, step], who) for kind, step, who in kinds]
    )
    frame = frame.sort_values(["updated_at", "ticket", "type"], kind="stable", ignore_index=True)
    frame.insert(0, "id", FIRST_METRIC_EVENT_ID + np.arange(len(frame)))
    frame["visible_at"] = frame["updated_at"]
    frame["state"] = state_column("live", len(frame))
    return Versions(frame, render_metric_events)


def _events_of(tickets: Tickets, horizon: Horizon, kind: int, at: Times, who: Flags) -> pd.DataFrame:
    ticket = np.flatnonzero(who & (at < horizon.until))
    waited = at[ticket] - tickets.at[ticket, CREATED]
    return pd.DataFrame(
        {
            "ticket": ticket.astype(np.int32),
            "updated_at": at[ticket],
            "type": np.full(len(ticket), kind, dtype=np.int8),
            "priority": tickets.priority[ticket],
            "minutes": (waited // np.timedelta64(1, "m")).astype(np.int32),
        }
    )


def render_metric_events(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk ticket metric events."""
    columns = zip(
        rows["id"].tolist(),
        rows["ticket"].tolist(),
        rows["type"].tolist(),
        iso(rows["updated_at"]),
        rows["priority"].tolist(),
        rows["minutes"].tolist(),
        strict=True,
    )
    return [
        {
            "id": event_id,
            "ticket_id": FIRST_TICKET_ID + ticket,
            "metric": "reply_time",
            "instance_id": 1,
            "type": TYPES[kind],
            "time": at,
            "deleted": False,
            **_details(kind, priority, minutes),
        }
        for event_id, ticket, kind, at, priority, minutes in columns
    ]


def _details(kind: int, priority: int, minutes: int) -> Record:
    if kind == UPDATE_STATUS:
        return {"status": {"calendar": minutes, "business": minutes}}
    if kind == APPLY_SLA:
        target = SLA_MINUTES[PRIORITIES[priority]]
        return {"sla": {"target": target, "business_hours": False, "policy": SLA_POLICY}}
    return {}


def satisfaction_ratings(tickets: Tickets, horizon: Horizon) -> Versions:
    """Make the legacy ratings: of tickets closed before the account moved to surveys."""
    closed_at = tickets.at[:, CLOSED]
    ticket = np.flatnonzero((tickets.rating != UNOFFERED) & (closed_at < _moved_at(horizon)))
    return Versions(_asked(tickets, ticket, FIRST_RATING_ID), render_ratings)


def csat_responses(seed: int, tickets: Tickets, horizon: Horizon) -> Versions:
    """Make the survey responses: one version when the survey was offered, another when it was answered."""
    rng = stream_of(seed, "csat responses")
    closed_at = tickets.at[:, CLOSED]
    is_surveyed = (closed_at >= _moved_at(horizon)) & (closed_at < horizon.until)
    offered = _asked(tickets, np.flatnonzero((tickets.rating != UNOFFERED) & is_surveyed), 1)
    answered = offered[offered["rating"] != OFFERED].copy()
    answered_at = answered["created_at"] + hours(0.5 + ANSWERED_WITHIN_HOURS * rng.random(len(answered)))
    answered["updated_at"] = answered["visible_at"] = answered_at
    offered["rating"] = np.int8(OFFERED)
    frame = pd.concat([offered, answered[answered_at < horizon.until]])
    return Versions(
        frame.sort_values(["id", "visible_at"], kind="stable", ignore_index=True), render_csat_responses
    )


def _moved_at(horizon: Horizon) -> np.datetime64:
    return horizon.since - SURVEYED_FOR


def _asked(tickets: Tickets, ticket: NDArray[np.int64], first_id: int) -> pd.DataFrame:
    closed_at = tickets.at[ticket, CLOSED]
    return pd.DataFrame(
        {
            "id": first_id + ticket,
            "created_at": closed_at,
            "updated_at": closed_at,
            "visible_at": closed_at,
            "state": state_column("live", len(ticket)),
            "ticket": ticket,
            "requester": tickets.requester[ticket],
            "agent": tickets.agent[ticket],
            "rating": tickets.rating[ticket].astype(np.int8),
        }
    )


def render_ratings(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk's legacy satisfaction ratings."""
    columns = zip(
        rows["id"].tolist(),
        rows["ticket"].tolist(),
        rows["requester"].tolist(),
        rows["agent"].tolist(),
        rows["rating"].tolist(),
        iso(rows["created_at"]),
        strict=True,
    )
    return [
        {
            "id": rating_id,
            "ticket_id": FIRST_TICKET_ID + ticket,
            "requester_id": FIRST_USER_ID + requester,
            "assignee_id": FIRST_AGENT_ID + agent,
            "group_id": group_id(agent),
            "score": SCORES[rating],
            "comment": COMMENTS.get(rating),
            "reason": "Some other reason" if rating == BAD else None,
            "created_at": at,
            "updated_at": at,
        }
        for rating_id, ticket, requester, agent, rating, at in columns
    ]


def render_csat_responses(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk's survey responses, without answers as long as nobody gave any."""
    columns = zip(
        rows["id"].tolist(),
        rows["ticket"].tolist(),
        rows["requester"].tolist(),
        rows["rating"].tolist(),
        iso(rows["updated_at"]),
        iso(rows["created_at"] + EDITABLE_FOR),
        strict=True,
    )
    return [
        {
            "id": f"01JCSAT{response_id:019d}",
            "responder_id": FIRST_USER_ID + requester,
            "survey": {"id": SURVEY_ID, "version": 1, "state": "enabled"},
            "subject_zrns": [f"zen:ticket:{FIRST_TICKET_ID + ticket}"],
            "subjects": [_subject(FIRST_TICKET_ID + ticket)],
            "answers": _answers(rating, at),
            "expires_at": expires_at,
        }
        for response_id, ticket, requester, rating, at, expires_at in columns
    ]


def _subject(ticket_id: int) -> Record:
    return {"id": str(ticket_id), "type": "ticket", "zrn": f"zen:ticket:{ticket_id}"}


def _answers(rating: int, at: str | None) -> list[Record]:
    if rating == OFFERED:
        return []
    question: dict[str, Any] = {
        "id": RATING_QUESTION_ID,
        "type": "rating_scale_numeric",
        "sub_type": "customer_satisfaction",
    }
    times = {"created_at": at, "updated_at": at}
    return [
        {
            "type": "rating_scale",
            "rating": POINTS[rating],
            "rating_category": SCORES[rating],
            "question": question,
            **times,
        },
        {
            "type": "open_ended",
            "value": COMMENTS[rating],
            "question": {"id": COMMENT_QUESTION_ID, "type": "open_ended", "alias": "comment"},
            **times,
        },
    ]


def ticket_fields(horizon: Horizon) -> Versions:
    """Make the fields of the account's tickets: the subject every account has, and what a ticket is about."""
    created_at = horizon.start - np.timedelta64(900, "D")
    frame = pd.DataFrame(
        {
            "id": np.array([TOPIC_FIELD_ID, TOPIC_FIELD_ID + 1], dtype=np.int64),
            "created_at": created_at,
            "updated_at": created_at,
            "visible_at": created_at,
            "state": state_column("live", 2),
            "type": ["tagger", "subject"],
            "title": ["Topic", "Subject"],
        }
    )
    return Versions(frame, render_ticket_fields)


def render_ticket_fields(rows: pd.DataFrame) -> list[Record]:
    """Return Zendesk ticket fields."""
    columns = zip(
        rows["id"].tolist(),
        rows["type"].tolist(),
        rows["title"].tolist(),
        iso(rows["created_at"]),
        strict=True,
    )
    return [
        {
            "id": field_id,
            "type": kind,
            "title": title,
            "raw_title": title,
            "description": f"{title} of the request",
            "tag": "has_topic" if kind == "tagger" else None,
            "active": True,
            "created_at": at,
            "updated_at": at,
            **({"custom_field_options": _OPTIONS} if kind == "tagger" else {}),
        }
        for field_id, kind, title, at in columns
    ]


_OPTIONS = [
    {"id": TOPIC_FIELD_ID + 100 + number, "name": topic.replace("_", " ").capitalize(), "value": topic}
    for number, topic in enumerate(TOPICS)
]
