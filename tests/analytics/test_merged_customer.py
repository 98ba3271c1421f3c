"""A customer that is merged after it was valued: one row for the survivor, worth what both did."""

from datetime import date

import pandas as pd
import pytest
from valued_night import land_purchases, rows, value_customers

from valuegap import warehouse
from valuegap.settings import Settings

NIGHT, LATER = date(2026, 1, 31), date(2026, 2, 1)
VALUES = """
    select values.n_repeat_purchases, values.historic_margin_amount, customers.is_merged
    from marts.relationship_value as values inner join marts.dim_customer as customers using (customer_key)
    order by all
"""

pytestmark = pytest.mark.slow


def test_a_customer_merged_after_it_was_valued_leaves_its_purchases_to_the_survivor(tmp_path):
    settings = Settings(data_dir=tmp_path)
    bought = [(2, "2025-09-01"), (2, "2025-10-01"), (4, "2025-10-01"), (4, "2025-11-01"), (4, "2025-12-01")]
    purchases = pd.DataFrame(bought, columns=["customer", "bought_at"]).assign(amount=100.0)
    purchases["bought_at"] = pd.to_datetime(purchases["bought_at"])
    land_purchases(settings, purchases, NIGHT, is_itemised="true")
    value_customers(settings, NIGHT)
    assert [row[:2] for row in rows(settings, VALUES)] == [(1, 100), (2, 150)]

    with warehouse.writer(settings) as raw:
        raw.execute(
            "insert into raw_hubspot.companies by name select * replace (date '2026-02-01' as _as_of_date, "
            "timestamp '2026-02-01' as updated_at, '12' as hs_merged_object_ids) from raw_hubspot.companies where id = '14'"
        )
    value_customers(settings, LATER)
    assert rows(settings, VALUES) == [(3, 250, True)], (
        "both bought on 1 October: four days, three of them repeats"
    )
