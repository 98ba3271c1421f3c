"""Reads a whole Zendesk account with `zenpy`: `read_zendesk.py BASE_URL EMAIL TOKEN`."""

import sys
from urllib.parse import urlsplit

import requests
import zendesk_schema
from demo_host import session_to
from findings import Misfits, found
from zenpy import Zenpy
from zenpy.lib.exception import APIException
from zenpy.lib.generator import BaseResultGenerator

BEGINNING = 0
PER_PAGE = 500

misfits = Misfits()


def check(response: requests.Response, *_arguments: object, **_named: object) -> None:
    """Hold an answer against the specification before the client reads it."""
    if response.ok:
        path = urlsplit(response.url).path.partition("/api/v2")[2]
        misfits.note(path.removesuffix(".json"), zendesk_schema.misfits(path, response.content))


def connect(base_url: str, email: str, token: str) -> Zenpy:
    """Return a client of the account at `base_url`, which believes it speaks with its vendor's host."""
    session = session_to(base_url)
    session.hooks["response"].append(check)
    return Zenpy(subdomain="demo", email=email, token=token, session=session, disable_cache=True)


def read(stream: str, records: BaseResultGenerator) -> None:
    """Read one stream until a page brings nothing new.

    An export by time has no other end: where it does not say so itself, or more records share a second than a
    page holds, the client would ask for the same page for ever.
    """
    seen: set[int] = set()
    for record in records:
        if records.position == 1 and seen.issuperset(each.id for each in records.values):
            break
        seen.add(record.id)
        found(stream, record.to_dict())


def main(base_url: str, email: str, token: str) -> None:
    """Read everything there is."""
    client = connect(base_url, email, token)
    read("tickets", client.tickets.incremental(BEGINNING, include="metric_sets", per_page=PER_PAGE))
    read("users", client.users.incremental(BEGINNING, per_page=PER_PAGE))
    read("organizations", client.organizations.incremental(BEGINNING, per_page=PER_PAGE))
    read("ticket_events", client.tickets.events(BEGINNING, include="comment_events", per_page=PER_PAGE))
    read("ticket_metric_events", client.ticket_metric_events(BEGINNING, per_page=PER_PAGE))
    read("satisfaction_ratings", client.satisfaction_ratings())
    read("ticket_fields", client.ticket_fields())
    read("deleted_tickets", client.tickets.deleted())
    read("listed users", client.users())
    read("listed organizations", client.organizations())
    try:
        list(connect(base_url, email, "wrong").users.incremental(BEGINNING))
    except APIException as error:
        found("refusals", ["a wrong token", error.response.status_code])
    misfits.tell()


if __name__ == "__main__":
    main(*sys.argv[1:])
