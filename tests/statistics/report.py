"""The tables of docs/statistics.md, written between its markers by a run of all seeds."""

import re
from pathlib import Path

import pandas as pd
from tests.statistics.coverage import (
    Findings,
    binomial_band,
    of_each_metric_at_once,
    of_each_pair,
)


def write_tables(findings: Findings, page: Path) -> None:
    """Put the figures of this run into the page; its words stay."""
    text = page.read_text(encoding="utf-8")
    tables = {
        "differences": _differences(findings),
        "means": _means(findings),
        "effects": _effects(findings),
        "agents": _agents(findings),
        "drivers": _drivers(findings),
    }
    for name, table in tables.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        assert between.search(text), f"{page} has no place for the table of {name}"
        text = between.sub(lambda found, table=table: f"{found[1]}\n{table}\n\n{found[2]}", text)
    page.write_text(text, encoding="utf-8")


def _differences(findings: Findings) -> str:
    pairs, at_once = of_each_pair(findings), of_each_metric_at_once(findings)
    rows = []
    for (family, segment_type), group in pairs.groupby(["family", "segment_type"], sort=True):
        together = at_once[(at_once["family"] == family) & (at_once["segment_type"] == segment_type)]
        rows.append(
            {
                "What differs": family,
                "between": segment_type.replace("_", " "),
                "Differences": str(len(group)),
                "Customers in the smaller segment": f"{group['n_smaller'].median():.0f}",
                "Seeds that told": _span(group["told"]),
                "Single interval contains it": _percent(group["inside"].sum() / group["told"].sum()),
                "fewest, of 100": _of_100(group["inside"], group["told"]),
                "Simultaneous contains it": _percent(
                    group["inside_simultaneous"].sum() / group["told"].sum()
                ),
                "fewest, of 100 ": _of_100(group["inside_simultaneous"], group["told"]),
                "All of a metric at once": _percent(together["sum"].sum() / together["count"].sum()),
            }
        )
    low, high = binomial_band(findings.seeds)
    caption = (
        f"{findings.seeds} seeds, {len(pairs)} planted differences. Of exact intervals at 95 %, 95 of 100 show"
        f" {low} to {high} of {findings.seeds}."
    )
    return f"{caption}\n\n{_table(rows)}"


def _means(findings: Findings) -> str:
    told = findings.means.dropna(subset=["is_inside"])
    groups = told.groupby(["family", "segment_type"], sort=True)
    rows = [
        {
            "What was planted": family,
            "by": segment_type.replace("_", " "),
            "Means": str(len(group.groupby(["metric_code", "attribute_code", "segment_value"]))),
            "Interval contains it": _percent(group["is_inside"].mean()),
        }
        for (family, segment_type), group in groups
    ]
    return _table(rows)


def _effects(findings: Findings) -> str:
    rows = [
        {
            "Initiative": str(initiative),
            "metric": str(metric),
            "Planted": f"{group['planted'].mean():g}",
            "Seeds that told": str(group["is_inside"].count()),
            "Mean effect found": f"{group['effect'].mean():.1f}",
            "Interval contains it": _percent(group["is_inside"].mean()),
            "Interval leaves out zero": _percent(
                ((group["effect_low"] > 0) | (group["effect_high"] < 0)).mean()
            ),
        }
        for (initiative, metric), group in findings.effects.groupby(
            ["initiative_id", "metric_code"], sort=True
        )
    ]
    return _table(rows)


def _agents(findings: Findings) -> str:
    agents = findings.agents
    spread = agents.groupby("seed")[["csat_raw", "csat_standardized", "adjusted"]].std().mean()
    return _table(
        [
            {"Score": name, "of": "agents of equal skill", "Standard deviation": f"{spread[column]:.1f}"}
            | {"Interval contains the common score": inside}
            for name, column, inside in (
                ("raw", "csat_raw", ""),
                ("standardized for case mix", "csat_standardized", ""),
                ("adjusted and drawn together", "adjusted", _percent(agents["is_inside"].mean())),
            )
        ]
    )


def _drivers(findings: Findings) -> str:
    drivers = findings.drivers
    return _table(
        [
            {
                "Outcome": "csat",
                "of": "all customers",
                "Seeds": str(len(drivers)),
                "Mean Kendall's tau": f"{drivers['kendall_tau'].mean():.2f}",
                "Strongest driver found": _percent(drivers["is_first_found"].mean()),
            }
        ]
    )


def _table(rows: list[dict[str, str]]) -> str:
    header = list(rows[0])
    lines = [header, ["---"] * 2 + ["---:"] * (len(header) - 2), *(list(row.values()) for row in rows)]
    return "\n".join("| " + " | ".join(cell.strip() for cell in line) + " |" for line in lines)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _of_100(inside: "pd.Series[float]", told: "pd.Series[float]") -> str:
    return f"{(100 * inside / told).min():.0f}"


def _span(counts: "pd.Series[int]") -> str:
    return f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
