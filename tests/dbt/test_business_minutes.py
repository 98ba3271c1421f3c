"""Open minutes of tickets against a count of every minute on its own, by Python's zones instead of the database's."""

import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import pytest
from model_run import PROJECT, build_models
from raw_fixture import insert

from valuegap import warehouse
from valuegap.settings import Settings

AS_OF = date(2026, 4, 30)
FIRST = datetime(2025, 10, 1, tzinfo=UTC)
MINUTES = 212 * 24 * 60  # both changes of the clock, in the old world and the new, lie in them
MINUTE = timedelta(minutes=1)


class Schedule(NamedTuple):
    """When a schedule is open: wall-clock spans by weekday, 1 is Monday, and days it stays closed."""

    zone: str
    spans: Mapping[int, tuple[tuple[str, str], ...]]
    holidays: tuple[date, ...] = ()

    def is_open(self, instant: datetime) -> bool:
        """Say whether the clock on the wall is inside a span."""
        local = instant.astimezone(ZoneInfo(self.zone))
        now = local.strftime("%H:%M")
        return local.date() not in self.holidays and any(
            opens <= now < closes for opens, closes in self.spans.get(local.isoweekday(), ())
        )


WORKDAY = (("08:15", "12:00"), ("13:00", "17:45"))
SCHEDULES = {
    # On Sundays open through the hour that is left out in March and through part of the one that comes twice in October.
    "berlin": Schedule(
        "Europe/Berlin",
        dict.fromkeys(range(1, 6), WORKDAY) | {7: (("01:30", "02:40"), ("02:50", "03:20"))},
        (date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1), date(2026, 4, 3)),
    ),
    "new_york": Schedule(
        "America/New_York",
        dict.fromkeys(range(1, 6), (("09:00", "17:00"),)) | {7: (("00:00", "24:00"),)},
        (date(2025, 11, 27), date(2026, 1, 19)),
    ),
    "always": Schedule("Etc/UTC", dict.fromkeys(range(1, 8), (("00:00", "24:00"),))),
}
CHANNELS = {"email": "berlin", "phone": "new_york", "chat": "always"}


class Ticket(NamedTuple):
    """A ticket's life in whole minutes since `FIRST`."""

    number: int
    channel: str
    created: int
    replied: int
    solved: int


def tickets() -> Iterator[Ticket]:
    luck = Random(5)
    changes = [datetime(2025, 10, 26), datetime(2025, 11, 2), datetime(2026, 3, 8), datetime(2026, 3, 29)]  # noqa: DTZ001
    for number in range(400):
        if number % 2:
            change = changes[number // 2 % len(changes)].replace(tzinfo=UTC)
            created = int((change - FIRST) / MINUTE) + luck.randrange(-1440, 1440)
        else:
            created = luck.randrange(MINUTES - 30 * 1440)
        replied = created + luck.randrange(0, 3 * 1440)
        solved = replied + luck.randrange(0, 20 * 1440)
        yield Ticket(number, luck.choice(list(CHANNELS)), created, replied, solved)


def at(minute: int) -> str:
    return (FIRST + minute * MINUTE).strftime("%Y-%m-%d %H:%M:%S")


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    opened = {"created_at": "2025-01-01", "updated_at": "2025-01-01"}
    insert(connection, "zendesk", "users", [{"id": "9", "role": "agent", **opened}], AS_OF)
    insert(
        connection,
        "zendesk",
        "tickets",
        [
            {"id": str(ticket.number), "status": "solved", "channel": ticket.channel, "assignee_id": "9"}
            | {"created_at": at(ticket.created), "generated_at": at(ticket.solved), "tags": "[]"}
            for ticket in tickets()
        ],
        AS_OF,
    )

    def event(ticket: Ticket, step: int, minute: int, **child: object) -> dict[str, object]:
        return {"id": str(3 * ticket.number + step), "ticket_id": str(ticket.number), "updater_id": "9"} | {
            "occurred_at": at(minute),
            "child_events": json.dumps([child]),
        }

    insert(
        connection,
        "zendesk",
        "ticket_events",
        [
            made
            for ticket in tickets()
            for made in (
                event(ticket, 0, ticket.created, event_type="Create", status="new"),
                event(ticket, 1, ticket.replied, event_type="Comment", public=True, author_id=9),
                event(ticket, 2, ticket.solved, event_type="Change", status="solved"),
            )
        ],
        AS_OF,
    )


def write_seed(project: Path, seed: str, rows: list[list[object]]) -> None:
    with (project / "seeds" / f"{seed}.csv").open("r+", newline="") as file:
        header = file.readline()
        file.seek(0)
        file.truncate()
        file.write(header)
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[str, int, int, int, int]]:
    """Schedule, calendar and open minutes to the reply and to the solution of each ticket, as the models count them."""
    folder = tmp_path_factory.mktemp("minutes")
    project = folder / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    write_seed(
        project,
        "business_schedule",
        [
            [code, schedule.zone, weekday, *span]
            for code, schedule in SCHEDULES.items()
            for weekday, spans in schedule.spans.items()
            for span in spans
        ],
    )
    write_seed(
        project,
        "business_holiday",
        [[code, day, "kept"] for code, schedule in SCHEDULES.items() for day in schedule.holidays],
    )
    rules = [
        [number, "", channel, "", "", code]
        for number, (channel, code) in enumerate(CHANNELS.items(), start=1)
        if code != "always"
    ]
    write_seed(project, "ticket_schedule", [*rules, [9, "zendesk", "", "", "", "always"]])
    settings = Settings(data_dir=folder / "data")
    with warehouse.writer(settings) as connection:
        fill(connection)
    build_models(settings, AS_OF, select=["+int_tickets"], project=project)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        found = connection.execute(
            "select ticket_id, schedule_code, our_first_reply_calendar_minutes, our_first_reply_business_minutes, "
            "our_first_resolution_calendar_minutes, our_first_resolution_business_minutes "
            "from intermediate.int_tickets"
        ).fetchall()
    return {int(number): tuple(rest) for number, *rest in found}


def test_open_minutes_are_those_counted_one_by_one(measured) -> None:
    counted = {
        code: list(
            accumulate((schedule.is_open(FIRST + minute * MINUTE) for minute in range(MINUTES)), initial=0)
        )
        for code, schedule in SCHEDULES.items()
    }
    expected = {
        ticket.number: (
            code := CHANNELS[ticket.channel],
            ticket.replied - ticket.created,
            counted[code][ticket.replied] - counted[code][ticket.created],
            ticket.solved - ticket.created,
            counted[code][ticket.solved] - counted[code][ticket.created],
        )
        for ticket in tickets()
    }
    assert len(expected) == 400
    assert measured == expected


def test_a_schedule_without_a_pause_counts_the_minutes_of_the_calendar(measured) -> None:
    unpaused = [rest for code, *rest in measured.values() if code == "always"]
    assert len(unpaused) > 100
    assert all(
        reply == open_reply and solution == open_solution
        for reply, open_reply, solution, open_solution in unpaused
    )


def test_the_clocks_change_inside_the_hours_that_were_counted() -> None:
    """Or the first test would not see what it is there for."""
    berlin, new_york = SCHEDULES["berlin"], SCHEDULES["new_york"]

    def open_minutes(schedule: Schedule, day: date) -> int:
        start = datetime.combine(day, time(), tzinfo=ZoneInfo(schedule.zone)).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(schedule.zone)).astimezone(
            UTC
        )
        return sum(schedule.is_open(start + minute * MINUTE) for minute in range(int((end - start) / MINUTE)))

    assert [open_minutes(berlin, day) for day in (date(2025, 10, 19), date(2025, 10, 26), date(2026, 3, 29))] == [
        100, 150, 50,
    ]  # fmt: skip
    assert [open_minutes(new_york, day) for day in (date(2025, 11, 2), date(2026, 3, 8))] == [
        25 * 60,
        23 * 60,
    ]
