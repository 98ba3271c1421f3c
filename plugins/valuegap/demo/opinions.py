"""What the respondents answer: each question's planted mean, and one disposition a person behind them all."""

import numpy as np

from valuegap.demo.accounts import Accounts, Flags
from valuegap.demo.chance import Codes, Floats, answers, echo, echo_of_many, ranked
from valuegap.demo.questions import RELATIONSHIP
from valuegap.demo.respondents import Respondents
from valuegap.demo.tickets import Tickets
from valuegap.demo.world import (
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
    TICKET_EASE,
    expectation_means,
    experience_means,
    nps_probabilities,
    ticket_csat_mean,
)

NO_ANSWER = -1

# How strongly an answer repeats the rank of what lies behind it (1 = entirely, 0 = not at all).
TRAIT, ITEM, DRIVEN = 0.4, 0.8, 0.7

Answers = dict[str, Codes]  # by question tag


def relationship_answers(
    rng: np.random.Generator, who: Respondents, accounts: Accounts, trait: Floats
) -> Answers:
    """Answer the relationship survey. `trait` is each person's rank, the same in every survey."""
    industry, segment = accounts.industry[who.account], accounts.market_segment[who.account]
    disposition = trait[who.person]
    expected, felt = (echo(rng, _for_each_attribute(disposition), TRAIT) for _ in range(2))
    overall = echo_of_many(rng, felt, DRIVER_WEIGHTS, 1.0)
    return {
        **_two_items(rng, "EXP", expectation_means()[:, industry], expected),
        **_two_items(rng, "PER", experience_means()[:, industry], felt),
        **{
            f"IMP_{name}": answers(rng, mean, echo(rng, disposition, TRAIT), 1, 7)
            for name, mean in zip(ATTRIBUTES, IMPORTANCE.tolist(), strict=True)
        },
        **_value_answers(rng, BENEFIT_MEANS[:, segment], COST_MEANS[:, segment], felt),
        **{
            question.tag: answers(
                rng, OUTCOMES[question.tag], echo(rng, overall, DRIVEN), question.lowest, question.highest
            )
            for question in RELATIONSHIP
            if question.tag in OUTCOMES
        },
        "NPS": ranked(nps_probabilities(), segment, echo(rng, overall, DRIVEN)),
    }


def prepurchase_answers(
    rng: np.random.Generator, who: Respondents, accounts: Accounts, trait: Floats
) -> Answers:
    """Answer what is expected before the first order."""
    segment = accounts.market_segment[who.account]
    benefits = (BENEFIT_MEANS + BENEFIT_HOPE[:, None])[:, segment]
    costs = (COST_MEANS + COST_HOPE[:, None])[:, segment]
    return _value_answers(rng, benefits, costs, echo(rng, _for_each_attribute(trait[who.person]), TRAIT))


def ticket_answers(
    rng: np.random.Generator, who: Respondents, tickets: Tickets, trait: Floats, is_asked_idea: Flags
) -> Answers:
    """Answer after a ticket: the longer it took, the less satisfied; the channel decides how easy it was."""
    rank = echo(rng, trait[who.person], TRAIT)
    idea = answers(rng, NEW_IDEA_MEAN, rng.random(who.count), 1, 7)
    return {
        "CSAT_TICKET": answers(rng, ticket_csat_mean(tickets.resolution_hours[who.reference]), rank, 1, 5),
        "CES": answers(rng, TICKET_EASE[tickets.channel[who.reference]], echo(rng, rank, DRIVEN), 1, 7),
        "NEW_IDEA": np.where(is_asked_idea, idea, NO_ANSWER).astype(np.int8),
    }


def nps_anew(rng: np.random.Generator, who: Respondents, accounts: Accounts) -> Codes:
    """Answer the recommendation question once more, whatever was answered first."""
    return ranked(nps_probabilities(), accounts.market_segment[who.account], rng.random(who.count))


def ease_anew(rng: np.random.Generator, who: Respondents, tickets: Tickets) -> Codes:
    """Answer how easy it was once more, whatever was answered first."""
    return answers(rng, TICKET_EASE[tickets.channel[who.reference]], rng.random(who.count), 1, 7)


def _for_each_attribute(disposition: Floats) -> Floats:
    return np.broadcast_to(disposition, (len(ATTRIBUTES), len(disposition)))


def _two_items(rng: np.random.Generator, prefix: str, means: Floats, ranks: Floats) -> Answers:
    return {
        f"{prefix}_{name}_{item}": answers(rng, mean, echo(rng, rank, ITEM), 1, 7)
        for name, mean, rank in zip(ATTRIBUTES, means, ranks, strict=True)
        for item in (1, 2)
    }


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
