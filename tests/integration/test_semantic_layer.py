"""MetricFlow, the marts and SQL written by hand give the same figures of the demo company's first night."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

pytest.importorskip("metricflow", reason="the extra `semantic` is not installed: make semantic")

from tests.semantic.semantic_answers import PAGE, answer, questions
from tests.semantic.semantic_layer import PROJECT, SemanticLayer, published, rows

Figures = Mapping[tuple[str, ...], float]


@dataclass(frozen=True)
class Question:
    """One metric by some groups, asked three ways; the SQL names its groups as MetricFlow does, the figure last."""

    metric: str
    by: tuple[str, ...]
    mart: str
    by_hand: str
    where: tuple[str, ...] = ()


def of_grain(entity: str, grain: str) -> tuple[str, ...]:
    return (f"{{{{ Dimension('{entity}__period_grain') }}}} = '{grain}'",)


# People are averaged into customers, customers into the group; each mean is kept to nine decimals, as in the warehouse.
GAPS_BY_HAND = """
    with people as (
        select customer_key, respondent_key, attribute_code as attribute, {period},
            avg(cast({score} as decimal(18, 9))) as score
        from marts.fct_value_gap
        where gap_type = 'satisfaction' and gap_score is not null and customer_key is not null {within}
        group by all
    ),
    customers as (
        select customer_key, attribute, {names}, avg(cast(score as decimal(18, 9))) as score
        from people group by all
    )
"""
TRAILING = "and cast(submitted_at as date) between date '2025-02-01' and date '2026-01-31'"
SERVICE_MART = """
    select split_part(breakdown, ':', 2) as {group}, period_start as metric_time__{grain}, estimate
    from marts.service_performance
    where metric_code = '{metric}' and breakdown like '{kind}:%' and period_grain = '{grain}' and is_reportable
"""
SERVICE_BY_HAND = """
    select coalesce({column}, 'unknown') as {group}, date_trunc('{grain}', {day}) as metric_time__{grain},
        avg(cast({value} as double))
    from marts.fct_ticket
    where not is_deleted and not is_merged and {value} is not null and {day} is not null
    group by all having count(distinct coalesce(customer_key, ticket_id)) >= 5
"""
QUESTIONS = [
    Question(
        "satisfaction_gap", ("attribute",), where=of_grain("customer_gap", "trailing_12m"),
        mart="""select attribute_code as attribute, gap_score from marts.satisfaction_gap
            where segment_key = 'all:all' and period_grain = 'trailing_12m' and is_reportable""",
        by_hand=GAPS_BY_HAND.format(score="gap_score", period="1 as one", names="one", within=TRAILING)
        + "select attribute, avg(score) from customers group by all having count(*) >= 5",
    ),
    Question(
        "satisfaction_gap", ("customer__market_segment", "attribute", "metric_time__quarter"),
        where=of_grain("customer_gap", "quarter"),
        mart="""select segment_value as customer__market_segment, attribute_code as attribute,
                period_start as metric_time__quarter, gap_score
            from marts.satisfaction_gap
            where segment_type = 'market_segment' and period_grain = 'quarter' and is_reportable""",
        by_hand=GAPS_BY_HAND.format(
            score="gap_score", within="", names="quarter",
            period="date_trunc('quarter', submitted_at) as quarter",
        )
        + """select coalesce(market_segment, 'unknown') as customer__market_segment, attribute,
                quarter as metric_time__quarter, avg(score)
            from customers inner join marts.dim_customer using (customer_key)
            group by all having count(*) >= 5""",
    ),
    Question(
        "shortfall", ("customer__industry", "attribute"), where=of_grain("customer_gap", "trailing_12m"),
        mart="""select segment_value as customer__industry, attribute_code as attribute, shortfall_mean
            from marts.satisfaction_gap
            where segment_type = 'industry' and period_grain = 'trailing_12m' and is_reportable""",
        by_hand=GAPS_BY_HAND.format(
            score="greatest(0, -gap_score)", period="1 as one", names="one", within=TRAILING
        )
        + """select coalesce(industry, 'unknown') as customer__industry, attribute, avg(score)
            from customers inner join marts.dim_customer using (customer_key)
            group by all having count(*) >= 5""",
    ),
    Question(
        "nps", ("customer__region", "metric_time__quarter"), where=of_grain("customer_score", "quarter"),
        mart="""select segment_value as customer__region, period_start as metric_time__quarter, nps
            from marts.loyalty where segment_type = 'region' and period_grain = 'quarter' and is_reportable""",
        by_hand="""
            with people as (
                select customer_key, respondent_key, date_trunc('quarter', submitted_at) as quarter,
                    avg(cast(is_top_box::integer as decimal(18, 9))) as promoter,
                    avg(cast(is_bottom_box::integer as decimal(18, 9))) as detractor
                from marts.fct_survey_answer
                where metric_code = 'nps' and is_scored and respondent_role = 'customer' and customer_key is not null
                group by all
            ),
            customers as (
                select customer_key, quarter, 100 * (avg(cast(promoter as decimal(18, 9)))
                    - avg(cast(detractor as decimal(18, 9)))) as score
                from people group by all
            )
            select coalesce(region, 'unknown') as customer__region, quarter as metric_time__quarter, avg(score)
            from customers inner join marts.dim_customer using (customer_key)
            group by all having count(*) >= 5""",
    ),
    Question(
        "ces", ("customer__country", "metric_time__quarter"), where=of_grain("customer_score", "quarter"),
        mart="""select segment_value as customer__country, period_start as metric_time__quarter, ces_score
            from marts.satisfaction
            where metric_code = 'ces' and segment_type = 'country' and period_grain = 'quarter' and is_reportable""",
        by_hand="""
            with people as (
                select customer_key, respondent_key, date_trunc('quarter', submitted_at) as quarter,
                    avg(cast(score_pomp as decimal(18, 9))) as score
                from marts.fct_survey_answer
                where metric_code = 'ces' and is_scored and respondent_role = 'customer' and customer_key is not null
                group by all
            ),
            customers as (
                select customer_key, quarter, avg(cast(score as decimal(18, 9))) as score from people group by all
            )
            select coalesce(country, 'unknown') as customer__country, quarter as metric_time__quarter, avg(score)
            from customers inner join marts.dim_customer using (customer_key)
            group by all having count(*) >= 5""",
    ),
    Question(
        "net_value", ("customer__size_band", "metric_time__quarter"), where=of_grain("customer_value", "quarter"),
        mart="""select segment_value as customer__size_band, period_start as metric_time__quarter, estimate
            from marts.customer_value_segment
            where measure_code = 'net_value' and purchase_phase = 'post_purchase' and product_key = 'all'
                and segment_type = 'size_band' and period_grain = 'quarter' and is_reportable""",
        by_hand="""
            select coalesce(size_band, 'unknown') as customer__size_band, period_start as metric_time__quarter,
                avg(benefit_score - cost_score)
            from marts.customer_value inner join marts.dim_customer using (customer_key)
            where value_basis = 'post_purchase' and product_key = 'all' and period_grain = 'quarter'
                and net_value_score is not null
            group by all having count(*) >= 5""",
    ),
    Question(
        "first_reply_minutes", ("ticket__ticket_channel", "metric_time__month"),
        mart=SERVICE_MART.format(
            group="ticket__ticket_channel", grain="month", metric="first_reply_minutes", kind="channel"
        ),
        by_hand=SERVICE_BY_HAND.format(
            column="channel", group="ticket__ticket_channel", grain="month", day="first_reply_at",
            value="our_first_reply_calendar_minutes",
        ),
    ),
    Question(
        "sla_met_rate", ("ticket__topic", "metric_time__quarter"),
        mart=SERVICE_MART.format(group="ticket__topic", grain="quarter", metric="sla_met_rate", kind="topic"),
        by_hand=SERVICE_BY_HAND.format(
            column="topic_code", group="ticket__topic", grain="quarter", day="created_at", value="is_sla_met::integer"
        ),
    ),
    Question(
        "reopen_rate", ("ticket__priority_level", "metric_time__quarter"),
        mart=SERVICE_MART.format(
            group="ticket__priority_level", grain="quarter", metric="reopen_rate", kind="priority"
        ),
        by_hand=SERVICE_BY_HAND.format(
            column="priority", group="ticket__priority_level", grain="quarter", day="first_resolved_at",
            value="is_reopened::integer",
        ),
    ),
    Question(
        "win_rate", ("deal__deal_channel", "metric_time__quarter"),
        mart="""select channel as deal__deal_channel, period_start as metric_time__quarter, win_rate
            from marts.sales_performance
            where segment_key = 'all:all' and channel <> 'all' and period_grain = 'quarter' and is_reportable""",
        by_hand="""
            select coalesce(channel, 'unknown') as deal__deal_channel, date_trunc('quarter', closed_at), avg(is_won::integer)
            from marts.fct_deal
            where (is_closed or is_won) and not is_deleted and not is_return and closed_at < date '2026-02-01'
            group by all having count(distinct customer_key) >= 5""".replace(
            "closed_at), avg", "closed_at) as metric_time__quarter, avg"
        ),
    ),
    Question(
        "sales_amount", ("customer__industry", "metric_time__quarter"),
        mart="""select segment_value as customer__industry, period_start as metric_time__quarter, metric_value
            from marts.kpi_current_state
            where metric_code = 'sales_amount' and segment_type = 'industry' and period_grain = 'quarter'""",
        by_hand="""
            select coalesce(industry, 'unknown') as customer__industry, date_trunc('quarter', ordered_at)
                as metric_time__quarter, sum(net_amount)
            from marts.fct_order_line inner join marts.dim_customer using (customer_key)
            where is_clean_sale group by all""",
    ),
    Question(
        "logo_churn", ("customer__industry", "metric_time__month"),
        mart="""select segment_value as customer__industry, period_start as metric_time__month, logo_churn
            from marts.revenue_retention
            where basis = 'orders' and segment_type = 'industry' and period_grain = 'month' and is_reportable""",
        by_hand="""
            select coalesce(industry, 'unknown') as customer__industry, month_start as metric_time__month,
                count(case when movement = 'lost' then 1 end) / count(*)
            from marts.customer_movement inner join marts.dim_customer using (customer_key)
            where basis = 'orders' and is_decided and movement in ('kept', 'lost', 'paused')
            group by all having count(*) >= 5""",
    ),
    Question(
        "nrr", ("customer__market_segment", "metric_time__month"),
        mart="""select segment_value as customer__market_segment, period_start as metric_time__month, nrr
            from marts.revenue_retention
            where basis = 'subscription' and segment_type = 'market_segment' and period_grain = 'month'
                and is_reportable""",
        by_hand="""
            select coalesce(market_segment, 'unknown') as customer__market_segment, month_start as metric_time__month,
                sum(recurring_start + recurring_expansion - recurring_contraction - recurring_churn)
                / sum(recurring_start)
            from marts.fct_customer_month inner join marts.dim_customer using (customer_key)
            where month_start + interval 1 month + interval 30 day <= date '2026-01-31'
            group by all having count(case when recurring_start > 0 then 1 end) >= 5""",
    ),
    Question(
        "survey_response_rate", ("invitation__survey_key", "metric_time__month"),
        mart="""select survey_key as invitation__survey_key, cohort_month as metric_time__month, response_rate
            from marts.survey_quality where segment_key = 'all:all' and n_customers_invited >= 5""",
        by_hand="""
            select survey_key as invitation__survey_key, cohort_month as metric_time__month,
                count(case when is_completed then 1 end) / nullif(count(case when is_delivered then 1 end), 0)
            from marts.fct_survey_invite where is_invited and cohort_month is not null
            group by all having count(distinct customer_key) >= 5""",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def layer(tmp_path_factory) -> SemanticLayer:
    return SemanticLayer.parsed(tmp_path_factory.mktemp("semantic"))


@pytest.fixture(scope="module")
def warehouse(after_first_night):
    with published(after_first_night.published) as connection:
        yield connection


def figures(connection: duckdb.DuckDBPyConnection, sql: str, by: tuple[str, ...]) -> Figures:
    """Return the figure of each group that has one."""
    found = {}
    for row in rows(connection, sql):
        (figure,) = (value for name, value in row.items() if name not in by)
        if figure is not None:
            found[tuple(_label(row[name]) for name in by)] = float(figure)
    return found


def _label(value: object) -> str:
    if isinstance(value, datetime):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


@pytest.mark.parametrize(
    "question", QUESTIONS, ids=lambda question: f"{question.metric} by {', '.join(question.by)}"
)
def test_metricflow_the_mart_and_sql_by_hand_agree(question, layer, warehouse) -> None:
    by_metricflow = figures(warehouse, layer.sql([question.metric], question.by, question.where), question.by)
    assert len(by_metricflow) > 2
    for other in (question.mart, question.by_hand):
        expected = figures(warehouse, other, question.by)
        assert sorted(by_metricflow.keys() ^ expected.keys()) == []
        far = {
            group: (figure, expected[group])
            for group, figure in by_metricflow.items()
            if abs(figure - expected[group]) > 1e-9
        }
        assert far == {}


def test_without_one_period_grain_a_mean_of_customers_has_no_figure(layer, warehouse) -> None:
    assert figures(warehouse, layer.sql(["nps"]), ()) == {}
    assert figures(warehouse, layer.sql(["satisfaction_gap"], ["attribute"]), ("attribute",)) == {}
    # Quarters put together into years count a customer once a quarter.
    by = ("metric_time__year",)
    assert "2025-01-01" not in {
        group
        for (group,) in figures(warehouse, layer.sql(["nps"], by, of_grain("customer_score", "quarter")), by)
    }


def test_fewer_customers_than_min_n_publish_have_no_figure(layer, warehouse) -> None:
    by = ("customer__country", "metric_time__month")
    where = of_grain("customer_score", "month")
    told = figures(warehouse, layer.sql(["nps"], by, where), by)
    customers = figures(warehouse, layer.sql(["nps_customers"], by, where), by)
    few = {group for group, n in customers.items() if 0 < n < 5}
    assert few
    assert few & told.keys() == set()


def test_recurring_revenue_of_a_quarter_is_that_of_its_last_month(layer, warehouse) -> None:
    quarters, months = (
        figures(warehouse, layer.sql(["recurring_revenue"], by), by)
        for by in (("metric_time__quarter",), ("metric_time__month",))
    )
    assert quarters[("2025-10-01",)] == months[("2025-12-01",)]


@pytest.mark.parametrize(("options", "text"), questions(PAGE.read_text()))
def test_the_answers_of_the_page_are_the_demo_companys(options, text, layer, warehouse) -> None:
    assert answer(layer, warehouse, options) == text, "after a first night: make docs"


@pytest.fixture(scope="module")
def project(layer, tmp_path_factory) -> Path:
    """A copy of the project, parsed: `mf` looks for the manifest in the project's own folder."""
    copied = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(PROJECT, copied, ignore=shutil.ignore_patterns("target", "logs"))
    (copied / "target").mkdir()
    (copied / "target" / "semantic_manifest.json").write_text(layer.semantic_text)
    return copied


def metricflow(project: Path, file: Path, *command: str) -> str:
    """Run a command in the project as the page says, on a published file; return what it printed."""
    finished = subprocess.run(
        [sys.executable, *command],
        cwd=project, capture_output=True, text=True, check=False,
        env={
            "PATH": os.environ["PATH"], "HOME": str(project), "PYTHONUTF8": "1",
            "DBT_TARGET": "published", "VALUEGAP_PUBLISHED_FILE": str(file),
        },
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


MF = ("-c", "from dbt_metricflow.cli.main import cli; cli()")


def test_every_table_dimension_and_metric_of_the_layer_can_be_asked_of_the_published_file(
    project, after_first_night
) -> None:
    printed = metricflow(project, after_first_night.published, *MF, "validate-configs")
    assert not re.search(r"(?i)error(?!s: 0)", printed.replace("future-errors", "")), printed


def test_the_program_of_the_page_runs(project, after_first_night) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    printed = metricflow(project, after_first_night.published, "-c", program)
    assert printed.count(" nps\n") == 3


def test_mf_leaves_the_published_file_as_it_is(project, after_first_night) -> None:
    before = after_first_night.published.read_bytes()
    printed = metricflow(
        project, after_first_night.published, *MF, "query", "--metrics", "transactions", "--quiet"
    )
    assert "transactions" in printed
    assert after_first_night.published.read_bytes() == before
