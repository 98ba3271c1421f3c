"""One night: the date the warehouse is built as of, and the names that follow from it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True)
class Night:
    """The run that builds the warehouse as of the end of `as_of_date` (UTC)."""

    as_of_date: date

    @property
    def run_id(self) -> str:
        """Name of the run. The same date always has the same name, so a re-run is the same run."""
        return f"night-{self.as_of_date.isoformat()}"

    @property
    def until(self) -> datetime:
        """First instant the night does not cover: midnight UTC after `as_of_date`."""
        return datetime.combine(self.as_of_date + timedelta(days=1), time(), tzinfo=UTC)
