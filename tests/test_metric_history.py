"""What earlier nights said is carried from the published file, and from there alone."""

from datetime import date

import duckdb
import pytest

from valuegap import warehouse
from valuegap.errors import BuildError
from valuegap.night import Night
from valuegap.publish import metric_history
from valuegap.publish.promote import LINK_NAME
from valuegap.settings import Settings

FRIDAY, SATURDAY, SUNDAY = date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 1)
COLUMNS = "metric_code, segment_key, period_grain, period_start, period_end, recorded_as_of, metric_value"


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(data_dir=tmp_path)


def publish(settings: Settings, night: date, recorded: dict[date, float]) -> None:
    """Put a published file in place that shows `night` and holds these figures by the night that said them."""
    settings.published_dir.mkdir(exist_ok=True)
    file = settings.published_dir / f"warehouse-{night}-0123456789ab.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as published:
        published.execute("create schema marts")
        rows = ", ".join(
            f"('nps', 'all:all', 'month', date '2026-01-01', date '2026-01-31', date '{said}', {value})"
            for said, value in recorded.items()
        )
        published.execute(f"create table marts.metric_history as from (values {rows}) as said ({COLUMNS})")
        published.execute(f"alter table marts.metric_history add column as_of_date date default '{night}'")
    link = settings.published_dir / LINK_NAME
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)


def carried(settings: Settings, night: date) -> dict[date, float]:
    settings.build_file.parent.mkdir(exist_ok=True)
    with duckdb.connect(str(settings.build_file)) as connection:
        connection.execute(warehouse.OPS_TABLES)
        rows = metric_history.carry_over(connection, settings, Night(night))
        found = connection.execute("select recorded_as_of, metric_value from ops.metric_history").fetchall()
    assert rows == len(found)
    return dict(found)


def test_nothing_is_carried_over_while_nothing_is_published(settings) -> None:
    assert carried(settings, FRIDAY) == {}


def test_what_earlier_nights_recorded_is_carried_over(settings) -> None:
    publish(settings, SATURDAY, {FRIDAY: 10, SATURDAY: 12})
    assert carried(settings, SUNDAY) == {FRIDAY: 10, SATURDAY: 12}


def test_a_night_built_again_says_its_own_rows_anew(settings) -> None:
    publish(settings, SATURDAY, {FRIDAY: 10, SATURDAY: 12})
    assert carried(settings, SATURDAY) == {FRIDAY: 10}


def test_an_old_night_knows_nothing_of_later_ones(settings) -> None:
    publish(settings, SUNDAY, {FRIDAY: 10, SATURDAY: 12, SUNDAY: 11})
    assert carried(settings, SATURDAY) == {FRIDAY: 10}


def test_the_history_outlives_the_build_file(settings) -> None:
    publish(settings, SATURDAY, {FRIDAY: 10, SATURDAY: 12})
    before = carried(settings, SUNDAY)
    settings.build_file.unlink()
    assert carried(settings, SUNDAY) == before


def test_what_is_left_in_the_build_file_from_an_unpublished_build_does_not_count(settings) -> None:
    publish(settings, SATURDAY, {FRIDAY: 10, SATURDAY: 12})
    carried(settings, SUNDAY)
    publish(settings, SATURDAY, {FRIDAY: 9})
    assert carried(settings, SUNDAY) == {FRIDAY: 9}


def test_a_file_published_before_there_was_a_history_begins_it(settings) -> None:
    settings.published_dir.mkdir()
    file = settings.published_dir / f"warehouse-{SATURDAY}-0123456789ab.duckdb"
    with duckdb.connect(str(file)) as published:
        published.execute("create schema marts; create table marts.loyalty (nps double)")
    (settings.published_dir / LINK_NAME).symlink_to(file.name)
    assert carried(settings, SUNDAY) == {}


def test_a_damaged_published_file_stops_the_build_and_says_what_is_at_stake(settings) -> None:
    settings.published_dir.mkdir()
    file = settings.published_dir / f"warehouse-{SATURDAY}-0123456789ab.duckdb"
    file.write_bytes(b"no database" * 1000)
    (settings.published_dir / LINK_NAME).symlink_to(file.name)
    with pytest.raises(BuildError, match="only it knows what earlier nights said"):
        carried(settings, SUNDAY)
