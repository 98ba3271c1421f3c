"""Exports surveys with the client generated from Qualtrics' specification.

`read_qualtrics.py BASE_URL TOKEN SURVEY_ID...`
"""

import json
import sys
import time
import zipfile
from contextlib import suppress

import attrs
import httpx
import qualtrics_schema
from findings import Misfits, found
from surveys_response_import_export_api_client import AuthenticatedClient
from surveys_response_import_export_api_client.api.response_exports import (
    create_export,
    get_export_file,
    get_export_progress,
)
from surveys_response_import_export_api_client.models import (
    ExportCreationRequest,
    ExportCreationRequestFormat,
    RequestStatus,
)
from surveys_response_import_export_api_client.types import UNSET

MOST_POLLS = 200

misfits = Misfits()


def check(response: httpx.Response) -> None:
    """Hold an answer against the specification before the client reads it."""
    response.read()
    if response.url.path.endswith("/file") and response.is_success:
        return
    model = "ExportStatusResponse" if response.request.method == "GET" else "CreationResponse"
    body = response.json()
    if not response.is_success:
        model, body = "Meta", body["meta"]
        found("refusals", response.status_code)
    misfits.note(model, qualtrics_schema.export_misfits(model, body))


def connect(base_url: str, token: str) -> AuthenticatedClient:
    """Return a client of the brand at `base_url`."""
    return AuthenticatedClient(
        base_url=f"{base_url}/API/v3",
        token=token,
        prefix="",
        auth_header_name="X-API-TOKEN",
        httpx_args={"event_hooks": {"response": [check]}, "trust_env": False},
    )


def export_request() -> ExportCreationRequest:
    """Ask for everything as NDJSON, in order of modification.

    The client's own defaults are the specification's examples: all of them are unset.
    """
    chosen = {"format_": ExportCreationRequestFormat.NDJSON, "sort_by_last_modified_date": True}
    names = [field.name for field in attrs.fields(ExportCreationRequest) if field.init]
    return ExportCreationRequest(**{**dict.fromkeys(names, UNSET), **chosen})


def read_survey(client: AuthenticatedClient, survey_id: str) -> None:
    """Export one survey: start, poll, fetch the file."""
    started = create_export.sync(survey_id, client=client, json_body=export_request())
    progress_id = started.result.progress_id
    for _ in range(MOST_POLLS):
        progress = get_export_progress.sync(survey_id, progress_id, client=client)
        if progress.result.status is RequestStatus.COMPLETE:
            break
        time.sleep(0.05)
    file = get_export_file.sync(survey_id, progress.result.file_id, client=client)
    with zipfile.ZipFile(file.payload) as archive:
        (member,) = archive.namelist()
        for line in archive.read(member).splitlines():
            record = json.loads(line)
            misfits.note("a record of the file", qualtrics_schema.response_misfits(record))
            found(survey_id, record)


def meet_errors(base_url: str, token: str, survey_id: str) -> None:
    """Make the brand refuse, and hold each refusal against the specification."""
    client = connect(base_url, token)
    wrong = connect(base_url, "wrong")
    request = export_request()
    refused = (
        lambda: create_export.sync(survey_id, client=wrong, json_body=request),
        lambda: get_export_progress.sync(survey_id, "ES_lost", client=client),
        lambda: get_export_file.sync(survey_id, "lost", client=client),
    )
    for call in refused:
        # The specification leaves out the `meta` around an error, and so its client stumbles over each.
        with suppress(KeyError):
            call()


def main(base_url: str, token: str, *survey_ids: str) -> None:
    """Read everything there is."""
    client = connect(base_url, token)
    for survey_id in survey_ids:
        read_survey(client, survey_id)
    meet_errors(base_url, token, survey_ids[0])
    misfits.tell()


if __name__ == "__main__":
    main(*sys.argv[1:])
