"""BG/NBD and Gamma-Gamma against published numbers, their closed forms, and what they are to withstand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from valuegap.analytics import bg_nbd, gamma_gamma
from valuegap.analytics.bg_nbd import BgNbd, Histories
from valuegap.analytics.gamma_gamma import Amounts
from valuegap.analytics.maximum_likelihood import maximum

CDNOW = BgNbd(
    r=0.243, alpha=4.414, a=0.793, b=2.426, log_likelihood=0.0, is_converged=True, is_at_bound=False
)


def history(frequency: int, recency: float, age: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.array([frequency]), np.array([recency]), np.array([age])


def closed_form(model: BgNbd, x: int, recency: float, age: float, horizon: float) -> float:
    """As published for the CDNOW sample: Fader, Hardie & Lee 2005."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    left = alpha + age
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (left + horizon))
    purchases = (a + b + x - 1) / (a - 1) * (1 - (left / (left + horizon)) ** (r + x) * series)
    return purchases / (1 + (x > 0) * a / (b + x - 1) * (left / (alpha + recency)) ** (r + x))


def test_the_published_customer_is_expected_to_buy_1_23_times():
    customer = history(2, 30.43, 38.86)
    assert bg_nbd.expected_purchases(CDNOW, *customer, horizon=39.0)[0] == pytest.approx(1.226028, abs=5e-7)
    assert bg_nbd.probability_alive(CDNOW, *customer)[0] == pytest.approx(0.726579, abs=5e-7)


@pytest.mark.parametrize("horizon", [1.0, 39.0, 260.0])
@pytest.mark.parametrize(
    ("x", "recency", "age"), [(0, 0, 0), (0, 0, 38), (1, 3, 3), (10, 30, 38), (40, 70, 100)]
)
def test_the_integral_is_the_published_closed_form(x, recency, age, horizon):
    expected = closed_form(CDNOW, x, recency, age, horizon)
    assert bg_nbd.expected_purchases(CDNOW, *history(x, recency, age), horizon=horizon)[0] == pytest.approx(
        expected, rel=1e-6
    )
    nearly_undiscounted = bg_nbd.expected_purchases(
        CDNOW, *history(x, recency, age), horizon=horizon, discount=1e-12
    )
    assert nearly_undiscounted[0] == pytest.approx(expected, rel=1e-6)


def test_a_one_time_buyer_is_alive_by_construction():
    assert bg_nbd.probability_alive(CDNOW, *history(0, 0, 5000))[0] == 1.0


def test_what_comes_later_is_worth_less():
    week = np.log(1.1) * 7 / 365.25
    one_by_one = np.diff(
        [
            bg_nbd.expected_purchases(CDNOW, *history(2, 30.43, 38.86), horizon=float(end))[0]
            for end in range(261)
        ]
    )
    summed = (one_by_one * np.exp(-week * (np.arange(260) + 0.5))).sum()
    found = bg_nbd.expected_purchases(CDNOW, *history(2, 30.43, 38.86), horizon=260.0, discount=week)[0]
    assert found == pytest.approx(summed, rel=1e-5)


@settings(deadline=None, max_examples=200)
@given(
    parameters=st.tuples(*[st.floats(-9, 9)] * 4),
    x=st.integers(0, 3000),
    recency=st.floats(0, 1),
    age=st.floats(0.2, 3000),
)
def test_no_history_and_no_parameters_lead_to_nan_or_infinity(parameters, x, recency, age):
    model = BgNbd(*np.exp(parameters), log_likelihood=0.0, is_converged=True, is_at_bound=False)
    customer = history(x, recency * age if x else 0.0, age)
    alive = bg_nbd.probability_alive(model, *customer)[0]
    expected = bg_nbd.expected_purchases(model, *customer, horizon=52.0)[0]
    discounted = bg_nbd.expected_purchases(model, *customer, horizon=52.0, discount=0.002)[0]
    assert 0 <= alive <= 1
    assert np.isfinite([expected, discounted]).all()
    assert 0 <= discounted <= expected * 1.01 + 1e-9


@settings(deadline=None, max_examples=50)
@given(parameters=st.tuples(*[st.floats(-2, 2)] * 4))
def test_the_slope_is_that_of_the_likelihood(parameters):
    histories = Histories(
        np.array([0, 1, 2, 7]),
        np.array([0.0, 3.0, 30.43, 20.0]),
        np.array([9.0, 10.0, 38.86, 21.0]),
        np.array([3, 1, 2, 1]),
    )
    assert_slope(bg_nbd._Likelihood(histories).mean, np.exp(parameters))


@settings(deadline=None, max_examples=50)
@given(parameters=st.tuples(*[st.floats(-2, 2)] * 3))
def test_the_slope_of_the_amounts_is_that_of_their_likelihood(parameters):
    amounts = Amounts(np.array([1, 2, 5]), np.array([22.35, 11.77, 90.0]), np.array([2, 1, 1]))
    assert_slope(gamma_gamma._Likelihood(amounts, 30.0).mean, np.exp(parameters))


def assert_slope(mean, parameters) -> None:
    _, slope = mean(parameters)
    for place, parameter in enumerate(parameters):
        step = np.zeros(len(parameters))
        step[place] = 1e-6 * parameter
        rise = (mean(parameters + step)[0] - mean(parameters - step)[0]) / (2e-6 * parameter)
        assert slope[place] == pytest.approx(rise, rel=1e-4, abs=1e-6)


def simulated(n: int, seed: int, weeks: float = 52.0) -> Histories:
    """Histories of customers with the CDNOW parameters, but ten times as many purchases."""
    chance = np.random.default_rng(seed)
    frequency, recency, age = np.zeros(n, dtype=np.int64), np.zeros(n), chance.uniform(weeks / 2, weeks, n)
    rate, leaving = chance.gamma(CDNOW.r * 4, 1 / CDNOW.alpha, n), chance.beta(CDNOW.a, CDNOW.b, n)
    for each in range(n):
        at = chance.exponential(1 / rate[each])
        while at < age[each]:
            frequency[each], recency[each] = frequency[each] + 1, at
            if chance.random() < leaving[each]:
                break
            at += chance.exponential(1 / rate[each])
    return Histories(frequency, recency, age, np.ones(n, dtype=np.int64))


def test_planted_parameters_are_recovered():
    found = bg_nbd.fit(simulated(20_000, seed=1))
    assert found.is_converged
    assert not found.is_at_bound
    assert [found.r, found.alpha, found.a, found.b] == pytest.approx(
        [CDNOW.r * 4, CDNOW.alpha, CDNOW.a, CDNOW.b], rel=0.08
    )


def test_planted_amounts_are_recovered():
    chance = np.random.default_rng(2)
    purchases = chance.integers(1, 12, 20_000)
    scale = chance.gamma(3.74, 1 / 15.44, 20_000)
    means = chance.gamma(6.25 * purchases) / scale / purchases
    found = gamma_gamma.fit(Amounts(purchases, means, np.ones(20_000, dtype=np.int64)))
    assert found.is_converged
    assert [found.p, found.q, found.v] == pytest.approx([6.25, 3.74, 15.44], rel=0.08)


def test_the_unit_of_time_and_money_changes_nothing_but_the_parameters_in_it():
    histories = simulated(2_000, seed=3)
    weeks, days = (
        bg_nbd.fit(histories),
        bg_nbd.fit(
            Histories(histories.frequency, histories.recency * 7, histories.age * 7, histories.customers)
        ),
    )
    assert [days.r, days.alpha / 7, days.a, days.b] == pytest.approx(
        [weeks.r, weeks.alpha, weeks.a, weeks.b], rel=1e-4
    )
    one = history(2, 30.43, 38.86)
    in_days = bg_nbd.expected_purchases(days, one[0], one[1] * 7, one[2] * 7, horizon=39.0 * 7)
    assert in_days[0] == pytest.approx(bg_nbd.expected_purchases(weeks, *one, horizon=39.0)[0], rel=1e-4)


def test_identical_histories_count_as_often_as_they_are():
    histories = simulated(300, seed=4)
    double = Histories(histories.frequency, histories.recency, histories.age, histories.customers * 2)
    one, two = bg_nbd.fit(histories), bg_nbd.fit(double)
    assert two.log_likelihood == pytest.approx(2 * one.log_likelihood)
    assert two.alpha == pytest.approx(one.alpha)


def test_customers_that_do_not_differ_are_said_to_stand_at_the_bound():
    chance = np.random.default_rng(5)
    n = 2_000
    histories = Histories(
        chance.poisson(20, n), np.full(n, 39.0), np.full(n, 40.0), np.ones(n, dtype=np.int64)
    )
    found = bg_nbd.fit(histories)
    assert found.is_converged
    assert found.is_at_bound
    assert found.r / found.alpha == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("differing", [False, True])
def test_the_last_bits_of_a_processor_do_not_move_the_parameters(differing):
    histories = simulated(2_000, seed=6)
    if not differing:
        frequency = np.random.default_rng(5).poisson(20, 2_000)
        histories = Histories(frequency, frequency * 1.9, np.full(2_000, 40.0), histories.customers)
    mean = bg_nbd._Likelihood(histories).mean

    def on_processor(seed: int) -> list[float]:
        last_bits = np.random.default_rng(seed)

        def rounded(parameters):
            value, slope = mean(parameters)
            return value * (1 + last_bits.normal(0, 2e-16)), slope * (1 + last_bits.normal(0, 2e-16, 4))

        return maximum(rounded, bg_nbd.STARTS).parameters.tolist()

    assert on_processor(1) == on_processor(2) == on_processor(3)
