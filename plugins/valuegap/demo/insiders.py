"""What the company's own people answer every quarter: its managers, without a name, and its agents."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo.accounts import NO_ADDRESS, OF_AGENT
from valuegap.demo.chance import answers, echo, stream_of
from valuegap.demo.horizon import Horizon, Times, at_daytime, days
from valuegap.demo.revisions import state_column
from valuegap.demo.world import (
    AGENTS,
    AGENTS_A_TEAM,
    ATTRIBUTES,
    EMPLOYEE_MEANS,
    EMPLOYEE_QUESTIONS,
    MANAGERS,
    belief_means,
    standard_means,
)

FIRST_ASKED_MONTH, MONTHS_BETWEEN = 2, 3  # of the history, numbered from 0
DAYS_TO_ANSWER = 12.0
MANAGERS_ANSWERING, AGENTS_ANSWERING = 0.85, 0.9
ALIKE = 0.4  # how strongly somebody's answers repeat each other
SECONDS = 240


def management_responses(seed: int, horizon: Horizon) -> pd.DataFrame:
    """Let the managers say what they think customers expect, and which standard they set."""
    rng = stream_of(seed, "management survey")
    person, at = _respondents(rng, MANAGERS, MANAGERS_ANSWERING, horizon)
    rank = rng.random(MANAGERS)[person]
    given = {
        f"{prefix}_{name}": answers(rng, mean, echo(rng, rank, ALIKE), 1, 7)
        for prefix, means in (("BEL", belief_means()), ("STD", standard_means()))
        for name, mean in zip(ATTRIBUTES, means.tolist(), strict=True)
    }
    return _responses(rng, person, at, NO_ADDRESS, given)


def employee_responses(seed: int, horizon: Horizon) -> pd.DataFrame:
    """Let the agents say how engaged, how clear about their targets and how loaded with work they are."""
    rng = stream_of(seed, "employee survey")
    person, at = _respondents(rng, AGENTS, AGENTS_ANSWERING, horizon)
    rank = rng.random(AGENTS)[person]
    given = {
        tag: answers(rng, means[person // AGENTS_A_TEAM], echo(rng, rank, ALIKE), 1, 7)
        for tag, means in zip(EMPLOYEE_QUESTIONS, EMPLOYEE_MEANS, strict=True)
    }
    return _responses(rng, person, at, OF_AGENT, given)


def _respondents(
    rng: np.random.Generator, people: int, response: float, horizon: Horizon
) -> tuple[NDArray[np.int64], Times]:
    asked_at = horizon.month_start(np.arange(FIRST_ASKED_MONTH, horizon.months, MONTHS_BETWEEN))
    wave, person = np.nonzero(rng.random((len(asked_at), people)) < response)
    at = at_daytime(asked_at[wave] + days(DAYS_TO_ANSWER * rng.random(len(wave))), rng.random(len(wave)))
    order = np.argsort(at, kind="stable")
    is_known = at[order] < horizon.until
    return person[order][is_known], at[order][is_known]


def _responses(
    rng: np.random.Generator,
    person: NDArray[np.int64],
    at: Times,
    email_style: int,
    given: dict[str, NDArray[np.int8]],
) -> pd.DataFrame:
    """Return one whole response a row: nobody breaks off, skips a question or changes an answer."""
    count = len(person)
    whole = np.zeros(count, dtype=np.int32)
    return pd.DataFrame(
        {
            "id": [f"R_{number:015d}" for number in range(1, count + 1)],
            "updated_at": at,
            "visible_at": at,
            "state": state_column("live", count),
            "recorded_at": at,
            "person": person.astype(np.int32),
            "account": whole - 1,
            "ordinal": whole,
            "first_name": whole.astype(np.int8),
            "last_name": whole.astype(np.int8),
            "email_style": np.full(count, email_style, dtype=np.int8),
            "has_number": np.zeros(count, dtype=np.bool_),
            "country": whole.astype(np.int8),
            "reference": whole - 1,
            "is_finished": np.ones(count, dtype=np.bool_),
            **given,
            "comment": np.full(count, -1, dtype=np.int8),
            "duration": (SECONDS * (0.5 + rng.exponential(0.5, count))).astype(np.int32),
        }
    )
