"""Who is who: the models against the rules in plain Python, against the demo's truth, and in whole nights."""

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import duckdb
import pandas as pd
import pytest
from identity_models import compiled_models, resolved, unworkable_overrides
from identity_rules import identity_of, random_world, staged
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, fill_small_company, insert, to

from valuegap import warehouse
from valuegap.demo.company import generate_company
from valuegap.demo.records import Company, Versions
from valuegap.settings import Settings

FIRST_NIGHT_ENDS, LAST_NIGHT_ENDS = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    return compiled_models(tmp_path_factory.mktemp("compiled"))


def by_record(frame: pd.DataFrame) -> dict[str, dict]:
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return {row["record_id"]: row | {"match_evidence": json.loads(row["match_evidence"])} for row in rows}


@pytest.mark.parametrize("seed", range(40))
def test_the_models_say_what_the_rules_say(models, seed):
    world = random_world(Random(seed))
    expected = identity_of(world)
    found = by_record(resolved(models, staged(world)))
    assert {id_: {name: found[id_][name] for name in rows} for id_, rows in expected.items()} == expected
    assert found.keys() == expected.keys(), "each record resolves exactly once"


def test_those_companies_try_every_rule(models):
    seen = Counter(
        (column, row[column])
        for seed in range(40)
        for row in identity_of(random_world(Random(seed))).values()
        for column in (
            "match_rule",
            "suppression_reason",
            "account_rule",
            "is_over_size_limit",
            "is_excluded",
        )
    )
    assert {value for column, value in seen if column == "match_rule"} == {
        *("override", "merge", "external_id", "email", "domain", "unlinked"),
    }
    assert {value for column, value in seen if column == "suppression_reason"} == {
        *("role_address", "two_person_numbers", "address_of_many", "free_mail_domain", "hosting_domain"),
        *("domain_of_many", "contested_domain", "split", None),
    }
    assert min(seen["is_over_size_limit", True], seen["is_excluded", True]) > 0


@pytest.mark.parametrize("seed", range(10))
def test_the_order_of_the_records_is_irrelevant(models, seed):
    inputs = staged(random_world(Random(seed)))
    shuffled = {name: Random(seed + 1).sample(rows, len(rows)) for name, rows in inputs.items()}
    pd.testing.assert_frame_equal(resolved(models, inputs), resolved(models, shuffled))


def test_decisions_that_cannot_be_carried_out_are_named(models):
    inputs = {
        "stg_hubspot__contacts": [{"contact_id": number} for number in "12"],
        "stg_hubspot__companies": [{"company_id": "1"}],
        "identity_override": [
            {"action": "exclude", "record_id": "hubspot|contacts|9"},
            {"action": "merge", "record_id": "hubspot|contacts|1", "other_record_id": "hubspot|contacts|8"},
            {"action": "merge", "record_id": "hubspot|contacts|1", "other_record_id": "hubspot|companies|1"},
            {"action": "merge", "record_id": "hubspot|contacts|1", "other_record_id": " hubspot|contacts|2"},
            {"action": "split", "record_id": "hubspot|contacts|2", "other_record_id": "hubspot|contacts|1"},
        ],
    }
    assert unworkable_overrides(models, inputs) == [
        ("exclude", "unknown record hubspot|contacts|9"),
        ("merge", "a person cannot be an account"),
        ("merge", "unknown record hubspot|contacts|8"),
        ("split", "merges of other rows join these records again"),
    ]
    assert resolved(models, inputs)["component_id"].tolist() == [
        *("hubspot|companies|1", "hubspot|contacts|1", "hubspot|contacts|1"),
    ]


def test_a_number_that_everybody_has_joins_nobody(models):
    """An import filled an empty field: sixty people with one number, and one of them merged by the vendor."""
    people = [
        {"contact_id": f"{number:03}", "person_number": "0", "email": f"p{number}@a.example"}
        for number in range(60)
    ]
    people[7]["merged_contact_ids"] = "008"
    users = [{"user_id": "1", "email": "p3@a.example", "is_end_user": True, "is_active": True}]
    identity = resolved(models, {"stg_hubspot__contacts": people, "stg_zendesk__users": users})

    assert len(identity) == 61
    assert identity["is_over_size_limit"].all()
    assert identity["component_id"].nunique() == 60
    assert identity[identity["match_rule"] != "unlinked"][["source_id", "match_rule"]].values.tolist() == [
        *(["007", "merge"], ["008", "merge"]),
    ]


ACME, BOLT = ("hubspot", "companies", "11"), ("hubspot", "companies", "12")
VALUED = ("+dim_customer", "+fct_order_line", "+fct_survey_answer", "+bridge_identity", "+relationship_value")


def test_two_companies_valued_apart_and_merged_since_are_one_and_both_keys_are_found(tmp_path):
    merged_on = date(2026, 2, 1)
    settings = Settings(data_dir=tmp_path)
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
        give_bolt_an_order(connection)
    build_models(settings, NIGHT, select=VALUED)
    before = customers_of(settings)
    values_before = values_of(settings)
    assert before[ACME] != before[BOLT]
    assert {before[ACME], before[BOLT]} <= values_before.keys()

    with warehouse.writer(settings) as connection:
        winner = {"id": "12", "name": "Bolt", "customer_number": "C-2", "hs_merged_object_ids": "11"}
        changed = {"created_at": "2026-01-01", "updated_at": "2026-02-01 10:00:00"}
        insert(connection, "hubspot", "companies", [winner | changed], merged_on)
    build_models(settings, merged_on, select=VALUED)
    after, values_after = customers_of(settings), values_of(settings)
    survivor = after[BOLT]

    assert after[ACME] == survivor
    assert values_after[survivor] == values_before[before[ACME]] + values_before[before[BOLT]]
    resolves_to = dict(
        rows(settings, "select standalone_customer_key, customer_key from marts.bridge_identity")
    )
    assert {resolves_to[before[ACME]], resolves_to[before[BOLT]]} == {survivor}
    assert rows(settings, f"select is_merged from marts.dim_customer where customer_key = '{survivor}'") == [
        (True,)
    ]


def test_what_people_decided_wins_and_what_they_exclude_is_kept_and_counted(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    (project / "seeds" / "identity_override.csv").write_text(
        "action,record_id,other_record_id,reason,decided_on\n"
        "exclude,hubspot|companies|11,,our own test account,2026-01-20\n"
        "merge,hubspot|contacts|3,zendesk|users|42,one person with two addresses,2026-01-20\n"
        "split,hubspot|contacts|2,zendesk|users|42,two people with one number,2026-01-20\n"
    )
    settings = Settings(data_dir=tmp_path / "data")
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
    build_models(settings, NIGHT, select=VALUED, project=project)

    found = {tuple(record): rest for *record, rest in map(list, rows(settings,
        "select source_system, source_object, source_id, "
        "(contact_key, match_rule, is_excluded, suppression_reason, decided_by) from marts.bridge_identity"
    ))}  # fmt: skip
    excluded = {record for record, (_, _, is_excluded, *_) in found.items() if is_excluded}
    assert len(excluded) == 5, "Acme, its organization, Ann, and Ann's user and respondent"
    assert {ACME, ("zendesk", "organizations", "31"), ("hubspot", "contacts", "1")} < excluded
    lone, user = found["hubspot", "contacts", "3"], found["zendesk", "users", "42"]
    assert lone[0] == user[0]
    assert lone[1:] == ("override", False, None, "human")
    assert found["hubspot", "contacts", "2"][0] != user[0]
    assert found["hubspot", "contacts", "2"][1:] == ("unlinked", False, "split", "human")

    assert rows(settings, "select count(*), count(customer_key) from marts.fct_order_line") == [(3, 0)]
    responses = (
        "select count(distinct response_key), "
        "count(distinct case when customer_key is not null then response_key end) from marts.fct_survey_answer"
    )
    assert rows(settings, responses) == [(4, 1)], "all but Bo's stay, linked to nobody"
    assert rows(settings, "select count(*) from marts.dim_customer where customer_key is null") == [(0,)]


def give_bolt_an_order(connection: duckdb.DuckDBPyConnection) -> None:
    seen = {"created_at": "2026-01-01", "updated_at": "2026-01-01"}
    won = {
        "dealstage": "closedwon",
        "hs_is_closed_won": True,
        "hs_is_closed": True,
        "deal_currency_code": "EUR",
    }
    deal = {"id": "601", "order_number": "O-9", "closedate": "2025-12-01 09:00:00"}
    insert(connection, "hubspot", "deals", [deal | won | seen])
    insert(connection, "hubspot", "deal_companies", [{"from_id": "601", "to_records": to("12", type_id=5)}])
    line = {"id": "801", "hs_sku": "DESK", "price": 100, "quantity": 5, "hs_cost_of_goods_sold": 60}
    insert(connection, "hubspot", "line_items", [line | seen])
    insert(
        connection, "hubspot", "line_item_deals", [{"from_id": "801", "to_records": to("601", type_id=20)}]
    )
    insert(connection, "hubspot", "deal_ids", [{"id": "601"}])
    insert(connection, "hubspot", "line_item_ids", [{"id": "801"}])


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def customers_of(settings: Settings) -> dict[tuple[str, ...], str]:
    query = "select source_system, source_object, source_id, customer_key from marts.bridge_identity"
    return {tuple(record): customer for *record, customer in map(list, rows(settings, query))}


def values_of(settings: Settings) -> dict[str, Decimal]:
    """Return the margin ever made with each customer who has a value."""
    return dict(rows(settings, "select customer_key, historic_margin_amount from marts.relationship_value"))


@dataclass(frozen=True)
class Pairs:
    """Pairs of records that are the same in truth, of those the pairs found, and pairs joined wrongly."""

    true: int
    found: int
    wrong: int

    @classmethod
    def of(cls, identity: pd.DataFrame, truth: pd.Series) -> "Pairs":
        known = identity.assign(truth=identity["record_id"].map(truth)).dropna(subset="truth")
        together = pairs(known.groupby("component_id").size())
        found = pairs(known.groupby(["component_id", "truth"]).size())
        return cls(pairs(known.groupby("truth").size()), found, together - found)


def pairs(sizes: pd.Series) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


@pytest.fixture(scope="module")
def company() -> Company:
    return generate_company(seed=7, size="S", nights=30)


@pytest.fixture(scope="module", params=[FIRST_NIGHT_ENDS, LAST_NIGHT_ENDS], ids=["first night", "last night"])
def of_the_demo(request, models, company) -> tuple[datetime, pd.DataFrame, pd.DataFrame]:
    """When, what identity makes of the demo's records, and whose record each is in truth."""
    inputs, truth = staged_demo(company, request.param)
    seeds = {
        name: pd.read_csv(PROJECT / "seeds" / f"{name}.csv")
        for name in ("shared_mailbox", "free_mail_domain")
    }
    seeds["question_map"] = pd.read_csv(PROJECT / "seeds" / "question_map.csv")[
        ["survey_key", "respondent_role"]
    ]
    return request.param, resolved(models, inputs | seeds), truth


def test_people_of_the_demo_are_found_and_nobody_is_joined_wrongly(of_the_demo):
    at, identity, truth = of_the_demo
    people = identity[identity["entity"] == "contact"]
    assert (
        Pairs.of(people, truth["person"])
        == {
            FIRST_NIGHT_ENDS: Pairs(true=2316, found=2245, wrong=0),
            LAST_NIGHT_ENDS: Pairs(true=2455, found=2443, wrong=0),
        }[at]
    )


def test_companies_of_the_demo_are_found_and_none_is_joined_wrongly(of_the_demo):
    """Duplicates carry no customer number, one organization in seven none: their domain is all there is."""
    at, identity, truth = of_the_demo
    companies = identity[identity["entity"] == "account"]
    assert (
        Pairs.of(companies, truth["account"])
        == {
            FIRST_NIGHT_ENDS: Pairs(true=401, found=401, wrong=0),
            LAST_NIGHT_ENDS: Pairs(true=427, found=427, wrong=0),
        }[at]
    )


def test_people_of_the_demo_belong_to_their_account_or_to_none(of_the_demo):
    _, identity, truth = of_the_demo
    known = identity.merge(truth, left_on="record_id", right_index=True)
    account_of = known[known["entity"] == "account"].groupby("account_key")["account"].first()
    people = known[known["entity"] == "contact"]
    resolved_to = people["account_key"].map(account_of)
    assert (resolved_to.notna() & (resolved_to != people["account"])).sum() == 0
    without = people["account_key"].isna() & (people["account"] >= 0)
    assert without.sum() == 6, "their records carry neither an address of the company nor a membership"


def staged_demo(company: Company, at: datetime) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the demo's records as staging has them at `at`, and account and person of each record."""
    contacts, contact_frame = hubspot_rows(company.hubspot["contacts"], at)
    companies, company_frame = hubspot_rows(company.hubspot["companies"], at)
    users, user_frame = rendered(company.zendesk["users"], at)
    organizations, organization_frame = rendered(company.zendesk["organizations"], at)
    responses, response_frame = responses_of(company, at)
    links = company.associations["contact_companies"]
    links = links[links["visible_at"] <= pd.Timestamp(at).tz_localize(None)]
    inputs = {
        "stg_hubspot__contacts": contacts.rename(
            columns={
                "id": "contact_id",
                "customer_number": "person_number",
                "hs_merged_object_ids": "merged_contact_ids",
            }
            | {"lastname": "last_name", "firstname": "first_name"}
        )[["contact_id", "email", "person_number", "first_name", "last_name", "merged_contact_ids"]],
        "stg_hubspot__companies": companies.rename(
            columns={"id": "company_id", "hs_merged_object_ids": "merged_company_ids"}
            | {"hs_parent_company_id": "parent_company_id"}
        )[["company_id", "name", "domain", "customer_number", "parent_company_id", "merged_company_ids"]],
        "stg_hubspot__contact_companies": links.astype(str).rename(
            columns={"from_id": "contact_id", "to_id": "company_id", "type_id": "association_type_id"}
        )[["contact_id", "company_id", "association_type_id"]],
        "stg_zendesk__users": users.assign(
            is_end_user=users["role"] == "end-user", organization_id=whole(users["organization_id"])
        ).rename(columns={"id": "user_id", "external_id": "person_number", "active": "is_active"})[
            ["user_id", "email", "name", "person_number", "organization_id", "is_end_user", "is_active"]
        ],
        "stg_zendesk__organizations": organizations.assign(
            domain_names=organizations["domain_names"].map(json.dumps)
        ).rename(columns={"id": "organization_id", "external_id": "customer_number"})[
            ["organization_id", "name", "customer_number", "domain_names"]
        ],
        "stg_qualtrics__responses": responses.assign(is_deleted=False),
    }
    truth = pd.concat(
        [
            owners("hubspot|contacts", contact_frame),
            owners("hubspot|companies", company_frame.assign(person=pd.NA)),
            owners("zendesk|users", user_frame),
            owners("zendesk|organizations", organization_frame.assign(person=pd.NA)),
            owners("qualtrics|respondents", response_frame),
        ]
    )
    return inputs, truth[~truth.index.duplicated()]


def rendered(versions: Versions, at: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = versions.current(at)
    rows = pd.DataFrame(versions.render(frame), dtype=object)
    return rows.assign(id=rows["id"].astype(str)), frame


def hubspot_rows(versions: Versions, at: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, frame = rendered(versions, at)
    return pd.DataFrame(
        [{"id": row["id"], **row["properties"]} for row in rows.to_dict("records")], dtype=object
    ), frame


def responses_of(company: Company, at: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return responses, and their frames with the id of the respondent each names."""
    rows, frames = [], []
    for survey_id, versions in company.qualtrics_responses.items():
        frame = versions.current(at)
        given = [record.get("values", record) for record in versions.render(frame)]
        rows += [(survey_id, each.get("recipientEmail"), each.get("externalDataReference")) for each in given]
        frames.append(frame)
    responses = pd.DataFrame(rows, columns=["survey_id", "recipient_email", "person_number"], dtype=object)
    respondents = [respondent_id(email, number) for _, email, number in rows]
    frame = pd.concat(frames)[["person", "account"]].assign(id=respondents)
    return responses, frame


def respondent_id(email: str | None, number: str | None) -> str:
    address = email.strip().lower() if email else "|null"
    return hashlib.md5(f"{address}|-{number or '|null'}".encode()).hexdigest()


def whole(numbers: pd.Series) -> pd.Series:
    return numbers.astype("Int64").astype("string")


def owners(source: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index(source + "|" + frame["id"].astype(str))[["person", "account"]]
