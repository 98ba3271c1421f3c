"""Where experience falls short: of expectations, of the value hoped for, of what was promised."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit
from valuegap.dashboard.figures import dumbbells, gap_bars, interval_points, trend
from valuegap.dashboard.filters import Filters, explain_empty, obeyed
from valuegap.dashboard.formats import is_missing, reliability, words
from valuegap.dashboard.overview import month_table
from valuegap.dashboard.published import Published

SATISFACTION, VALUE = "satisfaction_gap", "value_gap"
KINDS = {
    SATISFACTION: "Satisfaction: experience minus expectation",
    VALUE: "Value: benefits and costs against what was hoped for",
}
UNIT = "Gap, points of 100"

SATISFACTION_GAPS = """
select
    gap.attribute_code, attribute.attribute_name as name, gap.gap_score as estimate, gap.ci_low, gap.ci_high,
    gap.expectation_score as expected, gap.experience_score as delivered, gap.share_shortfall,
    gap.margin_at_risk_amount, gap.n_customers, gap.is_reportable, gap.reliability
from marts.satisfaction_gap as gap
inner join marts.dim_attribute as attribute on attribute.attribute_code = gap.attribute_code
where gap.segment_key = $segment and gap.period_grain = $grain and gap.period_start = $start
order by gap.gap_score nulls last, gap.attribute_code
"""

VALUE_GAPS = """
select
    gap.attribute_code, attribute.attribute_name as name, gap.gap_score as estimate, gap.ci_low, gap.ci_high,
    gap.expected_score as expected, gap.delivered_score as delivered, gap.share_shortfall,
    gap.margin_at_risk_amount, gap.n_customers, gap.is_reportable, gap.reliability
from marts.value_gap as gap
inner join marts.dim_attribute as attribute on attribute.attribute_code = gap.attribute_code
where gap.segment_key = $segment and gap.period_grain = $grain and gap.period_start = $start
order by gap.gap_score nulls last, gap.attribute_code
"""

SATISFACTION_BY_SEGMENT = """
select
    segment_type, replace(segment_value, '_', ' ') as name, gap_score as estimate, ci_low, ci_high,
    n_customers, is_reportable, reliability
from marts.satisfaction_gap
where attribute_code = $attribute and period_grain = $grain and period_start = $start
    and (segment_type = $segment_type or segment_type = 'all')
order by gap_score nulls last, segment_value
"""

VALUE_BY_SEGMENT = """
select
    segment_type, replace(segment_value, '_', ' ') as name, gap_score as estimate, ci_low, ci_high,
    n_customers, is_reportable, reliability
from marts.value_gap
where attribute_code = $attribute and period_grain = $grain and period_start = $start
    and (segment_type = $segment_type or segment_type = 'all')
order by gap_score nulls last, segment_value
"""

SATISFACTION_BY_MONTH = """
select period_start, gap_score as estimate, ci_low, ci_high, n_customers, is_reportable, reliability
from marts.satisfaction_gap
where attribute_code = $attribute and segment_key = $segment and period_grain = 'month' and period_is_complete
order by period_start
"""

VALUE_BY_MONTH = """
select period_start, gap_score as estimate, ci_low, ci_high, n_customers, is_reportable, reliability
from marts.value_gap
where attribute_code = $attribute and segment_key = $segment and period_grain = 'month' and period_is_complete
order by period_start
"""

SEGMENT_TYPES = "select distinct segment_type from marts.dim_segment where not is_all order by segment_type"

PROMISES = """
select
    claim_text as name, promised_score as promised, expected_score as expected, delivered_score as delivered,
    promise_gap as estimate, ci_low, ci_high, is_over_promised, n_affected_customers, margin_at_risk_amount,
    n_bridging_initiatives, n_customers, is_reportable, reliability
from marts.promise_alignment
where segment_key = $segment and period_grain = $grain and period_start = $start
order by promise_gap nulls last, promise_id
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    kind = st.segmented_control(
        "Which gap",
        list(KINDS),
        format_func=KINDS.__getitem__,
        default=SATISFACTION,
        key="gap",
        required=True,
    )
    gaps = published.rows(
        VALUE_GAPS if kind == VALUE else SATISFACTION_GAPS,
        segment=filters.segment,
        grain=filters.grain,
        start=filters.start,
    )
    obeyed(filters)
    if gaps.empty:
        explain_empty(published, filters, str(kind))
    else:
        st.caption("Below zero is worse than expected. Within noise: the interval holds zero.")
        _show_gaps(gaps)
        _show_one_attribute(published, filters, str(kind), gaps)
    _show_promises(published, filters)


def _show_gaps(gaps: pd.DataFrame) -> None:
    st.header("Gap by attribute")
    shown = gaps.dropna(subset=["estimate"])
    if shown.empty:
        st.info("Too few customers answered for a figure of any attribute.")
        st.dataframe(_gap_table(gaps)[["Attribute", "Customers", "Note"]], hide_index=True)
        return
    exhibit(
        gap_bars(shown, UNIT),
        _gap_table(gaps),
        "gaps",
        alt="Gap of each attribute with its interval, the widest first; the table below has every figure.",
    )
    st.header("Expected and delivered")
    exhibit(
        dumbbells(shown, "Score, points of 100"),
        _gap_table(gaps)[["Attribute", "Expected", "Delivered", "Customers", "Note"]],
        "expected-delivered",
        alt="Expected and delivered score of each attribute; the table below has every figure.",
    )


def _gap_table(gaps: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Attribute": gaps["name"],
            "Gap": gaps["estimate"],
            "Lower": gaps["ci_low"],
            "Upper": gaps["ci_high"],
            "Expected": gaps["expected"],
            "Delivered": gaps["delivered"],
            "Customers short, %": gaps["share_shortfall"] * 100,
            "Margin at risk": gaps["margin_at_risk_amount"],
            "Customers": gaps["n_customers"],
            "Note": gaps["reliability"].map(reliability),
        }
    )


def _show_one_attribute(published: Published, filters: Filters, kind: str, gaps: pd.DataFrame) -> None:
    st.header("One attribute")
    names = dict(zip(gaps["attribute_code"], gaps["name"], strict=True))
    attribute = st.selectbox(
        "Attribute", list(names), format_func=lambda code: str(names[code]), key=f"attribute-{kind}"
    )
    _show_segments(published, filters, kind, attribute, str(names[attribute]))
    _show_months(published, filters, kind, attribute, str(names[attribute]))


def _show_segments(published: Published, filters: Filters, kind: str, attribute: str, name: str) -> None:
    types = published.rows(SEGMENT_TYPES)["segment_type"].tolist()
    if not types:
        return
    st.subheader("By segment")
    segment_type = st.selectbox("Segments by", types, format_func=words, key="segment_type")
    obeyed(filters, segment=False, instead=f"all segments by {words(segment_type).lower()}")
    rows = published.rows(
        VALUE_BY_SEGMENT if kind == VALUE else SATISFACTION_BY_SEGMENT,
        attribute=attribute,
        grain=filters.grain,
        start=filters.start,
        segment_type=segment_type,
    )
    everybody = rows.loc[rows["segment_type"] == "all", "estimate"]
    segments = rows[rows["segment_type"] != "all"]
    reportable = segments.dropna(subset=["estimate"])
    if reportable.empty:
        st.info("No segment has enough customers.")
        return
    few = segments.loc[segments["estimate"].isna(), "name"]
    if len(few):
        st.caption(f"Too few customers: {', '.join(few)}.")
    reference = None if everybody.empty or is_missing(everybody.iloc[0]) else float(everybody.iloc[0])
    exhibit(
        interval_points(reportable, UNIT, reference=reference),
        pd.DataFrame(
            {
                "Segment": segments["name"],
                "Gap": segments["estimate"],
                "Lower": segments["ci_low"],
                "Upper": segments["ci_high"],
                "Customers": segments["n_customers"],
                "Note": segments["reliability"].map(reliability),
            }
        ),
        "gap-by-segment",
        alt=f"Gap of {name} in each segment with its interval; the table below has every figure.",
    )


def _show_months(published: Published, filters: Filters, kind: str, attribute: str, name: str) -> None:
    st.subheader("Over time")
    obeyed(filters, period=False, instead="each complete month")
    months = published.rows(
        VALUE_BY_MONTH if kind == VALUE else SATISFACTION_BY_MONTH,
        attribute=attribute,
        segment=filters.segment,
    )
    if months["estimate"].isna().all():
        st.info(f"No month has enough customers for {filters.segment_label}.")
        return
    exhibit(
        trend(months, "Gap in points of 100", zero=True),
        month_table(months),
        "gap-by-month",
        alt=f"Gap of {name} by month with its interval; the table below has every figure.",
    )


def _show_promises(published: Published, filters: Filters) -> None:
    st.header("Promised and delivered")
    promises = published.rows(PROMISES, segment=filters.segment, grain=filters.grain, start=filters.start)
    obeyed(filters)
    if promises.empty:
        explain_empty(published, filters, "promise_alignment")
        return
    shown = promises.dropna(subset=["estimate"])
    table = pd.DataFrame(
        {
            "Promise": promises["name"],
            "Promised": promises["promised"],
            "Expected": promises["expected"],
            "Delivered": promises["delivered"],
            "Gap to the promise": promises["estimate"],
            "Lower": promises["ci_low"],
            "Upper": promises["ci_high"],
            "Over-promised": promises["is_over_promised"].map({True: "yes", False: "no"}),
            "Customers affected": promises["n_affected_customers"],
            "Margin at risk": promises["margin_at_risk_amount"],
            "Initiatives on it": promises["n_bridging_initiatives"],
            "Customers": promises["n_customers"],
            "Note": promises["reliability"].map(reliability),
        }
    )
    if shown.empty:
        st.info("Too few customers judged what was promised.")
        return
    exhibit(
        gap_bars(shown, "Delivered − promised, points"),
        table,
        "promises",
        alt="Delivered minus promised for each claim with its interval; the table below has every figure.",
    )
