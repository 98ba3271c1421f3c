"""HubSpot CRM: contacts, companies, deals, line items, products, their associations, owners, pipelines.

**Changed objects** come from search, in the window [cursor - overlap, until), paged by key: each page
asks for ids greater than the last one, in order of id. Search refuses to page past 10,000 results of one
query, and a window that is cut by time cannot be cut further when an import stamps 10,000 objects with
one second. By key every page is a query of its own, so the cap is never met; an object that changes while
we page leaves the window for the next night's, and moves no other.

**Archived objects** are in no search and archiving does not touch their time of change: the list of
archived ones, which holds 90 days, is read whole behind the changed ones.

**What goes without a word** (deleted for good, merged away, archived more than 90 days ago) and what comes
back so (restored) shows in a weekly census, the list of all live ids.

**Associations** are read for the objects this night landed, and on the night of a census for all live ones:
an association may change, or lose the object at its other end, without a change of its own object.

**Properties** are answered only when asked for by name. The cursor remembers which were: the first night that
asks for other ones reads the stream from its beginning, for what did not change has them too.

The connection's password is the token of a private app; or its extra has the client_id, client_secret and
refresh_token of an OAuth app. Extra `version` (2026-03) turns to HubSpot's dated paths, `<api>_path` and
`oauth_path` to any other; `searches_per_second` says what the account is allowed where that is not 4.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain, islice
from typing import Any
from urllib.parse import quote

from valuegap.errors import ConfigurationError
from valuegap.sources.client import Client
from valuegap.sources.connection import SourceConnection
from valuegap.sources.hubspot_streams import ASSOCIATED, CENSUS, COUNTED, STREAMS
from valuegap.sources.json_page import read_record
from valuegap.sources.stream import (
    OVERLAP,
    Page,
    Pages,
    Rate,
    Source,
    Stream,
    TokenRequest,
    Window,
    weekly,
)

SEARCH_LIMIT, LIST_LIMIT, ASSOCIATION_INPUTS = 200, 100, 1000
LONGEST_PROPERTIES = 6000  # characters in a URL: HubSpot refuses it (414) from 16,000 on, proxies from 8,000
ASSOCIATION_TRIES = 4
SEARCHES_PER_SECOND = "4"

_LEGACY_VERSIONS = {
    "objects": "v3",
    "owners": "v3",
    "pipelines": "v3",
    "properties": "v3",
    "associations": "v4",
}
_RESULTS = ("results",)
_PAGED = {"limit": str(LIST_LIMIT)}
_DAY_SECONDS = 86_400.0


def object_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the objects of one type that changed in the window, then through all archived ones."""
    path = f"{_path(client, 'objects')}/{stream.name}"
    properties = _asked_properties(stream)
    yield from _changed(client, f"{path}/search", stream, window, properties)
    yield from _archived(client, path, properties)
    yield json.dumps({"until": window.until.isoformat(), "properties": _fingerprint(properties)})


def owner_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Page through all owners and all archived ones: they have no search and archiving shows no time."""
    for archived in ("false", "true"):
        yield from _listed(client, _path(client, "owners"), {**_PAGED, "archived": archived})


def pipeline_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Read the pipelines of deals with their stages."""
    yield from _listed(client, f"{_path(client, 'pipelines')}/deals", {"archived": "false"})


def property_pages(client: Client, _stream: Stream, _window: Window) -> Iterator[Page | str]:
    """Read the catalogue of the properties of every object type we read."""
    for object_type in CENSUS:
        path = f"{_path(client, 'properties')}/{object_type}"
        yield from _listed(client, path, {"archived": "false"}, {"object_type": object_type})


def census_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through all live ids of one object type, once a week."""
    path = f"{_path(client, 'objects')}/{COUNTED[stream.name]}"
    request = {**_PAGED, "archived": "false", "properties": "hs_object_id"}
    return weekly(window, _listed(client, path, request))


def association_pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    """Page through the associations of the objects this night counted or landed, one record an object.

    An object without any is a record with an empty `to`, which takes the place of those it had.
    """
    from_type, to_type = ASSOCIATED[stream.name]
    path = f"{_path(client, 'associations')}/{from_type}/{to_type}/batch/read"
    ids = _ids_to_associate(window, from_type)
    while batch := list(islice(ids, ASSOCIATION_INPUTS)):
        request = {"path": path, "ids": len(batch), "first_id": batch[0], "last_id": batch[-1]}
        yield Page(_associations(client, path, batch), request, page_size=ASSOCIATION_INPUTS)


def _asked_properties(stream: Stream) -> list[str]:
    prefix = "$.properties."
    paths = (field.path for field in stream.fields if field.path.startswith(prefix))
    return list(dict.fromkeys(path.removeprefix(prefix) for path in paths))


def _fingerprint(properties: Iterable[str]) -> str:
    return hashlib.sha256(",".join(sorted(properties)).encode()).hexdigest()[:12]


def _since(cursor: str | None, properties: Iterable[str]) -> datetime | None:
    """Return where the window begins; None for the beginning of everything."""
    if cursor is None:
        return None
    if not cursor.startswith("{"):  # written before cursors remembered the properties
        return datetime.fromisoformat(cursor) - OVERLAP
    before = json.loads(cursor)
    if before["properties"] != _fingerprint(properties):
        return None
    return datetime.fromisoformat(before["until"]) - OVERLAP


def _changed(
    client: Client, path: str, stream: Stream, window: Window, properties: list[str]
) -> Iterator[Page]:
    since, last_id = _since(window.cursor, properties), 0
    while True:
        query = _query(stream, since, window.until, last_id)
        answer = client.post(path, {**query, "properties": properties}, records=_RESULTS)
        total = answer.envelope.get("total")
        if not answer.records:
            if total:
                raise client.error(
                    path, f"counts {total} objects and sends none", remedy="Run the night again."
                )
            return
        yield Page(answer.records, {"path": path, **query}, page_size=SEARCH_LIMIT)
        before, last_id = last_id, _advance(client, path, last_id, answer.records)
        if len(set(answer.records)) == total:  # a record sent twice is one
            return
        if last_id == before:
            raise client.error(path, f"sends objects without an id after {before}", remedy="Ask HubSpot why.")


def _query(stream: Stream, since: datetime | None, until: datetime, last_id: int) -> dict[str, object]:
    changed_at = "lastmodifieddate" if stream.name == "contacts" else "hs_lastmodifieddate"
    filters = [
        {"propertyName": changed_at, "operator": "LT", "value": _milliseconds(until)},
        {"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)},
    ]
    if since is not None:
        filters.append({"propertyName": changed_at, "operator": "GTE", "value": _milliseconds(since)})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "limit": SEARCH_LIMIT,
    }


def _advance(client: Client, path: str, last_id: int, records: Iterable[bytes]) -> int:
    ids = [int(content["id"]) for content in map(read_record, records) if "id" in content]
    if ids != sorted(ids) or last_id >= min(ids, default=last_id + 1):
        raise client.error(
            path,
            f"sent objects out of order after id {last_id}",
            remedy="Nothing is lost: run the night again, and report it to HubSpot if it stays.",
        )
    return ids[-1] if ids else last_id


def _archived(client: Client, path: str, properties: list[str]) -> Iterator[Page]:
    """Page through the archived objects; where their properties do not fit a URL, through batches of ids."""
    asked = ",".join(properties)
    params = {**_PAGED, "archived": "true"}
    if len(quote(asked, safe="")) <= LONGEST_PROPERTIES:
        yield from _listed(client, path, {**params, "properties": asked})
        return
    batch_path = f"{path}/batch/read?archived=true"
    for page in _listed(client, path, {**params, "properties": "hs_object_id"}):
        inputs = [{"id": content["id"]} for content in map(read_record, page.records) if "id" in content]
        if inputs:
            body = {"inputs": inputs, "properties": properties, "propertiesWithHistory": []}
            answer = client.post(batch_path, body, records=_RESULTS)
            _check_partial_errors(client, batch_path, answer.envelope)
            # a list and a batch for every hundred
            yield Page(answer.records, {**page.request, "path": batch_path}, page_size=LIST_LIMIT // 2)


def _listed(
    client: Client, path: str, params: Mapping[str, str], context: Mapping[str, str] | None = None
) -> Iterator[Page]:
    seen: set[str] = set()
    request = dict(params)
    query = f"{path}?archived={params['archived']}"
    while True:
        answer = client.get(path, request, records=_RESULTS)
        _check_list(client, path, params["archived"], answer.records)
        page_size = int(params.get("limit", 0))
        yield Page(answer.records, {"path": query, **request}, context or {}, page_size=page_size)
        after = _next_after(answer.envelope)
        if after is None:
            return
        if after in seen:
            raise client.error(
                path, "goes round in circles: it sent a page twice", remedy="Run the night again."
            )
        seen.add(after)
        request["after"] = after


def _check_list(client: Client, path: str, archived: str, records: Iterable[bytes]) -> None:
    """Refuse a page of the other list: its records carry other properties and would pass for new versions."""
    other = archived != "true"
    if any(content.get("archived") is other for content in map(read_record, records)):
        raise client.error(
            path, f"was asked for archived={archived} and sent other records", remedy="Run the night again."
        )


def _ids_to_associate(window: Window, object_type: str) -> Iterator[str]:
    """Return every live id on the night of a census, and on any other those that changed and are live."""
    counted = (str(landed["id"]) for landed in window.landed(CENSUS[object_type]))
    if (first := next(counted, None)) is not None:
        return chain((first,), counted)
    return (str(landed["id"]) for landed in window.landed(object_type) if not landed.get("archived"))


def _associations(client: Client, path: str, ids: list[str]) -> tuple[bytes, ...]:
    found: dict[str, bytes] = {}
    inputs = {each: {"id": each} for each in ids}
    tries = 0
    while inputs:
        answer = client.post(path, {"inputs": list(inputs.values())}, records=_RESULTS)
        answered = _by_object(client, path, answer.records)
        left_out, failure = _left_out(answer.envelope, [each for each in inputs if each not in answered])
        if failure is not None:
            tries += 1
            _wait_or_give_up(client, path, failure, tries if left_out else ASSOCIATION_TRIES)
        inputs = {each: inputs[each] for each in left_out}
        for from_id, (record, content) in answered.items():
            after = _next_after(content)
            if after is not None:
                inputs[from_id] = {"id": from_id, "after": after}
            is_whole = after is None and from_id not in found
            found[from_id] = record if is_whole else _joined(found.get(from_id), content)
    return tuple(found.get(each) or _no_associations(each) for each in ids)


def _by_object(
    client: Client, path: str, records: Iterable[bytes]
) -> dict[str, tuple[bytes, Mapping[str, Any]]]:
    """Return each record and its content by the id of its object; one that was sent twice is taken once."""
    found: dict[str, tuple[bytes, Mapping[str, Any]]] = {}
    for record in records:
        content = read_record(record)
        if not content.get("from"):
            raise client.error(path, "sent an association of no object", remedy="Run the night again.")
        found.setdefault(str(content["from"]["id"]), (record, content))
    return found


def _left_out(envelope: Mapping[str, Any], unanswered: list[str]) -> tuple[list[str], str | None]:
    """Return the objects that failed, which are not those without associations, and what was said of one."""
    absent: set[str] = set()
    failure = None
    for error in envelope.get("errors") or ():
        if error.get("category") == "OBJECT_NOT_FOUND":
            absent.update(map(str, (error.get("context") or {}).get("fromObjectId") or ()))
        else:
            failure = str(error.get("message"))
    return [each for each in unanswered if failure is not None and each not in absent], failure


def _wait_or_give_up(client: Client, path: str, failure: str, tries: int) -> None:
    if tries >= ASSOCIATION_TRIES:
        raise client.error(
            path, f"left objects out: {failure}", remedy="Run the night again: it goes on here."
        )
    client.sleep(float(tries))


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
                path, f"left objects out: {error.get('message')}", remedy="Run the night again."
            )


def _next_after(content: Mapping[str, Any]) -> str | None:
    after = ((content.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)


def _milliseconds(instant: datetime) -> str:
    return str(int(instant.timestamp() * 1000))


def _path(client: Client, api: str) -> str:
    """Return where an API begins: HubSpot's are dated (extra `version`) or, up to 2027, numbered."""
    extra = client.connection.extra
    dated = f"/crm/{api}/{extra['version']}" if extra.get("version") else None
    return extra.get(f"{api}_path") or dated or f"/crm/{_LEGACY_VERSIONS[api]}/{api}"


def _headers(connection: SourceConnection) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {connection.password}"}


def _token(connection: SourceConnection) -> TokenRequest | None:
    """Return how to renew the access token of a public app; a private app's does not run out."""
    extra = connection.extra
    if not extra.get("refresh_token"):
        return None
    if lacking := [name for name in ("client_id", "client_secret") if not extra.get(name)]:
        raise ConfigurationError(
            f"{connection.connection_id} has a refresh_token and no {lacking[0]}.",
            remedy="Add it to the extra of the connection, from the app's settings in HubSpot.",
        )
    credentials = {name: extra[name] for name in ("client_id", "client_secret", "refresh_token")}
    path = extra.get("oauth_path") or f"/oauth/{extra.get('version') or 'v1'}/token"
    return TokenRequest(path, {"grant_type": "refresh_token", **credentials})


def _rates(connection: SourceConnection) -> tuple[Rate, ...]:
    """Return the limit of search, whose answers carry no headers of it."""
    text = str(connection.extra.get("searches_per_second") or SEARCHES_PER_SECOND)
    if not text.isdigit() or not int(text):
        raise ConfigurationError(
            f"{connection.connection_id} has searches_per_second={text!r}, no positive whole number.",
            remedy=f"Leave it out: {SEARCHES_PER_SECOND} is what HubSpot allows.",
        )
    return (Rate("/search", int(text), 1.0),)


def _pause(headers: Mapping[str, str]) -> float:
    """Return how long to wait: the last tenth of an interval's requests is spread over an interval."""
    if headers.get("X-HubSpot-RateLimit-Daily-Remaining") == "0":
        return _DAY_SECONDS
    try:
        remaining = int(headers["X-HubSpot-RateLimit-Remaining"])
        most = int(headers["X-HubSpot-RateLimit-Max"])
        interval = int(headers["X-HubSpot-RateLimit-Interval-Milliseconds"]) / 1000
    except (KeyError, ValueError):  # search does not tell
        return 0.0
    if remaining <= 0:
        return interval
    return interval / most if remaining < most / 10 else 0.0


def _refusal(answer: Mapping[str, Any]) -> str | None:
    # The status of an OAuth error is its name, such as BAD_REFRESH_TOKEN. Only errors have a correlation.
    is_error = answer.get("status") == "error" or "correlationId" in answer
    return str(answer.get("message")) if is_error else None


_PAGERS: Mapping[str, Pages] = {
    "owners": owner_pages,
    "pipelines": pipeline_pages,
    "properties": property_pages,
    **dict.fromkeys(COUNTED, census_pages),
    **dict.fromkeys(ASSOCIATED, association_pages),
}


def _pages(client: Client, stream: Stream, window: Window) -> Iterator[Page | str]:
    return _PAGERS.get(stream.name, object_pages)(client, stream, window)


HUBSPOT = Source(
    "hubspot",
    "hubspot_default",
    STREAMS,
    _pages,
    _headers,
    _refusal,
    token=_token,
    pause=_pause,
    rates=_rates,
    side_by_side=4,
)
