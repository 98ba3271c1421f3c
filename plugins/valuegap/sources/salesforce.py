"""Salesforce: accounts, contacts, opportunities with their lines and roles, products, prices and users.

**Changed rows** come from `queryAll`, which shows deleted rows too (`IsDeleted`, and in `MasterRecordId` who
won a merge), in the window [cursor - overlap, until) of `SystemModstamp`. They are paged by key: each query
asks for ids greater than the last one, in order of id. Salesforce's own paging hands out a locator, a cursor
on its side that expires, of which a user has few; by key every page is a query of its own, an answer that is
shorter than asked loses nothing, and a row that changes while we page is in the next night's window.

**Many rows**, those of a first night above all, come as CSV from a job of Bulk API 2.0. A column of it is a
member of the landed record, as text; an empty cell is null, for Salesforce keeps no empty text.

**Purged rows** are in no answer: once a week the ids of all live rows are read.

**Fields** asked for are the declared ones. Those of `OPTIONAL_FIELDS` are left out where the org has none: an
unknown field fails a whole query. When a field is new to the org or to us the object is read from its
beginning once, since adding a field moves no row's `SystemModstamp`.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from itertools import islice
from typing import IO, Any

from valuegap.sources.client import NOT_FOUND, Client, RefusedError, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.json_page import read_record
from valuegap.sources.stream import (
    OVERLAP,
    Field,
    FieldType,
    Page,
    Source,
    Stream,
    TokenRequest,
    Window,
    weekly,
)

INTEGER, DECIMAL, BOOLEAN = FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN
TIMESTAMP = FieldType.TIMESTAMP

API_VERSION = "65.0"
"""Winter '26. The connection's extra may name another as `api_version`."""

OPTIONAL_FIELDS = frozenset(
    {
        # Only where several currencies, or the country lists, are switched on.
        "CurrencyIsoCode",
        "BillingCountryCode",
        "MailingCountryCode",
        # Standard, but often hidden from an integration user; the reports do without.
        "ParentId",
        "AccountSource",
        "HasOptedOutOfEmail",
        # Salesforce has no field of its own for these: an org that keeps them does so under these names.
        "Market_Segment__c",
        "Person_Number__c",
        "Order_Number__c",
        "Sales_Channel__c",
        "Promised_Delivery_Date__c",
        "Delivered_At__c",
        "Unit_Cost__c",
    }
)

ID = Field("id", "$.Id", required=True)
CREATED_AT = Field("created_at", "$.CreatedDate", TIMESTAMP, required=True)
UPDATED_AT = Field("updated_at", "$.SystemModstamp", TIMESTAMP, required=True)
IS_DELETED = Field("is_deleted", "$.IsDeleted", BOOLEAN)


def _object_stream(name: str, *fields: Field) -> Stream:
    return Stream(name, fields=(ID, CREATED_AT, UPDATED_AT, IS_DELETED, *fields))


def _field(column: str, name: str, field_type: FieldType = FieldType.TEXT) -> Field:
    return Field(column, f"$.{name}", field_type)


def _census_stream(name: str, counted: str) -> Stream:
    # A row that shows late would look purged to a census that was taken before it was landed.
    return Stream(name, fields=(ID,), version=None, follows=(counted,))


STREAMS = (
    _object_stream(
        "accounts",
        _field("name", "Name"),
        _field("website", "Website"),
        _field("industry", "Industry"),
        _field("market_segment", "Market_Segment__c"),
        _field("billing_country", "BillingCountry"),
        _field("billing_country_code", "BillingCountryCode"),
        _field("number_of_employees", "NumberOfEmployees", INTEGER),
        _field("account_number", "AccountNumber"),
        _field("parent_id", "ParentId"),
        _field("account_source", "AccountSource"),
        _field("owner_id", "OwnerId"),
        _field("master_record_id", "MasterRecordId"),
    ),
    _object_stream(
        "contacts",
        _field("account_id", "AccountId"),
        _field("email", "Email"),
        _field("first_name", "FirstName"),
        _field("last_name", "LastName"),
        _field("phone", "Phone"),
        _field("title", "Title"),
        _field("has_opted_out_of_email", "HasOptedOutOfEmail", BOOLEAN),
        _field("mailing_country", "MailingCountry"),
        _field("mailing_country_code", "MailingCountryCode"),
        _field("person_number", "Person_Number__c"),
        _field("owner_id", "OwnerId"),
        _field("master_record_id", "MasterRecordId"),
    ),
    _object_stream(
        "products",
        _field("name", "Name"),
        _field("product_code", "ProductCode"),
        _field("family", "Family"),
        _field("unit_cost", "Unit_Cost__c", DECIMAL),
        _field("is_active", "IsActive", BOOLEAN),
    ),
    _object_stream(
        "prices",
        _field("product_id", "Product2Id"),
        _field("unit_price", "UnitPrice", DECIMAL),
        _field("currency_iso_code", "CurrencyIsoCode"),
        _field("is_active", "IsActive", BOOLEAN),
    ),
    _object_stream(
        "opportunities",
        _field("account_id", "AccountId"),
        _field("name", "Name"),
        _field("order_number", "Order_Number__c"),
        _field("amount", "Amount", DECIMAL),
        _field("currency_iso_code", "CurrencyIsoCode"),
        _field("stage_name", "StageName"),
        _field("is_won", "IsWon", BOOLEAN),
        _field("is_closed", "IsClosed", BOOLEAN),
        _field("close_date", "CloseDate", TIMESTAMP),
        _field("sales_channel", "Sales_Channel__c"),
        _field("promised_delivery_date", "Promised_Delivery_Date__c", TIMESTAMP),
        _field("delivered_at", "Delivered_At__c", TIMESTAMP),
        _field("owner_id", "OwnerId"),
    ),
    _object_stream(
        "opportunity_line_items",
        _field("opportunity_id", "OpportunityId"),
        _field("product_id", "Product2Id"),
        _field("product_code", "ProductCode"),
        _field("sort_order", "SortOrder", INTEGER),
        _field("quantity", "Quantity", DECIMAL),
        _field("unit_price", "UnitPrice", DECIMAL),
        _field("total_price", "TotalPrice", DECIMAL),
        _field("unit_cost", "Unit_Cost__c", DECIMAL),
        _field("currency_iso_code", "CurrencyIsoCode"),
    ),
    _object_stream(
        "opportunity_contact_roles",
        _field("opportunity_id", "OpportunityId"),
        _field("contact_id", "ContactId"),
        _field("role", "Role"),
        _field("is_primary", "IsPrimary", BOOLEAN),
    ),
    Stream(
        "users",  # nobody can delete one
        fields=(
            ID,
            CREATED_AT,
            UPDATED_AT,
            _field("email", "Email"),
            _field("first_name", "FirstName"),
            _field("last_name", "LastName"),
            _field("is_active", "IsActive", BOOLEAN),
        ),
    ),
    _census_stream("account_ids", "accounts"),
    _census_stream("contact_ids", "contacts"),
    _census_stream("product_ids", "products"),
    _census_stream("price_ids", "prices"),
    _census_stream("opportunity_ids", "opportunities"),
    _census_stream("opportunity_line_item_ids", "opportunity_line_items"),
    _census_stream("opportunity_contact_role_ids", "opportunity_contact_roles"),
)

_OBJECTS = {
    "accounts": "Account",
    "contacts": "Contact",
    "products": "Product2",
    "prices": "PricebookEntry",
    "opportunities": "Opportunity",
    "opportunity_line_items": "OpportunityLineItem",
    "opportunity_contact_roles": "OpportunityContactRole",
    "users": "User",
    "account_ids": "Account",
    "contact_ids": "Contact",
    "product_ids": "Product2",
    "price_ids": "PricebookEntry",
    "opportunity_ids": "Opportunity",
    "opportunity_line_item_ids": "OpportunityLineItem",
    "opportunity_contact_role_ids": "OpportunityContactRole",
}
_ALWAYS: Mapping[str, tuple[str, ...]] = {"PricebookEntry": ("Pricebook2.IsStandard = true",)}

ANSWER_ROWS = 2_000  # the most of one REST answer
BULK_FROM = 10_000  # rows; below, a job costs more requests than it saves
BULK_ROWS = 50_000  # of one download
LONGEST_QUERY = 8_000  # characters in an address, of the 16,384 bytes it may have; a job takes a longer one
JOB_TRIES = 3
JOB_SECONDS = 2 * 3600.0
LONGEST_POLL_SECONDS = 30.0
FIRST_DAY = datetime(1999, 1, 1, tzinfo=UTC)  # no row of Salesforce is older
QUOTA_SHARE = 0.95  # of the org's requests a day: the rest is left to the company's other integrations
DAY_SECONDS = 86_400.0

_RECORDS = ("records",)
_RUNNING, _DONE, _GIVEN_UP = {"UploadComplete", "InProgress"}, "JobComplete", {"Failed", "Aborted"}
_CELL_CHARACTERS = 2**27
_ID = re.compile(rb'"Id"\s*:\s*"(\w{15,18})"')


class _TimedOutError(Exception):
    """Salesforce gave up on a query that asks for too much at once."""


@dataclass(frozen=True)
class _Query:
    """Rows of one object. `operation` is `queryAll`, or `query`, which leaves deleted rows out."""

    object: str
    fields: tuple[str, ...]
    where: tuple[str, ...]
    operation: str = "queryAll"
    describe_requests: int = 1

    def soql(self, *more: str) -> str:
        conditions = (*self.where, *more)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return f"SELECT {', '.join(self.fields)} FROM {self.object}{where}"  # noqa: S608 - SOQL of our own names

    def within(self, since: datetime | None, until: datetime) -> "_Query":
        lower = (f"SystemModstamp >= {_literal(since)}",) if since else ()
        where = (*self.where, *lower, f"SystemModstamp < {_literal(until)}")
        return _Query(self.object, self.fields, where, self.operation, self.describe_requests)


def row_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the rows of one object that changed in the window, deleted ones included.

    The cursor holds the end of the window and the fields that were read.
    """
    name = _OBJECTS[stream.name]
    fields = _fields_of_org(client, name, stream)
    query = _Query(name, fields, _ALWAYS.get(name, ()))
    yield from _changed(client, query, _since(window, fields), window.until)
    yield json.dumps({"until": window.until.isoformat(), "fields": fields})


def census_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the ids of all live rows of one object, once a week."""
    return weekly(window, _all_ids(client, _OBJECTS[stream.name]))


def _all_ids(client: Client, name: str) -> Iterator[Page]:
    query = _Query(name, ("Id",), _ALWAYS.get(name, ()), "query", describe_requests=0)
    try:
        yield from _by_key(client, query)
    except _TimedOutError:
        yield from _by_job(client, query)


def _fields_of_org(client: Client, name: str, stream: Stream) -> tuple[str, ...]:
    path = f"{_data(client)}/sobjects/{name}/describe"
    try:
        described = client.get(path).envelope.get("fields", ())
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise
        raise client.error(
            path,
            f"does not show us {name}",
            remedy=f"Give the integration user the right to read {name}, and run the night again.",
        ) from error
    found = {field["name"] for field in described}
    declared = [field.path.removeprefix("$.") for field in stream.fields]
    missing = [field for field in declared if field not in found | OPTIONAL_FIELDS]
    if missing:
        raise client.error(
            path,
            f"shows us no field {', '.join(missing)}",
            remedy=f"Give the integration user the right to read {name}.{missing[0]}; "
            "a custom field that is gone for good belongs out of custom_fields.yml.",
        )
    return tuple(field for field in declared if field in found)


def _since(window: Window, fields: tuple[str, ...]) -> datetime | None:
    if window.cursor is None:
        return None
    before = json.loads(window.cursor)
    if not set(fields) <= set(before["fields"]):
        return None
    return datetime.fromisoformat(before["until"]) - OVERLAP


def _changed(client: Client, query: _Query, since: datetime | None, until: datetime) -> Iterator[Page]:
    """Page through a window; where Salesforce has no time for it, through its halves.

    Rows that were landed before it gave up are landed again.
    """
    try:
        yield from (_by_job if since is None else _by_key)(client, query.within(since, until))
    except _TimedOutError as error:
        start = since or FIRST_DAY
        middle = start + (until - start) / 2
        if until - start <= timedelta(seconds=1):
            raise client.error(
                query.object,
                "cannot be read: its query times out even for one second of changes",
                remedy="Ask Salesforce support for an index on SystemModstamp of this object.",
            ) from error
        yield from _changed(client, query, since, middle)
        yield from _changed(client, query, middle, until)


def _by_key(client: Client, query: _Query) -> Iterator[Page]:
    path = f"{_data(client)}/{query.operation}"
    last_id = ""
    while True:
        after = (f"Id > '{last_id}'",) if last_id else ()
        soql = f"{query.soql(*after)} ORDER BY Id"
        if len(soql) > LONGEST_QUERY:
            yield from _by_job(client, query)
            return
        with _timeouts():
            answer = client.get(path, {"q": soql}, records=_RECORDS)
        total = int(answer.envelope["totalSize"])
        if total >= BULK_FROM and not last_id:
            yield from _by_job(client, query)
            return
        ids = _ids(client, path, query.object, answer.records)
        if last_id in ids or (total and not ids):
            raise client.error(
                path,
                f"counts {total:,} rows of {query.object} and sends none that is new",
                remedy="Nothing is lost: run the night again, and report it to Salesforce if it stays.",
            )
        request = {"path": path, "object": query.object, "where": [*query.where, *after]}
        yield Page(answer.records, request, page_size=ANSWER_ROWS, setup_requests=query.describe_requests)
        if len(set(ids)) >= total:  # an answer may hold a row twice
            return
        last_id = ids[-1]


def _ids(client: Client, path: str, name: str, records: tuple[bytes, ...]) -> list[str]:
    rows = [_row(record) for record in records]
    if any(row.get("attributes", {}).get("type", name) != name for row in rows):
        raise client.error(path, f"sent rows that are no {name}", remedy="Run the night again.")
    return [str(row["Id"]) for row in rows if "Id" in row]


def _row(record: bytes) -> Mapping[str, Any]:
    """Return a row; of one that the loader will set aside, what its text shows."""
    if content := read_record(record):
        return content
    found = _ID.search(record)
    return {"Id": found[1].decode()} if found else {}


def _by_job(client: Client, query: _Query) -> Iterator[Page]:
    path = f"{_data(client)}/jobs/query"
    job = _finished_job(client, path, query)
    expected = int(job.get("numberRecordsProcessed", 0))
    rows = 0
    for part in _job_parts(client, f"{path}/{job['id']}/results", query.fields):
        while records := tuple(islice(part, ANSWER_ROWS)):
            rows += len(records)
            request = {"path": path, "object": query.object, "where": list(query.where)}
            yield Page(records, request, page_size=BULK_ROWS, setup_requests=query.describe_requests + 2)
    if rows != expected:
        raise client.error(
            path,
            f"counts {expected:,} rows of {query.object} and sent {rows:,}",
            remedy="Run the night again.",
        )


def _finished_job(client: Client, path: str, query: _Query) -> Mapping[str, Any]:
    body = {
        "operation": query.operation,
        "query": query.soql(),
        "contentType": "CSV",
        "columnDelimiter": "COMMA",
        "lineEnding": "LF",
    }
    for _ in range(JOB_TRIES):
        with _timeouts():
            made = client.post(path, body).envelope
        job = _ended_job(client, path, str(made["id"]))
        if job["state"] == _DONE:
            return job
        if "TIMEOUT" in str(job.get("errorMessage")):
            raise _TimedOutError
    raise client.error(
        path,
        f"gave up on {query.object} {JOB_TRIES} times; the last: {job.get('errorMessage') or job['state']}",
        remedy="Run the night again later: it goes on from here.",
    )


def _ended_job(client: Client, path: str, job_id: str) -> Mapping[str, Any]:
    seconds, deadline = 1.0, client.monotonic() + JOB_SECONDS
    while client.monotonic() < deadline:
        job = client.get(f"{path}/{job_id}").envelope
        if job["state"] == _DONE or job["state"] in _GIVEN_UP:
            return job
        if job["state"] not in _RUNNING:
            raise client.error(path, f"tells of a job that is {job['state']}", remedy="Run the night again.")
        client.sleep(seconds)
        seconds = min(2 * seconds, LONGEST_POLL_SECONDS)
    raise client.error(
        path,
        f"did not end job {job_id} in two hours",
        remedy="Run the night again when Salesforce is less busy.",
    )


def _job_parts(client: Client, path: str, fields: tuple[str, ...]) -> Iterator[Iterator[bytes]]:
    params = {"maxRecords": str(BULK_ROWS)}
    seen = {"null"}
    while True:
        download = client.download(path, params, accept="text/csv")
        with download as file:
            yield _csv_records(client, path, fields, file)
        locator = download.headers.get("Sforce-Locator", "null")
        if locator == "null":
            return
        if locator in seen:
            raise client.error(
                path, "goes round in circles: it named a part twice", remedy="Run the night again."
            )
        seen.add(locator)
        params["locator"] = locator


def _csv_records(client: Client, path: str, fields: tuple[str, ...], file: IO[bytes]) -> Iterator[bytes]:
    csv.field_size_limit(_CELL_CHARACTERS)
    # Cells may hold line breaks, quotes, NUL and bytes that are no UTF-8: a record carries them all, and what
    # cannot be read the loader sets aside.
    lines = csv.reader(
        TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline=""), strict=True
    )
    try:
        header = next(lines, [])
        if [name.lower() for name in header] != [name.lower() for name in fields]:
            raise client.error(
                path,
                "sent no CSV of the fields asked for",
                remedy="Run the night again: it goes on from here.",
            )
        for cells in lines:
            record = {name: cell or None for name, cell in zip(fields, cells, strict=True)}
            yield json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (csv.Error, ValueError) as error:
        raise client.error(
            path, f"sent CSV that is broken in line {lines.line_num:,}", remedy="Run the night again."
        ) from error


@contextmanager
def _timeouts() -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if "QUERY_TIMEOUT" in error.said:
            raise _TimedOutError from error
        raise


def _literal(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _data(client: Client) -> str:
    # The results of a job are only given to the API version that made it: all of a night is one version.
    version = client.connection.extra.get("api_version", API_VERSION)
    return f"/services/data/v{version.removeprefix('v')}"


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    pager = census_pages if stream.name.endswith("_ids") else row_pages
    try:
        yield from pager(client, stream, window)
    except RefusedError as error:
        if "REQUEST_LIMIT_EXCEEDED" not in error.said:
            raise
        raise SourceUnavailableError(
            error.what,
            remedy="The org's API requests of 24 hours are used up, by all its integrations together: "
            "run the night again later, or have the limit raised.",
        ) from error


def _headers(_connection: SourceConnection) -> Mapping[str, str]:
    return {}


def _token(connection: SourceConnection) -> TokenRequest:
    return TokenRequest(
        "/services/oauth2/token",
        {
            "grant_type": "client_credentials",
            "client_id": connection.login,
            "client_secret": connection.password,
        },
    )


def _refusal(answer: Mapping[str, Any]) -> str | None:
    errors = answer.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        answer = errors[0]
    if "errorCode" in answer:
        return f"{answer['errorCode']}: {answer.get('message')}"
    if "error" in answer:
        return f"{answer['error']}: {answer.get('error_description')}"
    return None


def _pause(headers: Mapping[str, str]) -> float:
    """Near the end of the org's requests of 24 hours there is nothing to wait for within a night."""
    usage = re.match(r"api-usage=(\d+)/(\d+)", headers.get("Sforce-Limit-Info", ""))
    if usage and int(usage[1]) >= QUOTA_SHARE * int(usage[2]):
        return DAY_SECONDS
    return 0.0


SALESFORCE = Source(
    "salesforce",
    "salesforce_default",
    STREAMS,
    _pages,
    _headers,
    _refusal,
    token=_token,
    pause=_pause,
    side_by_side=3,
)
