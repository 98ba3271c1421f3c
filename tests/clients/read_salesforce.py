"""Reads a Salesforce org with `simple-salesforce`: `read_salesforce.py BASE_URL KEY SECRET OBJECT...`."""

import csv
import io
import sys

import salesforce_schema
from demo_host import session_to
from findings import Misfits, found
from simple_salesforce import Salesforce, exceptions

misfits = Misfits()
csv.field_size_limit(sys.maxsize)


def connect(base_url: str, key: str, secret: str) -> Salesforce:
    """Return a client of the org, which believes it speaks with My Domain."""
    return Salesforce(
        consumer_key=key, consumer_secret=secret, domain="demo.my", session=session_to(base_url)
    )


def read_object(client: Salesforce, name: str) -> None:
    """Read an object through REST and through Bulk 2.0, deleted records included."""
    described = getattr(client, name).describe()["fields"]
    fields = {field["name"]: field for field in described}
    query = f"SELECT {', '.join(fields)} FROM {name}"
    for record in client.query_all_iter(query, include_deleted=True):
        misfits.note(name, salesforce_schema.misfits(record, fields))
        found(name, {key: value for key, value in record.items() if key != "attributes"})
    for record in client.query_all_iter(f"SELECT Id FROM {name}"):
        found(f"live {name}", record["Id"])
    for part in getattr(client.bulk2, name).query_all(query, wait=0.1):
        for row in csv.DictReader(io.StringIO(part, newline="")):
            found(f"{name} in bulk", row)


def meet_errors(client: Salesforce, base_url: str, key: str) -> None:
    """Make the org refuse."""
    try:
        connect(base_url, key, "wrong")
    except exceptions.SalesforceAuthenticationFailed as error:
        found("refusals", ["a wrong secret", error.code])
    try:
        client.query("SELECT Nothing FROM Account")
    except exceptions.SalesforceMalformedRequest as error:
        found("refusals", ["no such field", error.status, error.content[0]["errorCode"]])


def main(base_url: str, key: str, secret: str, *objects: str) -> None:
    """Read everything there is."""
    client = connect(base_url, key, secret)
    for name in objects:
        read_object(client, name)
    meet_errors(client, base_url, key)
    misfits.tell()


if __name__ == "__main__":
    main(*sys.argv[1:])
