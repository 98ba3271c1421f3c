"""Exports: the marts as files that say what they hold, without what too few people would give away."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from valuegap.errors import PublishError
from valuegap.night import Night
from valuegap.publish.export import MEASURED_TEXT, export
from valuegap.publish.promote import publish
from valuegap.settings import PROJECT_ROOT, Settings

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FIRST, SECOND = Night(date(2026, 1, 29)), Night(date(2026, 1, 30))


@pytest.fixture
def published(settings, build_candidate) -> Settings:
    build_candidate(FIRST)
    publish(settings, FIRST)
    return settings


def manifest_of(settings: Settings, run: str = FIRST.run_id) -> dict:
    return json.loads((settings.exports_dir / run / "manifest.json").read_text(encoding="utf-8"))


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_every_mart_is_a_file_with_its_rows(published: Settings) -> None:
    exported = export(published, FIRST)
    assert {path.name for path in exported.folder.iterdir()} == {
        "dim_customer.parquet", "publication.parquet", "satisfaction_gap.parquet", "manifest.json",
    }  # fmt: skip
    for table in exported.tables:
        count = duckdb.sql(f"select count(*) from '{exported.folder / table.file}'").fetchone()
        assert count == (table.rows,)
    assert (published.exports_dir / "latest").readlink() == Path(FIRST.run_id)


def test_the_manifest_says_what_the_files_hold(published: Settings) -> None:
    folder = export(published, FIRST).folder
    manifest = manifest_of(published)
    assert (manifest["run_id"], manifest["as_of_date"]) == (FIRST.run_id, "2026-01-29")
    tables = {table["table"]: table for table in manifest["tables"]}
    gap = tables["satisfaction_gap"]
    assert gap["rows"] == 20
    assert gap["description"] == "One row per attribute."
    assert gap["columns"][:3] == [
        {"name": "attribute_code", "type": "VARCHAR", "description": None},
        {"name": "n_responses", "type": "BIGINT", "description": None},
        {"name": "gap_score", "type": "DOUBLE", "description": "Delivered − expected, points of 100."},
    ]
    for table in tables.values():
        assert table["sha256"] == hashlib.sha256((folder / table["file"]).read_bytes()).hexdigest()


def test_metrics_of_rows_that_are_not_reportable_are_left_out(published: Settings) -> None:
    file = export(published, FIRST).folder / "satisfaction_gap.parquet"
    metrics = (
        "gap_score",
        "top_box_pct",
        "estimate",
        "se",
        "ci_low",
        "ci_high",
        "estimate_shrunk",
        "z_vs_prior",
        "promoters",  # of four answers, three promoters tell who is not
        "is_significant",
    )
    for metric in metrics:
        assert duckdb.sql(
            f"select count(*) filter (not is_reportable and {metric} is not null), "
            f"count(*) filter (is_reportable and {metric} is not null) from '{file}'"
        ).fetchone() == (0, 15), metric
    assert duckdb.sql(f"select count(n_responses), count(n_effective) from '{file}'").fetchone() == (20, 20)
    with duckdb.connect(str(published.published_dir / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("select count(gap_score) from marts.satisfaction_gap").fetchone() == (20,)


def test_text_that_says_how_numbers_came_out_is_left_out_with_them(settings, build_candidate) -> None:
    build_candidate(
        FIRST,
        extra="""
        create table marts.judged as
        select code, 'keep_up' as quadrant, n > 4 as is_reportable, date '2026-01-29' as as_of_date
        from (values ('few', 4), ('many', 5)) t(code, n)
        """,
    )
    publish(settings, FIRST)
    file = export(settings, FIRST).folder / "judged.parquet"
    assert duckdb.sql(f"select code, quadrant from '{file}'").fetchall() == [
        ("few", None),
        ("many", "keep_up"),
    ]


def test_measured_text_is_in_marts_that_say_whether_enough_customers_are_behind_it() -> None:
    marts = {
        model["name"]: {column["name"] for column in model["columns"]}
        for file in (PROJECT_ROOT / "dbt_project/models/marts").rglob("*.yml")
        for model in yaml.safe_load(file.read_text()).get("models") or []
    }
    for text in MEASURED_TEXT:
        assert [name for name, columns in marts.items() if {text, "is_reportable"} <= columns], text


def test_a_row_that_does_not_say_whether_it_is_reportable_is_not(settings, build_candidate) -> None:
    build_candidate(FIRST, extra="update marts.satisfaction_gap set is_reportable = null")
    publish(settings, FIRST)
    file = export(settings, FIRST).folder / "satisfaction_gap.parquet"
    assert duckdb.sql(f"select count(estimate) from '{file}'").fetchone() == (0,)


def test_the_order_of_rows_does_not_tell_what_was_left_out(settings, build_candidate) -> None:
    build_candidate(
        FIRST,
        extra="""
        create table marts.leak as
        select estimate, code, false as is_reportable, date '2026-01-29' as as_of_date
        from (values (1.5::double, 'b'), (2.5, 'a')) t(estimate, code)
        """,
    )
    publish(settings, FIRST)
    file = export(settings, FIRST).folder / "leak.parquet"
    assert duckdb.sql(f"select code from '{file}'").fetchall() == [("a",), ("b",)]


def test_the_same_night_gives_the_same_bytes(
    published: Settings, build_candidate, settings, tmp_path
) -> None:
    first = files_of(export(published, FIRST).folder)
    assert files_of(export(published, FIRST).folder) == first
    shuffled = "create table marts.x as from marts.satisfaction_gap; delete from marts.satisfaction_gap; insert into marts.satisfaction_gap from marts.x order by hash(n_responses); drop table marts.x"
    build_candidate(FIRST, extra=shuffled)
    publish(settings, FIRST)
    for file in (published.exports_dir / FIRST.run_id).iterdir():
        file.unlink()
    assert files_of(export(published, FIRST).folder) == first


def test_other_content_of_the_same_night_replaces_it(published: Settings, build_candidate) -> None:
    export(published, FIRST)
    build_candidate(FIRST, rows=25)
    publish(published, FIRST)
    exported = export(published, FIRST)
    assert {table.table: table.rows for table in exported.tables}["satisfaction_gap"] == 25
    assert sorted(file.name for file in published.exports_dir.iterdir()) == ["latest", FIRST.run_id]


def test_an_older_night_does_not_become_the_latest(settings, build_candidate) -> None:
    for night in (SECOND, FIRST):
        build_candidate(night)
        publish(settings, night)
        exported = export(settings, night)
    assert (settings.exports_dir / "latest").readlink() == Path(SECOND.run_id)
    assert exported.latest_as_of == SECOND.as_of_date
    assert "latest stays on the newer night 2026-01-30" in exported.summary
    assert manifest_of(settings)["as_of_date"] == "2026-01-29"


def test_a_night_that_is_not_published_says_what_to_do(published: Settings) -> None:
    with pytest.raises(PublishError, match="No warehouse of 2026-01-30 is published") as error:
        export(published, SECOND)
    assert "--as-of 2026-01-30" in str(error.value)


KILLED_EXPORT = """
import os, signal, sys
from datetime import date
from pathlib import Path
from valuegap.night import Night
from valuegap.publish import export
from valuegap.settings import Settings

def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_on_second(real, calls=[]):
    def called(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) if len(calls) < 2 else kill()
    return called

where = sys.argv[2]
if where == "between tables":
    export._write_table = kill_on_second(export._write_table)
elif where == "between the renames":
    rename = Path.rename
    Path.rename = kill_on_second(rename)
else:
    setattr(export, where, kill)
export.export(Settings(data_dir=Path(sys.argv[1]), threads=1), Night(date(2026, 1, 29)))
"""


@pytest.mark.parametrize(
    "where",
    ["between tables", "_write_manifest", "_move_in", "between the renames", "point_link", "Exported"],
)
def test_a_killed_export_run_again_gives_the_same_bytes(
    published: Settings, build_candidate, where: str
) -> None:
    build_candidate(FIRST, rows=30)
    publish(published, FIRST)
    expected = files_of(export(published, FIRST).folder)
    build_candidate(FIRST, rows=10)
    publish(published, FIRST)
    export(published, FIRST)
    build_candidate(FIRST, rows=30)
    publish(published, FIRST)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_EXPORT, str(published.data_dir), where],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    if where != "between the renames":
        assert manifest_of(published)["tables"], "what is there is whole at any time"
    assert files_of(export(published, FIRST).folder) == expected
    assert sorted(file.name for file in published.exports_dir.iterdir()) == ["latest", FIRST.run_id]
