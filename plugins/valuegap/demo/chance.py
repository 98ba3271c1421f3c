"""Draws whose means are exactly what was planted: ranks that echo each other, answers rounded by chance."""

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

SPREAD = 0.7  # of the widest latent answer allowed: about one point of standard deviation on a scale of 7


def stream_of(seed: int, name: str) -> np.random.Generator:
    """Return a generator of its own for `name`, so that one part's draws do not shift another's."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def codes(rng: np.random.Generator, shares: Floats, count: int) -> Codes:
    """Draw `count` codes 0, 1, ... with the probabilities `shares`."""
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(count), side="right").astype(np.int8)


def echo(rng: np.random.Generator, source: Floats, strength: float) -> Floats:
    """Repeat each rank with probability `strength`, else draw a new one.

    Ranks are uniform on (0, 1) before and after, whatever the strength; `strength` is their correlation.
    """
    return np.where(rng.random(source.shape) < strength, source, rng.random(source.shape))


def rank_of_sum(sources: Floats, weights: Floats) -> Floats:
    """Return everybody's place in the order of a weighted sum of ranks (`sources`, rows x people), in (0, 1).

    The places of all together are spread evenly, whatever the sources: the weights, which are planted
    drivers, move no mean.
    """
    order = np.argsort(weights @ sources, kind="stable")
    places = np.empty(len(order))
    places[order] = (np.arange(len(order)) + 0.5) / len(order)
    return places


def answers(rng: np.random.Generator, mean: Floats | float, rank: Floats, lowest: int, highest: int) -> Codes:
    """Draw whole answers between `lowest` and `highest` whose expected value is exactly `mean` (POMP).

    The latent answer is a power of the rank, Beta(a, 1) or its mirror image, whose mean is known in closed
    form; it is pulled towards that mean by `SPREAD`, stays within the scale, and is rounded up with the
    probability of its fraction. So no clipping and no rounding moves the mean.
    """
    mu = np.asarray(mean, dtype=np.float64) / 100.0
    is_high = mu >= 0.5  # noqa: PLR2004 - the middle: the longer tail points to the farther end
    power = np.where(is_high, (1.0 - mu) / mu, mu / (1.0 - mu))
    tail = np.where(is_high, rank, 1.0 - rank) ** power
    share = np.where(is_high, tail, 1.0 - tail)
    latent = lowest + (highest - lowest) * (mu + SPREAD * (share - mu))
    whole = np.floor(latent)
    is_up = rng.random(rank.shape) < latent - whole
    return np.asarray(np.minimum(whole + is_up, highest)).astype(np.int8)


def ranked(probabilities: Floats, group: Codes, rank: Floats) -> Codes:
    """Return the answer 0, 1, ... at each `rank` of its group's distribution (groups x answers)."""
    bounds = np.cumsum(probabilities, axis=1)[:, :-1]
    answer = np.zeros(len(rank), dtype=np.int8)
    for column in bounds.T:
        answer += rank > column[group]
    return answer
