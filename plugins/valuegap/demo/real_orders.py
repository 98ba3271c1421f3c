"""UCI Online Retail as a HubSpot account: an invoice is a won deal, each of its lines a line item.

Nothing is cleaned: cancellations ("C…"), adjustments ("A…"), negative prices, lines without a customer and
exact duplicates are all served, as a CRM would have them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from valuegap.demo.real_frames import frame_of_versions, require_columns
from valuegap.demo.real_people import Ids, account_number, email, person_number
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, hubspot_objects, iso, texts

COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
CONTACT_IDS = 100_000_000  # plus the CustomerID
COMPANY_IDS = 200_000_000  # plus the CustomerID
DEAL_IDS = 300_000_000  # plus the invoice's place in the file
LINE_ITEM_IDS = 400_000_000  # plus the line's place in the file
PRODUCT_IDS = 500_000_000  # plus the stock code's place in the file

CONTACT_TO_COMPANY, CONTACT_TO_PRIMARY_COMPANY = 279, 1
DEAL_TO_COMPANY, DEAL_TO_PRIMARY_COMPANY = 341, 5
DEAL_TO_CONTACT = 3
LINE_ITEM_TO_DEAL = 20

CURRENCY = "GBP"
NOBODY = 0  # customer of an invoice that names none

Arrays = Mapping[str, Any]  # by column, an array; masked where the file has nothing

LINES = """
    create temp table line as
    select
        file_row_number + 1 as line_number, InvoiceNo, StockCode, Description, Quantity, InvoiceDate,
        UnitPrice, coalesce(CustomerID, 0) as customer, Country,
        row_number() over (partition by InvoiceNo order by file_row_number) as line_position
    from read_parquet($path, file_row_number = true)
"""
INVOICES = """
    create temp table invoice as
    select
        row_number() over (order by min(line_number)) as invoice_number, InvoiceNo,
        arg_min(InvoiceDate, line_number) as invoiced_at, max(customer) as customer,
        cast(sum(Quantity * UnitPrice) as decimal(18, 2)) as amount
    from line
    group by InvoiceNo
"""
STOCK = """
    create temp table stock as
    select
        row_number() over (order by min(line_number)) as stock_number, StockCode,
        arg_min(InvoiceDate, line_number) as first_sold_at,
        arg_min(Description, line_number) filter (where Description is not null) as product_name,
        cast(1000 * arg_min(UnitPrice, line_number) filter (where UnitPrice > 0) as bigint)
            as price_thousandths
    from line
    group by StockCode
"""
DESCRIPTIONS = """
    create temp table description as
    select row_number() over (order by Description) as description_number, Description
    from (select distinct Description from line where Description is not null)
"""
CUSTOMERS = """
    select
        customer, arg_min(InvoiceDate, line_number) as first_ordered_at,
        arg_min(Country, line_number) as country
    from line
    where customer <> 0
    group by customer
    order by customer
"""
LINE_ITEMS = """
    select
        line_number, line_position, InvoiceDate as invoiced_at, invoice_number, stock_number,
        coalesce(description_number, 0) as description_number, Quantity as quantity,
        cast(UnitPrice * 1000 as bigint) as price_thousandths
    from line
    join invoice using (InvoiceNo)
    join stock using (StockCode)
    left join description using (Description)
    order by line_number
"""


@dataclass(frozen=True)
class Orders:
    """The HubSpot side of the company. `customers` are the CustomerIDs in ascending order."""

    objects: Mapping[str, Versions]
    associations: Mapping[str, pd.DataFrame]
    customers: Ids


def load(path: Path) -> Orders:
    """Map the retail file. Raises `ConfigurationError` when its columns are others."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute("describe select * from read_parquet(?)", [str(path)]).fetchall()
        require_columns(path, [row[0] for row in found], COLUMNS)
        connection.execute(LINES, {"path": str(path)})
        for statement in (INVOICES, STOCK, DESCRIPTIONS):
            connection.execute(statement)
        return _orders(lambda query: connection.execute(query).fetchnumpy())


def _orders(fetch: Callable[[str], Arrays]) -> Orders:
    customers = fetch(CUSTOMERS)
    invoices = fetch(
        "select * exclude (amount), cast(amount as varchar) as amount from invoice order by invoice_number"
    )
    stock = fetch("select * from stock order by stock_number")
    names = fetch("select Description as name from description order by description_number")["name"]
    lines = fetch(LINE_ITEMS)
    objects = {
        "contacts": _contacts(customers),
        "companies": _companies(customers),
        "products": _products(stock),
        "deals": _deals(invoices),
        "line_items": _line_items(lines, stock["StockCode"].tolist(), names.tolist()),
        "owners": _owners(),
    }
    return Orders(objects, _associations(customers, invoices, lines), customers["customer"])


def _contacts(customers: Arrays) -> Versions:
    countries = _countries(customers)

    def render(rows: pd.DataFrame) -> list[Record]:
        ids = (rows["id"] - CONTACT_IDS).tolist()
        properties: dict[str, Sequence[object]] = {
            "email": [email(customer) for customer in ids],
            "country": [countries[customer] for customer in ids],
            "lifecyclestage": ["customer"] * len(ids),
            "customer_number": [person_number(customer) for customer in ids],
        }
        return hubspot_objects(rows, "lastmodifieddate", properties)

    ids = CONTACT_IDS + customers["customer"]
    return Versions(frame_of_versions(ids, customers["first_ordered_at"]), render)


def _companies(customers: Arrays) -> Versions:
    countries = _countries(customers)

    def render(rows: pd.DataFrame) -> list[Record]:
        ids = (rows["id"] - COMPANY_IDS).tolist()
        properties: dict[str, Sequence[object]] = {
            "name": [f"Customer {customer}" for customer in ids],
            "country": [countries[customer] for customer in ids],
            "customer_number": [account_number(customer) for customer in ids],
        }
        return hubspot_objects(rows, "hs_lastmodifieddate", properties)

    ids = COMPANY_IDS + customers["customer"]
    return Versions(frame_of_versions(ids, customers["first_ordered_at"]), render)


def _countries(customers: Arrays) -> dict[int, str]:
    return dict(zip(customers["customer"].tolist(), customers["country"].tolist(), strict=True))


def _products(stock: Arrays) -> Versions:
    numbers = stock["stock_number"]
    skus, names = stock["StockCode"].tolist(), stock["product_name"].tolist()
    prices = [_decimal_text(price) for price in stock["price_thousandths"].tolist()]

    def render(rows: pd.DataFrame) -> list[Record]:
        places = (rows["id"] - PRODUCT_IDS - 1).tolist()
        properties: dict[str, Sequence[object]] = {
            "name": [names[place] for place in places],
            "hs_sku": [skus[place] for place in places],
            "price": [prices[place] for place in places],
        }
        return hubspot_objects(rows, "hs_lastmodifieddate", properties)

    return Versions(frame_of_versions(PRODUCT_IDS + numbers, stock["first_sold_at"]), render)


def _deals(invoices: Arrays) -> Versions:
    order_numbers, amounts = invoices["InvoiceNo"].tolist(), invoices["amount"].tolist()

    def render(rows: pd.DataFrame) -> list[Record]:
        places = (rows["id"] - DEAL_IDS - 1).tolist()
        properties: dict[str, Sequence[object]] = {
            "dealname": [f"Invoice {order_numbers[place]}" for place in places],
            "order_number": [order_numbers[place] for place in places],
            "amount": [amounts[place] for place in places],
            "deal_currency_code": [CURRENCY] * len(places),
            "dealstage": ["closedwon"] * len(places),
            "pipeline": ["default"] * len(places),
            "closedate": iso(rows["created_at"]),
            "hs_is_closed_won": ["true"] * len(places),
            "hs_is_closed": ["true"] * len(places),
            "sales_channel": ["ecommerce"] * len(places),  # the file's publisher: a non-store online retailer
        }
        return hubspot_objects(rows, "hs_lastmodifieddate", properties)

    return Versions(frame_of_versions(DEAL_IDS + invoices["invoice_number"], invoices["invoiced_at"]), render)


def _line_items(lines: Arrays, stock_codes: list[str], descriptions: list[str]) -> Versions:
    names: list[str | None] = [None, *descriptions]
    prices, price_code = np.unique(lines["price_thousandths"], return_inverse=True)
    price_texts = [_decimal_text(price) for price in prices.tolist()]
    columns = {
        "stock_number": lines["stock_number"].astype(np.int32),
        "name_code": lines["description_number"].astype(np.int32),
        "price_code": price_code.astype(np.int32),
        "quantity": lines["quantity"].astype(np.int32),
        "line_position": lines["line_position"].astype(np.int32),
    }

    def render(rows: pd.DataFrame) -> list[Record]:
        stock_numbers = rows["stock_number"].tolist()
        properties: dict[str, Sequence[object]] = {
            "name": [names[code] for code in rows["name_code"].tolist()],
            "hs_sku": [stock_codes[number - 1] for number in stock_numbers],
            "hs_product_id": [str(PRODUCT_IDS + number) for number in stock_numbers],
            "hs_position_on_quote": texts(rows["line_position"]),
            "quantity": texts(rows["quantity"]),
            "price": [price_texts[code] for code in rows["price_code"].tolist()],
            "hs_total_discount": ["0"] * len(stock_numbers),
            "hs_line_item_currency_code": [CURRENCY] * len(stock_numbers),
        }
        return hubspot_objects(rows, "hs_lastmodifieddate", properties)

    ids = LINE_ITEM_IDS + lines["line_number"]
    return Versions(frame_of_versions(ids, lines["invoiced_at"], columns), render)


def _owners() -> Versions:
    empty = frame_of_versions(np.empty(0, np.int64), np.empty(0, "datetime64[us]"))
    return Versions(empty, lambda _rows: [])


def _associations(customers: Arrays, invoices: Arrays, lines: Arrays) -> Mapping[str, pd.DataFrame]:
    numbers = customers["customer"]
    first_at = customers["first_ordered_at"]
    is_named = invoices["customer"] != NOBODY
    deals = (DEAL_IDS + invoices["invoice_number"])[is_named]
    buyers, bought_at = invoices["customer"][is_named], invoices["invoiced_at"][is_named]
    company_types = (CONTACT_TO_PRIMARY_COMPANY, CONTACT_TO_COMPANY)
    deal_types = (DEAL_TO_PRIMARY_COMPANY, DEAL_TO_COMPANY)
    return {
        "contact_companies": _links(CONTACT_IDS + numbers, COMPANY_IDS + numbers, company_types, first_at),
        "deal_companies": _links(deals, COMPANY_IDS + buyers, deal_types, bought_at),
        "deal_contacts": _links(deals, CONTACT_IDS + buyers, (DEAL_TO_CONTACT,), bought_at),
        "line_item_deals": _links(
            LINE_ITEM_IDS + lines["line_number"],
            DEAL_IDS + lines["invoice_number"],
            (LINE_ITEM_TO_DEAL,),
            lines["invoiced_at"],
        ),
    }


def _links(from_ids: Ids, to_ids: Ids, type_ids: tuple[int, ...], times: npt.NDArray[Any]) -> pd.DataFrame:
    """Return one row a link and type, the way `Company.associations` has them."""
    frames = [
        pd.DataFrame({"from_id": from_ids, "to_id": to_ids, "type_id": type_id, "visible_at": times})
        for type_id in type_ids
    ]
    return pd.concat(frames, ignore_index=True)


def _decimal_text(thousandths: int | None) -> str | None:
    """Return "2.55" for 2550, "-11062.06" for -11062060, and None for None."""
    if thousandths is None:
        return None
    sign = "-" if thousandths < 0 else ""
    whole, rest = divmod(abs(thousandths), 1000)
    return f"{sign}{whole}.{rest:03d}".rstrip("0").rstrip(".")
