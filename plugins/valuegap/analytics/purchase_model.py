"""The purchase model of a night: fitted to the histories dbt collected, scored, and left for dbt to publish.

Two samples are fitted: `all`, whose scores are published, and `calibration`, the first half of the observed
time, whose forecast of the second half is held against what customers did.
"""

import hashlib
import math
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from valuegap.analytics import bg_nbd, gamma_gamma
from valuegap.analytics.bg_nbd import BgNbd, Histories
from valuegap.analytics.gamma_gamma import Amounts, GammaGamma
from valuegap.analytics.tables import TABLES

METHOD_VERSION = "bg-nbd-2"  # changes with the method: every night is then fitted again
LEAST_CUSTOMERS = 200  # fewer do not tell differences between customers from chance
LEAST_VALUED_CUSTOMERS = 30
DAYS_OF_WEEK = 7
DAYS_OF_YEAR = 365.25

SAMPLES = """
select sample, forecast_days, case when sample = 'all' then horizon_days end, discount_rate_annual
from intermediate.int_purchase_samples
order by sample
"""
HISTORIES = """
select frequency, recency_days, age_days, count(*) as customers
from intermediate.int_purchase_histories
where sample = ?
group by all order by all
"""
AMOUNTS = """
select n_valued_repeats as purchases, mean_repeat_amount as mean_amount, count(*) as customers
from intermediate.int_purchase_histories
where sample = ? and n_valued_repeats > 0
group by all order by all
"""
KEPT_FIT = """
select
    r, alpha, a, b, log_likelihood, is_converged, is_at_bound,
    p, q, v, amount_log_likelihood, is_amount_converged, is_amount_at_bound
from analytics.purchase_fit
where sample = ? and input_hash = ?
"""

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """What is asked of a sample's customers; without `horizon_days`, not what their purchases are worth."""

    name: str
    forecast_days: int
    horizon_days: int | None
    discount_rate_annual: float


@dataclass(frozen=True)
class Observed:
    """Purchase histories and repeat amounts of a sample's customers, identical ones together."""

    frequency: Integers
    recency_days: Integers
    age_days: Integers
    customers: Integers
    amounts: Amounts

    @property
    def histories(self) -> Histories:
        """The histories in weeks, the unit of the published parameters."""
        recency, age = self.recency_days / DAYS_OF_WEEK, self.age_days / DAYS_OF_WEEK
        return Histories(self.frequency, recency, age, self.customers)

    @property
    def has_repeats(self) -> bool:
        """Whether anybody came back: without that, nothing says how often or for how long."""
        return bool(self.frequency.any())

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all a fit rests on."""
        digest = hashlib.sha256(METHOD_VERSION.encode())
        for name, values in [*vars(self).items(), *vars(self.amounts).items()]:
            if isinstance(values, np.ndarray):
                digest.update(f"{name} {len(values)}".encode() + np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Summary:
    """What a night did: how many samples it fitted, and how many fits it kept because nothing had changed."""

    customers: int
    fitted: int
    kept: int

    def __str__(self) -> str:
        if not self.customers:
            return "purchase model: no purchases to learn from"
        return f"purchase model: {self.customers:,} customers, {self.fitted} samples fitted, {self.kept} kept"


def run(connection: duckdb.DuckDBPyConnection) -> Summary:
    """Fit and score every sample; the schema `analytics` then holds this night's results and no other's."""
    connection.execute(TABLES)
    fits: list[dict[str, Any]] = []
    states: list[pd.DataFrame] = []
    kept = 0
    for sample in (Sample(*row) for row in connection.execute(SAMPLES).fetchall()):
        observed = _observed(connection, sample)
        known = connection.execute(KEPT_FIT, [sample.name, observed.digest]).fetchone()
        kept += known is not None
        model, spending = _kept(known) if known else _fitted(observed)
        fit = _fit_row(sample, observed, model, spending)
        fits.append(fit)
        if model and fit["unusable_reason"] is None:
            states.append(_states(sample, observed, model))
    _write(connection, fits, states)
    return Summary(max((fit["n_customers"] for fit in fits), default=0), len(fits) - kept, kept)


def _observed(connection: duckdb.DuckDBPyConnection, sample: Sample) -> Observed:
    histories: dict[str, Any] = connection.execute(HISTORIES, [sample.name]).fetchnumpy()
    amounts: dict[str, Any] = connection.execute(AMOUNTS, [sample.name]).fetchnumpy()
    return Observed(**histories, amounts=Amounts(**amounts))


def _fitted(observed: Observed) -> tuple[BgNbd | None, GammaGamma | None]:
    return (
        bg_nbd.fit(observed.histories) if observed.has_repeats else None,
        gamma_gamma.fit(observed.amounts) if len(observed.amounts.purchases) else None,
    )


def _kept(row: tuple[Any, ...]) -> tuple[BgNbd | None, GammaGamma | None]:
    model, spending = row[:7], row[7:]
    return (
        None if model[0] is None else BgNbd(*model),
        None if spending[0] is None else GammaGamma(*spending),
    )


def _fit_row(
    sample: Sample, observed: Observed, model: BgNbd | None, spending: GammaGamma | None
) -> dict[str, Any]:
    n_customers = int(observed.customers.sum())
    n_valued = int(observed.amounts.customers.sum())
    row = {
        "sample": sample.name,
        "n_customers": n_customers,
        "n_repeat_customers": int(observed.customers[observed.frequency > 0].sum()),
        "n_repeat_purchases": int(observed.frequency @ observed.customers),
        **(asdict(model) if model else {"is_converged": False, "is_at_bound": False}),
        "n_valued_customers": n_valued,
        "p": spending and spending.p,
        "q": spending and spending.q,
        "v": spending and spending.v,
        "amount_log_likelihood": spending and spending.log_likelihood,
        "is_amount_converged": bool(spending and spending.is_converged),
        "is_amount_at_bound": bool(spending and spending.is_at_bound),
        "frequency_amount_correlation": _correlation(observed.amounts),
        "unusable_reason": _unusable_reason(n_customers, model),
        "amount_unusable_reason": _amount_unusable_reason(n_valued, spending),
        "input_hash": observed.digest,
        "method_version": METHOD_VERSION,
    }
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _unusable_reason(n_customers: int, model: BgNbd | None) -> str | None:
    if n_customers < LEAST_CUSTOMERS:
        return "too_few_customers"
    if model is None:
        return "no_repeat_purchases"
    return None if model.is_converged else "not_converged"


def _amount_unusable_reason(n_valued: int, spending: GammaGamma | None) -> str | None:
    if spending is None or n_valued < LEAST_VALUED_CUSTOMERS:
        return "too_few_customers"
    if not spending.is_converged:
        return "not_converged"
    return "no_mean" if spending.q <= 1 else None


def _correlation(amounts: Amounts) -> float | None:
    """Pearson correlation of purchases and mean amount; None where one of them does not vary."""
    if len(amounts.purchases) == 0:
        return None
    covariance = np.atleast_2d(
        np.cov(amounts.purchases, amounts.mean_amount, fweights=amounts.customers, ddof=0)
    )
    spread = float(covariance[0, 0] * covariance[1, 1])
    return None if spread <= 0 else float(covariance[0, 1] / math.sqrt(spread))


def _states(sample: Sample, observed: Observed, model: BgNbd) -> pd.DataFrame:
    history = (observed.frequency, observed.histories.recency, observed.histories.age)
    states = pd.DataFrame(
        {
            "sample": sample.name,
            "frequency": observed.frequency,
            "recency_days": observed.recency_days,
            "age_days": observed.age_days,
            "p_alive": bg_nbd.probability_alive(model, *history),
            "expected_purchases": bg_nbd.expected_purchases(
                model, *history, horizon=sample.forecast_days / DAYS_OF_WEEK
            ),
        }
    )
    if sample.horizon_days is not None:
        states["discounted_purchases"] = bg_nbd.expected_purchases(
            model, *history,
            horizon=sample.horizon_days / DAYS_OF_WEEK,
            discount=math.log1p(sample.discount_rate_annual) * DAYS_OF_WEEK / DAYS_OF_YEAR,
        )  # fmt: skip
    return states


def _write(
    connection: duckdb.DuckDBPyConnection, fits: list[dict[str, Any]], states: list[pd.DataFrame]
) -> None:
    connection.begin()
    connection.execute("delete from analytics.purchase_fit; delete from analytics.purchase_state")
    for fit in fits:
        columns, marks = ", ".join(fit), ", ".join("?" for _ in fit)
        connection.execute(
            f"insert into analytics.purchase_fit ({columns}) values ({marks})",  # noqa: S608 - names of ours
            list(fit.values()),
        )
    for scored in states:
        connection.register("scored", scored)
        connection.execute("insert into analytics.purchase_state by name select * from scored")
        connection.unregister("scored")
    connection.commit()
