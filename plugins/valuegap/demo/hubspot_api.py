"""HubSpot CRM: objects v3 (list, search), associations v4, owners and properties, as the vendor answers.

What is faithful on purpose, because connectors lose data by it: the list has no modified filter, the search
never returns archived records and stops at 10,000, neither returns associations, merged records are gone
without a trace but `hs_merged_object_ids`, and archiving does not move the last-modified time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    PRIMARY_TYPE_IDS,
    ObjectType,
)
from valuegap.demo.hubspot_search import SearchIndex, invalid, parse_search
from valuegap.demo.limits import Allowance, RateLimit
from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError, json_body, json_response

LIST_LIMIT = 100
OWNERS_LIMIT = 500
BATCH_LIMIT = 1000
ASSOCIATED_LIMIT = 500
ARCHIVE_KEPT = timedelta(days=90)
DAILY = RateLimit("DAILY", 650_000, 86_400)
BURST = RateLimit("TEN_SECONDLY_ROLLING", 190, 10)
SEARCHES = RateLimit("SECONDLY", 5, 1)
OBJECT_LIMITS = (BURST.name, DAILY.name)


def hubspot(company: Company, clock: VirtualClock, token: str, faults: Faults) -> Vendor:
    """Return the HubSpot account of `company`, open to the holder of `token`."""
    api = HubspotApi(company, clock, faults)
    return Vendor(
        name="hubspot",
        endpoints=(
            Endpoint("GET", "/crm/v3/objects/{object_type}", api.list_objects, OBJECT_LIMITS),
            Endpoint("POST", "/crm/v3/objects/{object_type}/search", api.search, (SEARCHES.name,)),
            Endpoint(
                "POST",
                "/crm/v4/associations/{from_type}/{to_type}/batch/read",
                api.read_associations,
                OBJECT_LIMITS,
            ),
            Endpoint("GET", "/crm/v3/owners", api.list_owners, OBJECT_LIMITS),
            Endpoint("GET", "/crm/v3/properties/{object_type}", api.list_properties, OBJECT_LIMITS),
        ),
        limits=(BURST, SEARCHES, DAILY),
        authenticate=lambda request: _authenticate(request, token),
        error_body=_error_body,
        not_found=VendorError(404, "OBJECT_NOT_FOUND", "Nothing is served at this address."),
        too_many_requests=_too_many_requests,
        rate_headers=_rate_headers,
    )


def _authenticate(request: Request, token: str) -> None:
    if request.headers.get("authorization") != f"Bearer {token}":
        raise VendorError(
            401, "INVALID_AUTHENTICATION", "Authentication credentials were not found or not valid."
        )


def _error_body(error: VendorError, request_id: str) -> Json:
    body: Json = {"status": "error", "message": error.message, "correlationId": request_id}
    if error.status == _too_many_requests(BURST).status:
        return body | {"errorType": "RATE_LIMIT", "policyName": error.code}
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
        self._moment = _Moment(company, clock.now)

    async def list_objects(self, request: Request) -> Json:
        """Page through all records in order of id; `archived` turns to the archived ones."""
        objects = self._at_now().objects(_object_type(request))
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        limit = _limit(request, default=10, most=LIST_LIMIT)
        rows = objects.archived if is_archived else objects.live
        page, paging = _page(request, rows, limit)
        return {"results": objects.shape(page, _asked_properties(request)), **paging}

    async def search(self, request: Request) -> Json:
        """Return the records that match, at most 200 of them."""
        objects = self._at_now().objects(_object_type(request))
        search = parse_search(await json_body(request, invalid("The body is not a JSON object.")))
        found = objects.index.find(search)
        page = found[search.offset : search.offset + search.limit]
        answer: Json = {
            "total": len(found),
            "results": objects.shape(objects.live.iloc[page], search.properties),
        }
        if search.offset + search.limit < len(found):
            answer["paging"] = {"next": {"after": str(search.offset + search.limit)}}
        return answer

    async def read_associations(self, request: Request) -> Response:
        """Return what each input record is associated with; 207 with an error for each without any."""
        from_type, to_type = (_object_type(request, part) for part in ("from_type", "to_type"))
        name = ASSOCIATIONS.get((from_type.name, to_type.name))
        if name is None:
            raise invalid(f"No association of {from_type.name} to {to_type.name} is defined.")
        inputs = _batch_inputs(await json_body(request, invalid("The body is not a JSON object.")))
        associations = self._at_now().associations(name, from_type, to_type)
        results = associations.of(inputs)
        errors = [_no_association(from_id) for from_id in inputs if from_id not in results]
        body: Json = {"status": "COMPLETE", "results": list(results.values())}
        if not errors:
            return json_response(body)
        return json_response(body | {"numErrors": len(errors), "errors": errors}, 207)

    async def list_owners(self, request: Request) -> Json:
        """Page through the owners; `archived` turns to the archived ones."""
        owners = self._company.hubspot["owners"]
        is_archived = request.query_params.get("archived", "false").lower() == "true"
        current = owners.current(self._clock.now)
        rows = current[(current["state"] == ("archived" if is_archived else "live")).to_numpy(bool)]
        page, paging = _page(request, rows, _limit(request, default=100, most=OWNERS_LIMIT))
        return {"results": owners.render(page), **paging}

    async def list_properties(self, request: Request) -> Json:
        """Return the catalogue of an object type's properties."""
        return {"results": _object_type(request).describe()}

    def _at_now(self) -> "_Moment":
        if self._moment.instant != self._clock.now:
            self._moment = _Moment(self._company, self._clock.now)
        return self._moment


@dataclass(frozen=True)
class _Objects:
    """One object type at one moment."""

    object_type: ObjectType
    versions: Versions
    live: pd.DataFrame
    archived: pd.DataFrame
    index: SearchIndex

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
        ordered = rows.sort_values(["from_id", "to_id", "type_id"], kind="stable")
        self._from_ids, self._to_ids, self._type_ids = (
            ordered[name].to_numpy(np.int64) for name in ("from_id", "to_id", "type_id")
        )

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


def _object_type(request: Request, part: str = "object_type") -> ObjectType:
    name = request.path_params[part]
    if name not in BY_ALIAS:
        raise VendorError(404, "OBJECT_NOT_FOUND", f"There is no object type {name!r}.")
    return BY_ALIAS[name]


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


def _batch_inputs(body: Json) -> dict[int, int]:
    """Return id -> after, in the order given, each id once."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not 0 < len(inputs) <= BATCH_LIMIT:
        raise invalid(f"inputs takes 1 to {BATCH_LIMIT} records.")
    try:
        return {int(item["id"]): int(item.get("after") or 0) for item in inputs}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise invalid("Each input is an object with an id.") from None


def _no_association(from_id: int) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No object is associated with {from_id}.",
        "context": {"fromObjectId": [str(from_id)]},
    }
