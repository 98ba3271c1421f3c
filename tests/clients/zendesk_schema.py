"""Holds an answer against Zendesk's specification, as the models of `python-zendesk` know it.

The models are told to refuse what they would pass over or turn into another type. Where the specification
itself is behind Zendesk's reference and guides, what stands in its place here is said with its reason.
"""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from pydantic import ValidationError
from zendesk.types import BaseModel

# Before any model is imported: they take the settings over when they are made.
BaseModel.model_config.update(extra="forbid", strict=True)

ANSWERS = {
    "/incremental/tickets/cursor": "CursorBasedExportIncrementalTicketsResponse",
    "/incremental/users/cursor": "CursorBasedExportIncrementalUsersResponse",
    "/incremental/organizations": "ExportIncrementalOrganizationsResponse",
    "/incremental/ticket_events": "ExportIncrementalTicketEventsResponse",
    "/incremental/ticket_metric_events": "TicketMetricEventsResponse",
    "/satisfaction_ratings": "SatisfactionRatingsResponse",
    "/ticket_fields": "TicketFieldsResponse",
    "/deleted_tickets": "ListDeletedTicketsResponse",
    "/users": "UsersResponse",
    "/organizations": "OrganizationsResponse",
}
# What the reference shows of a ticket event. The specification has a ticket metric event in its place.
TICKET_EVENT = {
    "id": int, "ticket_id": int, "timestamp": int, "created_at": str, "updater_id": int, "via": str,
    "child_events": list,
}  # fmt: skip


def misfits(path: str, body: bytes) -> Iterator[str]:
    """Yield where an answer at a path of the API is not what the specification says."""
    path = path.removesuffix(".json")
    answer = json.loads(body)
    if path == "/incremental/tickets/cursor":
        for ticket in answer["tickets"]:
            yield from _outside_the_specification(ticket)
    if path.endswith("/organizations"):
        for organization in answer["organizations"]:
            organization.pop("deleted_at", None)  # in the answers, in neither specification nor reference
    if path == "/incremental/ticket_events":
        for event in answer.pop("ticket_events"):
            yield from _ticket_event_misfits(event)
    if path == "/incremental/ticket_metric_events":
        for event in answer["ticket_metric_events"]:
            event.pop("sla", None)  # of an apply_sla event, in the reference
            event.pop("status", None)  # of an update_status event, in the reference
    if "meta" in answer:  # pages by cursor, which the guide to pagination tells of
        yield from _paging_misfits(answer.pop("meta"), answer.pop("links"))
    yield from _model_misfits(ANSWERS[path], answer)


def _paging_misfits(meta: dict[str, Any], links: dict[str, Any]) -> Iterator[str]:
    if meta.keys() != {"has_more", "after_cursor", "before_cursor"} or type(meta["has_more"]) is not bool:
        yield f"$.meta: {sorted(meta)}"
    if links.keys() != {"next", "prev"}:
        yield f"$.links: {sorted(links)}"


def _outside_the_specification(ticket: dict[str, Any]) -> Iterator[str]:
    """Take out of a ticket what the specification does not know, and check it by itself."""
    if ticket.get("status") == "deleted":
        del ticket["status"]  # the guide to incremental exports names it, the specification's enum does not
    if ticket.pop("fields", None) != ticket.get("custom_fields"):
        yield "$.tickets[].fields: not the same as custom_fields"
    if (metric_set := ticket.pop("metric_set", None)) is not None:  # a side-load, with an endpoint of its own
        yield from _model_misfits("TicketMetricObject", metric_set)


def _ticket_event_misfits(event: dict[str, Any]) -> Iterator[str]:
    for name in event.keys() ^ TICKET_EVENT.keys():
        yield f"$.ticket_events[].{name}: {'not known' if name in event else 'missing'}"
    for name in event.keys() & TICKET_EVENT.keys():
        if type(event[name]) is not TICKET_EVENT[name]:
            yield f"$.ticket_events[].{name}: {type(event[name]).__name__}"


def _model_misfits(name: str, value: Any) -> Iterator[str]:
    model = getattr(import_module(f"zendesk.models.{name.lower()}"), name)
    try:
        model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False, include_context=False):
            yield f"{name} {_place(each['loc'])}: {each['msg']}"


def _place(parts: tuple[object, ...]) -> str:
    text = ".".join("[]" if isinstance(part, int) else str(part) for part in parts)
    return re.sub(r"\.\[\]", "[]", f"$.{text}")
