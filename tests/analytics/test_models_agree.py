"""Both models of what customers are worth, where both apply: customers who buy often and leave at random, equal margins.

Silence is soon a departure then, so leaving is seen nearly as if there were a contract, and both values can be held
against the true one.
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from valued_night import land_purchases, rows, value_customers

from valuegap.settings import Settings

START, NIGHT = date(2023, 1, 1), date(2025, 12, 31)
N_CUSTOMERS = 1000
PURCHASES_A_DAY = 0.2
LEAVING = 0.004  # after each purchase but the first
WINDOW_DAYS = 30
AMOUNT, MARGIN = 100.0, 50.0
HORIZON_MONTHS = 24
DISCOUNT_A_DAY = np.log(1.1) / 365.25

pytestmark = pytest.mark.slow


def simulated() -> tuple[pd.DataFrame, int]:
    """Purchases of customers won evenly over two years, and how many are customers still."""
    chance = np.random.default_rng(1)
    days_observed = (NIGHT - START).days
    bought: list[tuple[int, float]] = []
    n_alive = 0
    for customer in range(N_CUSTOMERS):
        day = chance.uniform(0, 730)
        bought.append((customer, day))
        day += chance.exponential(1 / PURCHASES_A_DAY)
        while day < days_observed:
            bought.append((customer, day))
            if chance.random() < LEAVING:
                break
            day += chance.exponential(1 / PURCHASES_A_DAY)
        else:
            n_alive += 1
    purchases = pd.DataFrame(bought, columns=["customer", "day"])
    purchases["bought_at"] = pd.Timestamp(START) + pd.to_timedelta(purchases["day"], unit="D")
    return purchases[["customer", "bought_at"]].assign(amount=AMOUNT), n_alive


@pytest.fixture(scope="module")
def totals(tmp_path_factory) -> dict[str, float]:
    purchases, n_alive = simulated()
    settings = Settings(data_dir=tmp_path_factory.mktemp("agree"))
    land_purchases(settings, purchases, NIGHT, is_itemised="true", cost_share=0.5)
    value_customers(settings, NIGHT, activity_window_days=WINDOW_DAYS, clv_horizon_months=HORIZON_MONTHS)
    [(retention, bg_nbd, alive)] = rows(
        settings,
        "select sum(retention_value_amount), sum(bg_nbd_value_amount), sum(p_alive) from marts.relationship_value",
    )
    decay = PURCHASES_A_DAY * LEAVING + DISCOUNT_A_DAY
    worth = MARGIN * PURCHASES_A_DAY / decay * (1 - np.exp(-decay * HORIZON_MONTHS / 12 * 365.25))
    return {
        "truth": n_alive * worth, "retention": float(retention), "bg_nbd": float(bg_nbd),
        "alive": alive, "truly alive": n_alive,
    }  # fmt: skip


def test_the_customers_still_there_are_counted(totals):
    assert totals["alive"] == pytest.approx(totals["truly alive"], rel=0.02)


def test_both_totals_are_the_true_one_within_five_percent(totals):
    assert totals["bg_nbd"] == pytest.approx(totals["truth"], rel=0.05)
    assert totals["retention"] == pytest.approx(totals["truth"], rel=0.05)
    assert totals["bg_nbd"] == pytest.approx(totals["retention"], rel=0.05)
