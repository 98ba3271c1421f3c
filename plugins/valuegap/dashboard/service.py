"""How long customers wait, how well they are helped, by whom, and whether it shows in their satisfaction."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.estimates import show_estimates
from valuegap.dashboard.exhibits import exhibit, show_table
from valuegap.dashboard.figures import trend
from valuegap.dashboard.figures_service import (
    agent_scores,
    satisfaction_by_time,
    times_by_month,
    waiting_times,
)
from valuegap.dashboard.filters import Filters, explain_empty, obeyed, of_segment_or_everybody
from valuegap.dashboard.formats import TOO_FEW, day, interval, is_missing, number, reliability, words
from valuegap.dashboard.parts import show_parts
from valuegap.dashboard.published import Published

TIMES = {
    "first_reply_business_minutes": "First reply, open time",
    "first_reply_minutes": "First reply, by the clock",
    "resolution_business_hours": "Solution, open time",
    "resolution_hours": "Solution, by the clock",
}
SHARES = {
    "sla_met_rate": "Promised times met",
    "first_contact_resolution_rate": "Solved at the first contact",
    "reopen_rate": "Opened again",
    "handoff_rate": "Handed on",
}
MINUTES_AN_HOUR = 60
KINDS = {"topic": "Topic", "channel": "Channel", "priority": "Priority"}
LAGS = {
    "same_ticket": "Rating of the same ticket",
    "within_30_days": "Survey within 30 days",
    "within_31_to_90_days": "Survey after 31 to 90 days",
}
TOO_FEW_RATINGS = "too few rated tickets to be compared"

PERFORMANCE = """
select
    metric_code, unit, estimate, ci_low, ci_high, median_value, p90_value, n_responses, n_customers,
    is_reportable, reliability
from marts.service_performance
where breakdown = 'all' and segment_key = $segment and period_grain = $grain and period_start = $start
"""

BY_KIND = """
select
    substr(breakdown, strpos(breakdown, ':') + 1) as kind, unit, estimate, ci_low, ci_high, median_value,
    p90_value, n_responses, n_customers, is_reportable, reliability
from marts.service_performance
where metric_code = $metric and starts_with(breakdown, $kind || ':') and segment_key = 'all:all'
    and period_grain = $grain and period_start = $start
order by kind
"""

BY_MONTH = """
select
    period_start, unit, estimate, ci_low, ci_high, median_value, p90_value, n_responses, n_customers,
    is_reportable, reliability
from marts.service_performance
where metric_code = $metric and breakdown = 'all' and segment_key = $segment and period_grain = 'month'
    and period_is_complete
order by period_start
"""

# A month's own row, or the last twelve months: the mart has no other period.
AGENTS = """
select
    scope_type, agent_key, team_id, period_start, period_end, overall_score, csat_raw, csat_adjusted,
    csat_adjusted_low, csat_adjusted_high, rank_band, n_tickets, n_ratings, n_rated_tickets, scorecard_score,
    first_reply_business_median, resolution_business_hours_median, first_contact_resolution_rate, reopen_rate,
    sla_rate, n_customers, is_reportable, reliability
from marts.agent_scorecard
where period_grain = case when $grain = 'month' then 'month' else 'trailing_12m' end
    and (period_start = $start or $grain <> 'month')
order by scope_type = 'all' desc, scope_type = 'team' desc, rank_band, team_id, agent_key
"""

# The number of a band is empty where too few customers are behind it; its name begins with its lower bound.
LINKS = """
select
    band, estimate, ci_low, ci_high, slope, slope_low, slope_high, period_start,
    period_end, n_pairs, n_customers, is_reportable, reliability
from marts.service_satisfaction_link
where metric_code = $metric and lag_band = $lag and segment_key = $segment
order by try_cast(regexp_extract(band, '^[0-9]+') as integer) nulls last, band
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    show_parts(PARTS, published, filters)


def _show_tickets(published: Published, filters: Filters) -> None:
    obeyed(filters)
    rows = published.rows(PERFORMANCE, segment=filters.segment, grain=filters.grain, start=filters.start)
    if rows.empty:
        explain_empty(published, filters, "service_performance")
        return
    _show_times(rows)
    _show_qualities(rows)
    _show_months(published, filters)


def _show_times(rows: pd.DataFrame) -> None:
    st.header("How long customers wait")
    st.caption("Open time leaves out nights, weekends and holidays of the help desk; the clock does not.")
    _show_waiting_times(_named(rows, TIMES), "Time", "waiting-times")


def _show_waiting_times(rows: pd.DataFrame, title: str, name: str) -> None:
    times = _in_hours(rows)
    table = pd.DataFrame({title: times["name"]}).join(_time_table(times))
    shown = times.dropna(subset=["median_value", "p90_value"])
    if shown.empty:
        st.info(f"Waiting times: {TOO_FEW}.")
        show_table(table, name, digits=2)
        return
    marks = shown["reliability"].map({"directional": " (directional)"}).fillna("")
    exhibit(
        waiting_times(shown.assign(name=shown["name"] + marks)),
        table,
        name,
        alt="Median and 90th percentile of waiting times; the table below has every figure.",
        digits=2,
    )


def _time_table(times: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Half within, hours": times["median_value"],
            "Nine of ten within, hours": times["p90_value"],
            "Mean, hours": times["estimate"],
            "Lower": times["ci_low"],
            "Upper": times["ci_high"],
            "Tickets": times["n_responses"],
            "Customers": times["n_customers"],
            "Note": [reliability(level) for level in times["reliability"]],
        }
    )


def _share_table(shares: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "%": shares["estimate"],
            "Lower": shares["ci_low"],
            "Upper": shares["ci_high"],
            "Tickets": shares["n_responses"],
            "Customers": shares["n_customers"],
            "Note": [reliability(level) for level in shares["reliability"]],
        }
    )


def _show_qualities(rows: pd.DataFrame) -> None:
    st.header("How well they are helped")
    shares = _in_percent(_named(rows, SHARES))
    show_estimates(
        shares,
        pd.DataFrame({"Share of tickets": shares["name"]}).join(_share_table(shares)),
        "service-shares",
        x_title="Share of tickets, %",
        alt="Share of tickets that met the promise, were solved at once, reopened or handed on",
    )


def _show_months(published: Published, filters: Filters) -> None:
    st.header("Over time")
    metric = _choose_metric("service-metric-by-month")
    obeyed(filters, period=False, instead="all whole months")
    months = published.rows(BY_MONTH, metric=metric, segment=filters.segment)
    if months["estimate"].isna().all():
        st.info(f"{_name(metric)} by month: {TOO_FEW}.")
        return
    names = pd.DataFrame({"Month": [f"{start:%Y-%m}" for start in months["period_start"]]})
    if metric in TIMES:
        months = _in_hours(months)
        figure, table = times_by_month(months, f"{_name(metric)}, hours"), _time_table(months)
    else:
        months = _in_percent(months)
        figure, table = trend(months, f"{_name(metric)}, %"), _share_table(months)
    exhibit(
        figure,
        names.join(table),
        "service-by-month",
        alt=f"{_name(metric)} by month; the table below has every figure.",
    )


def _show_kinds(published: Published, filters: Filters) -> None:
    st.header("By kind of ticket")
    left, right = st.columns(2)
    with left:
        metric = _choose_metric("service-metric-by-kind")
    with right:
        kind = str(
            st.selectbox(
                "By",
                list(KINDS),
                format_func=lambda option: KINDS[str(option)],
                key="kind-of-ticket",
                persist_state="session",
            )
        )
    obeyed(filters, segment=False, instead="all customers")
    rows = published.rows(BY_KIND, metric=metric, kind=kind, grain=filters.grain, start=filters.start)
    if rows.empty:
        explain_empty(published, filters, "service_performance")
        return
    rows["name"] = [words(code) for code in rows["kind"]]
    if metric in TIMES:
        _show_waiting_times(rows, KINDS[kind], "service-by-kind")
        return
    shares = _in_percent(rows)
    show_estimates(
        shares,
        pd.DataFrame({KINDS[kind]: shares["name"]}).join(_share_table(shares)),
        "service-by-kind",
        x_title=f"{_name(metric)}, %",
        alt=f"{_name(metric)} by {kind} with its interval",
    )


def _show_agents(published: Published, filters: Filters) -> None:
    st.header("Agents")
    rows = published.rows(AGENTS, grain=filters.grain, start=filters.start)
    of_period = filters.grain in ("month", "trailing_12m")
    instead = "all customers" if of_period else "the last 12 months of all customers"
    obeyed(filters, period=of_period, segment=False, instead=instead)
    agents = rows[rows["scope_type"] == "agent"]
    if agents.empty:
        st.info("No agent solved a ticket in this period.")
        return
    agents = agents.assign(
        name=[f"Agent {key[:8]}" for key in agents["agent_key"]],
        is_ranked=agents["rank_band"].isin(["A", "B", "C"]) & agents["is_reportable"],
    )
    st.caption(
        "Adjusted for the kinds of ticket that came to an agent and drawn towards the mean where ratings are "
        "few. B means that nobody can tell the agent from the rest: within a band the order says nothing."
    )
    ranked = agents[agents["is_ranked"]].dropna(subset=["csat_adjusted"])
    table = _agent_table(agents)
    if ranked.empty:
        st.info(f"Every agent has {TOO_FEW_RATINGS}.")
        show_table(table, "agents")
    else:
        overall = float(rows.loc[rows["scope_type"] == "all", "overall_score"].iloc[0])
        st.caption(f"The line is the mean of all ratings, {number(overall)}.")
        exhibit(
            agent_scores(ranked, overall),
            table,
            "agents",
            alt="Adjusted satisfaction of each agent with its interval; the table below has every figure.",
        )
    if left_out := len(agents) - len(ranked):
        st.caption(f"Not drawn: {left_out} with {TOO_FEW_RATINGS}.")


def _agent_table(agents: pd.DataFrame) -> pd.DataFrame:
    compared = agents["is_ranked"]
    return pd.DataFrame(
        {
            "Agent": agents["name"],
            "Team": agents["team_id"],
            "Band": agents["rank_band"].where(compared, "—"),
            "Adjusted": agents["csat_adjusted"].where(compared),
            "Lower": agents["csat_adjusted_low"].where(compared),
            "Upper": agents["csat_adjusted_high"].where(compared),
            "Raw": agents["csat_raw"].where(compared),
            "Scorecard, of 100": agents["scorecard_score"].where(compared),
            "First reply, open minutes": agents["first_reply_business_median"],
            "Solution, open hours": agents["resolution_business_hours_median"],
            "Solved at first contact, %": agents["first_contact_resolution_rate"] * 100,
            "Promise met, %": agents["sla_rate"] * 100,
            "Tickets": agents["n_tickets"],
            "Ratings": agents["n_ratings"],
            "Note": [
                ("" if is_ranked else TOO_FEW_RATINGS) or reliability(level)
                for is_ranked, level in zip(compared, agents["reliability"], strict=True)
            ],
        }
    )


def _show_link(published: Published, filters: Filters) -> None:
    st.header("Does quicker service show in satisfaction?")
    left, right = st.columns(2)
    with left:
        metric = str(
            st.selectbox(
                "Service time",
                ["first_reply_business_minutes", "resolution_business_hours"],
                format_func=lambda option: TIMES[str(option)],
                key="link-metric",
                persist_state="session",
            )
        )
    with right:
        lag = str(
            st.selectbox(
                "Satisfaction",
                list(LAGS),
                format_func=lambda option: LAGS[str(option)],
                key="link-lag",
                persist_state="session",
            )
        )
    bands, of_segment = of_segment_or_everybody(published, LINKS, filters, metric=metric, lag=lag)
    if bands.empty:
        obeyed(filters, period=False, segment=False, instead="the last 12 months of all customers")
        st.info("No customer with a ticket said how satisfied it was.")
        return
    months = f"{day(bands['period_start'].iloc[0])} to {day(bands['period_end'].iloc[0])}"
    obeyed(
        filters,
        period=False,
        segment=of_segment,
        instead=months if of_segment else f"{months}, all customers",
    )
    unit = "open minutes" if metric.endswith("minutes") else "open hours"
    table = pd.DataFrame(
        {
            f"Service time, {unit}": bands["band"],
            "Satisfaction": bands["estimate"],
            "Lower": bands["ci_low"],
            "Upper": bands["ci_high"],
            "Answers": bands["n_pairs"],
            "Customers": bands["n_customers"],
            "Note": [reliability(level) for level in bands["reliability"]],
        }
    )
    shown = bands.dropna(subset=["estimate"])
    if shown.empty:
        st.info(f"Satisfaction by service time: {TOO_FEW}.")
        show_table(table, "service-link")
        return
    line = shown.iloc[0]
    if not is_missing(line["slope"]):
        per, step = ("hour", MINUTES_AN_HOUR) if unit == "open minutes" else ("open hour", 1)
        st.caption(
            f"Each {per} longer goes with {number(line['slope'] * step, 2, signed=True)} points "
            f"({interval(line['slope_low'] * step, line['slope_high'] * step, 2, signed=True)}). "
            "That they go together proves no cause."
        )
    exhibit(
        satisfaction_by_time(shown, unit),
        table,
        "service-link",
        alt="Satisfaction by service time with its interval; the table below has every figure.",
    )


def _choose_metric(key: str) -> str:
    names = TIMES | SHARES
    return str(
        st.selectbox(
            "Measure",
            list(names),
            format_func=lambda option: names[str(option)],
            key=key,
            persist_state="session",
        )
    )


def _name(metric: str) -> str:
    return (TIMES | SHARES)[metric]


def _named(rows: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    of_these = rows[rows["metric_code"].isin(list(names))]
    return of_these.assign(name=of_these["metric_code"].map(names)).sort_values(
        "metric_code", key=lambda codes: codes.map(list(names).index), ignore_index=True
    )


def _in_hours(rows: pd.DataFrame) -> pd.DataFrame:
    hours = rows["unit"].map({"minutes": 1 / MINUTES_AN_HOUR}).fillna(1.0)
    columns = ("estimate", "ci_low", "ci_high", "median_value", "p90_value")
    return rows.assign(**{column: rows[column] * hours for column in columns})


def _in_percent(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(**{column: rows[column] * 100 for column in ("estimate", "ci_low", "ci_high")})


PARTS = {
    "Tickets": _show_tickets,
    "Kinds of ticket": _show_kinds,
    "Agents": _show_agents,
    "Satisfaction": _show_link,
}
"""What draws each part of the page, by the title of its tab."""
