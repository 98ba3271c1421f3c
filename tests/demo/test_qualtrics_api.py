import io
import json
import zipfile
from datetime import date

import pytest

SURVEY = "SV_one"
NAME = "Kundenumfrage – été 2026"
EXPORTS = f"/API/v3/surveys/{SURVEY}/export-responses"


def survey(row):
    return {"id": row.id, "name": NAME, "isActive": True, "lastModified": f"{row.updated_at.isoformat()}Z"}


def definition(row):
    return {"SurveyID": row.id, "SurveyName": NAME, "Questions": {"QID1": {"DataExportTag": "NPS"}}}


def response(row):
    values = {
        "recordedDate": f"{row.recorded_at.isoformat()}Z",
        "LastModifiedDate": f"{row.updated_at.isoformat()}Z",
        "QID1": 7,
    }
    return {"responseId": row.id, "values": values, "labels": {}}


def answered(number, recorded, modified=None, **more):
    updated = modified or recorded
    return {"id": f"R_{number}", "recorded_at": recorded, "updated_at": updated, **more}


@pytest.fixture
def brand(served, call, company_of, versions):
    """Return a function that serves one survey with the given responses and calls Qualtrics."""

    def make(*rows, survey_ids=(SURVEY,), **options):
        surveys = [{"id": survey_id, "updated_at": "2026-01-01"} for survey_id in survey_ids]
        company = company_of(
            surveys=versions(surveys, survey),
            definitions=versions(surveys, definition),
            responses={SURVEY: versions(list(rows), response)},
        )
        server = served(company, **options)
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
    assert (first["status"], first["percentComplete"], first["fileId"]) == ("inProgress", 100.0, None)
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
        {"format": "csv"},
        {"format": "ndjson", "startDate": "yesterday"},
        {"format": "ndjson", "startDate": "2026-01-05T00:00:00"},
        {"format": "ndjson", "allowContinuation": True},
        {"format": "ndjson", "filterId": "abc"},
        ["format"],
    ],
)
def test_an_export_that_cannot_be_as_asked_is_refused(brand, body):
    _, qualtrics = brand()
    answer = qualtrics.post(EXPORTS, body)
    assert answer.status_code == 400
    assert answer.json()["meta"]["error"]["errorMessage"]


@pytest.mark.parametrize("headers", [{}, {"X-API-TOKEN": "wrong"}])
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
