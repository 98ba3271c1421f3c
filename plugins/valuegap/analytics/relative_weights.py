"""How much each of several correlated drivers explains of an outcome: relative weights and dominance.

Both split R² of the regression of the outcome on the drivers into parts that add up to it. Johnson's weights
(Johnson 2000) go through the uncorrelated variables nearest to the drivers. LMG (Lindeman, Merenda & Gold
1980; the Shapley value of R²) averages what a driver adds to R² over all orders in which drivers could enter.

All start from the correlations of drivers and outcome, the outcome last, and take a stack of such matrices.
"""

from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def r_squared(correlations: Floats) -> Floats:
    """Return the share of the outcome's variance that the drivers explain together."""
    explained: Floats = (betas(correlations) * correlations[..., :-1, -1]).sum(axis=-1)
    return explained


def betas(correlations: Floats) -> Floats:
    """Return the standardised regression coefficients."""
    drivers, outcome = correlations[..., :-1, :-1], correlations[..., :-1, -1:]
    coefficients: Floats = np.asarray(np.linalg.solve(drivers, outcome)[..., 0], dtype=np.float64)
    return coefficients


def variance_inflation(correlations: Floats) -> Floats:
    """Return how many times a coefficient's variance is that of uncorrelated drivers; 1 is none."""
    drivers = correlations[..., :-1, :-1]
    inverse: Floats = np.asarray(np.linalg.inv(drivers), dtype=np.float64)
    return np.diagonal(inverse, axis1=-2, axis2=-1)


def johnson(correlations: Floats) -> Floats:
    """Return Johnson's relative weights, which add up to R²."""
    values, vectors = np.linalg.eigh(correlations[..., :-1, :-1])
    roots = np.sqrt(np.clip(values, 0.0, None))[..., None, :]
    loadings = (vectors * roots) @ np.swapaxes(vectors, -1, -2)
    coefficients = np.linalg.solve(loadings, correlations[..., :-1, -1:])
    weights: Floats = (loadings**2 @ coefficients**2)[..., 0]
    return weights


def lmg(correlations: Floats) -> Floats:
    """Return the LMG weights, which add up to R²; work and memory double with each driver."""
    n_drivers = correlations.shape[-1] - 1
    explained = _explained_by_subsets(correlations)
    subsets = np.arange(2**n_drivers)
    sizes = np.array([subset.bit_count() for subset in subsets.tolist()])
    weights = np.empty((*correlations.shape[:-2], n_drivers))
    for driver in range(n_drivers):
        without = subsets[(subsets >> driver) & 1 == 0]
        added = explained[without | (1 << driver)] - explained[without]
        chances = np.array([_chance(size, n_drivers) for size in sizes[without].tolist()])
        weights[..., driver] = np.tensordot(chances, added, axes=1)
    return weights


def _chance(size: int, n_drivers: int) -> float:
    """Return the probability that just these `size` drivers stand before a given one in a random order."""
    return factorial(size) * factorial(n_drivers - 1 - size) / factorial(n_drivers)


def _explained_by_subsets(correlations: Floats) -> Floats:
    """Return R² of each subset of the drivers; bit i of its position says whether driver i is in it.

    One driver after the other is left out, or swept out of all that follow: what is left of the outcome's
    variance at the end is what its subset does not explain.
    """
    remaining = correlations[None, ...]
    for _ in range(correlations.shape[-1] - 1):
        left_out = remaining[..., 1:, 1:]
        column = remaining[..., 1:, :1]
        swept = left_out - column * np.swapaxes(column, -1, -2) / remaining[..., :1, :1]
        remaining = np.concatenate([left_out, swept])
    explained: Floats = 1.0 - remaining[..., 0, 0]
    return explained
