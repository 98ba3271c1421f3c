"""What the respondents answer: each question's planted mean, and one disposition a person behind them all."""

from datetime import date

import numpy as np

from valuegap.demo.accounts import Accounts, Flags
from valuegap.demo.chance import Codes, Floats, answers, echo, rank_of_sum, ranked
from valuegap.demo.plans import effort_effect
from valuegap.demo.questions import RELATIONSHIP
from valuegap.demo.respondents import Respondents
from valuegap.demo.tickets import Tickets
from valuegap.demo.world import (
    AGENT_SKILL,
    ATTRIBUTES,
    BENEFIT_HOPE,
    BENEFIT_MEANS,
    BENEFITS,
    COST_HOPE,
    COST_MEANS,
    COSTS,
    DRIVER_WEIGHTS,
    IMPORTANCE,
    NEW_IDEA_MEAN,
    OUTCOMES,
    REFERRED_SHARES,
    TICKET_EASE,
    adequate_means,
    desired_means,
    expectation_means,
    experience_means,
    nps_probabilities,
    ticket_csat_mean,
)

NO_ANSWER = -1
PROMOTERS_FROM, PASSIVES_FROM = 9, 7

# How strongly an answer repeats the rank of what lies behind it (1 = entirely, 0 = not at all).
TRAIT, ITEM, DRIVEN, OUTCOME = 0.4, 0.8, 0.7, 0.95

Answers = dict[str, Codes]  # by question tag


def relationship_answers(
    rng: np.random.Generator,
    of_added: np.random.Generator,
    who: Respondents,
    accounts: Accounts,
    trait: Floats,
) -> Answers:
    """Answer the relationship survey. `trait` is each person's rank, the same in every survey.

    The questions added to it draw from `of_added`, so that the answers to the others stay as they were.
    """
    industry, segment = accounts.industry[who.account], accounts.market_segment[who.account]
    disposition = trait[who.person]
    expected, felt = (echo(rng, _for_each_attribute(disposition), TRAIT) for _ in range(2))
    expectations, _ = _two_items(rng, "EXP", expectation_means()[:, industry], expected)
    experiences, said = _two_items(rng, "PER", experience_means()[:, industry], felt)
    overall = rank_of_sum(said, DRIVER_WEIGHTS)
    given = {
        **expectations,
        **experiences,
        **{
            f"IMP_{name}": answers(rng, mean, echo(rng, disposition, TRAIT), 1, 7)
            for name, mean in zip(ATTRIBUTES, IMPORTANCE.tolist(), strict=True)
        },
        **_value_answers(rng, BENEFIT_MEANS[:, segment], COST_MEANS[:, segment], felt),
        **{
            question.tag: answers(
                rng, OUTCOMES[question.tag], echo(rng, overall, OUTCOME), question.lowest, question.highest
            )
            for question in RELATIONSHIP
            if question.tag in OUTCOMES
        },
        "NPS": ranked(nps_probabilities(), segment, echo(rng, overall, OUTCOME)),
    }
    return {**given, **_added_answers(of_added, industry, expected, given["NPS"])}


def _added_answers(rng: np.random.Generator, industry: Codes, expected: Floats, recommends: Codes) -> Answers:
    """Answer what was added to the relationship survey; promoters recommended us more often than others."""
    nps_class = np.select([recommends >= PROMOTERS_FROM, recommends >= PASSIVES_FROM], [0, 1], 2)
    return {
        **{
            f"{prefix}_{name}": answers(rng, mean, echo(rng, rank, ITEM), 1, 7)
            for prefix, means in (("ADQ", adequate_means()), ("DES", desired_means()))
            for name, mean, rank in zip(ATTRIBUTES, means[:, industry], expected, strict=True)
        },
        "REFERRED": (rng.random(len(nps_class)) < REFERRED_SHARES[nps_class]).astype(np.int8),
    }


def prepurchase_answers(
    rng: np.random.Generator, who: Respondents, accounts: Accounts, trait: Floats
) -> Answers:
    """Answer what is expected before the first order."""
    segment = accounts.market_segment[who.account]
    benefits = (BENEFIT_MEANS + BENEFIT_HOPE[:, None])[:, segment]
    costs = (COST_MEANS + COST_HOPE[:, None])[:, segment]
    return _value_answers(rng, benefits, costs, echo(rng, _for_each_attribute(trait[who.person]), TRAIT))


def ticket_answers(  # noqa: PLR0913, PLR0917 - who answers, of what, and how easy it was
    rng: np.random.Generator,
    who: Respondents,
    tickets: Tickets,
    trait: Floats,
    is_asked_idea: Flags,
    ease: Floats,
) -> Answers:
    """Answer after a ticket: the longer it took, the less satisfied; an agent's skill adds to it."""
    rank = echo(rng, trait[who.person], TRAIT)
    idea = answers(rng, NEW_IDEA_MEAN, rng.random(who.count), 1, 7)
    satisfaction = ticket_csat_mean(tickets.resolution_hours[who.reference])
    return {
        "CSAT_TICKET": answers(rng, satisfaction + AGENT_SKILL[tickets.agent[who.reference]], rank, 1, 5),
        "CES": answers(rng, ease, echo(rng, rank, DRIVEN), 1, 7),
        "NEW_IDEA": np.where(is_asked_idea, idea, NO_ANSWER).astype(np.int8),
    }


def nps_anew(rng: np.random.Generator, who: Respondents, accounts: Accounts) -> Codes:
    """Answer the recommendation question once more, whatever was answered first."""
    return ranked(nps_probabilities(), accounts.market_segment[who.account], rng.random(who.count))


def ease_anew(rng: np.random.Generator, ease: Floats) -> Codes:
    """Answer how easy it was once more, whatever was answered first."""
    return answers(rng, ease, rng.random(len(ease)), 1, 7)


def ease_means(who: Respondents, tickets: Tickets, accounts: Accounts, first_night: date) -> Floats:
    """Return the mean ease of each answer: the ticket's channel decides, and what initiatives changed."""
    country = np.where(who.account >= 0, accounts.country[who.account], -1)
    return np.asarray(
        TICKET_EASE[tickets.channel[who.reference]] + effort_effect(country, who.recorded_at, first_night)
    )


def _for_each_attribute(disposition: Floats) -> Floats:
    return np.broadcast_to(disposition, (len(ATTRIBUTES), len(disposition)))


def _two_items(rng: np.random.Generator, prefix: str, means: Floats, ranks: Floats) -> tuple[Answers, Floats]:
    """Answer two questions on each attribute; return with the answers the mean of the ranks behind them."""
    given, behind = {}, np.zeros(ranks.shape)
    for row, (name, mean, rank) in enumerate(zip(ATTRIBUTES, means, ranks, strict=True)):
        for item in (1, 2):
            said = echo(rng, rank, ITEM)
            given[f"{prefix}_{name}_{item}"] = answers(rng, mean, said, 1, 7)
            behind[row] += 0.5 * said
    return given, behind


def _value_answers(rng: np.random.Generator, benefits: Floats, costs: Floats, felt: Floats) -> Answers:
    """Answer for each kind; what is felt of an attribute raises one benefit and lowers one cost."""
    quality, delivery, support, ease, price, care = felt
    behind_benefits = (quality, care, echo(rng, care, DRIVEN), price)
    behind_costs = (price, delivery, ease, support)
    return {
        **{
            f"BEN_{kind}": answers(rng, mean, echo(rng, rank, DRIVEN), 1, 7)
            for kind, mean, rank in zip(BENEFITS, benefits, behind_benefits, strict=True)
        },
        **{
            f"COST_{kind}": answers(rng, mean, 1.0 - echo(rng, rank, DRIVEN), 1, 7)
            for kind, mean, rank in zip(COSTS, costs, behind_costs, strict=True)
        },
    }
