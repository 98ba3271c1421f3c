"""A small published file with rows too few to report, and pages opened on it without a browser."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from valuegap.publish.files import point_link
from valuegap.publish.promote import LINK_NAME
from valuegap.settings import Settings

CANARY = 77.1234
"""Every figure of a row that is not reportable: wherever it shows, somebody can be recognised."""
CANARY_TEXT = ("77.12", "77.1", "7712")

# One row of a metric block: the figures of too few customers are canaries.
BLOCK = f"""
    case when n < 5 then {CANARY} else figure end as estimate,
    case when n < 5 then {CANARY} else figure - 2 end as ci_low,
    case when n < 5 then {CANARY} else figure + 2 end as ci_high,
    n::bigint as n_customers, n >= 5 as is_reportable,
    case when n < 5 then 'suppressed' when n < 30 then 'directional' else 'reliable' end as reliability
"""

SMALL = f"""
create schema marts;
create table marts.publication as select 'night-2026-01-31' as run_id, date '2026-01-31' as as_of_date;
create table marts.dim_segment as
select segment_type || ':' || segment_value as segment_key, *, segment_type = 'all' as is_all
from (values ('all', 'all'), ('country', 'AT'), ('country', 'DE')) as segments (segment_type, segment_value);
create table marts.dim_attribute as
select * from (values ('delivery', 'Delivery <b>on time</b>'), ('support', 'Help'), ('price', 'Price'))
    as attributes (attribute_code, attribute_name);
create table marts.dim_metric as
select * from (values ('csat', 'Satisfaction [CSAT]', 'How *satisfied*?', '100 * satisfied / asked'),
    ('reopen_rate', 'Reopened', 'How many?', 'reopened / solved'), ('sales_amount', 'Sales', 'How much?', 'sum of orders')
) as metrics (metric_code, metric_name, question, formula);
create table marts.period as
select * from (values
    ('trailing_12m', date '2025-02-01', date '2026-01-31', true),
    ('quarter', date '2026-01-01', date '2026-03-31', false),
    ('quarter', date '2025-10-01', date '2025-12-31', true),
    ('month', date '2026-01-01', date '2026-01-31', true),
    ('month', date '2025-12-01', date '2025-12-31', true)
) as periods (period_grain, period_start, period_end, period_is_complete);
create table marts.sized as
select *, case segment_key when 'all:all' then 261 when 'country:AT' then 20 else 3 end as n
from marts.dim_segment, marts.period;

create table marts.kpi_current_state as
with figures as (
    select *, case metric_code when 'csat' then 64.5 when 'reopen_rate' then 0.057 else 26344010.5 end as figure
    from marts.sized, (values ('csat', 'percent', 'higher_better'), ('reopen_rate', 'share', 'lower_better'),
        ('sales_amount', 'reporting currency', 'higher_better')) as metrics (metric_code, unit, direction)
)
select
    metric_code, segment_key, segment_type, segment_value, period_grain, period_start, period_end,
    period_is_complete, unit, direction, estimate as metric_value, ci_low, ci_high,
    case when period_grain = 'quarter' then case when n < 5 then {CANARY} when metric_code = 'csat' then -3.2
        else 0.04 end end::double as delta,
    case when period_grain = 'quarter' then metric_code = 'reopen_rate' end as is_significant,
    n_customers, n_customers as n_responses, true as is_available, is_reportable, reliability
from (select *, {BLOCK} from figures);

create table marts.satisfaction_gap as
with figures as (
    select *, case attribute_code when 'delivery' then -13.4 when 'support' then -0.04 else 3.5 end as figure
    from marts.sized, (select attribute_code from marts.dim_attribute)
)
select
    attribute_code, segment_key, segment_type, segment_value, period_grain, period_start, period_end,
    period_is_complete, estimate, estimate as gap_score, ci_low, ci_high,
    case when is_reportable then 80.0 else {CANARY} end::double as expectation_score,
    case when is_reportable then 66.0 else {CANARY} end::double as experience_score, 0.5 as share_shortfall,
    1000.00::decimal(18, 2) as margin_at_risk_amount, n_customers, is_reportable, reliability
from (select *, {BLOCK} from figures);
create table marts.value_gap as
select * rename (expectation_score as expected_score, experience_score as delivered_score)
from marts.satisfaction_gap where period_grain <> 'month';
create table marts.promise_alignment as
select
    'V-1' as promise_id, 'At your door =1+1' as claim_text, 90.0::double as promised_score,
    expectation_score as expected_score, experience_score as delivered_score, gap_score as promise_gap, ci_low,
    ci_high, true as is_over_promised, 12::bigint as n_affected_customers, margin_at_risk_amount,
    0::bigint as n_bridging_initiatives, n_customers, is_reportable, reliability, segment_key, period_grain,
    period_start
from marts.satisfaction_gap where attribute_code = 'delivery';
create table marts.importance_performance as
select
    attribute_code, segment_key, period_grain, period_start, 'concentrate_here' as quadrant, 'stated' as importance_basis,
    experience_score as importance_score, ci_low as importance_low, ci_high as importance_high,
    experience_score as performance_score, ci_low, ci_high, 70.0::double as importance_crosshair,
    65.0::double as performance_crosshair, true as is_ambiguous, n_customers, is_reportable, reliability
from marts.satisfaction_gap where period_grain <> 'month';
create table marts.driver_importance as
select
    'csat' as outcome_code, attribute_code, segment_key, abs(gap_score) / 100 as johnson_share,
    abs(gap_score) / 200 as johnson_low, abs(gap_score) / 50 as johnson_high, 1 as sign, 0.5::double as r_squared,
    null::varchar as unavailable_reason, n_customers, is_reportable, reliability
from marts.satisfaction_gap where period_grain = 'trailing_12m';
create table marts.gap_risk as
select
    'gap|' || segment_key as gap_id, 'satisfaction' as gap_type, 'satisfaction_gap' as metric_code,
    'delivery' as subject_code, segment_key, -gap_score as gap_to_close, 'points of 100' as unit,
    'H' as action_priority, 'reduce' as risk_response, 7 as severity, 8 as occurrence, 9 as detection, 504 as rpn,
    1 as segment_rank, 7712345.00::decimal(18, 2) as value_at_risk_amount, 712.50::decimal(18, 2) as margin_at_risk_amount,
    null::varchar as unavailable_reason, date '2026-06-30' as due_date, 'anna.owner' as owner, n_customers,
    is_reportable, reliability
from marts.satisfaction_gap where attribute_code = 'delivery' and period_grain = 'trailing_12m'
    and segment_key <> 'country:AT';
update marts.gap_risk set value_at_risk_amount = 25289616 where is_reportable;
create table marts.action_plan as
select
    'I-1' as initiative_id, 'Keep the day' as initiative_name, 'gap|all:all' as gap_id, true as has_initiative,
    'running' as status, 'effective' as effect_status, 'all:all' as segment_key, 15.0::double as gap_at_start,
    13.4::double as gap_now, 5.0::double as expected_effect, 1.6::double as measured_effect,
    0.4::double as measured_low, 2.8::double as measured_high, false as is_overdue,
    date '2026-03-01' as next_review_date, 261::bigint as n_customers, true as is_reportable, 'reliable' as reliability;
create table marts.freshness as
select * from (values ('hubspot', 'deals', 'loaded', date '2026-01-31', 0, false), ('files', 'x', 'not used', null, null, false))
    as streams (source, stream, status, last_loaded_as_of, nights_behind, is_stale);
create table marts.sales_performance as select 'EUR' as currency;
"""

# Last: it lists every table above and those of `extra`.
MART_COLUMN = """
drop table marts.sized; drop table marts.period;
create table marts.mart_column as
select table_name as model, column_name, null::integer as key_position, column_name = 'owner' as is_pii
from duckdb_columns() where schema_name = 'marts';
"""

Publish = Callable[..., Settings]
OpenPage = Callable[..., AppTest]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Return a function that publishes the small file; SQL in `extra` adds to it or changes it."""
    settings = Settings(data_dir=tmp_path / "data", threads=1, memory_limit="500MB")

    def published(extra: str = "", *, digest: str = "a" * 12) -> Settings:
        settings.published_dir.mkdir(parents=True, exist_ok=True)
        file = settings.published_dir / f"warehouse-2026-01-31-{digest}.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute(SMALL + extra + MART_COLUMN)
        point_link(settings.published_dir / LINK_NAME, file)
        return settings

    return published


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Return a function that opens a page by its address, with the filters of the query, all tables unfolded."""
    monkeypatch.setenv("VALUEGAP_DATA_DIR", str(tmp_path / "data"))
    expander = st.expander
    monkeypatch.setattr(
        st, "expander", lambda title, **settings: expander(title, **settings | {"expanded": True})
    )

    def opened(address: str, **query: str) -> AppTest:
        app = AppTest.from_function(_one_page, kwargs={"address": address}, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened


def _one_page(address: str) -> None:
    from valuegap.dashboard.app import PAGES, draw
    from valuegap.settings import Settings

    title, show = next((title, show) for page, title, show in PAGES if page == address)
    draw(title, show, Settings.from_environment())


def table(page: AppTest, column: str) -> pd.DataFrame:
    """The first table of a page that has a column of that title."""
    return next(frame.value for frame in page.dataframe if column in frame.value.columns)


def figures(page: AppTest) -> list[dict[str, object]]:
    """The figures of a page, as Plotly gets them."""
    return [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]


def shown_text(app: AppTest) -> str:
    """Everything a page shows, as one text: words, tables, and figures as their JSON."""
    parts = [
        f"{element.value}"
        for kind in ("title", "header", "subheader", "caption", "markdown", "text")
        for element in app.get(kind)
    ]
    parts += [
        f"{element.value}" for kind in ("info", "warning", "success", "error") for element in app.get(kind)
    ]
    parts += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    parts += [frame.value.to_csv() for frame in app.dataframe]
    parts += [chart.proto.spec for chart in app.get("plotly_chart")]
    return "\n".join(parts)
