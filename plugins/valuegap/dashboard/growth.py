"""Why revenue changed, who stays, what is won and where new customers come from."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.estimates import show_estimates
from valuegap.dashboard.exhibits import exhibit
from valuegap.dashboard.figures import trend
from valuegap.dashboard.figures_growth import cohort_map, levers_waterfall, rates_by_month
from valuegap.dashboard.filters import Filters, explain_empty, obeyed, of_segment_or_everybody
from valuegap.dashboard.formats import (
    TOO_FEW,
    day,
    interval,
    is_missing,
    number,
    percent,
    reliability,
    words,
)
from valuegap.dashboard.parts import show_parts
from valuegap.dashboard.published import Published

COMPARISONS = {"previous": "the period before", "year_before": "a year before"}
LEVERS = {
    "customers_effect": "Customers",
    "frequency_effect": "Orders a customer",
    "transaction_size_effect": "Units an order",
    "price_effect": "Revenue a unit",
}
PRODUCT_LEVERS = {
    "volume_effect": "Volume",
    "mix_effect": "Mix of products",
    "like_for_like_price_effect": "Like-for-like price",
}
SUBSCRIPTION, ORDERS = "subscription", "orders"
BASES = {SUBSCRIPTION: "Subscriptions", ORDERS: "Orders"}
NOT_KNOWN_YET = "not known yet: the silence is too short"

# A trailing window has no levers; the newest whole quarter stands in.
REVENUE_LEVERS = """
select *
from marts.revenue_levers
where segment_key = $segment and comparison = $comparison
    and period_grain = case when $is_trailing then 'quarter' else $grain end
    and (period_start = $start or $is_trailing)
order by period_start desc
limit 1
"""

# A month has its own row; everything else is answered by the last twelve whole months together.
RETENTION = """
select *
from marts.revenue_retention
where basis = $basis and segment_key = $segment
    and period_grain = case when $grain = 'month' then 'month' else 'trailing_12m' end
    and (period_start = $start or $grain <> 'month')
order by period_start desc
limit 1
"""

RETENTION_BY_MONTH = """
select
    period_start as month_start, grr, nrr, logo_churn, ci_low, ci_high, n_customers, is_reportable,
    reliability
from marts.revenue_retention
where basis = $basis and segment_key = $segment and period_grain = 'month' and period_is_complete
order by period_start
"""

# The number of a month is counted anew: it is empty in rows of too few customers.
COHORTS = """
select
    cohort_month, cast(date_diff('month', cohort_month, month_start) as integer) as month_number, size,
    retention_rate, ci_low, ci_high, n_customers, is_reportable, reliability
from marts.retention_cohort
where segment_key = $segment
order by cohort_month, month_number
"""

SALES = """
select
    channel, deals_won, deals_closed, win_rate as estimate, ci_low, ci_high, sales_cycle_days_median,
    sales_cycle_days_p90, won_amount, average_deal_amount, lost_reason_top, lost_reason_top_share,
    lost_to_value_share, conversion_rate, currency, n_customers, is_reportable, reliability
from marts.sales_performance
where segment_key = $segment and period_grain = $grain and period_start = $start
order by channel = 'all' desc, channel
"""

ACQUISITION = """
select
    lead_source, new_leads, converted_leads, conversion_rate as estimate, ci_low, ci_high, new_customers,
    new_customer_share, spend_amount, cac_amount, first_year_margin_per_customer, payback_months,
    retention_12m, currency, n_customers, is_reportable, reliability
from marts.acquisition
where period_grain = $grain and period_start = $start
order by lead_source = 'all' desc, lead_source
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    show_parts(PARTS, published, filters)


def _show_levers(published: Published, filters: Filters) -> None:
    st.header("Why revenue changed")
    comparison = st.segmented_control(
        "Compared with",
        list(COMPARISONS),
        format_func=COMPARISONS.__getitem__,
        default="previous",
        key="comparison",
        persist_state="session",
        required=True,
    )
    rows = published.rows(
        REVENUE_LEVERS,
        segment=filters.segment,
        grain=filters.grain,
        start=filters.start,
        is_trailing=filters.is_trailing,
        comparison=comparison,
    )
    if rows.empty:
        obeyed(filters)
        st.info(
            "There is no change to explain: a period is compared when it and the earlier one are whole and "
            "somebody bought in one of them. Choose a month or a quarter, or another comparison."
        )
        return
    levers = rows.iloc[0]
    periods = (
        f"{day(levers['period_start'])} to {day(levers['period_end'])} against "
        f"{day(levers['prior_start'])} to {day(levers['prior_end'])}"
    )
    if filters.is_trailing:
        obeyed(filters, period=False, instead=f"the newest whole quarter, {periods}")
    else:
        obeyed(filters)
        st.caption(periods)
    if not levers["is_reportable"]:
        st.info(f"Change of revenue: {TOO_FEW} bought in one of the periods.")
        return
    _show_parts(levers, LEVERS, "levers", "The four ways to sell more")
    if is_missing(levers["volume_effect"]):
        st.caption(
            "By products the change cannot be told apart: a product was taken back for more than it sold for."
        )
    else:
        _show_parts(levers, PRODUCT_LEVERS, "product-levers", "The same change by products")


def _show_parts(levers: pd.Series, names: dict[str, str], name: str, title: str) -> None:
    st.subheader(title)
    currency = str(levers["currency"])
    parts = [(label, float(levers[column])) for column, label in names.items()]
    added = number(parts[0][1], 2) + "".join(
        f" {'−' if amount < 0 else '+'} {number(abs(amount), 2)}" for _, amount in parts[1:]
    )
    st.caption(
        f"The {len(parts)} parts add up to the change: {added} = {number(levers['delta'], 2)} {currency}."
    )
    if note := reliability(levers["reliability"]):
        st.caption(f"This is {note}.")
    before, after = float(levers["revenue_prior"]), float(levers["revenue_current"])
    exhibit(
        levers_waterfall(before, parts, after, currency, ("Before", "After")),
        pd.DataFrame(
            [("Revenue before", before), *parts, ("Change", levers["delta"]), ("Revenue after", after)],
            columns=["Part", f"Amount, {currency}"],
        ),
        name,
        alt="Revenue before, what each part added or took, revenue after; the table below has every figure.",
        digits=2,
    )


def _show_retention(published: Published, filters: Filters) -> None:
    st.header("Revenue and customers kept")
    basis = st.segmented_control(
        "Of",
        list(BASES),
        format_func=BASES.__getitem__,
        default=SUBSCRIPTION,
        key="basis",
        persist_state="session",
        required=True,
    )
    rows = published.rows(
        RETENTION, basis=basis, segment=filters.segment, grain=filters.grain, start=filters.start
    )
    if rows.empty:
        obeyed(filters)
        st.info(f"Nothing is known of {BASES[str(basis)].lower()} of {filters.segment_label}.")
        return
    kept = rows.iloc[0]
    if filters.grain == "month":
        obeyed(filters)
    else:
        months = f"{day(kept['period_start'])} to {day(kept['period_end'])}"
        obeyed(filters, period=False, instead=f"monthly averages of the last twelve whole months, {months}")
    if basis == ORDERS:
        st.caption(
            "Orders come in lumps: a month without one is a contraction, so gross retention is low by nature."
        )
    if kept["is_reportable"]:
        _retention_tiles(kept)
    else:
        # Nobody is judged while the silence is too short to tell a pause from a loss.
        st.info(f"{NOT_KNOWN_YET if kept['n_customers'] == 0 else TOO_FEW}".capitalize() + ".")
    _show_retention_by_month(published, filters, str(basis))


def _retention_tiles(kept: pd.Series) -> None:
    columns = st.columns(3)
    columns[0].metric("Gross revenue retention", percent(kept["grr"]), help="What was kept, growth left out.")
    columns[1].metric("Net revenue retention", percent(kept["nrr"]), help="What was kept, growth included.")
    columns[2].metric("Customers lost a month", percent(kept["logo_churn"]))
    columns[2].caption(
        f"{interval(kept['ci_low'] * 100, kept['ci_high'] * 100)} % · n {number(kept['n_customers'], 0)}"
    )
    if note := reliability(kept["reliability"]):
        st.caption(f"These are {note}.")


def _show_retention_by_month(published: Published, filters: Filters, basis: str) -> None:
    months = published.rows(RETENTION_BY_MONTH, basis=basis, segment=filters.segment)
    if months["grr"].isna().all():
        return
    table = pd.DataFrame(
        {
            "Month": [day(start) for start in months["month_start"]],
            "Gross retention, %": months["grr"] * 100,
            "Net retention, %": months["nrr"] * 100,
            "Customers lost, %": months["logo_churn"] * 100,
            "Lower": months["ci_low"] * 100,
            "Upper": months["ci_high"] * 100,
            "Customers": months["n_customers"],
            "Note": [
                NOT_KNOWN_YET if n == 0 else reliability(level)
                for n, level in zip(months["n_customers"], months["reliability"], strict=True)
            ],
        }
    )
    st.subheader("By month")
    exhibit(
        rates_by_month(months, {"grr": "gross retention", "nrr": "net retention"}),
        table[["Month", "Gross retention, %", "Net retention, %", "Customers", "Note"]],
        "retention-by-month",
        alt="Gross and net revenue retention by month; the table below has every figure.",
    )
    lost = months.assign(estimate=months["logo_churn"])
    lost[["estimate", "ci_low", "ci_high"]] *= 100
    exhibit(
        trend(lost.rename(columns={"month_start": "period_start"}), "Customers lost in the month, %"),
        table.drop(columns=["Gross retention, %", "Net retention, %"]),
        "churn-by-month",
        alt="Share of customers lost by month with its interval; the table below has every figure.",
    )


def _show_cohorts(published: Published, filters: Filters) -> None:
    st.header("Who stays, by month of the first purchase")
    cells, of_segment = of_segment_or_everybody(published, COHORTS, filters)
    obeyed(
        filters,
        period=False,
        segment=of_segment,
        instead="all months" if of_segment else "all months of all customers",
    )
    if cells.empty:
        st.info("Nobody has bought anything yet.")
        return
    judged = cells[cells["n_customers"] > 0]
    known = judged[judged["is_reportable"]]
    if known.empty:
        st.info(f"Cohorts: {TOO_FEW} in each.")
        return
    drawn = cells[
        cells["cohort_month"].isin(known["cohort_month"])
        & (cells["month_number"] <= known["month_number"].max())
    ]
    drawn = drawn.assign(reason=drawn["n_customers"].map(lambda n: TOO_FEW if n else NOT_KNOWN_YET))
    left_out = cells["cohort_month"].nunique() - known["cohort_month"].nunique()
    st.caption(
        "Of the customers who first bought in a month, the share that ordered so many months later or after "
        "that, %. Empty at the right: not known yet. Below n 30 a cohort is directional. The table has every "
        "month." + (f" Not drawn: {left_out} cohorts of {TOO_FEW}." if left_out else "")
    )
    exhibit(
        cohort_map(drawn),
        pd.DataFrame(
            {
                "First purchase": [f"{month:%Y-%m}" for month in judged["cohort_month"]],
                "Months since": judged["month_number"],
                "Still there, %": judged["retention_rate"] * 100,
                "Lower": judged["ci_low"] * 100,
                "Upper": judged["ci_high"] * 100,
                "Customers": judged["n_customers"],
                "Note": [reliability(level) for level in judged["reliability"]],
            }
        ),
        "cohorts",
        alt="Share still there by cohort and months since; the table below has every figure.",
    )


def _show_sales(published: Published, filters: Filters) -> None:
    st.header("Sales")
    obeyed(filters)
    sales = published.rows(SALES, segment=filters.segment, grain=filters.grain, start=filters.start)
    if sales.empty:
        explain_empty(published, filters, "sales_performance")
        return
    currency = str(sales["currency"].iloc[0])
    sales["name"] = ["All channels" if code == "all" else words(code) for code in sales["channel"]]
    table = pd.DataFrame(
        {
            "Channel": sales["name"],
            "Deals won": sales["deals_won"],
            "Deals closed": sales["deals_closed"],
            "Win rate, %": sales["estimate"] * 100,
            "Lower": sales["ci_low"] * 100,
            "Upper": sales["ci_high"] * 100,
            "Days to close, median": sales["sales_cycle_days_median"],
            "Days to close, nine of ten": sales["sales_cycle_days_p90"],
            f"Won, {currency}": sales["won_amount"],
            f"A deal, {currency}": sales["average_deal_amount"],
            "Lost mostly for": [
                words(reason) if is_missing(share) else f"{words(reason)} ({percent(share, 0)})"
                for reason, share in zip(
                    sales["lost_reason_top"], sales["lost_reason_top_share"], strict=True
                )
            ],
            "Lost for value, %": sales["lost_to_value_share"] * 100,
            "Customers": sales["n_customers"],
            "Note": [reliability(level) for level in sales["reliability"]],
        }
    )
    sales[["estimate", "ci_low", "ci_high"]] *= 100
    show_estimates(
        sales,
        table,
        "win-rate",
        x_title="Deals won of those closed, %",
        alt="Win rate by channel with its interval",
    )


def _show_acquisition(published: Published, filters: Filters) -> None:
    st.header("Where new customers come from")
    obeyed(filters, segment=False, instead="all customers")
    sources = published.rows(ACQUISITION, grain=filters.grain, start=filters.start)
    if sources.empty:
        explain_empty(published, filters, "acquisition")
        return
    currency = str(sources["currency"].iloc[0])
    sources["name"] = [
        "All sources" if code == "all" else words(code.lower()) for code in sources["lead_source"]
    ]
    table = pd.DataFrame(
        {
            "Source": sources["name"],
            "New leads": sources["new_leads"],
            "Became customers": sources["converted_leads"],
            "Conversion, %": sources["estimate"] * 100,
            "Lower": sources["ci_low"] * 100,
            "Upper": sources["ci_high"] * 100,
            "New customers": sources["new_customers"],
            f"Spent, {currency}": sources["spend_amount"],
            f"Cost of a customer, {currency}": sources["cac_amount"],
            f"First year's margin of a customer, {currency}": sources["first_year_margin_per_customer"],
            "Months to pay back": sources["payback_months"],
            "Still there after a year, %": sources["retention_12m"] * 100,
            "Leads counted": sources["n_customers"],
            "Note": [reliability(level) for level in sources["reliability"]],
        }
    )
    sources[["estimate", "ci_low", "ci_high"]] *= 100
    show_estimates(
        sources,
        table,
        "acquisition",
        x_title="Leads that became customers, %",
        alt="Conversion of leads by source with its interval",
    )


PARTS = {
    "Revenue": _show_levers,
    "Retention": _show_retention,
    "Cohorts": _show_cohorts,
    "Sales": _show_sales,
    "New customers": _show_acquisition,
}
"""What draws each part of the page, by the title of its tab."""
