"""What was planted is found again: in a company of 5,000 accounts, within sampling error.

Errors are of means of people, not of answers, because a person's answers resemble each other. Every
comparison allows five standard errors: about one false alarm in a million.
"""

from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from valuegap.demo import world
from valuegap.demo.accounts import make_accounts, make_people
from valuegap.demo.chance import answers, echo, rank_of_sum, ranked, stream_of
from valuegap.demo.comments import COMMENTS
from valuegap.demo.horizon import Horizon
from valuegap.demo.insiders import employee_responses, management_responses
from valuegap.demo.orders import ORDER, deal_and_line_versions, make_sales
from valuegap.demo.planted import planted_truth
from valuegap.demo.respondents import Population
from valuegap.demo.surveys import make_responses
from valuegap.demo.tickets import BAD, GOOD, HANDED, REPLIED, SOLVED, business_minutes, make_tickets
from valuegap.demo.world import Scale

SEED, STANDARD_ERRORS = 5, 5.0
STARTED = np.datetime64("2025-07-01", "us")  # of the initiatives that had time to do something


@pytest.fixture(scope="module")
def made() -> SimpleNamespace:
    horizon = Horizon(date(2026, 1, 31), 30)
    accounts = make_accounts(SEED, 5000, horizon)
    people = make_people(SEED, accounts, horizon)
    sales = make_sales(SEED, accounts, horizon)
    deals = sales.deals
    tickets = make_tickets(SEED, 0.8, accounts, people, horizon)
    population = Population(SEED, horizon, accounts, people, deals, tickets)
    responses = make_responses(population, Scale(5000, 0.8, 0.6, 0.4, 0.9))
    truth = planted_truth(accounts.industry, accounts.market_segment)
    return SimpleNamespace(
        horizon=horizon,
        accounts=accounts,
        sales=sales,
        deals=deals,
        tickets=tickets,
        responses=responses,
        truth=truth,
    )


def pomp_of(made, survey: str, tag: str, lowest: int, highest: int) -> pd.DataFrame:
    """Answers given, as POMP, with the person and what the account is."""
    rows = made.responses[survey].frame.drop_duplicates("id", keep="last")
    rows = rows[rows[tag] >= 0]
    account = rows["account"].to_numpy()
    return pd.DataFrame(
        {
            "person": rows["person"],
            "account": account,
            "recorded_at": rows["recorded_at"],
            "pomp": (rows[tag] - lowest) / (highest - lowest) * 100.0,
            "industry": made.accounts.industry[account],
            "market_segment": made.accounts.market_segment[account],
            "reference": rows["reference"],
        }
    )


def assert_mean(values: pd.DataFrame, expected: float) -> None:
    """Compare the mean answer with `expected`, by the spread of the people's sums around it."""
    deviation = (values["pomp"] - expected).groupby(values["person"]).sum()
    error = np.sqrt((deviation**2).sum()) / len(values)
    assert len(deviation) > 30
    assert abs(values["pomp"].mean() - expected) < STANDARD_ERRORS * error


def assert_share(is_it, planted: float) -> None:
    error = np.sqrt(planted * (1 - planted) / len(is_it))
    assert abs(is_it.mean() - planted) < STANDARD_ERRORS * error


@pytest.mark.parametrize("item", [1, 2])
@pytest.mark.parametrize("attribute", world.ATTRIBUTES)
def test_expectation_and_experience_by_industry(made, attribute, item):
    for prefix, what in (("EXP", "expectation"), ("PER", "experience")):
        given = pomp_of(made, "SV_relationship01", f"{prefix}_{attribute}_{item}", 1, 7)
        for code, industry in enumerate(world.INDUSTRIES):
            planted = made.truth.attributes[attribute][industry][what]
            assert_mean(given[given["industry"] == code], planted)


@pytest.mark.parametrize("attribute", world.ATTRIBUTES)
def test_gap_is_the_difference_and_clearly_not_another_one(made, attribute):
    expected = pomp_of(made, "SV_relationship01", f"EXP_{attribute}_1", 1, 7)
    felt = pomp_of(made, "SV_relationship01", f"PER_{attribute}_1", 1, 7)
    planted = made.truth.attributes_overall[attribute]
    assert planted["gap"] == pytest.approx(planted["experience"] - planted["expectation"])
    assert felt["pomp"].mean() - expected["pomp"].mean() == pytest.approx(planted["gap"], abs=1.0)


def test_planted_gaps_are_those_the_documentation_names(made):
    gaps = {name: round(overall["gap"]) for name, overall in made.truth.attributes_overall.items()}
    named = {"QUALITY": -1, "DELIVERY": -14, "SUPPORT": -9, "EASE": -3, "PRICE": -6, "CARE": 3}
    assert all(abs(gaps[name] - gap) <= 1 for name, gap in named.items())
    for by_industry in made.truth.attributes.values():
        spread = [values["gap"] for values in by_industry.values()]
        assert max(spread) - min(spread) >= 2.0


def test_benefits_and_costs_by_market_segment_before_and_after(made):
    for survey, tables in (
        ("SV_relationship01", (("BEN", made.truth.benefits), ("COST", made.truth.costs))),
        ("SV_prepurchase01", (("BEN", made.truth.expected_benefits), ("COST", made.truth.expected_costs))),
    ):
        for prefix, table in tables:
            for kind, by_segment in table.items():
                given = pomp_of(made, survey, f"{prefix}_{kind}", 1, 7)
                for code, segment in enumerate(world.MARKET_SEGMENTS):
                    assert_mean(given[given["market_segment"] == code], by_segment[segment])


def test_importance_and_outcomes(made):
    scales = {"CSAT_OVERALL": (1, 5), "ACSI_1": (1, 10), "ACSI_2": (1, 10), "ACSI_3": (1, 10)}
    for tag, planted in made.truth.outcomes.items():
        assert_mean(pomp_of(made, "SV_relationship01", tag, *scales.get(tag, (1, 7))), planted)
    for attribute, planted in made.truth.importance.items():
        assert_mean(pomp_of(made, "SV_relationship01", f"IMP_{attribute}", 1, 7), planted)


def test_promoters_passives_and_detractors(made):
    given = pomp_of(made, "SV_relationship01", "NPS", 0, 10)
    for code, segment in enumerate(world.MARKET_SEGMENTS):
        rows = given[given["market_segment"] == code]
        for name, low, high in (("promoter", 90, 100), ("passive", 70, 89), ("detractor", 0, 69)):
            is_class = rows.assign(pomp=rows["pomp"].between(low, high).astype(float))
            assert_mean(is_class, made.truth.nps[segment][name])


def test_drivers_rank_as_planted(made):
    weights = made.truth.driver_weights
    assert len(set(weights.values())) == len(weights)
    assert sum(weights.values()) == pytest.approx(1.0)
    satisfied = pomp_of(made, "SV_relationship01", "ACSI_1", 1, 10)["pomp"]
    felt = pd.DataFrame(
        {
            attribute: sum(
                pomp_of(made, "SV_relationship01", f"PER_{attribute}_{item}", 1, 7)["pomp"] for item in (1, 2)
            )
            for attribute in world.ATTRIBUTES
        }
    )
    strength = felt.corrwith(satisfied)
    assert strength.sort_values().index.tolist() == sorted(weights, key=weights.get)


def test_the_least_one_would_put_up_with_and_what_one_wishes_for_by_industry(made):
    for prefix, table in (("ADQ", made.truth.adequate), ("DES", made.truth.desired)):
        for attribute, by_industry in table.items():
            given = pomp_of(made, "SV_relationship01", f"{prefix}_{attribute}", 1, 7)
            for code, industry in enumerate(world.INDUSTRIES):
                assert_mean(given[given["industry"] == code], by_industry[industry])
    for attribute, by_industry in made.truth.attributes.items():
        for industry, means in by_industry.items():
            below, above = made.truth.adequate[attribute][industry], made.truth.desired[attribute][industry]
            assert (below, above) == (means["expectation"] - 16, means["expectation"] + 6)


def test_promoters_have_recommended_us_more_often(made):
    rows = made.responses["SV_relationship01"].frame.drop_duplicates("id")  # before anybody changes his mind
    rows = rows[(rows["NPS"] >= 0) & (rows["REFERRED"] >= 0)]
    for name, low, high in (("promoter", 9, 10), ("passive", 7, 8), ("detractor", 0, 6)):
        given = rows.loc[rows["NPS"].between(low, high), ["person", "REFERRED"]]
        assert_mean(given.rename(columns={"REFERRED": "pomp"}), made.truth.referred[name])


@pytest.fixture(scope="module")
def insiders(made) -> SimpleNamespace:
    """The answers of the companies of many seeds: one has a dozen managers."""
    managers, agents = (
        pd.concat(
            answer(seed, made.horizon).assign(somebody=lambda frame, seed=seed: frame["person"] + 100 * seed)
            for seed in range(150)
        )
        for answer in (management_responses, employee_responses)
    )
    return SimpleNamespace(managers=managers, agents=agents)


def insider_pomp(frame: pd.DataFrame, tag: str) -> pd.DataFrame:
    return pd.DataFrame({"person": frame["somebody"], "pomp": (frame[tag] - 1) / 6 * 100.0})


def test_managers_mistake_what_customers_expect_and_set_another_standard(made, insiders):
    for prefix, planted in (("BEL", made.truth.beliefs), ("STD", made.truth.standards)):
        for attribute, mean in planted.items():
            assert_mean(insider_pomp(insiders.managers, f"{prefix}_{attribute}"), mean)
    expected = made.truth.attributes_overall
    mistaken = {name: made.truth.beliefs[name] - expected[name]["expectation"] for name in expected}
    assert mistaken["DELIVERY"] < -9.0
    assert mistaken["PRICE"] > 5.0


def test_agents_answer_as_their_team_does(made, insiders):
    team = insiders.agents["person"] // world.AGENTS_A_TEAM
    for tag, by_team in made.truth.employees.items():
        for code, name in enumerate(world.TEAMS):
            assert_mean(insider_pomp(insiders.agents[team == code], tag), by_team[name])


def test_two_items_of_an_attribute_agree_more_than_two_attributes(made):
    first, second, other_attribute = (
        pomp_of(made, "SV_relationship01", tag, 1, 7)["pomp"]
        for tag in ("PER_QUALITY_1", "PER_QUALITY_2", "PER_DELIVERY_1")
    )
    same, other = first.corr(second), first.corr(other_attribute)
    assert same > 0.4 > other > 0.05


def test_monthly_churn_by_market_segment(made):
    """An account that orders in a month and in no later one is lost in it."""
    orders = made.deals.kind == ORDER
    months = pd.DataFrame(
        {
            "account": made.deals.account[orders],
            "month": made.horizon.month_of(made.deals.closed_at[orders]),
        }
    ).drop_duplicates()
    last_complete = made.horizon.month_of(made.horizon.until) - 1
    months["is_last"] = months.groupby("account")["month"].transform("max") == months["month"]
    months = months[months["month"] < last_complete]
    assert (months.groupby("account")["month"].diff().dropna() == 1).all()
    is_first = ~months["account"].duplicated()
    segment = made.accounts.market_segment[months["account"]]
    for code, name in enumerate(world.MARKET_SEGMENTS):
        planted = made.truth.monthly_churn[name]
        for chosen in (segment == code, is_first & (segment == code)):
            lost = months.loc[chosen, "is_last"]
            error = np.sqrt(planted * (1 - planted) / len(lost))
            assert abs(lost.mean() - planted) < STANDARD_ERRORS * error


def test_lead_sources_by_market_segment(made):
    for code, segment in enumerate(world.MARKET_SEGMENTS):
        sources = made.accounts.lead_source[made.accounts.market_segment == code]
        for place, name in enumerate(world.LEAD_SOURCES):
            assert_share(sources == place, made.truth.lead_sources[segment][name])


def test_lost_deals_and_no_others_say_why(made):
    versions, _ = deal_and_line_versions(SEED, made.sales, made.horizon)
    deals = versions.current(datetime(2026, 3, 2, tzinfo=UTC))
    said = [each["properties"] for each in versions.render(deals)]
    lost = pd.Series([each["closed_lost_reason"] for each in said if each["dealstage"] == "closedlost"])
    assert not any(each["closed_lost_reason"] for each in said if each["dealstage"] != "closedlost")
    assert len(lost) > 1000
    for name, planted in made.truth.lost_reasons.items():
        assert_share(lost == name, planted)


def test_resolution_hours_by_topic_and_priority(made):
    tickets = made.tickets
    hours = (tickets.at[:, SOLVED] - tickets.at[:, 0]) / np.timedelta64(1, "h")
    for topic, by_priority in made.truth.resolution_hours.items():
        for priority, planted in by_priority.items():
            chosen = (tickets.topic == world.TOPICS.index(topic)) & ~tickets.is_never_resolved
            values = hours[chosen & (tickets.priority == world.PRIORITIES.index(priority))]
            error = values.std() / np.sqrt(len(values))
            assert abs(values.mean() - planted) < STANDARD_ERRORS * error


def test_ticket_satisfaction_falls_with_the_time_to_resolution(made):
    given = pomp_of(made, "SV_ticket01", "CSAT_TICKET", 1, 5)
    hours = made.tickets.resolution_hours[given["reference"]]
    for text, planted in made.truth.ticket_csat.items():
        assert planted == pytest.approx(world.ticket_csat_mean(float(text)))
    skill = np.array(list(made.truth.agent_skill.values()))[made.tickets.agent[given["reference"]]]
    given["pomp"] -= world.ticket_csat_mean(hours) + skill
    for slow in (hours < 4, (hours >= 4) & (hours < 24), hours >= 24):
        assert_mean(given[slow], 0.0)
    for points in (-10.0, 0.0, 10.0):
        assert_mean(given[skill == points], 0.0)


def test_a_skilled_agent_gets_good_ratings_more_often(made):
    tickets, skills = made.tickets, np.array(list(made.truth.agent_skill.values()))
    rated = np.isin(tickets.rating, (GOOD, BAD))
    chance = world.ticket_csat_mean(tickets.resolution_hours[rated])
    surplus = 100.0 * (tickets.rating[rated] == GOOD) - chance
    skill = skills[tickets.agent[rated]]
    for points in (-10.0, 0.0, 10.0):
        values = surplus[skill == points]
        assert abs(values.mean() - points) < STANDARD_ERRORS * values.std() / np.sqrt(len(values))


def test_twelve_agents_are_equal_and_their_cases_are_not(made):
    skills = pd.Series(made.truth.agent_skill)
    assert skills.value_counts().to_dict() == {0.0: 12, 10.0: 2, -10.0: 2}
    assert pd.Series(made.truth.agent_team).value_counts().to_dict() == dict.fromkeys(world.TEAMS, 4)
    tickets = made.tickets
    raw = pd.Series(world.ticket_csat_mean(tickets.resolution_hours)).groupby(tickets.agent).mean()
    of_equal = raw[(skills == 0.0).to_numpy()]
    assert of_equal.max() - of_equal.min() > 8.0
    topics = pd.crosstab(tickets.first_agent // world.AGENTS_A_TEAM, tickets.topic, normalize="index")
    assert (np.diag(topics.loc[[0, 1, 3], [0, 1, 3]]) > 0.5).all()


def test_some_tickets_are_handed_over_before_they_are_solved(made):
    tickets = made.tickets
    is_handed_over = ~np.isnat(tickets.at[:, HANDED])
    assert_share(is_handed_over, world.HANDED_OVER)
    assert ((tickets.first_agent != tickets.agent) == is_handed_over).all()
    at = tickets.at[is_handed_over]
    assert (at[:, HANDED] > at[:, REPLIED]).all()
    solved = ~np.isnat(at[:, SOLVED])
    assert (at[solved, HANDED] < at[solved, SOLVED]).all()


def moved_by(made, given: pd.DataFrame, country: str) -> np.ndarray:
    """Whose answers an initiative of this country moves: its customers', from its start on."""
    codes = np.where(given["account"] >= 0, made.accounts.country[given["account"]], -1)
    return (codes == world.COUNTRIES.index(country)) & (given["recorded_at"] >= STARTED).to_numpy()


def test_ease_by_channel_of_customers_no_initiative_moved(made):
    given = pomp_of(made, "SV_ticket01", "CES", 1, 7)
    given = given[~moved_by(made, given, "DE")]
    channel = made.tickets.channel[given["reference"]]
    for code, name in enumerate(world.CHANNELS):
        assert_mean(given[channel == code], made.truth.ticket_ease[name])


def test_one_initiative_eases_getting_help_and_the_others_do_nothing(made):
    effects = made.truth.initiative_effects
    assert effects["I-1"] == {"ces": 14.0}
    assert not any(points for name, does in effects.items() if name != "I-1" for points in does.values())
    given = pomp_of(made, "SV_ticket01", "CES", 1, 7)
    channel = made.tickets.channel[given["reference"]]
    given["pomp"] -= np.array(list(made.truth.ticket_ease.values()))[channel]
    assert_mean(given[moved_by(made, given, "DE")], 14.0)
    assert_mean(given[moved_by(made, given, "FR")], 0.0)
    assert_mean(given[~moved_by(made, given, "DE")], 0.0)


def test_sentences_are_many_distinct_and_labelled_in_two_languages(made):
    labels = pd.DataFrame.from_dict(made.truth.comments, orient="index")
    assert len(labels) == len({each.text for each in COMMENTS}) >= 48
    assert labels.groupby("language").size().min() >= 24
    assert labels["theme"].nunique() == 10
    assert set(labels["sentiment"]) == {-1, 0, 1}


def test_a_bad_delivery_is_complained_of_and_labels_are_not_sent(made):
    versions = made.responses["SV_relationship01"]
    rows = versions.frame.drop_duplicates("id")
    rows = rows[(rows["comment"] >= 0) & (rows["PER_DELIVERY_1"] >= 0) & (rows["PER_DELIVERY_2"] >= 0)]
    delivery = (rows["PER_DELIVERY_1"] + rows["PER_DELIVERY_2"]).to_numpy()
    complains = np.array([COMMENTS[code].theme == "delivery" and COMMENTS[code].sentiment < 0
                          for code in rows["comment"]])  # fmt: skip
    assert complains[delivery <= 5].mean() > 0.3 > 5 * complains[delivery >= 11].mean()
    sent = {text for record in versions.render(rows) for text in record["values"].values()}
    assert {each.text for each in COMMENTS} <= sent
    assert not sent & {each.theme for each in COMMENTS}


def test_comments_are_in_the_respondents_language(made):
    rows = made.responses["SV_relationship01"].frame.drop_duplicates("id")
    rows = rows[rows["comment"] >= 0]
    is_german = np.array([COMMENTS[code].language == "de" for code in rows["comment"]])
    assert (
        is_german == np.isin(rows["country"], [world.COUNTRIES.index(name) for name in ("DE", "AT")])
    ).all()


def test_truth_weighs_the_accounts_by_their_industries(made):
    shares = made.truth.industry_shares
    assert sum(shares.values()) == pytest.approx(1.0)
    for code, name in enumerate(world.INDUSTRIES):
        assert shares[name] == pytest.approx((made.accounts.industry == code).mean())
    for attribute, overall in made.truth.attributes_overall.items():
        by_industry = made.truth.attributes[attribute]
        weighted = sum(shares[name] * by_industry[name]["gap"] for name in shares)
        assert overall["gap"] == pytest.approx(weighted)


# --- the draws themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [2.0, 35.0, 50.0, 59.0, 88.0, 99.0])
@pytest.mark.parametrize(("lowest", "highest"), [(1, 5), (1, 7), (0, 10)])
def test_answers_have_the_mean_asked_for_whatever_the_scale(mean, lowest, highest):
    rng = stream_of(1, f"{mean} {lowest} {highest}")
    given = answers(rng, mean, rng.random(400_000), lowest, highest).astype(float)
    assert given.min() >= lowest
    assert given.max() <= highest
    pomp = (given - lowest) / (highest - lowest) * 100.0
    assert abs(pomp.mean() - mean) < STANDARD_ERRORS * pomp.std() / np.sqrt(len(pomp))


def test_people_differ(made):
    given = pomp_of(made, "SV_relationship01", "PER_DELIVERY_1", 1, 7)
    assert 12.0 < given["pomp"].std() < 30.0


def test_echo_keeps_ranks_uniform_and_correlates_as_strongly_as_asked():
    rng = stream_of(1, "echo")
    source = rng.random(200_000)
    repeated = echo(rng, source, 0.6)
    assert np.corrcoef(source, repeated)[0, 1] == pytest.approx(0.6, abs=0.01)
    counts, _ = np.histogram(repeated, bins=20, range=(0, 1))
    assert abs(counts - 10_000).max() < 500


def test_rank_of_sum_is_uniform_and_weighs_its_sources():
    rng = stream_of(1, "many")
    sources = rng.random((3, 200_000))
    weights = np.array([0.4, 0.33, 0.27])
    places = rank_of_sum(sources, weights)
    assert np.sort(places) == pytest.approx((np.arange(200_000) + 0.5) / 200_000)
    found = np.array([np.corrcoef(source, places)[0, 1] for source in sources])
    assert found / found.sum() == pytest.approx(weights, abs=0.01)  # nearly: ranks of the sum bend it


def test_ranked_answers_follow_their_groups_probabilities():
    rng = stream_of(1, "ranked")
    probabilities = np.array([[0.2, 0.5, 0.3], [0.7, 0.0, 0.3]])
    group = np.repeat([0, 1], 100_000).astype(np.int8)
    given = ranked(probabilities, group, rng.random(200_000))
    for code in (0, 1):
        shares = np.bincount(given[group == code], minlength=3) / 100_000
        assert shares == pytest.approx(probabilities[code], abs=0.01)


def test_business_minutes():
    at = np.array(["2026-01-30T17:30", "2026-01-31T12:00", "2026-02-02T07:00"], dtype="datetime64[us]")
    end = np.array(["2026-02-02T08:15", "2026-02-01T12:00", "2026-02-09T19:00"], dtype="datetime64[us]")
    assert business_minutes(at, end).tolist() == [45, 0, 6 * 600]
