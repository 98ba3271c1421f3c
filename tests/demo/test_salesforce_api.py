"""The emulated Salesforce: what it shows to whom, in which wording, and when it refuses."""

import base64
import csv
import io
from datetime import date, timedelta

import pandas as pd
import pytest
import requests

from valuegap.demo.company import generate_company
from valuegap.demo.faults import ArmedFault
from valuegap.demo.records import Versions
from valuegap.demo.salesforce_company import salesforce_id
from valuegap.demo.salesforce_objects import OBJECTS, cell
from valuegap.demo.tokens import DEMO_TOKENS

DATA = "/services/data/v65.0"
TOKEN = "/services/oauth2/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": DEMO_TOKENS.salesforce_app,
    "client_secret": DEMO_TOKENS.salesforce,
}


class SalesforceCaller:
    """Calls a served org with a token of its own."""

    def __init__(self, server) -> None:
        self.server, self.base_url = server, f"{server.base_url}/salesforce"
        self.session = requests.Session()
        self.session.trust_env = False
        self.log_in()

    def log_in(self) -> None:
        answer = self.session.post(self.base_url + TOKEN, data=FORM, timeout=30).json()
        self.session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path, headers=None, **params) -> requests.Response:
        return self.session.get(self.base_url + path, params=params, headers=headers, timeout=30)

    def ask(self, soql, endpoint="query", **headers) -> dict:
        answer = self.get(f"{DATA}/{endpoint}", headers, q=soql)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refusal(self, soql) -> tuple[int, str]:
        answer = self.get(f"{DATA}/query", q=soql)
        (error,) = answer.json()
        return answer.status_code, error["errorCode"]

    def job(self, soql, operation="queryAll", version="v65.0") -> dict:
        body = {"operation": operation, "query": soql}
        return self.session.post(
            f"{self.base_url}/services/data/{version}/jobs/query", json=body, timeout=30
        ).json()

    def finished(self, soql, **options) -> str:
        path = f"{DATA}/jobs/query/{self.job(soql, **options)['id']}"
        assert [self.get(path).json()["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
        return path


@pytest.fixture
def accounts(served, company_of):
    """Return a function that serves accounts: number -> (day of January, state, fields)."""

    def serve(rows):
        frame = pd.DataFrame(
            [
                {"id": salesforce_id("Account", number), "day": day, "state": state, "fields": fields}
                for number, (day, state, fields) in sorted(rows.items())
            ]
        )
        frame["updated_at"] = frame["visible_at"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(
            frame["day"] - 1, "D"
        )
        frame = frame.astype(dict.fromkeys(("updated_at", "visible_at"), "datetime64[us]"))

        def render(page):
            return [
                {"Id": row.id, "SystemModstamp": f"{row.updated_at.isoformat()}.000+0000", **row.fields}
                for row in page.itertuples()
            ]

        company = company_of()
        company.salesforce["Account"] = Versions(frame, render)
        return SalesforceCaller(served(company))

    return serve


def live(count) -> dict:
    return {number: (1, "live", {"Name": f"Account {number}"}) for number in range(1, count + 1)}


def ids(answer) -> list[int]:
    return [int(record["Id"][3:15]) for record in answer["records"]]


# --- who is there -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (FORM | {"client_secret": "wrong"}, "invalid_client"),
        (FORM | {"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_client"),
    ],
)
def test_the_token_endpoint_refuses_strangers_in_the_words_of_oauth(accounts, form, error) -> None:
    org = accounts(live(1))
    answer = requests.post(org.base_url + TOKEN, data=form, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_secret_may_come_by_basic_authentication(accounts) -> None:
    org = accounts(live(1))
    form, app = {"grant_type": "client_credentials"}, (DEMO_TOKENS.salesforce_app, DEMO_TOKENS.salesforce)
    answer = requests.post(org.base_url + TOKEN, data=form, auth=app, timeout=30).json()
    assert answer["instance_url"] == org.base_url
    assert "refresh_token" not in answer


def test_a_session_lives_two_hours(accounts) -> None:
    org = accounts(live(1))
    org.server.clock.now += timedelta(hours=2)
    assert org.ask("SELECT Id FROM Account")["totalSize"] == 1
    org.server.clock.now += timedelta(seconds=1)
    assert org.refusal("SELECT Id FROM Account") == (401, "INVALID_SESSION_ID")
    org.log_in()
    assert org.ask("SELECT Id FROM User")["totalSize"] == 0, "an object without rows"


def test_sessions_end_when_told(accounts) -> None:
    org = accounts(live(1))
    org.server.faults.arm(ArmedFault("salesforce_session_expired", "salesforce"))
    assert org.refusal("SELECT Id FROM Account") == (401, "INVALID_SESSION_ID")
    assert org.refusal("SELECT Id FROM Account") == (401, "INVALID_SESSION_ID")
    org.log_in()
    assert ids(org.ask("SELECT Id FROM Account")) == [1]


def test_every_answer_tells_the_orgs_usage(accounts) -> None:
    org = accounts(live(1))
    answer = org.get(f"{DATA}/limits")
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=1/")
    assert answer.json()["DailyApiRequests"]["Max"] == 100_000
    assert {"url": DATA, "label": "v65.0", "version": "65.0"} in org.get("/services/data").json()


# --- queries ------------------------------------------------------------------------------------------


def test_only_query_all_shows_deleted_rows_and_nobody_purged_ones(accounts) -> None:
    states = ("live", "deleted", "merged", "purged")
    org = accounts({number: (1, state, {}) for number, state in enumerate(states, 1)})
    assert ids(org.ask("SELECT Id FROM Account")) == [1]
    shown = org.ask("SELECT Id, IsDeleted FROM Account", "queryAll")
    assert ids(shown) == [1, 2, 3]
    assert [record["IsDeleted"] for record in shown["records"]] == [False, True, True]
    assert org.ask("SELECT COUNT() FROM Account", "queryAll")["totalSize"] == 3
    assert ids(org.ask("SELECT Id FROM Account WHERE IsDeleted = true", "queryAll")) == [2, 3]


def test_a_record_has_what_was_asked_for_and_its_attributes(accounts) -> None:
    (record,) = accounts(live(1)).ask("select name,  Id from Account")["records"]
    url = f"{DATA}/sobjects/Account/001000000000001AAA"
    assert record == {
        "attributes": {"type": "Account", "url": url},
        "Name": "Account 1",
        "Id": "001000000000001AAA",
    }


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("SystemModstamp >= 2026-01-03T00:00:00Z", [3, 4, 5]),
        ("SystemModstamp > 2026-01-03T00:00:00.000Z AND SystemModstamp <= 2026-01-04T01:00:00+01:00", [4]),
        ("SystemModstamp < 2026-01-02T00:00:00.001Z", [1, 2]),
        ("Id > '001000000000003AAA'", [4, 5]),
        ("Id IN ('001000000000001AAA','001000000000005AAA') and Name != 'x'", [1, 5]),
        ("Name = 'Quote \\' 2'", [2]),
        ("Industry = null", [1, 2, 3, 4, 5]),
        ("NumberOfEmployees >= 40 AND (IsDeleted = false)", [4, 5]),
    ],
)
def test_conditions_pick_their_rows(accounts, where, found) -> None:
    rows = {n: (n, "live", {"Name": f"Quote ' {n}", "NumberOfEmployees": 10 * n}) for n in range(1, 6)}
    assert ids(accounts(rows).ask(f"SELECT Id FROM Account WHERE {where} ORDER BY Id")) == found


def test_order_and_limit(accounts) -> None:
    org = accounts({n: (9 - n, "live", {"Name": f"{n % 2}"}) for n in range(1, 6)})
    assert ids(org.ask("SELECT Id FROM Account ORDER BY SystemModstamp LIMIT 2")) == [5, 4]
    assert ids(org.ask("SELECT Id FROM Account ORDER BY Id DESC NULLS LAST LIMIT 3")) == [5, 4, 3]


@pytest.mark.parametrize(
    ("soql", "refusal"),
    [
        ("SELECT Id, Naem FROM Account", (400, "INVALID_FIELD")),
        ("SELECT Id FROM Account WHERE Region__c = 'x'", (400, "INVALID_FIELD")),
        ("SELECT Id FROM Acount", (400, "INVALID_TYPE")),
        ("SELECT * FROM Account", (400, "INVALID_FIELD")),
        ("DELETE FROM Account", (400, "MALFORMED_QUERY")),
        ("SELECT Id FROM Account WHERE SystemModstamp >= 2026-01-01", (400, "MALFORMED_QUERY")),
        ("SELECT Id FROM Account WHERE Name = 'a' OR Name = 'b'", (400, "MALFORMED_QUERY")),
        ("", (400, "MALFORMED_QUERY")),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_list(accounts, soql, refusal) -> None:
    assert accounts(live(1)).refusal(soql) == refusal


def test_describe_knows_the_custom_fields_that_stand_in_rows(accounts) -> None:
    org = accounts({1: (1, "live", {"Name": "x", "Region__c": "North"})})
    described = {
        field["name"]: field for field in org.get(f"{DATA}/sobjects/Account/describe").json()["fields"]
    }
    assert described["Region__c"]["custom"]
    assert described["SystemModstamp"]["type"] == "datetime"
    assert org.ask("SELECT Region__c FROM Account")["records"][0]["Region__c"] == "North"
    assert org.get(f"{DATA}/sobjects/Nothing/describe").status_code == 404


# --- more than one answer ------------------------------------------------------------------------------


def test_a_locator_goes_on_under_query_and_still_shows_deleted_rows(accounts) -> None:
    org = accounts(live(3) | {4: (1, "deleted", {})})
    first = org.ask("SELECT Id FROM Account", "queryAll", **{"Sforce-Query-Options": "batchSize=3"})
    assert (first["totalSize"], first["done"], ids(first)) == (4, False, [1, 2, 3])
    assert first["nextRecordsUrl"].startswith(f"{DATA}/query/01g")
    second = org.get(first["nextRecordsUrl"]).json()
    assert (second["totalSize"], second["done"], ids(second)) == (4, True, [4])
    assert "nextRecordsUrl" not in second


def test_a_locator_shows_the_rows_of_the_moment_it_was_made(accounts) -> None:
    org = accounts(live(3) | {4: (31, "live", {}), 5: (33, "live", {})})
    first = org.ask("SELECT Id FROM Account", **{"Sforce-Query-Options": "batchSize=3"})
    org.server.clock.move_to(date(2026, 2, 3))
    org.log_in()
    assert ids(org.get(first["nextRecordsUrl"]).json()) == [4]
    assert org.ask("SELECT COUNT() FROM Account")["totalSize"] == 5


def test_only_the_newest_ten_locators_live(accounts) -> None:
    org = accounts(live(3))
    batch = {"Sforce-Query-Options": "batchSize=2"}
    urls = [org.ask("SELECT Id FROM Account", **batch)["nextRecordsUrl"] for _ in range(11)]
    answer = org.get(urls[0])
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert ids(org.get(urls[1]).json()) == [3]
    org.server.faults.arm(ArmedFault("salesforce_expired_locator", "salesforce"))
    assert org.get(urls[2]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_an_answer_may_be_shorter_than_asked(accounts) -> None:
    org = accounts(live(5))
    org.server.faults.arm(ArmedFault("salesforce_short_batch", "salesforce"))
    first = org.ask("SELECT Id FROM Account")
    assert (ids(first), first["done"], first["totalSize"]) == ([1, 2], False, 5)
    assert ids(org.get(first["nextRecordsUrl"]).json()) == [3, 4, 5]


def test_a_query_may_time_out(accounts) -> None:
    org = accounts(live(1))
    org.server.faults.arm(ArmedFault("salesforce_query_timeout", "salesforce", "/query"))
    assert org.refusal("SELECT Id FROM Account") == (400, "QUERY_TIMEOUT")
    assert ids(org.ask("SELECT Id FROM Account")) == [1]


# --- jobs ---------------------------------------------------------------------------------------------


def test_the_parts_of_a_job_end_with_a_null_locator(accounts) -> None:
    org = accounts(live(5))
    path, locator, found = org.finished("SELECT Id FROM Account"), None, []
    while locator != "null":
        part = org.get(f"{path}/results", maxRecords=2, locator=locator)
        header, *rows = csv.reader(io.StringIO(part.text))
        assert (header, int(part.headers["Sforce-NumberOfRecords"])) == (["Id"], len(rows))
        found += [row[0] for row in rows]
        locator = part.headers["Sforce-Locator"]
    assert found == [salesforce_id("Account", number) for number in range(1, 6)]
    assert org.get(path).json()["numberRecordsProcessed"] == 5


def test_cells_hold_whatever_the_fields_hold(accounts) -> None:
    name = 'two\nlines, "quoted" and a nul \x00'
    org = accounts({1: (2, "deleted", {"Name": name, "NumberOfEmployees": 12000000})})
    path = org.finished("SELECT Id, Name, Website, NumberOfEmployees, IsDeleted, SystemModstamp FROM Account")
    part = org.get(f"{path}/results")
    assert part.headers["Sforce-Locator"] == "null"
    _, row = csv.reader(io.StringIO(part.content.decode()))
    assert row == ["001000000000001AAA", name, "", "12000000", "true", "2026-01-02T00:00:00.000Z"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.5, "12.5"),
        (0.0, "0.0"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-12345678.9, "-1.23456789E7"),
        (16147805824397.0, "1.6147805824397E13"),
        (0.00025, "2.5E-4"),
        (True, "true"),
        (None, ""),
    ],
)
def test_numbers_in_csv_are_written_as_java_writes_them(value, text) -> None:
    assert cell(value, "double") == text


def test_results_are_only_given_to_the_version_that_made_the_job(accounts) -> None:
    org = accounts(live(1))
    path = org.finished("SELECT Id FROM Account")
    assert org.get(f"{path.replace('v65.0', 'v64.0')}/results").status_code == 409
    assert org.get(f"{path}/results").status_code == 200


def test_a_job_leaves_deleted_rows_to_query_all(accounts) -> None:
    org = accounts({1: (1, "live", {}), 2: (1, "deleted", {})})
    path = org.finished("SELECT Id FROM Account", operation="query")
    assert org.get(f"{path}/results").headers["Sforce-NumberOfRecords"] == "1"


@pytest.mark.parametrize(
    ("name", "message"),
    [("salesforce_bulk_failed", "InternalServerError"), ("salesforce_query_timeout", "QUERY_TIMEOUT")],
)
def test_a_job_may_fail(accounts, name, message) -> None:
    org = accounts(live(1))
    org.server.faults.arm(ArmedFault(name, "salesforce", "jobs/query"))
    path = f"{DATA}/jobs/query/{org.job('SELECT Id FROM Account')['id']}"
    _, job = org.get(path).json(), org.get(path).json()
    assert (job["state"], job["errorMessage"].split()[0].strip(":")) == ("Failed", message)
    assert org.get(f"{path}/results").status_code == 204


def test_a_job_that_makes_no_sense_is_refused_at_once(accounts) -> None:
    org = accounts(live(1))
    assert org.job("SELECT Naem FROM Account")[0]["errorCode"] == "INVALID_FIELD"
    assert org.job("SELECT Id FROM Account", operation="insert")[0]["errorCode"] == "INVALIDJOB"
    assert org.job("SELECT COUNT() FROM Account")[0]["errorCode"] == "API_ERROR"
    assert org.get(f"{DATA}/jobs/query/750nothing").status_code == 404


# --- the demo company -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def company():
    return generate_company(seed=7, size="S", nights=3)


def current(versions, night=date(2026, 1, 31)) -> list[dict]:
    rows = versions.current(pd.Timestamp(night + timedelta(days=1)).to_pydatetime())
    return [
        record | {"state": state}
        for record, state in zip(versions.render(rows), rows["state"].tolist(), strict=True)
    ]


def test_the_demo_company_sells_the_same_in_both_crms(company) -> None:
    deals = {each["id"]: each["properties"] for each in current(company.hubspot["deals"])}
    opportunities = {each["Id"]: each for each in current(company.salesforce["Opportunity"])}
    assert {salesforce_id("Opportunity", each) for each in deals} == opportunities.keys()
    for number, deal in deals.items():
        opportunity = opportunities[salesforce_id("Opportunity", number)]
        assert opportunity["Order_Number__c"] == deal["order_number"]
        assert opportunity["IsWon"] == (deal["hs_is_closed_won"] == "true")
    revenue = sum(
        float(line["properties"]["quantity"]) * float(line["properties"]["price"])
        - float(line["properties"]["hs_total_discount"] or 0)
        for line in current(company.hubspot["line_items"])
    )
    total = sum(line["TotalPrice"] for line in current(company.salesforce["OpportunityLineItem"]))
    assert total == pytest.approx(revenue, abs=1)


def test_references_of_the_demo_org_lead_somewhere(company) -> None:
    known = {name: {each["Id"] for each in current(company.salesforce[name])} for name in OBJECTS}
    ends = {
        ("Contact", "AccountId"): "Account",
        ("Opportunity", "AccountId"): "Account",
        ("OpportunityLineItem", "OpportunityId"): "Opportunity",
        ("OpportunityLineItem", "Product2Id"): "Product2",
        ("OpportunityContactRole", "ContactId"): "Contact",
        ("PricebookEntry", "Product2Id"): "Product2",
        ("Account", "OwnerId"): "User",
    }
    for (name, field), end in ends.items():
        found = {each[field] for each in current(company.salesforce[name])} - {None}
        assert found <= known[end], (name, field)
        assert found


def test_merged_accounts_of_the_demo_org_name_a_winner_that_lives(company) -> None:
    accounts = {each["Id"]: each for each in current(company.salesforce["Account"], date(2026, 2, 2))}
    merged = [each for each in accounts.values() if each["state"] == "merged"]
    assert merged
    assert {accounts[each["MasterRecordId"]]["state"] for each in merged} == {"live"}
    assert {each["MasterRecordId"] for each in accounts.values() if each["state"] == "live"} == {None}


def test_the_records_have_the_fields_the_org_describes(company) -> None:
    for name, sobject in OBJECTS.items():
        record = next(iter(current(company.salesforce[name])))
        lacking = sobject.fields.keys() - record.keys() - {"IsDeleted"}
        assert not lacking, (name, lacking)


def test_a_basic_header_that_is_no_text_is_no_secret(accounts) -> None:
    org = accounts(live(1))
    headers = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    form = {"grant_type": "client_credentials"}
    assert requests.post(org.base_url + TOKEN, data=form, headers=headers, timeout=30).status_code == 400
