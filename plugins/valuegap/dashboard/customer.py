"""One customer's whole story: who it is, what it bought, said and needed, and what it is worth to us."""

from typing import Any

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit, show_folded, show_table
from valuegap.dashboard.figures_customer import Story, time_line
from valuegap.dashboard.filters import Filters, obeyed
from valuegap.dashboard.formats import MISSING, day, is_missing, number, percent, plain, words
from valuegap.dashboard.members import MEMBERS
from valuegap.dashboard.published import Published

MOST_OFFERED = 200

# Those first who have most to lose. The hash of a name is empty unless personal data may be shown.
CUSTOMERS = f"""
select
    customer_key, dim_customer.industry, dim_customer.country, dim_customer.status,
    at_risk_customer.customer_key is not null as is_at_risk
from marts.dim_customer
left join marts.at_risk_customer using (customer_key)
left join marts.relationship_value using (customer_key)
where customer_key in ({MEMBERS})
    and (
        starts_with(customer_key, lower(trim($search)))
        or dim_customer.customer_name_hash = sha256(lower(trim($search)))
    )
order by
    at_risk_customer.margin_at_risk_amount desc nulls last,
    relationship_value.relationship_value_amount desc nulls last,
    customer_key
limit {MOST_OFFERED}
"""  # noqa: S608 - made of constants

WHO = """
select
    dim_customer.*, relationship_value.relationship_value_amount, relationship_value.margin_per_month,
    relationship_value.retention_rate_year, relationship_value.p_alive,
    relationship_value.expected_orders_12m, relationship_value.historic_margin_amount,
    relationship_value.currency, relationship_value.unavailable_reason
from marts.dim_customer
left join marts.relationship_value using (customer_key)
where dim_customer.customer_key = $customer
"""

AT_RISK = "select * from marts.at_risk_customer where customer_key = $customer"

IN_PERIOD = """
select metric_code, score from marts.customer_score
where customer_key = $customer and period_grain = $grain and period_start = $start
union all
select 'net_value', net_value_score from marts.customer_value
where customer_key = $customer and period_grain = $grain and period_start = $start
    and product_key = 'all' and value_basis = 'post_purchase'
"""

MONTHS = """
select month_start, orders, units, revenue, returned_amount, margin, recurring_end, n_tickets
from marts.fct_customer_month
where customer_key = $customer
order by month_start
"""

SCORES_GIVEN = """
select
    answer.submitted_at, answer.response_key, answer.metric_code, metric.metric_name,
    avg(answer.score_pomp) as score
from marts.fct_survey_answer as answer
left join marts.dim_metric as metric on metric.metric_code = answer.metric_code
where answer.customer_key = $customer and answer.is_scored and answer.metric_code is not null
group by all
order by answer.submitted_at desc, answer.response_key, answer.metric_code
"""

GAPS = """
select
    gap.submitted_at, gap.response_key, gap.gap_type, gap.attribute_code, attribute.attribute_name,
    coalesce(gap.expected_score, gap.promised_score) as expected, gap.delivered_score as delivered,
    gap.gap_score, gap.gap_direction
from marts.fct_value_gap as gap
inner join marts.dim_attribute as attribute on attribute.attribute_code = gap.attribute_code
where gap.customer_key = $customer and gap.gap_score is not null
order by gap.submitted_at desc, gap.gap_type, gap.attribute_code
"""

VALUES = """
select
    period_start, net_value_score, benefit_score, cost_score, value_ratio, trust_score, feel_valued_score,
    n_answers
from marts.customer_value
where customer_key = $customer and product_key = 'all' and period_grain = 'quarter'
    and value_basis = 'post_purchase'
order by period_start
"""

TICKETS = """
select
    ticket_id, created_at, topic_code, channel, priority, status, is_resolved, first_resolved_at,
    our_first_reply_business_minutes, our_first_resolution_business_minutes, is_sla_met, is_reopened
from marts.fct_ticket
where customer_key = $customer and not is_deleted and not is_merged
order by created_at desc
"""

CASES = """
select opened_at, trigger_code, opening_score, hours_to_contact, is_on_time, closed_at, outcome, next_score
from marts.fct_closed_loop_case
where customer_key = $customer
order by opened_at desc
"""

REASONS = {
    "is_detractor": "would not recommend us",
    "has_bad_csat": "said it was dissatisfied",
    "has_shortfall": "got less than expected",
    "is_silent": "has not ordered for twice its usual time",
    "has_order_drop": "orders half as much as before",
    "has_open_sla_breach": "waits longer for help than promised",
}
TRIGGERS = {
    "nps_detractor": "would not recommend",
    "csat_bad": "dissatisfied",
    "gap_shortfall": "less than expected",
}


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    obeyed(filters, period=False, instead="the whole history, the chosen period shaded")
    customer = _choose(published, filters)
    if customer is None:
        return
    who = published.rows(WHO, customer=customer).iloc[0]
    currency = MISSING if is_missing(who["currency"]) else str(who["currency"])
    _show_who(who, currency)
    _show_risk(published, customer, currency)
    _show_period(published, filters, customer)
    _show_story(published, filters, customer, currency)


def _choose(published: Published, filters: Filters) -> str | None:
    """Draw the search and return the customer it or the address names, None when there is none."""
    by_name = published.settings.dashboard_personal_data
    search = st.text_input(
        "Find a customer by its key" + (", or by its whole name" if by_name else ""),
        key="customer-search",
        help=None
        if by_name
        else "Who may see personal data (VALUEGAP_DASHBOARD_PERSONAL_DATA=true) can search by a whole name.",
    )
    found = published.rows(CUSTOMERS, segment=filters.segment, search=search or "")
    names = dict(zip(found["customer_key"], _labels(found), strict=True))
    asked = st.session_state.get("customer", st.query_params.get("customer"))
    if asked is not None and asked not in names and not search:
        if published.rows(WHO, customer=asked).empty:
            st.warning(f"There is no customer {plain(asked)} in this file.")
            asked = None
        else:
            names[asked] = f"{asked[:8]} · outside the chosen segment or far down the list"
    if not names:
        st.info(f"No customer of {filters.segment_label} fits.")
        return None
    st.session_state["customer"] = asked if asked in names else next(iter(names))
    customer = str(
        st.selectbox("Customer", list(names), key="customer", format_func=lambda key: names[str(key)])
    )
    st.caption(
        "Those at risk come first, those with most margin at risk before the others."
        + (f" These are the first {MOST_OFFERED}: search for others." if len(found) == MOST_OFFERED else "")
    )
    if st.query_params.get("customer") != customer:
        st.query_params["customer"] = customer
    return customer


def _labels(found: pd.DataFrame) -> list[str]:
    return [
        " · ".join(
            [
                key[:8],
                words(industry),
                MISSING if is_missing(country) else country,
                words(status),
                *(["at risk"] if is_at_risk else []),
            ]
        )
        for key, industry, country, status, is_at_risk in zip(
            found["customer_key"],
            found["industry"],
            found["country"],
            found["status"],
            found["is_at_risk"],
            strict=True,
        )
    ]


def _show_who(who: "pd.Series[Any]", currency: str) -> None:
    st.header("Who it is")
    columns = st.columns(4)
    columns[0].metric(f"Relationship value, {currency}", number(who["relationship_value_amount"], 0))
    columns[0].caption(
        f"tier {number(who['value_tier'], 0)} of 10"
        if is_missing(who["unavailable_reason"])
        else words(who["unavailable_reason"])
    )
    columns[1].metric(f"Margin a month, {currency}", number(who["margin_per_month"], 0))
    columns[1].caption(f"so far {number(who['historic_margin_amount'], 0)}")
    columns[2].metric("Stays for a year", percent(who["retention_rate_year"], 0))
    columns[2].caption(f"still a customer: {percent(who['p_alive'], 0)}")
    columns[3].metric("Orders expected in a year", number(who["expected_orders_12m"]))
    columns[3].caption(words(who["status"]))
    show_folded(
        "All that is known of it",
        pd.DataFrame(
            [
                ("Key", who["customer_key"]),
                ("Kind", words(who["customer_type"])),
                ("Industry", words(who["industry"])),
                ("Market segment", words(who["market_segment"])),
                ("Size", who["size_band"]),
                ("Country", who["country"]),
                ("Region", words(who["region"])),
                ("Culture cluster", words(who["culture_cluster"])),
                ("Came by", words(who["lead_source"])),
                ("First bought through", words(who["acquisition_channel"])),
                ("Customer since", day(who["acquired_at"])),
                ("First order", day(who["first_order_at"])),
                ("Last order", day(who["last_order_at"])),
                ("People known", number(who["n_contacts"], 0)),
                ("Hash of its name", who["customer_name_hash"]),
            ],
            columns=["What", "Is"],
        ).fillna({"Is": MISSING}),
        "who",
    )


def _show_risk(published: Published, customer: str, currency: str) -> None:
    rows = published.rows(AT_RISK, customer=customer)
    if rows.empty:
        st.success("Nothing says that this customer is at risk.")
        return
    risk = rows.iloc[0]
    reasons = [text for column, text in REASONS.items() if risk[column]]
    st.warning(
        f"At risk since {day(risk['first_reason_on'])}: it {', '.join(reasons)}. "
        f"Margin at risk {number(risk['margin_at_risk_amount'], 0)} {currency}; "
        f"last order {number(risk['days_since_order'], 0)} days ago, "
        f"last contact {number(risk['days_since_contact'], 0)} days ago; "
        + ("no case follows it up." if is_missing(risk["case_id"]) else "a case follows it up.")
    )


def _show_period(published: Published, filters: Filters, customer: str) -> None:
    st.header("What it said")
    st.caption(filters.period_label)
    scores = published.rows(IN_PERIOD, customer=customer, grain=filters.grain, start=filters.start).set_index(
        "metric_code"
    )["score"]
    tiles = {
        "net_value": "Net value",
        "acsi": "Satisfaction index",
        "nps": "Net promoter score",
        "ces": "Ease",
        "repurchase_intent": "Would buy again",
    }
    for column, (code, title) in zip(st.columns(len(tiles)), tiles.items(), strict=True):
        signed = code in ("net_value", "nps")
        column.metric(title, number(scores.get(code), signed=signed))


def _show_story(published: Published, filters: Filters, customer: str, currency: str) -> None:
    st.header("Its story")
    months = published.rows(MONTHS, customer=customer)
    scores = published.rows(SCORES_GIVEN, customer=customer)
    gaps = published.rows(GAPS, customer=customer)
    tickets = published.rows(TICKETS, customer=customer)
    cases = published.rows(CASES, customer=customer)
    tickets = tickets.assign(topic=[words(code) for code in tickets["topic_code"]])
    cases = cases.assign(
        reason=cases["trigger_code"].map(TRIGGERS).fillna(cases["trigger_code"]),
        outcome=[words(code) for code in cases["outcome"]],
    )
    orders = pd.DataFrame(
        {
            "Month": [f"{start:%Y-%m}" for start in months["month_start"]],
            "Orders": months["orders"],
            "Units": months["units"],
            f"Revenue, {currency}": months["revenue"],
            f"Returned, {currency}": months["returned_amount"],
            f"Margin, {currency}": months["margin"],
            f"Recurring a month, {currency}": months["recurring_end"],
            "Tickets": months["n_tickets"],
        }
    )
    story = Story(
        months,
        scores,
        gaps.groupby(["submitted_at", "gap_type"], as_index=False)[["gap_score"]].mean(),
        tickets,
        cases,
        currency,
        published.as_of_date,
    )
    exhibit(
        time_line(story, (filters.start, filters.end)),
        orders,
        "orders",
        alt="Revenue, answers, gaps, tickets and cases over time; the tables below have every figure.",
    )
    values = published.rows(VALUES, customer=customer)
    for title, name, table in (
        ("Answers", "answers", _answer_table(scores)),
        ("Gaps of its answers", "gaps", _gap_table(gaps)),
        ("Value scores by quarter", "values", _value_table(values)),
        ("Tickets", "tickets", _ticket_table(tickets)),
        ("Cases of unhappy answers", "cases", _case_table(cases)),
    ):
        st.subheader(title)
        if table.empty:
            st.caption("None.")
        else:
            show_table(table, f"customer-{name}")


def _answer_table(scores: pd.DataFrame) -> pd.DataFrame:
    # A question need not be a metric: the metric made of it has another code, as `referral` has.
    names = scores["metric_name"].fillna(scores["metric_code"].map(words))
    return pd.DataFrame(
        {
            "Answered": [day(at) for at in scores["submitted_at"]],
            "About": names,
            "Score, points of 100": scores["score"],
        }
    )


def _gap_table(gaps: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Answered": [day(at) for at in gaps["submitted_at"]],
            "Against": gaps["gap_type"].map(
                {"satisfaction": "expectation", "value": "value hoped for", "promise": "promise"}
            ),
            "Attribute": gaps["attribute_name"],
            "Expected or promised": gaps["expected"],
            "Experienced": gaps["delivered"],
            "Gap": gaps["gap_score"],
            "Is": [words(code) for code in gaps["gap_direction"]],
        }
    )


def _value_table(values: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Quarter": [f"{start.year} Q{start.quarter}" for start in values["period_start"]],
            "Net value": values["net_value_score"],
            "Benefits": values["benefit_score"],
            "Costs": values["cost_score"],
            "Benefits by costs": values["value_ratio"],
            "Trust": values["trust_score"],
            "Feels valued": values["feel_valued_score"],
            "Answers": values["n_answers"],
        }
    )


def _ticket_table(tickets: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Opened": [day(at) for at in tickets["created_at"]],
            "Ticket": tickets["ticket_id"],
            "Topic": tickets["topic"],
            "Channel": [words(code) for code in tickets["channel"]],
            "Priority": [words(code) for code in tickets["priority"]],
            "Status": [words(code) for code in tickets["status"]],
            "First reply, open minutes": tickets["our_first_reply_business_minutes"],
            "Solution, open minutes": tickets["our_first_resolution_business_minutes"],
            "Promise met": [_yes_or_no(flag) for flag in tickets["is_sla_met"]],
            "Opened again": [_yes_or_no(flag) for flag in tickets["is_reopened"]],
        }
    )


def _case_table(cases: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Opened": [day(at) for at in cases["opened_at"]],
            "Because": cases["reason"],
            "Score then": cases["opening_score"],
            "Hours to contact": cases["hours_to_contact"],
            "In time": [_yes_or_no(flag) for flag in cases["is_on_time"]],
            "Closed": [day(at) for at in cases["closed_at"]],
            "Outcome": cases["outcome"],
            "Score next": cases["next_score"],
        }
    )


def _yes_or_no(flag: Any) -> str:  # noqa: ANN401 - a cell of a frame
    return MISSING if is_missing(flag) else "yes" if flag else "no"
