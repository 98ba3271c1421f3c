"""Qualtrics: surveys, survey definitions, and responses through the export job: start, poll, file.

What is faithful on purpose, because connectors trip over it: `percentComplete` reaches 100 one poll before
the job is done and has a file; the file is a zip with one member named after the survey; the dates filter on
`recordedDate` unless the job sorts by modification; deleted responses vanish without a word.
"""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.limits import RateLimit
from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError, json_body

SURVEYS_PER_PAGE = 100
RENDERED_AT_ONCE = 5_000
FASTEST_COMPRESSION = 1
BRAND = RateLimit("brand", 3000, 60)
EXPORT_STARTS = RateLimit("export_starts", 100, 60)
EXPORT_OPTIONS = frozenset(
    {"format", "startDate", "endDate", "sortByLastModifiedDate", "compress", "timeZone", "useLabels"}
    | {"allowContinuation", "exportResponsesInProgress"}
)
EXPORT_FORMATS = frozenset({"json", "ndjson"})


def qualtrics(
    company: Company,
    clock: VirtualClock,
    token: str,
    faults: Faults,
    surveys_per_page: int = SURVEYS_PER_PAGE,
) -> Vendor:
    """Return the Qualtrics brand of `company`, open to the holder of `token`."""
    api = QualtricsApi(company, clock, faults, surveys_per_page)
    exports = "/API/v3/surveys/{survey_id}/export-responses"
    return Vendor(
        name="qualtrics",
        endpoints=(
            Endpoint("GET", "/API/v3/surveys", api.list_surveys, (BRAND.name,)),
            Endpoint("GET", "/API/v3/survey-definitions/{survey_id}", api.definition, (BRAND.name,)),
            Endpoint("POST", exports, api.start_export, (EXPORT_STARTS.name, BRAND.name)),
            Endpoint("GET", f"{exports}/{{progress_id}}", api.poll_export, (BRAND.name,)),
            Endpoint("GET", f"{exports}/{{file_id}}/file", api.export_file, (BRAND.name,)),
        ),
        limits=(BRAND, EXPORT_STARTS),
        authenticate=lambda request: _authenticate(request, token),
        error_body=_error_body,
        not_found=VendorError(404, "REQ_1", "The requested resource does not exist."),
        too_many_requests=lambda limit: VendorError(
            429, "RTL_1", f"Too many requests: the {limit.name} limit is {limit.requests} a minute."
        ),
        rate_headers=lambda _allowances: {},  # the vendor tells nothing before its 429
    )


def _authenticate(request: Request, token: str) -> None:
    if request.headers.get("x-api-token") != token:
        raise VendorError(401, "AUTH_3.0", "Unrecognized X-API-TOKEN.")


HTTP_REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    503: "Service Unavailable",
}


def _error_body(error: VendorError, request_id: str) -> Json:
    return {
        "meta": {
            "requestId": request_id,
            "httpStatus": f"{error.status} - {HTTP_REASONS[error.status]}",
            "error": {"errorCode": error.code, "errorMessage": error.message},
        }
    }


def _result(request: Request, result: Json) -> Json:
    return {"result": result, "meta": {"requestId": request.state.request_id, "httpStatus": "200 - OK"}}


class QualtricsApi:
    """The endpoints, and the export jobs under way."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults, surveys_per_page: int) -> None:
        """No job is under way."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._surveys_per_page = surveys_per_page
        self._jobs: dict[str, _ExportJob] = {}

    async def list_surveys(self, request: Request) -> Json:
        """Page through the surveys; `nextPage` is the whole URL to go on with, or null."""
        rows = _live(self._company.qualtrics_surveys, self._clock.now)
        offset = _whole_number(request.query_params.get("offset", "0"), "offset")
        end = offset + self._surveys_per_page
        next_page = str(request.url.include_query_params(offset=end)) if end < len(rows) else None
        elements = self._company.qualtrics_surveys.render(rows.iloc[offset:end])
        return _result(request, {"elements": elements, "nextPage": next_page})

    async def definition(self, request: Request) -> Json:
        """Return the definition of one survey."""
        definitions = self._company.qualtrics_definitions
        rows = _live(definitions, self._clock.now)
        rows = rows[(rows["id"] == request.path_params["survey_id"]).to_numpy(bool)]
        if rows.empty:
            raise _no_survey(request)
        return _result(request, definitions.render(rows)[0])

    async def start_export(self, request: Request) -> Json:
        """Start a job that exports the responses of one survey as they are now."""
        survey_id = request.path_params["survey_id"]
        name = self._survey_name(request)
        options = _export_options(await json_body(request, _invalid("The body is not a JSON object.")))
        responses = self._company.qualtrics_responses.get(survey_id)
        number = len(self._jobs) + 1
        job = _ExportJob(f"ES_{number:015d}", f"{survey_id}-{number:06d}", name, options)
        self._jobs[job.progress_id] = job
        rows = None if responses is None else options.select(responses, self._clock.now)
        job.start(responses.render if responses else None, rows)
        return _result(
            request, {"progressId": job.progress_id, "percentComplete": 0.0, "status": "inProgress"}
        )

    async def poll_export(self, request: Request) -> Json:
        """Say how far a job is; `fileId` is there when its status is complete, and not before."""
        job = self._jobs.get(request.path_params["progress_id"])
        if job is None:
            raise VendorError(404, "RP_4.1", "There is no such export.")
        return _result(request, job.poll())

    async def export_file(self, request: Request) -> Response:
        """Return the file of a finished job."""
        file_id = request.path_params["file_id"]
        for job in self._jobs.values():
            if job.file_id == file_id and job.file is not None:
                media_type = "application/zip" if job.options.is_compressed else "application/json"
                return Response(job.file, media_type=media_type)
        raise VendorError(404, "RP_4.2", "There is no such file.")

    def _survey_name(self, request: Request) -> str:
        surveys = self._company.qualtrics_surveys
        rows = _live(surveys, self._clock.now)
        rows = rows[(rows["id"] == request.path_params["survey_id"]).to_numpy(bool)]
        if rows.empty:
            raise _no_survey(request)
        return str(surveys.render(rows)[0]["name"])


@dataclass(frozen=True)
class _ExportOptions:
    """What one export is asked for. `since` is inclusive, `until` exclusive."""

    format: str
    since: datetime | None
    until: datetime | None
    by_modification: bool
    is_compressed: bool

    def select(self, responses: Versions, instant: datetime) -> pd.DataFrame:
        """Return the responses to export, in order of the time they are filtered by."""
        rows = _live(responses, instant)
        column = "updated_at" if self.by_modification else "recorded_at"
        times: npt.NDArray[np.datetime64] = rows[column].to_numpy("datetime64[us]")
        is_wanted = np.ones(len(rows), bool)
        if self.since is not None:
            is_wanted &= times >= np.datetime64(self.since, "us")
        if self.until is not None:
            is_wanted &= times < np.datetime64(self.until, "us")
        order = np.argsort(times[is_wanted], kind="stable")
        return rows[is_wanted].iloc[order]

    def pack(self, survey_name: str, content: Iterator[bytes]) -> bytes:
        """Return the file: a zip with one member named after the survey, or its bare content."""
        if not self.is_compressed:
            return b"".join(content)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST_COMPRESSION) as archive:
            member = zipfile.ZipInfo(f"{survey_name}.{self.format}")  # the same bytes on every day
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                for chunk in content:
                    file.write(chunk)
        return buffer.getvalue()


@dataclass
class _ExportJob:
    """One export under way: a thread writes the file, polls look at it."""

    progress_id: str
    file_id: str
    survey_name: str
    options: _ExportOptions
    file: bytes | None = None
    _polls: int = 0
    _has_failed: bool = False
    _writer: threading.Thread | None = field(default=None, repr=False)

    def start(
        self,
        render: Callable[[pd.DataFrame], list[dict[str, object]]] | None,
        rows: pd.DataFrame | None,
    ) -> None:
        """Begin to write the file; a survey without responses gives an empty one."""
        records = _chunks(render, rows) if render is not None and rows is not None else iter(())
        self._writer = threading.Thread(target=self._write, args=(records,), daemon=True)
        self._writer.start()

    def poll(self) -> Json:
        """Return the job's progress. The first poll never finds it complete."""
        self._polls += 1
        if self._has_failed:
            return {"fileId": None, "percentComplete": 100.0, "status": "failed"}
        if self._polls == 1 or self.file is None:
            return {"fileId": None, "percentComplete": 100.0, "status": "inProgress"}
        return {"fileId": self.file_id, "percentComplete": 100.0, "status": "complete"}

    def _write(self, records: Iterator[list[Json]]) -> None:
        try:
            content = (
                _ndjson(records, self.options)
                if self.options.format == "ndjson"
                else _json(records, self.options)
            )
            self.file = self.options.pack(self.survey_name, content)
        except Exception:
            self._has_failed = True
            raise


def _chunks(render: Callable[[pd.DataFrame], list[Any]], rows: pd.DataFrame) -> Iterator[list[Json]]:
    for start in range(0, len(rows), RENDERED_AT_ONCE):
        yield render(rows.iloc[start : start + RENDERED_AT_ONCE])


def _ndjson(records: Iterator[list[Json]], options: _ExportOptions) -> Iterator[bytes]:
    for chunk in records:
        yield b"".join(_record_bytes(record, options) + b"\n" for record in chunk)


def _json(records: Iterator[list[Json]], options: _ExportOptions) -> Iterator[bytes]:
    yield b'{"responses":['
    separator = b""
    for chunk in records:
        yield separator + b",".join(_record_bytes(record, options) for record in chunk)
        separator = b","
    yield b"]}"


def _record_bytes(record: Json, options: _ExportOptions) -> bytes:
    if not options.by_modification:
        record["values"].pop("LastModifiedDate", None)
    return orjson.dumps(record, option=orjson.OPT_SERIALIZE_NUMPY)


def _export_options(body: Json) -> _ExportOptions:
    unknown = sorted(body.keys() - EXPORT_OPTIONS)
    switched_on = [
        name for name in ("allowContinuation", "exportResponsesInProgress", "useLabels") if body.get(name)
    ]
    if unknown or switched_on:
        raise _invalid(f"Not offered here: {', '.join(unknown + switched_on)}.")
    if body.get("format") not in EXPORT_FORMATS:
        raise _invalid(f"format is {body.get('format')!r}; this brand exports {sorted(EXPORT_FORMATS)}.")
    return _ExportOptions(
        format=body["format"],
        since=_instant(body, "startDate"),
        until=_instant(body, "endDate"),
        by_modification=bool(body.get("sortByLastModifiedDate", False)),
        is_compressed=bool(body.get("compress", True)),
    )


def _instant(body: Json, name: str) -> datetime | None:
    """Return a time of the request as naive UTC."""
    if body.get(name) is None:
        return None
    try:
        instant = datetime.fromisoformat(str(body[name]))
    except ValueError:
        raise _invalid(f"{name} is {body[name]!r}, not an ISO 8601 time.") from None
    if instant.tzinfo is None:
        raise _invalid(f"{name} is {body[name]!r}, without an offset.")
    return instant.astimezone(UTC).replace(tzinfo=None)


def _live(versions: Versions, instant: datetime) -> pd.DataFrame:
    current = versions.current(instant)
    return current[(current["state"] == "live").to_numpy(bool)]


def _invalid(message: str) -> VendorError:
    return VendorError(400, "ECL_1", message)


def _no_survey(request: Request) -> VendorError:
    return VendorError(404, "SV_1", f"There is no survey {request.path_params['survey_id']!r}.")


def _whole_number(text: str, name: str) -> int:
    if not text.isdigit():
        raise _invalid(f"{name} is {text!r}, not a whole number.")
    return int(text)
