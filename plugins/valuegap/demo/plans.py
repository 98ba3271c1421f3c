"""What the company's managers plan, in files they drop: targets, and initiatives with what each really does.

Dates stand relative to the first night, so that a company of any date has its plans in the same state.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from valuegap.demo.horizon import Times
from valuegap.demo.world import COUNTRIES, Array

EFFORT, TICKET_SATISFACTION = "ces", "csat_ticket"

FILE_DROP = """\
# What the demo company's managers drop into the folder beside this one. Written by `valuegap demo`.
- name: targets
  file: targets.csv
  format: csv
  kind: targets
  columns:
    Metric: metric_code
    Attribute: attribute_code
    Segment type: segment_type
    Segment: segment_value
    Target: target_value
    Stretch: stretch_value
    In words: description
    Owner: owner
    Due: due_date
    From: valid_from
    To: valid_to

- name: initiatives
  file: initiatives.csv
  format: csv
  kind: initiatives
  columns:
    "No": initiative_id
    Title: name
    Type: initiative_type
    Status: status
    Metric: metric_code
    Attribute: attribute_code
    Segment type: segment_type
    Segment: segment_value
    Owner: owner
    Start: start_date
    Due: due_date
    End: end_date
    Budget: budget_amount
    Spent: actual_cost_amount
    Effect: expected_effect
"""


@dataclass(frozen=True)
class Initiative:
    """Something done about a metric. Days are counted from the first night; `does` is what nobody is told.

    `does` holds, by metric, the points of POMP by which it moves the mean of a segment's answers from its
    start on.
    """

    number: str
    title: str
    kind: str
    status: str
    metric: str
    attribute: str
    segment_type: str
    segment: str
    owner: str
    starts_in_days: int | None
    due_in_days: int | None
    budget: int
    spent: int | None
    expected: float
    does: Mapping[str, float] = field(default_factory=dict)

    def started_on(self, first_night: date) -> date | None:
        """Return the first day it is at work."""
        return _day(first_night, self.starts_in_days)


INITIATIVES = (
    Initiative(
        "I-1", "One page to ask for help, in German", "process", "running", EFFORT, "support",
        "country", "DE", "head.of.service@demo.example", -214, 150, 60_000, 41_500, 10.0, {EFFORT: 14.0},
    ),
    Initiative(
        "I-2", "New greeting of the French help desk", "training", "running", EFFORT, "support",
        "country", "FR", "head.of.service@demo.example", -214, 120, 18_000, 17_200, 8.0, {EFFORT: 0.0},
    ),
    Initiative(
        "I-3", "A person to call for small businesses", "people", "running", "csat", "care",
        "market_segment", "small_business", "head.of.sales@demo.example", -21, 200, 45_000, 6_000, 5.0,
        {"csat": 0.0},
    ),
    Initiative(
        "I-4", "Help articles rewritten", "content", "running", EFFORT, "support",
        "country", "DE", "content.team@demo.example", -92, 90, 12_000, 9_800, 4.0, {EFFORT: 0.0},
    ),
    Initiative(
        "I-5", "Invoices that match the offer", "system", "running", "satisfaction_gap", "price",
        "all", "all", "", -120, -10, 30_000, 28_000, 3.0, {"satisfaction_gap": 0.0},
    ),
    Initiative(
        "I-6", "A delivery day that holds", "process", "proposed", "satisfaction_gap", "delivery",
        "all", "all", "head.of.logistics@demo.example", 45, 270, 140_000, None, 8.0,
        {"satisfaction_gap": 0.0},
    ),
    Initiative(
        "I-7", "Website search that finds spare parts", "system", "running", "satisfaction_gap", "ease",
        "market_segment", "mid_market", "head.of.digital@demo.example", -300, None, 25_000, 25_000, 4.0,
        {"satisfaction_gap": 0.0},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """Where a metric shall be, in its own unit."""

    metric: str
    target: float
    words: str
    owner: str
    due_in_days: int | None
    attribute: str = ""
    segment_type: str = ""
    segment: str = ""
    stretch: float | None = None


SALES, SERVICE = "head.of.sales@demo.example", "head.of.service@demo.example"
TARGETS = (
    Target("csat", 70.0, "Seven of ten customers are satisfied with us.", SALES, 334, stretch=75.0),
    Target("nps", 25.0, "Customers recommend us.", SALES, 334, stretch=35.0),
    Target("nps", 10.0, "Small businesses recommend us too.", SALES, 150,
           segment_type="market_segment", segment="small_business"),
    Target("ces", 60.0, "Getting help is easy.", SERVICE, 150, stretch=70.0),
    Target("satisfaction_gap", -5.0, "Delivery is nearly as good as customers expect.",
           "head.of.logistics@demo.example", 242, attribute="delivery", stretch=0.0),
    Target("satisfaction_gap", 0.0, "Advice is as personal as customers expect.", SALES, 89,
           attribute="care"),
    Target("retention_rate", 0.80, "Four of five new customers are there after a year.", "", 334),
    Target("first_reply_business_minutes", 240.0, "The first reply comes within four hours of opening.",
           SERVICE, 150, stretch=120.0),
    Target("csat_ticket", 65.0, "Help satisfies.", SERVICE, None),
    Target("acsi", 60.0, "Judged by three questions, customers are satisfied.", SALES, 59),
)  # fmt: skip
VALID_SINCE_DAYS = -30


def effort_effect(country: Array, recorded_at: Times, first_night: date) -> Array:
    """Return the points that initiatives add to the mean ease of each answer, by its customer's country.

    Answers of nobody's customer have country -1.
    """
    points = np.zeros(len(country))
    for each in INITIATIVES:
        start = each.started_on(first_night)
        if each.segment_type == "country" and start is not None:
            is_moved = (country == COUNTRIES.index(each.segment)) & (
                recorded_at >= np.datetime64(start, "us")
            )
            points[is_moved] += each.does.get(EFFORT, 0.0)
    return points


def write_plans(folder: Path, first_night: date) -> dict[str, str]:
    """Write the files and what they are into `folder`; return the variables that make nights read them."""
    drop, config = folder / "drop", folder / "config"
    for path in (drop, config):
        path.mkdir(parents=True, exist_ok=True)
    for path, text in (
        (drop / "targets.csv", _csv(_target_rows(first_night))),
        (drop / "initiatives.csv", _csv(_initiative_rows(first_night))),
        (config / "file_drop.yml", FILE_DROP),
    ):
        path.write_text(text, newline="")
    return {
        "VALUEGAP_SOURCES": "hubspot,zendesk,qualtrics,files",
        "VALUEGAP_CONFIG_DIR": str(config),
        "VALUEGAP_DROP_DIR": str(drop),
    }


def _target_rows(first_night: date) -> list[dict[str, object]]:
    return [
        {
            "Metric": each.metric,
            "Attribute": each.attribute,
            "Segment type": each.segment_type,
            "Segment": each.segment,
            "Target": each.target,
            "Stretch": each.stretch,
            "In words": each.words,
            "Owner": each.owner,
            "Due": _day(first_night, each.due_in_days),
            "From": _day(first_night, VALID_SINCE_DAYS),
            "To": None,
        }
        for each in TARGETS
    ]


def _initiative_rows(first_night: date) -> list[dict[str, object]]:
    return [
        {
            "No": each.number,
            "Title": each.title,
            "Type": each.kind,
            "Status": each.status,
            "Metric": each.metric,
            "Attribute": each.attribute,
            "Segment type": each.segment_type,
            "Segment": each.segment,
            "Owner": each.owner,
            "Start": _day(first_night, each.starts_in_days),
            "Due": _day(first_night, each.due_in_days),
            "End": None,
            "Budget": each.budget,
            "Spent": each.spent,
            "Effect": each.expected,
        }
        for each in INITIATIVES
    ]


def _day(first_night: date, days: int | None) -> date | None:
    return None if days is None else first_night + timedelta(days=days)


def _csv(rows: list[dict[str, object]]) -> str:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()
