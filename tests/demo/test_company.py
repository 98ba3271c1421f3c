"""The generated company as a whole: the same every time, of the promised size, alive every night."""

import time
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from valuegap.demo.company import generate_company
from valuegap.demo.help_desk import REASSIGN
from valuegap.demo.records import Company, Versions

NIGHTS = 30
FIRST_NIGHT = np.datetime64("2026-01-31", "us")
UNTIL = FIRST_NIGHT + np.timedelta64(NIGHTS, "D")


def clock(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(seed=7, size="S", nights=NIGHTS)


def frames_of(company: Company) -> dict[str, pd.DataFrame]:
    versions: dict[str, Versions] = {
        **company.hubspot,
        **company.zendesk,
        **company.qualtrics_responses,
        "surveys": company.qualtrics_surveys,
        "definitions": company.qualtrics_definitions,
    }
    return {name: stream.frame for name, stream in versions.items()}


@pytest.fixture(scope="module")
def frames(company) -> dict[str, pd.DataFrame]:
    return frames_of(company)


STREAMS = (
    *("contacts", "companies", "deals", "line_items", "products", "owners"),
    *("users", "organizations", "tickets", "ticket_events"),
    *("ticket_metric_events", "satisfaction_ratings", "csat_responses", "ticket_fields"),
    *("SV_relationship01", "SV_prepurchase01", "SV_ticket01", "surveys", "definitions"),
)


def test_same_seed_gives_the_same_frames_and_associations(company, frames):
    again = generate_company(seed=7, size="S", nights=NIGHTS)
    for name, frame in frames_of(again).items():
        pd.testing.assert_frame_equal(frame, frames[name])
    for name, rows in again.associations.items():
        pd.testing.assert_frame_equal(rows, company.associations[name])
    assert again.truth == company.truth


def test_another_seed_gives_another_company(frames):
    other = frames_of(generate_company(seed=8, size="S", nights=NIGHTS))
    for stream in ("contacts", "deals", "line_items", "tickets", "SV_relationship01"):
        assert not other[stream].equals(frames[stream])


def test_small_company_is_made_in_seconds():
    began = time.process_time()
    generate_company(seed=1, size="S", nights=NIGHTS)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize(
    ("stream", "least", "most"),
    [
        ("companies", 400, 470),
        ("contacts", 950, 1250),
        ("deals", 6000, 8500),
        ("line_items", 18_000, 25_500),
        ("tickets", 4500, 5800),
        ("products", 12, 12),
    ],
)
def test_small_company_has_the_promised_size(frames, stream, least, most):
    assert least <= frames[stream]["id"].nunique() <= most


def test_responses_of_the_small_company(frames):
    responses = sum(frames[name]["id"].nunique() for name in STREAMS if name.startswith("SV_"))
    assert 2300 <= responses <= 3500


@pytest.mark.parametrize("nights", [1, 3, 60])
def test_any_number_of_nights_from_any_date(nights):
    made = generate_company(seed=3, size="S", nights=nights, first_night=date(2025, 6, 15))
    deals = made.hubspot["deals"].frame
    end = np.datetime64("2025-06-15") + nights
    assert deals["visible_at"].max() < end
    assert deals["closed_at"].min() >= np.datetime64("2023-06-01")
    assert deals["closed_at"].max() >= end - np.timedelta64(1, "D")


@pytest.mark.parametrize("stream", STREAMS)
def test_versions_are_in_order_and_never_seen_before_they_are_made(frames, stream):
    frame = frames[stream]
    pd.testing.assert_index_equal(frame.sort_values(["id", "visible_at"], kind="stable").index, frame.index)
    assert (frame["visible_at"] >= frame["updated_at"]).all()
    assert (frame["visible_at"] < UNTIL).all()
    happened = [
        *("created_at", "closed_at", "delivered_at", "solved_at", "recorded_at", "deleted_at", "generated_at")
    ]
    for column in set(happened) & set(frame.columns):
        assert (frame[column].isna() | (frame[column] <= frame["visible_at"])).all(), column
    following = frame["id"].to_numpy()[1:] == frame["id"].to_numpy()[:-1]
    for column in ("updated_at", "visible_at"):
        steps = np.diff(frame[column].to_numpy())[following]
        assert (steps >= np.timedelta64(0)).all(), column


@pytest.mark.parametrize("stream", STREAMS)
def test_times_are_whole_seconds(frames, stream):
    for column in frames[stream].select_dtypes("datetime64[us]"):
        instants = frames[stream][column].dropna()
        assert (instants == instants.dt.floor("s")).all(), column


def nights_of(instants: pd.Series) -> set[int]:
    return set(((instants - FIRST_NIGHT) // np.timedelta64(1, "D"))[instants >= FIRST_NIGHT].astype(int))


EVERY_NIGHT = set(range(NIGHTS))


@pytest.mark.parametrize(
    "stream",
    ["contacts", "companies", "deals", "line_items", "users", "tickets", "ticket_events"],
)
def test_new_records_every_night(frames, stream):
    first = frames[stream].drop_duplicates("id")
    assert nights_of(first["visible_at"]) == EVERY_NIGHT


def test_new_responses_every_night(frames):
    recorded = pd.concat([frames[name]["recorded_at"] for name in STREAMS if name.startswith("SV_")])
    assert nights_of(recorded) == EVERY_NIGHT


CHANGING = (
    *("contacts", "companies", "deals", "line_items", "users", "organizations", "tickets"),
    *("SV_relationship01", "SV_ticket01"),
)


@pytest.mark.parametrize("stream", CHANGING)
def test_changed_records_every_night(frames, stream):
    frame = frames[stream]
    is_change = frame["id"].duplicated() & (frame["state"] == "live") & (frame["updated_at"] >= FIRST_NIGHT)
    assert nights_of(frame.loc[is_change, "updated_at"]) == EVERY_NIGHT


@pytest.mark.parametrize("stream", ["contacts", "companies", "deals", "tickets"])
def test_late_records_every_night(frames, stream):
    frame = frames[stream]
    lag = frame["visible_at"] - frame["updated_at"]
    late = frame[(lag > pd.Timedelta(hours=8)) & (frame["state"] == "live")]
    assert nights_of(late["visible_at"]) == EVERY_NIGHT


@pytest.mark.parametrize("stream", ["contacts", "companies", "deals", "line_items", "SV_relationship01"])
def test_lag_is_two_nights_at_most(frames, stream):
    """The extraction looks back further than that; a system update of a ticket may be any age."""
    live = frames[stream][frames[stream]["state"] == "live"]
    assert (live["visible_at"] - live["updated_at"]).max() < pd.Timedelta(days=3)


def test_merged_records_every_night(frames):
    for stream in ("contacts", "companies"):
        merged = frames[stream][frames[stream]["state"] == "merged"]
        assert nights_of(merged["visible_at"]) == EVERY_NIGHT
    assert nights_of(frames["tickets"].query("is_merged")["visible_at"]) == EVERY_NIGHT


def test_deleted_records_every_night(frames):
    for stream, state in (
        *(("contacts", "archived"), ("deals", "archived"), ("companies", "archived")),
        *(("tickets", "deleted"), ("users", "deleted"), ("organizations", "deleted")),
    ):
        gone = frames[stream][frames[stream]["state"] == state]
        assert nights_of(gone["visible_at"]) == EVERY_NIGHT, stream


def test_archiving_does_not_move_the_time_of_change(frames):
    deals = frames["deals"]
    before = deals.groupby("id")["updated_at"].shift()
    archived = deals["state"] == "archived"
    assert archived.any()
    assert (deals.loc[archived, "updated_at"] == before[archived]).all()


@pytest.mark.parametrize("stream", ["contacts", "companies"])
def test_winner_names_each_record_merged_into_it(frames, stream):
    frame = frames[stream]
    losers = set(frame.loc[frame["state"] == "merged", "id"])
    named = frame["merged_ids"].dropna().drop_duplicates()
    assert sorted(int(text) for ids in named for text in ids.split(";")) == sorted(losers)
    assert named.str.contains(";").any()
    by_id = frame.drop_duplicates("id").set_index("id")["account"]
    for winner, ids in frame.dropna(subset="merged_ids").set_index("id")["merged_ids"].items():
        assert all(by_id[int(loser)] == by_id[winner] for loser in ids.split(";"))


def test_current_is_the_last_version_visible(company):
    contacts = company.hubspot["contacts"]
    for text in ("2026-02-01", "2026-02-10T12:00", "2026-03-02"):
        visible = contacts.frame[contacts.frame["visible_at"] <= text]
        pd.testing.assert_frame_equal(contacts.current(clock(text)), visible.groupby("id").tail(1))


def test_nothing_is_current_before_anything_happened(company):
    assert company.hubspot["contacts"].current(clock("2000-01-01")).empty


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("contact_companies", "contacts", "companies"),
        ("deal_companies", "deals", "companies"),
        ("deal_contacts", "deals", "contacts"),
        ("line_item_deals", "line_items", "deals"),
    ],
)
def test_associations_join_records_that_exist(company, frames, name, source, target):
    rows = company.associations[name]
    assert rows["from_id"].is_monotonic_increasing
    assert set(rows["from_id"]) == set(frames[source]["id"])
    assert set(rows["to_id"]) <= set(frames[target]["id"])
    assert not rows.duplicated(["from_id", "to_id", "type_id"]).any()


@pytest.mark.parametrize("at", ["2026-01-31T23:59:59", "2026-02-14T23:59:59", "2026-03-01T23:59:59"])
def test_each_deal_has_one_live_primary_company(company, at):
    companies = company.hubspot["companies"].current(clock(at))
    live = set(companies.loc[companies["state"] == "live", "id"])
    rows = company.associations["deal_companies"]
    primary = rows[(rows["visible_at"] <= at) & (rows["type_id"] == 5) & rows["to_id"].isin(live)]
    current = company.hubspot["deals"].current(clock(at))
    owned = primary["from_id"].value_counts().reindex(current["id"], fill_value=0)
    of_archived = current["account"].isin(companies.loc[companies["state"] == "archived", "account"])
    assert (owned[~of_archived.to_numpy()] == 1).all()


def test_merged_company_leaves_its_order_to_the_winner(company, frames):
    companies = frames["companies"]
    merged = companies[companies["state"] == "merged"].set_index("id")
    rows = company.associations["deal_companies"].query("type_id == 5")
    moved = rows[rows["to_id"].isin(merged.index)]
    assert len(moved) >= 3
    after = rows[rows["from_id"].isin(moved["from_id"]) & ~rows["to_id"].isin(merged.index)]
    by_deal = after.set_index("from_id")["visible_at"].reindex(moved["from_id"]).to_numpy()
    np.testing.assert_array_equal(by_deal, merged.loc[moved["to_id"], "visible_at"].to_numpy())


def test_amount_of_a_deal_is_the_sum_of_its_lines(company):
    at = clock("2026-03-02")
    deals = company.hubspot["deals"].current(at).set_index("id")["amount"]
    lines = company.hubspot["line_items"].current(at).set_index("id")
    net = lines["quantity"].astype("int64") * lines["price"] - lines["discount"]
    deal = company.associations["line_item_deals"].set_index("from_id")["to_id"]
    pd.testing.assert_series_equal(
        net.groupby(deal.reindex(net.index)).sum(), deals, check_names=False, check_dtype=False
    )


def test_every_ticket_begins_with_its_creation_and_ends_in_its_status(company, frames):
    events = frames["ticket_events"].sort_values(["ticket_id", "updated_at"], kind="stable")
    tickets = company.zendesk["tickets"].current(clock("2026-03-02")).set_index("id")
    assert set(events["ticket_id"]) == set(tickets.index)
    first = events.drop_duplicates("ticket_id").set_index("ticket_id")
    assert (first["step"] == 0).all()
    assert (first["updated_at"] == tickets["created_at"]).all()
    told = events[events["step"] != REASSIGN].groupby("ticket_id")["status"].last()
    kept = tickets.index[tickets["state"] == "live"]
    pd.testing.assert_series_equal(
        told[kept].replace(2, 3), tickets.loc[kept, "status"].replace(2, 3), check_names=False
    )


def test_the_log_of_a_ticket_tells_every_assignee_it_had(company):
    at = clock("2026-03-02")
    events, tickets = (company.zendesk[name] for name in ("ticket_events", "tickets"))
    told: dict[int, list[int]] = {}
    for event in events.render(events.current(at).sort_values("updated_at", kind="stable")):
        for child in event["child_events"]:
            if "assignee_id" in child:
                told.setdefault(event["ticket_id"], []).append(child["assignee_id"])
    shown = tickets.current(at)
    records = tickets.render(shown[(shown["state"] == "live").to_numpy()])
    for ticket in records:
        assignees = told.get(ticket["id"], [])
        assert len(assignees) == ticket["metric_set"]["assignee_stations"]
        assert (assignees[-1] if assignees else None) == ticket["assignee_id"]
    stations = np.array([ticket["metric_set"]["assignee_stations"] for ticket in records])
    assert 0.12 < (stations > 1).mean() < 0.18


def test_agents_belong_to_groups_and_customers_do_not(company):
    users = company.zendesk["users"]
    records = pd.DataFrame(users.render(users.current(clock("2026-03-02"))))
    agents = records[records["role"] == "agent"]
    assert agents["default_group_id"].value_counts().tolist() == [4, 4, 4, 4]
    assert records.loc[records["role"] == "end-user", "default_group_id"].isna().all()


def test_requesters_are_users_and_their_organization_is_that_of_the_account(company, frames):
    users = frames["users"].drop_duplicates("id").set_index("person")
    tickets = frames["tickets"].drop_duplicates("id")
    linked = tickets[tickets["account"] >= 0]
    assert set(tickets["requester"]) <= set(users.index)
    assert (users.loc[linked["requester"], "account"].to_numpy() == linked["account"].to_numpy()).all()
    organizations = set(frames["organizations"]["account"])
    assert set(linked.loc[linked["has_organization"], "account"]) <= organizations
    assert 0.01 < (tickets["account"] < 0).mean() < 0.05


def test_new_question_is_asked_and_answered_from_the_third_night(company, frames):
    definitions = company.qualtrics_definitions

    def tags(at):
        rows = definitions.current(at)
        asked = definitions.render(rows[rows["id"] == "SV_ticket01"])[0]["Questions"]
        return [question["DataExportTag"] for question in asked.values()]

    assert tags(clock("2026-02-01T23:00")) == ["CSAT_TICKET", "CES", "COMMENT"]
    assert tags(clock("2026-02-02T23:00")) == ["CSAT_TICKET", "CES", "COMMENT", "NEW_IDEA"]
    answered = frames["SV_ticket01"].query("NEW_IDEA >= 0")["recorded_at"]
    assert answered.min() >= pd.Timestamp(2026, 2, 2)
    assert len(answered) > 10
