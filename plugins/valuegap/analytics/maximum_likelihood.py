"""Maximum likelihood over positive parameters: searched by their logarithms, from several fixed starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

LARGEST_LOG = 9.0  # parameters lie between e^-9 and e^9 of their starts' unit: beyond, the likelihood is flat
STEEPEST_SLOPE = 1e-5  # of the mean log-likelihood by a parameter's logarithm, at what counts as its maximum
SEARCH = {"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000, "maxfun": 5000}


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is largest. `mean_log_likelihood` is per observation.

    At a bound of the search it would go on rising, by next to nothing: customers hardly differ in what the
    parameter stands for.
    """

    parameters: Floats
    mean_log_likelihood: float
    is_converged: bool
    is_at_bound: bool


def maximum(
    mean_log_likelihood: Callable[[Floats], tuple[float, Floats]], starts: Sequence[Sequence[float]]
) -> Maximum:
    """Return the best of the maxima reached from `starts`, the first of equal ones.

    `mean_log_likelihood` takes the parameters and returns its value and its slope by each parameter.
    """

    def objective(logarithms: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logarithms)
        value, slope = mean_log_likelihood(parameters)
        return -value, -slope * parameters

    bounds = [(-LARGEST_LOG, LARGEST_LOG)] * len(starts[0])
    reached = [
        minimize(objective, np.log(start), jac=True, bounds=bounds, method="L-BFGS-B", options=SEARCH)
        for start in starts
    ]
    best = min((each for each in reached if np.isfinite(each.fun)), key=lambda each: each.fun, default=None)
    if best is None:
        return Maximum(np.full(len(starts[0]), np.nan), np.nan, is_converged=False, is_at_bound=False)
    # The search stops for many reasons, some of them at the maximum: its slope says whether it is there.
    downhill = np.clip(best.x - best.jac, -LARGEST_LOG, LARGEST_LOG) - best.x
    return Maximum(
        np.exp(best.x),
        -float(best.fun),
        is_converged=bool(np.abs(downhill).max() < STEEPEST_SLOPE),
        is_at_bound=bool(np.abs(best.x).max() >= LARGEST_LOG),
    )
