"""What the value marts say of eight customers who each bought once and answered one survey."""

import json
import math
import statistics
from collections.abc import Sequence

import duckdb
import pytest
import yaml
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, SEEN, insert, questions, to

from valuegap import warehouse
from valuegap.settings import Settings

SURVEY = "SV_relationship01"
# Items in the order of their question ids; answers on seven points, a line a customer.
ITEMS = (
    "PER_QUALITY_1", "IMP_QUALITY", "PER_SUPPORT_1", "IMP_SUPPORT", "PER_PRICE_1", "IMP_PRICE",
    "BEN_FUNCTIONAL", "BEN_SOCIAL", "COST_TIME", "TRUST",
)  # fmt: skip
ANSWERS = (
    (6, 7, 2, 1, 5, 6, 7, 5, 3, 6),
    (7, 2, 3, 7, 4, 5, 6, 4, 4, 5),
    (6, 6, 2, 3, 6, 6, 5, 3, 2, 7),
    (6, 3, 2, 6, 5, 7, 6, 6, 5, 4),
    (7, 6, 3, 2, 5, 6, 4, 4, 3, 6),
    (6, 2, 2, 6, 4, 4, 7, 6, 1, 7),
    (7, 7, 3, 3, 6, 5, 6, 5, 2, 6),
    (6, 4, 2, 7, 5, 6, 5, 5, 4, 5),
)
# Product and net amount of each order's lines. Order 6 has none: its customer names an order nobody knows.
ORDERS = (
    (("DESK", 100), ("CHAIR", 60)),
    (("DESK", 100), ("CHAIR", 140)),
    (("CHAIR", 60),),
    (("DESK", 100), ("DESK", 100), ("CHAIR", 150)),
    (("LAMP", 500),),
    (),
    (("CHAIR", 80), ("DESK", 80)),
    (("DESK", 80), ("CHAIR", 80)),
)
MAIN_PRODUCTS = ["DESK", "CHAIR", "CHAIR", "DESK", "LAMP", None, "CHAIR", "DESK"]
# The seed `competitor_score` of the demo company, as far as it is about these items.
RIVALS = {"rival_a": {"quality": 80, "support": 66}, "rival_b": {"quality": 68, "support": 55}}


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("value"))
    with warehouse.writer(settings) as connection:
        _sell(connection)
        _ask(connection)
    build_models(
        settings, NIGHT, select=("+customer_value", "+customer_value_segment", "+product_value", "+value_map")
    )
    return settings


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_an_order_s_answer_is_about_its_main_product(company):
    found = rows(
        company,
        "select cast(n_answers as integer), product_sku, round(net_value_score, 3) from marts.customer_value "
        "inner join marts.dim_product using (product_key) where period_grain = 'trailing_12m' order by all",
    )
    expected = [
        (3, sku, round((_pomp(answers[6]) + _pomp(answers[7])) / 2 - _pomp(answers[8]), 3))
        for sku, answers in zip(MAIN_PRODUCTS, ANSWERS, strict=True)
        if sku
    ]
    assert found == sorted(expected)


def test_every_answer_is_about_the_company_too(company):
    found = rows(
        company,
        "select sum(n_answers), count(*), count(trust_score) from marts.customer_value "
        "where product_key = 'all' and period_grain = 'trailing_12m'",
    )
    assert found == [(24, 8, 8)]


def test_the_value_ratio_of_a_segment_is_a_ratio_of_sums(company):
    benefits = [(_pomp(row[6]) + _pomp(row[7])) / 2 for row in ANSWERS]
    costs = [_pomp(row[8]) for row in ANSWERS]
    ratio = sum(benefits) / sum(costs)
    residuals = [benefit - ratio * cost for benefit, cost in zip(benefits, costs, strict=True)]
    se = math.sqrt(sum(e * e for e in residuals) / (8 * 7)) / statistics.mean(costs)

    found = rows(
        company,
        "select estimate, se, ci_low, ci_high, n_customers from marts.customer_value_segment where "
        "measure_code = 'value_ratio' and product_key = 'all' and segment_type = 'all' and period_grain = 'month'",
    )
    t = 2.364624  # of seven degrees of freedom
    assert costs[5] == 0, "a customer who feels no cost has no ratio of its own"
    assert found == [
        pytest.approx((ratio, se, max(0, ratio - t * se), ratio + t * se, 8), abs=1e-5),
    ]


def test_hope_and_spread_stand_beside_the_mean(company):
    scores = [(_pomp(row[6]) + _pomp(row[7])) / 2 - _pomp(row[8]) for row in ANSWERS]
    deciles = statistics.quantiles(scores, n=10, method="inclusive")

    found = rows(
        company,
        "select purchase_phase, estimate, value_sd, value_p10, value_p90 from marts.customer_value_segment where "
        "measure_code = 'net_value' and product_key = 'all' and segment_type = 'all' and period_grain = 'month'",
    )
    assert [phase for phase, *_ in found] == ["post_purchase"]
    assert found[0][1:] == pytest.approx(
        (statistics.mean(scores), statistics.stdev(scores), deciles[0], deciles[8])
    )


@pytest.mark.parametrize("rival", RIVALS)
def test_relative_value_varies_as_leaving_out_customers_does(company, rival):
    """The linearised standard error agrees with the jackknife, which knows nothing of derivatives."""
    whole = _relative_value(range(8), rival)
    left_out = [_relative_value([i for i in range(8) if i != gone], rival) for gone in range(8)]
    jackknife = math.sqrt(7 / 8 * sum((each - statistics.mean(left_out)) ** 2 for each in left_out))

    found = rows(
        company,
        "select relative_value_ratio, estimate, n_customers, se from marts.value_map where product_key = 'all' "
        f"and segment_type = 'all' and period_grain = 'trailing_12m' and competitor_code = '{rival}'",
    )
    assert found[0][:3] == pytest.approx((whole, whole, 8), abs=1e-8)
    assert found[0][3] == pytest.approx(jackknife, rel=0.05)


def test_a_product_without_cost_or_research_is_listed_with_the_reason(company):
    found = rows(
        company,
        "select product_sku, price, product_value.unit_cost, firm_margin, is_win_win, unavailable_reason, n_customers "
        "from marts.product_value inner join marts.dim_product using (product_key) order by product_sku",
    )
    assert [(sku, float(price), *rest) for sku, price, *rest in found if sku == "LAMP"] == [
        ("LAMP", 500.0, None, None, None, "no_price_research", 1)
    ]
    assert [
        (sku, float(price), float(margin), customers) for sku, price, _, margin, *_, customers in found[:2]
    ] == [
        ("CHAIR", 95.0, 35.0, 6),
        ("DESK", 93.33, 33.33, 5),
    ]


def _measures(model: dict) -> dict[str, str]:
    """Columns of a mart that hold amounts or scores, with their type; the metric block and keys are none."""
    block = {"n_effective", "estimate", "se", "ci_low", "ci_high", "estimate_shrunk", "z_vs_prior"}
    return {
        column["name"]: column["data_type"].split("(")[0]
        for column in model["columns"]
        if column["data_type"].startswith(("double", "decimal")) and column["name"] not in block
    }


def test_the_three_values_never_share_a_column_name():
    """Value to the customer (scores), economic value (money) and value of the customer (present value)."""
    marts = {
        model["name"]: _measures(model)
        for file in PROJECT.glob("models/marts/**/*.yml")
        for model in yaml.safe_load(file.read_text()).get("models") or []
        if "columns" in model
    }
    to_the_customer = marts["customer_value"] | marts["customer_value_segment"]
    economic, of_the_customer = marts["product_value"], marts["relationship_value"]
    assert "net_value_score" in to_the_customer
    assert "economic_value_amount" in economic
    assert "relationship_value_amount" in of_the_customer
    assert not to_the_customer.keys() & economic.keys()
    assert not to_the_customer.keys() & of_the_customer.keys()
    assert not economic.keys() & of_the_customer.keys()

    homes = to_the_customer | economic | of_the_customer
    for mart, columns in marts.items():
        for name, data_type in columns.items():
            assert name not in {"value", "customer_value", "lifetime_value"}, f"{mart}.{name}: whose value?"
            if "value" in name and name in homes:
                assert data_type == homes[name], f"{mart}.{name} is another kind of value than its namesake"


def _pomp(answer: float) -> float:
    return 100 * (answer - 1) / 6


def _relative_value(customers: Sequence[int], rival: str) -> float:
    def mean_of(item: int) -> float:
        return statistics.mean(_pomp(ANSWERS[customer][item]) for customer in customers)

    own, importance = (mean_of(0), mean_of(2)), (mean_of(1), mean_of(3))
    quality = sum(
        weight * score / other
        for weight, score, other in zip(importance, own, RIVALS[rival].values(), strict=True)
    ) / sum(importance)
    return quality / (100 / 108 if rival == "rival_a" else 63 / mean_of(4))


def _sell(raw: duckdb.DuckDBPyConnection) -> None:
    ids = [str(number) for number in range(1, 9)]
    insert(raw, "hubspot", "companies", [{"id": i, "name": f"Company {i}"} | SEEN for i in ids])
    insert(raw, "hubspot", "contacts", [{"id": i, "email": f"person@{i}.example"} | SEEN for i in ids])
    insert(raw, "hubspot", "contact_companies", [{"from_id": i, "to_records": to(i)} for i in ids])
    costs = {"DESK": 60, "CHAIR": 60, "LAMP": None}
    insert(
        raw,
        "hubspot",
        "products",
        [
            {"id": str(number), "name": sku, "hs_sku": sku, "price": 110, "hs_cost_of_goods_sold": cost}
            | SEEN
            for number, (sku, cost) in enumerate(costs.items(), start=90)
        ],
    )
    won = {
        "dealstage": "closedwon",
        "hs_is_closed_won": True,
        "hs_is_closed": True,
        "deal_currency_code": "EUR",
    }
    sold = [i for i, lines in zip(ids, ORDERS, strict=True) if lines]
    insert(
        raw,
        "hubspot",
        "deals",
        [
            {"id": i, "order_number": f"O-{i}", "closedate": "2025-12-01 09:00:00", **won, **SEEN}
            for i in sold
        ],
    )
    insert(raw, "hubspot", "deal_companies", [{"from_id": i, "to_records": to(i, type_id=5)} for i in sold])
    lines = [
        (f"{i}0{position}", i, position, sku, net)
        for i, order in zip(ids, ORDERS, strict=True)
        for position, (sku, net) in enumerate(order, start=1)
    ]
    insert(
        raw,
        "hubspot",
        "line_items",
        [
            {"id": line, "hs_position_on_quote": position, "quantity": 1, "hs_sku": sku, "price": net}
            | {"hs_cost_of_goods_sold": costs[sku]} | SEEN
            for line, _, position, sku, net in lines
        ],
    )  # fmt: skip
    insert(
        raw,
        "hubspot",
        "line_item_deals",
        [{"from_id": line, "to_records": to(deal, type_id=20)} for line, deal, *_ in lines],
    )
    pipeline = {"id": "default", "label": "Sales", "stages": '[{"id": "closedwon"}]'}
    insert(raw, "hubspot", "pipelines", [pipeline])
    for stream, listed in {
        "company_ids": ids,
        "contact_ids": ids,
        "deal_ids": sold,
        "product_ids": ["90", "91", "92"],
        "line_item_ids": [line for line, *_ in lines],
    }.items():
        insert(raw, "hubspot", stream, [{"id": each} for each in listed])


def _ask(raw: duckdb.DuckDBPyConnection) -> None:
    definition = {"id": SURVEY, "name": "Relationship", "last_modified_at": "2026-01-01"}
    insert(raw, "qualtrics", "surveys", [definition])
    insert(raw, "qualtrics", "survey_definitions", [definition | {"questions": questions(*ITEMS)}])
    insert(
        raw,
        "qualtrics",
        "responses",
        [
            {"survey_id": SURVEY, "id": f"R_{i}", "is_finished": True, "recorded_at": "2026-01-15"}
            | {"recipient_email": f"person@{i}.example", "order_number": f"O-{i}"}
            | {"answers": json.dumps({f"QID{n}": str(answer) for n, answer in enumerate(row, start=1)})}
            for i, row in enumerate(ANSWERS, start=1)
        ],
    )
    insert(raw, "qualtrics", "response_ids", [{"survey_id": SURVEY, "id": f"R_{i}"} for i in range(1, 9)])
