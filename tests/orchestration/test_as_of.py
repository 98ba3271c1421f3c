from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest

from valuegap.errors import ConfigurationError
from valuegap.orchestration.as_of import covers, night_of_run, partition_key

AT_TWO = datetime(2026, 2, 1, 2, tzinfo=UTC)


def context(*, parameter=None, key=None, logical_date=None, run_after=AT_TWO):
    run = SimpleNamespace(partition_key=key, logical_date=logical_date, run_after=run_after)
    return {"dag_run": run, "params": {"as_of_date": parameter}}


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        pytest.param(
            context(parameter="2025-12-24", key="2026-01-31"), date(2025, 12, 24), id="parameter first"
        ),
        pytest.param(
            context(key="2026-01-30", logical_date=AT_TWO), date(2026, 1, 30), id="then the partition"
        ),
        pytest.param(
            context(logical_date=datetime(2026, 1, 31, 23, 59, tzinfo=UTC)),
            date(2026, 1, 30),
            id="then the day before the logical date",
        ),
        pytest.param(context(), date(2026, 1, 31), id="last the day before the run was due"),
        pytest.param(
            context(logical_date=datetime(2026, 2, 1, 1, tzinfo=timezone(timedelta(hours=5)))),
            date(2026, 1, 30),
            id="the day is a UTC day",
        ),
    ],
)
def test_night_of_run(run, expected):
    assert night_of_run(run).as_of_date == expected


def test_a_date_that_is_none_is_refused_with_the_remedy():
    with pytest.raises(
        ConfigurationError, match=r"as_of_date '31\.1\.2026' is not a date\. Write it as 2026-01-31\."
    ):
        night_of_run(context(key="31.1.2026"))


def test_events_cover_a_night_by_partition():
    night = night_of_run(context(key="2026-01-31"))
    other, own = (
        SimpleNamespace(partition_key="2026-01-30"),
        SimpleNamespace(partition_key=partition_key(night)),
    )
    assert not covers([], night)
    assert not covers([other], night)
    assert covers([other, own], night)
