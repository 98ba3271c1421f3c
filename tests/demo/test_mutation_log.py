import json
from datetime import UTC, date, datetime

import pytest

from valuegap.demo.mutation_log import Mutation, Op, company_of, read_log, write_log
from valuegap.demo.server import serve
from valuegap.errors import ConfigurationError

JAN = [datetime(2026, 1, day, 9, tzinfo=UTC) for day in range(1, 32)]


def contact(day, op=Op.CREATE, *, visible=None, raw=None, **properties):
    stamp = JAN[day].isoformat().replace("+00:00", "Z")
    record = {"id": "7", "properties": properties, "createdAt": stamp, "updatedAt": stamp, "archived": False}
    times = JAN[day], JAN[day if visible is None else visible]
    return Mutation(*times, "hubspot", "contacts", "7", op, record, raw or {})


LOG = (
    contact(1, firstname="Ann"),
    contact(5, Op.UPDATE, visible=8, firstname="Anna"),
    contact(12, Op.PURGE, firstname="Anna"),
)


def first_names(company, day):
    contacts = company.hubspot["contacts"]
    rows = contacts.current(JAN[day])
    live = rows[(rows["state"] == "live").to_numpy()]
    return [record["properties"]["firstname"] for record in contacts.render(live)]


def test_a_company_of_a_log_shows_each_version_from_when_it_is_visible():
    company = company_of(LOG)
    assert [first_names(company, day) for day in (0, 1, 7, 8, 12)] == [[], ["Ann"], ["Ann"], ["Anna"], []]


def test_streams_a_log_does_not_name_are_there_and_empty():
    company = company_of(LOG)
    assert company.zendesk["tickets"].current(JAN[30]).empty
    assert company.associations["contact_companies"].empty
    assert company.qualtrics_surveys.current(JAN[30]).empty


def test_an_association_goes_when_it_is_taken_away():
    link = {"to_id": 3, "type_id": 1}
    made, gone = (
        Mutation(JAN[day], JAN[day], "hubspot", "contact_companies", "7", op, link)
        for day, op in ((1, Op.ASSOCIATE), (4, Op.DISSOCIATE))
    )
    [row] = company_of((gone, made)).associations["contact_companies"].to_dict("records")
    assert (row["from_id"], row["to_id"], row["type_id"]) == (7, 3, 1)
    assert (row["visible_at"].day, row["gone_at"].day) == (2, 5)


def test_responses_are_kept_by_the_survey_they_belong_to():
    record = {"responseId": "R_1", "values": {"recordedDate": "2026-01-02T09:00:00Z"}}
    times = JAN[1], JAN[1]
    response = Mutation(*times, "qualtrics", "responses", "R_1", Op.CREATE, record, {}, {"survey_id": "SV_1"})
    responses = company_of((response,)).qualtrics_responses
    assert responses["SV_1"].current(JAN[1])["id"].tolist() == ["R_1"]


def test_raw_text_is_sent_as_it_stands(served, call):
    raw = {"properties.firstname": '1e400, "firstname": NaN'}
    server = served(company_of((contact(1, firstname="", raw=raw),)))
    answer = call(server, "hubspot").get("/crm/v3/objects/contacts", properties="firstname")
    assert '"firstname":1e400, "firstname": NaN' in answer.text


def test_a_log_is_written_read_and_given_to_the_admin(call, tmp_path):
    file = tmp_path / "log.ndjson"
    file.write_bytes(write_log(LOG))
    assert read_log(file) == LOG
    with serve(company_of(LOG), as_of=date(2026, 1, 31), log=LOG) as server:
        answer = call(server, "admin").get("/log")
        assert answer.content == file.read_bytes()
        assert [json.loads(line)["op"] for line in answer.text.splitlines()] == ["create", "update", "purge"]
        assert call(server, "admin", {}).get("/log").status_code == 401


@pytest.mark.parametrize(
    "text", ["", "{}", "not json", '{"at": 1}'], ids=["absent", "object", "text", "types"]
)
def test_a_file_that_is_no_log_is_told_so(tmp_path, text):
    file = tmp_path / "log.ndjson"
    if text:
        file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"log\.ndjson is no log"):
        read_log(file)
