"""The demo company's time: it stands still while a night is extracted, and is moved by the day.

A test may let it tick: then every request finds the company a little later, and records change while
somebody pages through them.
"""

from datetime import date, datetime, timedelta
from email.utils import format_datetime

from valuegap.night import Night

AFTER_MIDNIGHT = timedelta(minutes=5)
"""A night starts a little after midnight: Zendesk hides the last minute, and so nothing of the day."""

STANDS_STILL = timedelta(0)


class VirtualClock:
    """Says what time it is at the vendors. One clock is shared by all of them.

    `tick` is how far a request moves it.
    """

    def __init__(self, as_of: date) -> None:
        """Start five minutes after the end of `as_of` (UTC)."""
        self.now: datetime = after_midnight(as_of)
        self.tick: timedelta = STANDS_STILL

    def move_to(self, as_of: date) -> None:
        """Move to five minutes after the end of `as_of`; backwards is allowed."""
        self.now = after_midnight(as_of)

    def advance(self) -> None:
        """Move by one tick."""
        self.now += self.tick


def after_midnight(as_of: date) -> datetime:
    """Return the instant, aware UTC, at which the night of `as_of` asks the vendors."""
    return Night(as_of).until + AFTER_MIDNIGHT


def http_date(instant: datetime) -> str:
    """Return an aware UTC instant as HTTP headers write it, in whole seconds."""
    return format_datetime(instant, usegmt=True)
