"""The marts that statistics over many seeds are taken from are those a night publishes."""

import duckdb
from tests.statistics.compiled_project import CompiledProject
from tests.statistics.coverage import MARTS

from valuegap.demo.night import FIRST_NIGHT, NIGHTS

SEED = 7  # of the demo company as it is served by default
LINEAGE = "as_of_date, run_id, config_hash"


def test_marts_of_the_statistics_are_those_of_a_night(after_first_night, tmp_path):
    project = CompiledProject.of(MARTS, tmp_path / "compiled", FIRST_NIGHT)
    project.build(SEED, tmp_path / "seed", nights=NIGHTS)
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{tmp_path / 'seed' / 'build' / 'candidate.duckdb'}' as built (read_only)"
        )
        connection.execute(f"attach '{after_first_night.published}' as published (read_only)")
        different = {mart: _rows_that_differ(connection, mart) for mart in MARTS}
    assert different == dict.fromkeys(MARTS, 0)


def _rows_that_differ(connection: duckdb.DuckDBPyConnection, mart: str) -> int:
    rows = [f"select * exclude ({LINEAGE}) from {file}.marts.{mart}" for file in ("built", "published")]
    (count,) = connection.sql(
        f"select count(*) from (({rows[0]} except all {rows[1]}) union all ({rows[1]} except all {rows[0]}))"
    ).fetchone()
    return count
