"""Qualtrics' pager: start, poll, fetch; and every line of an export reaches the landing zone."""

import io
import json
import zipfile
from collections.abc import Container
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from random import Random

import numpy as np
import pandas as pd
import pytest

from valuegap.demo.faults import BEHAVIOURS, ArmedFault
from valuegap.demo.qualtrics_api import CLIENT_ID
from valuegap.demo.records import Company, Versions
from valuegap.demo.server import UNLIMITED, serve
from valuegap.demo.tokens import DEMO_TOKENS
from valuegap.demo.truth import Truth
from valuegap.errors import ConfigurationError, SourceError
from valuegap.night import Night
from valuegap.sources import qualtrics, qualtrics_export
from valuegap.sources.client import Client, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
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


def two_members() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.json", LINES)
        archive.writestr("b.json", LINES)
    return file.getvalue()


def corrupted(file: bytes) -> bytes:
    """A zip file whose directory is right and whose content is not."""
    middle = len(file) // 3
    return file[:middle] + bytes([file[middle] ^ 0xFF]) + file[middle + 1 :]


EXPORT_FILE = zipped(LINES)


@pytest.fixture
def exporting(vendor):
    """A vendor with one export: `progress` are its polls, `file` what it ends with, `started` what it said."""

    def arrange(*progress, file=EXPORT_FILE, started=None, survey="SV_1", refused=None):
        polls = list(progress) or [{"status": "complete", "fileId": "F/1"}]
        started = {"result": {"progressId": "ES_1", "status": "inProgress"}} if started is None else started

        def answer(request):
            if request.method == "POST":
                if refused and request.body.get("continuationToken") == refused:
                    return vendor.reply({"meta": {"error": {"errorMessage": "expired"}}}, 400)
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


OPTIONS = {"format": "ndjson", "sortByLastModifiedDate": True}
GIVEN = {"status": "complete", "fileId": "F", "continuationToken": "new"}


def days_ago(days: float) -> str:
    return (UNTIL - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def cursor_of(until: float, by_date: float, **tokens: float) -> str:
    """What a loaded night left; its times and those of its tokens are days before this night."""
    given = {days_ago(days): token for token, days in tokens.items()}
    return json.dumps({"SV_1": {"until": days_ago(until), "by_date": days_ago(by_date), "tokens": given}})


def by_date(since: float) -> dict:
    start = datetime.fromisoformat(days_ago(since)) - OVERLAP
    text = start.isoformat().replace("+00:00", "Z")
    return {**OPTIONS, "allowContinuation": True, "startDate": text}


def test_a_first_export_is_whole_and_asks_for_a_token(connect, vendor, exporting) -> None:
    exporting(GIVEN)
    _, (cursor,) = read(connect(QUALTRICS), "responses")
    assert posts(vendor) == [{**OPTIONS, "allowContinuation": True}]
    assert json.loads(cursor) == {
        "SV_1": {"until": days_ago(0), "by_date": days_ago(0), "tokens": {days_ago(0): "new"}}
    }


@pytest.mark.parametrize(
    ("cursor", "asked"),
    [
        pytest.param(json.dumps({"SV_1": days_ago(1)}), by_date(1), id="of a version without tokens"),
        pytest.param(cursor_of(1, 1), by_date(1), id="no token"),
        pytest.param(cursor_of(1, 2, young=4), by_date(1), id="a token that is too young"),
        pytest.param(
            cursor_of(1, 5, young=4, right=5, older=6),
            {**OPTIONS, "continuationToken": "right"},
            id="a token from before the overlap",
        ),
        pytest.param(
            cursor_of(2, 5, young=5, right=6),
            {**OPTIONS, "continuationToken": "right"},
            id="a night left out",
        ),
        pytest.param(cursor_of(3, 5, young=6, dead=7), by_date(3), id="two nights left out"),
        pytest.param(cursor_of(1, 7, right=5), by_date(7), id="a week since all was read by date"),
    ],
)
def test_an_export_covers_what_may_have_shown_up_late(connect, vendor, exporting, cursor, asked) -> None:
    exporting(GIVEN)
    read(connect(QUALTRICS), "responses", cursor)
    assert posts(vendor) == [asked]


def test_tokens_are_kept_for_as_long_as_they_live(connect, exporting) -> None:
    exporting(GIVEN)
    _, (cursor,) = read(connect(QUALTRICS), "responses", cursor_of(1, 3, old=6, right=5, young=1))
    assert json.loads(cursor)["SV_1"] == {
        "until": days_ago(0),
        "by_date": days_ago(3),
        "tokens": {days_ago(5): "right", days_ago(1): "young", days_ago(0): "new"},
    }


def test_a_token_that_has_expired_is_followed_by_an_export_by_date(
    connect, vendor, exporting, caplog
) -> None:
    exporting(GIVEN, refused="right")
    pages, (cursor,) = read(connect(QUALTRICS), "responses", cursor_of(1, 3, right=5))
    assert posts(vendor) == [{**OPTIONS, "continuationToken": "right"}, by_date(1)]
    assert sum(len(page.records) for page in pages) == 3
    assert json.loads(cursor)["SV_1"]["by_date"] == days_ago(3)
    assert "SV_1" in caplog.text


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


COMPLETE = {"status": "complete", "fileId": "F"}


@pytest.mark.parametrize(
    ("progress", "starts"),
    [
        pytest.param([{"status": "failed", "percentComplete": 100}, COMPLETE], 2, id="failed at 100 %"),
        pytest.param([404, COMPLETE], 2, id="lost"),
        pytest.param([{"status": "complete"}, COMPLETE], 1, id="complete without a file yet"),
    ],
)
def test_an_export_that_comes_to_nothing_is_asked_for_once_more(
    connect, vendor, exporting, progress, starts
) -> None:
    exporting(*(vendor.reply({}, each) if each == 404 else each for each in progress))
    pages, _ = read(connect(QUALTRICS), "responses")
    assert sum(len(page.records) for page in pages) == 3
    assert len(posts(vendor)) == starts


def test_a_file_that_is_no_whole_zip_is_exported_once_more_and_no_line_of_it_lands(
    connect, vendor, exporting
) -> None:
    exporting()
    right, files = vendor.handler, [corrupted(zipped(LINES * 999)), EXPORT_FILE]

    def answer(request):
        if request.path.endswith("/file"):
            return vendor.reply(files.pop(0), content_type="application/zip")
        return right(request)

    vendor.handler = answer
    pages, _ = read(connect(QUALTRICS), "responses")
    assert sum(len(page.records) for page in pages) == 3
    assert files == []


@pytest.mark.parametrize(
    ("arranged", "said"),
    [
        pytest.param({"progress": [{"status": "failed"}]}, "1.8 GB", id="failed twice"),
        pytest.param({"progress": [404]}, "404", id="lost twice is not taken for a deleted survey"),
        pytest.param({"started": {"result": {"progressId": None}}}, "progressId", id="null progressId"),
        pytest.param({"started": {"result": {}}}, "progressId", id="no progressId"),
        pytest.param({"file": b"PK not a zip"}, "zip", id="no zip"),
        pytest.param({"file": zipped(LINES * 999)[:-30]}, "zip", id="cut off zip"),
        pytest.param({"file": two_members()}, "one whole file", id="two files in the zip"),
    ],
)
def test_an_export_that_fails_stops_the_night(connect, vendor, exporting, arranged, said) -> None:
    progress = (vendor.reply({}, each) if each == 404 else each for each in arranged.pop("progress", ()))
    exporting(*progress, **arranged)
    with pytest.raises(SourceError, match=said) as caught:
        read(connect(QUALTRICS), "responses")
    assert "qualtrics_default" in str(caught.value)
    assert len(posts(vendor)) == (1 if "started" in arranged else 2)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/tmp/x", "a\\b", "Umfrage \U0001f600 \u202e.json"])
def test_the_name_in_the_zip_is_never_a_name_on_our_disk(
    connect, exporting, name, tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exporting(file=zipped(LINES, name))
    pages, _ = read(connect(QUALTRICS), "responses")
    assert sum(len(page.records) for page in pages) == 3
    assert list(tmp_path.iterdir()) == []


def test_odd_lines_are_landed_as_they_are(connect, exporting, monkeypatch) -> None:
    monkeypatch.setattr(qualtrics_export, "LONGEST_LINE", 1000)
    odd = [
        b' {"a": 1}\t',
        b'{"a":"\x00"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xf0\x9f\x98\x80"}',
        b'{"a":"' + b"x" * 2500 + b'"}',
    ]
    exporting(file=zipped(b"\n".join(odd)))
    pages, _ = read(connect(QUALTRICS), "responses")
    records = [record for page in pages for record in page.records]
    assert records[:4] == odd[:4]
    assert len(records[4]) < len(odd[4])
    assert b"".join(records[4:]) == odd[4]


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


@pytest.mark.parametrize("link", ["?offset=1", "?"])
def test_a_page_that_points_back_to_itself_stops_the_night(connect, vendor, link) -> None:
    vendor.script({"result": {"elements": [], "nextPage": f"https://x.example/API/v3/surveys{link}"}})
    with pytest.raises(SourceError, match="circles"):
        read(connect(QUALTRICS), "surveys")
    assert len(vendor.requests) <= 2


def test_distributions_are_read_whole_survey_after_survey(connect, vendor) -> None:
    def answer(request):
        survey_id = request.params["surveyId"]
        if survey_id == "SV_gone":
            return vendor.reply({}, 404)
        number = int(request.params.get("skipToken", 0))
        link = f"https://x.example/y?surveyId={survey_id}&skipToken={number + 1}"
        elements = [{"id": f"{survey_id}-{number}"}]
        return {"result": {"elements": elements, "nextPage": link if number < 1 else None}}

    vendor.handler = answer
    pages, cursors = read(connect(QUALTRICS), "distributions", surveys=("SV_1", "SV_gone", "SV_2"))
    landed = [
        (page.context["survey_id"], json.loads(record)["id"]) for page in pages for record in page.records
    ]
    assert landed == [("SV_1", "SV_1-0"), ("SV_1", "SV_1-1"), ("SV_2", "SV_2-0"), ("SV_2", "SV_2-1")]
    assert cursors == []


def test_a_stale_page_of_another_survey_stops_the_night(connect, vendor) -> None:
    stale = {"elements": [{"id": "EMD_1"}], "nextPage": "https://x.example/y?surveyId=SV_other&skipToken=1"}
    vendor.script({"result": stale}, {"result": {"elements": [{"id": "EMD_2"}], "nextPage": None}})
    with pytest.raises(SourceError, match="circles"):
        read(connect(QUALTRICS), "distributions")


def sent(number: int, days: float | None) -> dict:
    """A distribution sent that many days before the night's end."""
    return {
        "id": f"EMD_{number}",
        "surveyLink": {"surveyId": "SV_1"},
        "sendDate": None if days is None else days_ago(days),
    }


DISTRIBUTIONS = (sent(1, 400), sent(2, 50), sent(3, 40), sent(4, None), {**sent(5, 1), "surveyLink": None})


@pytest.mark.parametrize(
    ("cursor", "read_again"),
    [(None, [1, 2, 3, 4, 5]), (days_ago(1), [3, 4, 5]), (days_ago(8), [2, 3, 4, 5])],
    ids=["first night", "next night", "after a week without nights"],
)
def test_recipients_are_read_again_while_they_may_still_answer(connect, vendor, cursor, read_again) -> None:
    def answer(request):
        assert request.path.endswith("/history")
        number = int(request.params.get("skipToken", 0))
        elements = [{"contactLookupId": f"CGC_{number}"}]
        link = f"https://x.example/y?skipToken={number + 1}"
        return {"result": {"elements": elements, "nextPage": link if number < 1 else None}}

    vendor.handler = answer
    window = Window(cursor, UNTIL, lambda _name: iter(DISTRIBUTIONS))
    *pages, cursor_after = QUALTRICS.pages(connect(QUALTRICS), BY_NAME["invitations"], window)
    asked = [request.path.split("/")[-2] for request in vendor.requests]
    assert asked == [f"EMD_{number}" for number in read_again for _page in range(2)]
    surveys = {page.request["path"].split("/")[-2]: page.context["survey_id"] for page in pages}
    assert surveys == {f"EMD_{number}": "" if number == 5 else "SV_1" for number in read_again}
    assert cursor_after == days_ago(0)


def test_a_distribution_that_is_gone_is_passed_over_and_any_other_refusal_stops_the_night(
    connect, vendor
) -> None:
    status = 404

    def answer(request):
        if "EMD_1" in request.path:
            return vendor.reply({"meta": {"error": {"errorMessage": "no"}}}, status)
        return {"result": {"elements": [], "nextPage": None}}

    vendor.handler = answer
    window = Window(None, UNTIL, lambda _name: iter(DISTRIBUTIONS[:2]))
    *pages, _ = QUALTRICS.pages(connect(QUALTRICS), BY_NAME["invitations"], window)
    assert [page.request["path"].split("/")[-2] for page in pages] == ["EMD_2"]
    status = 400
    with pytest.raises(SourceError):
        list(QUALTRICS.pages(connect(QUALTRICS), BY_NAME["invitations"], window))


def test_the_people_of_every_directory_are_listed_once_a_week(connect, vendor) -> None:
    def answer(request):
        if request.path.endswith("/directories"):
            elements = [{"directoryId": "POOL_1"}, {"directoryId": "POOL_2"}]
        else:
            elements = [{"contactId": f"CID_of_{request.path.split('/')[-2]}"}]
        return {"result": {"elements": elements, "nextPage": None}}

    vendor.handler = answer
    pages, cursors = read(connect(QUALTRICS), "directory_contacts")
    assert [(page.context["directory_id"], json.loads(page.records[0])["contactId"]) for page in pages] == [
        ("POOL_1", "CID_of_POOL_1"),
        ("POOL_2", "CID_of_POOL_2"),
    ]
    assert cursors == ["2026-01-31"]
    assert read(connect(QUALTRICS), "directory_contacts", "2026-01-25") == ([], ["2026-01-25"])


@pytest.mark.parametrize("cursor", [None, "2026-01-24"], ids=["never before", "a week ago"])
def test_the_weekly_census_asks_for_ids_alone(connect, vendor, exporting, cursor) -> None:
    exporting()
    pages, cursors = read(connect(QUALTRICS), "response_ids", cursor, surveys=("SV_gone", "SV_1"))
    assert posts(vendor)[-1] == {
        **OPTIONS,
        "questionIds": [],
        "embeddedDataIds": [],
        "surveyMetadataIds": ["_recordId"],
    }
    assert {page.context["survey_id"] for page in pages} == {"SV_1"}
    assert cursors == ["2026-01-31"]


def test_a_census_less_than_a_week_old_is_not_taken_again(connect, vendor) -> None:
    assert read(connect(QUALTRICS), "response_ids", "2026-01-25") == ([], ["2026-01-25"])
    assert vendor.requests == []


def test_no_census_is_taken_before_the_responses_it_counts_have_landed(connect, vendor) -> None:
    def landed(name):
        if name == "responses":
            raise SourceError("responses did not land.", remedy="Run the night again.")
        return iter([{"id": "SV_1"}])

    with pytest.raises(SourceError, match="did not land"):
        list(QUALTRICS.pages(connect(QUALTRICS), BY_NAME["response_ids"], Window(None, UNTIL, landed)))
    assert vendor.requests == []


def test_an_export_counts_as_three_requests_however_many_lines_it_has(connect, exporting) -> None:
    exporting(file=zipped(b'{"responseId":"R"}\n' * 2500))
    pages, _ = read(connect(QUALTRICS), "responses")
    assert {page.setup_requests for page in pages} == {2}
    assert all(page.page_size >= 2500 for page in pages)


CLIENT = {"client_id": "c", "client_secret": "s3cret"}


def test_a_client_of_oauth_gets_its_token_by_its_credentials(connect, vendor) -> None:
    def answer(request):
        if request.path == "/oauth2/token":
            return {"access_token": "given", "expires_in": 3600}
        return {"result": {"elements": [], "nextPage": None}}

    vendor.handler = answer
    read(connect(QUALTRICS, extra=CLIENT), "surveys")
    asked, listed = vendor.requests
    assert asked.body["grant_type"] == "client_credentials"
    assert {"read:surveys", "read:survey_responses"} < set(asked.body["scope"].split())
    assert asked.headers["Authorization"] == "Basic YzpzM2NyZXQ="
    assert listed.headers["Authorization"] == "Bearer given"
    assert "X-API-TOKEN" not in listed.headers


def test_an_access_token_that_runs_out_between_two_requests_is_renewed() -> None:
    extra = {"client_id": CLIENT_ID, "client_secret": DEMO_TOKENS.qualtrics}
    with brand_with(versions_of_responses(0)) as (server, _):
        server.clock.tick = timedelta(minutes=40)
        to = SourceConnection("qualtrics_default", f"{server.base_url}/qualtrics", extra=extra)
        with Client(to, QUALTRICS, sleep=lambda _seconds: None) as client:
            pages, _ = one_night(client, NIGHTS[0], None)
        assert records(pages)
        assert server.journal.answers["qualtrics", "POST /oauth2/token", 200] > 1


def test_a_refused_token_may_be_one_of_another_datacenter(connect, vendor) -> None:
    meta = {"httpStatus": "401 - Unauthorized", "error": {"errorMessage": "Unrecognized X-API-TOKEN."}}
    vendor.script(vendor.reply({"meta": meta}, 401))
    with pytest.raises(SourceUnavailableError, match="datacenter"):
        read(connect(QUALTRICS), "surveys")


def test_rates_are_the_vendors_unless_the_connection_says_otherwise() -> None:
    def rates(**extra):
        connection = SourceConnection("qualtrics_default", "https://x.example", extra=extra)
        return {rate.path: rate.requests for rate in QUALTRICS.rates(connection)}

    assert rates() == {"/API/": 3000, "/file": 95}
    assert rates(requests_per_minute="500", exports_per_minute="20") == {"/API/": 500, "/file": 20}
    with pytest.raises(ConfigurationError, match="exports_per_minute"):
        rates(exports_per_minute="all")


def test_streams_that_read_others_run_after_them() -> None:
    assert {stream.name: stream.follows for stream in STREAMS} == {
        "surveys": (),
        "survey_definitions": ("surveys",),
        "responses": ("surveys",),
        "distributions": ("surveys",),
        "invitations": ("distributions",),
        "directory_contacts": (),
        "response_ids": ("surveys", "responses"),
    }


FIRST = date(2026, 1, 31)
NIGHTS = tuple(
    Night(FIRST + timedelta(days=number)) for number in range(20) if number not in {11, 15, 16, 17}
)


def versions_of_responses(seed: int) -> Versions:
    """Responses of three weeks, some edited, each shown at once, some time later, or a whole overlap late."""
    random, began = Random(seed), datetime(2026, 1, 28)  # noqa: DTZ001 - frames hold naive UTC
    rows = []
    for number in range(300):
        at = began + timedelta(seconds=random.randrange(23 * 86_400))
        for _ in range(random.choice((1, 1, 2))):
            late = random.choice((timedelta(), OVERLAP * random.random(), OVERLAP))
            rows.append((f"R_{number:03d}", at, at + late))
            at += timedelta(days=4, seconds=random.randrange(86_400))
    frame = pd.DataFrame(rows, columns=["id", "updated_at", "visible_at"])
    frame = frame.sort_values(["id", "visible_at"], ignore_index=True)
    frame = frame.astype({"updated_at": "datetime64[us]", "visible_at": "datetime64[us]"})
    return Versions(frame.assign(recorded_at=frame["updated_at"], state="live"), rendered)


def rendered(rows: pd.DataFrame) -> list[dict]:
    modified = np.datetime_as_string(rows["updated_at"].to_numpy(), unit="s", timezone="UTC")
    return [
        {"responseId": each, "values": {"LastModifiedDate": str(at)}}
        for each, at in zip(rows["id"], modified, strict=True)
    ]


@contextmanager
def brand_with(responses: Versions):
    """Serve one survey, and yield the server and a client of it."""
    opened = pd.Series(["2026-01-01"]).astype("datetime64[us]")
    survey = pd.DataFrame({"id": ["SV_1"], "updated_at": opened, "visible_at": opened, "state": ["live"]})
    surveys = Versions(survey, lambda rows: [{"id": each, "name": "Umfrage"} for each in rows["id"]])
    company = Company({}, {}, {}, surveys, surveys, {"SV_1": responses}, Truth())
    with serve(company, as_of=FIRST, speed=UNLIMITED) as server:
        to = SourceConnection(
            "qualtrics_default", f"{server.base_url}/qualtrics", password=DEMO_TOKENS.qualtrics
        )
        with Client(to, QUALTRICS, sleep=lambda _seconds: None) as client:
            yield server, client


def one_night(client, night: Night, cursor: str | None) -> tuple[list[Page], str]:
    """Return the pages of a night's responses, and the cursor after it."""
    window = Window(cursor, night.until, lambda _name: iter([{"id": "SV_1"}]))
    *pages, cursor_after = QUALTRICS.pages(client, BY_NAME["responses"], window)
    return pages, cursor_after


def not_landed(seed: int, ways: list[str] | None = None, held_up: Container[int] = ()) -> list[int]:
    """Run the nights, and count after each what the vendor shows and no night has landed.

    The nights `held_up`, by number, run when the last of them is due, one after the other.
    """
    responses, landed, missing, cursor = versions_of_responses(seed), set(), [], None
    with brand_with(responses) as (server, client):
        server.clock.tick = timedelta(seconds=7)
        server.faults.arm(ArmedFault("qualtrics_expired_token", "qualtrics", skip=2))
        for number, night in enumerate(NIGHTS):
            due = number
            while due in held_up and due + 1 in held_up:
                due += 1
            server.clock.move_to(NIGHTS[due].as_of_date)
            visible = rendered(responses.current(server.clock.now))
            pages, cursor = one_night(client, night, cursor)
            landed |= records(pages)
            missing.append(sum(line(each) not in landed for each in visible))
            if ways is not None:
                ways.append("token" if "continuationToken" in pages[0].request else "date")
    return missing


def records(pages: list[Page]) -> set[bytes]:
    return {record for page in pages for record in page.records}


def line(record: dict) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


@pytest.mark.parametrize("seed", range(3))
def test_night_after_night_lands_all_there_is_however_late_it_shows_up(seed) -> None:
    ways: list[str] = []
    assert sum(not_landed(seed, ways)) == 0
    assert ways.count("token") >= 5
    assert ways.count("date") >= 5


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN_AGE", timedelta()), ("OVERLAP", timedelta())],
    ids=["newest token", "no overlap"],
)
def test_without_the_overlap_of_tokens_or_dates_responses_are_lost(monkeypatch, name, value) -> None:
    monkeypatch.setattr(qualtrics, name, value)
    assert sum(not_landed(1)) > 0


@pytest.mark.parametrize("name", sorted(each for each in BEHAVIOURS if each.startswith("qualtrics_")))
def test_an_export_that_misbehaves_once_brings_what_there_is(name) -> None:
    with brand_with(versions_of_responses(0)) as (server, client):
        cursor, landed = None, set()
        for night in NIGHTS[:5]:
            server.clock.move_to(night.as_of_date)
            pages, cursor = one_night(client, night, cursor)
            landed |= records(pages)
        server.clock.move_to(NIGHTS[5].as_of_date)
        right, _ = one_night(client, NIGHTS[5], cursor)
        assert "continuationToken" in right[0].request
        server.faults.arm(ArmedFault(name, "qualtrics"))
        pages, _ = one_night(client, NIGHTS[5], cursor)
        assert server.faults.counts["qualtrics", name] == 1
    assert records(right) - landed
    assert records(right) - landed <= records(pages)


HELD_UP = range(3, 10)


@pytest.mark.parametrize("seed", range(3))
def test_what_a_token_of_nights_that_were_held_up_passes_over_comes_within_a_week(seed) -> None:
    assert not_landed(seed, held_up=HELD_UP)[-1] == 0


def test_without_a_weekly_export_by_date_it_never_comes(monkeypatch) -> None:
    monkeypatch.setattr(qualtrics, "BY_DATE_EVERY", timedelta(days=999))
    assert not_landed(2, held_up=HELD_UP)[-1] > 0
