"""The night on real records: what arrives, what the cleaning rule keeps, what the published survey says."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from tests.integration.night_runner import SHARED_DATA, Warehouse, serve

AS_OF = "2014-01-31"  # after the last help-desk event


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    if not SHARED_DATA.is_dir():
        pytest.skip("the real records are not here: ../shared/data is missing")
    folder = tmp_path_factory.mktemp("real")
    with serve(folder, "--data", str(SHARED_DATA), "--as-of", AS_OF, "--speed", "inf") as connections:
        warehouse = Warehouse(folder / "data", connections)
        warehouse.run("nightly", "--as-of", AS_OF)
    with duckdb.connect(str(Path(warehouse.published)), read_only=True) as connection:
        yield connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    rows = connection.execute(query).fetchall()
    assert len(rows) == 1
    return rows[0]


pytestmark = pytest.mark.slow


def test_every_order_line_arrives(published) -> None:
    assert one(published, "select count(*), count(distinct order_number) from marts.fct_order_line") == (
        541_909,
        25_900,
    )


def test_the_cleaning_rule_keeps_the_published_lines_customers_and_revenue(published) -> None:
    query = """
        select count(*), count(distinct customer_key), sum(net_amount) from marts.fct_order_line where is_clean_sale
    """
    assert one(published, query) == (397_884, 4_338, Decimal("8911407.90"))


def test_every_ticket_arrives_with_its_first_resolution(published) -> None:
    query = """
        select count(*), count(first_resolution_seconds), round(median(first_resolution_seconds / 3600), 3),
            round(avg(first_resolution_seconds / 3600), 3)
        from marts.fct_ticket
    """
    assert one(published, query) == (4_580, 4_569, 143.534, 266.939)


def test_the_survey_says_what_was_published_of_it(published) -> None:
    query = """
        select n_pairs, round(expected_raw, 6), round(delivered_raw, 6), round(gap_raw, 6), round(gap_score, 4)
        from marts.satisfaction_gap
        where attribute_code = 'overall_quality' and segment_type = 'all' and period_grain = 'year'
            and n_pairs > 0
    """
    assert one(published, query) == (250, 7.512, 7.713143, 0.201143, 2.2349)


def test_ninety_six_respondents_fall_short_and_five_are_even(published) -> None:
    query = """
        select count(*) filter (where gap_score < 0), count(*) filter (where abs(gap_score) < 1e-9)
        from marts.fct_value_gap where attribute_code = 'overall_quality'
    """
    assert one(published, query) == (96, 5)


def test_the_items_of_the_survey_agree_as_was_published_of_them(published) -> None:
    query = """
        select construct, attribute_code, n_items, n_complete, round(max(cronbach_alpha), 3), round(max(gap_raw), 3)
        from marts.item_statistics
        where period_grain = 'year' and attribute_code = 'overall_quality'
            and question_tag in ('CUEX1', 'PERQ1')
        group by all order by all
    """
    assert published.execute(query).fetchall() == [
        ("expectation", "overall_quality", 3, 250, 0.433, None),
        ("experience", "overall_quality", 7, 250, 0.872, 0.364),
    ]


def test_work_flows_as_the_log_says(published) -> None:
    log = pd.read_csv(SHARED_DATA / "helpdesk_events.csv").sort_values(
        ["caseid", "end_timestamp"], kind="stable"
    )
    said = log["task"].map({"Resolve ticket": "solved", "Closed": "closed", "Wait": "pending"})
    state = said.fillna("open").where(log["caseid"].eq(log["caseid"].shift()) | said.notna(), "new")
    before = (
        state.groupby(log["caseid"]).shift().fillna("new")
    )  # a ticket is created as new, whatever comes first
    transitions = Counter(pair for pair in zip(before, state, strict=True) if pair[0] != pair[1])
    found = published.execute(
        "select from_state, to_state, sum(transitions) from marts.process_map where period_grain = 'year' group by 1, 2"
    ).fetchall()
    assert {(before, after): int(times) for before, after, times in found} == transitions
