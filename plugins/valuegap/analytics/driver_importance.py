"""What drives satisfaction: the weights of the attributes customers judge, by outcome and segment.

dbt collects each customer's mean scores. Here those of the customers who gave all become correlations,
their relative weights, and intervals from resampled customers, left for dbt to publish.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from valuegap.analytics import relative_weights
from valuegap.analytics.tables import TABLES

METHOD_VERSION = "relative-weights-1"  # changes with the method: every night is then fitted again
LEAST_CUSTOMERS = 30
LEAST_CUSTOMERS_PER_DRIVER = 10
LEAST_R_SQUARED = 0.02
LEAST_SHARE_ANSWERED = 0.5  # a driver few were asked about would leave few complete answers to all
LARGEST_CONDITION = 1e8  # of the drivers' correlations: beyond, one of them repeats others
MOST_DRIVERS_FOR_LMG = 12
RESAMPLES = 500
LEAST_RESAMPLES = RESAMPLES // 2  # that can be judged: otherwise there is no interval
INTERVAL = (0.025, 0.975)
SIGNIFICANT_DIGITS = 9
COUNTS_AT_ONCE = 4_000_000  # of resampled customers: 32 MB
LEAST_SPREAD = 1e-9  # of a resample, in standard deviations: below, nobody in it differs

CUSTOMERS = """
select
    'market_segment:' || any_value(market_segment) as market_segment,
    'industry:' || any_value(industry) as industry
from intermediate.int_driver_answers
group by customer_key order by customer_key
"""
ANSWERS = """
with numbered as (
    select *, dense_rank() over (order by customer_key) - 1 as customer
    from intermediate.int_driver_answers
)

select customer, measure_code, score, n_responses
from numbered
where measure_kind = ?
order by customer, measure_code
"""
KEPT = """
select * from analytics.{table}
where outcome_code = ? and segment_key = ? and input_hash = ?
order by all
"""

Floats = npt.NDArray[np.float64]
Row = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """What those customers of a segment said who gave the outcome; NaN for an attribute not judged."""

    outcome_code: str
    segment_key: str
    attributes: tuple[str, ...]
    drivers: Floats
    outcome: Floats
    n_responses: npt.NDArray[np.int64]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all a fit rests on."""
        digest = hashlib.sha256(METHOD_VERSION.encode())
        digest.update(repr((self.outcome_code, self.segment_key, self.attributes)).encode())
        for values in (self.drivers, self.outcome, self.n_responses):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Shares:
    """Each driver's share of R², by both methods and, where they could be judged, in every resample."""

    johnson: Floats
    lmg: Floats | None


@dataclass(frozen=True)
class Summary:
    """What a night did: how many outcomes of segments it fitted, kept as nothing had changed, and can use."""

    fitted: int
    kept: int
    usable: int

    def __str__(self) -> str:
        if not self.fitted + self.kept:
            return "driver importance: no answers to learn from"
        return f"driver importance: {self.fitted} fitted, {self.kept} kept, {self.usable} usable"


def run(connection: duckdb.DuckDBPyConnection) -> Summary:
    """Weigh the drivers of every outcome and segment; the tables then hold this night's results only."""
    connection.execute(TABLES)
    fits: list[Row] = []
    weights: list[Row] = []
    kept = 0
    for sample in _samples(connection):
        key = [sample.outcome_code, sample.segment_key, sample.digest]
        known = _rows(connection, KEPT.format(table="driver_fit"), key)
        kept += len(known)
        if known:
            fits += known
            weights += _rows(connection, KEPT.format(table="driver_weight"), key)
        else:
            fit, of_drivers = fitted(sample)
            fits.append(fit)
            weights += of_drivers
    _write(connection, fits, weights)
    usable = sum(fit["unavailable_reason"] is None for fit in fits)
    return Summary(fitted=len(fits) - kept, kept=kept, usable=usable)


def _samples(connection: duckdb.DuckDBPyConnection) -> Iterator[Sample]:
    groups: dict[str, Any] = connection.execute(CUSTOMERS).fetchnumpy()
    n_customers = len(groups["industry"])
    attributes, drivers, _ = _scores(connection, "driver", n_customers)
    outcomes, given, n_responses = _scores(connection, "outcome", n_customers)
    if not attributes:
        return
    members = {"all:all": np.ones(n_customers, dtype=bool)}
    for group in groups.values():
        members |= {key: np.asarray(group == key) for key in np.unique(group.astype(str)).tolist()}
    for column, outcome_code in enumerate(outcomes):
        answered = ~np.isnan(given[:, column])
        for segment_key, is_member in members.items():
            rows = answered & is_member
            yield Sample(
                outcome_code, segment_key, attributes,
                drivers[rows], given[rows, column], n_responses[rows, column],
            )  # fmt: skip


def _scores(
    connection: duckdb.DuckDBPyConnection, kind: str, n_customers: int
) -> tuple[tuple[str, ...], Floats, npt.NDArray[np.int64]]:
    answers: dict[str, Any] = connection.execute(ANSWERS, [kind]).fetchnumpy()
    codes, columns = np.unique(answers["measure_code"].astype(str), return_inverse=True)
    scores = np.full((n_customers, len(codes)), np.nan)
    n_responses = np.zeros(scores.shape, dtype=np.int64)
    scores[answers["customer"], columns] = answers["score"]
    n_responses[answers["customer"], columns] = answers["n_responses"]
    return tuple(codes.tolist()), scores, n_responses


def fitted(sample: Sample) -> tuple[Row, list[Row]]:
    """Return the fit of one outcome in one segment and the weight of each of its drivers."""
    silent = np.isnan(sample.drivers)
    is_asked = silent.sum(axis=0) <= (1 - LEAST_SHARE_ANSWERED) * len(silent)
    is_complete = ~silent[:, is_asked].any(axis=1)
    asked = np.flatnonzero(is_asked)
    fit: Row = {
        "outcome_code": sample.outcome_code,
        "segment_key": sample.segment_key,
        "n_customers": int(is_complete.sum()),
        "n_responses": int(sample.n_responses[is_complete].sum()),
        "n_drivers": len(asked),
        "r_squared": None,
        "n_resamples": 0,
        "unavailable_reason": None,
        "input_hash": sample.digest,
        "method_version": METHOD_VERSION,
    }
    data = np.column_stack([sample.drivers[:, asked], sample.outcome])[is_complete]
    weights = {code: {"unavailable_reason": "rarely_answered"} for code in sample.attributes}
    weights |= _weighed(fit, [sample.attributes[column] for column in asked], data)
    key = {name: fit[name] for name in ("outcome_code", "segment_key", "input_hash")}
    return fit, [{**key, "attribute_code": code, **weight} for code, weight in weights.items()]


def _weighed(fit: Row, attributes: Sequence[str], data: Floats) -> dict[str, Row]:
    """Complete the fit and return what is known of each driver; the outcome is the last column of `data`."""
    fit["unavailable_reason"] = _too_little(data)
    if fit["unavailable_reason"] is not None:
        return {code: {"unavailable_reason": fit["unavailable_reason"]} for code in attributes}
    weights: dict[str, Row] = {}
    varying = []
    for column, code in enumerate(attributes):
        if np.ptp(data[:, column]) > 0:
            varying.append(column)
        else:
            weights[code] = {"unavailable_reason": "no_variation"}
    repeated = _repeats(_correlations(data[:, varying]))
    for one, of in repeated.items():
        weights[attributes[varying[one]]] = {
            "unavailable_reason": "repeats_other_drivers",
            "repeats_attribute_code": attributes[varying[of]],
        }
    remaining = [column for position, column in enumerate(varying) if position not in repeated]
    fit["n_drivers"] = len(remaining)
    if not remaining:
        fit["unavailable_reason"] = "no_drivers"
        return weights
    columns = _weights(fit, data[:, [*remaining, -1]])
    for position, column in enumerate(remaining):
        weights[attributes[column]] = {
            "unavailable_reason": fit["unavailable_reason"],
            **{name: _rounded(values[position]) for name, values in columns.items()},
        }
    return weights


def _too_little(data: Floats) -> str | None:
    n_customers, n_drivers = len(data), data.shape[1] - 1
    if n_drivers == 0:
        return "no_drivers"
    if n_customers < max(LEAST_CUSTOMERS, LEAST_CUSTOMERS_PER_DRIVER * n_drivers):
        return "too_few_customers"
    return None if np.ptp(data[:, -1]) > 0 else "outcome_does_not_vary"


def _repeats(drivers: Floats) -> dict[int, int]:
    """Return which drivers repeat those before them, and of each the one it resembles most."""
    kept: list[int] = []
    repeated: dict[int, int] = {}
    for driver in range(len(drivers)):
        if _condition(drivers[np.ix_([*kept, driver], [*kept, driver])]) <= LARGEST_CONDITION:
            kept.append(driver)
        else:
            repeated[driver] = max(kept, key=lambda other: abs(drivers[driver, other]))
    return repeated


def _condition(drivers: Floats) -> Floats:
    values = np.linalg.eigvalsh(drivers)
    smallest = np.where(values[..., 0] > 0, values[..., 0], np.finfo(float).tiny)
    condition: Floats = values[..., -1] / smallest
    return condition


def _correlations(data: Floats) -> Floats:
    scaled = (data - data.mean(axis=0)) / data.std(axis=0)
    correlations: Floats = scaled.T @ scaled / len(data)
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _weights(fit: Row, data: Floats) -> dict[str, Floats]:
    """Complete the fit and return the columns of its drivers' weights."""
    correlations = _correlations(data)
    fit["r_squared"] = _rounded(float(relative_weights.r_squared(correlations)))
    columns = {
        "correlation": correlations[:-1, -1],
        "standardized_beta": relative_weights.betas(correlations),
        "vif": relative_weights.variance_inflation(correlations),
    }
    if fit["r_squared"] < LEAST_R_SQUARED:
        fit["unavailable_reason"] = "explains_too_little"
        return columns
    return columns | _shares_with_intervals(fit, data, correlations)


def _shares_with_intervals(fit: Row, data: Floats, correlations: Floats) -> dict[str, Floats]:
    found = _shares(correlations)
    resampled = _judgeable(_resampled(data, seed=int(fit["input_hash"][:16], 16)))
    fit["n_resamples"] = len(resampled)
    columns: dict[str, Floats] = {"johnson_share": found.johnson}
    if found.lmg is not None:
        columns["lmg_share"] = found.lmg
    if len(resampled) >= LEAST_RESAMPLES:
        again = _shares(resampled)
        for name, share, shares in (("johnson", found.johnson, again.johnson), ("lmg", found.lmg, again.lmg)):
            if share is not None and shares is not None:
                low, high = np.quantile(shares, INTERVAL, axis=0)
                # Small weights are overrated in resamples: an interval need not hold what it is about.
                columns[f"{name}_low"], columns[f"{name}_high"] = (
                    np.minimum(low, share),
                    np.maximum(high, share),
                )
    return columns


def _shares(correlations: Floats) -> Shares:
    explained = relative_weights.r_squared(correlations)[..., None]
    has_lmg = correlations.shape[-1] - 1 <= MOST_DRIVERS_FOR_LMG
    return Shares(
        johnson=np.clip(relative_weights.johnson(correlations) / explained, 0.0, 1.0),
        lmg=np.clip(relative_weights.lmg(correlations) / explained, 0.0, 1.0) if has_lmg else None,
    )


def _resampled(data: Floats, *, seed: int) -> Floats:
    """Return the correlation matrix of each resample: as many customers, drawn with replacement."""
    chance = np.random.default_rng(seed)
    n, width = data.shape
    scaled = (data - data.mean(axis=0)) / data.std(axis=0)
    first, second = np.triu_indices(width)
    products = np.column_stack([scaled, scaled[:, first] * scaled[:, second]])
    moments = np.empty((RESAMPLES, products.shape[1]))
    at_once = max(1, COUNTS_AT_ONCE // n)
    for start in range(0, RESAMPLES, at_once):
        block = range(start, min(start + at_once, RESAMPLES))
        counts = np.array([np.bincount(chance.integers(0, n, n), minlength=n) for _ in block], dtype=float)
        moments[start : block.stop] = counts @ products / n
    means = moments[:, :width]
    covariances = np.empty((RESAMPLES, width, width))
    covariances[:, first, second] = moments[:, width:] - means[:, first] * means[:, second]
    covariances[:, second, first] = covariances[:, first, second]
    spreads = np.sqrt(np.clip(np.diagonal(covariances, axis1=1, axis2=2), 0.0, None))
    spreads[spreads < LEAST_SPREAD] = np.nan
    correlations: Floats = covariances / (spreads[:, :, None] * spreads[:, None, :])
    return correlations


def _judgeable(correlations: Floats) -> Floats:
    """Return those to which the limits of a fit leave an answer."""
    complete = correlations[~np.isnan(correlations).any(axis=(1, 2))]
    regular = complete[_condition(complete[:, :-1, :-1]) <= LARGEST_CONDITION]
    explaining: Floats = regular[relative_weights.r_squared(regular) > 0]
    return explaining


def _rounded(number: float) -> float:
    """Return the digits that are the same on every processor."""
    return float(f"{number:.{SIGNIFICANT_DIGITS}g}")


def _rows(connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object]) -> list[Row]:
    result = connection.execute(query, parameters)
    names = [name for name, *_ in result.description or ()]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def _write(connection: duckdb.DuckDBPyConnection, fits: list[Row], weights: list[Row]) -> None:
    connection.begin()
    for table, rows in (("driver_fit", fits), ("driver_weight", weights)):
        connection.execute(f"delete from analytics.{table}")  # noqa: S608 - a name of ours
        names = dict.fromkeys(name for row in rows for name in row)
        whole = [{name: row.get(name) for name in names} for row in rows]
        if whole:
            connection.execute(
                f"insert into analytics.{table} by name select unnest(?, recursive := true)",
                [whole],
            )
    connection.commit()
