"""Zendesk: changes only its own clock sees, more records in a second than a page, tombstones and none."""

from datetime import datetime, timedelta
from typing import Any

from tests.oracle.history import NIGHTS, ODD_TEXTS, OVERLAP, POISON, History, Record, day, iso, midnight

from valuegap.demo.mutation_log import Mutation, Op

USER_BURST, METRIC_BURST = 1_100, 1_050  # more than a page of an export, in one second
ORGANIZATION_BURST = 450
HIGH, LOW = 360_001, 360_002  # custom fields


def zendesk_history(seed: int) -> tuple[Mutation, ...]:
    """Return ten nights of a Zendesk account."""
    history = History("zendesk", seed)
    _found(history)
    _bursts(history)
    _daily_changes(history)
    _clocks(history)
    _deleting(history)
    _events(history)
    _ratings(history)
    _fields(history)
    _odd_values(history)
    _poison(history)
    _while_we_read(history)
    return history.play()


def user(number: int, at: datetime, **values: Any) -> Record:
    times = {"created_at": iso(at), "updated_at": iso(at)}
    return {
        "id": number,
        "name": f"User {number}",
        "email": f"u{number}@customer.example",
        "role": "end-user",
        "active": True,
        "user_fields": {"tier": "gold"},
        **times,
        **values,
    }


def organization(number: int, at: datetime, **values: Any) -> Record:
    times = {"created_at": iso(at), "updated_at": iso(at), "deleted_at": None}
    return {
        "id": number,
        "name": f"Org {number}",
        "external_id": f"C-{number}",
        "domain_names": [],
        **times,
        **values,
    }


def ticket(number: int, at: datetime, **values: Any) -> Record:
    minutes = {"calendar": 30, "business": 20}
    metrics = {"reopens": 0, "replies": 1, "assignee_stations": 1, "solved_at": None}
    return {
        "id": number,
        "external_id": None,
        "subject": f"Ticket {number}",
        "description": "It does not work.",
        "status": "open",
        "priority": "high",
        "type": "incident",
        "via": {"channel": "email"},
        "requester_id": 1001,
        "assignee_id": 1000,
        "organization_id": 101,
        "tags": ["topic_delivery"],
        "custom_fields": [{"id": HIGH, "value": "blue"}, {"id": LOW, "value": None}],
        "satisfaction_rating": {"score": "unoffered"},
        "created_at": iso(at),
        "updated_at": iso(at),
        "generated_timestamp": int(at.timestamp()),
        "metric_set": {**metrics, "reply_time_in_minutes": minutes},
        **values,
    }


def _create(
    history: History, stream: str, record: Record, at: datetime, visible_at: datetime | None = None
) -> None:
    history.plan(at, lambda: history.put(Op.CREATE, stream, record["id"], record, at, visible_at))


def _change(  # noqa: PLR0913 - the parts of a change
    history: History,
    stream: str,
    number: int,
    at: datetime,
    *,
    visible_at: datetime | None = None,
    op: Op = Op.UPDATE,
    raw: dict[str, str] | None = None,
    **values: Any,
) -> None:
    """Change a record at `at`; an export shows it at `visible_at`."""

    def change() -> None:
        record = history.record(stream, number) | values
        if op not in {Op.SYSTEM_UPDATE, Op.PURGE, Op.MERGE}:
            record["updated_at"] = iso(at)
        shown_at = visible_at or at
        if stream == "tickets":
            record["generated_timestamp"] = int(shown_at.timestamp())
        clock = shown_at if stream == "tickets" else datetime.fromisoformat(record["updated_at"])
        history.put(op, stream, number, record, clock, shown_at, raw)

    history.plan(visible_at or at, change)


def _found(history: History) -> None:
    start = day(-300, 9)
    _create(history, "users", user(1000, start, role="agent", default_group_id=360_000_000_077), start)
    for number in range(1, 81):
        _create(history, "users", user(1000 + number, start, organization_id=100 + number % 20), start)
    for number in range(1, 31):
        _create(history, "organizations", organization(100 + number, start), start)
    for number in range(1, 101):
        at = start + timedelta(days=number, hours=1)
        _create(history, "tickets", ticket(2000 + number, at, requester_id=1000 + number % 80), at)
        _event(history, 2000 + number, at, "Create", status="new")
    _event(history, 2001, start + timedelta(days=1, hours=3), "Change", assignee_id=1000)


def _bursts(history: History) -> None:
    """An import of more users than a page holds, in one second; of organizations, around the end of a page."""
    at = day(2, 20)
    for number in range(USER_BURST):
        _create(history, "users", user(10_000 + number, at), at)
    for number in range(300):
        _create(
            history, "organizations", organization(20_000 + number, day(2, 19), name="Before"), day(2, 19)
        )
    for number in range(ORGANIZATION_BURST):
        _create(history, "organizations", organization(30_000 + number, at), at)
    for number in range(0, ORGANIZATION_BURST, 3):
        _change(history, "organizations", 30_000 + number, day(6, 11), name="Renamed")


def _daily_changes(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for number in history.random.sample(range(1, 41), 8):
            _change(history, "users", 1000 + number, day(night, history.hour()), phone=f"+{night}{number}")
            at = day(night, history.hour())
            _change(
                history,
                "tickets",
                2000 + number,
                at,
                priority=("low", "high")[night % 2],
                tags=[f"night_{night}"],
            )
            _event(history, 2000 + number, at, "Change", status=None)
        for number in history.random.sample(range(1, 16), 3):
            _change(
                history,
                "organizations",
                100 + number,
                day(night, history.hour()),
                domain_names=[f"n{night}.example"],
            )


def _clocks(history: History) -> None:
    """Changes that leave `updated_at`, that show late, that carry a time to come, and old copies."""
    for night in range(2, NIGHTS + 1):
        _change(
            history,
            "tickets",
            2050 + night,
            day(night, 13),
            op=Op.SYSTEM_UPDATE,
            tags=["by_system", f"n{night}"],
        )
        _change(history, "users", 1050 + night, day(night, 13), op=Op.SYSTEM_UPDATE, organization_id=103)
    for night in range(2, NIGHTS - 2):
        for place, late in enumerate((timedelta(hours=20), timedelta(days=2), OVERLAP)):
            number, at = 40_000 + 10 * night + place, day(night, 10 + place)
            _create(history, "users", user(number, at, name="Late"), at, at + late)
            _create(history, "organizations", organization(number, at, name="Late"), at, at + late)
            _metric_event(history, number, at, at + late)
        edge = midnight(night) - OVERLAP
        _metric_event(history, 41_000 + night, edge, midnight(night) + timedelta(hours=1))
    ahead = midnight(3) + timedelta(seconds=20)
    _change(history, "users", 1070, ahead, visible_at=ahead - timedelta(seconds=90), phone="ahead")
    _old_copy(history)


def _old_copy(history: History) -> None:
    """A replica behind its time answers for two days with what a user was before."""

    def show(op: Op, record: Record, visible_at: datetime) -> None:
        history.put(op, "users", 1071, record, datetime.fromisoformat(record["updated_at"]), visible_at)

    def copies() -> None:
        old = history.record("users", 1071)
        new = old | {"phone": "new", "updated_at": iso(day(3, 9))}
        show(Op.UPDATE, new, day(3, 9))
        show(Op.STALE_READ, old, day(4, 9))
        show(Op.UPDATE, new, day(6, 9))

    history.plan(day(3, 9), copies)


def _deleting(history: History) -> None:
    for number in (2061, 2062):
        _change(history, "tickets", number, day(4, 15), op=Op.DELETE, status="deleted")
    _change(history, "tickets", 2062, day(6, 15), op=Op.RESTORE, status="open")
    _change(history, "tickets", 2063, day(5, 15), status="closed", tags=["closed_by_merge"])
    _change(history, "users", 1061, day(4, 15), op=Op.DELETE, active=False)
    _change(history, "users", 1062, day(4, 16), op=Op.DELETE, active=False)
    _change(history, "users", 1062, day(6, 16), op=Op.RESTORE, active=True)
    _change(history, "organizations", 121, day(4, 15), op=Op.DELETE, deleted_at=iso(day(4, 15)))
    for stream, number in (("users", 1063), ("users", 1064), ("organizations", 122)):
        op = Op.MERGE if number == 1064 else Op.PURGE
        _change(history, stream, number, day(5, 15), op=op)


def _event(history: History, number: int, at: datetime, kind: str, **child: Any) -> None:
    place = 500_000 + len(history._plans)
    comment = {
        "id": place * 10 + 1,
        "event_type": "Comment",
        "public": True,
        "author_id": 1000,
        "body": "Hello",
    }
    first = {"id": place * 10, "event_type": kind, **child}
    event = {"id": place, "ticket_id": number, "timestamp": int(at.timestamp()), "updater_id": 1000}
    record = event | {"child_events": [first, comment] if kind == "Create" else [first]}
    history.plan(at, lambda: history.put(Op.CREATE, "ticket_events", place, record, at))


def _metric_event(history: History, place: int, at: datetime, visible_at: datetime | None = None) -> None:
    event = {
        "id": 700_000 + place,
        "ticket_id": 2001,
        "metric": "reply_time",
        "instance_id": 1,
        "type": "fulfill",
    }
    record = event | {"time": iso(at), "status": {"calendar": 5, "business": 4}}
    history.plan(
        at, lambda: history.put(Op.CREATE, "ticket_metric_events", record["id"], record, at, visible_at)
    )


def _events(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for place in range(5):
            _metric_event(history, 100 * night + place, day(night, 7 + place))
    for place in range(METRIC_BURST):
        _metric_event(history, 100_000 + place, day(3, 12))


def _ratings(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for place in range(4):
            number, at = 800_000 + 10 * night + place, day(night, 9 + place)
            rating = {
                "id": number,
                "ticket_id": 2000 + place,
                "requester_id": 1001,
                "assignee_id": 1000,
                "group_id": 1,
            }
            said = {"score": ("good", "bad", "offered", "good")[place], "comment": "Fine", "reason": None}
            times = {"created_at": iso(at), "updated_at": iso(at)}
            late = at + (timedelta(days=2) if place == 3 else timedelta())
            _create(history, "satisfaction_ratings", {**rating, **said, **times}, at, late)


def _fields(history: History) -> None:
    start = day(-300, 9)
    options = [{"id": 1, "name": "Blue", "value": "blue"}]
    times = {"created_at": iso(start), "updated_at": iso(start)}
    for number, title in ((HIGH, "Color"), (LOW, "Size")):
        field = {
            "id": number,
            "type": "tagger",
            "title": title,
            "active": True,
            "custom_field_options": options,
        }
        _create(history, "ticket_fields", {**field, **times}, start)
    _change(
        history,
        "ticket_fields",
        HIGH,
        day(4, 9),
        title="Colour",
        custom_field_options=[{**options[0], "name": "Azure"}],
    )
    _change(history, "ticket_fields", LOW, day(6, 9), op=Op.PURGE)
    new = {"id": 360_003, "type": "text", "title": "New", "active": True, "custom_field_options": None}
    created = {"created_at": iso(day(5, 9)), "updated_at": iso(day(5, 9))}
    _create(history, "ticket_fields", {**new, **created}, day(5, 9))
    more = [{"id": HIGH, "value": "blue"}, {"id": 360_003, "value": "free text"}]
    _change(history, "tickets", 2070, day(5, 10), custom_fields=more)
    # Customers' own fields come, go and change their names: nobody declared them, and nothing is lost by it.
    for night, fields in ((3, {"tier": 3}), (5, {}), (7, {"level": "gold"})):
        _change(history, "users", 1072, day(night, 10), user_fields=fields)


def _odd_values(history: History) -> None:
    for place, odd in enumerate(ODD_TEXTS.values()):
        _create(history, "users", user(50_000 + place, day(6, 8), name=odd), day(6, 8))
        tagged = ticket(51_000 + place, day(6, 8), description=odd, tags=[odd[:1000]])
        _create(history, "tickets", tagged, day(6, 8))
    at = day(4, 8)
    _create(history, "organizations", organization(52_000, at, name="Nul \u0000 inside"), at)
    # Ids of twenty digits, and a number where text was.
    _change(history, "tickets", 2071, at, requester_id=1, raw={"requester_id": "18446744073709551615"})
    _change(history, "tickets", 2072, at, priority=3)
    _change(history, "tickets", 2072, day(5, 8), priority=None)
    _change(
        history, "tickets", 2072, day(6, 8), priority="urgent", metric_set={"reopens": "2", "replies": 3.0}
    )


def _poison(history: History) -> None:
    for place, raw in enumerate(POISON.values()):
        number = 60_000 + place
        _create(history, "tickets", ticket(number, day(2, 7), subject="Before"), day(2, 7))
        text = raw.replace("{name}", "subject")
        _change(history, "tickets", number, day(4, 7), priority="low", raw={"subject": text})
    _change(history, "tickets", 60_000, day(9, 7), subject="Healed", priority="urgent")
    for place, values in enumerate(
        ({"status": None}, {"priority": {"level": 3}}, {"metric_set": {"reopens": "often"}})
    ):
        number = 61_000 + place
        _create(history, "tickets", ticket(number, day(2, 7)), day(2, 7))
        _change(history, "tickets", number, day(4, 7), **values)
    _create(history, "tickets", ticket(61_003, day(2, 7)), day(2, 7))
    _change(history, "tickets", 61_003, day(4, 7), raw={"created_at": '"yesterday"'})
    nameless = user(62_000, day(4, 7)) | {"created_at": None}
    _create(history, "users", nameless, day(4, 7))


def _while_we_read(history: History) -> None:
    for night in (4, 6):
        for place in range(8):
            at = midnight(night) + timedelta(minutes=5, seconds=2 + 4 * place)
            _change(history, "users", 1073 + place % 4, at, phone=f"while {night} {place}")
            _change(history, "tickets", 2080 + place, at, priority="urgent", tags=[f"while_{night}"])
