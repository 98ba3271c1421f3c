"""Purchases as a CRM has them, taken through the models of a night up to what customers are worth."""

from collections.abc import Iterable
from datetime import date, timedelta

import duckdb
import pandas as pd

from valuegap import transform, warehouse
from valuegap.analytics import purchase_model
from valuegap.night import Night
from valuegap.publish.promote import prepare_candidate
from valuegap.settings import Settings

NO_TESTS = ("--exclude", "resource_type:test", "resource_type:unit_test")
LANDED = """
insert into raw_hubspot.{stream} by name
select *, '{{}}' as record, $night::date as _as_of_date, 'night' as _run_id, 1 as _page,
    cast(row_number() over () as integer) as _line
from ({query})
"""
COMPANIES = """
select '1' || customer as id, 'Customer ' || customer as name, $night::timestamp as created_at, $night::timestamp as updated_at
from purchases where customer % 2 = 0 group by customer
"""
CONTACTS = """
select '1' || customer as id, 'c' || customer || '@customers.example' as email, $night::timestamp as created_at,
    $night::timestamp as updated_at
from purchases where customer % 2 = 1 group by customer
"""
DEALS = """
select '2' || deal as id, 'closedwon' as dealstage, true as hs_is_closed_won, true as hs_is_closed, 'USD' as deal_currency_code,
    amount, bought_at as closedate, bought_at as createdate, $night::timestamp as created_at, $night::timestamp as updated_at
from purchases
"""
BUYERS = """
select '2' || deal as from_id,
    '[{{"toObjectId": 1' || customer || ', "associationTypes": [{{"category": "HUBSPOT_DEFINED", "typeId": {type_id}, "label": null}}]}}]'
        as to_records
from purchases where customer % 2 = {remainder}
"""
# Every other deal is itemised; of the rest, all that is known is what they amount to.
LINE_ITEMS = """
select '3' || deal as id, 'Goods' as name, 1 as quantity, amount as price, cast({cost_share} * amount as decimal(18, 6))
    as hs_cost_of_goods_sold, $night::timestamp as created_at, $night::timestamp as updated_at
from purchases where {is_itemised}
"""
LINE_ITEM_DEALS = """
select '3' || deal as from_id,
    '[{{"toObjectId": 2' || deal || ', "associationTypes": [{{"category": "HUBSPOT_DEFINED", "typeId": 20, "label": null}}]}}]'
        as to_records
from purchases where {is_itemised}
"""


def land_purchases(
    settings: Settings,
    purchases: pd.DataFrame,
    night: date,
    *,
    is_itemised: str = "deal % 2 = 0",
    cost_share: float = 0.5,
) -> None:
    """Load purchases (customer, bought_at, amount) as won deals of companies and of people."""
    purchases = purchases.assign(deal=range(len(purchases)))
    queries = {
        "companies": COMPANIES,
        "contacts": CONTACTS,
        "deals": DEALS,
        "deal_companies": BUYERS.format(type_id=5, remainder=0),
        "deal_contacts": BUYERS.format(type_id=3, remainder=1),
        "line_items": LINE_ITEMS.format(is_itemised=is_itemised, cost_share=cost_share),
        "line_item_deals": LINE_ITEM_DEALS.format(is_itemised=is_itemised),
    }
    with warehouse.writer(settings) as raw:
        raw.register("purchases", purchases)
        for stream, query in queries.items():
            raw.execute(LANDED.format(stream=stream, query=query), {"night": night})


def value_customers(settings: Settings, night: date, **variables: object) -> purchase_model.Summary:
    """Build what customers are worth in the steps a night takes, without the models' tests."""
    variables = {"reporting_currency": "USD", "config_hash": "test", "sources": ["hubspot"]} | variables
    command = [*transform._command(settings, Night(night), variables), *NO_TESTS]
    prepare_candidate(settings)
    transform._run_dbt([*command, "--select", *transform.FITTED_TO], settings, print)
    with warehouse.lease(settings), warehouse.leased(settings) as connection:
        summary = purchase_model.run(connection)
    wanted = ["+purchase_model", "+purchase_model_check", "+relationship_value", "dim_customer"]
    transform._run_dbt([*command, *transform.FITTED_TO, "--select", *wanted], settings, print)
    return summary


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as marts:
        return marts.execute(query).fetchall()


def days_after(start: date, days: Iterable[float]) -> list[pd.Timestamp]:
    return [pd.Timestamp(start) + timedelta(days=float(day)) for day in days]
