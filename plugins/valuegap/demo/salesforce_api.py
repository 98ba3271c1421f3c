"""Salesforce: token, describe, `query` and `queryAll`, and query jobs of Bulk API 2.0, as the vendor answers.

What is faithful on purpose, because connectors lose data by it: `query` never shows deleted rows and
`queryAll` does until they are purged; an answer may hold fewer rows than it could; `nextRecordsUrl` says
`/query/` even for `queryAll`, and ends with a locator of which only the newest few live; rows share one
`SystemModstamp`; errors are a list; CSV writes times, numbers and nothing in its own way, and its cells hold
line breaks; the results of a job are only given to the API version that made it.
"""

import base64
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import numpy.typing as npt
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.limits import Allowance, RateLimit
from valuegap.demo.records import Company, Versions
from valuegap.demo.salesforce_objects import OBJECTS, STRING, SObject, cell
from valuegap.demo.salesforce_soql import Condition, Query, Value, parse_query
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError, json_body, json_response

VERSIONS = tuple(f"{number}.0" for number in range(59, 66))
ANSWER_ROWS = 2_000
OPEN_LOCATORS = 10
SESSION = timedelta(hours=2)
DAILY = RateLimit("TotalRequests", 100_000, 86_400)
ORG = "00D000000000001"
DATA = "/services/data/{version}"
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - an address
SHOWN_TO = {"query": frozenset({"live"}), "queryAll": frozenset({"live", "archived", "deleted", "merged"})}
LATEST_ROWS = 1_000  # in which a custom field has to stand to be one of the org

_SESSION_ERROR = VendorError(401, "INVALID_SESSION_ID", "Session expired or invalid")


def salesforce(
    company: Company, clock: VirtualClock, client_id: str, client_secret: str, faults: Faults
) -> Vendor:
    """Return the Salesforce org of `company`, open to the connected app with this id and secret."""
    sessions = _Sessions(client_id, client_secret, clock, faults)
    api = SalesforceApi(company, clock, faults)
    limits = (DAILY.name,)
    return Vendor(
        name="salesforce",
        endpoints=(
            Endpoint("POST", TOKEN_PATH, sessions.open, ()),
            Endpoint("GET", "/services/data", api.list_versions, limits),
            Endpoint("GET", "/services/data/", api.list_versions, limits),
            Endpoint("GET", f"{DATA}/limits", api.list_limits, limits),
            Endpoint("GET", f"{DATA}/sobjects", api.list_objects, limits),
            Endpoint("GET", f"{DATA}/sobjects/{{name}}/describe", api.describe, limits),
            Endpoint("GET", f"{DATA}/query", api.query, limits),
            Endpoint("GET", f"{DATA}/query/", api.query, limits),
            Endpoint("GET", f"{DATA}/queryAll", api.query_all, limits),
            Endpoint("GET", f"{DATA}/queryAll/", api.query_all, limits),
            Endpoint("GET", f"{DATA}/query/{{locator}}", api.more, limits),
            Endpoint("GET", f"{DATA}/queryAll/{{locator}}", api.more, limits),
            Endpoint("POST", f"{DATA}/jobs/query", api.create_job, limits),
            Endpoint("GET", f"{DATA}/jobs/query/{{job_id}}", api.poll_job, limits),
            Endpoint("GET", f"{DATA}/jobs/query/{{job_id}}/results", api.job_results, limits),
        ),
        limits=(DAILY,),
        authenticate=sessions.check,
        error_body=_error_body,
        not_found=VendorError(404, "NOT_FOUND", "The requested resource does not exist"),
        too_many_requests=lambda limit: VendorError(
            403, "REQUEST_LIMIT_EXCEEDED", f"{limit.name} Limit exceeded."
        ),
        rate_headers=_rate_headers,
    )


def _error_body(error: VendorError, _request_id: str) -> Json | list[Json]:
    if error.code.startswith(("invalid_", "unsupported_")):  # OAuth has a body of its own
        return {"error": error.code, "error_description": error.message}
    return [{"message": error.message, "errorCode": error.code}]


def _rate_headers(allowances: Sequence[Allowance]) -> dict[str, str]:
    if not allowances:
        return {}
    used = DAILY.requests - allowances[0].remaining
    return {"Sforce-Limit-Info": f"api-usage={used}/{DAILY.requests}"}


class _Sessions:
    """Access tokens: each lives two hours of the org's time, or until somebody ends all of them."""

    def __init__(self, client_id: str, client_secret: str, clock: VirtualClock, faults: Faults) -> None:
        self._client = (client_id, client_secret)
        self._clock = clock
        self._faults = faults
        self._opened_at: dict[str, datetime] = {}
        self._number = 0

    async def open(self, request: Request) -> Json:
        """Give a token to whoever shows the id and secret, in the form or by Basic authentication."""
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        if form.get("grant_type") != "client_credentials":
            raise VendorError(400, "unsupported_grant_type", "grant type not supported")
        shown = (form.get("client_id", ""), form.get("client_secret", ""))
        if self._client not in {shown, _basic(request)}:
            raise VendorError(400, "invalid_client", "invalid client credentials")
        self._number += 1
        token = f"{ORG}!{self._number:08d}"
        self._opened_at[token] = self._clock.now
        issued_at = int(self._clock.now.timestamp() * 1000)
        return {
            "access_token": token,
            "signature": base64.b64encode(token.encode()).decode(),
            "scope": "api",
            "instance_url": f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}",
            "id": f"https://login.salesforce.com/id/{ORG}EAA/005000000000001AAA",
            "token_type": "Bearer",
            "issued_at": str(issued_at),
        }

    def check(self, request: Request) -> None:
        if request.url.path.endswith(TOKEN_PATH):
            return
        if self._faults.strikes("salesforce_session_expired", "salesforce", request.url.path):
            self._opened_at.clear()
        token = request.headers.get("authorization", "").removeprefix("Bearer ").removeprefix("OAuth ")
        opened_at = self._opened_at.get(token)
        if opened_at is None or self._clock.now - opened_at > SESSION:
            raise _SESSION_ERROR


def _basic(request: Request) -> tuple[str, str]:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        client_id, _, secret = base64.b64decode(text).decode().partition(":")
    except ValueError:
        return "", ""
    return client_id, secret


@dataclass
class _Result:
    """Rows a query found, when it was asked: what a locator or a job goes on from."""

    query: Query
    versions: Versions
    rows: pd.DataFrame

    def records(self, first: int, end: int) -> list[Json]:
        rows: list[Any] = self.versions.render(self.rows.iloc[first:end])
        states = self.rows["state"].iloc[first:end].tolist()
        return [_completed(row, state) for row, state in zip(rows, states, strict=True)]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass
class _Job:
    job_id: str
    version: str
    operation: str
    result: _Result
    created_at: datetime
    error: str | None
    polls: int = 0
    kinds: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> Json:
        state = ("UploadComplete", "InProgress", "Failed" if self.error else "JobComplete")[
            min(self.polls, 2)
        ]
        at = _rest_time(self.created_at)
        job: Json = {
            "id": self.job_id,
            "operation": self.operation,
            "object": self.result.query.sobject.name,
            "createdById": "005000000000001AAA",
            "createdDate": at,
            "systemModstamp": at,
            "state": state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version.removeprefix("v")),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        if self.polls:
            done = state == "JobComplete"
            job |= {"jobType": "V2Query", "numberRecordsProcessed": len(self.result) if done else 0}
        return job | ({"errorMessage": self.error} if state == "Failed" else {})


class SalesforceApi:
    """The endpoints, the open locators and the jobs."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults) -> None:
        """No query was asked yet."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._located: dict[str, _Result] = {}
        self._jobs: dict[str, _Job] = {}
        self._number = 0

    async def list_versions(self, _request: Request) -> Response:
        """Return the API versions."""
        versions = [
            {"label": f"v{each}", "url": f"/services/data/v{each}", "version": each} for each in VERSIONS
        ]
        return json_response(versions)

    async def list_limits(self, request: Request) -> Json:
        """Return the org's limits, nothing of them used."""
        _version(request)
        return {
            "DailyApiRequests": {"Max": DAILY.requests, "Remaining": DAILY.requests},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000 - len(self._jobs)},
            "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
        }

    async def list_objects(self, request: Request) -> Json:
        """Return the objects of the org."""
        _version(request)
        objects = [
            {"name": each.name, "keyPrefix": each.prefix, "queryable": True} for each in OBJECTS.values()
        ]
        return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}

    async def describe(self, request: Request) -> Json:
        """Return the fields of one object."""
        _version(request)
        name = request.path_params["name"]
        if name not in OBJECTS:
            raise VendorError(404, "NOT_FOUND", "The requested resource does not exist")
        return OBJECTS[name].describe(self._custom_fields(OBJECTS[name]))

    async def query(self, request: Request) -> Json:
        """Answer a query with the first of its rows, deleted ones left out."""
        return self._first_answer(request, "query")

    async def query_all(self, request: Request) -> Json:
        """Answer a query with the first of its rows, deleted ones included."""
        return self._first_answer(request, "queryAll")

    async def more(self, request: Request) -> Json:
        """Go on where an answer ended."""
        version = _version(request)
        query_id, _, offset = request.path_params["locator"].partition("-")
        if self._faults.strikes("salesforce_expired_locator", "salesforce", request.url.path):
            self._located.pop(query_id, None)
        if query_id not in self._located or not offset.isdigit():
            raise VendorError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._answer(request, version, query_id, self._located[query_id], int(offset))

    async def create_job(self, request: Request) -> Json:
        """Make a query job."""
        version = _version(request)
        body = await json_body(request, VendorError(400, "JSON_PARSER_ERROR", "The body is no JSON object."))
        operation = str(body.get("operation"))
        if operation not in SHOWN_TO:
            raise VendorError(400, "INVALIDJOB", f"Unknown operation: {operation}")
        result = self._found(str(body.get("query", "")), operation)
        if not result.query.fields:
            raise VendorError(400, "API_ERROR", "Aggregate queries are not supported in a query job.")
        self._number += 1
        job_id = f"750000000{self._number:06d}AAA"
        kinds = {**result.query.sobject.fields, **self._custom_fields(result.query.sobject)}
        error = self._job_error(request)
        job = _Job(job_id, version, operation, result, self._clock.now, error, kinds=kinds)
        self._jobs[job_id] = job
        return job.describe()

    async def poll_job(self, request: Request) -> Json:
        """Say how far a job is: done when it is asked for the second time."""
        job = self._job(request)
        job.polls += 1
        return job.describe()

    async def job_results(self, request: Request) -> Response:
        """Return a part of a job's rows as CSV; `Sforce-Locator` names the next part, or is `null`."""
        job = self._job(request)
        if job.version != _version(request):
            raise VendorError(409, "API_ERROR", f"The job was created with API version {job.version}.")
        if job.polls < len(("InProgress", "JobComplete")) or job.error:
            return Response(status_code=204)
        first = _offset(request.query_params.get("locator"))
        end = min(len(job.result), first + int(request.query_params.get("maxRecords", "100000")))
        locator = (
            base64.b64encode(str(end).encode()).decode().rstrip("=") if end < len(job.result) else "null"
        )
        return Response(
            _csv(job, job.result.records(first, end)),
            headers={"Sforce-Locator": locator, "Sforce-NumberOfRecords": str(end - first)},
            media_type="text/csv; charset=UTF-8",
        )

    def _job(self, request: Request) -> _Job:
        _version(request)
        job = self._jobs.get(request.path_params["job_id"])
        if job is None:
            raise VendorError(404, "NOT_FOUND", "The requested resource does not exist")
        return job

    def _job_error(self, request: Request) -> str | None:
        path = request.url.path
        if self._faults.strikes("salesforce_query_timeout", "salesforce", path):
            return "QUERY_TIMEOUT: Your query request was running for too long."
        if self._faults.strikes("salesforce_bulk_failed", "salesforce", path):
            return "InternalServerError : Internal server error while processing the query."
        return None

    def _first_answer(self, request: Request, operation: str) -> Json:
        version = _version(request)
        if self._faults.strikes("salesforce_query_timeout", "salesforce", request.url.path):
            raise VendorError(400, "QUERY_TIMEOUT", "Your query request was running for too long.")
        result = self._found(request.query_params.get("q", ""), operation)
        if not result.query.fields:
            return {"totalSize": len(result), "done": True, "records": []}
        self._number += 1
        return self._answer(request, version, f"01g000000{self._number:06d}AAA", result, 0)

    def _answer(self, request: Request, version: str, query_id: str, result: _Result, first: int) -> Json:
        end = min(len(result), first + self._batch_size(request, len(result) - first))
        answer: Json = {
            "totalSize": len(result),
            "done": end == len(result),
            "records": [_selected(record, result.query, version) for record in result.records(first, end)],
        }
        if end < len(result):
            self._located[query_id] = result
            for oldest in list(self._located)[:-OPEN_LOCATORS]:
                del self._located[oldest]
            answer["nextRecordsUrl"] = f"/services/data/{version}/query/{query_id}-{end}"
        return answer

    def _batch_size(self, request: Request, left: int) -> int:
        options = request.headers.get("sforce-query-options", "")
        asked = options.partition("batchSize=")[2].split(",")[0].strip()
        size = min(ANSWER_ROWS, int(asked)) if asked.isdigit() else ANSWER_ROWS
        if left > 1 and self._faults.strikes("salesforce_short_batch", "salesforce", request.url.path):
            return max(1, min(size, left) // 2)
        return size

    def _found(self, text: str, operation: str) -> _Result:
        query = parse_query(text, self._custom_fields)
        versions = self._versions(query.sobject)
        rows = versions.current(self._clock.now)
        states = rows["state"].to_numpy().astype(str)
        rows = rows[np.isin(states, list(SHOWN_TO[operation]))]
        for condition in query.conditions:
            rows = rows[_holds(condition, versions, rows)]
        if query.order:
            values = pd.Series(_values(query.order, versions, rows), index=rows.index, dtype=object)
            order = values.sort_values(kind="stable", ascending=not query.is_descending, na_position="first")
            rows = rows.loc[order.index]
        return _Result(query, versions, rows[: query.limit])

    def _versions(self, sobject: SObject) -> Versions:
        return self._company.salesforce.get(sobject.name, _NOTHING)

    def _custom_fields(self, sobject: SObject) -> dict[str, str]:
        """Return the custom fields that stand in the rows changed last and not in the catalogue."""
        versions = self._versions(sobject)
        rows = versions.current(self._clock.now)
        latest: list[Any] = versions.render(rows.sort_values("updated_at", kind="stable")[-LATEST_ROWS:])
        names = {name for record in latest for name in record if name.endswith("__c")}
        return dict.fromkeys(sorted(names - sobject.fields.keys()), STRING)


_NOTHING = Versions(
    pd.DataFrame(
        {
            "id": pd.Series(dtype=object),
            "updated_at": pd.Series(dtype="datetime64[us]"),
            "visible_at": pd.Series(dtype="datetime64[us]"),
            "state": pd.Series(dtype=object),
        }
    ),
    lambda _rows: [],
)


def _holds(condition: Condition, versions: Versions, rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    return np.fromiter(map(condition.holds, _values(condition.field, versions, rows)), bool, len(rows))


def _values(name: str, versions: Versions, rows: pd.DataFrame) -> list[Value]:
    if name == "Id":
        return [str(each) for each in rows["id"].tolist()]
    if name in {"SystemModstamp", "LastModifiedDate"}:
        return [each.to_pydatetime() for each in rows["updated_at"]]
    states = rows["state"].tolist()
    records: list[Any] = versions.render(rows)
    return [_member(_completed(record, state), name) for record, state in zip(records, states, strict=True)]


def _completed(record: Json, state: str) -> Json:
    return record | {"IsDeleted": state != "live"}


def _member(record: Json, name: str) -> Value:
    parent, _, child = name.partition(".")
    value: Value = (record.get(parent) or {}).get(child) if child else record.get(name)
    return value


def _selected(record: Json, query: Query, version: str) -> Json:
    name = query.sobject.name
    url = f"/services/data/{version}/sobjects/{name}/{record['Id']}"
    selected: Json = {"attributes": {"type": name, "url": url}}
    for each in query.fields:
        parent, _, child = each.partition(".")
        selected[parent] = {child: _member(record, each)} if child else record.get(each)
    return selected


def _csv(job: _Job, records: Sequence[Json]) -> bytes:
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    fields = job.result.query.fields
    lines.writerow(fields)
    lines.writerows(
        [cell(_member(record, name), job.kinds.get(name, STRING)) for name in fields] for record in records
    )
    return text.getvalue().encode("utf-8", "replace")


def _offset(locator: str | None) -> int:
    if not locator:
        return 0
    try:
        return int(base64.b64decode(locator + "=" * (-len(locator) % 4)))
    except ValueError:
        raise VendorError(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from None


def _version(request: Request) -> str:
    version = str(request.path_params["version"])
    if version.removeprefix("v") not in VERSIONS:
        raise VendorError(404, "NOT_FOUND", "The requested resource does not exist")
    return version


def _rest_time(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
