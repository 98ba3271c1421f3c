"""The help desk's log as a Zendesk account: a case is a ticket, an event a ticket event.

"Resolve ticket" changes the status to solved, "Closed" to closed, "Wait" to pending, any other task to open;
the first event creates the ticket as new, and changes it at once when its task says more than open. The raw
name of the task is kept as a custom field of the event and of the ticket. Tickets were imported, so
their channel is the API. Metrics are of the calendar: the log tells no business hours.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from valuegap.demo.real_frames import frame_of_versions, require_columns
from valuegap.demo.real_people import Ids, account_number, email, person_number, requester
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, epoch_seconds, iso

COLUMNS = ("caseid", "task", "user", "end_timestamp")
STATUS_AFTER = {"Resolve ticket": "solved", "Closed": "closed", "Wait": "pending"}
FINISHED = frozenset({"solved", "closed"})

TICKET_IDS = 1  # plus the case id
AGENT_IDS = 910_000_000  # plus n of "Value n"
USER_IDS = 920_000_000  # plus the CustomerID
ORGANIZATION_IDS = 930_000_000  # plus the CustomerID
EVENT_IDS = 950_000_001  # plus the event's place in time
TASK_FIELD_ID = 360_000_001


@dataclass(frozen=True)
class Event:
    """One line of the log with what it does to its ticket. `previous` is None for the first of a case."""

    case_id: int
    task: str
    agent: int
    at: datetime
    status: str
    previous: str | None


def load(path: Path, customers: Ids) -> Mapping[str, Versions]:
    """Map the help desk's log. Raises `ConfigurationError` when its columns are others."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        require_columns(path, reader.fieldnames or (), COLUMNS)
        events = list(_events(list(reader)))
    requesters = {event.case_id: requester(event.case_id, customers) for event in events}
    return {
        "users": _users(events, requesters),
        "organizations": _organizations(events, requesters),
        "tickets": _tickets(events, requesters),
        "ticket_events": _ticket_events(events),
    }


def _events(lines: list[dict[str, str]]) -> Iterator[Event]:
    """Yield the events case by case, in order of time; lines of one second keep the log's order."""
    ordered = sorted(lines, key=lambda line: (int(line["caseid"]), line["end_timestamp"]))
    for case_id, case in groupby(ordered, key=lambda line: int(line["caseid"])):
        status: str | None = None
        for line in case:
            previous, status = status, STATUS_AFTER.get(line["task"], "new" if status is None else "open")
            yield Event(
                case_id=case_id,
                task=line["task"],
                agent=int(line["user"].removeprefix("Value ")),
                at=datetime.fromisoformat(line["end_timestamp"]),
                status=status,
                previous=previous,
            )


def _users(events: Sequence[Event], requesters: Mapping[int, int]) -> Versions:
    first_at = _first_times((event.agent, event.at) for event in events)
    agents, agents_at = list(first_at), list(first_at.values())
    first_at = _first_times((requesters[event.case_id], event.at) for event in events)
    people, people_at = list(first_at), list(first_at.values())
    ids = [AGENT_IDS + agent for agent in agents] + [USER_IDS + person for person in people]
    customer = [0] * len(agents) + people

    def render(rows: pd.DataFrame) -> list[Record]:
        columns = zip(rows["id"].tolist(), rows["customer"].tolist(), iso(rows["created_at"]), strict=True)
        return [
            _end_user(user_id, person, at) if person else _agent(user_id, at)
            for user_id, person, at in columns
        ]

    return Versions(frame_of_versions(ids, agents_at + people_at, {"customer": customer}), render)


def _agent(user_id: int, at: str | None) -> Record:
    name = f"Value {user_id - AGENT_IDS}"
    return _user(user_id, at) | {"name": name, "role": "agent"}


def _end_user(user_id: int, customer: int, at: str | None) -> Record:
    return _user(user_id, at) | {
        "name": f"Customer {customer}",
        "role": "end-user",
        "email": email(customer),
        "external_id": person_number(customer),
        "organization_id": ORGANIZATION_IDS + customer,
    }


def _user(user_id: int, at: str | None) -> Record:
    return {
        "id": user_id,
        "name": None,
        "email": None,
        "phone": None,
        "role": None,
        "external_id": None,
        "organization_id": None,
        "active": True,
        "locale": None,
        "time_zone": None,
        "user_fields": {},
        "created_at": at,
        "updated_at": at,
    }


def _organizations(events: Sequence[Event], requesters: Mapping[int, int]) -> Versions:
    first_at = _first_times((requesters[event.case_id], event.at) for event in events)

    def render(rows: pd.DataFrame) -> list[Record]:
        columns = zip(rows["id"].tolist(), iso(rows["created_at"]), strict=True)
        return [
            {
                "id": organization_id,
                "name": f"Customer {organization_id - ORGANIZATION_IDS}",
                "external_id": account_number(organization_id - ORGANIZATION_IDS),
                "domain_names": [],
                "organization_fields": {},
                "deleted_at": None,
                "created_at": at,
                "updated_at": at,
            }
            for organization_id, at in columns
        ]

    ids = [ORGANIZATION_IDS + customer for customer in first_at]
    return Versions(frame_of_versions(ids, list(first_at.values())), render)


def _first_times(sightings: Iterator[tuple[int, datetime]]) -> dict[int, datetime]:
    """Return the earliest time of each key, keys in ascending order."""
    first: dict[int, datetime] = {}
    for key, at in sightings:
        first[key] = min(at, first.get(key, at))
    return dict(sorted(first.items()))


@dataclass
class _Progress:
    """Where a ticket stands after one of its events."""

    created_at: datetime
    status: str = "new"
    solved_at: datetime | None = None
    first_resolution_minutes: int | None = None
    full_resolution_minutes: int | None = None
    reopens: int = 0
    stations: int = 0
    agent: int = 0

    def take(self, event: Event) -> None:
        """Go on to after `event`."""
        if event.status == "solved":
            minutes = round((event.at - self.created_at).total_seconds() / 60)
            if self.first_resolution_minutes is None:
                self.first_resolution_minutes = minutes
            self.solved_at, self.full_resolution_minutes = event.at, minutes
        self.reopens += event.previous in FINISHED and event.status not in FINISHED
        self.stations += event.agent != self.agent
        self.status, self.agent = event.status, event.agent


def _tickets(events: Sequence[Event], requesters: Mapping[int, int]) -> Versions:
    """Return a version of the ticket an event."""
    states: list[Record] = []
    for case_id, case in groupby(events, key=lambda event: event.case_id):
        progress: _Progress | None = None
        for event in case:
            progress = progress or _Progress(created_at=event.at)
            progress.take(event)
            states.append(_ticket(event, progress, requesters[case_id]))
    ids = [TICKET_IDS + event.case_id for event in events]
    at = [event.at for event in events]
    columns = {"generated_at": np.asarray(at, "datetime64[us]"), "place": np.arange(len(events))}

    def render(rows: pd.DataFrame) -> list[Record]:
        return [dict(states[place]) for place in rows["place"].tolist()]  # whoever serves it may add keys

    return Versions(frame_of_versions(ids, at, columns), render)


def _ticket(event: Event, progress: _Progress, customer: int) -> Record:
    ticket_id = TICKET_IDS + event.case_id
    return {
        "id": ticket_id,
        "external_id": f"case-{event.case_id}",
        "subject": f"Case {event.case_id}",
        "status": event.status,
        "priority": None,
        "type": None,
        "via": {"channel": "api"},
        "requester_id": USER_IDS + customer,
        "submitter_id": USER_IDS + customer,
        "assignee_id": AGENT_IDS + event.agent,
        "organization_id": ORGANIZATION_IDS + customer,
        "tags": [],
        "custom_fields": [{"id": TASK_FIELD_ID, "value": event.task}],
        "satisfaction_rating": {"score": "unoffered"},
        "created_at": _instant(progress.created_at),
        "updated_at": _instant(event.at),
        "generated_timestamp": int((event.at - datetime(1970, 1, 1)).total_seconds()),  # noqa: DTZ001 - naive UTC
        "metric_set": _metric_set(ticket_id, progress),
    }


def _metric_set(ticket_id: int, progress: _Progress) -> Record:
    return {
        "ticket_id": ticket_id,
        "reopens": progress.reopens,
        "replies": None,
        "assignee_stations": progress.stations,
        "solved_at": _instant(progress.solved_at),
        "reply_time_in_minutes": _minutes(None),
        "first_resolution_time_in_minutes": _minutes(progress.first_resolution_minutes),
        "full_resolution_time_in_minutes": _minutes(progress.full_resolution_minutes),
        "requester_wait_time_in_minutes": _minutes(None),
    }


def _minutes(calendar: int | None) -> dict[str, int | None]:
    return {"calendar": calendar, "business": None}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else f"{at.isoformat()}Z"


def _ticket_events(events: Sequence[Event]) -> Versions:
    in_time = sorted(events, key=lambda event: event.at)  # stable: a case keeps its order within a second
    ids = EVENT_IDS + np.arange(len(in_time))

    def render(rows: pd.DataFrame) -> list[Record]:
        columns = zip(
            rows["id"].tolist(), epoch_seconds(rows["created_at"]), iso(rows["created_at"]), strict=True
        )
        return [
            _ticket_event(event_id, seconds, at, in_time[event_id - EVENT_IDS])
            for event_id, seconds, at in columns
        ]

    return Versions(frame_of_versions(ids, [event.at for event in in_time]), render)


def _ticket_event(event_id: int, seconds: int, at: str | None, event: Event) -> Record:
    children = list(_child_events(event))
    return {
        "id": event_id,
        "ticket_id": TICKET_IDS + event.case_id,
        "timestamp": seconds,
        "created_at": at,
        "updater_id": AGENT_IDS + event.agent,
        "via": "Web service",
        "event_type": "Audit",
        "child_events": [{"id": event_id * 10 + n, **child} for n, child in enumerate(children)],
    }


def _child_events(event: Event) -> Iterator[Record]:
    task = {"custom_ticket_fields": {str(TASK_FIELD_ID): event.task}}
    if event.previous is None:
        yield {"event_type": "Create", "status": "new", **task}
        if event.status != "new":
            yield {"event_type": "Change", "status": event.status, "previous_value": "new"}
    else:
        yield {"event_type": "Change", "status": event.status, "previous_value": event.previous, **task}
