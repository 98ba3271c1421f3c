"""What the staging models of HubSpot must hold."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from tests.oracle.oracle import (
    ABSENT,
    ANYTHING,
    GONE,
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
    in_order,
    instants,
    integer,
    last_census,
    lives,
    text,
    timestamp,
    why_quarantined,
)

Columns = Mapping[str, Column]


def _property(name: str, kind: Callable[[Any], Any] = text) -> Column:
    return Column(f"properties.{name}", kind)


TIMES = {
    "created_at": Column("createdAt", timestamp, required=True),
    "updated_at": Column("updatedAt", timestamp, required=True),
}
ARCHIVED_AT = Column("archivedAt", timestamp)

OBJECTS: Mapping[str, Columns] = {
    "contacts": {
        "contact_id": Column("id", required=True),
        "email": _property("email"),
        "first_name": _property("firstname"),
        "last_name": _property("lastname"),
        "phone": _property("phone"),
        "job_title": _property("jobtitle"),
        "country": _property("country"),
        "language_code": _property("hs_language"),
        "lifecycle_stage": _property("lifecyclestage"),
        "is_opted_out": _property("hs_email_optout", boolean),
        "person_number": _property("customer_number"),
        "owner_id": _property("hubspot_owner_id"),
        "merged_contact_ids": _property("hs_merged_object_ids"),
        **TIMES,
        "archived_at": ARCHIVED_AT,
    },
    "companies": {
        "company_id": Column("id", required=True),
        "name": _property("name"),
        "domain": _property("domain"),
        "industry": _property("industry"),
        "market_segment": _property("market_segment"),
        "country": _property("country"),
        "customer_number": _property("customer_number"),
        "owner_id": _property("hubspot_owner_id"),
        "merged_company_ids": _property("hs_merged_object_ids"),
        "parent_company_id": _property("hs_parent_company_id"),
        "lead_source": _property("hs_analytics_source"),
        "n_employees": _property("numberofemployees", integer),
        **TIMES,
        "archived_at": ARCHIVED_AT,
    },
    "products": {
        "product_id": Column("id", required=True),
        "product_sku": _property("hs_sku"),
        "product_name": _property("name"),
        "product_family": _property("product_family"),
        "list_price": _property("price", decimal),
        "unit_cost": _property("hs_cost_of_goods_sold", decimal),
        **TIMES,
    },
    "deals": {
        "deal_id": Column("id", required=True),
        "deal_name": _property("dealname"),
        "order_number": _property("order_number"),
        "deal_stage": _property("dealstage"),
        "pipeline": _property("pipeline"),
        "sales_channel": _property("sales_channel"),
        "currency": _property("deal_currency_code"),
        "owner_id": _property("hubspot_owner_id"),
        "merged_deal_ids": _property("hs_merged_object_ids"),
        "lost_reason": _property("closed_lost_reason"),
        "amount": _property("amount", decimal),
        "is_won": _property("hs_is_closed_won", boolean),
        "is_closed": _property("hs_is_closed", boolean),
        "promised_delivery_date": _property("promised_delivery_date", timestamp),
        "opened_at": _property("createdate", timestamp),
        "closed_at": _property("closedate", timestamp),
        "delivered_at": _property("delivered_at", timestamp),
        **TIMES,
    },
    "line_items": {
        "line_item_id": Column("id", required=True),
        "product_id": _property("hs_product_id"),
        "product_sku": _property("hs_sku"),
        "product_name": _property("name"),
        "currency": _property("hs_line_item_currency_code"),
        "billing_period": _property("hs_recurring_billing_period"),
        "billing_starts_on": _property("hs_recurring_billing_start_date", timestamp),
        "line_number": _property("hs_position_on_quote", integer),
        "quantity": _property("quantity", decimal),
        "unit_price": _property("price", decimal),
        "discount_amount": _property("hs_total_discount", decimal),
        "unit_cost": _property("hs_cost_of_goods_sold", decimal),
        **TIMES,
    },
    "owners": {
        "owner_id": Column("id", required=True),
        "user_id": Column("userId", integer),
        "email": Column("email"),
        "first_name": Column("firstName"),
        "last_name": Column("lastName"),
        **TIMES,
    },
}

ASSOCIATIONS = {
    "contact_companies": ("contacts", "companies", "contact_id", "company_id"),
    "deal_companies": ("deals", "companies", "deal_id", "company_id"),
    "deal_contacts": ("deals", "contacts", "deal_id", "contact_id"),
    "line_item_deals": ("line_items", "deals", "line_item_id", "deal_id"),
}


def _object_row(stream: str, mutation: Any, *, is_archived: bool) -> Group:
    columns = OBJECTS[stream]
    row = {name: column.kind(at_path(mutation.record, column.path)) for name, column in columns.items()}
    for path in mutation.raw:
        name = next(name for name, column in columns.items() if column.path == path)
        row[name] = columns[name].kind(mutation.raw[path].strip('"'))
    row["is_archived"] = is_archived
    if "archived_at" in row and not is_archived:
        row["archived_at"] = None
    if stream == "deals":
        row |= _deal_defaults(row)
    if row.get("billing_starts_on"):
        row["billing_starts_on"] = row["billing_starts_on"].date()
    return (tuple(row[name] for name in _object_columns(stream)),)


def _deal_defaults(row: Mapping[str, Any]) -> dict[str, Any]:
    """HubSpot's own stages say whether a deal is closed where its properties do not."""
    stage, promised = row["deal_stage"], row["promised_delivery_date"]
    return {
        "is_won": stage == "closedwon" if row["is_won"] is None else row["is_won"],
        "is_closed": stage in {"closedwon", "closedlost"} if row["is_closed"] is None else row["is_closed"],
        "promised_delivery_date": promised.date() if promised else None,
        "opened_at": row["opened_at"] or row["created_at"],  # the property repeats the record's own time
    }


def _object_columns(stream: str) -> tuple[str, ...]:
    return (*OBJECTS[stream], "is_archived")


def _objects(stream: str, log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """One row a record. Archiving is found nightly; a restore, a merge or an erasure without a trace weekly."""
    tonight, census = readings[-1], last_census(readings)
    return {
        (life.id,): frozenset(
            group
            for instant in instants(life, tonight)
            for group in _object_rows(stream, life, instant, tonight, census)
        )
        for life in lives(log, stream)
        if life.mutations[0].visible_at <= tonight.end
    }


def _object_rows(
    stream: str, life: Life, instant: datetime, tonight: Reading, census: Reading
) -> list[Group]:
    shown = _last_good(stream, life, instant, tonight.until)
    if shown is None:
        return [ABSENT]
    is_gone, is_back = shown.op in GONE, shown.op == "restore" and shown.at < shown.visible_at
    is_archived = is_gone or shown.record.get("archived", False)
    groups = [_object_row(stream, shown, is_archived=is_archived)]
    if (is_gone or is_back) and shown.visible_at > census.start:
        before = life.before(shown)
        groups.append(_object_row(stream, before, is_archived=not is_archived))
    return groups


def _last_good(stream: str, life: Life, instant: datetime, until: datetime) -> Any | None:
    good = tuple(each for each in life.mutations if not why_quarantined(each, OBJECTS[stream].values()))
    return Life(life.id, good).shown(instant, until)


def _links(name: str, log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """All links of each live record: those of the night its last change was found, or later ones; weekly, exact.

    Links of a record that is not live are nobody's promise; the models above staging look at live ones.
    """
    from_stream, to_stream, *_ = ASSOCIATIONS[name]
    tonight, census = readings[-1], last_census(readings)
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, from_stream):
        first = life.shown(tonight.start, tonight.until)
        if first is None or not _is_live(life, tonight.start):
            acceptable[life.id,] = frozenset({ANYTHING})
            continue
        since = max(census.start, next(r.start for r in readings if r.start >= first.visible_at))
        looks = [reading.start for reading in readings if reading.start >= since]
        acceptable[life.id,] = frozenset(_links_at(name, to_stream, log, life.id, look) for look in looks)
    return acceptable


def _links_at(name: str, to_stream: str, log: Sequence[Any], from_id: str, instant: datetime) -> Group:
    live = {life.id for life in lives(log, to_stream) if _is_live(life, instant)}
    standing: set[tuple[str, str, int]] = set()
    for mutation in log:
        if mutation.stream == name and mutation.id == from_id and mutation.visible_at <= instant:
            link = (from_id, str(mutation.record["to_id"]), mutation.record["type_id"])
            standing = standing | {link} if mutation.op == "associate" else standing - {link}
    return in_order(link for link in standing if link[1] in live)


def _is_live(life: Life, instant: datetime) -> bool:
    seen = [each for each in life.mutations if each.visible_at <= instant]
    return bool(seen) and seen[-1].state == "live"


def quarantined(log: Sequence[Any], readings: Sequence[Reading]) -> dict[tuple[str, str], str]:
    """Return why, by stream and id, of every record that showed a night a version no table can take."""
    found = {}
    for stream, columns in OBJECTS.items():
        for life in lives(log, stream):
            for reading in readings:
                shown = life.shown(reading.start, reading.until)
                if shown is not None and (reason := why_quarantined(shown, columns.values())):
                    found[stream, life.id] = reason
    return found


TABLES: tuple[Table, ...] = (
    *(
        Table(
            f"stg_hubspot__{stream}",
            key=(next(iter(columns)),),
            columns=_object_columns(stream),
            expect=partial(_objects, stream),
        )
        for stream, columns in OBJECTS.items()
    ),
    *(
        Table(
            f"stg_hubspot__{name}",
            key=(from_column,),
            columns=(from_column, to_column, "association_type_id"),
            expect=partial(_links, name),
        )
        for name, (_, _, from_column, to_column) in ASSOCIATIONS.items()
    ),
)
