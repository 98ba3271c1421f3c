"""HubSpot CRM: contacts, companies, deals, line items, products, owners and their associations.

**Changed objects** come from search, in the window [cursor - overlap, until), paged by key: each page
asks for ids greater than the last one, in order of id. Search refuses to page past 10,000 results of one
query, and a window that is cut by time cannot be cut further when an import stamps 10,000 objects with
one second. By key every page is a query of its own, so the cap is never met; an object that changes while
we page leaves the window for the next night's, and moves no other.

**Archived objects** are in no search and archiving does not touch their time of change: the list of
archived ones, which holds 90 days, is read whole behind the changed ones.

**Associations** are read for the objects this night landed. An association that changed without its
objects is seen when one of them changes next.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from valuegap.sources.client import Client
from valuegap.sources.connection import SourceConnection
from valuegap.sources.stream import OVERLAP, Field, FieldType, Page, Pages, Source, Stream, Window

INTEGER, DECIMAL, BOOLEAN = FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN
TIMESTAMP, JSON = FieldType.TIMESTAMP, FieldType.JSON


def _object_stream(name: str, *properties: Field) -> Stream:
    return Stream(
        name,
        fields=(
            Field("id", "$.id", required=True),
            Field("created_at", "$.createdAt", TIMESTAMP, required=True),
            Field("updated_at", "$.updatedAt", TIMESTAMP, required=True),
            Field("is_archived", "$.archived", BOOLEAN),
            Field("archived_at", "$.archivedAt", TIMESTAMP),
            *properties,
        ),
    )


def _property(name: str, field_type: FieldType = FieldType.TEXT) -> Field:
    return Field(name, f"$.properties.{name}", field_type)


def _association_stream(name: str) -> Stream:
    return Stream(
        name,
        fields=(Field("from_id", "$.from.id", required=True), Field("to_records", "$.to", JSON)),
        record_id=("from_id",),
        version=None,
    )


STREAMS = (
    _object_stream(
        "contacts",
        _property("email"),
        _property("firstname"),
        _property("lastname"),
        _property("phone"),
        _property("jobtitle"),
        _property("country"),
        _property("hs_language"),
        _property("lifecyclestage"),
        _property("customer_number"),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "companies",
        _property("name"),
        _property("domain"),
        _property("industry"),
        _property("market_segment"),
        _property("country"),
        _property("numberofemployees", INTEGER),
        _property("customer_number"),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "products",
        _property("name"),
        _property("hs_sku"),
        _property("product_family"),
        _property("price", DECIMAL),
        _property("hs_cost_of_goods_sold", DECIMAL),
    ),
    _object_stream(
        "deals",
        _property("dealname"),
        _property("order_number"),
        _property("amount", DECIMAL),
        _property("deal_currency_code"),
        _property("dealstage"),
        _property("pipeline"),
        _property("createdate", TIMESTAMP),
        _property("closedate", TIMESTAMP),
        _property("hs_is_closed_won", BOOLEAN),
        _property("hs_is_closed", BOOLEAN),
        _property("sales_channel"),
        _property("promised_delivery_date", TIMESTAMP),
        _property("delivered_at", TIMESTAMP),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "line_items",
        _property("name"),
        _property("hs_sku"),
        _property("hs_product_id"),
        _property("hs_position_on_quote", INTEGER),
        _property("quantity", DECIMAL),
        _property("price", DECIMAL),
        _property("hs_total_discount", DECIMAL),
        _property("hs_cost_of_goods_sold", DECIMAL),
        _property("hs_line_item_currency_code"),
    ),
    Stream(
        "owners",
        fields=(
            Field("id", "$.id", required=True),
            Field("email", "$.email"),
            Field("first_name", "$.firstName"),
            Field("last_name", "$.lastName"),
            Field("user_id", "$.userId", INTEGER),
            Field("is_archived", "$.archived", BOOLEAN),
            Field("created_at", "$.createdAt", TIMESTAMP),
            Field("updated_at", "$.updatedAt", TIMESTAMP, required=True),
        ),
    ),
    _association_stream("contact_companies"),
    _association_stream("deal_companies"),
    _association_stream("deal_contacts"),
    _association_stream("line_item_deals"),
)

SEARCH_LIMIT, LIST_LIMIT, ASSOCIATION_INPUTS = 200, 100, 1000
PATHS = {
    # HubSpot moves its API to dated paths: the connection's extra may name them.
    "objects_path": "/crm/v3/objects",
    "owners_path": "/crm/v3/owners",
    "associations_path": "/crm/v4/associations",
}
_ASSOCIATED = {
    "contact_companies": ("contacts", "companies"),
    "deal_companies": ("deals", "companies"),
    "deal_contacts": ("deals", "contacts"),
    "line_item_deals": ("line_items", "deals"),
}
_RESULTS = ("results",)


def object_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the objects of one type that changed in the window, then through all archived ones."""
    path = f"{_path(client, 'objects_path')}/{stream.name}"
    properties = [
        field.path.removeprefix("$.properties.") for field in stream.fields if "properties" in field.path
    ]
    yield from _changed(client, f"{path}/search", stream, window, properties)
    yield from _listed(client, path, {"archived": "true", "properties": ",".join(properties)})
    yield window.until.isoformat()


def owner_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Page through all owners and all archived ones: they have no search and archiving shows no time."""
    for archived in ("false", "true"):
        yield from _listed(client, _path(client, "owners_path"), {"archived": archived})


def association_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the associations of every object this night landed, one record an object.

    An object without any is a record with an empty `to`, which takes the place of those it had.
    """
    from_type, to_type = _ASSOCIATED[stream.name]
    path = f"{_path(client, 'associations_path')}/{from_type}/{to_type}/batch/read"
    ids = (str(landed["id"]) for landed in window.landed(from_type) if not landed.get("archived"))
    while batch := list(islice(ids, ASSOCIATION_INPUTS)):
        request = {"path": path, "ids": len(batch), "first_id": batch[0], "last_id": batch[-1]}
        yield Page(_associations(client, path, batch), request)


def _changed(
    client: Client, path: str, stream: Stream, window: Window, properties: list[str]
) -> Iterator[Page]:
    last_id = 0
    while True:
        query = _query(stream, window, last_id)
        answer = client.post(path, {**query, "properties": properties}, records=_RESULTS)
        total = answer.envelope.get("total")
        if answer.records:
            yield Page(answer.records, {"path": path, **query})
            last_id = _advance(client, path, last_id, answer.records)
        elif total:
            raise client.error(path, f"counts {total} objects and sends none", remedy="Run the night again.")
        if not answer.records or total == len(answer.records):
            return


def _query(stream: Stream, window: Window, last_id: int) -> dict[str, object]:
    changed_at = "lastmodifieddate" if stream.name == "contacts" else "hs_lastmodifieddate"
    filters = [
        {"propertyName": changed_at, "operator": "LT", "value": _milliseconds(window.until)},
        {"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)},
    ]
    if window.cursor:
        since = _milliseconds(datetime.fromisoformat(window.cursor) - OVERLAP)
        filters.append({"propertyName": changed_at, "operator": "GTE", "value": since})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": SEARCH_LIMIT,
    }


def _advance(client: Client, path: str, last_id: int, records: Iterable[bytes]) -> int:
    ids = [int(json.loads(record)["id"]) for record in records]
    if ids != sorted(ids) or ids[0] <= last_id:
        raise client.error(
            path,
            f"sent objects out of order after id {last_id}",
            remedy="Nothing is lost: run the night again, and report it to HubSpot if it stays.",
        )
    return ids[-1]


def _listed(client: Client, path: str, params: Mapping[str, str]) -> Iterator[Page]:
    seen: set[str] = set()
    request = {**params, "limit": str(LIST_LIMIT)}
    while True:
        answer = client.get(path, request, records=_RESULTS)
        yield Page(answer.records, {"path": path, **request})
        after = _next_after(answer.envelope)
        if after is None:
            return
        if after in seen:
            raise client.error(
                path, "goes round in circles: it sent a page twice", remedy="Run the night again."
            )
        seen.add(after)
        request["after"] = after


def _associations(client: Client, path: str, ids: list[str]) -> tuple[bytes, ...]:
    found: dict[str, bytes] = {}
    inputs: list[dict[str, str]] = [{"id": each} for each in ids]
    while inputs:
        answer = client.post(path, {"inputs": inputs}, records=_RESULTS)
        _check_partial_errors(client, path, answer.envelope)
        inputs = []
        for record in answer.records:
            content = json.loads(record)
            from_id = str(content["from"]["id"])
            after = _next_after(content)
            if after is not None:
                inputs.append({"id": from_id, "after": after})
            is_whole = after is None and from_id not in found
            found[from_id] = record if is_whole else _joined(found.get(from_id), content)
    return tuple(found.get(each) or _no_associations(each) for each in ids)


def _joined(first: bytes | None, rest: Mapping[str, Any]) -> bytes:
    """Return one record of associations that came in several answers: staging keeps one record an object."""
    before = json.loads(first)["to"] if first else []
    return json.dumps({"from": rest["from"], "to": [*before, *rest["to"]]}).encode()


def _no_associations(from_id: str) -> bytes:
    return json.dumps({"from": {"id": from_id}, "to": []}).encode()


def _check_partial_errors(client: Client, path: str, envelope: Mapping[str, Any]) -> None:
    for error in envelope.get("errors") or ():
        if error.get("category") != "OBJECT_NOT_FOUND":
            raise client.error(
                path,
                f"left objects out: {error.get('message')}",
                remedy="Run the night again: it goes on here.",
            )


def _next_after(content: Mapping[str, Any]) -> str | None:
    after = ((content.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _milliseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))


def _path(client: Client, name: str) -> str:
    return client.connection.extra.get(name, PATHS[name])


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {connection.password}"}


def _refusal(answer: Mapping[str, Any]) -> str | None:
    return str(answer.get("message")) if answer.get("status") == "error" else None


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    pager: Pages = object_pages
    if stream.name == "owners":
        pager = owner_pages
    elif stream.name in _ASSOCIATED:
        pager = association_pages
    return pager(client, stream, window)


HUBSPOT = Source("hubspot", "hubspot_default", STREAMS, _pages, _headers, _refusal)
