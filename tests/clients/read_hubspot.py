"""Reads a whole HubSpot account with `hubspot-api-client`: `read_hubspot.py BASE_URL TOKEN`."""

import importlib
import json
import sys
from types import ModuleType
from typing import Any

import hubspot_schema
from findings import Misfits, found
from hubspot import HubSpot
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.objects import BatchReadInputSimplePublicObjectId, PublicObjectSearchRequest

OBJECT_TYPES = ("contacts", "companies", "deals", "line_items", "products")
LINKS = (
    ("contacts", "companies"),
    ("deals", "companies"),
    ("deals", "contacts"),
    ("line_items", "deals"),
)
SEARCH_LIMIT, MOST_FOUND = 200, 10_000

misfits = Misfits()


def strict_api(package: ModuleType, api_name: str, config: dict[str, Any]) -> Any:
    """Build an API of the client whose answers are held against the specification before it reads them."""
    models = importlib.import_module(f"{package.__name__}.models")

    class StrictClient(package.ApiClient):  # type: ignore[name-defined]
        def deserialize(self, response: Any, response_type: str) -> Any:
            found_here = hubspot_schema.misfits(json.loads(response.data), response_type, models)
            misfits.note(response_type, found_here)
            return super().deserialize(response, response_type)

    configuration = package.Configuration()
    for name, value in config.items():
        setattr(configuration, name, value)
    return getattr(package, api_name)(api_client=StrictClient(configuration=configuration))


def read_objects(client: HubSpot, object_type: str) -> None:
    """Read the live and the archived records with every property of the catalogue."""
    catalogue = client.crm.properties.core_api.get_all(object_type).results
    properties = [each.name for each in catalogue]
    for is_archived in (False, True):
        api = getattr(client.crm, object_type)
        for record in api.get_all(properties=properties, archived=is_archived):
            found(object_type, record.to_dict())


def read_by_search(client: HubSpot, object_type: str) -> None:
    """Read what the search shows, up to the most it ever shows."""
    after: str | None = "0"
    while after is not None and int(after) < MOST_FOUND:
        page = client.crm.objects.search_api.do_search(
            object_type,
            PublicObjectSearchRequest(
                limit=SEARCH_LIMIT,
                after=after,
                filter_groups=[],
                properties=["hs_object_id"],
                sorts=["hs_object_id"],
            ),
        )
        for record in page.results:
            found(f"{object_type} by search", {"id": record.id, "total": page.total})
        after = page.paging.next.after if page.paging else None


def read_batch(client: HubSpot, object_type: str, ids: list[str]) -> None:
    """Read records by their ids; an id nobody has is an error within the answer."""
    inputs = [{"id": each} for each in (*ids, "1")]
    asked = BatchReadInputSimplePublicObjectId(
        inputs=inputs, properties=["hs_object_id"], properties_with_history=[]
    )
    for record in client.crm.objects.batch_api.read(object_type, asked).results:
        found(f"{object_type} by batch", record.id)


def read_associations(client: HubSpot, from_type: str, to_type: str, ids: list[str]) -> None:
    """Read what each record is associated with, following the pages of each."""
    inputs = [{"id": each} for each in ids]
    while inputs:
        batch, inputs = inputs[:1000], inputs[1000:]
        answer = client.crm.associations.v4.batch_api.get_page(
            from_type, to_type, BatchInputPublicFetchAssociationsBatchRequest(inputs=batch)
        )
        for result in answer.results:
            for to in result.to:
                for kind in to.association_types:
                    found(f"{from_type} to {to_type}", [result._from.id, to.to_object_id, kind.type_id])
            if result.paging:
                inputs.append({"id": result._from.id, "after": result.paging.next.after})


def meet_errors(base_url: str, token: str) -> None:
    """Make the account refuse, and hold each refusal against the specification."""
    client = connect(base_url, token)
    refusals = (
        ("a wrong token", connect(base_url, "wrong").crm.contacts.basic_api.get_page),
        ("no such type", lambda: client.crm.objects.basic_api.get_page("no_such_type")),
        ("too large a page", lambda: client.crm.contacts.basic_api.get_page(limit=101)),
        ("past the most found", lambda: client.crm.objects.search_api.do_search(
            "line_items", PublicObjectSearchRequest(limit=200, after=str(MOST_FOUND), filter_groups=[], properties=[], sorts=[])
        )),
    )  # fmt: skip
    models = importlib.import_module("hubspot.crm.objects.models")
    for name, refused in refusals:
        try:
            refused()
        except Exception as error:
            if not hasattr(error, "body"):  # each API of the client has an ApiException of its own
                raise
            body = json.loads(error.body)
            misfits.note(f"Error for {name}", hubspot_schema.misfits(body, "Error", models))
            found("refusals", [name, error.status])


def connect(base_url: str, token: str) -> HubSpot:
    """Return a client of the account at `base_url`."""
    return HubSpot(access_token=token, host=base_url, api_factory=strict_api)


def main(base_url: str, token: str) -> None:
    """Read everything there is."""
    client = connect(base_url, token)
    for object_type in OBJECT_TYPES:
        read_objects(client, object_type)
        read_by_search(client, object_type)
    for is_archived in (False, True):
        for owner in client.crm.owners.get_all(archived=is_archived):
            found("owners", owner.to_dict())
    read_batch(client, "contacts", [record.id for record in client.crm.contacts.basic_api.get_page().results])
    for from_type, to_type in LINKS:
        ids = [record.id for record in getattr(client.crm, from_type).get_all()]
        read_associations(client, from_type, to_type, ids)
    for pipeline in client.crm.pipelines.pipelines_api.get_all("deals").results:
        found("pipelines", pipeline.to_dict())
    meet_errors(base_url, token)
    misfits.tell()


if __name__ == "__main__":
    main(*sys.argv[1:])
