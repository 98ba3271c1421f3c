"""The judgement over many seeds itself: exact intervals pass it, intervals that promise too much do not."""

import numpy as np
import pandas as pd
import pytest
from tests.statistics.coverage import (
    METRIC,
    Findings,
    binomial_band,
    chance_of_so_few,
    of_each_metric_at_once,
    of_each_pair,
)
from tests.statistics.planted import planted_differences, planted_means
from tests.statistics.report import write_tables

from valuegap.demo.planted import planted_truth

SEEDS, SINGLE, SIMULTANEOUS = 100, 1.959964, 2.393980  # normal quantiles for one pair, and for three at once


def findings_with_errors(scale: float) -> Findings:
    """Three pairs of one metric, found in 100 seeds by normal intervals whose standard error is too small by `scale`."""
    rng = np.random.default_rng(1)
    errors = scale * rng.standard_normal((SEEDS, 3))
    metric = dict(zip(METRIC, ("gap", "satisfaction_gap", "care", "all", "industry"), strict=True))
    rows = [
        metric
        | {"segment_a": "a", "segment_b": f"b{pair}", "seed": seed, "planted": 0.0, "n_smaller": 30}
        | {
            "is_inside": float(abs(error) <= SINGLE),
            "is_inside_simultaneous": float(abs(error) <= SIMULTANEOUS),
        }
        for (seed, pair), error in np.ndenumerate(errors)
    ]
    means = pd.DataFrame([{**row, "segment_value": row["segment_b"]} for row in rows])
    effects = pd.DataFrame(
        [
            {
                "initiative_id": "I-1",
                "metric_code": "ces",
                "planted": 14.0,
                "seed": seed,
                "effect": 14.0 + error,
            }
            | {"effect_low": 14.0 + error - SINGLE, "effect_high": 14.0 + error + SINGLE}
            | {"is_inside": float(abs(error) <= SINGLE)}
            for seed, error in enumerate(errors[:, 0])
        ]
    )
    agents = pd.DataFrame(
        [
            {"seed": seed, "csat_raw": 60 + 3 * error, "csat_standardized": 60 + error, "adjusted": 60.0}
            | {"is_inside": 1.0}
            for (seed, _), error in np.ndenumerate(errors)
        ]
    )
    drivers = pd.DataFrame({"seed": range(SEEDS), "kendall_tau": 0.8, "is_first_found": True})
    return Findings(pd.DataFrame(rows), means, effects, agents, drivers)


def test_exact_intervals_are_within_what_chance_explains():
    pairs = of_each_pair(findings_with_errors(1.0))
    assert (pairs["inside_simultaneous"] >= 93).all()
    assert all(chance_of_so_few(inside, SEEDS) > 0.01 for inside in pairs["inside"])
    assert chance_of_so_few(of_each_metric_at_once(findings_with_errors(1.0))["sum"].item(), SEEDS) > 0.01


def test_intervals_that_promise_too_much_are_found_out():
    pairs = of_each_pair(findings_with_errors(1.6))
    assert (pairs["inside_simultaneous"] < 93).any()
    assert all(chance_of_so_few(inside, SEEDS) < 0.001 for inside in pairs["inside"])
    assert chance_of_so_few(of_each_metric_at_once(findings_with_errors(1.6))["sum"].item(), SEEDS) < 0.001


def test_a_difference_that_is_not_told_is_neither_inside_nor_outside():
    findings = findings_with_errors(1.0)
    findings.differences.loc[findings.differences["seed"] < 40, ["is_inside", "is_inside_simultaneous"]] = (
        np.nan
    )
    assert of_each_pair(findings)["told"].eq(60).all()
    assert of_each_metric_at_once(findings)["count"].item() == 60


def test_one_exact_interval_in_eight_shows_92_hits_or_fewer_in_100_seeds():
    assert chance_of_so_few(92, 100) == pytest.approx(0.128, abs=0.001)
    assert binomial_band(100) == (90, 99)


def test_planted_net_value_is_planted_benefit_minus_planted_cost():
    truth = planted_truth(np.zeros(1, np.int8), np.zeros(1, np.int8))
    means = {
        (metric.metric_code, metric.purchase_phase): segments
        for metric, segments in planted_means(truth).items()
        if metric.attribute_code == "all"
    }
    for phase in ("pre_purchase", "post_purchase"):
        for segment, net_value in means["net_value", phase].items():
            kinds = ("functional", "emotional", "social", "financial")
            benefit = sum(means[f"{kind}_benefit", phase][segment] for kind in kinds) / 4
            kinds = ("monetary", "time", "effort", "psychological")
            cost = sum(means[f"{kind}_cost", phase][segment] for kind in kinds) / 4
            assert net_value == pytest.approx(benefit - cost)
    for pair, difference in planted_differences(truth).items():
        assert pair.segment_a < pair.segment_b
        if pair.metric.family == "planted without difference":
            assert difference == 0


def test_tables_take_their_places_and_the_words_of_the_page_stay(tmp_path):
    page = tmp_path / "statistics.md"
    page.write_text(
        "Before.\n<!-- differences -->\nold\n<!-- /differences -->\n<!-- means -->\n<!-- /means -->\n"
        "<!-- effects -->\n<!-- /effects -->\n<!-- agents -->\n<!-- /agents -->\n"
        "<!-- drivers -->\n<!-- /drivers -->\nAfter.\n"
    )
    write_tables(findings_with_errors(1.0), page)
    first = page.read_text()
    write_tables(findings_with_errors(1.0), page)
    assert page.read_text() == first
    assert first.startswith("Before.\n<!-- differences -->\n\n100 seeds, 3 planted differences.")
    assert first.endswith("<!-- /drivers -->\nAfter.\n")
    assert "| I-1 | ces | 14 | 100 |" in first
    assert "\nold\n" not in first
