"""Which night a DAG run is about: the one place where a run's dates become an as-of date."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, timedelta
from typing import Any

from valuegap.errors import ConfigurationError
from valuegap.night import Night


def night_of_run(context: Mapping[str, Any]) -> Night:
    """Return the night of a task's run.

    In this order: the parameter `as_of_date` of a manual run; the partition key of a scheduled, backfill
    or asset-triggered run; the day before the logical date (UTC), which is the last one that is over.
    """
    run = context["dag_run"]
    chosen = context["params"].get("as_of_date") or run.partition_key
    if chosen:
        return Night(_date(chosen))
    moment = run.logical_date or run.run_after
    return Night(moment.astimezone(UTC).date() - timedelta(days=1))


def partition_key(night: Night) -> str:
    """Return the name under which a night's asset events meet."""
    return night.as_of_date.isoformat()


def covers(events: Iterable[Any], night: Night) -> bool:
    """Tell whether one of these asset events belongs to the night."""
    return any(event.partition_key == partition_key(night) for event in events)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            f"as_of_date {text!r} is not a date.", remedy="Write it as 2026-01-31."
        ) from None
