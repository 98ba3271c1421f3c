"""What the growth marts say about three customers, of whom one stays, one leaves and one comes back."""

from decimal import Decimal

import duckdb
import pytest
from model_run import build_models
from raw_fixture import NIGHT, SEEN, insert, to

from valuegap import warehouse
from valuegap.settings import Settings

ORDERS = {  # customer -> day: units sold at 100, bought for 60
    "11": {"2025-08-05": 1, "2025-09-10": 2, "2025-10-07": 1, "2025-11-04": 1, "2025-12-02": 1, "2026-01-13": 3},
    "12": {"2025-08-20": 1, "2025-09-01": 1},
    "13": {"2025-08-31": 2, "2026-01-15": 1},
}  # fmt: skip


@pytest.fixture(scope="module")
def growth(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Marts of a company whose orders begin in August 2025, as of 31 January 2026."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("growth"))
    with warehouse.writer(settings) as connection:
        _fill(connection)
    build_models(settings, NIGHT)
    return duckdb.connect(str(settings.candidate_file), read_only=True)


def _fill(raw: duckdb.DuckDBPyConnection) -> None:
    known = {"created_at": "2025-08-01", "updated_at": "2026-01-01"}
    insert(
        raw, "hubspot", "companies",
        [
            {"id": "11", "name": "Acme", "hs_analytics_source": "REFERRALS", "industry": "retail", **known},
            {"id": "12", "name": "Bolt", "hs_analytics_source": "OFFLINE", "industry": "energy", **known},
            {"id": "13", "name": "Crux", "hs_analytics_source": "OFFLINE", "industry": "energy", **known},
            {"id": "14", "name": "Dill", "hs_analytics_source": "OFFLINE", "industry": "energy", **known},
        ],
    )  # fmt: skip
    orders = [(company, day, units) for company, days in ORDERS.items() for day, units in days.items()]
    won = {"hs_is_closed_won": True, "hs_is_closed": True, "dealstage": "closedwon", **SEEN}
    lost = won | {"hs_is_closed_won": False, "dealstage": "closedlost"}
    deals = [
        {"id": str(500 + i), "createdate": day, "closedate": day, "amount": 100 * units, **won}
        for i, (_, day, units) in enumerate(orders)
    ] + [
        {"id": "601", "createdate": "2026-01-01", "closedate": "2026-01-11", "closed_lost_reason": "Price", **lost},
        {"id": "602", "createdate": "2026-01-20", "closedate": "2026-01-20", "amount": -100, **won},
        {"id": "603", "createdate": "2026-01-22", "dealstage": "qualified", "hs_is_closed": False, **SEEN},
        {"id": "604", **lost},
    ]  # fmt: skip
    insert(raw, "hubspot", "deals", deals)
    buyers = {str(500 + i): company for i, (company, _, _) in enumerate(orders)}
    buyers |= dict.fromkeys(("601", "602", "603"), "11")
    insert(
        raw, "hubspot", "deal_companies",
        [{"from_id": deal, "to_records": to(company, type_id=5)} for deal, company in buyers.items()],
    )  # fmt: skip
    lines = {str(500 + i): units for i, (_, _, units) in enumerate(orders)} | {"602": -1}
    insert(
        raw, "hubspot", "line_items",
        [
            {"id": f"7{deal}", "hs_sku": "DESK", "quantity": units, "price": 100, "hs_cost_of_goods_sold": 60, **SEEN}
            for deal, units in lines.items()
        ],
    )  # fmt: skip
    insert(
        raw, "hubspot", "line_item_deals",
        [{"from_id": f"7{deal}", "to_records": to(deal, type_id=20)} for deal in lines],
    )  # fmt: skip
    for stream, ids in {
        "company_ids": [*ORDERS, "14"],
        "deal_ids": [deal["id"] for deal in deals],
        "line_item_ids": [f"7{deal}" for deal in lines],
    }.items():
        insert(raw, "hubspot", stream, [{"id": each} for each in ids])


def rows(growth: duckdb.DuckDBPyConnection, query: str) -> list[tuple]:
    return growth.execute(query).fetchall()


def test_who_falls_silent_for_longer_than_the_window_has_left_and_may_come_back(growth):
    found = rows(
        growth,
        "select month(period_start), customers_start, customers_lost, customers_reactivated, customers_end, "
        "amount_churn, amount_reactivation, amount_end, is_decided from marts.revenue_retention "
        "where basis = 'orders' and segment_key = 'all:all' and period_grain = 'month' order by period_start",
    )
    # The third customer's next order came 137 days after its first, the second's never.
    assert found == [
        (8, 0, 0, 0, 3, 0, 0, 400, True),
        (9, 3, 1, 0, 2, 200, 0, 300, True),
        (10, 2, 1, 0, 1, 100, 0, 100, True),
        (11, 1, 0, 0, 1, 0, 0, 100, True),
        (12, 1, 0, 0, 1, 0, 0, 100, False),
        (1, 1, 0, 1, 2, 0, 100, 400, False),
    ]


def test_churn_is_averaged_over_the_decided_months(growth):
    (found,) = rows(
        growth,
        "select n_months, customers_lost, customers_start, round(logo_churn, 6), n_customers, period_end::varchar "
        "from marts.revenue_retention "
        "where basis = 'orders' and segment_key = 'all:all' and period_grain = 'trailing_12m'",
    )
    assert found == (4, 2, 6, 0.333333, 3, "2025-11-30")


def test_a_cohort_keeps_whom_it_will_see_again(growth):
    found = rows(
        growth,
        "select month_number, active, retained, retention_rate is not null, revenue from marts.retention_cohort "
        "where segment_key = 'all:all' order by month_number",
    )
    assert found == [
        (0, 3, 3, True, 400),
        (1, 2, 3, True, 300),
        (2, 1, 2, True, 100),
        (3, 1, 2, True, 100),
        (4, 1, None, False, 100),
        (5, 2, None, False, 400),
    ]


def test_the_levers_of_a_month_add_up(growth):
    found = rows(
        growth,
        "select month(period_start), delta, customers_effect, frequency_effect, transaction_size_effect, price_effect, "
        "volume_effect, mix_effect, like_for_like_price_effect from marts.revenue_levers "
        "where segment_key = 'all:all' and period_grain = 'month' and comparison = 'previous' order by period_start",
    )
    assert [(month, *map(float, effects)) for month, *effects in found] == [
        (9, -100, -141.67, 0, 41.67, 0, -100, 0, 0),
        (10, -200, -125, 0, -75, 0, -200, 0, 0),
        (11, 0, 0, 0, 0, 0, 0, 0, 0),
        (12, 0, 0, 0, 0, 0, 0, 0, 0),
        (1, 300, 150, 0, 150, 0, 300, 0, 0),
    ]


def test_goods_sent_back_and_deals_without_a_day_are_counted_where_they_belong(growth):
    (found,) = rows(
        growth,
        "select deals_created, deals_won, deals_lost, deals_open, n_returns, won_amount, lost_reason_top, "
        "lost_with_reason, lost_to_value_share, round(win_rate, 3), prospects_known, customers_won "
        "from marts.sales_performance "
        "where segment_key = 'all:all' and channel = 'all' and period_grain = 'year' and period_start = '2026-01-01'",
    )
    # Deal 604 says nothing of itself but that it is lost: it counts when it came into the CRM.
    assert found == (5, 2, 2, 1, 1, Decimal(400), "price", 1, 1.0, 0.5, 1, 0)


def test_every_customer_was_found_somewhere(growth):
    found = rows(
        growth,
        "select lead_source, new_leads, converted_leads, new_customers, spend_amount > 0, "
        "cac_amount = round(spend_amount / new_customers, 2), referral_share "
        "from marts.acquisition where period_grain = 'month' and period_start = '2025-08-01' order by lead_source",
    )
    assert [row for row in found if row[0] in {"OFFLINE", "REFERRALS", "all"}] == [
        ("OFFLINE", 3, 2, 2, True, True, 0.0),
        ("REFERRALS", 1, 1, 1, True, True, 1.0),
        ("all", 4, 3, 3, True, True, pytest.approx(1 / 3)),
    ]
    assert [row[1:4] for row in found if row[0] == "PAID_SEARCH"] == [(0, 0, 0)], (
        "spend that won nobody is kept"
    )
