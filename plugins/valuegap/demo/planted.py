"""What was planted in a generated company, said in the terms of reports."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from valuegap.demo.comments import labels
from valuegap.demo.help_desk import FIRST_AGENT_ID
from valuegap.demo.plans import INITIATIVES
from valuegap.demo.truth import Truth
from valuegap.demo.world import (
    AGENT_SKILL,
    AGENTS,
    AGENTS_A_TEAM,
    ATTRIBUTES,
    BENEFIT_HOPE,
    BENEFIT_MEANS,
    BENEFITS,
    CHANNELS,
    COST_HOPE,
    COST_MEANS,
    COSTS,
    DRIVER_WEIGHTS,
    EMPLOYEE_MEANS,
    EMPLOYEE_QUESTIONS,
    IMPORTANCE,
    INDUSTRIES,
    LEAD_SOURCE_SHARES,
    LEAD_SOURCES,
    LOST_REASON_SHARES,
    LOST_REASONS,
    MARKET_SEGMENTS,
    MONTHLY_CHURN,
    NPS_CLASSES,
    OUTCOMES,
    PRIORITIES,
    REFERRED_SHARES,
    TEAMS,
    TICKET_EASE,
    TOPICS,
    Array,
    adequate_means,
    belief_means,
    desired_means,
    expectation_means,
    experience_means,
    resolution_hours_mean,
    standard_means,
    ticket_csat_mean,
)

CLASSES = ("promoter", "passive", "detractor")


def planted_truth(industry: NDArray[np.int8], market_segment: NDArray[np.int8]) -> Truth:
    """Say what was planted; the codes of all accounts give the weights of the overall means."""
    expectation, experience = expectation_means(), experience_means()
    weights = np.bincount(industry, minlength=len(INDUSTRIES)) / len(industry)
    segment_weights = np.bincount(market_segment, minlength=len(MARKET_SEGMENTS)) / len(market_segment)
    agents = [str(FIRST_AGENT_ID + number) for number in range(AGENTS)]
    hours = np.array([1.0, 4.0, 24.0, 72.0, 168.0])
    return Truth(
        attributes={
            attribute: {
                name: _gap(expectation[row, column], experience[row, column])
                for column, name in enumerate(INDUSTRIES)
            }
            for row, attribute in enumerate(ATTRIBUTES)
        },
        attributes_overall={
            attribute: _gap(float(expectation[row] @ weights), float(experience[row] @ weights))
            for row, attribute in enumerate(ATTRIBUTES)
        },
        importance=_named(ATTRIBUTES, IMPORTANCE),
        driver_weights=_named(ATTRIBUTES, DRIVER_WEIGHTS),
        adequate=_table(ATTRIBUTES, INDUSTRIES, adequate_means()),
        desired=_table(ATTRIBUTES, INDUSTRIES, desired_means()),
        beliefs=_named(ATTRIBUTES, belief_means()),
        standards=_named(ATTRIBUTES, standard_means()),
        employees=_table(EMPLOYEE_QUESTIONS, TEAMS, EMPLOYEE_MEANS),
        benefits=_table(BENEFITS, MARKET_SEGMENTS, BENEFIT_MEANS),
        costs=_table(COSTS, MARKET_SEGMENTS, COST_MEANS),
        expected_benefits=_table(BENEFITS, MARKET_SEGMENTS, BENEFIT_MEANS + BENEFIT_HOPE[:, None]),
        expected_costs=_table(COSTS, MARKET_SEGMENTS, COST_MEANS + COST_HOPE[:, None]),
        outcomes=dict(OUTCOMES),
        nps=_table(MARKET_SEGMENTS, CLASSES, NPS_CLASSES),
        referred=_named(CLASSES, REFERRED_SHARES),
        monthly_churn=_named(MARKET_SEGMENTS, MONTHLY_CHURN),
        resolution_hours=_table(TOPICS, PRIORITIES, resolution_hours_mean()),
        ticket_csat=_named([f"{value:g}" for value in hours], ticket_csat_mean(hours)),
        ticket_ease=_named(CHANNELS, TICKET_EASE),
        agent_team={agent: TEAMS[number // AGENTS_A_TEAM] for number, agent in enumerate(agents)},
        agent_skill=_named(agents, AGENT_SKILL),
        initiative_effects={each.number: dict(each.does) for each in INITIATIVES},
        comments=labels(),
        industry_shares=_named(INDUSTRIES, weights),
        market_segment_shares=_named(MARKET_SEGMENTS, segment_weights),
        lead_sources=_table(MARKET_SEGMENTS, LEAD_SOURCES, LEAD_SOURCE_SHARES),
        lost_reasons=_named(LOST_REASONS, LOST_REASON_SHARES),
    )


def _gap(expectation: float, experience: float) -> dict[str, float]:
    return {
        "expectation": float(expectation),
        "experience": float(experience),
        "gap": float(experience - expectation),
    }


def _named(names: Sequence[str], values: Array) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _table(rows: Sequence[str], columns: Sequence[str], values: Array) -> dict[str, dict[str, float]]:
    return {row: _named(columns, line) for row, line in zip(rows, values, strict=True)}
