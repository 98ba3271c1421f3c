"""The CDNOW sample of Fader, Hardie & Lee (2005), as deals of a CRM: the published parameters come out of the marts.

2357 people bought music for the first time in the first quarter of 1997; what they bought up to June 1998 is known. The
model is calibrated on the first 39 weeks, and its forecast of the next 39 is held against what happened.
"""

import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from valued_night import land_purchases, rows, value_customers

from valuegap.settings import Settings

CLIENTS = Path(__file__).parents[2] / ".venv-clients"
OBSERVED_TO = date(1998, 6, 30)
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "v": 15.44}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    files = list(CLIENTS.glob("lib/*/site-packages/lifetimes/datasets/CDNOW_sample.txt"))
    if not files:
        assert "CI" not in os.environ, "make test installs the clients, and CI runs make test"
        pytest.skip("the CDNOW sample is not installed: make .venv-clients/.installed")
    columns = ["master_id", "customer", "day", "discs", "amount"]
    purchases = pd.read_csv(files[0], sep=r"\s+", header=None, names=columns)
    purchases["bought_at"] = pd.to_datetime(purchases["day"].astype(str), format="%Y%m%d") + pd.Timedelta(
        hours=15
    )
    return purchases[["customer", "bought_at", "amount"]]


@pytest.fixture(scope="module")
def valued(cdnow, tmp_path_factory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("cdnow"))
    land_purchases(settings, cdnow, OBSERVED_TO)
    value_customers(settings, OBSERVED_TO)
    return settings


def test_the_published_parameters_are_found_to_three_digits(valued):
    [found] = rows(
        valued, f"select {', '.join(PUBLISHED)} from marts.purchase_model where sample = 'calibration'"
    )
    found = dict(zip(PUBLISHED, found, strict=True))
    assert {name: float(f"{value:.3g}") for name, value in found.items()} == {
        name: float(f"{value:.3g}") for name, value in PUBLISHED.items()
    }
    assert [round(found[name], 3) for name in ("r", "alpha", "a", "b")] == [0.243, 4.414, 0.793, 2.426]


def test_the_sample_is_the_published_one(valued):
    assert rows(
        valued,
        "select observed_from, observed_to, n_customers, n_valued_customers, round(log_likelihood, 1), is_usable, "
        "is_amount_usable, is_amount_independent, holdout_from, holdout_to "
        "from marts.purchase_model where sample = 'calibration'",
    ) == [
        (
            date(1997, 1, 1),
            date(1997, 9, 30),
            2357,
            946,
            -9582.4,
            True,
            True,
            True,
            date(1997, 10, 1),
            OBSERVED_TO,
        )
    ]


def test_the_holdout_forecast_is_held_against_what_happened(valued, cdnow):
    happened = cdnow[cdnow["bought_at"] >= "1997-10-01"]
    n_days = happened.assign(day=happened["bought_at"].dt.date).groupby(["customer", "day"]).ngroups
    [(expected, actual, error, mean_error)] = rows(
        valued,
        "select holdout_expected_purchases, holdout_actual_purchases, holdout_error_share, holdout_mean_absolute_error "
        "from marts.purchase_model where sample = 'calibration'",
    )
    assert (round(expected, 1), actual) == (1653.4, n_days)
    assert round(error, 3) == -0.121
    assert round(mean_error, 3) == 0.785
    classes = rows(
        valued,
        "select frequency_class, n_customers, actual_purchases from marts.purchase_model_check order by 1",
    )
    assert [frequency_class for frequency_class, *_ in classes] == list(range(11))
    assert classes[0][1] == 1411, "those who had not come back in 39 weeks"
    assert sum(actual for *_, actual in classes) == n_days


def test_every_buyer_has_a_chance_to_be_alive_and_a_value(valued):
    assert rows(
        valued,
        "select count(*), count(p_alive), count(bg_nbd_value_amount), min(p_alive) > 0, max(p_alive) "
        "from marts.relationship_value",
    ) == [(2357, 2357, 2357, True, 1.0)]
