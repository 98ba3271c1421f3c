"""Value: what customers get, what they are worth, products and competitors."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from tests.dashboard.conftest import BLOCK, CANARY_TEXT, OpenPage, Publish, figures, shown_text, table
from tests.dashboard.customer_marts import CUSTOMERS

from valuegap.dashboard import figures_value
from valuegap.dashboard.members import FEWEST_CUSTOMERS, MEMBERS
from valuegap.dashboard.value import PARTS

DBT_PROJECT = Path(__file__).parents[2] / "dbt_project" / "dbt_project.yml"

MARTS = (
    CUSTOMERS
    + f"""
create table marts.customer_value_segment as
with figures as (
    select *, case measure_code when 'net_value' then 17.4 when 'cost' then 42.6 else 60.0 end as figure
    from marts.sized, (values ('net_value'), ('benefit'), ('cost'), ('social_benefit')) as measures (measure_code)
)
select
    measure_code, 'post_purchase' as purchase_phase, 'all' as product_key, segment_key, period_grain,
    period_start, estimate, ci_low, ci_high, estimate as value_sd, ci_low as value_p10, ci_high as value_p90,
    n_customers, is_reportable, reliability
from (select *, {BLOCK} from figures);
create table marts.customer_value as
select
    customer_key, 'all' as product_key, 'post_purchase' as value_basis, 'trailing_12m' as period_grain,
    date '2025-02-01' as period_start,
    case country when 'AT' then -5.0 when 'DE' then 100.0 else 25.0 end::double as net_value_score
from marts.dim_customer;
create table marts.customer_score as
select
    customer_key, 'acsi' as metric_code, 'overall' as area, 'trailing_12m' as period_grain,
    date '2025-02-01' as period_start, case country when 'AT' then 100.0 else 30.0 end::double as score
from marts.dim_customer;
create table marts.dim_product as
select * from (values ('p1', 'Desk'), ('p2', 'Dock')) as products (product_key, product_name);
create table marts.product_value as
select
    product_key, 'all:all' as segment_key, 100::decimal(18, 2) as price, 60::decimal(18, 2) as unit_cost,
    worth::decimal(18, 2) as evc_amount, (worth - 100)::decimal(18, 2) as customer_surplus,
    40::decimal(18, 2) as firm_margin, worth > 100 as is_win_win, 59.5::double as price_fairness_score,
    130 as n_research_respondents, 'demo' as research_source, null::varchar as unavailable_reason,
    200::bigint as n_customers, true as is_reportable, 'reliable' as reliability
from (values ('p1', 120), ('p2', 95)) as worths (product_key, worth);
create table marts.value_map as
select
    'all' as product_key, 'Rival <b>' as competitor_name, segment_key, period_grain, period_start,
    case when n < 5 then 77.1234 else 0.92 end::double as relative_price,
    case when n < 5 then 77.1234 else 0.96 end::double as mpq_ratio,
    estimate as relative_value_ratio, ci_low, ci_high, 'above' as fair_value_position,
    'ease' as differentiator_top, 0.85::double as weight_coverage, null::varchar as unavailable_reason,
    n_customers, is_reportable, reliability
from (select *, {BLOCK} from (select *, 1.04 as figure from marts.sized));
"""
)


def test_every_customer_stands_in_one_band_of_net_value(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("value")
    assert not page.exception
    bands = table(page, "Net value").set_index("Net value")["Customers"]
    assert bands.sum() == 60
    assert bands[bands > 0].to_dict() == {"−10 to 0": 20, "20 to 30": 37, "90 to 100": 3}
    assert bands["0 to 10"] == 0  # an empty band between others is drawn as one
    patterns = figures(page)[0]["data"][0]["marker"]["pattern"]["shape"]  # type: ignore[index]
    assert [bool(pattern) for pattern in patterns] == [band == "−10 to 0" for band in bands.index]


def test_tiles_show_net_value_with_its_interval_and_number(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("value")
    assert page.metric[0].value == "+17.4"
    assert any(caption.value == "15.4 to 19.4 · n 261" for caption in page.caption)
    assert page.metric[3].value == "15 to 19"
    parts = table(page, "Measure").iloc[0]
    assert parts[["Measure", "Points", "Lower", "Upper"]].to_list() == [
        "Benefit: impresses others",
        60.0,
        58.0,
        62.0,
    ]


def test_nothing_of_too_few_customers_is_shown(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    text = ""
    for part in PARTS:
        page = open_page("value", part=part, segment="country:DE")
        assert not page.exception
        text += shown_text(page)
    assert not any(canary in text for canary in CANARY_TEXT)
    assert "Net value: too few customers (3)." in text
    assert "Relationship value: too few customers." in text
    assert "90 to 100" not in text  # the band its three customers stand in


def test_tiers_of_too_few_customers_have_no_share_and_no_sum(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("value", part="Worth to us", segment="country:AT")  # two customers in each of ten tiers
    tiers = table(page, "Tier")
    assert list(tiers["Customers"]) == [2] * 10
    assert tiers["Share of all relationship value, %"].isna().all()
    assert tiers["Relationship value, EUR"].isna().all()
    assert set(tiers["Note"]) == {"too few customers"}
    text = shown_text(page)
    assert not any(canary in text for canary in CANARY_TEXT)


def test_tiers_add_up_to_all_relationship_value(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    tiers = table(open_page("value", part="Worth to us"), "Tier")
    assert round(tiers["Share of all relationship value, %"].sum(), 6) == 100
    assert tiers["Customers"].sum() == 60
    assert tiers["Stay for a year, %"].to_list() == [pytest.approx(90)] * 10


def test_worth_by_satisfaction_counts_each_customer_once(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    counts = table(open_page("value"), "Value tiers").set_index("Value tiers")
    assert counts.to_numpy().sum() == 60
    assert counts["80–100"].sum() == 20
    assert counts["20–40"].sum() == 40


def test_worth_by_satisfaction_of_too_few_customers_is_not_shown(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS + "delete from marts.customer_score where customer_key > '0004';")
    page = open_page("value")
    assert "Satisfaction by worth: too few customers." in shown_text(page)
    assert not any("Value tiers" in frame.value.columns for frame in page.dataframe)


def test_customers_stand_in_bands_of_worth_from_one_to_three_to_ten(
    publish: Publish, open_page: OpenPage
) -> None:
    amounts = "[-1, 0, 0.5, 99.99, 100, 299.99, 300, 999.99, 1000, 30000]"
    publish(
        MARTS
        + "update marts.relationship_value set relationship_value_amount ="
        + f" ({amounts})[1 + customer_key[1:4]::integer % 10];"
    )
    bands = next(
        frame.value
        for frame in open_page("value", part="Worth to us").dataframe
        if list(frame.value.columns) == ["Relationship value, EUR", "Customers"]
    )
    assert {name: count / 6 for name, count in bands.to_numpy()} == {
        "below 0": 1,
        "0": 1,
        "up to 100": 2,
        "100 to 300": 2,
        "300 to 1,000": 2,
        "1,000 to 3,000": 1,
        "3,000 to 10,000": 0,
        "10,000 to 30,000": 0,
        "30,000 to 100,000": 1,
    }


def test_products_of_another_segment_are_said_to_be_of_all(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("value", part="Products", segment="country:AT")
    assert any(
        info.value
        == "The chosen segment does not apply here: this shows the last 12 months of all customers."
        for info in page.info
    )
    assert list(table(page, "Both gain")["Both gain"]) == ["yes", "no"]


def test_a_competitor_is_named_with_the_value_for_money(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("value", part="Competitors")
    row = table(page, "Competitor").iloc[0]
    assert row[["Our price by theirs", "Our quality by theirs", "Value for money"]].to_list() == [
        0.92,
        0.96,
        1.04,
    ]
    assert figures(page)[-1]["data"][1]["text"] == ["Rival &lt;b&gt;"]  # type: ignore[index]


def test_the_fewest_customers_are_those_of_the_warehouse() -> None:
    variables = yaml.safe_load(DBT_PROJECT.read_text("utf-8"))["vars"]
    assert variables["min_n_publish"] == FEWEST_CUSTOMERS


def test_every_kind_of_segment_has_its_customers() -> None:
    variables = yaml.safe_load(DBT_PROJECT.read_text("utf-8"))["vars"]
    assert [kind for kind in variables["segment_types"] if f"when '{kind}'" not in MEMBERS] == []


def test_the_share_up_to_a_tier_is_left_out_where_it_would_tell_a_missing_one() -> None:
    tiers = pd.DataFrame({"value_tier": [1, 2], "equity_share": [0.7, 0.3], "n_customers": [9, 9]})
    assert [trace.type for trace in figures_value.worth_by_tier(tiers).data] == ["bar", "scatter"]
    tiers.loc[1, "equity_share"] = float("nan")
    assert [trace.type for trace in figures_value.worth_by_tier(tiers).data] == ["bar"]


def test_bands_of_loss_are_told_by_a_pattern_as_well() -> None:
    bands = pd.DataFrame({"name": ["−10 to 0", "0 to 10"], "n_customers": [3, 4], "is_loss": [True, False]})
    marker = figures_value.customers_by_band(bands, "Net value").data[0].marker
    assert marker.pattern.shape == ("/", "")


def test_cost_and_worth_are_drawn_for_each_100_of_price() -> None:
    products = pd.DataFrame({"name": ["Desk"], "price": [50.0], "unit_cost": [25.0], "evc_amount": [60.0]})
    drawn = figures_value.cost_price_worth(products).data
    assert list(drawn[0].x) == [50.0, 120.0]
