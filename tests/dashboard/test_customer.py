"""Customer: finding one, its story, and what of it only some may see."""

import json
from datetime import date

import duckdb
import pandas as pd
import pytest
from tests.dashboard.conftest import OpenPage, Publish, shown_text, table
from tests.dashboard.customer_marts import CUSTOMERS

from valuegap.dashboard.figures_customer import Story, time_line
from valuegap.settings import Settings


def key(number: int) -> str:
    return f"{number:04d}{'f' * 28}"


MARTS = (
    CUSTOMERS
    + f"""
create table marts.at_risk_customer as
select
    customer_key, true as is_detractor, false as has_bad_csat, customer_key = '{key(7)}' as has_shortfall,
    false as is_silent, false as has_order_drop, false as has_open_sla_breach,
    date '2025-06-02' as first_reason_on, 13 as days_since_order, 4 as days_since_contact,
    case customer_key when '{key(7)}' then 'case-1' end as case_id,
    case customer_key when '{key(7)}' then 9000 else 500 end::decimal(18, 2) as margin_at_risk_amount
from marts.dim_customer where customer_key in ('{key(7)}', '{key(33)}');
create table marts.customer_score as
select customer_key, 'acsi' as metric_code, 'overall' as area, period_grain, period_start, score::double as score
from marts.dim_customer, (values ('quarter', date '2025-07-01', 48.0), ('quarter', date '2025-10-01', 51.2),
    ('trailing_12m', date '2025-02-01', 73.7)) as periods (period_grain, period_start, score);
create table marts.customer_value as
select customer_key, 'all' as product_key, 'post_purchase' as value_basis, period_grain, period_start,
    19.6::double as net_value_score, 60.0::double as benefit_score, 40.4::double as cost_score,
    1.49::double as value_ratio, 70.0::double as trust_score, 65.0::double as feel_valued_score, 8::bigint as n_answers
from marts.dim_customer, (values ('trailing_12m', date '2025-02-01'), ('quarter', date '2025-10-01'))
    as periods (period_grain, period_start);
create table marts.fct_customer_month as
select customer_key, month_start, 2::bigint as orders, 5::decimal(18, 6) as units, 1000::decimal(18, 2) as revenue,
    0::decimal(18, 2) as returned_amount, 400::decimal(18, 2) as margin, 10::decimal(18, 2) as recurring_end,
    1::bigint as n_tickets
from marts.dim_customer, (values (date '2025-11-01'), (date '2025-12-01')) as months (month_start);
create table marts.fct_survey_answer as
select customer_key, timestamp '2025-12-05 09:00:00' as submitted_at, 'r-1' as response_key, metric_code,
    80.0::double as score_pomp, is_scored
from marts.dim_customer, (values ('csat', true), ('nps', false), ('referral_given', true)) as metrics (metric_code, is_scored);
create table marts.fct_value_gap as
select customer_key, timestamp '2025-12-05 09:00:00' as submitted_at, 'r-1' as response_key,
    'satisfaction' as gap_type, 'delivery' as attribute_code, 90.0::double as expected_score,
    null::double as promised_score, 65.5::double as delivered_score, -24.5::double as gap_score,
    'shortfall' as gap_direction
from marts.dim_customer;
create table marts.fct_ticket as
select customer_key, 't-1' as ticket_id, timestamp '2025-11-05 09:00:00' as created_at, 'how_to' as topic_code,
    'email' as channel, 'high' as priority, 'closed' as status, true as is_resolved,
    timestamp '2025-11-06 09:00:00' as first_resolved_at, 16::bigint as our_first_reply_business_minutes,
    162::bigint as our_first_resolution_business_minutes, false as is_sla_met, false as is_reopened,
    is_deleted, false as is_merged
from marts.dim_customer, (values (true), (false)) as copies (is_deleted);
create table marts.fct_closed_loop_case as
select customer_key, timestamp '2025-12-06 09:00:00' as opened_at, 'nps_detractor' as trigger_code,
    30.0::double as opening_score, 12.5::double as hours_to_contact, true as is_on_time,
    null::timestamp as closed_at, 'open' as outcome, null::double as next_score
from marts.dim_customer;
"""
)


def with_hidden_name(settings: Settings) -> None:
    with duckdb.connect(str((settings.published_dir / "warehouse.duckdb").resolve())) as connection:
        connection.execute(
            "update marts.mart_column set is_pii = true where column_name = 'customer_name_hash'"
        )


def test_the_customer_with_most_at_risk_comes_first_and_stands_in_the_address(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("customer")
    assert not page.exception
    assert page.selectbox(key="customer").value == key(7)
    assert page.selectbox(key="customer").options[:2] == [
        "0007ffff · Retail · AT · Active · at risk",
        "0033ffff · Retail · CH · Active · at risk",
    ]
    assert page.query_params["customer"] == key(7)


def test_a_customer_at_risk_says_why_and_what_is_at_stake(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    warning = open_page("customer").warning[0].value
    assert warning.startswith("At risk since 2025-06-02: it would not recommend us, got less than expected.")
    assert "Margin at risk 9,000 EUR" in warning
    assert warning.endswith("a case follows it up.")


def test_a_customer_not_at_risk_says_so(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer", customer=key(2))
    assert page.success[0].value == "Nothing says that this customer is at risk."


def test_a_customer_is_found_by_the_beginning_of_its_key(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer")
    page.text_input(key="customer-search").set_value(" 0012FFFF ").run()
    assert page.selectbox(key="customer").value == key(12)
    assert page.query_params["customer"] == key(12)


def test_the_segment_narrows_the_list_but_not_an_address(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer", segment="country:DE")
    assert [option[:8] for option in page.selectbox(key="customer").options] == [
        "0020ffff",
        "0021ffff",
        "0022ffff",
    ]
    page = open_page("customer", segment="country:DE", customer=key(7))
    assert page.selectbox(key="customer").value == key(7)


def test_a_customer_that_is_not_in_the_file_is_named(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer", customer="nobody")
    assert not page.exception
    assert page.warning[0].value == "There is no customer nobody in this file."


def test_nothing_found_is_said(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer")
    page.text_input(key="customer-search").set_value("zzz").run()
    assert not page.exception
    assert page.info[0].value == "No customer of All customers fits."


def test_a_name_finds_nobody_and_no_hash_is_shown_without_permission(
    publish: Publish, open_page: OpenPage
) -> None:
    with_hidden_name(publish(MARTS))
    page = open_page("customer")
    known = table(page, "What").set_index("What")["Is"]
    assert known["Hash of its name"] == "—"
    page.text_input(key="customer-search").set_value("Customer 12").run()
    assert page.info[0].value == "No customer of All customers fits."


def test_a_whole_name_finds_its_customer_with_permission(
    publish: Publish, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUEGAP_DASHBOARD_PERSONAL_DATA", "true")
    with_hidden_name(publish(MARTS))
    page = open_page("customer")
    page.text_input(key="customer-search").set_value(" Customer 12 ").run()
    assert page.selectbox(key="customer").value == key(12)
    assert len(table(page, "What").set_index("What")["Is"]["Hash of its name"]) == 64


def test_the_story_lists_orders_answers_gaps_values_tickets_and_cases(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("customer")
    assert list(table(page, "Margin, EUR")["Margin, EUR"]) == [400, 400]
    assert list(table(page, "About")["About"]) == ["Satisfaction [CSAT]", "Referral given"]
    assert table(page, "Gap").loc[0, ["Expected or promised", "Experienced", "Gap"]].to_list() == [
        90.0,
        65.5,
        -24.5,
    ]
    assert list(table(page, "Quarter")["Quarter"]) == ["2025 Q4"]
    assert list(table(page, "Ticket")["Ticket"]) == ["t-1"]  # its deleted copy is not
    assert list(table(page, "Because")["Because"]) == ["would not recommend"]
    assert [metric.value for metric in page.metric][4:6] == ["+19.6", "73.7"]
    page = open_page("customer", grain="quarter", start="2025-10-01")
    assert page.metric[5].value == "51.2"


def test_tiles_say_what_the_customer_is_worth(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("customer")
    assert [(metric.label, metric.value) for metric in page.metric][:4] == [
        ("Relationship value, EUR", "7,712"),
        ("Margin a month, EUR", "12"),
        ("Stays for a year", "90 %"),
        ("Orders expected in a year", "4.2"),
    ]
    captions = {caption.value for caption in page.caption}
    assert {"tier 8 of 10", "so far 300", "still a customer: 95 %"} <= captions


def test_a_customer_that_did_nothing_has_an_empty_story(publish: Publish, open_page: OpenPage) -> None:
    publish(
        MARTS
        + "".join(
            f"delete from marts.{mart};"
            for mart in (
                "fct_customer_month",
                "fct_survey_answer",
                "fct_value_gap",
                "fct_ticket",
                "fct_closed_loop_case",
                "customer_value",
                "customer_score",
                "at_risk_customer",
                "relationship_value",
            )
        )
    )
    page = open_page("customer")
    assert not page.exception
    assert [caption.value for caption in page.caption].count("None.") == 5
    assert "nan" not in shown_text(page).lower().replace("finance", "")


def test_an_open_case_reaches_the_last_day_known_on_a_lane_of_its_own() -> None:
    story = Story(
        months=pd.DataFrame(
            {"month_start": pd.to_datetime(["2025-12-01"]), "revenue": [10.0], "margin": [4.0], "orders": [1]}
        ),
        scores=pd.DataFrame(
            {"submitted_at": pd.to_datetime(["2025-12-02"]), "metric_code": ["csat"], "score": [50.0]}
        ),
        gaps=pd.DataFrame(
            {"submitted_at": pd.to_datetime(["2025-12-02"]), "gap_type": ["promise"], "gap_score": [-9.0]}
        ),
        tickets=pd.DataFrame(
            {
                "created_at": pd.to_datetime(["2025-12-03", "2025-12-04"]),
                "topic": ["Defect", "<b>Billing"],
                "is_sla_met": pd.Series([False, None], dtype="boolean"),
                "is_resolved": [True, False],
            }
        ),
        cases=pd.DataFrame(
            {
                "opened_at": pd.to_datetime(["2025-12-05"]),
                "closed_at": pd.to_datetime([None]),
                "reason": ["dissatisfied"],
                "outcome": ["Open"],
            }
        ),
        currency="EUR",
        as_of=date(2026, 1, 31),
    )
    figure = time_line(story, (date(2025, 2, 1), date(2026, 1, 31)))
    case = figure.data[-1]
    assert [f"{at:%Y-%m-%d}" for at in case.x] == ["2025-12-05", "2026-01-31"]
    assert list(case.y) == ["dissatisfied"] * 2
    missed = next(trace for trace in figure.data if trace.name == "ticket, promised time missed")
    assert missed.marker.symbol == "x"
    assert len(missed.x) == 1  # nothing was promised for the other
    assert "<b>Billing" not in json.dumps(figure.to_plotly_json(), default=str)
