"""Pages that come whole and are wrong: repeated, empty, pointing backwards, with a record twice.

A page is wrong in a way a careful client can see, or can live with. So only a page with more to come is
repeated, emptied or turned back: what no answer shows, no client can know.
"""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from valuegap.demo.broken_answers import Answered
from valuegap.demo.vendor import Json

PAGE_SIZES = ("limit", "per_page", "page[size]", "pageSize")
POSITIONS = ("after", "cursor", "start_time", "page[after]", "offset", "skipToken")

Change = Callable[[Json, Request], bool]
"""Changes a parsed page; returns whether it could."""


def _changed(change: Change, answered: Answered) -> Response | None:
    """Return the answer with its page changed.

    A page that a parse and a dump would repair (a key twice, a number too long) is left as it is.
    """
    if not answered.is_json:
        return None
    try:
        page = orjson.loads(answered.body)
    except orjson.JSONDecodeError:
        return None
    is_changed = (
        isinstance(page, dict) and _is_faithful(page, answered.body) and change(page, answered.request)
    )
    return answered.with_body(orjson.dumps(page)) if is_changed else None


def _is_faithful(page: Json, body: bytes) -> bool:
    return orjson.dumps(page) == body


def _records(page: Json) -> list[Any]:
    """Return the list of records of a page: the one list beside its paging."""
    content = page.get("result", page)
    if not isinstance(content, dict):
        return []
    lists = [value for name, value in content.items() if isinstance(value, list) and name != "errors"]
    return lists[0] if lists else []


def has_more(page: Json) -> bool:
    """Tell whether the vendor says that this page is not the last."""
    result, meta = page.get("result"), page.get("meta")
    return (
        "paging" in page
        or page.get("end_of_stream") is False
        or page.get("done") is False
        or (isinstance(meta, dict) and bool(meta.get("has_more")))
        or (isinstance(result, dict) and bool(result.get("nextPage")))
    )


def _turn_back(page: Json, request: Request) -> bool:
    """Make a page with more to come point to the place it was asked for itself, where it says one."""
    asked = request.query_params
    if "after" in page.get("paging", {}).get("next", {}) and request.method == "GET":
        page["paging"]["next"]["after"] = asked.get("after", "0")
    elif "after_cursor" in page and "cursor" in asked:
        page["after_cursor"] = asked["cursor"]
    elif "end_time" in page and "start_time" in asked:
        page["end_time"] = int(float(asked["start_time"]))
    elif page.get("meta", {}).get("after_cursor") and "page[after]" in asked:
        page["meta"]["after_cursor"] = asked["page[after]"]
    elif isinstance(page.get("result"), dict) and page["result"].get("nextPage"):
        page["result"]["nextPage"] = str(request.url)
    else:
        return False
    return True


def _empty(page: Json, request: Request) -> bool:
    if not has_more(page) or not _records(page):
        return False
    # The count of a search stays: so many match, and none is shown.
    is_search = request.method == "POST" or "totalSize" in page
    if not is_search and not _turn_back(page, request):
        return False
    _records(page).clear()
    return True


def _go_back(page: Json, request: Request) -> bool:
    return has_more(page) and _turn_back(page, request)


def _repeat_a_record(page: Json, _request: Request) -> bool:
    records = _records(page)
    records.extend(records[-1:])
    return bool(records)


def _add_fields(page: Json, _request: Request) -> bool:
    page["x_trace"] = {"region": "eu-1", "spans": [1, 2, 3]}
    return True


empty_page = partial(_changed, _empty)
cursor_backwards = partial(_changed, _go_back)
duplicate_record = partial(_changed, _repeat_a_record)
unknown_fields = partial(_changed, _add_fields)


def repeated_page(answered: Answered) -> Response | None:
    """Answer with the page before, which said that there is more: a copy that is out of date."""
    before = answered.before
    if before is None or not answered.is_json:
        return None
    try:
        page = orjson.loads(bytes(before.body))
    except orjson.JSONDecodeError:
        return None
    is_earlier = isinstance(page, dict) and has_more(page) and bytes(before.body) != answered.body
    return answered.with_body(bytes(before.body)) if is_earlier else None


def list_of(request: Request) -> str:
    """Return what names a list, whichever of its pages is asked for."""
    return str(request.url.remove_query_params(POSITIONS))


async def with_shorter_page(request: Request) -> Request | None:
    """Return the request asking for half as many records, or None where it names no number."""
    query = dict(request.query_params)
    named = [name for name in PAGE_SIZES if _can_halve(query.get(name))]
    if named:
        query[named[0]] = str(int(query[named[0]]) // 2)
        return Request({**request.scope, "query_string": str(QueryParams(query)).encode()}, request.receive)
    return await _with_shorter_search(request)


async def _with_shorter_search(request: Request) -> Request | None:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    if not isinstance(body, dict) or not _can_halve(body.get("limit")):
        return None
    body["limit"] //= 2

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(body).encode(), "more_body": False}

    return Request(request.scope, receive)


def _can_halve(size: object) -> bool:
    return str(size).isdigit() and int(str(size)) > 1
