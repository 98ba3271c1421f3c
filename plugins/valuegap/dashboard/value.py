"""What customers get for what they give, and what they are worth to us."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.estimates import show_estimates
from valuegap.dashboard.exhibits import exhibit, show_table
from valuegap.dashboard.figures_value import (
    cost_price_worth,
    customers_by_band,
    value_map,
    worth_by_satisfaction,
    worth_by_tier,
)
from valuegap.dashboard.filters import Filters, explain_empty, obeyed, of_segment_or_everybody
from valuegap.dashboard.formats import (
    TOO_FEW,
    interval,
    is_missing,
    number,
    percent,
    reliability,
    words,
)
from valuegap.dashboard.members import FEWEST_CUSTOMERS, MEMBERS
from valuegap.dashboard.parts import show_parts
from valuegap.dashboard.published import Parameter, Published

MEASURES = {
    "functional_benefit": "Benefit: does its job",
    "emotional_benefit": "Benefit: feels good",
    "social_benefit": "Benefit: impresses others",
    "financial_benefit": "Benefit: saves or earns money",
    "monetary_cost": "Cost: money",
    "time_cost": "Cost: time",
    "effort_cost": "Cost: effort",
    "psychological_cost": "Cost: worry and risk",
    "trust": "Trust",
    "feel_valued": "Feels valued",
}
"""What net value is made of, and two feelings beside it, in the order drawn."""

PERCEIVED_VALUE = """
select
    measure_code, estimate, ci_low, ci_high, value_sd, value_p10, value_p90, n_customers, is_reportable,
    reliability
from marts.customer_value_segment
where purchase_phase = 'post_purchase' and product_key = 'all'
    and segment_key = $segment and period_grain = $grain and period_start = $start
"""

# Materialized here and below: otherwise DuckDB looks for the customers of the segment in all rows of the mart
# first, which takes twice as long.
NET_VALUE_BANDS = f"""
with felt as materialized (
    select customer_key, net_value_score
    from marts.customer_value
    where product_key = 'all' and value_basis = 'post_purchase' and net_value_score is not null
        and period_grain = $grain and period_start = $start
)
select
    cast(10 * least(floor(net_value_score / 10), 9) as integer) as band_start,
    count(*) as n_customers
from felt
where customer_key in ({MEMBERS})
group by band_start
order by band_start
"""  # noqa: S608 - made of constants

# Two tiers a row and a fifth of the scale a column: finer cells would hold next to nobody.
WORTH_BY_SATISFACTION = f"""
with satisfied as materialized (
    select customer_key, score
    from marts.customer_score
    where metric_code = 'acsi' and area = 'overall' and period_grain = $grain and period_start = $start
)
select
    cast((relationship_value.value_tier - 1) // 2 as integer) as "row",
    cast(least(floor(satisfied.score / 20), 4) as integer) as "column",
    count(*) as n_customers
from satisfied
inner join marts.relationship_value using (customer_key)
where relationship_value.value_tier is not null and customer_key in ({MEMBERS})
group by all
order by all
"""  # noqa: S608 - made of constants
TIER_ROWS = ["Tiers 1–2", "Tiers 3–4", "Tiers 5–6", "Tiers 7–8", "Tiers 9–10"]
SATISFACTION_COLUMNS = ["0–20", "20–40", "40–60", "60–80", "80–100"]

# The share is one of everybody's relationship value: within a segment, a tier of too few customers cannot be
# found by subtraction.
TIERS = f"""
select
    value_tier,
    count(*) as n_customers,
    case when count(*) >= {FEWEST_CUSTOMERS} then sum(equity_share) end as equity_share,
    case when count(*) >= {FEWEST_CUSTOMERS} then sum(relationship_value_amount) end as amount,
    case when count(*) >= {FEWEST_CUSTOMERS} then avg(relationship_value_amount) end as mean_amount,
    case when count(*) >= {FEWEST_CUSTOMERS} then avg(retention_rate_year) end as retention_rate_year,
    any_value(currency) as currency
from marts.relationship_value
where value_tier is not null and customer_key in ({MEMBERS})
group by value_tier
order by value_tier
"""  # noqa: S608 - made of constants

BELOW_ZERO, ZERO, SMALL = -2, -1, 0
"""Bands of relationship value before the first of `WORTH_BANDS` that is a power of ten or three of them."""

# Bands of 100 to 300, 300 to 1,000, 1,000 to 3,000 and so on: values reach over powers of ten.
WORTH_BANDS = f"""
with customers as (
    select
        cast(relationship_value_amount as double) as amount,
        cast(floor(log10(greatest(relationship_value_amount, 1))) as integer) as power
    from marts.relationship_value
    where is_available and customer_key in ({MEMBERS})
)
select
    case
        when amount < 0 then {BELOW_ZERO}
        when amount = 0 then {ZERO}
        when amount < 100 then {SMALL}
        else 2 * power + case when amount >= 3 * pow(10, power) then 1 else 0 end
    end as band,
    count(*) as n_customers
from customers
group by band
order by band
"""  # noqa: S608 - made of constants

PRODUCTS = """
select
    dim_product.product_name as name, product_value.price, product_value.unit_cost, product_value.evc_amount,
    product_value.customer_surplus, product_value.firm_margin, product_value.is_win_win,
    product_value.price_fairness_score, product_value.n_research_respondents, product_value.research_source,
    product_value.unavailable_reason, product_value.n_customers, product_value.is_reportable,
    product_value.reliability
from marts.product_value
inner join marts.dim_product using (product_key)
where product_value.segment_key = $segment
order by product_value.evc_amount / product_value.price desc nulls last, dim_product.product_name
"""

COMPETITORS = """
select
    competitor_name as name, relative_price, mpq_ratio, relative_value_ratio, ci_low, ci_high,
    fair_value_position, differentiator_top, weight_coverage, unavailable_reason, n_customers, is_reportable,
    reliability
from marts.value_map
where product_key = 'all' and segment_key = $segment and period_grain = $grain and period_start = $start
order by competitor_name
"""


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    show_parts(PARTS, published, filters)


def _show_perceived_value(published: Published, filters: Filters) -> None:
    st.header("What customers get for what they give")
    obeyed(filters)
    chosen: dict[str, Parameter] = {
        "segment": filters.segment,
        "grain": filters.grain,
        "start": filters.start,
    }
    measures = published.rows(PERCEIVED_VALUE, **chosen).set_index("measure_code")
    if "net_value" not in measures.index:
        explain_empty(published, filters, "customer_value_segment")
        return
    net_value = measures.loc["net_value"]
    if not net_value["is_reportable"]:
        st.info(f"Net value: {TOO_FEW} ({number(net_value['n_customers'], 0)}).")
        return
    _tiles(measures)
    bands = published.rows(NET_VALUE_BANDS, **chosen)
    counts = bands.set_index("band_start")["n_customers"]
    starts = list(range(counts.index.min(), counts.index.max() + 10, 10))
    shown = pd.DataFrame(
        {
            "name": [_band_of_ten(start) for start in starts],
            "n_customers": counts.reindex(starts, fill_value=0).to_list(),
            "is_loss": [start < 0 for start in starts],
        }
    )
    st.subheader("Net value by customer")
    st.caption("Below 0, striped, a customer gives more than it gets.")
    exhibit(
        customers_by_band(shown, "Net value: benefits minus costs, points of 100"),
        shown.rename(columns={"name": "Net value", "n_customers": "Customers"})[["Net value", "Customers"]],
        "net-value",
        alt="Number of customers in each band of net value; the table below has every figure.",
    )
    st.subheader("What net value is made of")
    parts = measures.reindex([code for code in MEASURES if code in measures.index]).reset_index()
    parts["name"] = parts["measure_code"].map(MEASURES)
    show_estimates(
        parts,
        _estimates(parts, "Measure"),
        "value-parts",
        x_title="Points of 100; of a cost, less is better",
        alt="Each kind of benefit and cost with its interval",
    )
    _show_worth_by_satisfaction(published, chosen)


def _tiles(measures: pd.DataFrame) -> None:
    net_value = measures.loc["net_value"]
    columns = st.columns(4)
    columns[0].metric(
        "Net value",
        number(net_value["estimate"], signed=True),
        help="Benefits minus costs as customers feel them, each 0 to 100.",
    )
    columns[0].caption(
        f"{interval(net_value['ci_low'], net_value['ci_high'])} · n {number(net_value['n_customers'], 0)}"
    )
    for column, code, title in ((columns[1], "benefit", "Benefits"), (columns[2], "cost", "Costs")):
        if code in measures.index:
            part = measures.loc[code]
            column.metric(title, number(part["estimate"]))
            column.caption(
                f"{interval(part['ci_low'], part['ci_high'])} · n {number(part['n_customers'], 0)}"
            )
    columns[3].metric(
        "Four of five customers",
        interval(net_value["value_p10"], net_value["value_p90"], 0),
        help="From the 10th to the 90th percentile: how far customers differ.",
    )
    columns[3].caption(f"standard deviation {number(net_value['value_sd'])}")
    if note := reliability(net_value["reliability"]):
        st.caption(f"Net value is {note}.")


def _show_worth_by_satisfaction(published: Published, chosen: dict[str, Parameter]) -> None:
    st.subheader("Are those content who are worth most?")
    cells = published.rows(WORTH_BY_SATISFACTION, **chosen)
    if cells["n_customers"].sum() < FEWEST_CUSTOMERS:
        st.info(f"Satisfaction by worth: {TOO_FEW}.")
        return
    st.caption("Customers by value tier (1 is worth most to us) and satisfaction index in the period.")
    counts = (
        cells.pivot(index="row", columns="column", values="n_customers")
        .reindex(index=range(len(TIER_ROWS)), columns=range(len(SATISFACTION_COLUMNS)))
        .fillna(0)
        .astype(int)
        .set_axis(TIER_ROWS)
        .set_axis(SATISFACTION_COLUMNS, axis="columns")
    )
    exhibit(
        worth_by_satisfaction(counts),
        counts.rename_axis("Value tiers").reset_index(),
        "worth-by-satisfaction",
        alt="Number of customers by value tier and satisfaction; the table below has every figure.",
    )


def _show_worth(published: Published, filters: Filters) -> None:
    st.header("What customers are worth to us")
    obeyed(filters, period=False, instead="relationship value as of the night")
    tiers = published.rows(TIERS, segment=filters.segment)
    if tiers["n_customers"].sum() < FEWEST_CUSTOMERS:
        st.info(f"Relationship value: {TOO_FEW}.")
        return
    currency = str(tiers["currency"].iloc[0])
    st.caption(
        "Relationship value is the present value of the margins still to come. Tiers are tenths of all "
        "customers who ever ordered, tier 1 being worth most."
    )
    exhibit(
        worth_by_tier(tiers),
        pd.DataFrame(
            {
                "Tier": tiers["value_tier"],
                "Customers": tiers["n_customers"],
                "Share of all relationship value, %": tiers["equity_share"] * 100,
                f"Relationship value, {currency}": tiers["amount"],
                f"A customer on average, {currency}": tiers["mean_amount"],
                "Stay for a year, %": tiers["retention_rate_year"] * 100,
                "Note": [TOO_FEW if is_missing(share) else "" for share in tiers["equity_share"]],
            }
        ),
        "value-tiers",
        alt="Share of relationship value by tier and up to each tier; the table below has every figure.",
    )
    counts = published.rows(WORTH_BANDS, segment=filters.segment).set_index("band")["n_customers"]
    first = counts.index[counts.index > 0].min() if (counts.index > 0).any() else 0
    bands = sorted({*counts.index, *range(int(first), int(counts.index.max()) + 1)})
    shown = pd.DataFrame(
        {
            "name": [_band_of_worth(band) for band in bands],
            "n_customers": counts.reindex(bands, fill_value=0).to_list(),
            "is_loss": [band == BELOW_ZERO for band in bands],
        }
    )
    st.subheader("Relationship value by customer")
    exhibit(
        customers_by_band(shown, f"Relationship value of a customer, {currency}"),
        shown.rename(columns={"name": f"Relationship value, {currency}", "n_customers": "Customers"}).drop(
            columns="is_loss"
        ),
        "relationship-value",
        alt="Number of customers in each band of relationship value; the table below has every figure.",
    )


def _show_products(published: Published, filters: Filters) -> None:
    st.header("What products are worth to customers")
    products, of_segment = of_segment_or_everybody(published, PRODUCTS, filters)
    instead = "the last 12 months" if of_segment else "the last 12 months of all customers"
    obeyed(filters, period=False, segment=of_segment, instead=instead)
    if products.empty:
        st.info("No product has been sold or researched.")
        return
    drawn = products.dropna(subset=["price", "unit_cost", "evc_amount"])
    table = pd.DataFrame(
        {
            "Product": products["name"],
            "Price": products["price"],
            "Unit cost": products["unit_cost"],
            "Worth to the customer": products["evc_amount"],
            "Customer gains": products["customer_surplus"],
            "We gain": products["firm_margin"],
            "Both gain": [
                "" if is_missing(flag) else "yes" if flag else "no" for flag in products["is_win_win"]
            ],
            "Price felt fair, of 100": products["price_fairness_score"],
            "Customers": products["n_customers"],
            "People researched": products["n_research_respondents"],
            "Research": products["research_source"],
            "Note": [
                reliability(level) or ("" if is_missing(reason) else words(reason))
                for level, reason in zip(products["reliability"], products["unavailable_reason"], strict=True)
            ],
        }
    )
    if drawn.empty:
        show_table(table, "product-worth")
        return
    st.caption(
        "Between cost and worth both sides gain. A price right of its product's worth loses customers: they "
        "can get as much elsewhere for less. The worth comes from price research with few people."
    )
    exhibit(
        cost_price_worth(drawn),
        table,
        "product-worth",
        alt="Cost and worth of each product for each 100 of its price; the table below has every figure.",
    )


def _show_competitors(published: Published, filters: Filters) -> None:
    st.header("Against competitors")
    obeyed(filters)
    competitors = published.rows(
        COMPETITORS, segment=filters.segment, grain=filters.grain, start=filters.start
    )
    if competitors.empty:
        explain_empty(published, filters, "value_map")
        return
    table = pd.DataFrame(
        {
            "Competitor": competitors["name"],
            "Our price by theirs": competitors["relative_price"],
            "Our quality by theirs": competitors["mpq_ratio"],
            "Value for money": competitors["relative_value_ratio"],
            "Lower": competitors["ci_low"],
            "Upper": competitors["ci_high"],
            "Against fair value": [words(position) for position in competitors["fair_value_position"]],
            "Best at": [words(code) for code in competitors["differentiator_top"]],
            "Attributes compared": [percent(share, 0) for share in competitors["weight_coverage"]],
            "Customers": competitors["n_customers"],
            "Note": [
                reliability(level) or ("" if is_missing(reason) else words(reason))
                for level, reason in zip(
                    competitors["reliability"], competitors["unavailable_reason"], strict=True
                )
            ],
        }
    )
    drawn = competitors.dropna(subset=["relative_price", "mpq_ratio", "fair_value_position"])
    if drawn.empty:
        show_table(table, "value-map", digits=2)
        return
    st.caption("Left of and above the line we give more quality than our price asks for.")
    exhibit(
        value_map(drawn),
        table,
        "value-map",
        alt="Our quality over our price, both by each competitor's; the table below has every figure.",
        digits=2,
    )


def _estimates(rows: pd.DataFrame, title: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            title: rows["name"],
            "Points": rows["estimate"],
            "Lower": rows["ci_low"],
            "Upper": rows["ci_high"],
            "Customers": rows["n_customers"],
            "Note": [reliability(level) for level in rows["reliability"]],
        }
    )


def _band_of_ten(start: int) -> str:
    return f"{number(start, 0)} to {number(start + 10, 0)}"


def _band_of_worth(band: int) -> str:
    if band <= SMALL:
        return {BELOW_ZERO: "below 0", ZERO: "0", SMALL: "up to 100"}[band]
    power, upper_half = divmod(band, 2)
    low, high = (3, 10) if upper_half else (1, 3)
    return f"{number(low * 10**power, 0)} to {number(high * 10**power, 0)}"


PARTS = {
    "Value to customers": _show_perceived_value,
    "Worth to us": _show_worth,
    "Products": _show_products,
    "Competitors": _show_competitors,
}
"""What draws each part of the page, by the title of its tab."""
