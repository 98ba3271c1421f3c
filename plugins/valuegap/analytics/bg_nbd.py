"""How often customers buy, and whether they still do: BG/NBD (Fader, Hardie & Lee 2005).

A customer buys at random with a rate of its own, and after each purchase leaves for good with a probability
of its own. Rates differ between customers as a gamma distribution (r, alpha), the probabilities as a beta one
(a, b). Of a customer the model needs `frequency` (purchases after the first), `recency` (from the first to
the last) and `age` (from the first to the end of observation).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh_tridiagonal
from scipy.special import gammaln, psi

from valuegap.analytics.maximum_likelihood import Floats, maximum

Integers = npt.NDArray[np.int64]

STARTS = ((1.0, 1.0, 1.0, 1.0), (0.3, 0.3, 0.5, 3.0), (3.0, 3.0, 1.0, 10.0), (1.0, 1.0, 20.0, 200.0))
HISTORIES_TRIED = 20_000
LEAVING_NODES = 64  # of the beta distribution; enough for six digits of the rarest customer
TIME_NODES = 24
CUSTOMERS_AT_ONCE = 4096  # of the integrals: 50 MB


@dataclass(frozen=True)
class Histories:
    """Purchase histories, identical ones together: `customers` counts them. Times are in one unit, any."""

    frequency: Integers
    recency: Floats
    age: Floats
    customers: Integers

    def every(self, step: int) -> "Histories":
        """Return each `step`-th history."""
        return Histories(
            self.frequency[::step], self.recency[::step], self.age[::step], self.customers[::step]
        )


@dataclass(frozen=True)
class BgNbd:
    """Fitted parameters; alpha is in the unit of time of the histories."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_converged: bool
    is_at_bound: bool


def fit(histories: Histories) -> BgNbd:
    """Estimate the parameters by maximum likelihood."""
    unit = float(np.average(histories.age, weights=histories.customers)) or 1.0
    scaled = Histories(
        histories.frequency, histories.recency / unit, histories.age / unit, histories.customers
    )
    starts: Sequence[Sequence[float]] = STARTS
    step = len(histories.frequency) // HISTORIES_TRIED
    if step > 1:  # which start leads to the highest maximum shows on a part of them
        starts = [maximum(_Likelihood(scaled.every(step)).mean, STARTS).parameters.tolist()]
    found = maximum(_Likelihood(scaled).mean, starts)
    r, alpha, a, b = (float(parameter) for parameter in found.parameters)
    # Time is measured in `unit`s up to here: the density of each repeat purchase shrinks with it.
    repeats = int(histories.frequency @ histories.customers)
    log_likelihood = found.mean_log_likelihood * int(histories.customers.sum()) - repeats * math.log(unit)
    return BgNbd(r, alpha * unit, a, b, log_likelihood, found.is_converged, found.is_at_bound)


class _Likelihood:
    """The mean log-likelihood over histories. Gamma functions are taken once a frequency."""

    def __init__(self, histories: Histories) -> None:
        self._age, self._recency = histories.age, histories.recency
        self._weight = histories.customers / histories.customers.sum()
        self._x = histories.frequency.astype(np.float64)
        self._frequencies, place = np.unique(self._x, return_inverse=True)
        self._shares = np.bincount(place, weights=self._weight)

    def mean(self, parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters
        x, f = self._x, self._frequencies
        alive, gone = _log_alive_and_gone(parameters, x, self._recency, self._age)
        either = np.logaddexp(alive, gone)
        is_gone = self._weight * np.exp(gone - either)
        is_alive = self._weight * np.exp(alive - either)
        counts = (
            gammaln(r + f) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + f) - gammaln(b) - gammaln(a + b + f)
        )  # fmt: skip
        value = self._shares @ counts + self._weight @ either
        last, end = np.log(alpha + self._recency), np.log(alpha + self._age)
        slope_r = self._shares @ (psi(r + f) - psi(r) + np.log(alpha)) - is_alive @ end - is_gone @ last
        slope_alpha = r / alpha - (r + x) @ (
            is_alive / (alpha + self._age) + is_gone / (alpha + self._recency)
        )
        slope_a = self._shares @ (psi(a + b) - psi(a + b + f)) + is_gone.sum() / a
        slope_b = self._shares @ (psi(a + b) + psi(b + f) - psi(b) - psi(a + b + f))
        slope_b -= is_gone @ (1 / np.where(x > 0, b + x - 1, 1))
        return float(value), np.array([slope_r, slope_alpha, slope_a, slope_b])


def _log_alive_and_gone(parameters: Floats, x: Floats, recency: Floats, age: Floats) -> tuple[Floats, Floats]:
    """Log-likelihoods of a history if the customer is still there, and if it left after its last purchase."""
    r, alpha, a, b = parameters
    alive = -(r + x) * np.log(alpha + age)
    gone = np.log(a) - np.log(np.where(x > 0, b + x - 1, 1)) - (r + x) * np.log(alpha + recency)
    return alive, np.where(x > 0, gone, -np.inf)


def probability_alive(model: BgNbd, frequency: Integers, recency: Floats, age: Floats) -> Floats:
    """Return the probability to be still a customer; 1 by construction before the second purchase."""
    parameters = np.array([model.r, model.alpha, model.a, model.b])
    alive, gone = _log_alive_and_gone(parameters, frequency.astype(np.float64), recency, age)
    return np.asarray(np.exp(alive - np.logaddexp(alive, gone)))


def expected_purchases(  # noqa: PLR0913, PLR0917 - a history, and what is asked of it
    model: BgNbd, frequency: Integers, recency: Floats, age: Floats, horizon: float, discount: float = 0.0
) -> Floats:
    """Return the purchases expected within `horizon`, each worth exp(-discount · time until it).

    The published form has 1/(a - 1) and a hypergeometric function that overflows for frequent buyers. Here
    the expectation is taken over the distribution of the probability to leave instead: no `a` is special, and
    every term is positive.
    """
    # The chance to be alive apart, a future depends on frequency and age: far fewer than histories.
    futures, place = np.unique(np.column_stack([frequency, age]), axis=0, return_inverse=True)
    expected = np.empty(len(futures))
    for x in np.unique(futures[:, 0]):
        rows = np.flatnonzero(futures[:, 0] == x)
        leaving, weights = _beta_nodes(model.a, model.b + x)
        for start in range(0, len(rows), CUSTOMERS_AT_ONCE):
            part = rows[start : start + CUSTOMERS_AT_ONCE]
            certainty = model.alpha + futures[part, 1]
            expected[part] = _purchases_if_alive(model.r + x, certainty, leaving, weights, horizon, discount)
    return probability_alive(model, frequency, recency, age) * expected[place.reshape(-1)]


def _purchases_if_alive(  # noqa: PLR0913, PLR0917 - the terms of one integral
    shape: float, certainty: Floats, leaving: Floats, weights: Floats, horizon: float, discount: float
) -> Floats:
    """Integrate over rate and probability to leave, for customers with Gamma(shape, certainty) rates."""
    if discount == 0:
        buying = -np.expm1(-shape * np.log1p(np.outer(horizon / certainty, leaving))) / leaving
        return np.asarray(buying @ weights)
    nodes, node_weights = np.polynomial.legendre.leggauss(TIME_NODES)
    # Purchases thin out as time goes by: nodes lie evenly in the logarithm of time.
    longest = np.log1p(horizon / certainty)
    total = np.zeros(len(certainty))
    for node, node_weight in zip(nodes, node_weights, strict=True):
        elapsed = np.expm1(longest * (node + 1) / 2)  # in units of certainty
        rate = np.exp(-(shape + 1) * np.log1p(np.outer(elapsed, leaving))) @ weights
        worth = np.exp(-discount * elapsed * certainty)
        total += node_weight * longest / 2 * (1 + elapsed) * shape * rate * worth
    return total


def _beta_nodes(a: float, b: float) -> tuple[Floats, Floats]:
    """Return nodes and weights of Gauss-Jacobi quadrature over Beta(a, b) (Golub & Welsch 1969)."""
    n = np.arange(1, LEAVING_NODES, dtype=np.float64)
    s = a + b
    diagonal = np.empty(LEAVING_NODES)
    diagonal[0] = a / s
    diagonal[1:] = 0.5 + (a - 1 - (b - 1)) * (s - 2) / (2 * (2 * n + s - 2) * (2 * n + s))
    below = n * (n + a - 1) * (n + b - 1) * (n + s - 2)
    below /= (2 * n + s - 2) ** 2 * (2 * n + s - 1) * (2 * n + s - 3)
    # The first has (s - 1) above and below the line, which is 0 / 0 for a + b = 1.
    below[0] = a * b / (s**2 * (s + 1))
    nodes, vectors = eigh_tridiagonal(diagonal, np.sqrt(below))
    return nodes, vectors[0] ** 2
