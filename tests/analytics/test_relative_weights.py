"""Relative weights: as other implementations find them, by other routes, and where they are known beforehand."""

from itertools import combinations, permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from valuegap.analytics import relative_weights

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
BLOCKS = {
    "expectation": ["CUEX1", "CUEX2", "CUEX3"],
    "quality": [f"PERQ{number}" for number in range(1, 8)],
    "value": ["PERV1", "PERV2"],
    "image": [f"IMAG{number}" for number in range(1, 6)],
    "complaints": ["CUSCO"],
    "loyalty": ["CUSL1", "CUSL2", "CUSL3"],
}
SATISFACTION = ["CUSA1", "CUSA2", "CUSA3"]

# Of the means of the blocks as drivers of the mean of SATISFACTION, computed once by other people's packages.
R_SQUARED = 0.7025341589  # pingouin 0.7.0
LMG = [0.0630352032, 0.2419230126, 0.1010065694, 0.1266970799, 0.0781458829, 0.0917264110]  # pingouin 0.7.0
JOHNSON = [
    0.0686135096,
    0.2223254471,
    0.1059711570,
    0.1230771178,
    0.0854870851,
    0.0970598423,
]  # relativeImp 0.0.2


# Row 8 of the methods gives weights without data. In these two correlation matrices (r12, r13, r1y, r23, r2y, r3y) both
# kinds of weights are those of the row.
ROW_8 = (
    (0.292140, 0.040596, 0.551143, 0.374595, 0.465172, 0.198646),
    (0.499153, -0.256766, 0.567005, 0.103305, 0.494362, 0.073729),
)


@pytest.fixture(scope="module")
def ecsi() -> pd.DataFrame:
    if not SHARED_DATA.exists():
        pytest.skip("the real records are not here: ../shared/data is missing")
    answers = pd.read_csv(SHARED_DATA / "ecsi_mobile.csv")
    means = {name: answers[items].mean(axis=1) for name, items in {**BLOCKS, "y": SATISFACTION}.items()}
    return pd.DataFrame(means)


def correlated(n_drivers: int, *, n: int = 200, seed: int = 0) -> np.ndarray:
    """Answers of n people about correlated drivers, and an outcome that depends on them."""
    chance = np.random.default_rng(seed)
    drivers = chance.normal(size=(n, n_drivers)) + chance.normal(size=(n, 1))
    outcome = drivers @ chance.uniform(-0.5, 1, n_drivers) + chance.normal(size=n) * 2
    return np.column_stack([drivers, outcome])


def correlations_of(data: np.ndarray) -> np.ndarray:
    return np.corrcoef(data, rowvar=False)


def r_squared_of_regression(data: np.ndarray, drivers: tuple[int, ...]) -> float:
    design = np.column_stack([np.ones(len(data)), data[:, list(drivers)]])
    fitted = design @ np.linalg.lstsq(design, data[:, -1], rcond=None)[0]
    return float(1 - ((data[:, -1] - fitted) ** 2).sum() / ((data[:, -1] - data[:, -1].mean()) ** 2).sum())


def lmg_by_orders(data: np.ndarray) -> np.ndarray:
    """LMG by its definition: every order of the drivers, every regression by least squares on the answers."""
    n_drivers = data.shape[1] - 1
    known = {
        subset: r_squared_of_regression(data, subset)
        for size in range(n_drivers + 1)
        for subset in combinations(range(n_drivers), size)
    }
    added = np.zeros(n_drivers)
    orders = list(permutations(range(n_drivers)))
    for order in orders:
        for position, driver in enumerate(order):
            before = order[:position]
            added[driver] += known[tuple(sorted((*before, driver)))] - known[tuple(sorted(before))]
    return added / len(orders)


def johnson_by_nearest_variables(data: np.ndarray) -> np.ndarray:
    """Johnson's weights by his construction: the orthogonal variables nearest to the drivers, as vectors."""
    scaled = (data - data.mean(axis=0)) / data.std(axis=0) / np.sqrt(len(data))
    left, _, right = np.linalg.svd(scaled[:, :-1], full_matrices=False)
    nearest = left @ right
    return ((scaled[:, :-1].T @ nearest) ** 2) @ (nearest.T @ scaled[:, -1]) ** 2


def test_weights_on_public_data_are_those_of_other_implementations(ecsi):
    correlations = correlations_of(ecsi.to_numpy())
    assert relative_weights.r_squared(correlations) == pytest.approx(R_SQUARED, abs=1e-9)
    assert relative_weights.lmg(correlations) == pytest.approx(LMG, abs=1e-9)
    assert relative_weights.johnson(correlations) == pytest.approx(JOHNSON, abs=1e-9)


@pytest.mark.parametrize("entries", ROW_8)
def test_golden_weights_of_three_drivers(entries):
    correlations = np.eye(4)
    correlations[np.triu_indices(4, 1)] = entries
    correlations = np.maximum(correlations, correlations.T) + np.minimum(correlations, correlations.T)
    np.fill_diagonal(correlations, 1.0)
    assert relative_weights.r_squared(correlations) == pytest.approx(0.408529, abs=2e-6)
    assert relative_weights.johnson(correlations) == pytest.approx([0.247389, 0.140721, 0.020419], abs=2e-6)
    assert relative_weights.lmg(correlations) == pytest.approx([0.245727, 0.143138, 0.019664], abs=2e-6)


def test_weights_on_public_data_are_those_of_their_definitions(ecsi):
    data = ecsi.to_numpy()
    assert relative_weights.lmg(correlations_of(data)) == pytest.approx(lmg_by_orders(data), abs=1e-9)
    assert relative_weights.johnson(correlations_of(data)) == pytest.approx(
        johnson_by_nearest_variables(data), abs=1e-9
    )


@pytest.mark.parametrize("n_drivers", [1, 2, 3, 5, 7])
def test_weights_are_those_of_their_definitions_and_add_up_to_r_squared(n_drivers):
    data = correlated(n_drivers)
    correlations = correlations_of(data)
    explained = r_squared_of_regression(data, tuple(range(n_drivers)))
    assert relative_weights.lmg(correlations) == pytest.approx(lmg_by_orders(data), abs=1e-10)
    assert relative_weights.johnson(correlations) == pytest.approx(
        johnson_by_nearest_variables(data), abs=1e-10
    )
    for method in (relative_weights.lmg, relative_weights.johnson):
        assert method(correlations).sum() == pytest.approx(explained, abs=1e-10)
        assert (method(correlations) >= 0).all()
    assert relative_weights.r_squared(correlations) == pytest.approx(explained, abs=1e-10)


def test_uncorrelated_drivers_have_their_squared_correlation_by_every_method():
    correlations = np.eye(4)
    correlations[:3, 3] = correlations[3, :3] = [0.6, -0.3, 0.1]
    for method in (relative_weights.lmg, relative_weights.johnson):
        assert method(correlations) == pytest.approx([0.36, 0.09, 0.01])
    assert relative_weights.betas(correlations) == pytest.approx([0.6, -0.3, 0.1])
    assert relative_weights.variance_inflation(correlations) == pytest.approx([1, 1, 1])


def test_two_drivers_share_by_hand():
    """r1y = .6, r2y = .4, r12 = .5: R² = (.36 + .16 - .24)/.75; alone .36 and .16, added last R² less the other's."""
    correlations = np.array([[1, 0.5, 0.6], [0.5, 1, 0.4], [0.6, 0.4, 1]])
    explained = 0.28 / 0.75
    assert relative_weights.r_squared(correlations) == pytest.approx(explained)
    assert relative_weights.lmg(correlations) == pytest.approx(
        [(0.36 + explained - 0.16) / 2, (0.16 + explained - 0.36) / 2]
    )
    assert relative_weights.variance_inflation(correlations) == pytest.approx([4 / 3, 4 / 3])


def test_a_stack_of_matrices_is_weighed_as_each_of_them():
    stack = np.array([correlations_of(correlated(4, seed=seed)) for seed in range(6)])
    for method in (relative_weights.lmg, relative_weights.johnson, relative_weights.r_squared):
        assert method(stack) == pytest.approx(np.array([method(each) for each in stack]), abs=1e-12)
