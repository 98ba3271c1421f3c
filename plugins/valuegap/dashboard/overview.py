"""How are we doing: the main metrics with their change, what the night rests on, one metric over time."""

from typing import Any, Literal

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit
from valuegap.dashboard.figures import trend
from valuegap.dashboard.filters import Filters, explain_empty, obeyed
from valuegap.dashboard.formats import (
    MISSING,
    TOO_FEW,
    day,
    in_unit,
    is_missing,
    number,
    plain,
    reliability,
)
from valuegap.dashboard.published import Published
from valuegap.errors import ValuegapError
from valuegap.quality import results

Colour = Literal["blue", "orange", "gray"]
Arrow = Literal["up", "down", "off"]

GATES: tuple[tuple[results.GateName, str], ...] = (("raw", "Raw gate"), ("marts", "Mart gate"))

METRICS = {
    "What customers say": ("csat", "nps", "ces", "acsi", "satisfaction_gap", "net_value"),
    "What customers do": (
        "retention_rate",
        "repurchase_rate",
        "referral_rate",
        "nrr",
        "grr",
        "logo_churn",
        "sales_amount",
        "transactions",
        "active_customers",
        "win_rate",
    ),
    "How we serve": (
        "first_reply_business_minutes",
        "resolution_business_hours",
        "first_contact_resolution_rate",
        "sla_met_rate",
        "reopen_rate",
        "handoff_rate",
        "csat_ticket",
        "on_time_delivery_rate",
        "survey_response_rate",
    ),
}
"""Metrics with a tile, in order."""
TILE_WIDTH = 165
"""Pixels: two beside each other on a phone."""

# Retention's last twelve months are whole months: it has its own start. A trailing window has no earlier
# one to compare with; then the change is that of the last complete quarter.
TILES = """
with figures as (
    select
        *,
        row_number() over (partition by metric_code, period_grain order by period_start desc) as recency
    from marts.kpi_current_state
    where segment_key = $segment
        and (
            period_grain = $grain and (period_start = $start or $is_trailing)
            or $is_trailing and period_grain = 'quarter' and period_is_complete
        )
),
shown as (select * from figures where period_grain = $grain and recency = 1),
changed as (
    select * from figures where period_grain = case when $is_trailing then 'quarter' else $grain end
        and recency = 1
)
select
    shown.metric_code, dim_metric.metric_name, dim_metric.question, dim_metric.formula, shown.unit,
    shown.direction, shown.metric_value, shown.ci_low, shown.ci_high, shown.n_customers, shown.n_responses,
    shown.is_reportable, shown.reliability, changed.delta, changed.is_significant,
    changed.period_start as changed_start
from shown
left join changed on changed.metric_code = shown.metric_code
left join marts.dim_metric on dim_metric.metric_code = shown.metric_code
"""

CURRENCY = "select max(currency) as currency from marts.sales_performance"

FRESHNESS = """
select source, stream, last_loaded_as_of, nights_behind, is_stale
from marts.freshness where status <> 'not used' order by is_stale desc, source, stream
"""

MONTHS = """
select period_start, metric_value as estimate, ci_low, ci_high, n_customers, is_reportable, reliability, unit
from marts.kpi_current_state
where metric_code = $metric and segment_key = $segment and period_grain = 'month' and period_is_complete
order by period_start
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    obeyed(filters)
    tiles = published.rows(
        TILES,
        segment=filters.segment,
        grain=filters.grain,
        start=filters.start,
        is_trailing=filters.is_trailing,
    )
    if tiles.empty:
        explain_empty(published, filters, "kpi_current_state")
    else:
        _show_tiles(tiles.set_index("metric_code"), _currency(published))
    st.header("What this rests on")
    _show_freshness(published)
    _show_gates(published)
    if not tiles.empty:
        _show_months(published, filters, tiles)


def _show_tiles(tiles: pd.DataFrame, currency: str) -> None:
    since = tiles["changed_start"].max()
    if not is_missing(since):
        st.caption(
            f"Change: the period from {day(since)} against the one before. Within noise: no larger than "
            "chance explains."
        )
    for heading, codes in METRICS.items():
        st.subheader(heading)
        known = [code for code in codes if code in tiles.index]
        with st.container(horizontal=True):
            for code in known:
                _show_tile(tiles.loc[[code]].iloc[0], currency)


def _show_tile(row: "pd.Series[Any]", currency: str) -> None:
    unit = str(row["unit"])
    change, colour, arrow, verdict = _change(row)
    name = str(row["metric_name"])
    if unit == "reporting currency" and currency:
        name = f"{name}, {currency}"
    with st.container(border=True, width=TILE_WIDTH, height="stretch"):
        # A metric's own label is cut off where it does not fit.
        st.markdown(f"**{plain(name)}**", help=f"{plain(row['question'])}\n\n{plain(row['formula'])}")
        st.metric(
            name,
            in_unit(row["metric_value"], unit),
            change,
            delta_color=colour,
            delta_arrow=arrow,
            label_visibility="collapsed",
        )
        # Two blanks end a line of Markdown.
        st.caption("  \n".join(plain(part) for part in (verdict, _basis(row, unit)) if part))


def _change(row: "pd.Series[Any]") -> tuple[str | None, Colour, Arrow, str]:
    """Return the change of a tile as text, colour, arrow and words that say what the colour says."""
    if is_missing(row["delta"]):
        return None, "gray", "off", ""
    delta = float(row["delta"])
    text = in_unit(delta, str(row["unit"]), signed=True)
    if is_missing(row["is_significant"]):
        return text, "gray", "off", ""  # of all orders: no sample, nothing to test
    if not row["is_significant"]:
        return text, "gray", "off", "within noise"
    better = (delta > 0) == (row["direction"] == "higher_better")
    arrow: Arrow = "up" if delta > 0 else "down"
    return (text, "blue", arrow, "better") if better else (text, "orange", arrow, "worse")


def _basis(row: "pd.Series[Any]", unit: str) -> str:
    """Return what stands under a figure: interval, n, and how far it can be relied on."""
    if not row["is_reportable"]:
        return f"{TOO_FEW} (n {number(row['n_customers'], 0)})" if row["n_customers"] else "no data"
    parts = [f"n {number(row['n_customers'], 0)}"]
    low, high = (in_unit(row[bound], unit) for bound in ("ci_low", "ci_high"))
    if MISSING not in (low, high):
        parts.insert(0, f"{low} to {high}")
    if mark := reliability(row["reliability"]):
        parts.append(mark)
    return " · ".join(parts)


def _currency(published: Published) -> str:
    currency = published.rows(CURRENCY)["currency"].iloc[0]
    return "" if is_missing(currency) else str(currency)


def _show_freshness(published: Published) -> None:
    streams = published.rows(FRESHNESS)
    stale = streams[streams["is_stale"]]
    if stale.empty:
        st.success(f"All {len(streams)} streams are loaded up to the night of {day(published.as_of_date)}.")
        return
    worst = "; ".join(
        f"{row.source}.{row.stream} last loaded {day(row.last_loaded_as_of)}"
        for row in stale.itertuples(index=False)
    )
    st.warning(plain(f"{len(stale)} of {len(streams)} streams are behind: {worst}."))


def _show_gates(published: Published) -> None:
    for gate, title in GATES:
        try:
            result = results.read(published.settings.reports_dir, published.run_id, gate)
        except (ValuegapError, OSError, ValueError):
            result = None
        if result is None:
            st.caption(f"{title}: its report is not where this dashboard runs.")
        elif result.critical_failures or result.warnings:
            st.warning(
                f"{title}: {len(result.checks)} checks, {len(result.critical_failures)} critical failures, "
                f"{len(result.warnings)} warnings. The data quality page lists them."
            )
        else:
            st.success(f"{title}: {len(result.checks)} checks, none failed.")


def _show_months(published: Published, filters: Filters, tiles: pd.DataFrame) -> None:
    st.header("One metric over time")
    names = dict(zip(tiles["metric_code"], tiles["metric_name"], strict=True))
    codes = [code for group in METRICS.values() for code in group if code in names]
    # None at first: the start page does not wait for Plotly, most of what an empty browser has to read.
    metric = st.selectbox(
        "Metric",
        codes,
        index=None,
        format_func=lambda code: str(names[code]),
        key="metric",
        placeholder="Choose a metric to see it by month",
    )
    if metric is None:
        return
    obeyed(filters, period=False, instead="each complete month")
    months = published.rows(MONTHS, metric=metric, segment=filters.segment)
    if months["estimate"].isna().all():
        st.info(f"No month has enough customers for {filters.segment_label}.")
        return
    unit = str(months["unit"].iloc[0])
    scaled = months.copy()
    if unit in {"share", "ratio"}:
        scaled[["estimate", "ci_low", "ci_high"]] *= 100
        unit = "%"
    exhibit(
        trend(scaled, f"{names[metric]}, {unit}"),
        month_table(scaled),
        f"{metric}-by-month",
        alt=f"{names[metric]} by month with its interval; the table below has every figure.",
    )


def month_table(months: pd.DataFrame) -> pd.DataFrame:
    """Return months of one metric as a table to read: a month that is not reportable says why it is empty."""
    return pd.DataFrame(
        {
            "Month": [f"{start:%Y-%m}" for start in months["period_start"]],
            "Figure": months["estimate"],
            "Lower": months["ci_low"],
            "Upper": months["ci_high"],
            "Customers": months["n_customers"],
            "Note": [reliability(level) for level in months["reliability"]],
        }
    )
