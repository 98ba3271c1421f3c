"""What a purchase amounts to: Gamma-Gamma (Fader, Hardie & Lee 2005; Fader & Hardie 2013).

The amounts of a customer's purchases vary about a mean of its own, and the means about that of all customers.
It takes amounts to be independent of how often a customer buys.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi

from valuegap.analytics.maximum_likelihood import Floats, maximum

AMOUNTS_TRIED = 20_000
STARTS = ((1.0, 2.0, 1.0), (5.0, 3.0, 0.5), (20.0, 5.0, 0.2), (1.0, 20.0, 20.0))


@dataclass(frozen=True)
class Amounts:
    """Purchases and their mean amount, identical ones together: `customers` counts them."""

    purchases: npt.NDArray[np.int64]
    mean_amount: Floats
    customers: npt.NDArray[np.int64]

    def every(self, step: int) -> "Amounts":
        """Return each `step`-th of them."""
        return Amounts(self.purchases[::step], self.mean_amount[::step], self.customers[::step])


@dataclass(frozen=True)
class GammaGamma:
    """Fitted parameters; v is in the currency of the amounts. A mean exists for q > 1 only."""

    p: float
    q: float
    v: float
    log_likelihood: float
    is_converged: bool
    is_at_bound: bool


def fit(amounts: Amounts) -> GammaGamma:
    """Estimate the parameters by maximum likelihood."""
    unit = float(np.average(amounts.mean_amount, weights=amounts.customers))
    starts: Sequence[Sequence[float]] = STARTS
    step = len(amounts.purchases) // AMOUNTS_TRIED
    if step > 1:  # which start leads to the highest maximum shows on a part of them
        starts = [maximum(_Likelihood(amounts.every(step), unit).mean, STARTS).parameters.tolist()]
    found = maximum(_Likelihood(amounts, unit).mean, starts)
    p, q, v = (float(parameter) for parameter in found.parameters)
    log_likelihood = (found.mean_log_likelihood - math.log(unit)) * int(amounts.customers.sum())
    return GammaGamma(p, q, v * unit, log_likelihood, found.is_converged, found.is_at_bound)


class _Likelihood:
    """The mean log-likelihood over customers. Gamma functions are taken once a number of purchases."""

    def __init__(self, amounts: Amounts, unit: float) -> None:
        self._weight = amounts.customers / amounts.customers.sum()
        self._x = amounts.purchases.astype(np.float64)
        self._total = self._x * amounts.mean_amount / unit
        self._numbers, place = np.unique(self._x, return_inverse=True)
        self._shares = np.bincount(place, weights=self._weight)
        self._mean_log = float(self._weight @ np.log(amounts.mean_amount / unit))
        self._log_totals = float(self._weight @ (self._x * np.log(self._total)))

    def mean(self, parameters: Floats) -> tuple[float, Floats]:
        p, q, v = parameters
        x, n = self._x, self._numbers
        log_sum = np.log(v + self._total)
        power = p * x + q
        counts = gammaln(p * n + q) - gammaln(p * n) - gammaln(q) + q * np.log(v)
        value = (
            self._shares @ counts + p * self._log_totals - self._mean_log - (self._weight * power) @ log_sum
        )
        slope_p = self._shares @ (n * (psi(p * n + q) - psi(p * n))) + self._log_totals
        slope_p -= (self._weight * x) @ log_sum
        slope_q = self._shares @ (psi(p * n + q) - psi(q)) + np.log(v) - self._weight @ log_sum
        slope_v = q / v - (self._weight * power) @ (1 / (v + self._total))
        return float(value), np.array([slope_p, slope_q, slope_v])
