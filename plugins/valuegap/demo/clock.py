"""The demo company's time: it stands still while a night is extracted, and is moved by the day."""

from datetime import date, datetime, timedelta

from valuegap.night import Night

AFTER_MIDNIGHT = timedelta(minutes=5)
"""A night starts a little after midnight: Zendesk hides the last minute, and so nothing of the day."""


class VirtualClock:
    """Says what time it is at the vendors. One clock is shared by all of them."""

    def __init__(self, as_of: date) -> None:
        """Start five minutes after the end of `as_of` (UTC)."""
        self.now: datetime = after_midnight(as_of)

    def move_to(self, as_of: date) -> None:
        """Move to five minutes after the end of `as_of`; backwards is allowed."""
        self.now = after_midnight(as_of)


def after_midnight(as_of: date) -> datetime:
    """Return the instant, aware UTC, at which the night of `as_of` asks the vendors."""
    return Night(as_of).until + AFTER_MIDNIGHT
