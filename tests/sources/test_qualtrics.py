"""Qualtrics' pager: start, poll, fetch; and every line of an export reaches the landing zone."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from valuegap.errors import SourceError
from valuegap.sources.qualtrics import QUALTRICS, STREAMS
from valuegap.sources.stream import OVERLAP, Page, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
EXPORT = "/API/v3/surveys/SV_1/export-responses"
LINES = b'{"responseId":"R_1","values":{"a":1.10}}\n{"responseId":"R_2"\n\n{"responseId":"\xff"}\r\n'


def zipped(content: bytes, name: str = "Kunden – Umfrage (1).json") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


EXPORT_FILE = zipped(LINES)


@pytest.fixture
def exporting(vendor):
    """A vendor with one export: `progress` are its polls, `file` what it ends with, `started` what it said."""

    def arrange(*progress, file=EXPORT_FILE, started=None, survey="SV_1"):
        polls = list(progress) or [{"status": "complete", "fileId": "F/1"}]
        started = {"result": {"progressId": "ES_1", "status": "inProgress"}} if started is None else started

        def answer(request):
            if request.method == "POST":
                gone = vendor.reply({"meta": {"error": {"errorMessage": "gone"}}}, 404)
                return started if f"/{survey}/" in request.path else gone
            if request.path.endswith("/file"):
                return vendor.reply(file, content_type="application/zip")
            poll = polls.pop(0) if len(polls) > 1 else polls[0]
            return poll if not isinstance(poll, dict) else {"result": poll}

        vendor.handler = answer

    return arrange


def read(client, name, cursor=None, surveys=("SV_1",)):
    landed = [{"id": each} for each in surveys]
    items = list(QUALTRICS.pages(client, BY_NAME[name], Window(cursor, UNTIL, lambda _name: iter(landed))))
    pages = [item for item in items if isinstance(item, Page)]
    return pages, [item for item in items if isinstance(item, str)]


def posts(vendor) -> list[dict]:
    return [request.body for request in vendor.requests if request.method == "POST"]


def test_lines_are_landed_byte_for_byte_even_those_that_do_not_parse(connect, vendor, exporting) -> None:
    exporting()
    pages, _ = read(connect(QUALTRICS), "responses")
    assert [record for page in pages for record in page.records] == [
        b'{"responseId":"R_1","values":{"a":1.10}}',
        b'{"responseId":"R_2"',
        b'{"responseId":"\xff"}',
    ]
    assert {page.context["survey_id"] for page in pages} == {"SV_1"}
    assert vendor.requests[-1].path == f"{EXPORT}/F%2F1/file"


def test_a_first_export_is_open_at_its_start_and_ends_with_the_night(connect, vendor, exporting) -> None:
    exporting()
    _, (cursor,) = read(connect(QUALTRICS), "responses")
    assert posts(vendor) == [
        {"format": "ndjson", "sortByLastModifiedDate": True, "endDate": "2026-02-01T00:00:00Z"}
    ]
    assert json.loads(cursor) == {"SV_1": "2026-02-01T00:00:00Z"}


def test_the_next_export_begins_an_overlap_before_the_last_end(connect, vendor, exporting) -> None:
    exporting()
    ended = UNTIL - timedelta(days=1)
    read(connect(QUALTRICS), "responses", json.dumps({"SV_1": ended.isoformat()}))
    assert datetime.fromisoformat(posts(vendor)[0]["startDate"]) == ended - OVERLAP


def test_a_survey_never_seen_before_is_exported_whole(connect, vendor, exporting) -> None:
    exporting()
    read(connect(QUALTRICS), "responses", json.dumps({"SV_other": "2026-01-31T00:00:00Z"}))
    assert "startDate" not in posts(vendor)[0]


def test_finished_means_complete_whatever_the_percentage_says(connect, vendor, exporting, fake_time) -> None:
    exporting(
        {"status": "inProgress", "percentComplete": 60},
        {"status": "inProgress", "percentComplete": 100},
        {"status": "inProgress", "percentComplete": 20},
        {"status": "complete", "percentComplete": 100, "fileId": "F"},
    )
    pages, _ = read(connect(QUALTRICS), "responses")
    assert sum(len(page.records) for page in pages) == 3
    assert fake_time.slept == [0.1, 0.2, 0.4]


@pytest.mark.parametrize(
    ("arranged", "requests"),
    [
        pytest.param({"progress": [{"status": "failed", "percentComplete": 100}]}, 2, id="failed at 100 %"),
        pytest.param({"started": {"result": {"progressId": None}}}, 1, id="null progressId is not polled"),
        pytest.param({"started": {"result": {}}}, 1, id="no progressId"),
        pytest.param({"file": b"PK not a zip"}, 3, id="no zip"),
        pytest.param({"file": zipped(LINES * 999)[:-30]}, 3, id="cut off zip"),
    ],
)
def test_an_export_that_fails_stops_the_night(connect, vendor, exporting, arranged, requests) -> None:
    exporting(*arranged.pop("progress", ()), **arranged)
    with pytest.raises(SourceError) as caught:
        read(connect(QUALTRICS), "responses")
    assert "qualtrics_default" in str(caught.value)
    assert len(vendor.requests) == requests


def test_a_lost_export_job_is_not_taken_for_a_deleted_survey(connect, vendor, exporting) -> None:
    exporting(vendor.reply({}, 404))
    with pytest.raises(SourceError, match="404"):
        read(connect(QUALTRICS), "responses")


def test_an_export_that_never_ends_is_given_up_after_an_hour(connect, exporting, fake_time) -> None:
    exporting({"status": "inProgress", "percentComplete": 100})
    with pytest.raises(SourceError, match="did not finish"):
        read(connect(QUALTRICS), "responses")
    assert 3600 <= fake_time.now < 3610


def test_a_survey_deleted_since_it_was_listed_is_passed_over_with_a_warning(
    connect, exporting, caplog
) -> None:
    exporting(survey="SV_1")
    pages, (cursor,) = read(connect(QUALTRICS), "responses", surveys=("SV_gone", "SV_1"))
    assert sum(len(page.records) for page in pages) == 3
    assert list(json.loads(cursor)) == ["SV_1"]
    assert "SV_gone" in caplog.text


def test_an_export_that_is_refused_is_not_taken_for_a_deleted_survey(connect, vendor) -> None:
    vendor.script(vendor.reply({"meta": {"error": {"errorMessage": "bad startDate"}}}, 400))
    with pytest.raises(SourceError, match="bad startDate"):
        read(connect(QUALTRICS), "responses")


def test_a_long_export_is_many_pages(connect, exporting) -> None:
    lines = b"".join(b'{"responseId":"R_%d"}\n' % number for number in range(2500))
    exporting(file=zipped(lines))
    pages, _ = read(connect(QUALTRICS), "responses")
    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert b"\n".join(record for page in pages for record in page.records) + b"\n" == lines


def test_the_survey_list_is_paged_without_following_its_links_to_their_host(connect, vendor) -> None:
    first = {"elements": [{"id": "SV_1"}], "nextPage": "https://elsewhere.example/API/v3/surveys?offset=1"}
    vendor.handler = lambda request: {
        "result": {"elements": [{"id": "SV_2"}], "nextPage": None} if request.params else first
    }
    pages, _ = read(connect(QUALTRICS), "surveys")
    assert [record for page in pages for record in page.records] == [b'{"id": "SV_1"}', b'{"id": "SV_2"}']
    assert [request.params for request in vendor.requests] == [{}, {"offset": "1"}]


def test_a_survey_list_that_goes_round_in_circles_stops_the_night(connect, vendor) -> None:
    vendor.script({"result": {"elements": [], "nextPage": "https://x.example/?offset=1"}})
    with pytest.raises(SourceError, match="circles"):
        read(connect(QUALTRICS), "surveys")
    assert len(vendor.requests) == 2


def test_definitions_are_taken_of_every_listed_survey_that_still_is(connect, vendor) -> None:
    def answer(request):
        survey_id = request.path.rsplit("/", 1)[1]
        gone = survey_id == "SV_gone"
        return vendor.reply({}, 404) if gone else {"result": {"SurveyID": survey_id, "Questions": {}}}

    vendor.handler = answer
    pages, cursors = read(connect(QUALTRICS), "survey_definitions", surveys=("SV_1", "SV_gone", "../x"))
    assert [json.loads(page.records[0])["SurveyID"] for page in pages] == ["SV_1", "..%2Fx"]
    assert cursors == []
