"""Growth and retention: levers that add up, who stays, sales and sources."""

import pandas as pd
import pytest
from tests.dashboard.conftest import BLOCK, CANARY_TEXT, OpenPage, Publish, figures, shown_text, table

from valuegap.dashboard import figures_growth
from valuegap.dashboard.growth import PARTS

MARTS = f"""
create table marts.revenue_levers as
select
    segment_key, period_grain, comparison, period_start, period_end,
    (period_start - interval 3 month)::date as prior_start, (period_start - interval 1 day)::date as prior_end,
    'EUR' as currency, 1000::decimal(18, 2) as revenue_prior,
    case when n < 5 then 7712.34 else 1090.5 end::decimal(18, 2) as revenue_current,
    case when n < 5 then 7712.34 else 90.5 end::decimal(18, 2) as delta,
    case when n < 5 then 7712.34 else -20.25 end::decimal(18, 2) as customers_effect,
    80.5::decimal(18, 2) as frequency_effect, 40.5::decimal(18, 2) as transaction_size_effect,
    -10.25::decimal(18, 2) as price_effect, null::decimal(18, 2) as volume_effect,
    null::decimal(18, 2) as mix_effect, null::decimal(18, 2) as like_for_like_price_effect,
    n >= 5 as is_reportable, case when n < 5 then 'suppressed' else 'reliable' end as reliability
from marts.sized, (values ('previous'), ('year_before')) as comparisons (comparison)
where period_grain in ('month', 'quarter') and period_is_complete;
create table marts.revenue_retention as
select
    basis, segment_key, period_grain, period_start, period_end, period_is_complete, 'EUR' as currency,
    case when n < 5 then 77.1234 else 0.93 end::double as grr, 0.99::double as nrr,
    estimate as logo_churn, ci_low, ci_high, n_customers, is_reportable, reliability
from (
    select *, {BLOCK} from (
        select * replace (case when period_start = date '2026-01-01' then 0 else n end as n), 0.025 as figure
        from marts.sized where period_grain <> 'quarter'
    )
), (values ('subscription'), ('orders')) as bases (basis);
create table marts.retention_cohort as
with cohorts as (
    select *, (cohort_month + to_months(month_number))::date as month_start
    from (values (date '2025-09-01', 12), (date '2025-10-01', 3), (date '2025-11-01', 40)) as sizes (cohort_month, n),
        (select unnest([0, 1, 2, 3])::integer as month_number)
)
select
    'all:all' as segment_key, cohort_month, month_number, month_start, n::bigint as size, estimate as retention_rate,
    ci_low, ci_high, n_customers, is_reportable, reliability
from (
    select *, {BLOCK} from (
        select * replace (case when month_start > date '2025-11-30' then 0 else n end as n),
            1 - month_number * 0.1 as figure
        from cohorts
    )
);
create or replace table marts.sales_performance as
select
    channel, segment_key, period_grain, period_start, 9::bigint as deals_won, 10::bigint as deals_closed,
    estimate as win_rate, ci_low, ci_high, 2.7::double as sales_cycle_days_median,
    8.5::double as sales_cycle_days_p90, 100::decimal(18, 2) as won_amount,
    10::decimal(18, 2) as average_deal_amount, 'price' as lost_reason_top, 0.4::double as lost_reason_top_share,
    0.7::double as lost_to_value_share, 0.6::double as conversion_rate, 'EUR' as currency, n_customers,
    is_reportable, reliability
from (select *, {BLOCK} from (select *, 0.9 as figure from marts.sized)),
    (values ('all'), ('partner')) as channels (channel);
create table marts.acquisition as
select
    lead_source, period_grain, period_start, 10::bigint as new_leads, 7::bigint as converted_leads,
    estimate as conversion_rate, ci_low, ci_high, 7::bigint as new_customers, 1.0::double as new_customer_share,
    1000::decimal(18, 2) as spend_amount, 100::decimal(18, 2) as cac_amount,
    500::decimal(18, 2) as first_year_margin_per_customer, 2.0::double as payback_months,
    0.8::double as retention_12m, 'EUR' as currency, n_customers, is_reportable, reliability
from (
    select *, {BLOCK} from (
        select * replace (size as n), 0.7 as figure from marts.sized,
            (values ('all', 60), ('REFERRALS', 16), ('OFFLINE', 3)) as sources (lead_source, size)
        where segment_key = 'all:all'
    )
);
"""


def test_the_parts_of_the_change_add_up_and_are_said_to(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("growth")
    assert not page.exception
    parts = table(page, "Part").set_index("Part")["Amount, EUR"]
    assert parts["Customers":"Revenue a unit"].sum() == parts["Change"]
    assert parts["Revenue before"] + parts["Change"] == parts["Revenue after"]
    said = "The 4 parts add up to the change: −20.25 + 80.50 + 40.50 − 10.25 = 90.50 EUR."
    assert any(caption.value == said for caption in page.caption)


def test_a_trailing_window_shows_the_newest_whole_quarter_and_says_so(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    captions = [caption.value for caption in open_page("growth").caption]
    assert any("the newest whole quarter, 2025-10-01 to 2025-12-31" in caption for caption in captions)


def test_a_chosen_month_is_compared_with_a_year_before_when_asked(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(
        MARTS
        + "delete from marts.revenue_levers where comparison = 'year_before';"
        + "update marts.revenue_levers set delta = 1 where period_start = date '2026-01-01';"
    )
    page = open_page("growth", grain="month", start="2025-12-01")
    assert table(page, "Part").set_index("Part").loc["Change", "Amount, EUR"] == 90.5
    page.get("button_group")[0].set_value("year_before").run()
    assert any("There is no change to explain" in info.value for info in page.info)


def test_nothing_of_too_few_customers_is_shown(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    text = ""
    for part in PARTS:
        page = open_page("growth", part=part, segment="country:DE")
        assert not page.exception
        text += shown_text(page)
    assert not any(canary in text for canary in CANARY_TEXT)
    assert "Change of revenue: too few customers bought in one of the periods." in text
    assert "Deals won of those closed, %: too few customers." in text


def test_tiles_and_the_months_say_what_is_kept_and_who_left(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("growth", part="Retention")
    assert [metric.value for metric in page.metric] == ["93.0 %", "99.0 %", "2.5 %"]
    months = table(page, "Customers lost, %").set_index("Month")
    assert months.loc["2025-12-01", "Customers lost, %"] == pytest.approx(2.5)


def test_a_month_whose_departures_are_not_known_yet_says_so(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("growth", part="Retention", grain="month", start="2026-01-01")
    assert any(info.value == "Not known yet: the silence is too short." for info in page.info)
    months = table(page, "Gross retention, %").set_index("Month")
    assert pd.isna(months.loc["2026-01-01", "Gross retention, %"])
    assert months.loc["2026-01-01", "Note"] == "not known yet: the silence is too short"
    assert months.loc["2025-12-01", "Gross retention, %"] == pytest.approx(93)
    page = open_page("growth", part="Retention", grain="month", start="2025-12-01")
    assert page.metric[0].value == "93.0 %"


def test_a_month_that_is_not_over_is_no_point_of_the_line(publish: Publish, open_page: OpenPage) -> None:
    publish(
        MARTS
        + "update marts.revenue_retention set period_is_complete = false where period_start = date '2026-01-01';"
    )
    assert list(table(open_page("growth", part="Retention"), "Gross retention, %")["Month"]) == ["2025-12-01"]


def test_channels_say_what_share_of_deals_they_win(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    channels = table(open_page("growth", part="Sales"), "Channel").set_index("Channel")
    assert channels["Win rate, %"].to_dict() == pytest.approx({"All channels": 90, "Partner": 90})
    assert channels.loc["Partner", "Lost mostly for"] == "Price (40 %)"


def test_cohorts_of_too_few_customers_are_counted_and_not_drawn(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("growth", part="Cohorts")
    cohorts = next(figure for figure in figures(page) if figure["data"][0]["type"] == "heatmap")  # type: ignore[index]
    assert cohorts["data"][0]["y"] == ["2025-09<br>n 12", "2025-11<br>n 40"]  # type: ignore[index]
    assert "not known yet" in cohorts["data"][0]["hovertext"][1][1]  # type: ignore[index]
    assert any("Not drawn: 1 cohorts of too few customers." in caption.value for caption in page.caption)
    listed = table(page, "First purchase")
    of_few = listed[listed["First purchase"] == "2025-10"]
    assert of_few["Still there, %"].isna().all()
    assert list(of_few["Months since"]) == [0, 1]  # counted anew where the row's own number is left out
    assert set(of_few["Note"]) == {"too few customers"}


def test_sources_of_few_leads_are_marked_and_of_too_few_not_drawn(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("growth", part="New customers", segment="country:AT")
    assert any(
        info.value == "The chosen segment does not apply here: this shows all customers."
        for info in page.info
    )
    names = [str(name) for name in figures(page)[-1]["data"][0]["y"]]  # type: ignore[index]
    assert [name.split("<br>")[0] for name in names] == ["All sources", "Referrals"]
    assert "directional" in names[1]
    sources = table(page, "Source").set_index("Source")
    assert sources.loc["Offline", "Note"] == "too few customers"
    assert pd.isna(sources.loc["Offline", "Conversion, %"])


def test_the_waterfall_ends_where_the_second_amount_stands() -> None:
    figure = figures_growth.levers_waterfall(
        100.0, [("Customers", -20.0), ("Price", 50.0)], 130.0, "EUR", ("Before", "After")
    )
    assert figure.data[0].measure == ("absolute", "relative", "relative", "total")
    assert figure.data[0].text == ("100", "−20", "+50", "130")


def test_a_missing_share_of_a_cohort_is_empty_and_says_why() -> None:
    cells = pd.DataFrame(
        {
            "cohort_month": pd.to_datetime(["2025-09-01", "2025-09-01"]),
            "month_number": [0, 1],
            "retention_rate": [1.0, float("nan")],
            "ci_low": [1.0, float("nan")],
            "ci_high": [1.0, float("nan")],
            "size": [12, 12],
            "reason": ["", "not known yet"],
        }
    )
    drawn = figures_growth.cohort_map(cells).data[0]
    assert drawn.z[0][1] is None
    assert "not known yet" in drawn.hovertext[0][1]
