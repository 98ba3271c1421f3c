"""Alerts of the published night that nobody was told of yet, and the file that remembers the told ones."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from valuegap.night import Night
from valuegap.publish.promote import serving
from valuegap.settings import Settings

TOLD_NAME = "told_alerts.ndjson"

HARMFUL_AND_NEW = """
    select
        alert.alert_id, alert.rule, coalesce(dim_metric.metric_name, alert.source) as subject,
        dim_attribute.attribute_name as attribute, alert.segment_type, alert.segment_value,
        alert.period_start, alert.unit, alert.metric_value, alert.side, alert.limit_value,
        alert.baseline_value, alert.n_streams, alert.n_customers, alert.reliability, alert.owner
    from marts.alert
    left join marts.dim_metric on alert.metric_code = dim_metric.metric_code
    left join marts.dim_attribute on alert.attribute_code = dim_attribute.attribute_code
    where alert.is_new and alert.is_harmful and alert.is_reportable
    order by alert.rule, alert.alert_id
"""


@dataclass(frozen=True)
class Alert:
    """One row of mart `alert`, with names instead of codes; values are in `unit`, shares from 0 to 1."""

    alert_id: str
    rule: str
    subject: str
    attribute: str | None
    segment_type: str
    segment_value: str
    period_start: date | None
    unit: str
    metric_value: float | None
    side: str
    limit_value: float
    baseline_value: float | None
    n_streams: int | None
    n_customers: int | None
    reliability: str
    owner: str | None

    @property
    def title(self) -> str:
        """What it is about, in a few words."""
        what = self.subject if self.attribute is None else f"{self.subject}: {self.attribute}"
        if self.segment_type == "all":
            return what
        return f"{what}, {self.segment_type.replace('_', ' ')} {self.segment_value.replace('_', ' ')}"

    @property
    def finding(self) -> str:
        """What fired, in a sentence; figures of few customers say so."""
        value, limit = self._shown(self.metric_value), self._shown(self.limit_value)
        month = f"{self.period_start:%B %Y}" if self.period_start else ""
        usual = self._shown(self.baseline_value)
        said = {
            "control_limit": f"{value} in {month}, {self.side} the limit {limit}; usual is {usual}",
            "run_of_8": f"eight months in a row {self.side} the usual {limit}: {value} up to {month}",
            "sla": f"{value} of replies came in time in {month}, surely fewer than {limit}",
            "target_breach": f"{value} over the last twelve months, surely {self.side} the target {limit}",
            "freshness": self._lateness,
        }[self.rule]
        few = ", directional: few customers" if self.reliability == "directional" else ""
        return f"{said} (n = {self.n_customers:,}{few})" if self.n_customers is not None else said

    @property
    def _lateness(self) -> str:
        streams = f"{self.n_streams} stream{'s'[: self.n_streams != 1]}"
        if self.period_start is None:
            return f"{streams} never came"
        return f"{streams} missing since the night of {self.period_start}"

    def _shown(self, number: float | None) -> str:
        if number is None:
            return "unknown"
        if self.unit == "share":
            return f"{number:.1%}"
        return f"{number:,.1f} {self.unit}"


def untold(settings: Settings, night: Night) -> tuple[Alert, ...]:
    """Return the harmful alerts of the night that no earlier call of `remember` named.

    None when readers are on another night: what an old night knew is no news.
    """
    shown = serving(settings)
    if shown is None or shown.as_of_date != night.as_of_date:
        return ()
    with duckdb.connect(str(shown.file), read_only=True) as published:
        rows = published.execute(HARMFUL_AND_NEW).fetchall()
    told = _told(settings)
    return tuple(alert for alert in (Alert(*row) for row in rows) if alert.alert_id not in told)


def remember(settings: Settings, night: Night, alerts: Iterable[Alert]) -> None:
    """Note that somebody was told, for good: a line an alert, on disk when this returns."""
    path = settings.data_dir / TOLD_NAME
    is_torn = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" if is_torn else "")
        file.writelines(
            json.dumps({"alert_id": alert.alert_id, "run_id": night.run_id}) + "\n" for alert in alerts
        )
        file.flush()
        os.fsync(file.fileno())


def _told(settings: Settings) -> set[str]:
    file = settings.data_dir / TOLD_NAME
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {alert_id for line in lines if (alert_id := _alert_id(line))}


def _alert_id(line: str) -> str | None:
    try:
        record = json.loads(line)
    except json.JSONDecodeError:
        return None  # torn by a power cut: rather told twice than never
    return str(record["alert_id"]) if isinstance(record, dict) and "alert_id" in record else None
