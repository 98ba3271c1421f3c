"""What the tables of the pages must say, asked of the published file by SQL of the tests' own."""

from dataclasses import dataclass

OF_CHOICE = "segment_key = $segment and period_grain = $grain and period_start = $start"
OF_EVERYBODY = "segment_key = 'all:all' and period_grain = $grain and period_start = $start"
OF_YEAR = "segment_key = $segment and period_grain = 'trailing_12m'"
CUSTOMERS = """
    select customer_key from marts.dim_customer
    where $segment in ('all:all', 'country:' || country)
"""


@dataclass(frozen=True)
class Table:
    """A table of a page: its tab, the name of its download, some of its columns, the query with the same columns."""

    page: str
    part: str | None
    name: str
    columns: tuple[str, ...]
    sql: str


def shown(*columns: str) -> str:
    """Return columns of which a reader gets nothing where too few customers stand behind them."""
    return ", ".join(f"case when is_reportable then {column} end" for column in columns)


TABLES = (
    Table(
        "Gaps",
        None,
        "gaps",
        ("Attribute", "Gap", "Lower", "Upper", "Expected", "Delivered", "Customers short, %", "Customers"),
        f"""
        select attribute_name, {shown("gap_score", "ci_low", "ci_high", "expectation_score", "experience_score")},
            {shown("100 * share_shortfall")}, n_customers
        from marts.satisfaction_gap join marts.dim_attribute using (attribute_code) where {OF_CHOICE}
        """,
    ),
    Table(
        "Gaps",
        None,
        "gap-by-segment",
        ("Segment", "Gap", "Customers"),
        f"""
        select replace(segment_value, '_', ' '), {shown("gap_score")}, n_customers from marts.satisfaction_gap
        where segment_type = (select min(segment_type) from marts.dim_segment where not is_all)
            and period_grain = $grain and period_start = $start and attribute_code = (
                select arg_min(attribute_code, gap_score) from marts.satisfaction_gap where {OF_CHOICE}
            )
        """,
    ),
    Table(
        "Priorities",
        "What first",
        "importance-performance",
        ("Attribute", "Importance", "Performance", "Performance, lower", "Performance, upper", "Customers"),
        f"""
        select attribute_name, {shown("importance_score", "performance_score", "ci_low", "ci_high")}, n_customers
        from marts.importance_performance join marts.dim_attribute using (attribute_code) where {OF_CHOICE}
        """,
    ),
    Table(
        "Priorities",
        "What first",
        "gaps-by-priority",
        ("Rank", "To close", "Value at risk", "Margin at risk", "Customers"),
        f"""
        select {shown("segment_rank", "gap_to_close", "value_at_risk_amount", "margin_at_risk_amount")}, n_customers
        from marts.gap_risk where segment_key = $segment
        """,
    ),
    Table(
        "Priorities",
        "Initiatives",
        "initiatives",
        ("Initiative", "Customers"),
        "select initiative_name, n_customers from marts.action_plan where has_initiative",
    ),
    Table(
        "Priorities",
        "Drivers",
        "drivers",
        ("Attribute", "Share, %", "Lower", "Upper", "Customers"),
        f"""
        select attribute_name, {shown("100 * johnson_share", "100 * johnson_low", "100 * johnson_high")}, n_customers
        from marts.driver_importance join marts.dim_attribute using (attribute_code)
        where segment_key = $segment and outcome_code = (
            select min(outcome_code) from marts.driver_importance where segment_key = $segment
        )
        """,
    ),
    Table(
        "Value",
        "Value to customers",
        "net-value",
        ("Customers",),
        f"""
        with bands as (
            select floor(net_value_score / 10) as band, count(*) as n
            from marts.customer_value join ({CUSTOMERS}) using (customer_key)
            where product_key = 'all' and value_basis = 'post_purchase' and net_value_score is not null
                and period_grain = $grain and period_start = $start
            group by band
        )
        select coalesce(n, 0) from (select unnest(range(min(band)::int, max(band)::int + 1)) as band from bands)
        left join bands using (band)
        """,
    ),
    Table(
        "Value",
        "Value to customers",
        "value-parts",
        ("Points", "Lower", "Upper", "Customers"),
        f"""
        select {shown("estimate", "ci_low", "ci_high")}, n_customers from marts.customer_value_segment
        where {OF_CHOICE} and purchase_phase = 'post_purchase' and product_key = 'all'
            and (measure_code in ('trust', 'feel_valued') or contains(measure_code, '_benefit')
                or contains(measure_code, '_cost'))
        """,
    ),
    Table(
        "Value",
        "Worth to us",
        "value-tiers",
        ("Tier", "Customers", "Relationship value, EUR"),
        f"""
        select value_tier, count(*), case when count(*) >= 5 then sum(relationship_value_amount) end
        from marts.relationship_value join ({CUSTOMERS}) using (customer_key)
        where value_tier is not null group by value_tier
        """,
    ),
    Table(
        "Value",
        "Products",
        "product-worth",
        ("Product", "Price", "Unit cost", "Worth to the customer", "Customer gains", "We gain"),
        """
        with asked as (
            select max(segment_key) as segment_key from marts.product_value where segment_key in ('all:all', $segment)
        )
        select product_name, worth.price, worth.unit_cost, evc_amount, evc_amount - worth.price, worth.price - worth.unit_cost
        from marts.product_value as worth join asked using (segment_key) join marts.dim_product using (product_key)
        """,
    ),
    Table(
        "Value",
        "Competitors",
        "value-map",
        ("Competitor", "Our price by theirs", "Our quality by theirs", "Value for money", "Customers"),
        f"""
        select competitor_name, {shown("relative_price", "mpq_ratio", "relative_value_ratio")}, n_customers
        from marts.value_map where {OF_CHOICE} and product_key = 'all'
        """,
    ),
    Table(
        "Growth and retention",
        "Revenue",
        "levers",
        ("Amount, EUR",),
        """
        with lever as (
            select * from marts.revenue_levers
            where segment_key = $segment and comparison = 'previous' and period_grain = 'quarter'
                and period_start = date '2025-10-01'
        )
        select unnest([
            revenue_prior, customers_effect, frequency_effect, transaction_size_effect, price_effect,
            revenue_current - revenue_prior, revenue_current
        ]) from lever
        """,
    ),
    Table(
        "Growth and retention",
        "Retention",
        "retention-by-month",
        ("Month", "Gross retention, %", "Net retention, %", "Customers"),
        f"""
        select strftime(period_start, '%Y-%m-%d'), {shown("100 * grr", "100 * nrr")}, n_customers
        from marts.revenue_retention
        where basis = 'subscription' and segment_key = $segment and period_grain = 'month' and period_is_complete
        """,
    ),
    Table(
        "Growth and retention",
        "Cohorts",
        "cohorts",
        ("First purchase", "Months since", "Still there, %", "Customers"),
        f"""
        with asked as (
            select max(segment_key) as segment_key from marts.retention_cohort where segment_key in ('all:all', $segment)
        )
        select strftime(cohort_month, '%Y-%m'), date_diff('month', cohort_month, month_start),
            {shown("100 * retention_rate")}, n_customers
        from marts.retention_cohort join asked using (segment_key) where n_customers > 0
        """,
    ),
    Table(
        "Growth and retention",
        "Sales",
        "win-rate",
        ("Deals won", "Deals closed", "Win rate, %", "Days to close, median", "Customers"),
        f"""
        select {shown("deals_won", "deals_closed", "100 * win_rate", "sales_cycle_days_median")}, n_customers
        from marts.sales_performance where {OF_CHOICE}
        """,
    ),
    Table(
        "Growth and retention",
        "New customers",
        "acquisition",
        ("New leads", "Became customers", "Conversion, %", "Spent, EUR", "Leads counted"),
        f"""
        select {shown("new_leads", "converted_leads", "100 * conversion_rate", "spend_amount")}, n_customers
        from marts.acquisition where period_grain = $grain and period_start = $start
        """,
    ),
    Table(
        "Service",
        "Tickets",
        "waiting-times",
        ("Half within, hours", "Nine of ten within, hours", "Mean, hours", "Tickets", "Customers"),
        f"""
        select {shown(*(f"{column} / if(unit = 'minutes', 60, 1)" for column in ("median_value", "p90_value", "estimate")))},
            {shown("n_responses")}, n_customers
        from marts.service_performance where {OF_CHOICE} and breakdown = 'all' and unit in ('minutes', 'hours')
            and (starts_with(metric_code, 'first_reply') or starts_with(metric_code, 'resolution'))
        """,
    ),
    Table(
        "Service",
        "Tickets",
        "service-shares",
        ("%", "Lower", "Upper", "Customers"),
        f"""
        select {shown("100 * estimate", "100 * ci_low", "100 * ci_high")}, n_customers from marts.service_performance
        where {OF_CHOICE} and breakdown = 'all'
            and metric_code in ('sla_met_rate', 'first_contact_resolution_rate', 'reopen_rate', 'handoff_rate')
        """,
    ),
    Table(
        "Service",
        "Kinds of ticket",
        "service-by-kind",
        ("Half within, hours", "Nine of ten within, hours", "Customers"),
        f"""
        select {shown("median_value / 60", "p90_value / 60")}, n_customers from marts.service_performance
        where {OF_EVERYBODY} and breakdown like 'topic:%' and metric_code = 'first_reply_business_minutes'
        """,
    ),
    Table(
        "Service",
        "Agents",
        "agents",
        ("Agent", "Adjusted", "Tickets", "Ratings"),
        """
        select 'Agent ' || left(agent_key, 8),
            case when is_reportable and rank_band in ('A', 'B', 'C') then csat_adjusted end,
            case when is_reportable then n_tickets end, case when is_reportable then n_ratings end
        from marts.agent_scorecard where scope_type = 'agent' and period_grain = 'trailing_12m'
        """,
    ),
    Table(
        "Service",
        "Satisfaction",
        "service-link",
        ("Service time, open minutes", "Satisfaction", "Customers"),
        f"""
        with asked as (
            select max(segment_key) as segment_key from marts.service_satisfaction_link
            where segment_key in ('all:all', $segment)
        )
        select band, {shown("estimate")}, n_customers
        from marts.service_satisfaction_link join asked using (segment_key)
        where metric_code = 'first_reply_business_minutes' and lag_band = 'same_ticket'
        """,
    ),
)
"""The tables of the pages that draw metrics, for any period and segment."""

MOST_AT_RISK = f"""
select customer_key from marts.at_risk_customer join ({CUSTOMERS}) using (customer_key)
order by margin_at_risk_amount desc limit 1
"""
OF_CUSTOMER = {
    "orders": (
        ("Orders", "Margin, EUR", "Tickets"),
        "select orders, margin, n_tickets from marts.fct_customer_month where customer_key = $customer",
    ),
    "customer-answers": (
        ("Score, points of 100",),
        """
        select avg(score_pomp) from marts.fct_survey_answer
        where customer_key = $customer and is_scored and metric_code is not null group by response_key, metric_code
        """,
    ),
    "customer-gaps": (
        ("Gap",),
        "select gap_score from marts.fct_value_gap where customer_key = $customer and gap_score is not null",
    ),
    "customer-tickets": (
        ("Ticket", "First reply, open minutes"),
        """
        select ticket_id, our_first_reply_business_minutes from marts.fct_ticket
        where customer_key = $customer and not is_deleted and not is_merged
        """,
    ),
}
"""The tables of the page of one customer: columns and query by the name of the download."""
