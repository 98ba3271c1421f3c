"""What the staging models of Salesforce must hold."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from tests.oracle.oracle import (
    ABSENT,
    Acceptable,
    Column,
    Group,
    Life,
    Reading,
    Row,
    Table,
    at_path,
    boolean,
    decimal,
    instants,
    integer,
    last_census,
    lives,
    read_strictly,
    text,
    timestamp,
    why_quarantined,
    wire_text,
)

Columns = Mapping[str, Column]


def _columns(identity: str, **fields: tuple[str, Callable[[Any], Any]] | str) -> Columns:
    named = {
        name: Column(*((field, text) if isinstance(field, str) else field)) for name, field in fields.items()
    }
    times = {"created_at": "CreatedDate", "updated_at": "SystemModstamp"}
    required = {name: Column(path, timestamp, required=True) for name, path in times.items()}
    return {identity: Column("Id", required=True), **named, **required}


OBJECTS: Mapping[str, tuple[str, Columns]] = {
    "Account": (
        "accounts",
        _columns(
            "company_id",
            name="Name",
            website="Website",
            industry="Industry",
            market_segment="Market_Segment__c",
            country="BillingCountryCode",
            customer_number="AccountNumber",
            owner_id="OwnerId",
            master_company_id="MasterRecordId",
            parent_company_id="ParentId",
            lead_source="AccountSource",
            n_employees=("NumberOfEmployees", integer),
        ),
    ),
    "Contact": (
        "contacts",
        _columns(
            "contact_id",
            company_id="AccountId",
            email="Email",
            first_name="FirstName",
            last_name="LastName",
            phone="Phone",
            job_title="Title",
            country="MailingCountryCode",
            person_number="Person_Number__c",
            owner_id="OwnerId",
            master_contact_id="MasterRecordId",
            is_opted_out=("HasOptedOutOfEmail", boolean),
        ),
    ),
    "Product2": (
        "products",
        _columns(
            "product_id",
            product_sku="ProductCode",
            product_name="Name",
            product_family="Family",
            unit_cost=("Unit_Cost__c", decimal),
            is_active=("IsActive", boolean),
        ),
    ),
    "PricebookEntry": (
        "prices",
        _columns(
            "price_id",
            product_id="Product2Id",
            currency="CurrencyIsoCode",
            list_price=("UnitPrice", decimal),
            is_active=("IsActive", boolean),
        ),
    ),
    "Opportunity": (
        "opportunities",
        _columns(
            "deal_id",
            company_id="AccountId",
            deal_name="Name",
            order_number="Order_Number__c",
            deal_stage="StageName",
            sales_channel="Sales_Channel__c",
            currency="CurrencyIsoCode",
            owner_id="OwnerId",
            amount=("Amount", decimal),
            is_won=("IsWon", boolean),
            is_closed=("IsClosed", boolean),
            promised_delivery_date=("Promised_Delivery_Date__c", timestamp),
            closed_at=("CloseDate", timestamp),
            delivered_at=("Delivered_At__c", timestamp),
        ),
    ),
    "OpportunityLineItem": (
        "opportunity_line_items",
        _columns(
            "line_item_id",
            deal_id="OpportunityId",
            product_id="Product2Id",
            product_sku="ProductCode",
            currency="CurrencyIsoCode",
            line_number=("SortOrder", integer),
            quantity=("Quantity", decimal),
            unit_price=("UnitPrice", decimal),
            total_price=("TotalPrice", decimal),
            unit_cost=("Unit_Cost__c", decimal),
        ),
    ),
    "OpportunityContactRole": (
        "opportunity_contact_roles",
        _columns(
            "role_id",
            deal_id="OpportunityId",
            contact_id="ContactId",
            role_name="Role",
            is_primary=("IsPrimary", boolean),
        ),
    ),
    "User": (
        "users",
        _columns(
            "owner_id",
            email="Email",
            first_name="FirstName",
            last_name="LastName",
            is_active=("IsActive", boolean),
        ),
    ),
}


def _derived(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as staging has it, for the objects where it is not the record's own values."""
    if name in {"Product2", "PricebookEntry"}:
        row["is_active"] = row["is_active"] is not False
    if name == "OpportunityContactRole":
        row["is_primary"] = bool(row["is_primary"])
    if name == "User":  # nobody can delete one
        row["is_archived"] = row.pop("is_active") is False
    if name == "Opportunity":
        promised = row["promised_delivery_date"]
        flags = {
            "is_won": bool(row["is_won"]),
            "is_closed": bool(row["is_closed"]),
            "opened_at": row["created_at"],
        }
        return row | flags | {"promised_delivery_date": promised.date() if promised else None}
    if name == "OpportunityLineItem":
        listed = (row["quantity"] * row["unit_price"]).quantize(Decimal("0.01"), ROUND_HALF_UP)
        row["discount_amount"] = listed - row.pop("total_price")
    return row


def _names(name: str) -> tuple[str, ...]:
    columns = [*OBJECTS[name][1], "is_archived"]
    if name == "User":
        columns.remove("is_active")
    if name == "Opportunity":
        columns.append("opened_at")
    if name == "OpportunityLineItem":
        columns[columns.index("total_price")] = "discount_amount"
    return tuple(columns)


def _row(name: str, mutation: Any, *, is_archived: bool) -> Group:
    record = read_strictly(wire_text(mutation))
    row = {column: each.kind(at_path(record, each.path)) for column, each in OBJECTS[name][1].items()}
    row = _derived(name, {**row, "is_archived": is_archived})
    return (tuple(row[column] for column in _names(name)),)


def _objects(name: str, log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """One row a record. Deleting and merging are found nightly, what leaves the recycle bin or skips it weekly."""
    tonight, census = readings[-1], last_census(readings)
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, name):
        good = tuple(each for each in life.mutations if not why_quarantined(each, OBJECTS[name][1].values()))
        groups: set[Group] = set()
        for instant in instants(life, tonight):
            groups |= set(_rows(name, Life(life.id, good), instant, tonight, census))
        acceptable[life.id,] = frozenset(groups)
    return acceptable


def _rows(name: str, life: Life, instant: Any, tonight: Reading, census: Reading) -> list[Group]:
    shown = life.shown(instant, tonight.until)
    if shown is None:
        return [ABSENT]
    groups = [_row(name, shown, is_archived=shown.state != "live")]
    if shown.op == "purge" and shown.visible_at > census.start:
        before = life.before(shown)
        groups.append(_row(name, before, is_archived=before.state != "live"))
    return groups


def quarantined(log: Sequence[Any], readings: Sequence[Reading]) -> dict[tuple[str, str], str]:
    """Return why, by stream and id, of every record that showed a night a version no table can take."""
    found = {}
    for name, (stream, columns) in OBJECTS.items():
        for life in lives(log, name):
            for reading in readings:
                shown = life.shown(reading.start, reading.until)
                if shown is not None and (reason := why_quarantined(shown, columns.values())):
                    found[stream, life.id] = reason
    return found


TABLES: tuple[Table, ...] = tuple(
    Table(f"stg_salesforce__{stream}", (next(iter(columns)),), _names(name), partial(_objects, name))
    for name, (stream, columns) in OBJECTS.items()
)
