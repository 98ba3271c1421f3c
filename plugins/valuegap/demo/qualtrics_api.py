"""Qualtrics: surveys, definitions, distributions and who they went to, and responses through the export job.

What is faithful on purpose, because connectors trip over it: `percentComplete` reaches 100 one poll before
the job is done and has a file; the file is a zip with one member named after the survey; the dates filter on
`recordedDate` unless the job sorts by modification; a continuation token dies after a week and is refused
together with `allowContinuation`; deleted responses vanish without a word.
"""

import base64
import binascii
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import pandas as pd
from starlette.requests import Request
from starlette.responses import Response

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.limits import RateLimit
from valuegap.demo.qualtrics_exports import ExportJob, export_options, invalid, token_expired
from valuegap.demo.records import Company, Versions
from valuegap.demo.vendor import Endpoint, Json, Vendor, VendorError, json_body

RECORDS_PER_PAGE = 100
BRAND = RateLimit("brand", 3000, 60)
EXPORT_STARTS = RateLimit("export_starts", 100, 60)
CLIENT_ID = "demo-qualtrics-client"
"""Of OAuth; its secret is the API token."""
ACCESS_TOKEN_LIFE = timedelta(hours=1)
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path


def qualtrics(company: Company, clock: VirtualClock, token: str, faults: Faults) -> Vendor:
    """Return the Qualtrics brand of `company`, open to the holder of `token`."""
    access = _Access(clock, token)
    api = QualtricsApi(company, clock, faults)
    exports = "/API/v3/surveys/{survey_id}/export-responses"
    return Vendor(
        name="qualtrics",
        endpoints=(
            Endpoint("POST", TOKEN_PATH, access.grant, (BRAND.name,)),
            Endpoint("GET", "/API/v3/surveys", api.list_surveys, (BRAND.name,)),
            Endpoint("GET", "/API/v3/survey-definitions/{survey_id}", api.definition, (BRAND.name,)),
            Endpoint("GET", "/API/v3/distributions", api.list_distributions, (BRAND.name,)),
            Endpoint(
                "GET", "/API/v3/distributions/{distribution_id}/history", api.list_invitations, (BRAND.name,)
            ),
            Endpoint("GET", "/API/v3/directories", api.list_directories, (BRAND.name,)),
            Endpoint("GET", "/API/v3/directories/{directory_id}/contacts", api.list_contacts, (BRAND.name,)),
            Endpoint("POST", exports, api.start_export, (EXPORT_STARTS.name, BRAND.name)),
            Endpoint("GET", f"{exports}/{{progress_id}}", api.poll_export, (BRAND.name,)),
            Endpoint("GET", f"{exports}/{{file_id}}/file", api.export_file, (BRAND.name,)),
        ),
        limits=(BRAND, EXPORT_STARTS),
        authenticate=access.authenticate,
        error_body=_error_body,
        not_found=VendorError(404, "REQ_1", "The requested resource does not exist."),
        too_many_requests=lambda limit: VendorError(
            429, "RTL_1", f"Too many requests: the {limit.name} limit is {limit.requests} a minute."
        ),
        rate_headers=lambda _allowances: {},  # the vendor tells nothing before its 429
    )


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


class _Access:
    """Who may ask: the holder of the API token, or of an access token given within the hour."""

    def __init__(self, clock: VirtualClock, token: str) -> None:
        self._clock = clock
        self._token = token
        self._given: dict[str, datetime] = {}

    def authenticate(self, request: Request) -> None:
        """Raise `VendorError` (401) for whoever shows no token of ours."""
        if request.url.path.endswith(TOKEN_PATH):
            return
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        given_at = self._given.get(bearer)
        if given_at is not None and self._clock.now - given_at < ACCESS_TOKEN_LIFE:
            return
        if bearer:
            raise VendorError(401, "AUTH_6.0", "The OAuth token is invalid or has expired.")
        if request.headers.get("x-api-token") != self._token:
            raise VendorError(401, "AUTH_3.0", "Unrecognized X-API-TOKEN.")

    async def grant(self, request: Request) -> Json:
        """Give an access token to a client that proves itself in the header or in the form."""
        form = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        client = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        if client != (CLIENT_ID, self._token):
            raise VendorError(401, "invalid_client", "The client is unknown, or its secret is wrong.")
        if form.get("grant_type") != "client_credentials" or not form.get("scope"):
            raise VendorError(400, "invalid_request", "Give grant_type client_credentials and a scope.")
        access_token = f"demo-access-{len(self._given) + 1:06d}"
        self._given[access_token] = self._clock.now
        seconds = int(ACCESS_TOKEN_LIFE.total_seconds())
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": form["scope"],
        }


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, credentials = request.headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return None
    try:
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


class QualtricsApi:
    """The endpoints, and the export jobs under way."""

    def __init__(self, company: Company, clock: VirtualClock, faults: Faults) -> None:
        """No job is under way."""
        self._company = company
        self._clock = clock
        self._faults = faults
        self._jobs: dict[str, ExportJob] = {}

    async def list_surveys(self, request: Request) -> Json:
        """Page through the surveys; `nextPage` is the whole URL to go on with, or null."""
        surveys = self._company.qualtrics_surveys
        rows = _live(surveys, self._clock.now)
        offset = _whole_number(request, "offset", 0)
        end = offset + _page_size(request)
        next_page = str(request.url.include_query_params(offset=end)) if end < len(rows) else None
        return _result(request, {"elements": surveys.render(rows.iloc[offset:end]), "nextPage": next_page})

    async def definition(self, request: Request) -> Json:
        """Return the definition of one survey."""
        definition = self._definition(request.path_params["survey_id"])
        if definition is None:
            raise _no_survey(request.path_params["survey_id"])
        return _result(request, definition)

    async def list_distributions(self, request: Request) -> Json:
        """Page through the distributions of one survey; a skipToken names the last one shown."""
        survey_id = request.query_params.get("surveyId")
        if not survey_id:
            raise invalid("surveyId is missing.")
        self._survey_name(survey_id)
        distributions = self._company.qualtrics_distributions.get(survey_id)
        if distributions is None:
            return _result(request, {"elements": [], "nextPage": None})
        return self._page_of(request, distributions)

    async def list_invitations(self, request: Request) -> Json:
        """Page through the recipients of one distribution, with how far each has come."""
        distribution_id = request.path_params["distribution_id"]
        invitations = self._company.qualtrics_invitations.get(distribution_id)
        if invitations is not None:
            return self._page_of(request, invitations)
        for distributions in self._company.qualtrics_distributions.values():
            if _one(distributions, distribution_id, self._clock.now):
                return _result(request, {"elements": [], "nextPage": None})
        raise VendorError(404, "DIST_1", "There is no such distribution.")

    async def list_directories(self, request: Request) -> Json:
        """List the directories: a brand has few."""
        elements = [
            {
                "directoryId": directory_id,
                "name": "Customers",
                "contactCount": len(_live(contacts, self._clock.now)),
                "isDefault": True,
                "deduplicationCriteria": {"email": True, "externalDataReference": True},
            }
            for directory_id, contacts in self._company.qualtrics_contacts.items()
        ]
        return _result(request, {"elements": elements, "nextPage": None})

    async def list_contacts(self, request: Request) -> Json:
        """Page through the people of one directory."""
        contacts = self._company.qualtrics_contacts.get(request.path_params["directory_id"])
        if contacts is None:
            raise VendorError(404, "DIR_1", "There is no such directory.")
        return self._page_of(request, contacts)

    def _page_of(self, request: Request, versions: Versions) -> Json:
        rows = _live(versions, self._clock.now)
        left = rows[(rows["id"] > request.query_params.get("skipToken", "")).to_numpy(bool)]
        shown = left.head(_page_size(request))
        next_page = None
        if len(shown) < len(left):
            next_page = str(request.url.include_query_params(skipToken=shown["id"].iloc[-1]))
        return _result(request, {"elements": versions.render(shown), "nextPage": next_page})

    async def start_export(self, request: Request) -> Json:
        """Start a job that exports the responses of one survey as they are now."""
        survey_id = request.path_params["survey_id"]
        name = self._survey_name(survey_id)
        body = await json_body(request, invalid("The body is not a JSON object."))
        options = export_options(survey_id, body, self._clock.now)
        if options.goes_on_from and self._strikes("qualtrics_expired_token", request):
            raise token_expired()
        number = len(self._jobs) + 1
        job = ExportJob(f"ES_{number:015d}", f"{survey_id}-{number:06d}", name, options, self._clock.now)
        self._jobs[job.progress_id] = job
        definition = self._definition(survey_id) or {}
        job.start(self._company.qualtrics_responses.get(survey_id), definition.get("Questions") or {})
        return _result(
            request, {"progressId": job.progress_id, "percentComplete": 0.0, "status": "inProgress"}
        )

    async def poll_export(self, request: Request) -> Json:
        """Say how far a job is; `fileId` is there when its status is complete, and not before."""
        job = self._jobs.get(request.path_params["progress_id"])
        if job is not None and self._strikes("qualtrics_lost_progress", request):
            job.is_lost = True
        if job is None or job.is_lost:
            raise VendorError(404, "RP_4.1", "There is no such export.")
        if self._strikes("qualtrics_failed_at_100", request):
            job.has_failed = True
        if self._strikes("qualtrics_percent_goes_back", request):
            return _result(request, {"percentComplete": 20.0, "status": "inProgress"})
        if self._strikes("qualtrics_complete_without_file", request):
            return _result(request, {"percentComplete": 100.0, "status": "complete"})
        return _result(request, job.poll())

    async def export_file(self, request: Request) -> Response:
        """Return the file of a finished job."""
        file_id = request.path_params["file_id"]
        for job in self._jobs.values():
            if job.file_id == file_id and job.has_file(self._clock.now):
                media_type = "application/zip" if job.options.is_compressed else "application/json"
                return Response(job.file, media_type=media_type)
        raise VendorError(404, "RP_4.2", "There is no such file.")

    def _strikes(self, name: str, request: Request) -> bool:
        return self._faults.strikes(name, "qualtrics", request.url.path)

    def _survey_name(self, survey_id: str) -> str:
        survey = _one(self._company.qualtrics_surveys, survey_id, self._clock.now)
        if survey is None:
            raise _no_survey(survey_id)
        return str(survey["name"])

    def _definition(self, survey_id: str) -> Json | None:
        return _one(self._company.qualtrics_definitions, survey_id, self._clock.now)


def _live(versions: Versions, instant: datetime) -> pd.DataFrame:
    current = versions.current(instant)
    return current[(current["state"] == "live").to_numpy(bool)]


def _one(versions: Versions, record_id: str, instant: datetime) -> Json | None:
    rows = _live(versions, instant)
    rows = rows[(rows["id"] == record_id).to_numpy(bool)]
    return None if rows.empty else versions.render(rows)[0]


def _no_survey(survey_id: str) -> VendorError:
    return VendorError(404, "SV_1", f"There is no survey {survey_id!r}.")


def _page_size(request: Request) -> int:
    return min(_whole_number(request, "pageSize", RECORDS_PER_PAGE), RECORDS_PER_PAGE)


def _whole_number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name)
    if text is not None and not text.isdecimal():
        raise invalid(f"{name} is {text!r}, not a whole number.")
    return otherwise if text is None else int(text)
