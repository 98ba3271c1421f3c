"""A help desk of two agents who are equally good at the same tickets, one of whom gets the harder ones."""

import json
from collections.abc import Iterator

import duckdb
import pytest
from model_run import build_models
from raw_fixture import NIGHT, SEEN, insert

from valuegap import warehouse
from valuegap.settings import Settings

EASY, HARD = "41", "42"  # agents by what most of their tickets are
# Agent and topic → tickets rated good and bad: three of four easy tickets are rated good, one of four hard ones.
RATED = {
    (EASY, "how_to"): (18, 6),
    (EASY, "defect"): (2, 6),
    (HARD, "how_to"): (6, 2),
    (HARD, "defect"): (6, 18),
}


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    agents = [{"id": agent, "role": "agent", "default_group_id": "7", **SEEN} for agent in (EASY, HARD)]
    known = {"id": "50", "role": "end-user", "email": "ann@acme.example", **SEEN}
    insert(connection, "zendesk", "users", [*agents, known])
    tickets = [
        (agent, topic, score)
        for (agent, topic), (good, bad) in RATED.items()
        for score in ["good"] * good + ["bad"] * bad
    ]
    made, events, ratings = [], [], []
    for number, (agent, topic, score) in enumerate(tickets):
        ticket, hour = str(1000 + number), 9 if topic == "how_to" else 15
        opened, solved = "2026-01-12 08:00:00", f"2026-01-12 {hour}:00:00"
        made.append(
            {"id": ticket, "status": "solved", "channel": "email", "priority": "normal", "assignee_id": agent}
            | {"tags": json.dumps([f"topic_{topic}"]), "created_at": opened, "updated_at": solved}
            | {"generated_at": solved, "requester_id": "50" if number % 2 else None, "reopens": 0}
            | {"assignee_stations": 1}
        )  # fmt: skip
        steps = [
            (opened, agent, {"event_type": "Create", "status": "new"}),
            (solved, agent, {"event_type": "Comment", "public": True, "author_id": int(agent)}),
            (solved, agent, {"event_type": "Change", "status": "solved"}),
        ]
        events += [
            {"id": f"{ticket}{step}", "ticket_id": ticket, "occurred_at": at, "updater_id": who}
            | {"child_events": json.dumps([child])}
            for step, (at, who, child) in enumerate(steps)
        ]
        ratings.append(
            {"id": ticket, "ticket_id": ticket, "score": score, "created_at": "2026-01-13 10:00:00"}
            | {"updated_at": "2026-01-13 10:00:00"}
        )
    insert(connection, "zendesk", "tickets", made)
    insert(connection, "zendesk", "ticket_events", events)
    insert(connection, "zendesk", "satisfaction_ratings", ratings)


@pytest.fixture(scope="module")
def help_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(data_dir=tmp_path_factory.mktemp("help_desk"))
    with warehouse.writer(settings) as connection:
        fill(connection)
    build_models(
        settings,
        NIGHT,
        select=["+agent_scorecard", "+dim_agent", "+service_performance", "+service_satisfaction_link"],
    )
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        yield connection


def test_who_gets_the_harder_tickets_is_not_the_worse_agent(help_desk) -> None:
    found = help_desk.execute(
        "select source_id, round(csat_raw, 6), round(csat_standardized, 6), "
        "csat_standardized_low < 50 and csat_standardized_high > 50 "
        "from marts.agent_scorecard inner join marts.dim_agent using (agent_key) "
        "where period_grain = 'trailing_12m' order by source_id"
    ).fetchall()
    assert found == [(EASY, 62.5, 50.0, True), (HARD, 37.5, 50.0, True)]


def test_what_everybody_got_is_expected_of_everybody(help_desk) -> None:
    found = help_desk.execute(
        "select n_ratings, observed_score_total, round(expected_score_total, 3), csat_raw, overall_score "
        "from marts.agent_scorecard where scope_type = 'all' and period_grain = 'trailing_12m'"
    ).fetchall()
    assert found == [(64, 3200.0, 3200.0, 50.0, 50.0)]


def test_nobody_is_ranked_above_others_by_luck(help_desk) -> None:
    bands = "select distinct rank_band from marts.agent_scorecard where scope_type = 'agent'"
    assert help_desk.execute(bands).fetchall() == [("B",)]


def test_a_ticket_of_nobody_known_is_everybodys(help_desk) -> None:
    found = help_desk.execute(
        "select segment_type = 'all' as is_all, breakdown, n_responses, estimate, median_value, unit "
        "from marts.service_performance "
        "where metric_code = 'resolution_business_hours' and period_grain = 'month' "
        "and segment_type in ('all', 'market_segment') and breakdown in ('all', 'topic:how_to') order by all"
    ).fetchall()
    hours = (32 * 1 + 32 * 7) / 64
    assert found == [
        (False, "all", 32, hours, 4.0, "hours"),
        (True, "all", 64, hours, 4.0, "hours"),
        (True, "topic:how_to", 32, 1.0, 1.0, "hours"),
    ]


def test_waiting_costs_satisfaction_and_less_among_tickets_of_one_kind(help_desk) -> None:
    """Easy tickets take an hour and please 75 of 100, hard ones seven and please 25: within a kind nobody waits longer."""
    found = help_desk.execute(
        "select band, n_pairs, estimate, round(slope, 6), partial_slope, is_monotone "
        "from marts.service_satisfaction_link "
        "where metric_code = 'resolution_business_hours' and segment_key = 'all:all' order by band_number"
    ).fetchall()
    slope = round(-50 / 6, 6)
    assert found == [("0–2", 32, 75.0, slope, None, True), ("4–8", 32, 25.0, slope, None, True)]
