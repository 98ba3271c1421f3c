"""How often the published intervals contain what was planted, over companies of many seeds."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, field
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
from scipy import stats
from tests.statistics.compiled_project import CompiledProject
from tests.statistics.planted import Metric, planted_differences, planted_means

from valuegap.demo.truth import Truth

MARTS = (
    "segment_difference",
    "satisfaction_gap",
    "customer_value_segment",
    "loyalty",
    "satisfaction",
    "revenue_retention",
    "initiative_effect",
    "agent_scorecard",
    "driver_importance",
)
PERIOD = "trailing_12m"
PROCESSES = 2
NOMINAL = 0.95

DIFFERENCES = f"""
select
    metric_code, attribute_code, purchase_phase, segment_type, segment_a, segment_b,
    difference, ci_low, ci_high, simultaneous_low, simultaneous_high, least(n_customers_a, n_customers_b) as n_smaller
from candidate.marts.segment_difference
where period_grain = '{PERIOD}'
"""

MEANS = f"""
select
    'satisfaction_gap' as metric_code, attribute_code, 'all' as purchase_phase, segment_type, segment_value,
    ci_low, ci_high, is_reportable
from candidate.marts.satisfaction_gap
where period_grain = '{PERIOD}'
union all
select measure_code, 'all', purchase_phase, segment_type, segment_value, ci_low, ci_high, is_reportable
from candidate.marts.customer_value_segment
where period_grain = '{PERIOD}' and product_key = 'all'
union all
select 'nps', 'all', 'all', segment_type, segment_value, ci_low, ci_high, is_reportable
from candidate.marts.loyalty
where period_grain = '{PERIOD}'
union all
select metric_code, 'all', 'all', segment_type, segment_value, ci_low, ci_high, is_reportable
from candidate.marts.satisfaction
where period_grain = '{PERIOD}' and area = 'overall'
union all
select 'logo_churn', 'all', 'all', segment_type, segment_value, 100 * ci_low, 100 * ci_high, is_reportable
from candidate.marts.revenue_retention
where period_grain = '{PERIOD}' and basis = 'orders'
"""

EFFECTS = """
select
    initiative_id, metric_code, identification, unavailable_reason,
    effect, effect_low, effect_high, least(n_treated_pre, n_treated_post) as n_treated
from candidate.marts.initiative_effect
where is_target_metric and verdict <> 'too_early'
"""

AGENTS = f"""
select agents.source_id as agent, scores.csat_raw, scores.csat_adjusted as adjusted, scores.csat_standardized,
    scores.csat_adjusted_low as adjusted_low, scores.csat_adjusted_high as adjusted_high,
    scores.n_rated_tickets, scores.observed_score_total, scores.expected_score_total, scores.overall_score
from candidate.marts.agent_scorecard as scores
inner join built.intermediate.int_agents as agents using (agent_key)
where scores.scope_type = 'agent' and scores.period_grain = '{PERIOD}'
"""

DRIVERS = """
select attribute_code, johnson_share, lmg_share
from candidate.marts.driver_importance
where outcome_code = 'csat' and segment_key = 'all:all'
"""

METRIC = ["family", "metric_code", "attribute_code", "purchase_phase", "segment_type"]
PAIR = [*METRIC, "segment_a", "segment_b"]
SEGMENT = [*METRIC, "segment_value"]


@dataclass(frozen=True)
class Findings:
    """One row per seed and planted difference, mean, effect or agent: whether each interval contains what was planted,
    NULL without one; and per seed how the order of the drivers was found."""

    differences: pd.DataFrame
    means: pd.DataFrame
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    agents: pd.DataFrame = field(default_factory=pd.DataFrame)
    drivers: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def seeds(self) -> int:
        return int(self.differences["seed"].nunique())


def find(project: CompiledProject, seeds: Iterable[int]) -> Findings:
    """Build the marts of each seed's company and hold what was planted against them."""
    context = multiprocessing.get_context("spawn")  # DuckDB's threads do not survive a fork
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as processes:
        found = list(processes.map(partial(_of_one_seed, project), seeds))
    return Findings(*(pd.concat(frames, ignore_index=True) for frames in zip(*found, strict=True)))


def _of_one_seed(project: CompiledProject, seed: int) -> tuple[pd.DataFrame, ...]:
    folder = Path(tempfile.mkdtemp(prefix=f"seed-{seed}-"))
    try:
        truth = project.build(seed, folder)
        with duckdb.connect() as connection:
            connection.execute(f"attach '{folder / 'build' / 'candidate.duckdb'}' as candidate (read_only)")
            connection.execute(f"attach '{folder / 'build' / 'build.duckdb'}' as built (read_only)")
            differences, means, effects, agents, drivers = (
                connection.sql(query).df() for query in (DIFFERENCES, MEANS, EFFECTS, AGENTS, DRIVERS)
            )
    finally:
        shutil.rmtree(folder)
    pairs = [(*astuple(pair.metric), pair.segment_a, pair.segment_b, value)
             for pair, value in planted_differences(truth).items()]  # fmt: skip
    of_pairs = pd.DataFrame(pairs, columns=[*PAIR, "planted"]).merge(differences, how="left", on=PAIR[1:])
    of_means = pd.DataFrame(list(_mean_rows(planted_means(truth))), columns=[*SEGMENT, "planted"])
    of_means = of_means.merge(means[means["is_reportable"]], how="inner", on=SEGMENT[1:])
    for frame in (of_pairs, of_means):
        frame["is_inside"] = _contains(frame, "ci")
    of_pairs["is_inside_simultaneous"] = _contains(of_pairs, "simultaneous")
    of_all = (
        of_pairs,
        of_means,
        _effects(truth, effects),
        _equal_agents(truth, agents),
        _drivers(truth, drivers),
    )
    for frame in of_all:
        frame["seed"] = seed
    return of_all


def _effects(truth: Truth, found: pd.DataFrame) -> pd.DataFrame:
    rows = [(initiative, metric, points) for initiative, effects in truth.initiative_effects.items()
            for metric, points in effects.items()]  # fmt: skip
    effects = pd.DataFrame(rows, columns=["initiative_id", "metric_code", "planted"])
    effects = effects.merge(found, how="inner", on=["initiative_id", "metric_code"])
    effects["is_inside"] = _contains(effects, "effect")
    return effects


def _equal_agents(truth: Truth, found: pd.DataFrame) -> pd.DataFrame:
    """Return the agents of no special skill, held against what they would all score on the tickets of everybody."""
    agents = found[found["agent"].map(truth.agent_skill) == 0].copy()
    common = agents["observed_score_total"].sum() / agents["expected_score_total"].sum()
    agents["planted"] = agents["overall_score"] * common
    agents["is_inside"] = _contains(agents, "adjusted")
    return agents


def _drivers(truth: Truth, found: pd.DataFrame) -> pd.DataFrame:
    weights = {attribute.lower(): weight for attribute, weight in truth.driver_weights.items()}
    planted = found["attribute_code"].map(weights)
    tau = stats.kendalltau(planted, found["johnson_share"]).statistic
    is_first_found = planted.idxmax() == found["johnson_share"].idxmax()
    return pd.DataFrame({"kendall_tau": [float(tau)], "is_first_found": [bool(is_first_found)]})


def _mean_rows(means: dict[Metric, dict[str, float]]) -> Iterator[tuple[object, ...]]:
    for metric, by_segment in means.items():
        for segment, value in by_segment.items():
            yield (*astuple(metric), segment, value)


def _contains(frame: pd.DataFrame, interval: str) -> "pd.Series[float]":
    low, high, planted = frame[f"{interval}_low"], frame[f"{interval}_high"], frame["planted"]
    # What is planted alike everywhere differs by rounding only.
    is_inside = (low <= planted + 1e-9) & (planted - 1e-9 <= high)
    return is_inside.astype(float).where(low.notna())


def of_each_pair(findings: Findings) -> pd.DataFrame:
    """Return for every planted difference in how many seeds it was told, and in how many inside each interval."""
    groups = findings.differences.groupby(PAIR, sort=True)
    return groups.agg(
        told=("is_inside", "count"),
        inside=("is_inside", "sum"),
        inside_simultaneous=("is_inside_simultaneous", "sum"),
        n_smaller=("n_smaller", "median"),
    ).reset_index()


def of_each_metric_at_once(findings: Findings) -> pd.DataFrame:
    """Return for every metric in what share of the seeds all its differences lie inside, all together."""
    told = findings.differences.dropna(subset=["is_inside_simultaneous"])
    by_seed = told.groupby([*METRIC, "seed"])["is_inside_simultaneous"].min()
    return by_seed.groupby(METRIC).agg(["mean", "sum", "count"]).reset_index()


def chance_of_so_few(inside: float, told: float, coverage: float = NOMINAL) -> float:
    """Return the probability that intervals of this coverage contain their value so rarely, or more rarely."""
    return float(stats.binom.cdf(inside, told, coverage))


def binomial_band(told: int, coverage: float = NOMINAL) -> tuple[int, int]:
    """Return between what counts intervals of this coverage lie in 95 of 100 repetitions."""
    return int(stats.binom.ppf(0.025, told, coverage)), int(stats.binom.ppf(0.975, told, coverage))
