"""HubSpot CRM: objects (list, search, batch), associations, owners, pipelines and properties, and OAuth.

Everything is served under the numbered paths (objects v3, associations v4) and the dated ones.

What is faithful on purpose, because connectors lose data by it: the list has no modified filter, the search
never returns archived records and stops at 10,000, neither returns associations, merged records are gone
without a trace but `hs_merged_object_ids`, archiving does not move the last-modified time and restoring need
not, and what is deleted for good is in no answer any more.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.hubspot_catalogue import (
    ASSOCIATIONS,
    BY_ALIAS,
    DEAL_PIPELINES,
    PRIMARY_TYPE_IDS,
    ObjectType,
)
from valuegap.demo.hubspot_oauth import OAuth
from valuegap.demo.hubspot_search import SearchIndex, invalid, parse_search
from valuegap.demo.limits import Allowance, RateLimit
from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError, json_body, json_response

LIST_LIMIT = 100
OWNERS_LIMIT = 500
BATCH_LIMIT = 100
ASSOCIATIONS_BATCH_LIMIT = 1000
ASSOCIATED_LIMIT = 500
LONGEST_URL = 16_000
URL_TOO_LONG = b"<html><head><title>414 Request-URI Too Large</title></head></html>"
ARCHIVE_KEPT = timedelta(days=90)
DAILY = RateLimit("DAILY", 650_000, 86_400)
BURST = RateLimit("TEN_SECONDLY_ROLLING", 190, 10)
SEARCHES = RateLimit("SECONDLY", 5, 1)
OBJECT_LIMITS = (BURST.name, DAILY.name)

NUMBERED = {"objects": "v3", "owners": "v3", "pipelines": "v3", "properties": "v3", "associations": "v4"}
DATED = ("2025-09", "2026-03", "2026-09")

INDEX_LAG = timedelta(hours=6)
"""How far search is behind while `hubspot_index_lag` strikes."""


def hubspot(company: Company, clock: VirtualClock, token: str, faults: Faults) -> Vendor:
    """Return the HubSpot account of `company`, open to the holder of `token` and to an OAuth app."""
    api, oauth = HubspotApi(company, clock, faults), OAuth(clock, token, faults)
    return Vendor(
        name="hubspot",
        endpoints=tuple(_endpoints(api, oauth)),
        limits=(BURST, SEARCHES, DAILY),
        authenticate=oauth.authenticate,
        error_body=_error_body,
        not_found=VendorError(404, "OBJECT_NOT_FOUND", "Nothing is served at this address."),
        too_many_requests=_too_many_requests,
        rate_headers=_rate_headers,
    )


def _endpoints(api: "HubspotApi", oauth: OAuth) -> Iterator[Endpoint]:
    search = (SEARCHES.name,)
    served: tuple[tuple[str, str, str, Callable[[Request], Any], tuple[str, ...]], ...] = (
        ("GET", "objects", "/{object_type}", api.list_objects, OBJECT_LIMITS),
        ("POST", "objects", "/{object_type}/search", api.search, search),
        ("POST", "objects", "/{object_type}/batch/read", api.read_objects, OBJECT_LIMITS),
        ("POST", "associations", "/{from_type}/{to_type}/batch/read", api.read_associations, OBJECT_LIMITS),
        ("GET", "owners", "", api.list_owners, OBJECT_LIMITS),
        ("GET", "owners", "/", api.list_owners, OBJECT_LIMITS),  # as its specification has it
        ("GET", "pipelines", "/{object_type}", api.list_pipelines, OBJECT_LIMITS),
        ("GET", "properties", "/{object_type}", api.list_properties, OBJECT_LIMITS),
    )
    for method, name, rest, answer, limits in served:
        prefixes = [f"/crm/{NUMBERED[name]}/{name}", *(f"/crm/{name}/{version}" for version in DATED)]
        for prefix in prefixes:
            yield Endpoint(method, prefix + rest, answer, limits)
    for version in ("v1", "v3", *DATED):
        yield Endpoint("POST", f"/oauth/{version}/token", oauth.grant, ())


def _error_body(error: VendorError, request_id: str) -> Json:
    body: Json = {"status": "error", "message": error.message, "correlationId": request_id}
    if error.status == _too_many_requests(BURST).status:
        return body | {"errorType": "RATE_LIMIT", "policyName": error.code}
    if error.code.startswith("BAD_"):  # OAuth's way
        return body | {"status": error.code}
    return body | {"category": error.code}


def _too_many_requests(limit: RateLimit) -> VendorError:
    return VendorError(429, limit.name, f"You have reached your {limit.name.lower()} limit.")


def _rate_headers(allowances: Sequence[Allowance]) -> dict[str, str]:
    by_name = {allowance.limit.name: allowance for allowance in allowances}
    if BURST.name not in by_name:
        return {}
    return {
        "X-HubSpot-RateLimit-Daily": str(DAILY.requests),
        "X-HubSpot-RateLimit-Daily-Remaining": str(by_name[DAILY.name].remaining),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(BURST.window_seconds * 1000)),
        "X-HubSpot-RateLimit-Max": str(BURST.requests),
        "X-HubSpot-RateLimit-Remaining": str(by_name[BURST.name].remaining),
    }


class HubspotApi:
    """The endpoints. What one moment shows is indexed once and kept until the clock moves."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults) -> None:
        """Nothing is indexed before it is asked for."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._moments: dict[datetime, _Moment] = {}

    async def list_objects(self, request: Request) -> Json | Response:
        """Page through all records in order of id; `archived` turns to the archived ones."""
        if len(str(request.url)) > LONGEST_URL:
            return Response(URL_TOO_LONG, 414, media_type="text/html")
        objects = self._now().objects(self._object_type(request))
        limit = _limit(request, default=10, most=LIST_LIMIT)
        page, paging = _page(request, objects.listed(request), limit)
        return {"results": objects.shape(page, _asked_properties(request)), **paging}

    async def search(self, request: Request) -> Json:
        """Return the records that match, at most 200 of them."""
        objects = self._indexed(request).objects(self._object_type(request))
        search = parse_search(await _json_object(request))
        found = objects.index.find(search)
        page = found[search.offset : search.offset + search.limit]
        answer: Json = {
            "total": len(found),
            "results": objects.shape(objects.live.iloc[page], search.properties),
        }
        if search.offset + search.limit < len(found):
            answer["paging"] = {"next": {"after": str(search.offset + search.limit)}}
        return answer

    async def read_objects(self, request: Request) -> Response:
        """Return the records with these ids; 207 with an error that names those there are not."""
        objects = self._now().objects(self._object_type(request))
        body = await _json_object(request)
        ids = np.fromiter(_batch_inputs(body, BATCH_LIMIT), np.int64)
        listed = objects.listed(request)
        known = listed["id"].to_numpy(np.int64)
        is_known = _is_in(ids, known)
        rows = listed.iloc[np.searchsorted(known, ids[is_known])]
        missing = [str(each) for each in ids[~is_known].tolist()]
        errors = [_not_found(objects.object_type, missing)] if missing else []
        return self._batch(objects.shape(rows, tuple(body.get("properties") or ())), errors)

    async def read_associations(self, request: Request) -> Response:
        """Return what each input record is associated with; 207 with an error for each without any."""
        from_type, to_type = (self._object_type(request, part) for part in ("from_type", "to_type"))
        name = ASSOCIATIONS.get((from_type.name, to_type.name))
        if name is None:
            raise invalid(f"No association of {from_type.name} to {to_type.name} is defined.")
        inputs = _batch_inputs(await _json_object(request), ASSOCIATIONS_BATCH_LIMIT)
        results = self._now().associations(name, from_type, to_type).of(inputs)
        errors = [_no_association(from_id) for from_id in inputs if from_id not in results]
        if results and self._strikes("hubspot_partial_associations", request):
            failed = next(iter(results))
            del results[failed]
            errors.append(_failed_association(failed))
        return self._batch(list(results.values()), errors)

    async def list_owners(self, request: Request) -> Json:
        """Page through the owners; `archived` turns to the archived ones."""
        owners = self._company.hubspot["owners"]
        current = owners.current(self._clock.now)
        rows = current[(current["state"] == ("archived" if _is_archived(request) else "live")).to_numpy(bool)]
        page, paging = _page(request, rows, _limit(request, default=100, most=OWNERS_LIMIT))
        return {"results": owners.render(page), **paging}

    async def list_pipelines(self, request: Request) -> Json:
        """Return the pipelines of an object type: deals have one, the others none."""
        return {"results": DEAL_PIPELINES if self._object_type(request).name == "deals" else []}

    async def list_properties(self, request: Request) -> Json:
        """Return the catalogue of an object type's properties, none of which is archived."""
        return {"results": [] if _is_archived(request) else self._object_type(request).describe()}

    def _object_type(self, request: Request, part: str = "object_type") -> ObjectType:
        name = request.path_params[part]
        if name not in BY_ALIAS:
            raise VendorError(404, "OBJECT_NOT_FOUND", f"There is no object type {name!r}.")
        known = BY_ALIAS[name]
        custom = self._company.hubspot_properties.get(known.name, {})
        return replace(known, properties={**known.properties, **custom})

    def _strikes(self, behaviour: str, request: Request) -> bool:
        return self._faults.strikes(behaviour, "hubspot", request.url.path)

    def _indexed(self, request: Request) -> "_Moment":
        """Return what search has indexed: all there is, or all there was."""
        lags = self._strikes("hubspot_index_lag", request)
        return self._at(self._clock.now - INDEX_LAG) if lags else self._now()

    def _now(self) -> "_Moment":
        return self._at(self._clock.now)

    def _at(self, instant: datetime) -> "_Moment":
        if instant not in self._moments:
            while len(self._moments) > 1:  # now, and where search lags behind
                del self._moments[next(iter(self._moments))]
            self._moments[instant] = _Moment(self._company, instant)
        return self._moments[instant]

    def _batch(self, results: list[Json], errors: list[Json]) -> Response:
        at = self._clock.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        body: Json = {"status": "COMPLETE", "startedAt": at, "completedAt": at, "results": results}
        if not errors:
            return json_response(body)
        return json_response(body | {"numErrors": len(errors), "errors": errors}, 207)


@dataclass(frozen=True)
class _Objects:
    """One object type at one moment."""

    object_type: ObjectType
    versions: Versions
    live: pd.DataFrame
    archived: pd.DataFrame
    index: SearchIndex

    def listed(self, request: Request) -> pd.DataFrame:
        """Return the records of the list a request is for."""
        return self.archived if _is_archived(request) else self.live

    def shape(self, rows: pd.DataFrame, properties: Sequence[str]) -> list[Json]:
        """Return the records with the properties asked for, or the default ones; unknown ones are ignored."""
        asked = properties or self.object_type.defaults
        names = sorted(
            {name for name in asked if name in self.object_type.types} | {*self.object_type.always}
        )
        records: list[Any] = self.versions.render(rows)
        for record in records:
            known = {
                "createdate": record["createdAt"],
                self.object_type.modified: record["updatedAt"],
                **record["properties"],
                "hs_object_id": record["id"],
            }
            record["properties"] = {name: known.get(name) for name in names}
        return records


class _Associations:
    """What the records of one type are associated with, at one moment."""

    def __init__(self, rows: pd.DataFrame) -> None:
        columns = ["from_id", "to_id", "type_id"]
        ordered = rows.sort_values(columns, kind="stable").drop_duplicates(columns)
        self._from_ids, self._to_ids, self._type_ids = (ordered[name].to_numpy(np.int64) for name in columns)

    def of(self, inputs: Mapping[int, int]) -> dict[int, Json]:
        """Return the result for each id that has associations; `inputs` maps an id to the last one seen."""
        ids = np.fromiter(inputs, np.int64, len(inputs))
        firsts = np.searchsorted(self._from_ids, ids).tolist()
        ends = np.searchsorted(self._from_ids, ids, side="right").tolist()
        return {
            from_id: self._result(from_id, slice(first, end), after)
            for (from_id, after), first, end in zip(inputs.items(), firsts, ends, strict=True)
            if first < end
        }

    def _result(self, from_id: int, rows: slice, after: int) -> Json:
        types_by_id: dict[int, list[Json]] = {}
        for to_id, type_id in zip(self._to_ids[rows].tolist(), self._type_ids[rows].tolist(), strict=True):
            if to_id > after:
                types_by_id.setdefault(to_id, []).append(_association_type(type_id))
        shown = list(types_by_id.items())[:ASSOCIATED_LIMIT]
        result: Json = {
            "from": {"id": str(from_id)},
            "to": [{"toObjectId": to_id, "associationTypes": types} for to_id, types in shown],
        }
        if len(shown) < len(types_by_id):
            result["paging"] = {"next": {"after": str(shown[-1][0])}}
        return result


@dataclass
class _Moment:
    """What the account shows at one instant, indexed on demand."""

    company: Company
    instant: datetime
    _objects: dict[str, _Objects] = field(default_factory=dict)
    _associations: dict[str, _Associations] = field(default_factory=dict)

    def objects(self, object_type: ObjectType) -> _Objects:
        if object_type.name not in self._objects:
            self._objects[object_type.name] = self._index_objects(object_type)
        return self._objects[object_type.name]

    def associations(self, name: str, from_type: ObjectType, to_type: ObjectType) -> _Associations:
        if name not in self._associations:
            rows = self.company.associations[name]
            is_shown = (rows["visible_at"] <= self._naive_instant()).to_numpy(bool)
            if "gone_at" in rows:
                is_shown = is_shown & ~(rows["gone_at"] <= self._naive_instant()).to_numpy(bool)
            for column, object_type in (("from_id", from_type), ("to_id", to_type)):
                ids = rows[column].to_numpy(np.int64)
                is_shown = is_shown & _is_in(ids, self._live_ids(object_type))
            self._associations[name] = _Associations(rows[is_shown])
        return self._associations[name]

    def _index_objects(self, object_type: ObjectType) -> _Objects:
        versions = self.company.hubspot[object_type.name]
        current = versions.current(self.instant)
        live = current[(current["state"] == "live").to_numpy(bool)]
        is_kept = (current["visible_at"] > self._naive_instant() - ARCHIVE_KEPT).to_numpy(bool)
        archived = current[(current["state"] == "archived").to_numpy(bool) & is_kept]
        index = SearchIndex(object_type, live, versions.render)
        return _Objects(object_type, versions, live, archived, index)

    def _live_ids(self, object_type: ObjectType) -> npt.NDArray[np.int64]:
        return self.objects(object_type).live["id"].to_numpy(np.int64)

    def _naive_instant(self) -> pd.Timestamp:
        return pd.Timestamp(self.instant.astimezone(UTC).replace(tzinfo=None))


def _is_in(values: npt.NDArray[np.int64], ordered: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    if not len(ordered):
        return np.zeros(len(values), bool)
    places = np.searchsorted(ordered, values).clip(max=len(ordered) - 1)
    is_found: npt.NDArray[np.bool_] = ordered[places] == values
    return is_found


def _association_type(type_id: int) -> Json:
    label = "Primary" if type_id in PRIMARY_TYPE_IDS else None
    return {"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": label}


async def _json_object(request: Request) -> Json:
    return await json_body(request, invalid("The body is not a JSON object."))


def _is_archived(request: Request) -> bool:
    return request.query_params.get("archived", "false").lower() == "true"  # clients write True


def _asked_properties(request: Request) -> tuple[str, ...]:
    return tuple(
        name for text in request.query_params.getlist("properties") for name in text.split(",") if name
    )


def _limit(request: Request, *, default: int, most: int) -> int:
    text = request.query_params.get("limit", str(default))
    if not text.isdigit() or not 0 < int(text) <= most:
        raise invalid(f"limit is {text!r}; this list returns 1 to {most} records a page.")
    return int(text)


def _page(request: Request, rows: pd.DataFrame, limit: int) -> tuple[pd.DataFrame, Json]:
    after = request.query_params.get("after", "0")
    if not after.isdigit():
        raise invalid(f"after is {after!r}, not what an earlier answer gave.")
    ids = rows["id"].to_numpy(np.int64)
    first = int(np.searchsorted(ids, int(after), side="right"))
    page = rows.iloc[first : first + limit]
    if first + limit >= len(ids):
        return page, {}
    last = str(ids[first + limit - 1])
    link = str(request.url.include_query_params(after=last))
    return page, {"paging": {"next": {"after": last, "link": link}}}


def _batch_inputs(body: Json, most: int) -> dict[int, int]:
    """Return id -> after, in the order given, each id once."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not 0 < len(inputs) <= most:
        raise invalid(f"inputs takes 1 to {most} records.")
    try:
        return {int(item["id"]): int(item.get("after") or 0) for item in inputs}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise invalid("Each input is an object with an id.") from None


def _no_association(from_id: int) -> Json:
    return {
        **_batch_error("OBJECT_NOT_FOUND", f"No object is associated with {from_id}."),
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "context": {"fromObjectId": [str(from_id)]},
    }


def _failed_association(from_id: int) -> Json:
    return {
        **_batch_error("INTERNAL_ERROR", "The associations could not be read."),
        "context": {"fromObjectId": [str(from_id)]},
    }


def _not_found(object_type: ObjectType, ids: list[str]) -> Json:
    return {
        **_batch_error("OBJECT_NOT_FOUND", f"Could not get some {object_type.name}: they may be deleted."),
        "context": {"ids": ids},
    }


def _batch_error(category: str, message: str) -> Json:
    return {"status": "error", "category": category, "message": message, "errors": [], "links": {}}
