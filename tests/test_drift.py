"""What became of the vendors' fields is said once there is enough to go by, and not before."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from valuegap import drift
from valuegap.drift import FieldCensus
from valuegap.sources.stream import Field, Stream

FIRST = date(2026, 1, 1)
CONTACTS = Stream(
    "contacts",
    (
        Field("id", "$.id"),
        Field("job_title", "$.properties.jobtitle"),
        Field("minutes", "$.metrics.reply.calendar"),
    ),
)


class Census:
    """A warehouse's census, filled night by night with records."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"create schema ops; {drift.TABLES} {drift.MACRO}")
        for field in CONTACTS.fields:
            self.connection.execute(
                "insert into ops.declared_fields values ('crm', 'contacts', ?, ?)", [field.column, field.path]
            )

    def night(self, number: int, *records: dict[str, Any], times: int = 1) -> None:
        census = FieldCensus(CONTACTS)
        for _ in range(times):
            census.add(records)
        as_of = FIRST + timedelta(days=number)
        for row in census.rows():
            self.connection.execute(
                "insert into ops.field_census values ('crm', 'contacts', ?, ?, ?, ?, ?, ?)",
                [f"night-{as_of}", as_of, *row],
            )

    def drift(self, number: int = 30) -> list[tuple[Any, ...]]:
        """Return (kind, path, renamed to, noticed on which night) of all that is noticed by a night."""
        return [
            (kind, path, renamed_to, (noticed - FIRST).days)
            for kind, path, renamed_to, noticed in self.connection.execute(
                "select kind, path, renamed_to, noticed_as_of from ops.schema_drift($night) order by all",
                {"night": FIRST + timedelta(days=number)},
            ).fetchall()
        ]


@pytest.fixture
def census() -> Iterator[Census]:
    census = Census()
    yield census
    census.connection.close()


def contact(**properties: object) -> dict[str, Any]:
    return {"id": "1", "properties": properties}


def test_members_are_counted_by_path_and_type() -> None:
    census = FieldCensus(CONTACTS)
    census.add(
        [
            {"id": "1", "properties": {"jobtitle": "x", "odd name": None}, "tags": [1]},
            {
                "id": 2,
                "properties": {"jobtitle": None},
                "custom_fields": [{"id": 9, "value": True}, {"id": "a b"}, 7],
            },
            {"metrics": {"reply": {"calendar": 1.5, "business": 1}, "other": {"deep": 1}}},
        ]
    )
    assert census.rows() == [
        ("$", "", "object", 3),
        ("$.custom_fields", "$", "array", 1),
        ("$.custom_fields[id=9]", "$.custom_fields", "boolean", 1),
        ("$.custom_fields[id=a b]", "$.custom_fields", "null", 1),
        ("$.id", "$", "number", 1),
        ("$.id", "$", "string", 1),
        ("$.metrics", "$", "object", 1),
        ("$.metrics.other", "$.metrics", "object", 1),
        ("$.metrics.reply", "$.metrics", "object", 1),
        ("$.metrics.reply.business", "$.metrics.reply", "number", 1),
        ("$.metrics.reply.calendar", "$.metrics.reply", "number", 1),
        ("$.properties", "$", "object", 2),
        ("$.properties.\"odd name\"", "$.properties", "null", 1),
        ("$.properties.jobtitle", "$.properties", "null", 1),
        ("$.properties.jobtitle", "$.properties", "string", 1),
        ("$.tags", "$", "array", 1),
    ]  # fmt: skip


def test_an_object_keyed_by_ids_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "MEMBERS_COUNTED", 3)
    census = FieldCensus(CONTACTS)
    for page in range(5):
        census.add([{"answers": {"often": 1, f"Q{page}a": 1, f"Q{page}b": 1, f"Q{page}c": 1}}])
    rows = [row for row in census.rows() if row[1] == "$.answers"]
    assert len(rows) <= 4
    assert sum(records for *_, records in rows) == 20, "what is not counted by name is counted"
    assert ("$.answers.often", "$.answers", "number", 5) in rows


def test_the_same_fields_night_after_night_are_no_drift(census: Census) -> None:
    for number in range(5):
        census.night(number, contact(jobtitle="x", city=None), times=30)
    assert census.drift() == []


def test_a_new_field_is_noticed_the_night_it_comes(census: Census) -> None:
    census.night(0, contact(city="x"), times=30)
    census.night(1, contact(city="x", fax="1"))
    assert census.drift(0) == []
    assert census.drift(1) == [("new", "$.properties.fax", None, 1)]


def test_a_field_of_few_records_is_not_new_because_few_records_came_before(census: Census) -> None:
    census.night(0, contact(city="x"), times=30)
    census.night(1, contact(city="x"), times=9)
    census.night(2, contact(city="x"), times=9)
    census.night(2, contact(city="x", fax="1"))
    assert census.drift() == []


def test_everything_is_not_new_on_the_first_night(census: Census) -> None:
    census.night(0, contact(city="x"), times=100)
    assert census.drift() == []


def test_a_field_that_is_gone_is_missing(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(city="y"), times=30)
    assert census.drift() == [("missing", "$.properties.jobtitle", None, 1)]
    (row,) = census.connection.execute(
        "select source, stream, is_declared, last_seen_as_of, n_records from ops.schema_drift(date '2026-02-01')"
    ).fetchall()
    assert row == ("crm", "contacts", True, FIRST, 30)


def test_a_quiet_night_makes_no_field_missing_and_quiet_nights_add_up(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    for number in (1, 2, 3):
        census.night(number, contact(city="y"), times=8)
    assert census.drift(2) == []
    assert census.drift(3) == [("missing", "$.properties.jobtitle", None, 3)]


def test_a_field_that_comes_back_is_not_missing(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(city="y"), times=30)
    census.night(2, contact(jobtitle="x", city="y"))
    assert census.drift(1) != []
    assert census.drift(2) == []


def test_a_field_few_records_have_is_never_missing(census: Census) -> None:
    census.night(0, contact(city="y"), contact(city="y"), contact(city="y", fax="1"), times=100)
    census.night(1, contact(city="y"), times=1000)
    assert census.drift() == []


def test_members_of_an_object_that_did_not_come_are_not_missed(census: Census) -> None:
    census.night(0, contact(jobtitle="x"), contact(jobtitle="x"), {"id": "1"}, times=30)
    census.night(1, {"id": "1"}, times=25)
    assert census.drift() == []


def test_a_field_that_became_null_everywhere_is_emptied(census: Census) -> None:
    census.night(0, contact(jobtitle="x"), times=30)
    census.night(1, contact(jobtitle=None), times=30)
    assert census.drift() == [("emptied", "$.properties.jobtitle", None, 1)]


def test_one_gone_and_one_come_alike_are_one_renamed(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(job_title_new="x", city="y"), times=30)
    assert census.drift() == [("renamed", "$.properties.jobtitle", "$.properties.job_title_new", 1)]


@pytest.mark.parametrize(
    "successors",
    [{"a": 1}, {"a": "x", "b": "x"}, {}],
    ids=["another type", "two candidates", "none"],
)
def test_what_may_not_be_the_same_is_not_called_renamed(
    census: Census, successors: dict[str, object]
) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(city="y", **successors), times=30)
    assert [kind for kind, *_ in census.drift()] == ["missing"] + ["new"] * len(successors)


def test_one_that_is_much_rarer_is_not_the_successor(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=60)
    census.night(1, contact(city="y", other="x"), contact(city="y"), times=60)
    assert [kind for kind, *_ in census.drift()] == ["missing", "new"]


def test_one_that_came_later_is_not_the_successor(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(city="y"), times=30)
    census.night(2, contact(city="y", other="x"), times=30)
    assert [kind for kind, *_ in census.drift()] == ["missing", "new"]


def test_another_type_is_retyped(census: Census) -> None:
    census.night(0, contact(jobtitle=1), times=30)
    census.night(1, contact(jobtitle="1"), times=19)
    census.night(2, contact(jobtitle="1"))
    assert census.drift(1) == []
    assert census.drift(2) == [("retyped", "$.properties.jobtitle", None, 2)]
    assert census.connection.execute(
        "select previous_json_type from ops.schema_drift(date '2026-02-01')"
    ).fetchall() == [("number",)]


def test_a_type_a_few_records_have_is_not_retyped(census: Census) -> None:
    census.night(0, contact(jobtitle="x"), times=30)
    census.night(1, *[contact(jobtitle="x")] * 3, contact(jobtitle=1), times=30)
    assert census.drift() == []


def test_a_declared_field_deeper_down_is_watched(census: Census) -> None:
    census.night(0, {"metrics": {"reply": {"calendar": 1, "business": 1}}}, times=30)
    census.night(1, {"metrics": {"reply": {"business": 1}}}, times=30)
    assert census.drift() == [("missing", "$.metrics.reply.calendar", None, 1)]


def test_an_object_that_holds_a_declared_field_is_declared(census: Census) -> None:
    census.night(0, {"id": "1", "metrics": {"reply": {"calendar": 1}}}, times=30)
    census.night(1, {"id": "1"}, times=30)
    assert census.connection.execute(
        "select path, is_declared from ops.schema_drift(date '2026-02-01')"
    ).fetchall() == [("$.metrics", True)]


def test_a_night_sees_nothing_of_later_nights(census: Census) -> None:
    census.night(0, contact(jobtitle="x", city="y"), times=30)
    census.night(1, contact(city="y"), times=30)
    before = census.drift(1)
    census.night(2, contact(jobtitle="x", fax="1"), times=30)
    assert census.drift(1) == before
