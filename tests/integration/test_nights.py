"""Two nights of the demo company: the same landing gives the same marts, and what was planted is found."""

import json
import shutil

import duckdb
import pytest
from tests.integration.night_runner import FIRST, SECOND, Warehouse

from valuegap.demo.company import generate_company
from valuegap.demo.night import NIGHTS
from valuegap.demo.truth import Truth


def query(warehouse: Warehouse, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_the_second_night_adds_to_the_first(after_first_night, after_second_night) -> None:
    lines = "select count(*) from marts.fct_order_line"
    (before,), (after,) = query(after_first_night, lines)[0], query(after_second_night, lines)[0]
    assert 0 < before < after < before * 1.05
    assert (
        query(after_second_night, "select distinct as_of_date from marts.publication")[0][0].isoformat()
        == SECOND
    )


def test_the_second_night_pulls_only_what_changed(after_second_night) -> None:
    with duckdb.connect(str(after_second_night.data_dir / "build" / "build.duckdb"), read_only=True) as build:
        rows = dict(
            build.execute("""
                select as_of_date::varchar, sum(landed_rows) from ops.loads
                where stream in ('line_items', 'tickets', 'responses') group by 1
            """).fetchall()
        )
    assert 0 < rows[SECOND] < rows[FIRST] * 0.05


def test_the_landing_zone_alone_rebuilds_either_night(
    after_first_night, after_second_night, tmp_path
) -> None:
    shutil.copytree(after_second_night.data_dir / "landing", tmp_path / "data" / "landing")
    after_second_night.unconnected(tmp_path / "data").run("load", "--as-of", SECOND)
    for night, original in ((FIRST, after_first_night), (SECOND, after_second_night)):
        rebuilt = original.unconnected(tmp_path / "data")
        rebuilt.run("build", "--as-of", night)
        rebuilt.run("check", "marts", "--as-of", night)
        rebuilt.run("publish", "--as-of", night)
        assert rebuilt.hashes() == original.hashes()


def test_repeating_a_published_night_changes_nothing(after_first_night, tmp_path) -> None:
    again = after_first_night.copy(tmp_path / "data")
    again.run("nightly", "--as-of", FIRST)
    assert again.hashes() == after_first_night.hashes()
    assert manifest(again) == manifest(after_first_night)


def manifest(warehouse: Warehouse) -> dict[str, object]:
    """Tables of the exports' manifest, with their hashes."""
    return json.loads((warehouse.data_dir / "exports" / f"night-{FIRST}" / "manifest.json").read_text())[
        "tables"
    ]


def published_columns(published: duckdb.DuckDBPyConnection, data_type: str) -> list[tuple[str, str]]:
    """Table and name of every column of a type in the marts; there are some."""
    columns = published.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and data_type = ?",
        [data_type],
    ).fetchall()
    assert columns
    return columns


def test_no_published_number_is_a_zero_with_a_sign(after_first_night) -> None:
    """Rounding may leave one or the other zero, from night to night, and they hash apart."""
    with duckdb.connect(str(after_first_night.published), read_only=True) as published:
        columns = published_columns(published, "DOUBLE")
        signed = [
            f"{table}.{column}"
            for table, column in columns
            if published.execute(
                f"select bool_or({column} = 0 and signbit({column})) from marts.{table}"
            ).fetchone()
            == (True,)
        ]
    assert signed == []


def test_no_published_text_is_a_clear_email_or_phone(after_first_night) -> None:
    with duckdb.connect(str(after_first_night.published), read_only=True) as published:
        columns = published_columns(published, "VARCHAR")
        for table, column in columns:
            found = published.execute(f"""
                select count(*) from marts.{table}
                where regexp_matches({column}, '[^ ]+@[^ ]+[.][a-z]+') or regexp_matches({column}, '[+][0-9][0-9 ()-]{{7,}}')
            """).fetchone()
            assert found == (0,), f"{table}.{column}"


def test_every_published_table_and_column_says_what_it_is(after_first_night) -> None:
    with duckdb.connect(str(after_first_night.published), read_only=True) as published:
        bare = published.execute("""
            select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null
            union all select table_name, '' from duckdb_tables() where schema_name = 'marts' and comment is null
        """).fetchall()
    assert bare == []


@pytest.fixture(scope="module")
def truth() -> Truth:
    return generate_company(seed=7, size="S", nights=NIGHTS).truth


def assert_found(errors: list[float]) -> None:
    """Hold standardised errors to what chance allows: one in twenty misses, and none of them leaning.

    With 24 to 36 intervals at 95 %, more than six misses happen by chance about once in a thousand seeds.
    """
    assert sum(abs(error) > 1.96 for error in errors) <= 6
    assert abs(sum(errors) / len(errors)) < 3 / len(errors) ** 0.5


def test_the_planted_gaps_are_found(after_first_night, truth) -> None:
    found = query(after_first_night, """
        select attribute_code, segment_value, gap_score, se from marts.satisfaction_gap
        where segment_type = 'industry' and segment_value <> 'unknown' and period_grain = 'trailing_12m'
            and is_reportable
    """)  # fmt: skip
    assert len(found) == 36
    assert_found([
        (gap - truth.attributes[attribute.upper()][industry]["gap"]) / se
        for attribute, industry, gap, se in found
    ])  # fmt: skip


def test_the_planted_drivers_are_found_in_their_order(after_first_night, truth) -> None:
    """Neighbours may change places: their weights differ by less than what some 260 customers tell."""
    found = query(after_first_night, """
        select attribute_code, johnson_share from marts.driver_importance
        where outcome_code = 'csat' and segment_key = 'all:all'
        order by johnson_share desc nulls last
    """)  # fmt: skip
    planted = sorted(truth.driver_weights, key=truth.driver_weights.__getitem__, reverse=True)
    places = [planted.index(attribute.upper()) for attribute, _ in found]
    assert sorted(places) == list(range(6))
    assert 1 - sum((place - at) ** 2 for at, place in enumerate(places)) / 35 >= 0.7  # Spearman's correlation


def test_the_planted_benefits_and_costs_are_found(after_first_night, truth) -> None:
    planted = {f"{kind.lower()}_score": means for kind, means in truth.benefits.items()}
    planted |= {f"{kind.lower()}_cost_score": means for kind, means in truth.costs.items()}
    assert len(planted) == 8
    errors = []
    for column, means in planted.items():
        found = query(after_first_night, f"""
            select market_segment, avg({column}), stddev_samp({column}) / sqrt(count({column}))
            from marts.customer_value inner join marts.dim_customer using (customer_key)
            where product_key = 'all' and period_grain = 'trailing_12m' and value_basis = 'post_purchase'
                and market_segment is not null
            group by market_segment
        """)  # fmt: skip
        errors += [(mean - means[segment]) / se for segment, mean, se in found]
    assert len(errors) == 24
    assert_found(errors)


def test_the_planted_recommendation_is_found(after_first_night, truth) -> None:
    found = query(after_first_night, """
        select segment_value, ci_low, ci_high from marts.loyalty
        where segment_type = 'market_segment' and segment_value <> 'unknown' and period_grain = 'trailing_12m'
    """)  # fmt: skip
    assert len(found) == 3
    for segment, low, high in found:
        planted = 100 * (truth.nps[segment]["promoter"] - truth.nps[segment]["detractor"])
        assert low <= planted <= high, segment


def test_building_twice_gives_the_same_marts(after_first_night, tmp_path) -> None:
    again = after_first_night.copy(tmp_path / "data")
    again.run("build", "--as-of", FIRST)
    candidate = again.data_dir / "build" / "candidate.duckdb"
    hashes = {line.split()[1]: line.split()[0] for line in again.run("checksum", str(candidate)).splitlines()}
    published = after_first_night.hashes()
    assert hashes == {table: published[table] for table in hashes}
    assert len(hashes) >= 15
