"""What was planted in the demo company is found again by the marts, in companies of many seeds.

Seeds are independent, differences are not: they share segments and respondents. So every difference is held against
the binomial distribution on its own, and the allowance for chance is shared by those of a family.
"""

import os

import numpy as np
import pytest
from tests.statistics.compiled_project import CompiledProject
from tests.statistics.coverage import (
    MARTS,
    NOMINAL,
    Findings,
    chance_of_so_few,
    find,
    of_each_metric_at_once,
    of_each_pair,
)
from tests.statistics.report import write_tables

from valuegap.demo.company import FIRST_NIGHT
from valuegap.settings import PROJECT_ROOT

pytestmark = [pytest.mark.statistics, pytest.mark.timeout(4 * 3600)]

PLANTED_BY = ["industry", "market_segment"]
INITIATIVES_BY = "country"
EFFECTIVE, WITHOUT_EFFECT = "I-1", "I-2"
LEAST_TAU = 0.6  # between planted weights and found shares, over six drivers: 12 of 15 pairs in order
SEEDS = int(os.environ.get("STATISTICS_SEEDS", "100"))
ENOUGH_SEEDS = 100  # for the criterion of so many of 100, and for the table of the docs
FEWEST_OF_100 = 93
FALSE_ALARM = 0.001  # of one criterion in one family

ALWAYS_TOLD = (
    "gap", "expectation", "experience", "benefits felt", "costs felt", "net value felt", "recommendation",
    "monthly churn", "planted without difference",
)  # fmt: skip
SELDOM_TOLD = (
    "benefits hoped for",
    "costs hoped for",
    "net value hoped for",
)  # few are asked before they order


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = tmp_path_factory.mktemp("compiled")
    types = [*PLANTED_BY, INITIATIVES_BY]
    project = CompiledProject.of(MARTS, folder, FIRST_NIGHT, segment_types=types)
    found = find(project, range(1, SEEDS + 1))
    if SEEDS >= ENOUGH_SEEDS:
        write_tables(found, PROJECT_ROOT / "docs" / "statistics.md")
    return found


def test_every_planted_quantity_is_one_of_the_families(findings):
    assert set(findings.differences["family"]) == {*ALWAYS_TOLD, *SELDOM_TOLD}


@pytest.mark.parametrize("family", ALWAYS_TOLD)
def test_every_difference_is_told_in_every_seed(findings, family):
    pairs = of_each_pair(findings).query("family == @family")
    assert pairs["told"].eq(findings.seeds).all(), pairs[pairs["told"] < findings.seeds].to_string()


@pytest.mark.parametrize("family", SELDOM_TOLD)
def test_a_difference_of_few_customers_is_told_in_some_seeds(findings, family):
    assert of_each_pair(findings).query("family == @family")["told"].gt(0).all()


@pytest.mark.parametrize("family", ALWAYS_TOLD + SELDOM_TOLD)
def test_the_simultaneous_interval_contains_every_planted_difference_in_93_of_100_seeds(findings, family):
    if findings.seeds < ENOUGH_SEEDS:
        pytest.skip(f"{ENOUGH_SEEDS} seeds are needed, {findings.seeds} were asked for")
    pairs = of_each_pair(findings).query("family == @family")
    too_few = pairs[pairs["inside_simultaneous"] < FEWEST_OF_100 / 100 * pairs["told"]]
    assert too_few.empty, too_few.to_string()


@pytest.mark.parametrize("family", ALWAYS_TOLD + SELDOM_TOLD)
def test_the_single_interval_contains_planted_differences_no_more_rarely_than_chance_explains(
    findings, family
):
    pairs = of_each_pair(findings).query("family == @family and told > 0")
    chances = [chance_of_so_few(*counts) for counts in zip(pairs["inside"], pairs["told"], strict=True)]
    assert min(chances) * len(chances) >= FALSE_ALARM, pairs[np.array(chances) < 0.01].to_string()


@pytest.mark.parametrize("family", ALWAYS_TOLD + SELDOM_TOLD)
def test_all_differences_of_a_metric_hold_together_no_more_rarely_than_chance_explains(findings, family):
    metrics = of_each_metric_at_once(findings).query("family == @family")
    chances = [chance_of_so_few(*counts) for counts in zip(metrics["sum"], metrics["count"], strict=True)]
    assert min(chances) * len(chances) >= FALSE_ALARM, metrics.to_string()


def test_single_intervals_together_contain_what_was_planted_as_often_as_they_promise(findings):
    told = findings.differences.dropna(subset=["is_inside"])
    by_seed = told.groupby("seed")["is_inside"].mean()
    error = by_seed.std(ddof=1) / np.sqrt(len(by_seed))
    assert by_seed.mean() + 3 * error >= NOMINAL


def test_planted_means_lie_in_the_intervals_of_their_segments_as_often_as_they_promise(findings):
    means = findings.means.dropna(subset=["is_inside"]).groupby(["family", "seed"])["is_inside"].mean()
    for family, by_seed in means.groupby(level="family"):
        error = by_seed.std(ddof=1) / np.sqrt(len(by_seed))
        assert by_seed.mean() + 3 * error >= NOMINAL, family


def test_the_planted_effect_of_an_initiative_lies_in_its_interval_in_93_of_100_seeds(findings):
    effects = findings.effects.query("initiative_id == @EFFECTIVE")
    assert len(effects) == findings.seeds, "told in every seed"
    if findings.seeds >= ENOUGH_SEEDS:
        assert effects["is_inside"].sum() >= FEWEST_OF_100 / 100 * len(effects), effects.to_string()


def test_no_effect_lies_in_the_intervals_of_initiatives_without_one_in_93_of_100(findings):
    effects = findings.effects.query("planted == 0").dropna(subset=["is_inside"])
    counts = effects.groupby("initiative_id")["is_inside"].agg(["sum", "count"])
    assert counts["count"].eq(findings.seeds).all(), counts.to_string()
    if findings.seeds >= ENOUGH_SEEDS:
        assert effects["is_inside"].mean() >= FEWEST_OF_100 / 100, counts.to_string()


def test_the_interval_of_no_initiative_misses_more_often_than_chance_explains(findings):
    effects = findings.effects.dropna(subset=["is_inside"])
    counts = effects.groupby("initiative_id")["is_inside"].agg(["sum", "count"])
    chances = [chance_of_so_few(*pair) for pair in zip(counts["sum"], counts["count"], strict=True)]
    assert min(chances) >= FALSE_ALARM, counts.to_string()


def test_an_effective_initiative_is_told_from_one_without_effect(findings):
    found = findings.effects.assign(is_seen=lambda rows: rows["effect_low"] > 0)
    shares = found.groupby("initiative_id")["is_seen"].mean()
    assert shares[EFFECTIVE] > 0.5
    assert shares[WITHOUT_EFFECT] < 0.15


def test_agents_of_equal_skill_get_the_same_score_within_their_intervals(findings):
    by_seed = findings.agents.dropna(subset=["is_inside"]).groupby("seed")["is_inside"].mean()
    assert len(by_seed) == findings.seeds
    assert by_seed.mean() >= FEWEST_OF_100 / 100, by_seed.to_string()


def test_raw_scores_of_agents_of_equal_skill_do_differ_with_their_cases(findings):
    """Otherwise equal adjusted scores would say nothing about the adjustment."""
    spread = findings.agents.groupby("seed")[["csat_raw", "csat_standardized"]].std().mean()
    assert spread["csat_raw"] > spread["csat_standardized"]


def test_the_planted_order_of_the_drivers_is_found(findings):
    assert findings.drivers["kendall_tau"].mean() >= LEAST_TAU, findings.drivers.to_string()
