"""Salesforce's pager, against the emulated org where it answers rightly and a scripted one where it does not."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from valuegap.demo.faults import ArmedFault
from valuegap.demo.records import Company, Versions
from valuegap.demo.server import UNLIMITED, serve
from valuegap.demo.tokens import DEMO_TOKENS
from valuegap.demo.truth import Truth
from valuegap.errors import SourceError
from valuegap.landing import Landing
from valuegap.loading import load_source
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources import salesforce
from valuegap.sources.client import Client, SourceUnavailableError
from valuegap.sources.connection import SourceConnection
from valuegap.sources.salesforce import OPTIONAL_FIELDS, SALESFORCE, STREAMS
from valuegap.sources.stream import OVERLAP, Page, Pager, Window

BY_NAME = {stream.name: stream for stream in STREAMS}
NIGHT = date(2026, 1, 31)
UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
BEFORE = UNTIL - timedelta(days=1)
ACCOUNT_FIELDS = [field.path.removeprefix("$.") for field in BY_NAME["accounts"].fields]
MANY = 50


def account_id(number) -> str:
    return f"001{number:012d}AAA"


def rendered(row) -> dict:
    at = f"{row.updated_at.isoformat(timespec='milliseconds')}+0000"
    known = {"Id": row.id, "CreatedDate": "2025-01-01T00:00:00.000+0000", "SystemModstamp": at}
    return known | {"MasterRecordId": None, "Name": f"Account {row.id}"} | (row.fields or {})


class Org:
    """The served org, whose rows a test may change at any time."""

    def __init__(self, server, rows_of) -> None:
        self.server = server
        self._rows_of = rows_of

    def put(self, *rows, sobject="Account") -> None:
        """Rows are (number, updated_at) or (number, updated_at, more), more being columns of the frame."""
        frame = pd.DataFrame(
            [
                {
                    "id": account_id(number),
                    "updated_at": at,
                    "visible_at": at,
                    "state": "live",
                    "fields": None,
                }
                | dict(*more)
                for number, at, *more in rows
            ],
            columns=["id", "updated_at", "visible_at", "state", "fields"],
        )
        for name in ("updated_at", "visible_at"):
            frame[name] = pd.to_datetime(frame[name], utc=True).dt.tz_localize(None).astype("datetime64[us]")
        frame = frame.sort_values(["id", "visible_at"], kind="stable", ignore_index=True)
        self._rows_of[sobject] = Versions(frame, lambda page: [rendered(row) for row in page.itertuples()])

    def arm(self, name, **options) -> None:
        self.server.faults.arm(ArmedFault(name, "salesforce", **options))

    def asked(self, ending) -> int:
        answers = self.server.journal.answers
        return sum(n for (_, endpoint, _), n in answers.items() if endpoint.endswith(ending))


@pytest.fixture(scope="module")
def server():
    nothing = Versions(pd.DataFrame(), lambda _rows: [])
    rows_of: dict[str, Versions] = {}
    company = Company({}, {}, {}, nothing, nothing, {}, Truth(), salesforce=rows_of)
    with serve(company, as_of=NIGHT, speed=UNLIMITED) as server:
        yield server, rows_of


@pytest.fixture
def org(server):
    server, rows_of = server
    rows_of.clear()
    server.faults.disarm()
    server.faults.counts.clear()
    server.journal.answers.clear()
    server.clock.move_to(NIGHT)
    server.clock.tick = timedelta(0)
    return Org(server, rows_of)


def client_of(org, fake_time, **connection) -> Client:
    extra = {"password": DEMO_TOKENS.salesforce} | connection
    url = f"{org.server.base_url}/salesforce"
    to = SourceConnection("salesforce_default", url, DEMO_TOKENS.salesforce_app, **extra)
    return Client(to, SALESFORCE, sleep=fake_time.sleep, monotonic=fake_time.monotonic)


@pytest.fixture
def read(org, fake_time):
    """Return a function that reads a stream: its records in the order landed, and the next cursor."""

    def read_stream(cursor=None, *, name="accounts", until=UNTIL, client=None):
        with client or client_of(org, fake_time) as opened:
            pager = Pager(SALESFORCE.pages(opened, BY_NAME[name], Window(cursor, until, None)))
            records = [json.loads(record) for page in pager for record in page.records]
        return records, pager.cursor_after

    return read_stream


def ended(until=BEFORE, fields=ACCOUNT_FIELDS) -> str:
    """Return the cursor of a night that ended then."""
    return json.dumps({"until": until.isoformat(), "fields": fields})


def numbers(records) -> list[int]:
    rows = [json.loads(record) if isinstance(record, bytes) else record for record in records]
    return [int(row["Id"][3:15]) for row in rows]


@pytest.fixture
def few_are_many(monkeypatch):
    """Answers of 10 rows, and jobs from 50 rows on, in downloads of 20."""
    monkeypatch.setattr("valuegap.demo.salesforce_api.ANSWER_ROWS", 10)
    monkeypatch.setattr(salesforce, "BULK_FROM", MANY)
    monkeypatch.setattr(salesforce, "BULK_ROWS", 20)
    monkeypatch.setattr(salesforce, "ANSWER_ROWS", 10)


# --- which rows ---------------------------------------------------------------------------------------

STEP = timedelta(milliseconds=1)
BOUNDARIES = [BEFORE - OVERLAP, BEFORE, UNTIL]
INSTANTS = st.sampled_from([at + step for at in BOUNDARIES for step in (-STEP, timedelta(0), STEP)])
ACCOUNTS = st.dictionaries(st.integers(1, 10**9), INSTANTS, max_size=25)
ON_ONE_SERVER = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ON_ONE_SERVER
@given(ACCOUNTS)
def test_a_first_night_takes_all_that_changed_before_its_end(org, read, accounts) -> None:
    org.put(*accounts.items())
    records, cursor = read()
    assert numbers(records) == sorted(each for each, at in accounts.items() if at < UNTIL)
    assert json.loads(cursor)["until"] == UNTIL.isoformat()


@ON_ONE_SERVER
@given(ACCOUNTS)
def test_a_window_takes_its_first_instant_and_leaves_its_end_to_the_next(org, read, accounts) -> None:
    org.put(*accounts.items())
    records, _ = read(ended())
    assert numbers(records) == sorted(each for each, at in accounts.items() if BEFORE - OVERLAP <= at < UNTIL)


@pytest.mark.parametrize("rows", [0, 1, 9, 10, 11, 20, 49])
def test_pages_end_where_the_rows_end(org, read, few_are_many, rows) -> None:
    """All of one instant: no clock could tell them apart, their ids do."""
    org.put(*((number, BEFORE) for number in range(1, rows + 1)))
    records, _ = read(ended())
    assert numbers(records) == list(range(1, rows + 1))
    assert org.asked("/queryAll") == max(1, -(-rows // 10))


@pytest.mark.parametrize("rows", [50, 60, 61, 130])
def test_many_rows_come_by_a_job(org, read, few_are_many, rows) -> None:
    org.put(*((number, BEFORE) for number in range(1, rows + 1)))
    records, _ = read(ended())
    assert numbers(records) == list(range(1, rows + 1))
    assert org.asked("/queryAll") == 1, "the answer that told how many there are"
    assert org.asked("/results") == -(-rows // 20)


def test_an_answer_that_is_shorter_than_it_could_be_loses_nothing(org, read, few_are_many) -> None:
    org.put(*((number, BEFORE) for number in range(1, 40)))
    org.arm("salesforce_short_batch", times=3)
    records, _ = read(ended())
    assert numbers(records) == list(range(1, 40))
    assert org.server.faults.counts["salesforce", "salesforce_short_batch"] == 3


def test_no_locator_is_ever_asked_for(org, read, few_are_many) -> None:
    org.put(*((number, BEFORE) for number in range(1, 40)))
    org.arm("salesforce_expired_locator", times=99)
    assert numbers(read(ended())[0]) == list(range(1, 40))
    assert not org.server.faults.counts


def test_a_row_that_shows_late_is_found_by_the_overlap(org, read) -> None:
    late = {"visible_at": UNTIL + timedelta(days=2)}
    org.put((1, BEFORE), (2, BEFORE, late))
    records, cursor = read(ended())
    assert numbers(records) == [1]
    org.server.clock.move_to(NIGHT + timedelta(days=2))
    records, _ = read(cursor, until=UNTIL + timedelta(days=2))
    assert numbers(records) == [1, 2]


def test_what_changes_while_we_page_is_ours_or_the_next_nights(org, read, few_are_many) -> None:
    """Each request finds the org 30 seconds later; meanwhile rows we have and rows to come change."""
    now = UNTIL + timedelta(minutes=5)
    rows = [(number, BEFORE) for number in range(1, 46)]
    changes = [(number, now + timedelta(seconds=20 * number)) for number in range(1, 46, 3)]
    org.put(*rows, *changes)
    org.server.clock.tick = timedelta(seconds=30)
    first, cursor = read(ended())
    org.server.clock.tick = timedelta(0)
    org.server.clock.move_to(NIGHT + timedelta(days=1))
    second, _ = read(cursor, until=UNTIL + timedelta(days=1))
    last = {record["Id"]: record["SystemModstamp"] for record in [*first, *second]}
    assert len(numbers(first)) == len(set(numbers(first))) < 45
    assert last == {
        account_id(number): f"{dict([*rows, *changes])[number]:%Y-%m-%dT%H:%M:%S.000+0000}"
        for number, _ in rows
    }


def test_deleted_and_merged_rows_are_shown_and_purged_ones_are_not(org, read) -> None:
    merged = {"state": "merged", "fields": {"MasterRecordId": account_id(1)}}
    org.put(
        (1, BEFORE),
        (2, BEFORE, {"state": "deleted"}),
        (3, BEFORE, merged),
        (4, BEFORE, {"state": "purged"}),
    )
    records, _ = read(ended())
    found = {
        number: (record["IsDeleted"], record["MasterRecordId"])
        for number, record in zip(numbers(records), records, strict=True)
    }
    assert found == {1: (False, None), 2: (True, None), 3: (True, account_id(1))}


# --- census -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [5, 60], ids=["by key", "by job"])
def test_a_census_lists_all_live_rows(org, read, few_are_many, rows) -> None:
    live = [(number, datetime(2019, 1, 1, tzinfo=UTC)) for number in range(1, rows + 1)]
    org.put(*live, (900, BEFORE, {"state": "deleted"}), (901, BEFORE, {"state": "purged"}))
    records, cursor = read(name="account_ids")
    assert numbers(records) == list(range(1, rows + 1))
    assert cursor == "2026-01-31"


@pytest.mark.parametrize(
    ("before", "is_due"), [("2026-01-24", True), ("2026-01-25", False), ("2026-01-31", False)]
)
def test_a_census_is_taken_when_the_last_is_a_week_old(org, read, before, is_due) -> None:
    org.put((1, BEFORE))
    records, cursor = read(before, name="account_ids")
    assert len(records) == is_due
    assert cursor == ("2026-01-31" if is_due else before)


def test_every_object_but_users_has_a_census_that_follows_it() -> None:
    counted = {stream.follows for stream in STREAMS if stream.name.endswith("_ids")}
    assert counted == {(name,) for name in BY_NAME if not name.endswith("_ids") and name != "users"}


# --- fields -------------------------------------------------------------------------------------------


def with_field(stream, *names):
    return replace(
        stream, fields=(*stream.fields, *(salesforce._field(name.lower(), name) for name in names))
    )


def test_a_field_the_org_lacks_is_one_clear_line(org, read, monkeypatch) -> None:
    monkeypatch.setitem(BY_NAME, "accounts", with_field(BY_NAME["accounts"], "Region__c"))
    with pytest.raises(SourceError, match=r"shows us no field Region__c\. Give .* Account\.Region__c"):
        read()


def test_a_field_that_not_every_org_has_is_left_out(org, read, monkeypatch) -> None:
    monkeypatch.setitem(BY_NAME, "accounts", with_field(BY_NAME["accounts"], "CurrencyIsoCode"))
    assert "CurrencyIsoCode" in OPTIONAL_FIELDS
    org.put((1, BEFORE))
    records, cursor = read(ended())
    assert list(records[0]) == ["attributes", *ACCOUNT_FIELDS]
    assert json.loads(cursor)["fields"] == ACCOUNT_FIELDS


def test_a_new_field_has_the_object_read_from_its_beginning_once(org, read, monkeypatch) -> None:
    org.put((1, datetime(2020, 1, 1, tzinfo=UTC), {"fields": {"Region__c": "North"}}), (2, BEFORE))
    assert numbers(read(ended())[0]) == [2]
    monkeypatch.setitem(BY_NAME, "accounts", with_field(BY_NAME["accounts"], "Region__c"))
    records, cursor = read(ended())
    assert [record["Region__c"] for record in records] == ["North", None]
    assert numbers(read(cursor, until=UNTIL)[0]) == [2]


def test_a_field_that_is_gone_reads_nothing_anew(org, read) -> None:
    org.put((1, datetime(2020, 1, 1, tzinfo=UTC)), (2, BEFORE))
    assert numbers(read(ended(fields=[*ACCOUNT_FIELDS, "Once__c"]))[0]) == [2]


def test_an_object_we_may_not_see_is_one_clear_line(org, read, monkeypatch) -> None:
    monkeypatch.setitem(salesforce._OBJECTS, "accounts", "Secret__c")
    with pytest.raises(SourceError, match=r"does not show us Secret__c\. Give the integration user"):
        read()


def test_only_the_standard_price_book_is_read(org, read) -> None:
    entries = [
        (1, BEFORE, {"fields": {"Pricebook2": {"IsStandard": True}, "UnitPrice": 12.5}}),
        (2, BEFORE, {"fields": {"Pricebook2": {"IsStandard": False}, "UnitPrice": 9.5}}),
    ]
    org.put(*entries, sobject="PricebookEntry")
    assert [each["UnitPrice"] for each in read(ended(fields=["Other"]), name="prices")[0]] == ["12.5"]
    assert numbers(read(name="price_ids")[0]) == [1]


# --- what goes wrong ----------------------------------------------------------------------------------


def test_a_window_that_times_out_is_halved(org, read) -> None:
    org.put(*((number, BEFORE + timedelta(hours=number - 70)) for number in range(1, 90)))
    org.arm("salesforce_query_timeout", path="queryAll", times=3)
    assert sorted(numbers(read(ended())[0])) == list(range(1, 90))
    assert org.asked("/queryAll") == 3 + 4, "a half, a quarter and two eighths"


def test_a_window_that_always_times_out_is_one_clear_line(org, read) -> None:
    org.put((1, BEFORE))
    org.arm("salesforce_query_timeout", path="queryAll", times=999)
    with pytest.raises(SourceError, match=r"Account cannot be read: its query times out even for one second"):
        read(ended())


def test_a_job_that_times_out_is_halved_without_losing_the_oldest_rows(org, read) -> None:
    org.put((1, datetime(1999, 6, 1, tzinfo=UTC)), (2, datetime(2015, 1, 1, tzinfo=UTC)), (3, BEFORE))
    org.arm("salesforce_query_timeout", path="jobs/query", times=3)
    assert numbers(read()[0]) == [1, 2, 3]


def test_a_census_that_times_out_goes_by_job(org, read) -> None:
    org.put((1, BEFORE))
    org.arm("salesforce_query_timeout", path="/query")
    assert numbers(read(name="account_ids")[0]) == [1]
    assert org.asked("/results") == 1


def test_a_job_that_fails_is_made_again(org, read) -> None:
    org.put((1, BEFORE))
    org.arm("salesforce_bulk_failed", times=2)
    assert numbers(read()[0]) == [1]
    assert org.asked("POST /services/data/{version}/jobs/query") == 3


def test_a_job_that_keeps_failing_is_one_clear_line(org, read) -> None:
    org.arm("salesforce_bulk_failed", times=3)
    with pytest.raises(SourceError, match=r"gave up on Account 3 times; the last: InternalServerError"):
        read()


def test_a_session_that_ends_is_renewed(org, read, few_are_many) -> None:
    org.put(*((number, BEFORE) for number in range(1, 46)))
    org.arm("salesforce_session_expired", path="queryAll", skip=2)
    assert numbers(read(ended())[0]) == list(range(1, 46))
    assert org.asked("/oauth2/token") == 2


def test_a_wrong_secret_is_one_clear_line_without_it(org, read, fake_time) -> None:
    with pytest.raises(SourceUnavailableError, match="invalid client credentials") as caught:
        read(client=client_of(org, fake_time, password="n0t-the-secret"))
    assert "salesforce_default" in str(caught.value)
    assert "n0t-the-secret" not in str(caught.value)


def test_all_requests_of_a_night_are_of_one_api_version(org, read, fake_time) -> None:
    """Results of a job are refused to any other version than the one that made it."""
    org.put((1, BEFORE))
    assert numbers(read(client=client_of(org, fake_time, extra={"api_version": "v60.0"}))[0]) == [1]


# --- both ways into the same columns -------------------------------------------------------------------


def test_rest_and_bulk_load_the_same_values(org, read, fake_time, tmp_path) -> None:
    texts = ['two\nlines, "quoted"', "nul\x00l", "émoji 🙂", " blanks ", "a,b;c", "", "=1+1", "\r\n"]
    rows = []
    for number, text in zip(count(1), texts):
        fields = {
            "Name": text or None,
            "NumberOfEmployees": number * 7,
            "Website": None,
            "AccountNumber": "007",
        }
        rows.append((number, BEFORE + timedelta(milliseconds=number), {"fields": fields}))
    org.put(*rows)
    amounts = [None, 0.0, 12.5, -99.99, 12000000.0, 16147805824.25, 0.01]
    org.put(
        *((number, BEFORE, {"fields": {"Amount": amount, "CloseDate": "2026-01-05", "IsWon": True}}) for number, amount in enumerate(amounts, 1)),
        sobject="Opportunity",
    )  # fmt: skip
    loaded = [
        _loaded(org, fake_time, tmp_path / way, cursor) for way, cursor in (("job", None), ("key", ended()))
    ]
    assert loaded[0] == loaded[1]
    assert [row[1] for row in loaded[0]["accounts"]] == [text or None for text in texts]
    assert [row[1] and float(row[1]) for row in loaded[0]["opportunities"]] == amounts


def _loaded(org, fake_time, folder, cursor) -> dict[str, list[tuple]]:
    from valuegap import warehouse

    settings = Settings(data_dir=folder)
    for name in ("accounts", "opportunities"):
        fields = [field.path.removeprefix("$.") for field in BY_NAME[name].fields]
        with client_of(org, fake_time) as client:
            window = Window(cursor and ended(fields=fields), UNTIL, None)
            pager = Pager(SALESFORCE.pages(client, BY_NAME[name], window))
            Landing(settings.landing_dir).write_stream("salesforce", name, Night(NIGHT), pager)
    assert [each.quarantined_rows for each in load_source(settings, SALESFORCE, Night(NIGHT))] == [0, 0]
    with warehouse.read_only(settings) as connection:
        return {
            name: connection.execute(
                f"select id, {first}, * exclude (record, _page, _line) from raw_salesforce.{name} order by id"
            ).fetchall()
            for name, first in (("accounts", "name"), ("opportunities", "amount"))
        }


# --- answers that are not right, from a scripted vendor --------------------------------------------------

WITHOUT_TOKEN = replace(SALESFORCE, token=lambda _connection: None)
DESCRIBED = {"fields": [{"name": name} for name in ACCOUNT_FIELDS]}
HEADER = ",".join(f'"{name}"' for name in ACCOUNT_FIELDS)


def row(number, sobject="Account") -> dict:
    return {"attributes": {"type": sobject}, "Id": account_id(number)}


def answer(*rows, total=None) -> dict:
    return {"totalSize": len(rows) if total is None else total, "done": True, "records": list(rows)}


@pytest.fixture
def scripted(vendor, connect, fake_time):
    """Return a function that reads accounts from answers to `queryAll` in turn, or from one job's CSV parts.

    It returns the records as they are landed.
    """

    def read_accounts(*answers, parts=(), rows=0, cursor=None):
        answers, parts = list(answers), list(parts)

        def handle(request):
            if request.path.endswith("/describe"):
                return DESCRIBED
            if request.path.endswith("/queryAll"):
                return answers.pop(0)
            if request.path.endswith("/results"):
                text, locator = parts.pop(0)
                return vendor.reply(text, headers={"Sforce-Locator": locator}, content_type="text/csv")
            return {"id": "750A", "state": "JobComplete", "numberRecordsProcessed": rows}

        vendor.handler = handle
        pages = SALESFORCE.pages(connect(WITHOUT_TOKEN), BY_NAME["accounts"], Window(cursor, UNTIL, None))
        return [record for page in pages if isinstance(page, Page) for record in page.records]

    return read_accounts


def test_a_row_sent_twice_does_not_end_the_reading(scripted) -> None:
    records = scripted(answer(row(1), row(1), total=2), answer(row(2)), cursor=ended())
    assert numbers(records) == [1, 1, 2]


@pytest.mark.parametrize(
    "second",
    [answer(row(1), row(2), total=4), answer(total=2)],
    ids=["the page before", "no rows though it counts some"],
)
def test_a_page_that_leads_nowhere_stops_the_stream(scripted, second) -> None:
    with pytest.raises(SourceError, match="sends none that is new"):
        scripted(answer(row(1), row(2), total=4), second, cursor=ended())


def test_rows_of_another_object_stop_the_stream(scripted) -> None:
    with pytest.raises(SourceError, match="sent rows that are no Account"):
        scripted(answer(row(1, "Contact")), cursor=ended())


def test_a_field_that_went_since_the_describe_is_one_clear_line(scripted, vendor) -> None:
    error = {"errorCode": "INVALID_FIELD", "message": "No such column 'Name' on entity 'Account'."}
    with pytest.raises(SourceError, match=r"INVALID_FIELD: No such column 'Name' on entity 'Account'\."):
        scripted(vendor.reply([error], 400), cursor=ended())


def test_an_org_without_requests_left_stops_the_source(scripted, vendor) -> None:
    error = {"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}
    with pytest.raises(
        SourceUnavailableError, match=r"TotalRequests Limit exceeded\. .*run the night again later"
    ):
        scripted(vendor.reply([error], 403), cursor=ended())


def test_near_the_end_of_the_orgs_requests_the_rest_is_left_to_others() -> None:
    def pause(usage):
        return SALESFORCE.pause({"Sforce-Limit-Info": usage})

    assert pause("api-usage=4749/5000") == 0
    assert pause("api-usage=4750/5000; per-app-api-usage=1/250(appName=x)") > 3600
    assert SALESFORCE.pause({}) == 0


def csv_of(*ids, header=HEADER) -> bytes:
    lines = [header, *(f'"{account_id(each)}"' + ',""' * (len(ACCOUNT_FIELDS) - 1) for each in ids)]
    return "\n".join(lines).encode() + b"\n"


def test_parts_of_a_job_are_read_until_the_locator_is_null(scripted) -> None:
    records = scripted(parts=[(csv_of(1, 2), "MQ"), (csv_of(3), "Mg"), (csv_of(), "null")], rows=3)
    assert numbers(records) == [1, 2, 3]


def test_bytes_that_are_no_text_are_kept(scripted) -> None:
    """The loader sets such a record aside; the reader must not lose it, nor stop at it."""
    (record,) = scripted(parts=[(csv_of(1).replace(b'""', b'"\xff"', 1), "null")], rows=1)
    assert b'"CreatedDate": "\xff"' in record


@pytest.mark.parametrize(
    ("parts", "rows", "expected"),
    [
        ([(csv_of(1, 2), "null")], 3, "counts 3 rows of Account and sent 2"),
        ([(csv_of(1), "MQ"), (csv_of(2), "MQ")], 2, "goes round in circles"),
        ([(b"<html>Please sign in</html>", "null")], 0, "sent no CSV of the fields asked for"),
        ([(csv_of(1, header='"Id","Name"'), "null")], 1, "sent no CSV of the fields asked for"),
        ([(csv_of(1) + b'"001', "null")], 2, "sent CSV that is broken in line 3"),
        ([(csv_of(1) + b'"001","a"\n', "null")], 2, "sent CSV that is broken in line 3"),
    ],
    ids=["too few", "circles", "a login page", "other fields", "cut off", "a short line"],
)
def test_a_download_that_is_not_what_was_asked_stops_the_stream(scripted, parts, rows, expected) -> None:
    with pytest.raises(SourceError, match=expected):
        scripted(parts=parts, rows=rows)


def test_a_job_that_never_ends_is_given_up(connect, vendor, fake_time) -> None:
    vendor.handler = lambda request: (
        DESCRIBED if "describe" in request.path else {"id": "750A", "state": "InProgress"}
    )
    pages = SALESFORCE.pages(connect(WITHOUT_TOKEN), BY_NAME["accounts"], Window(None, UNTIL, None))
    with pytest.raises(SourceError, match="did not end job 750A in two hours"):
        list(pages)
    assert max(fake_time.slept) <= 30
    assert len(vendor.requests) < 300
