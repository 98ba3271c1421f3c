"""Time the purchase model on a company with a million buyers: fit of both samples, and every customer scored.

    .venv/bin/python -m tests.benchmarks.purchase_model [CUSTOMERS]

The histories are drawn from the published CDNOW parameters over three years. What is measured is a process of its own that
opens the build warehouse, reads the histories, fits, scores, writes the results and joins them back to the customers.
"""

import os
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from tests.benchmarks.measure import measure

from valuegap.analytics import purchase_model

CUSTOMERS = 1_000_000
DAYS = 3 * 365
MEMORY_LIMIT = "1GB"  # DuckDB's part of the two that are allowed
SCORED = """
select count(*), sum(p_alive), sum(discounted_purchases)
from intermediate.int_purchase_histories
inner join analytics.purchase_state using (sample, frequency, recency_days, age_days)
where sample = 'all'
"""


def histories(customers: int) -> pd.DataFrame:
    """Draw histories of both samples; the first purchases are spread over all days."""
    chance = np.random.default_rng(0)
    age = chance.integers(0, DAYS, customers)
    rate = chance.gamma(0.243, 1 / (4.414 * 7), customers)
    leaving = chance.beta(0.793, 2.426, customers)
    stays = chance.geometric(leaving)
    frequency = np.minimum(chance.poisson(rate * age), stays)
    recency = np.where(frequency > 0, np.ceil(age * chance.beta(np.maximum(frequency, 1), 1)), 0).astype(
        np.int64
    )
    frequency = np.where(recency == 0, 0, np.minimum(frequency, recency))
    amounts = (
        chance.gamma(6.25 * np.maximum(frequency, 1)) / chance.gamma(3.74, 1 / 15.44, customers)
    ).round(2)
    return pd.DataFrame(
        {
            "customer_key": np.arange(customers).astype(str),
            "frequency": frequency,
            "recency_days": recency,
            "age_days": age,
            "n_valued_repeats": frequency,
            "mean_repeat_amount": np.where(
                frequency > 0, np.maximum(amounts, 0.01) / np.maximum(frequency, 1), np.nan
            ),
        }
    )


def prepare(file: Path, customers: int) -> None:
    """Write a build warehouse that holds what dbt leaves for the fit."""
    with duckdb.connect(str(file)) as build:
        build.register("drawn", histories(customers))
        build.execute("create schema intermediate")
        build.execute(
            "create table intermediate.int_purchase_samples as select unnest(['all', 'calibration']) as sample, "
            "365 as forecast_days, 1826 as horizon_days, cast(0.1 as double) as discount_rate_annual"
        )
        build.execute(
            "create table intermediate.int_purchase_histories as select sample, drawn.* replace (case when frequency > 0 "
            "then mean_repeat_amount end as mean_repeat_amount) from drawn cross join intermediate.int_purchase_samples"
        )


def fit_and_score(file: Path) -> None:
    """Run the model as a night does, and join the scores to the customers."""
    with duckdb.connect(
        str(file), config={"memory_limit": MEMORY_LIMIT, "threads": os.cpu_count() or 1}
    ) as build:
        print(purchase_model.run(build))
        print(build.execute("select count(*) from analytics.purchase_state").fetchone())
        print(build.execute(SCORED).fetchone())


def main(customers: int) -> None:
    """Print one line: seconds and memory of the whole."""
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as folder:
        file = Path(folder) / "build.duckdb"
        prepare(file, customers)
        run = measure([sys.executable, "-m", "tests.benchmarks.purchase_model", "run", str(file)], os.environ)
        with duckdb.connect(str(file), read_only=True) as build:
            (states,) = build.execute("select count(*) from analytics.purchase_state").fetchone() or (0,)
        print(f"{'customers':>10} {'states scored':>14} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
        print(f"{customers:>10,} {states:>14,} {run.wall:>8.1f} {run.cpu:>8.1f} {run.peak_mb:>8,.0f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        fit_and_score(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS)
