"""What to do first: where importance and performance part, what drives the outcome, what is at stake."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit, show_table
from valuegap.dashboard.figures import interval_points, quadrant_map
from valuegap.dashboard.filters import Filters, explain_empty, obeyed, segment_label
from valuegap.dashboard.formats import reliability, words
from valuegap.dashboard.parts import show_parts
from valuegap.dashboard.published import Published

MAP = """
select
    attribute.attribute_name as name, map.quadrant, map.importance_score, map.importance_low,
    map.importance_high, map.importance_basis, map.performance_score, map.ci_low, map.ci_high,
    map.importance_crosshair, map.performance_crosshair, map.is_ambiguous, map.n_customers,
    map.is_reportable, map.reliability
from marts.importance_performance as map
inner join marts.dim_attribute as attribute on attribute.attribute_code = map.attribute_code
where map.segment_key = $segment and map.period_grain = $grain and map.period_start = $start
order by map.importance_score desc nulls last, map.attribute_code
"""

OUTCOMES = """
select distinct outcome_code, coalesce(metric_name, outcome_code) as outcome_name
from marts.driver_importance
left join marts.dim_metric on metric_code = outcome_code
where segment_key = $segment order by outcome_code
"""

DRIVERS = """
select
    attribute.attribute_name as name, driver.johnson_share * 100 as estimate,
    driver.johnson_low * 100 as ci_low, driver.johnson_high * 100 as ci_high, driver.sign, driver.r_squared,
    driver.unavailable_reason, driver.n_customers, driver.is_reportable, driver.reliability
from marts.driver_importance as driver
inner join marts.dim_attribute as attribute on attribute.attribute_code = driver.attribute_code
where driver.outcome_code = $outcome and driver.segment_key = $segment
order by driver.johnson_share desc nulls last, driver.attribute_code
"""

# All segments together would list one trouble many times: everybody's gaps, or the chosen segment's.
ACTIONS = """
with initiatives as (
    select
        gap_id,
        string_agg(initiative_name || ' (' || status || ')', '; ' order by initiative_id) as initiatives,
        string_agg(distinct effect_status, '; ' order by effect_status) as effects
    from marts.action_plan where has_initiative group by gap_id
)
select
    risk.segment_rank, risk.gap_type, coalesce(metric.metric_name, risk.metric_code) as metric_name,
    coalesce(attribute.attribute_name, risk.subject_code) as subject, risk.gap_to_close, risk.unit,
    risk.action_priority, risk.risk_response, risk.severity, risk.occurrence, risk.detection, risk.rpn,
    risk.value_at_risk_amount, risk.margin_at_risk_amount, risk.unavailable_reason, risk.due_date, risk.owner,
    initiatives.initiatives, initiatives.effects, risk.n_customers, risk.is_reportable, risk.reliability
from marts.gap_risk as risk
left join marts.dim_attribute as attribute on attribute.attribute_code = risk.subject_code
left join marts.dim_metric as metric on metric.metric_code = risk.metric_code
left join initiatives on initiatives.gap_id = risk.gap_id
where risk.segment_key = $segment
order by risk.segment_rank nulls last, risk.gap_id
"""

INITIATIVES = """
select
    initiative_name, status, effect_status, segment_key, gap_at_start, gap_now, expected_effect,
    measured_effect, measured_low, measured_high, is_overdue, next_review_date, n_customers, is_reportable,
    reliability
from marts.action_plan where has_initiative
order by is_overdue desc, next_review_date nulls last, initiative_id
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    show_parts(PARTS, published, filters)


def _show_what_first(published: Published, filters: Filters) -> None:
    _show_map(published, filters)
    _show_actions(published, filters)


def _show_map(published: Published, filters: Filters) -> None:
    st.header("Importance and performance")
    obeyed(filters)
    attributes = published.rows(MAP, segment=filters.segment, grain=filters.grain, start=filters.start)
    if attributes.empty:
        explain_empty(published, filters, "importance_performance")
        return
    shown = attributes.dropna(subset=["importance_score", "performance_score", "quadrant"])
    if shown.empty:
        st.info("Too few customers answered for a map.")
        return
    basis = words(str(shown["importance_basis"].iloc[0])).lower()
    st.caption(
        f"Importance is {basis}. Dashed lines: the means of all attributes. A hollow mark is ambiguous: "
        "its interval reaches across a line."
    )
    exhibit(
        quadrant_map(shown),
        pd.DataFrame(
            {
                "Attribute": attributes["name"],
                "Quadrant": attributes["quadrant"].map(words),
                "Ambiguous": attributes["is_ambiguous"].map({True: "yes", False: "no"}),
                "Importance": attributes["importance_score"],
                "Importance, lower": attributes["importance_low"],
                "Importance, upper": attributes["importance_high"],
                "Performance": attributes["performance_score"],
                "Performance, lower": attributes["ci_low"],
                "Performance, upper": attributes["ci_high"],
                "Customers": attributes["n_customers"],
                "Note": attributes["reliability"].map(reliability),
            }
        ),
        "importance-performance",
        alt="Importance over performance of each attribute in four named quadrants; the table has all of it.",
    )


def _show_actions(published: Published, filters: Filters) -> None:
    st.header("Gaps by priority")
    obeyed(filters, period=False, instead="tonight's ranking")
    actions = published.rows(ACTIONS, segment=filters.segment)
    if actions.empty:
        st.info(f"No gap is open for {filters.segment_label}.")
        return
    st.caption(
        "Ranked by action priority (H, M, L), then severity and occurrence. Value at risk: relationship "
        "value of the customers the gap affects; one customer can stand behind several gaps."
    )
    show_table(
        pd.DataFrame(
            {
                "Rank": actions["segment_rank"],
                "Priority": actions["action_priority"],
                "Gap in": actions["subject"].map(words),
                "Kind": actions["gap_type"].map(words),
                "Metric": actions["metric_name"],
                "To close": actions["gap_to_close"],
                "Unit": actions["unit"],
                "Initiatives": actions["initiatives"].fillna("none"),
                "Their effect": actions["effects"].map(words),
                "Value at risk": actions["value_at_risk_amount"],
                "Margin at risk": actions["margin_at_risk_amount"],
                "Severity": actions["severity"],
                "Occurrence": actions["occurrence"],
                "Detection": actions["detection"],
                "Response": actions["risk_response"].map(words),
                "Due": actions["due_date"].dt.date,
                "Owner": actions["owner"],
                "Customers": actions["n_customers"],
                "Note": actions["reliability"].map(reliability),
            }
        ),
        "gaps-by-priority",
    )


def _show_drivers(published: Published, filters: Filters) -> None:
    st.header("What drives the outcome")
    obeyed(filters, period=False, instead="the last 12 months")
    outcomes = published.rows(OUTCOMES, segment=filters.segment)
    if outcomes.empty:
        st.info(f"No drivers are estimated for {filters.segment_label}.")
        return
    names = dict(zip(outcomes["outcome_code"], outcomes["outcome_name"], strict=True))
    outcome = st.selectbox(
        "Outcome",
        list(names),
        format_func=lambda code: str(names[code]),
        key="outcome",
        persist_state="session",
    )
    drivers = published.rows(DRIVERS, outcome=outcome, segment=filters.segment)
    shown = drivers.dropna(subset=["estimate"])
    if shown.empty:
        reasons = ", ".join(sorted({words(reason) for reason in drivers["unavailable_reason"].dropna()}))
        st.info(f"No drivers can be told apart here: {reasons or 'too few customers'}.")
        return
    st.caption(
        f"Share of the explained variance (relative weights); together they explain "
        f"{shown['r_squared'].iloc[0] * 100:.0f} % of the differences in {names[outcome]}. "
        "An association between customers' answers, not proof of a cause."
    )
    exhibit(
        interval_points(shown, "Share of what is explained, %"),
        pd.DataFrame(
            {
                "Attribute": drivers["name"],
                "Share, %": drivers["estimate"],
                "Lower": drivers["ci_low"],
                "Upper": drivers["ci_high"],
                "Direction": drivers["sign"].map({1: "raises it", -1: "lowers it"}),
                "Customers": drivers["n_customers"],
                "Note": drivers["reliability"].map(reliability),
            }
        ),
        "drivers",
        alt=f"Share of each attribute in {names[outcome]} with its interval; the table has every figure.",
    )


def _show_initiatives(published: Published, filters: Filters) -> None:
    st.header("Initiatives and their effect")
    obeyed(filters, period=False, segment=False, instead="every initiative")
    initiatives = published.rows(INITIATIVES)
    if initiatives.empty:
        st.info("No initiative is declared. docs/action.md says where.")
        return
    show_table(
        pd.DataFrame(
            {
                "Initiative": initiatives["initiative_name"],
                "Status": initiatives["status"].map(words),
                "Overdue": initiatives["is_overdue"].map({True: "yes", False: "no"}),
                "For": initiatives["segment_key"].map(segment_label, na_action="ignore"),
                "Gap at start": initiatives["gap_at_start"],
                "Gap now": initiatives["gap_now"],
                "Expected effect": initiatives["expected_effect"],
                "Measured effect": initiatives["measured_effect"],
                "Lower": initiatives["measured_low"],
                "Upper": initiatives["measured_high"],
                "Verdict": initiatives["effect_status"].map(words),
                "Next review": initiatives["next_review_date"].dt.date,
                "Customers": initiatives["n_customers"],
                "Note": initiatives["reliability"].map(reliability),
            }
        ),
        "initiatives",
    )


PARTS = {
    "What first": _show_what_first,
    "Drivers": _show_drivers,
    "Initiatives": _show_initiatives,
}
"""What draws each part of the page, by the title of its tab."""
