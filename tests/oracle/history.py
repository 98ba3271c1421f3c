"""Ten nights of trouble: seeded histories that do to a warehouse what vendors do, as a log of mutations."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from valuegap.demo.mutation_log import Mutation, Op

FIRST = date(2026, 3, 1)
NIGHTS = 10
CENSUS_NIGHTS = (1, 8)
OVERLAP = timedelta(days=3)
"""How late a vendor may show a change: three days, the edge included, are promised to be found."""

Record = dict[str, Any]


def day(number: int, hour: float = 0.0) -> datetime:
    """Return an hour of the day that night `number` (from 1) is as of."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + timedelta(days=number - 1, hours=hour)


def midnight(number: int) -> datetime:
    """Return the end of the day that night `number` is as of; the night reads five minutes later."""
    return day(number + 1)


def iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class History:
    """Writes the log of one vendor, and remembers each record as it stands."""

    def __init__(self, vendor: str, seed: int) -> None:
        self.vendor = vendor
        self.random = Random(seed)
        self.log: list[Mutation] = []
        self.records: dict[tuple[str, str], Record] = {}
        self._plans: list[tuple[datetime, Callable[[], None]]] = []

    def plan(self, at: datetime, change: Callable[[], None]) -> None:
        """Keep a change for its time: it finds the records as they will stand then."""
        self._plans.append((at, change))

    def put(  # noqa: PLR0913, PLR0917 - the parts of a mutation
        self,
        op: Op,
        stream: str,
        record_id: object,
        record: Record,
        at: datetime,
        visible_at: datetime | None = None,
        raw: Mapping[str, str] | None = None,
        context: Mapping[str, str] | None = None,
    ) -> None:
        """Append one mutation; the record shows at once unless it says otherwise."""
        kept, place = copy.deepcopy(record), (stream, str(record_id))
        times = at, visible_at or at
        self.log.append(Mutation(*times, self.vendor, *place, op, kept, raw or {}, context or {}))
        self.records[place] = kept

    def record(self, stream: str, record_id: object) -> Record:
        """Return a copy of a record as it stands."""
        return copy.deepcopy(self.records[stream, str(record_id)])

    def hour(self) -> float:
        """Return an hour of the day, to the second, well away from midnight."""
        return self.random.randrange(6 * 3600, 22 * 3600) / 3600

    def play(self) -> tuple[Mutation, ...]:
        """Let everything happen that was planned; return the log in the order it became visible."""
        for _, change in sorted(self._plans, key=lambda plan: plan[0]):
            change()
        return tuple(sorted(self.log, key=lambda each: each.visible_at))


ODD_TEXTS: Mapping[str, str] = {
    "emoji": "\U0001f469\U0001f3fd\u200d\U0001f680 na\u00efve caf\u00e9",
    "right to left": "\u202e\u05db\u05e0\u05e1\u05ea\u202c \u0627\u0644\u0639",
    "zero width": "zero\u200bwidth\ufeff",
    "composed": "Ame\u0301lie",  # decomposed on purpose; staging keeps it as sent
    "sql": "Robert'); drop table raw_hubspot.contacts;--",
    "jinja": "{{ env_var('HOME') }}{% do run_query('select 1') %}",
    "formula": "=cmd|' /C calc'!A0",
    "html": "<script>alert(1)</script>&amp;",
    "newlines": "two\nlines\r\nand\ttabs\u2028\u2029\x85",
    "quotes": "\"double\" 'single' \\ back",
    "long": "x" * 1_000_000,
    "blank": "   ",
    "empty": "",
}
"""Text that must come through to the last character."""

POISON: Mapping[str, str] = {
    "half a surrogate pair": r'"\ud800"',
    "a key twice": '"one", "{name}": "two"',
    "not a number": "NaN",
    "infinite": "-Infinity",
    "beyond doubles": "1e400",
    "too deep": "[" * 3000 + "]" * 3000,
}
"""JSON texts that make a record no strict JSON; `{name}` is the key they stand at."""
