"""When nights begin. A run made by these schedules carries its night as partition key."""

from airflow.sdk import CronPartitionTimetable, PartitionedAtRuntime
from airflow.sdk.bases.timetable import BaseTimetable

from valuegap.settings import Settings

KEY_FORMAT = "%Y-%m-%d"


def ingest_schedule() -> BaseTimetable:
    """Return when the sources are read."""
    return nightly(Settings.from_environment().ingest_schedule)


def cut_off_schedule() -> BaseTimetable:
    """Return when a night stops waiting for a source."""
    return nightly(Settings.from_environment().cut_off_schedule)


def nightly(cron: str) -> BaseTimetable:
    """Return a daily schedule whose runs cover the day before, or one that never fires for `"off"`."""
    if cron == "off":
        return PartitionedAtRuntime()
    # One tick back is the day before only while the cron is daily.
    return CronPartitionTimetable(cron, timezone="UTC", run_offset=-1, key_format=KEY_FORMAT)
