"""The stretch of time a generated company lives in: two years of history, then its nights."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

HISTORY_MONTHS = 24

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Horizon:
    """From `start`, 24 months before the end of the first night, to `until`, the end of the last one."""

    first_night: date
    nights: int

    @property
    def start(self) -> np.datetime64:
        """First instant of the history, a first of a month."""
        first_until = np.datetime64(self.first_night, "D") + 1
        return np.datetime64(first_until.astype("datetime64[M]") - HISTORY_MONTHS, "us")

    @property
    def since(self) -> np.datetime64:
        """First instant of the first night's day: from here on every version of a record is kept."""
        return np.datetime64(self.first_night, "us")

    @property
    def until(self) -> np.datetime64:
        """First instant after the last night's day. Nothing happens from here on."""
        return self.since + np.timedelta64(self.nights, "D")

    @property
    def night_starts(self) -> Times:
        """First instant of each night's day."""
        return self.since + np.arange(self.nights).astype("timedelta64[D]")

    @property
    def months(self) -> int:
        """Number of calendar months touched."""
        return int(self.month_of(self.until - np.timedelta64(1, "s"))) + 1

    def month_of(self, at: Times | np.datetime64) -> NDArray[np.int64]:
        """Number the calendar month of `at`: 0 is the month of `start`."""
        return np.asarray(
            (np.asarray(at).astype("datetime64[M]") - self.start.astype("datetime64[M]")).astype(np.int64)
        )

    def month_start(self, month: NDArray[np.int64]) -> Times:
        """Return the first instant of numbered months."""
        start = self.start.astype("datetime64[M]") + month.astype("timedelta64[M]")
        return np.asarray(start.astype("datetime64[us]"))


def seconds(value: Floats) -> NDArray[np.timedelta64]:
    """Turn seconds into a duration; vendors' clocks stop at the second, so does ours."""
    return np.floor(value).astype("timedelta64[s]").astype("timedelta64[us]")


def hours(value: Floats) -> NDArray[np.timedelta64]:
    """Turn hours into a duration of whole seconds."""
    return seconds(value * 3600.0)


def days(value: Floats) -> NDArray[np.timedelta64]:
    """Turn days into a duration of whole seconds."""
    return seconds(value * 86400.0)


def at_daytime(at: Times, position: Floats) -> Times:
    """Move each instant to `position` (0 to 1) of its day's 07:00 to 19:00."""
    midnight = at.astype("datetime64[D]").astype("datetime64[us]")
    return np.asarray(midnight + hours(7.0 + 12.0 * position))
