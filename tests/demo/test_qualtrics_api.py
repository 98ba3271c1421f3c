import base64
import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import date, timedelta

import pytest

from valuegap.demo.faults import ArmedFault
from valuegap.demo.qualtrics_api import CLIENT_ID
from valuegap.demo.tokens import DEMO_TOKENS

SURVEY = "SV_one"
NAME = "Kundenumfrage – été 2026"
EXPORTS = f"/API/v3/surveys/{SURVEY}/export-responses"


def survey(row):
    return {"id": row.id, "name": NAME, "isActive": True, "lastModified": f"{row.updated_at.isoformat()}Z"}


QUESTIONS = {
    "QID1": {
        "DataExportTag": "NPS",
        "QuestionText": "Recommend us?",
        "QuestionType": "MC",
        "Choices": {"7": {"Display": "likely"}},
    },
    "QID2": {"DataExportTag": "WHY", "QuestionText": "Why?", "QuestionType": "TE"},
}


def definition(row):
    return {"SurveyID": row.id, "SurveyName": NAME, "Questions": QUESTIONS}


def distribution(row):
    return {"id": row.id, "surveyLink": {"surveyId": SURVEY}, "stats": {"sent": 10}}


def response(row):
    values = {
        "_recordId": row.id,
        "recordedDate": f"{row.recorded_at.isoformat()}Z",
        "LastModifiedDate": f"{row.updated_at.isoformat()}Z",
        "order_number": "O-1",
        "QID1": 7,
    }
    return {"responseId": row.id, "values": values, "labels": {}}


def answered(number, recorded, modified=None, **more):
    updated = modified or recorded
    return {"id": f"R_{number}", "recorded_at": recorded, "updated_at": updated, **more}


@pytest.fixture
def brand(served, call, company_of, versions):
    """Return a function that serves one survey with the given responses and calls Qualtrics."""

    def make(*rows, survey_ids=(SURVEY,), distributions=(), **options):
        surveys = [{"id": survey_id, "updated_at": "2026-01-01"} for survey_id in survey_ids]
        company = company_of(
            surveys=versions(surveys, survey),
            definitions=versions(surveys, definition),
            responses={SURVEY: versions(list(rows), response)},
        )
        sent = {SURVEY: versions(list(distributions), distribution)}
        server = served(replace(company, qualtrics_distributions=sent), **options)
        return server, call(server, "qualtrics")

    return make


def started(qualtrics, **body):
    answer = qualtrics.post(EXPORTS, {"format": "ndjson", **body})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def downloaded(qualtrics, progress_id):
    while True:
        result = qualtrics.get(f"{EXPORTS}/{progress_id}").json()["result"]
        if result["status"] == "complete":
            return qualtrics.get(f"{EXPORTS}/{result['fileId']}/file")
        assert result["status"] == "inProgress"


def exported(qualtrics, **body):
    file = downloaded(qualtrics, started(qualtrics, **body)["progressId"])
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        [member] = archive.namelist()
        return [json.loads(line) for line in archive.read(member).splitlines()]


def ids(records):
    return [record["responseId"] for record in records]


def test_surveys_are_paged_by_the_link_to_the_next_page(brand):
    names = [f"SV_{n:03d}" for n in range(250)]
    _, qualtrics = brand(survey_ids=names)
    seen, url = [], "/API/v3/surveys"
    while url:
        result = qualtrics.get(url).json()["result"]
        assert len(result["elements"]) <= 100
        seen += [element["id"] for element in result["elements"]]
        url = result["nextPage"]
    assert seen == names


def test_a_survey_shows_its_definition(brand):
    _, qualtrics = brand()
    answer = qualtrics.get(f"/API/v3/survey-definitions/{SURVEY}").json()
    assert answer["result"]["Questions"]["QID1"]["DataExportTag"] == "NPS"
    assert answer["meta"]["httpStatus"] == "200 - OK"


@pytest.mark.parametrize(
    "path", ["/API/v3/survey-definitions/SV_none", f"{EXPORTS}/ES_lost", f"{EXPORTS}/x/file", "/no"]
)
def test_what_is_not_there_is_not_found(brand, path):
    _, qualtrics = brand()
    answer = qualtrics.get(path)
    assert answer.status_code == 404
    assert answer.json()["meta"]["httpStatus"] == "404 - Not Found"
    assert answer.json()["meta"]["error"]["errorCode"]


def test_an_export_is_done_when_it_says_complete_not_at_a_hundred_percent(brand):
    _, qualtrics = brand(answered(1, "2026-01-05"))
    start = started(qualtrics)
    assert (start["status"], start["percentComplete"]) == ("inProgress", 0.0)
    first = qualtrics.get(f"{EXPORTS}/{start['progressId']}").json()["result"]
    assert first == {"status": "inProgress", "percentComplete": 100.0}
    assert downloaded(qualtrics, start["progressId"]).status_code == 200


@pytest.mark.parametrize("file_format", ["ndjson", "json"])
def test_file_is_a_zip_with_one_member_named_after_the_survey(brand, file_format):
    _, qualtrics = brand(*[answered(n, f"2026-01-0{n}") for n in range(1, 6)])
    file = downloaded(qualtrics, started(qualtrics, format=file_format)["progressId"])
    assert file.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        assert archive.namelist() == [f"{NAME}.{file_format}"]
        content = archive.read(f"{NAME}.{file_format}")
    if file_format == "json":
        records = json.loads(content)["responses"]
    else:
        records = [json.loads(line) for line in content.splitlines()]
    assert ids(records) == [f"R_{n}" for n in range(1, 6)]


def test_a_large_export_holds_each_response_once(brand):
    rows = [
        answered(f"{n:05d}", f"2026-01-05T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}")
        for n in range(12_001)
    ]
    _, qualtrics = brand(*rows)
    assert ids(exported(qualtrics)) == [row["id"] for row in rows]
    file = downloaded(qualtrics, started(qualtrics, format="json", compress=False)["progressId"])
    assert ids(file.json()["responses"]) == [row["id"] for row in rows]


def test_dates_filter_on_recording_or_on_modification(brand):
    rows = [
        answered(1, "2026-01-05T10:00"),
        answered(2, "2026-01-06T10:00"),
        answered(3, "2026-01-01T10:00", modified="2026-01-06T11:00"),
    ]
    _, qualtrics = brand(*rows)
    window = {"startDate": "2026-01-05T10:00:00Z", "endDate": "2026-01-06T10:00:00Z"}
    assert ids(exported(qualtrics, **window)) == ["R_1"]
    later = {"startDate": "2026-01-06T11:00:00+01:00"}
    assert ids(exported(qualtrics, **later)) == ["R_2"]
    assert ids(exported(qualtrics, **later, sortByLastModifiedDate=True)) == ["R_2", "R_3"]
    assert ids(exported(qualtrics)) == ["R_3", "R_1", "R_2"]


def test_modification_shows_only_where_it_sorts(brand):
    _, qualtrics = brand(answered(1, "2026-01-05", modified="2026-01-09"))
    [bare] = exported(qualtrics)
    [full] = exported(qualtrics, sortByLastModifiedDate=True)
    assert "LastModifiedDate" not in bare["values"]
    assert full["values"]["LastModifiedDate"] == "2026-01-09T00:00:00Z"


def test_deleted_responses_vanish_and_late_ones_appear(brand):
    rows = [
        answered(1, "2026-01-05"),
        answered(2, "2026-01-05"),
        answered(2, "2026-01-05", visible_at="2026-02-01T09:00", state="deleted"),
        answered(3, "2026-01-05", visible_at="2026-02-01T09:00"),
    ]
    server, qualtrics = brand(*rows)
    assert ids(exported(qualtrics)) == ["R_1", "R_2"]
    server.clock.move_to(date(2026, 2, 1))
    assert ids(exported(qualtrics)) == ["R_1", "R_3"]


def test_an_export_holds_what_was_there_when_it_started(brand):
    server, qualtrics = brand(answered(1, "2026-01-05"), answered(2, "2026-02-01T09:00"))
    start = started(qualtrics, compress=False)
    server.clock.move_to(date(2026, 2, 1))
    lines = downloaded(qualtrics, start["progressId"]).content.splitlines()
    assert ids(map(json.loads, lines)) == ["R_1"]


def test_a_survey_nobody_answered_exports_an_empty_file(brand):
    _, qualtrics = brand()
    assert exported(qualtrics) == []


@pytest.mark.parametrize(
    "body",
    [
        {"format": "spss"},
        {"format": "ndjson", "startDate": "yesterday"},
        {"format": "ndjson", "startDate": "2026-01-05T00:00:00"},
        {"format": "ndjson", "limit": "many"},
        {"format": "ndjson", "questionIds": "QID1"},
        {"format": "ndjson", "useLabels": False},
        {"format": "json", "timeZone": "UTC"},
        {"format": "ndjson", "filterId": "abc"},
        {"format": "ndjson", "continuationToken": "no token"},
        {"format": "csv", "useLabels": True, "includeLabelColumns": True},
        {"format": "csv", "Compress": True},
        ["format"],
    ],
)
def test_an_export_that_cannot_be_as_asked_is_refused(brand, body):
    _, qualtrics = brand()
    answer = qualtrics.post(EXPORTS, body)
    assert answer.status_code == 400
    assert answer.json()["meta"]["error"]["errorMessage"]


def continued(qualtrics, **body):
    """Export, and return the ids and the token to go on from."""
    start = started(qualtrics, sortByLastModifiedDate=True, **body)
    file = downloaded(qualtrics, start["progressId"])
    result = qualtrics.get(f"{EXPORTS}/{start['progressId']}").json()["result"]
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        lines = archive.read(archive.namelist()[0]).splitlines()
    return ids(map(json.loads, lines)), result.get("continuationToken")


def test_a_token_brings_what_was_modified_since_and_can_be_sent_again(brand):
    rows = [
        answered(1, "2026-01-05"),
        answered(2, "2026-01-06"),
        answered(2, "2026-01-06", modified="2026-02-01T10:00"),
        answered(3, "2026-02-01T09:00"),
    ]
    server, qualtrics = brand(*rows)
    first, token = continued(qualtrics, allowContinuation=True)
    server.clock.move_to(date(2026, 2, 1))
    again, other = continued(qualtrics, continuationToken=token)
    assert (first, again) == (["R_1", "R_2"], ["R_3", "R_2"])
    assert other not in {None, token}
    assert continued(qualtrics, continuationToken=token)[0] == again
    assert continued(qualtrics)[1] is None


def test_a_token_passes_over_what_shows_up_late_with_an_older_time(brand):
    server, qualtrics = brand(answered(1, "2026-01-30", visible_at="2026-02-01T09:00"))
    _, token = continued(qualtrics, allowContinuation=True)
    server.clock.move_to(date(2026, 2, 1))
    assert continued(qualtrics, continuationToken=token)[0] == []


@pytest.mark.parametrize("more", [{"allowContinuation": False}, {"filterId": "x"}])
def test_a_token_is_refused_beside_what_it_implies_or_rules_out(brand, more):
    _, qualtrics = brand()
    _, token = continued(qualtrics, allowContinuation=True)
    refused = qualtrics.post(EXPORTS, {"format": "ndjson", "continuationToken": token, **more})
    assert refused.status_code == 400
    assert "together" in refused.json()["meta"]["error"]["errorMessage"]


@pytest.mark.parametrize(("days", "status"), [(7, 200), (8, 400)])
def test_a_token_lives_for_a_week(brand, days, status):
    server, qualtrics = brand()
    _, token = continued(qualtrics, allowContinuation=True)
    server.clock.move_to(date(2026, 1, 31) + timedelta(days=days))
    assert qualtrics.post(EXPORTS, {"format": "ndjson", "continuationToken": token}).status_code == status


def test_a_file_is_kept_for_a_week(brand):
    server, qualtrics = brand(answered(1, "2026-01-05"))
    file = downloaded(qualtrics, started(qualtrics)["progressId"])
    server.clock.move_to(date(2026, 2, 8))
    assert qualtrics.session.get(file.url).status_code == 404


def test_an_export_of_ids_leaves_out_all_else_but_the_time_it_sorts_by(brand):
    _, qualtrics = brand(answered(1, "2026-01-05"))
    [record] = exported(
        qualtrics,
        questionIds=[],
        embeddedDataIds=[],
        surveyMetadataIds=["_recordId"],
        sortByLastModifiedDate=True,
    )
    assert record["responseId"] == "R_1"
    assert record["values"] == {"_recordId": "R_1", "LastModifiedDate": "2026-01-05T00:00:00Z"}


def test_nobody_is_in_progress_and_a_limit_limits(brand):
    _, qualtrics = brand(answered(1, "2026-01-05"), answered(2, "2026-01-06"))
    assert exported(qualtrics, exportResponsesInProgress=True) == []
    assert ids(exported(qualtrics, limit=1)) == ["R_1"]


@pytest.mark.parametrize(("file_format", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_a_table_has_three_header_rows(brand, file_format, delimiter):
    _, qualtrics = brand(answered(1, "2026-01-05T10:00"))
    body = {"format": file_format, "useLabels": True, "breakoutSets": True, "seenUnansweredRecode": -1}
    file = downloaded(qualtrics, started(qualtrics, compress=False, **body)["progressId"])
    names, texts, import_ids, row = csv.reader(io.StringIO(file.content.decode()), delimiter=delimiter)
    of = {name: position for position, name in enumerate(names)}
    assert (texts[of["NPS"]], json.loads(import_ids[of["NPS"]])) == ("Recommend us?", {"ImportId": "QID1"})
    assert json.loads(import_ids[of["WHY"]]) == {"ImportId": "QID2_TEXT"}
    found = {name: row[of[name]] for name in ("ResponseId", "RecordedDate", "NPS", "WHY", "order_number")}
    assert found == {
        "ResponseId": "R_1",
        "RecordedDate": "2026-01-05 10:00:00",
        "NPS": "likely",
        "WHY": "-1",
        "order_number": "O-1",
    }


def test_a_table_without_labels_has_codes(brand):
    _, qualtrics = brand(answered(1, "2026-01-05T10:00"))
    file = downloaded(qualtrics, started(qualtrics, format="csv", compress=False)["progressId"])
    names, _, _, row = csv.reader(io.StringIO(file.content.decode()))
    assert row[names.index("NPS")] == "7"


POLL_FAULTS = {
    "qualtrics_failed_at_100": {"status": "failed", "percentComplete": 100.0},
    "qualtrics_percent_goes_back": {"status": "inProgress", "percentComplete": 20.0},
    "qualtrics_complete_without_file": {"status": "complete", "percentComplete": 100.0},
}


@pytest.mark.parametrize(("name", "result"), POLL_FAULTS.items())
def test_a_job_misbehaves_as_it_is_told(brand, name, result):
    server, qualtrics = brand()
    progress_id = started(qualtrics)["progressId"]
    server.faults.arm(ArmedFault(name, "qualtrics"))
    assert qualtrics.get(f"{EXPORTS}/{progress_id}").json()["result"] == result
    assert server.faults.counts["qualtrics", name] == 1


def test_a_lost_job_stays_lost(brand):
    server, qualtrics = brand()
    progress_id = started(qualtrics)["progressId"]
    server.faults.arm(ArmedFault("qualtrics_lost_progress", "qualtrics"))
    assert [qualtrics.get(f"{EXPORTS}/{progress_id}").status_code for _ in range(2)] == [404, 404]


def test_a_token_expires_early_when_it_is_told(brand):
    server, qualtrics = brand()
    _, token = continued(qualtrics, allowContinuation=True)
    server.faults.arm(ArmedFault("qualtrics_expired_token", "qualtrics"))
    body = {"format": "ndjson", "continuationToken": token}
    assert [qualtrics.post(EXPORTS, body).status_code for _ in range(2)] == [400, 200]


def test_distributions_are_paged_by_the_link_to_the_next_page(brand):
    rows = [{"id": f"EMD_{n:03d}", "updated_at": "2026-01-05"} for n in range(250)]
    _, qualtrics = brand(distributions=rows)
    seen, url = [], f"/API/v3/distributions?surveyId={SURVEY}&useNewPaginationScheme=true"
    while url:
        result = qualtrics.get(url).json()["result"]
        assert len(result["elements"]) <= 100
        seen += [element["id"] for element in result["elements"]]
        url = result["nextPage"]
    assert seen == [row["id"] for row in rows]
    few = qualtrics.get("/API/v3/distributions", surveyId=SURVEY, pageSize=7).json()["result"]
    assert len(few["elements"]) == 7


@pytest.mark.parametrize(("query", "status"), [({}, 400), ({"surveyId": "SV_none"}, 404)])
def test_distributions_are_those_of_a_survey(brand, query, status):
    _, qualtrics = brand()
    assert qualtrics.get("/API/v3/distributions", **query).status_code == status


def listed(qualtrics, url):
    seen = []
    while url:
        result = qualtrics.get(url).json()["result"]
        assert len(result["elements"]) <= 100
        seen += result["elements"]
        url = result["nextPage"]
    return seen


def test_recipients_of_a_distribution_and_people_of_a_directory_are_paged(served, call, company_of, versions):
    rows = [{"id": f"X_{n:03d}", "updated_at": "2026-01-05"} for n in range(250)]
    company = replace(
        company_of(surveys=versions([], survey), definitions=versions([], definition), responses={}),
        qualtrics_invitations={"EMD_1": versions(rows, lambda row: {"contactLookupId": row.id})},
        qualtrics_contacts={"POOL_1": versions(rows, lambda row: {"contactId": row.id})},
    )
    qualtrics = call(served(company), "qualtrics")
    recipients = listed(qualtrics, "/API/v3/distributions/EMD_1/history")
    assert [each["contactLookupId"] for each in recipients] == [row["id"] for row in rows]
    [directory] = listed(qualtrics, "/API/v3/directories")
    assert (directory["directoryId"], directory["contactCount"]) == ("POOL_1", 250)
    people = listed(qualtrics, "/API/v3/directories/POOL_1/contacts")
    assert [each["contactId"] for each in people] == [row["id"] for row in rows]
    for unknown in ("distributions/EMD_none/history", "directories/POOL_none/contacts"):
        assert qualtrics.get(f"/API/v3/{unknown}").status_code == 404


def basic(client, secret):
    return {"Authorization": f"Basic {base64.b64encode(f'{client}:{secret}'.encode()).decode()}"}


def granted(caller, **form):
    form = {"grant_type": "client_credentials", "scope": "read:surveys", **form}
    return caller.session.post(f"{caller.base_url}/oauth2/token", data=form)


def test_a_client_gets_an_access_token_for_an_hour(brand, call):
    server, _ = brand()
    answer = granted(call(server, "qualtrics", basic(CLIENT_ID, DEMO_TOKENS.qualtrics))).json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3600, "read:surveys")
    qualtrics = call(server, "qualtrics", {"Authorization": f"Bearer {answer['access_token']}"})
    assert qualtrics.get("/API/v3/surveys").status_code == 200
    server.clock.now += timedelta(hours=1)
    assert qualtrics.get("/API/v3/surveys").status_code == 401


def test_a_client_may_prove_itself_in_the_form(brand, call):
    server, _ = brand()
    proof = {"client_id": CLIENT_ID, "client_secret": DEMO_TOKENS.qualtrics}
    assert granted(call(server, "qualtrics", {}), **proof).status_code == 200


@pytest.mark.parametrize(
    ("headers", "form", "status"),
    [
        pytest.param({}, {}, 401, id="no client"),
        pytest.param(basic(CLIENT_ID, "wrong"), {}, 401, id="wrong secret"),
        pytest.param(basic(CLIENT_ID, DEMO_TOKENS.qualtrics), {"scope": ""}, 400, id="no scope"),
    ],
)
def test_no_access_token_without_a_client_and_a_scope(brand, call, headers, form, status):
    server, _ = brand()
    assert granted(call(server, "qualtrics", headers), **form).status_code == status


@pytest.mark.parametrize("headers", [{}, {"X-API-TOKEN": "wrong"}, {"Authorization": "Bearer wrong"}])
def test_nothing_is_told_without_the_token(brand, call, headers):
    server, _ = brand()
    answer = call(server, "qualtrics", headers).get("/API/v3/surveys")
    assert answer.status_code == 401
    assert answer.json()["meta"]["httpStatus"] == "401 - Unauthorized"


def test_the_hundred_and_first_export_of_a_minute_is_refused(brand):
    _, qualtrics = brand(speed=0.1)
    statuses = [qualtrics.post(EXPORTS, {"format": "ndjson"}).status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    refused = qualtrics.post(EXPORTS, {"format": "ndjson"})
    assert refused.json()["meta"]["httpStatus"] == "429 - Too Many Requests"
    assert int(refused.headers["Retry-After"]) > 1
