from datetime import UTC, datetime

import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import TimeRestriction

from valuegap.orchestration.schedules import cut_off_schedule, ingest_schedule, nightly


def next_run(timetable):
    """Return the next run as the scheduler works it out, from the serialized timetable."""
    since = TimeRestriction(earliest=datetime(2026, 1, 31, 20, tzinfo=UTC), latest=None, catchup=True)
    scheduled = decode_timetable(encode_timetable(timetable))
    return scheduled.next_dagrun_info_v2(last_dagrun_info=None, restriction=since)


def test_a_night_is_run_after_midnight_and_named_by_the_day_that_is_over():
    run = next_run(nightly("15 1 * * *"))
    assert run.run_after == datetime(2026, 2, 1, 1, 15, tzinfo=UTC)
    assert run.partition_key == "2026-01-31"


def test_off_never_fires():
    assert next_run(nightly("off")) is None


@pytest.mark.parametrize(
    ("schedule", "variable", "hour"),
    [(ingest_schedule, "VALUEGAP_INGEST_SCHEDULE", 1), (cut_off_schedule, "VALUEGAP_CUT_OFF_SCHEDULE", 5)],
    ids=["ingest", "cut-off"],
)
def test_schedules_come_from_the_settings(monkeypatch, schedule, variable, hour):
    monkeypatch.delenv(variable, raising=False)
    assert next_run(schedule()).run_after.hour == hour
    monkeypatch.setenv(variable, "30 7 * * *")
    assert next_run(schedule()).run_after.hour == 7
    monkeypatch.setenv(variable, "off")
    assert next_run(schedule()) is None
