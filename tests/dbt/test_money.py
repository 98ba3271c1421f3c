"""Money in trouble: each rule of docs/money.md on a company that has all of its cases. Nothing is dropped."""

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal

import duckdb
import pytest
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, SEEN, insert, to

from valuegap import warehouse
from valuegap.night import Night
from valuegap.reporting_currency import reporting_currency
from valuegap.settings import Settings

MARTS = (
    "fct_order_line", "fct_deal", "bridge_deal_customer", "fct_subscription", "fct_customer_month", "fct_customer_cost",
)  # fmt: skip
WON = {"dealstage": "closedwon", "hs_is_closed_won": True, "hs_is_closed": True, **SEEN}

COMPANIES = {"11": "C-1", "12": "C-2", "13": "C-3", "14": "C-4", "15": "C-5", "16": "C-6"}

# deal: the companies it names, the first one primary; currency; amount; close date; its lines.
DEALS = {
    "601": (("11",), "EUR", 100, "2025-11-03", [{"quantity": 1, "price": 100, "hs_cost_of_goods_sold": 60}]),
    "602": (("11",), "USD", 200, "2026-01-05", [{"quantity": 2, "price": 100, "hs_cost_of_goods_sold": 60}]),
    "603": (("11",), "EUR", 50, "2026-01-06", [{"quantity": 1, "price": 50, "hs_cost_of_goods_sold": 80}]),
    "604": (("12",), "EUR", 30, "2025-12-01", [{"quantity": 1, "price": 30}]),
    "605": (("13",), "EUR", 40, "2025-12-01", [{"quantity": 1, "price": 40, "hs_cost_of_goods_sold": 10}]),
    "606": (("13",), "EUR", -70, "2026-01-10", [{"quantity": -1, "price": 70, "hs_cost_of_goods_sold": 10}]),
    "607": (("11", "12", "13"), "EUR", 100, "2025-12-15", [{"quantity": 1, "price": 99}]),
    "608": (("12",), "EUR", 25, "2026-01-15", []),
    "609": ((), "EUR", 15, "2026-01-16", [{"quantity": 1, "price": 15}]),
    "610": (("14",), "EUR", -5, "2025-10-10", [{"quantity": -1, "price": 5}]),
    "611": (
        ("15",), "EUR", 120, "2025-01-15",
        [{"quantity": 1, "price": 120, "hs_sku": "CARE", "hs_recurring_billing_period": "P3M"}],
    ),
    "612": (
        ("15",), "EUR", 9, "2025-01-15",
        [{"quantity": 1, "price": 9, "hs_sku": "NEWS", "hs_recurring_billing_period": "fortnightly"}],
    ),
}  # fmt: skip


def fill_company_in_trouble(raw: duckdb.DuckDBPyConnection) -> None:
    """Company 15 has gone from the CRM; 16 never bought and asked once; 14 only ever returned something."""
    companies = [
        {"id": id_, "name": f"Company {id_}", "customer_number": n} | SEEN for id_, n in COMPANIES.items()
    ]
    insert(raw, "hubspot", "companies", companies)
    deals = [
        {"id": id_, "amount": amount, "deal_currency_code": currency, "closedate": closed} | WON
        for id_, (_, currency, amount, closed, _) in DEALS.items()
    ]
    insert(raw, "hubspot", "deals", deals)
    for id_, (companies_of_deal, *_) in DEALS.items():
        if companies_of_deal:
            first, *others = companies_of_deal
            targets = [to(first, type_id=5), *([to(*others, type_id=341)] if others else [])]
            merged = "[" + ", ".join(target[1:-1] for target in targets) + "]"
            insert(raw, "hubspot", "deal_companies", [{"from_id": id_, "to_records": merged}])
    lines, line_deals = [], []
    for id_, (*_, lines_of_deal) in DEALS.items():
        for number, line in enumerate(lines_of_deal):
            lines.append({"id": f"7{id_}{number}", "hs_sku": "DESK", **line, **SEEN})
            line_deals.append({"from_id": f"7{id_}{number}", "to_records": to(id_, type_id=20)})
    insert(raw, "hubspot", "line_items", lines)
    insert(raw, "hubspot", "line_item_deals", line_deals)
    insert(raw, "hubspot", "company_ids", [{"id": id_} for id_ in COMPANIES if id_ != "15"])
    insert(raw, "hubspot", "deal_ids", [{"id": id_} for id_ in DEALS])
    insert(raw, "hubspot", "line_item_ids", [{"id": line["id"]} for line in lines])
    insert(raw, "zendesk", "organizations", [{"id": "36", "name": "Six", "external_id": "C-6", **SEEN}])
    asked = {
        "organization_id": "36",
        "status": "open",
        "created_at": "2025-12-20",
        "updated_at": "2025-12-20",
    }
    insert(raw, "zendesk", "tickets", [{"id": "61", "generated_at": "2025-12-20", **asked}])


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project, whose rates a test may write."""
    copy = tmp_path_factory.mktemp("project") / "dbt_project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("target", "logs"))
    return copy


@pytest.fixture(scope="module")
def in_trouble(tmp_path_factory, project) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("in_trouble"))
    with warehouse.writer(settings) as connection:
        fill_company_in_trouble(connection)
    build_models(settings, NIGHT, [f"+{mart}" for mart in MARTS], project)
    return settings


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def line_of(settings: Settings, deal: str) -> tuple:
    [line] = rows(
        settings,
        "select net_amount_original, net_amount, margin_amount, is_clean_sale, has_rate, has_cost, is_negative_margin, "
        f"is_whole_deal from marts.fct_order_line where order_id = '{deal}'",
    )
    return line


def months_of(settings: Settings, company: str, columns: str) -> dict[str, tuple]:
    """Month -> columns, of the customer a company is."""
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        [(key,)] = connection.execute(
            "select customer_key from intermediate.int_identity_resolved "
            f"where record_id = 'hubspot|companies|{company}'"
        ).fetchall()
    found = rows(
        settings,
        f"select strftime(month_start, '%Y-%m'), {columns} from marts.fct_customer_month "
        f"where customer_key = '{key}' order by month_start",
    )
    return {month: tuple(values) for month, *values in found}


def test_every_order_is_a_line_whatever_is_wrong_with_it(in_trouble):
    assert rows(in_trouble, "select order_id from marts.fct_order_line order by 1") == [
        (id_,) for id_ in DEALS
    ]
    assert rows(in_trouble, "select deal_id from marts.fct_deal order by 1") == [(id_,) for id_ in DEALS]


def test_an_order_without_a_rate_has_no_amount_and_is_no_clean_sale(in_trouble):
    assert line_of(in_trouble, "602") == (200, None, None, False, False, True, False, False)
    deal = "select amount_original, amount, has_rate, n_customers from marts.fct_deal where deal_id = '602'"
    assert rows(in_trouble, deal) == [(200, None, False, 1)]
    january = months_of(in_trouble, "11", "orders, revenue, margin, has_complete_rate")["2026-01"]
    assert january == (1, 50, -30, False), (
        "only the order in euro counts, and the month says that one is missing"
    )


def test_a_sale_below_cost_counts_and_is_flagged(in_trouble):
    assert line_of(in_trouble, "603") == (50, 50, -30, True, True, True, True, False)
    assert months_of(in_trouble, "11", "is_negative_margin, margin") == {
        "2025-11": (False, 40),
        "2025-12": (False, None),
        "2026-01": (True, -30),
    }


def test_a_sale_without_a_cost_has_revenue_and_no_margin(in_trouble):
    assert line_of(in_trouble, "604") == (30, 30, None, True, True, False, False, False)
    assert months_of(in_trouble, "12", "revenue, margin, has_complete_cost")["2025-12"] == (30, None, False)


def test_refunds_above_sales_stay_negative_and_are_flagged(in_trouble):
    columns = "revenue, returned_amount, margin, has_refund_above_sales, has_refund_above_sales_to_date"
    assert months_of(in_trouble, "13", columns) == {
        "2025-12": (40, 0, 30, False, False),
        "2026-01": (0, -70, -60, True, True),
    }
    refunds = "select amount, is_net_refund from marts.fct_customer_cost where is_net_refund order by amount"
    assert rows(in_trouble, refunds) == [(-70, True), (-5, True)]


def test_who_only_ever_returned_something_has_months_and_no_first_order(in_trouble):
    months = months_of(in_trouble, "14", "first_month, month_number, returned_amount")
    assert list(months) == ["2025-10", "2025-11", "2025-12", "2026-01"]
    assert months["2025-10"] == (None, None, -5)


def test_who_only_asked_has_months_with_tickets(in_trouble):
    assert months_of(in_trouble, "16", "orders, n_tickets, first_month") == {
        "2025-12": (0, 1, None),
        "2026-01": (0, 0, None),
    }


def test_a_deal_of_three_companies_is_shared_to_the_cent_and_ordered_by_the_primary_one(in_trouble):
    shared = rows(
        in_trouble,
        "select is_buyer, allocated_amount, round(allocation_share, 6) from marts.bridge_deal_customer "
        "inner join marts.fct_deal using (deal_key) where deal_id = '607' order by is_buyer desc",
    )
    third, more = Decimal("33.33"), Decimal("33.34")
    assert shared == [(True, more, 0.333333), (False, third, 0.333333), (False, third, 0.333333)]
    assert months_of(in_trouble, "11", "revenue")["2025-12"] == (99,), "the line is the buyer's, whole"


def test_lines_that_do_not_add_up_to_the_deal_are_flagged(in_trouble):
    found = rows(in_trouble, "select deal_id, amount, line_amount from marts.fct_deal where is_amount_off")
    assert found == [("607", 100, 99)]


def test_a_deal_without_lines_is_a_sale_of_its_amount(in_trouble):
    assert line_of(in_trouble, "608") == (25, 25, None, True, True, False, False, True)
    assert months_of(in_trouble, "12", "orders, revenue")["2026-01"] == (1, 25)


def test_a_deal_of_nobody_is_kept_outside_the_bridge(in_trouble):
    deal = "select customer_key, amount, n_customers from marts.fct_deal where deal_id = '609'"
    assert rows(in_trouble, deal) == [(None, 15, 0)]
    allocated = rows(in_trouble, "select sum(allocated_amount) from marts.bridge_deal_customer")
    total = rows(in_trouble, "select sum(amount) from marts.fct_deal where customer_key is not null")
    assert allocated == total


def test_a_term_that_cannot_be_read_is_kept_and_not_counted(in_trouble):
    found = rows(
        in_trouble,
        "select product_sku, billing_months, monthly_amount, status, is_period_unreadable, is_counted "
        "from marts.fct_subscription order by product_sku",
    )
    assert found == [("CARE", 3, 40, "ended", False, True), ("NEWS", None, None, None, True, False)]


def test_a_customer_whose_account_has_gone_did_not_want_to_leave(in_trouble):
    months = months_of(in_trouble, "15", "recurring_end, recurring_churn, churn_type")
    assert months["2025-01"] == (40, 0, "involuntary"), "its last order before the silence"
    assert months["2025-03"] == (40, 0, None)
    assert months["2025-04"] == (0, 40, "involuntary")


def currency_of(settings: Settings) -> str:
    with warehouse.lease(settings):
        return reporting_currency(settings, Night(NIGHT))


def test_amounts_are_reported_in_the_currency_most_won_deals_are_in(in_trouble, tmp_path):
    assert currency_of(in_trouble) == "EUR"
    assert currency_of(replace(in_trouble, reporting_currency="USD")) == "USD", "unless the company names one"

    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        deals = [{"id": "1", "deal_currency_code": "usd"}, {"id": "2", "deal_currency_code": "GBP"}]
        insert(connection, "hubspot", "deals", [deal | WON for deal in deals])
        lost = [
            {"id": id_, "deal_currency_code": "USD", "dealstage": "closedlost", **SEEN} for id_ in ("3", "4")
        ]
        insert(connection, "hubspot", "deals", lost)
        later = [{"id": "5", "deal_currency_code": "USD"} | WON]
        insert(connection, "hubspot", "deals", later, date(2026, 2, 7))
    assert currency_of(settings) == "GBP", "of equals the first; lost deals and later nights do not count"


def test_what_a_late_rate_brings_counts(in_trouble, project):
    """Runs last: it writes the rate and builds the same night again."""
    revenue = "select sum(revenue) from marts.fct_customer_month"
    [(before,)] = rows(in_trouble, revenue)
    (project / "seeds" / "fx_rate.csv").write_text("currency,valid_from,rate\nUSD,2025-12-20,0.9\n")
    build_models(in_trouble, NIGHT, [f"+{mart}" for mart in MARTS], project)

    assert line_of(in_trouble, "602") == (200, 180, 72, True, True, True, False, False)
    assert rows(in_trouble, revenue) == [(before + 180,)]
    deal = "select amount, fx_rate, has_rate from marts.fct_deal where deal_id = '602'"
    assert rows(in_trouble, deal) == [(180, Decimal("0.9"), True)]
