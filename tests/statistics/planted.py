"""What was planted in the demo company, in the words of `segment_difference`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

from valuegap.demo.truth import Truth

BEFORE, AFTER, EVER, WHOLE = "pre_purchase", "post_purchase", "all", "all"


@dataclass(frozen=True, order=True)
class Metric:
    """A metric whose mean was planted for every segment of a type."""

    family: str
    metric_code: str
    attribute_code: str
    purchase_phase: str
    segment_type: str


@dataclass(frozen=True, order=True)
class Pair:
    """A difference, first segment minus second."""

    metric: Metric
    segment_a: str
    segment_b: str


def planted_means(truth: Truth) -> dict[Metric, Mapping[str, float]]:
    """Return the planted mean of each segment, in the unit the marts publish."""
    return dict(
        [
            *_by_industry(truth),
            *_values(truth),
            *_net_promoters(truth),
            *_churn(truth),
            *_the_same_for_all(truth),
        ]
    )


def planted_differences(truth: Truth) -> dict[Pair, float]:
    """Return the planted difference of every two segments of a type."""
    return {
        Pair(metric, a, b): means[a] - means[b]
        for metric, means in planted_means(truth).items()
        for a, b in combinations(sorted(means), 2)
    }


def _by_industry(truth: Truth) -> Iterator[tuple[Metric, Mapping[str, float]]]:
    codes = {
        "gap": "satisfaction_gap",
        "expectation": "expectation_of_attribute",
        "experience": "experience_of_attribute",
    }
    for attribute, by_industry in truth.attributes.items():
        for family, metric_code in codes.items():
            metric = Metric(family, metric_code, attribute.lower(), EVER, "industry")
            yield metric, {industry: means[family] for industry, means in by_industry.items()}


def _values(truth: Truth) -> Iterator[tuple[Metric, Mapping[str, float]]]:
    for phase, benefits, costs in (
        (AFTER, truth.benefits, truth.costs),
        (BEFORE, truth.expected_benefits, truth.expected_costs),
    ):
        when = "felt" if phase == AFTER else "hoped for"
        for kinds, what in ((benefits, "benefit"), (costs, "cost")):
            for kind, means in kinds.items():
                code = f"{kind.lower()}_{what}"
                yield Metric(f"{what}s {when}", code, WHOLE, phase, "market_segment"), means
        benefit, cost = _mean_of_kinds(benefits), _mean_of_kinds(costs)
        net = {segment: benefit[segment] - cost[segment] for segment in benefit}
        for code, means in (("benefit", benefit), ("cost", cost), ("net_value", net)):
            yield Metric(f"net value {when}", code, WHOLE, phase, "market_segment"), means


def _mean_of_kinds(kinds: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of all kinds by segment: the weights of benefit and cost are equal."""
    segments = next(iter(kinds.values()))
    return {segment: fmean(means[segment] for means in kinds.values()) for segment in segments}


def _net_promoters(truth: Truth) -> Iterator[tuple[Metric, Mapping[str, float]]]:
    scores = {
        segment: 100.0 * (shares["promoter"] - shares["detractor"]) for segment, shares in truth.nps.items()
    }
    yield Metric("recommendation", "nps", WHOLE, EVER, "market_segment"), scores


def _churn(truth: Truth) -> Iterator[tuple[Metric, Mapping[str, float]]]:
    rates = {segment: 100.0 * rate for segment, rate in truth.monthly_churn.items()}
    yield Metric("monthly churn", "logo_churn", WHOLE, EVER, "market_segment"), rates


def _the_same_for_all(truth: Truth) -> Iterator[tuple[Metric, Mapping[str, float]]]:
    """Yield what does not differ between segments at all: a difference found in it is a false alarm."""
    segments = {"industry": truth.industry_shares, "market_segment": truth.market_segment_shares}
    index = fmean(truth.outcomes[item] for item in ("ACSI_1", "ACSI_2", "ACSI_3"))
    for segment_type, names in segments.items():
        for code, phase, mean in (
            ("acsi", EVER, index),
            ("trust", AFTER, truth.outcomes["TRUST"]),
            ("feel_valued", AFTER, truth.outcomes["FEEL_VALUED"]),
        ):
            metric = Metric("planted without difference", code, WHOLE, phase, segment_type)
            yield metric, dict.fromkeys(names, mean)
