"""Maximum likelihood over positive parameters: searched by their logarithms, from several fixed starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

LARGEST_LOG = 9.0  # parameters lie between e^-9 and e^9 of their starts' unit: beyond, the likelihood is flat
STEEPEST_SLOPE = 1e-5  # of the mean log-likelihood by a parameter's logarithm, at what counts as its maximum
SEARCH = {"ftol": 1e-15, "gtol": 1e-7, "maxiter": 1000, "maxfun": 5000}
POLISHING_STEPS = 4
CURVATURE_STEP = 1e-4  # of a logarithm, each way
SIGNIFICANT_DIGITS = 6


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
    logarithms = _polished(objective, best.x)
    value, slope = objective(logarithms)
    # The search stops for many reasons, some of them at the maximum: its slope says whether it is there.
    downhill = np.clip(logarithms - slope, -LARGEST_LOG, LARGEST_LOG) - logarithms
    return Maximum(
        # Processors differ in the last bits of a logarithm, which where the likelihood is flat move the ninth
        # digit of a parameter: these digits are the same on all of them.
        np.array([float(f"{each:.{SIGNIFICANT_DIGITS}g}") for each in np.exp(logarithms)]),
        -float(value),
        is_converged=bool(np.abs(downhill).max() < STEEPEST_SLOPE),
        is_at_bound=bool(np.abs(logarithms).max() >= LARGEST_LOG),
    )


def _polished(objective: Callable[[Floats], tuple[float, Floats]], logarithms: Floats) -> Floats:
    """Return the minimum near `logarithms` as sharply as rounding lets it be seen, by Newton's method.

    Where the search stops on a flat likelihood depends on rounding; where its slope is zero does not.
    Parameters at a bound stay there.
    """
    free = np.flatnonzero(np.abs(logarithms) < LARGEST_LOG)
    for _ in range(POLISHING_STEPS if len(free) else 0):
        slope = objective(logarithms)[1][free]
        curvature = np.empty((len(free), len(free)))
        for row, parameter in enumerate(free):
            shift = np.zeros_like(logarithms)
            shift[parameter] = CURVATURE_STEP
            ahead, behind = objective(logarithms + shift)[1], objective(logarithms - shift)[1]
            curvature[row] = (ahead - behind)[free] / (2 * CURVATURE_STEP)
        curvature = (curvature + curvature.T) / 2
        if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 0:
            return logarithms  # no minimum here; the slope will say so
        step = np.linalg.solve(curvature, slope)
        if np.abs(step).max() > 1:
            return logarithms
        logarithms = logarithms.copy()
        logarithms[free] = np.clip(logarithms[free] - step, -LARGEST_LOG, LARGEST_LOG)
    return logarithms
