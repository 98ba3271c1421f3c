"""A night's fit: what it reads, when it fits again, and what it says of a history that tells too little."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from valuegap.analytics import purchase_model

SAMPLES = pd.DataFrame(
    {
        "sample": ["all", "calibration"],
        "forecast_days": [365, 180],
        "horizon_days": [1826, 1826],
        "discount_rate_annual": [0.1, 0.1],
    }
)


def customers(n: int, *, seed: int = 0) -> pd.DataFrame:
    """Histories of n customers in both samples, no two alike in what they pay."""
    chance = np.random.default_rng(seed)
    age = chance.integers(200, 400, n)
    frequency = chance.poisson(chance.gamma(1.0, 4.0, n))
    recency = np.where(frequency > 0, np.maximum(1, (age * chance.uniform(0.2, 1, n)).astype(int)), 0)
    histories = pd.DataFrame(
        {
            "customer_key": [f"c{number:05}" for number in range(n)],
            "frequency": frequency,
            "recency_days": recency,
            "age_days": age,
            "n_valued_repeats": frequency,
            "mean_repeat_amount": np.where(frequency > 0, chance.gamma(6.0, 10.0, n).round(2), np.nan),
        }
    )
    return pd.concat([histories.assign(sample=sample) for sample in SAMPLES["sample"]])


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema intermediate")
        give(connection, customers(400))
        yield connection


def give(
    connection: duckdb.DuckDBPyConnection, histories: pd.DataFrame, samples: pd.DataFrame = SAMPLES
) -> None:
    connection.register("samples", samples)
    connection.register("histories", histories)
    connection.execute("create or replace table intermediate.int_purchase_samples as select * from samples")
    connection.execute(
        "create or replace table intermediate.int_purchase_histories as select * replace (nullif(mean_repeat_amount, 'nan') "
        "as mean_repeat_amount) from histories"
    )


def results(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return [
        row
        for table in ("purchase_fit", "purchase_state")
        for row in connection.execute(f"select * from analytics.{table} order by all").fetchall()
    ]


def reasons(connection: duckdb.DuckDBPyConnection) -> tuple:
    return connection.execute(
        "select unusable_reason, amount_unusable_reason from analytics.purchase_fit where sample = 'all'"
    ).fetchone()


def test_every_history_is_scored_and_the_worth_of_the_whole_sample_too(build):
    assert purchase_model.run(build) == purchase_model.Summary(customers=400, fitted=2, kept=0)
    assert reasons(build) == (None, None)
    assert build.execute(
        "select sample, sum(scored), count(discounted_purchases) > 0 from analytics.purchase_state inner join "
        "(select sample, frequency, recency_days, age_days, count(*) as scored from intermediate.int_purchase_histories "
        "group by all) using (sample, frequency, recency_days, age_days) group by sample order by sample"
    ).fetchall() == [("all", 400, True), ("calibration", 400, False)]


def test_nothing_is_fitted_again_until_something_changes(build):
    purchase_model.run(build)
    first = results(build)
    assert purchase_model.run(build) == purchase_model.Summary(customers=400, fitted=0, kept=2)
    assert results(build) == first
    build.execute(
        "update intermediate.int_purchase_histories set mean_repeat_amount = mean_repeat_amount + 0.01 "
        "where sample = 'all' and frequency = 3"
    )
    assert purchase_model.run(build) == purchase_model.Summary(customers=400, fitted=1, kept=1)
    assert results(build) != first


def test_a_new_method_fits_again(build, monkeypatch):
    purchase_model.run(build)
    monkeypatch.setattr(purchase_model, "METHOD_VERSION", "another")
    assert purchase_model.run(build).fitted == 2


def test_the_order_of_the_rows_and_the_first_run_leave_no_trace(build):
    purchase_model.run(build)
    first = results(build)
    build.execute("drop schema analytics cascade")
    give(build, customers(400).sample(frac=1, random_state=3))
    purchase_model.run(build)
    assert results(build) == first


def test_the_horizon_is_no_reason_to_fit_again_and_is_heeded(build):
    purchase_model.run(build)
    before = build.execute("select sum(discounted_purchases) from analytics.purchase_state").fetchone()
    give(build, customers(400), SAMPLES.assign(horizon_days=30))
    assert purchase_model.run(build).fitted == 0
    assert build.execute("select sum(discounted_purchases) from analytics.purchase_state").fetchone() < before


@pytest.mark.parametrize(
    ("histories", "expected"),
    [
        (customers(199), ("too_few_customers", None)),
        (customers(400).assign(n_valued_repeats=0), (None, "too_few_customers")),
        (
            customers(400).assign(frequency=0, recency_days=0, n_valued_repeats=0),
            ("no_repeat_purchases", "too_few_customers"),
        ),
        (customers(400).assign(age_days=0, frequency=0, recency_days=0), ("no_repeat_purchases", None)),
    ],
    ids=["199 customers", "nothing was paid", "nobody came back", "all came today"],
)
def test_a_history_that_tells_too_little_says_so(build, histories, expected):
    give(build, histories)
    purchase_model.run(build)
    assert reasons(build) == expected
    n_states = build.execute("select count(*) from analytics.purchase_state").fetchone()
    assert (n_states == (0,)) == (expected[0] is not None)


def test_amounts_without_a_mean_are_not_used(build):
    heavy = customers(400)
    heavy["mean_repeat_amount"] = np.exp(np.random.default_rng(7).standard_cauchy(len(heavy)).clip(-12, 12))
    give(build, heavy)
    purchase_model.run(build)
    assert reasons(build) == (None, "no_mean")


def test_without_a_purchase_there_is_nothing_to_fit(build):
    give(build, customers(0), SAMPLES.head(0))
    assert str(purchase_model.run(build)) == "purchase model: no purchases to learn from"
    assert results(build) == []


def test_a_night_killed_while_it_wrote_leaves_the_night_before(build, monkeypatch):
    purchase_model.run(build)
    before = results(build)
    give(build, customers(400, seed=9))
    monkeypatch.setattr(purchase_model, "_states", lambda *_: pd.DataFrame({"sample": [None]}))
    with pytest.raises(duckdb.Error):
        purchase_model.run(build)
    build.rollback()
    assert results(build) == before


def test_customers_who_buy_more_often_and_more_are_found_out(build):
    linked = customers(400)
    linked["mean_repeat_amount"] = np.where(linked["frequency"] > 0, 10.0 * linked["frequency"], np.nan)
    give(build, linked)
    purchase_model.run(build)
    [(correlation,)] = build.execute(
        "select frequency_amount_correlation from analytics.purchase_fit where sample = 'all'"
    ).fetchall()
    assert correlation == pytest.approx(1.0)
