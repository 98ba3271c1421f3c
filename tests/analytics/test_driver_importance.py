"""What drives satisfaction: what is fitted again, what the limits of a fit say, and whether planted drivers are found."""

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from valuegap.analytics import driver_importance, relative_weights

PLANTED = {"a": 0.5, "b": 0.35, "c": 0.2, "d": 0.1}


def answers(n: int, *, seed: int = 0, drivers: dict[str, float] = PLANTED) -> pd.DataFrame:
    """Return what n customers say of correlated drivers, and of two outcomes made of them by `drivers` and noise."""
    chance = np.random.default_rng(seed)
    felt = chance.normal(size=(n, len(drivers))) + 0.6 * chance.normal(size=(n, 1))
    outcome = felt @ np.array(list(drivers.values())) + 0.5 * chance.normal(size=n)
    scores = np.clip(50 + 12 * np.column_stack([felt, outcome, outcome]), 0, 100).round(1)
    wide = pd.DataFrame(scores, columns=[*drivers, "csat", "nps"])
    wide["customer_key"] = [f"c{number:06}" for number in range(n)]
    wide["market_segment"] = np.where(np.arange(n) % 4 == 0, "enterprise", "small_business")
    wide["industry"] = "retail"
    long = wide.melt(
        ["customer_key", "market_segment", "industry"], var_name="measure_code", value_name="score"
    )
    long["measure_kind"] = np.where(long["measure_code"].isin(["csat", "nps"]), "outcome", "driver")
    return long.assign(n_responses=2)


@pytest.fixture
def build() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema intermediate")
        give(connection, answers(400))
        yield connection


def give(connection: duckdb.DuckDBPyConnection, answered: pd.DataFrame) -> None:
    connection.register("answered", answered)
    connection.execute("create or replace table intermediate.int_driver_answers as select * from answered")


def results(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return [
        row
        for table in ("driver_fit", "driver_weight")
        for row in connection.execute(f"select * from analytics.{table} order by all").fetchall()
    ]


def weights(
    connection: duckdb.DuckDBPyConnection, column: str = "johnson_share", segment: str = "all:all"
) -> dict:
    return dict(
        connection.execute(
            f"select attribute_code, {column} from analytics.driver_weight "
            "where outcome_code = 'csat' and segment_key = ? order by 1",
            [segment],
        ).fetchall()
    )


def test_planted_drivers_are_found_in_their_order_and_intervals_hold_them(build):
    assert driver_importance.run(build) == driver_importance.Summary(fitted=8, kept=0, usable=8)
    for method in ("johnson", "lmg"):
        shares = weights(build, f"{method}_share")
        assert sorted(shares, key=shares.__getitem__, reverse=True) == list(PLANTED)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-8)
        low, high = weights(build, f"{method}_low"), weights(build, f"{method}_high")
        assert all(low[code] <= shares[code] <= high[code] for code in PLANTED)
        assert all(0.02 < high[code] - low[code] < 0.3 for code in PLANTED)
    found = build.execute(
        "select segment_key, n_customers, n_responses, n_drivers, n_resamples from analytics.driver_fit "
        "where outcome_code = 'nps' order by 1"
    ).fetchall()
    assert found == [
        ("all:all", 400, 800, 4, 500),
        ("industry:retail", 400, 800, 4, 500),
        ("market_segment:enterprise", 100, 200, 4, 500),
        ("market_segment:small_business", 300, 600, 4, 500),
    ]


def test_the_interval_holds_the_weight_of_everybody_in_19_of_20_samples():
    everybody = answers(200_000, seed=99).pivot(index="customer_key", columns="measure_code", values="score")
    columns = [*PLANTED, "csat"]
    correlations = np.corrcoef(everybody[columns].to_numpy(), rowvar=False)
    truth = relative_weights.johnson(correlations) / relative_weights.r_squared(correlations)
    held = []
    for seed in range(60):
        wide = answers(150, seed=seed).pivot(index="customer_key", columns="measure_code", values="score")
        sample = driver_importance.Sample(
            "csat", "all:all", tuple(PLANTED), wide[list(PLANTED)].to_numpy(), wide["csat"].to_numpy(),
            np.ones(len(wide), dtype=np.int64),
        )  # fmt: skip
        _, rows = driver_importance.fitted(sample)
        held += [
            row["johnson_low"] <= share <= row["johnson_high"] for row, share in zip(rows, truth, strict=True)
        ]
    assert 0.90 <= np.mean(held) <= 0.99


def test_nothing_is_fitted_again_until_something_changes(build):
    driver_importance.run(build)
    first = results(build)
    assert driver_importance.run(build) == driver_importance.Summary(fitted=0, kept=8, usable=8)
    assert results(build) == first
    build.execute(
        "update intermediate.int_driver_answers set score = score + 0.1 "
        "where measure_code = 'nps' and customer_key = 'c000001'"
    )
    assert driver_importance.run(build) == driver_importance.Summary(fitted=3, kept=5, usable=8)


def test_a_new_method_fits_again(build, monkeypatch):
    driver_importance.run(build)
    monkeypatch.setattr(driver_importance, "METHOD_VERSION", "another")
    assert driver_importance.run(build).fitted == 8


def test_the_order_of_the_rows_and_the_first_run_leave_no_trace(build):
    driver_importance.run(build)
    first = results(build)
    build.execute("drop schema analytics cascade")
    give(build, answers(400).sample(frac=1, random_state=3))
    driver_importance.run(build)
    assert results(build) == first


def reason(answered: pd.DataFrame) -> tuple[str | None, set]:
    """Return why there is no fit of csat over all customers, and the reasons of its drivers."""
    with duckdb.connect() as connection:
        connection.execute("create schema intermediate")
        give(connection, answered)
        driver_importance.run(connection)
        fit = connection.execute(
            "select unavailable_reason from analytics.driver_fit "
            "where outcome_code = 'csat' and segment_key = 'all:all'"
        ).fetchone()
        return fit[0], set(weights(connection, "unavailable_reason").values())


def changed(answered: pd.DataFrame, code: str, score: object) -> pd.DataFrame:
    return answered.assign(score=answered["score"].mask(answered["measure_code"] == code, score))


@pytest.mark.parametrize(
    ("answered", "of_fit", "of_drivers"),
    [
        (answers(39), "too_few_customers", {"too_few_customers"}),
        (answers(40), None, {None}),
        (answers(29, drivers={"a": 1.0}), "too_few_customers", {"too_few_customers"}),
        (changed(answers(100), "csat", 50.0), "outcome_does_not_vary", {"outcome_does_not_vary"}),
        (
            answers(2000, drivers=dict.fromkeys(PLANTED, 0.0)),
            "explains_too_little",
            {"explains_too_little"},
        ),
        (changed(answers(100), "c", 70.0), None, {None, "no_variation"}),
        (
            answers(100).query("measure_code != 'c' or customer_key < 'c000049'"),
            None,
            {None, "rarely_answered"},
        ),
    ],
    ids=[
        "39 customers, 4 drivers", "40 customers, 4 drivers", "29 customers, 1 driver", "all equally satisfied",
        "nothing to do with it", "all judge one alike", "one rarely judged",
    ],
)  # fmt: skip
def test_answers_that_tell_too_little_say_so(answered, of_fit, of_drivers):
    assert reason(answered) == (of_fit, of_drivers)


def test_a_driver_that_repeats_another_is_left_out_and_named(build):
    twice = answers(400)
    copy = twice[twice["measure_code"] == "b"].assign(measure_code="bb")
    give(build, pd.concat([twice, copy]))
    driver_importance.run(build)
    with_copy = weights(build)
    assert weights(build, "repeats_attribute_code") == {"a": None, "b": None, "bb": "b", "c": None, "d": None}
    assert weights(build, "unavailable_reason")["bb"] == "repeats_other_drivers"
    give(build, twice)
    driver_importance.run(build)
    assert {code: share for code, share in with_copy.items() if code != "bb"} == weights(build)


def test_thirteen_drivers_have_johnson_weights_only(build):
    give(build, answers(400, drivers={f"d{number:02}": number / 10 for number in range(13)}))
    driver_importance.run(build)
    assert set(weights(build, "lmg_share").values()) == {None}
    assert sum(weights(build).values()) == pytest.approx(1, abs=1e-8)


def test_customers_who_did_not_judge_all_are_left_out_and_counted(build):
    give(build, answers(400).query("measure_code != 'c' or customer_key >= 'c000100'"))
    driver_importance.run(build)
    assert build.execute(
        "select n_customers, n_responses from analytics.driver_fit where outcome_code = 'csat' and segment_key = 'all:all'"
    ).fetchone() == (300, 600)


def test_without_an_answer_there_is_nothing_to_fit(build):
    give(build, answers(400).head(0))
    assert str(driver_importance.run(build)) == "driver importance: no answers to learn from"
    assert results(build) == []


def test_a_night_killed_while_it_wrote_leaves_the_night_before(build, monkeypatch):
    driver_importance.run(build)
    before = results(build)
    give(build, answers(400, seed=9))
    fitted = driver_importance.fitted
    monkeypatch.setattr(
        driver_importance,
        "fitted",
        lambda sample: (fitted(sample)[0], [{"outcome_code": None}]),
    )
    with pytest.raises(duckdb.Error):
        driver_importance.run(build)
    build.rollback()
    assert results(build) == before
