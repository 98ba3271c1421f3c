"""A company's numbers do not depend on which CRM it keeps its customers in."""

from datetime import date

import duckdb
import pytest
from model_run import build_models
from raw_fixture import NIGHT, fill_small_company, fill_small_company_of_salesforce, insert

from valuegap import warehouse
from valuegap.settings import Settings

CUSTOMERS = """
    select
        customer_name_hash, customer_type, industry, market_segment, country, size_band, cast(acquired_at as date),
        cast(first_order_at as date), cast(last_order_at as date), status, has_crm_record, n_contacts, is_merged,
        enrichment_completeness
    from marts.dim_customer
"""
ORDER_LINES = """
    select
        order_number, line_number, product_sku, cast(ordered_at as date), channel, currency, quantity, unit_price,
        net_amount, discount_amount, cost_amount, margin_amount, is_return, is_clean_sale, is_deleted, is_on_time,
        is_first_order, customers.customer_name_hash
    from marts.fct_order_line
    left join marts.dim_customer as customers using (customer_key)
"""
PRODUCTS = "select product_sku, product_name, product_family, list_price, unit_cost from marts.dim_product"
RECORDS = """
    select source_system, source_object, source_id, dense_rank() over (order by customer_key) as customer
    from marts.bridge_identity
"""
SEEN = {"created_at": "2026-01-01", "updated_at": "2026-01-01"}


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(f"select * from ({query}) order by all").fetchall()


def built(tmp_path, *fills) -> Settings:
    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        for fill in fills:
            fill(connection)
    build_models(settings, NIGHT)
    return settings


@pytest.fixture(scope="module")
def of_salesforce(tmp_path_factory):
    return built(tmp_path_factory.mktemp("of_salesforce"), fill_small_company_of_salesforce)


@pytest.mark.parametrize(
    "query", [CUSTOMERS, ORDER_LINES, PRODUCTS], ids=["customers", "order lines", "products"]
)
def test_the_same_company_has_the_same_facts_in_either_crm(small_company, of_salesforce, query):
    found = rows(of_salesforce, query)
    assert found
    assert found == rows(small_company, query)


def test_a_company_in_both_crms_is_one_customer(tmp_path):
    """Its contacts and accounts meet by address and number; here only HubSpot holds orders."""

    def known_to_salesforce(connection) -> None:
        account = {"id": "001A", "name": "Acme Ltd", "account_number": "c-1"} | SEEN
        insert(connection, "salesforce", "accounts", [account])
        contact = {"id": "003A", "email": "ANN@acme.example", "account_id": "001A"} | SEEN
        insert(connection, "salesforce", "contacts", [contact])

    settings = built(tmp_path, fill_small_company, known_to_salesforce)
    customer_of = {
        record: customer
        for *record, customer in map(list, rows(settings, RECORDS))
        for record in [tuple(record)]
    }
    assert customer_of["salesforce", "accounts", "001A"] == customer_of["hubspot", "companies", "11"]
    assert customer_of["salesforce", "contacts", "003A"] == customer_of["hubspot", "contacts", "1"]
    assert len(rows(settings, ORDER_LINES)) == 3


def test_merged_deleted_and_purged_rows_of_salesforce_leave_their_marks(tmp_path):
    """Bolt is merged into Acme, Ann's second record into her first; an order is deleted, a line was purged."""
    later = date(2026, 2, 7)
    changed = {"created_at": "2026-01-01", "updated_at": "2026-02-07 10:00:00", "is_deleted": True}

    def a_week_later(connection) -> None:
        loser = {"id": "001B", "name": "Bolt", "account_number": "C-2", "master_record_id": "001A"}
        insert(connection, "salesforce", "accounts", [loser | changed], later)
        deleted = {"id": "006B", "is_won": True, "close_date": "2026-01-05", "order_number": "O-2"}
        insert(connection, "salesforce", "opportunities", [deleted | {"account_id": "001A"} | changed], later)
        lines = [{"id": f"00k{deal}"} for deal in ("006B", "006C", "006D")]
        insert(connection, "salesforce", "opportunity_line_item_ids", lines, later)

    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        fill_small_company_of_salesforce(connection)
        a_week_later(connection)
    build_models(settings, later)

    merged = "select count(distinct customer_key) from marts.bridge_identity where source_object = 'accounts'"
    assert rows(settings, merged) == [(1,)]
    deleted = "select order_number from marts.fct_order_line where is_deleted"
    assert rows(settings, deleted) == [("O-1",), ("O-2",)], "O-1 has lost its line, O-2 itself is deleted"
