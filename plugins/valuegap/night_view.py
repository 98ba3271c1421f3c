"""What a night looks like from outside, for pages about it: what came in, what was kept out, what was found.

Nothing here holds a record of a source or the name of a person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import duckdb

from valuegap import warehouse
from valuegap.errors import PublishError, ValuegapError
from valuegap.night import Night
from valuegap.publish.alerts import HARMFUL_AND_NEW, Alert
from valuegap.publish.promote import published_version
from valuegap.quality import results
from valuegap.quality.report import GATES, verdict
from valuegap.quality.results import GateResult, masked
from valuegap.settings import Settings
from valuegap.summary import DRIFT, MARTS, NOTES, SOURCE_ROWS, WIDEST_GAPS, drift_line

PATIENCE_SECONDS = 2.0  # a page says that the warehouse is in use instead of hanging
MOST_PLACES = 500

QUARANTINED = """
    select source, stream, reason, count(*) as records
    from ops.quarantine where run_id = $run_id and list_contains($sources, source)
    group by source, stream, reason order by records desc, source, stream, reason
"""
PLACES = """
    select source, stream, page, line, reason
    from ops.quarantine where run_id = $run_id and list_contains($sources, source)
    order by source, stream, page, line limit $most
"""

Rows = tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class NightView:
    """One night. A part that could not be read is empty, and `missing` says why.

    `sources` holds (source, landed, loaded, quarantined) records; `notes` (source, stream, note); `gaps`
    (attribute, gap, low, high, expected, delivered, customers), the widest of twelve months in points of 100;
    `alerts` those of `marts.alert` that are new and harmful.
    """

    night: Night
    verdict: str
    gates: tuple[tuple[str, GateResult | None], ...]
    sources: Rows = ()
    notes: Rows = ()
    drift: str = ""
    mart_count: int = 0
    gaps: Rows = ()
    alerts: tuple[Alert, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quarantine:
    """What was kept out of one night: (source, stream, reason, records), and where the first of them stand.

    `places` holds (source, stream, page, line, reason), never the record itself.
    """

    counts: Rows = ()
    places: Rows = ()
    missing: str = ""

    @property
    def records(self) -> int:
        """How many records were kept out."""
        return sum(count for *_, count in self.counts)


def night_view(settings: Settings, night: Night) -> NightView:
    """Return what is known of a night, of one that was stopped or is going on as well."""
    gates = tuple((gate, results.read(settings.reports_dir, night.run_id, gate)) for gate in GATES)
    view = NightView(night, verdict([result for _, result in gates]), gates)
    try:
        sources, notes = _from_build(settings, night, SOURCE_ROWS, NOTES)
        view = replace(view, sources=sources, notes=notes)
    except (ValuegapError, duckdb.Error) as error:
        view = replace(view, missing=(f"What came in: {masked(error)}",))
    try:
        return _with_marts(view, settings)
    except (PublishError, duckdb.Error) as error:
        return replace(view, missing=(*view.missing, f"Marts: {masked(error)}"))


def _with_marts(view: NightView, settings: Settings) -> NightView:
    file = published_version(settings, view.night).file
    with duckdb.connect(str(file), read_only=True) as published:
        return replace(
            view,
            drift=drift_line(published.execute(DRIFT).fetchall()),
            mart_count=len(set(published.execute(MARTS).fetchall()) - {("publication",)}),
            gaps=tuple(published.execute(WIDEST_GAPS).fetchall()),
            alerts=tuple(Alert(*row) for row in published.execute(HARMFUL_AND_NEW).fetchall()),
        )


def quarantine(settings: Settings, night: Night, sources: Sequence[str]) -> Quarantine:
    """Return what of these sources was kept out in a night."""
    try:
        with warehouse.read_only(replace(settings, lock_wait_seconds=PATIENCE_SECONDS)) as build:
            asked = {"run_id": night.run_id, "sources": [*sources]}
            counts = build.execute(QUARANTINED, asked).fetchall()
            places = build.execute(PLACES, asked | {"most": MOST_PLACES}).fetchall()
    except (ValuegapError, duckdb.Error) as error:
        return Quarantine(missing=str(masked(error)))
    return Quarantine(_masked(counts), _masked(places))


def reported_nights(settings: Settings) -> tuple[Night, ...]:
    """Return the nights that have a quality report, newest first."""
    found = settings.reports_dir.glob("night-*/quality.html")
    names = (re.fullmatch(r"night-(\d{4}-\d{2}-\d{2})", file.parent.name) for file in found)
    return tuple(Night(day) for day in sorted((date.fromisoformat(n[1]) for n in names if n), reverse=True))


def _from_build(settings: Settings, night: Night, *queries: str) -> tuple[Rows, ...]:
    with warehouse.read_only(replace(settings, lock_wait_seconds=PATIENCE_SECONDS)) as build:
        return tuple(_masked(build.execute(query, {"run_id": night.run_id}).fetchall()) for query in queries)


def _masked(rows: Sequence[Sequence[Any]]) -> Rows:
    return tuple(tuple(_plain(value) for value in row) for row in rows)


def _plain(value: object) -> object:
    return value if isinstance(value, int | float | None) else masked(value)
