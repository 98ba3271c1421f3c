"""Exports: the marts as files that say what they hold, without what too few people would give away."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from valuegap.errors import PublishError
from valuegap.night import Night
from valuegap.publish.checksum import table_hashes
from valuegap.publish.export import export
from valuegap.publish.promote import publish
from valuegap.publish.released import MEASURED_TEXT
from valuegap.settings import PROJECT_ROOT, Settings

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FIRST, SECOND = Night(date(2026, 1, 29)), Night(date(2026, 1, 30))
GAPS = "parquet/satisfaction_gap/satisfaction_gap.parquet"
# Each file of a format whose bytes are the same again, and the others.
SAME_BYTES = {".parquet", ".csv", ".yaml", ".json"}


@pytest.fixture
def published(settings, build_candidate) -> Settings:
    build_candidate(FIRST)
    publish(settings, FIRST)
    return settings


def manifest_of(settings: Settings, run: str = FIRST.run_id) -> dict:
    return json.loads((settings.exports_dir / run / "manifest.json").read_text(encoding="utf-8"))


def files_of(folder: Path) -> dict[str, bytes]:
    folder = folder.resolve()
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.suffix in SAME_BYTES
    }


def shown(settings: Settings) -> list[str]:
    """Names in the folder of exports, as a reader sees them."""
    return sorted(path.name for path in settings.exports_dir.iterdir() if not path.name.startswith("."))


def test_every_mart_is_a_file_with_its_rows(published: Settings) -> None:
    exported = export(published, FIRST)
    names = ["dim_customer", "mart_check", "mart_column", "publication", "satisfaction_gap"]
    assert [table.table for table in exported.tables] == names
    assert sorted(path.relative_to(exported.folder).as_posix() for path in exported.folder.rglob("*.*")) == sorted(
        [
            "manifest.json", "duckdb/valuegap.duckdb",
            *(f"parquet/{name}/{name}.parquet" for name in names),
            *(f"csv/{name}.csv" for name in names),
            *(f"contracts/{name}.odcs.yaml" for name in names),
        ]
    )  # fmt: skip
    for table in exported.tables:
        file = exported.folder / f"parquet/{table.table}/{table.table}.parquet"
        assert duckdb.sql(f"select count(*) from '{file}'").fetchone() == (table.rows,)
    assert (published.exports_dir / "latest").readlink() == Path(FIRST.run_id)


def test_the_manifest_says_what_the_files_hold(published: Settings) -> None:
    folder = export(published, FIRST).folder
    manifest = manifest_of(published)
    assert (manifest["run_id"], manifest["as_of_date"]) == (FIRST.run_id, "2026-01-29")
    assert (manifest["code_version"], manifest["config_hash"]) == ("0.1.0", "abc")
    assert manifest["formats"] == ["parquet", "csv", "duckdb"]
    gap = {table["table"]: table for table in manifest["tables"]}["satisfaction_gap"]
    assert gap["rows"] == 20
    assert gap["description"] == "One row per attribute."
    assert gap["columns"][:3] == [
        {"name": "attribute_code", "type": "VARCHAR", "description": None},
        {"name": "n_responses", "type": "BIGINT", "description": None},
        {"name": "gap_score", "type": "DOUBLE", "description": "Delivered − expected, points of 100."},
    ]
    listed = {file["file"]: file for file in manifest["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert listed.keys() == there - {"manifest.json"}
    for name, file in listed.items():
        if name == "duckdb/valuegap.duckdb":
            assert file["sha256"] is None, "its bytes may differ; the tables say what they hold"
        else:
            assert file["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert {table["table"]: table["content_sha256"] for table in manifest["tables"]} == table_hashes(
        folder / "duckdb/valuegap.duckdb"
    )


def test_the_manifest_is_written_when_all_else_is_on_disk(published: Settings, monkeypatch) -> None:
    from valuegap.publish import export as exporting

    there_before: list[set[str]] = []
    write = exporting._write_manifest

    def noted(folder: Path, *rest) -> None:
        there_before.append({path.relative_to(folder).as_posix() for path in folder.rglob("*.*")})
        write(folder, *rest)

    monkeypatch.setattr(exporting, "_write_manifest", noted)
    folder = export(published, FIRST).folder
    assert there_before == [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} - {"manifest.json"}
    ]


def test_metrics_of_rows_that_are_not_reportable_are_left_out(published: Settings) -> None:
    file = export(published, FIRST).folder / GAPS
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
    file = export(settings, FIRST).folder / "parquet/judged/judged.parquet"
    assert duckdb.sql(f"select code, quadrant from '{file}'").fetchall() == [
        ("few", None),
        ("many", "keep_up"),
    ]


def test_a_number_that_is_part_of_the_key_is_never_left_out(settings, build_candidate) -> None:
    build_candidate(
        FIRST,
        extra="""
        create table marts.cohort as
        select month_number, 10 as retained, false as is_reportable, date '2026-01-29' as as_of_date
        from (values (1), (2)) t(month_number);
        insert into marts.mart_column (model, column_name, key_position, is_pii)
        values ('cohort', 'month_number', 1, false), ('cohort', 'retained', null, false)
        """,
    )
    publish(settings, FIRST)
    file = export(settings, FIRST).folder / "parquet/cohort/cohort.parquet"
    assert duckdb.sql(f"select month_number, retained from '{file}' order by 1").fetchall() == [
        (1, None),
        (2, None),
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
    file = export(settings, FIRST).folder / GAPS
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
    folder = export(settings, FIRST).folder
    assert duckdb.sql(f"select code from '{folder}/parquet/leak/leak.parquet'").fetchall() == [("a",), ("b",)]
    assert (folder / "csv/leak.csv").read_text().splitlines()[1:] == [
        ",a,false,2026-01-29",
        ",b,false,2026-01-29",
    ]


def test_columns_that_say_who_a_person_is_are_in_no_file(settings, build_candidate) -> None:
    build_candidate(
        FIRST,
        extra="""
        create table marts.people as
        select 'k' as contact_key, 'jane@example.com' as address, date '2026-01-29' as as_of_date;
        insert into marts.mart_column (model, column_name, is_pii) values ('people', 'address', true);
        """,
    )
    publish(settings, FIRST)
    folder = export(settings, FIRST).folder
    for file in folder.resolve().rglob("*.*"):
        assert b"jane@example.com" not in file.read_bytes(), file
    people = {table["table"]: table for table in manifest_of(settings)["tables"]}["people"]
    assert [column["name"] for column in people["columns"]] == ["contact_key", "as_of_date"]
    assert people["left_out_columns"] == ["address"]


def test_a_file_that_does_not_say_what_is_personal_is_not_exported(settings, build_candidate) -> None:
    build_candidate(FIRST, extra="drop table marts.mart_column")
    publish(settings, FIRST)
    with pytest.raises(PublishError, match="does not say which columns are personal") as error:
        export(settings, FIRST)
    assert "valuegap build" in str(error.value)
    assert shown(settings) == []


def test_only_the_formats_asked_for_are_written(published: Settings) -> None:
    exported = export(replace(published, exports=("csv",)), FIRST)
    assert sorted(path.name for path in exported.folder.iterdir()) == ["contracts", "csv", "manifest.json"]
    assert manifest_of(published)["formats"] == ["csv"]


def test_the_same_night_gives_the_same_bytes(published: Settings, build_candidate, settings) -> None:
    first = files_of(export(published, FIRST).folder)
    assert files_of(export(published, FIRST).folder) == first
    shuffled = "create table marts.x as from marts.satisfaction_gap; delete from marts.satisfaction_gap; insert into marts.satisfaction_gap from marts.x order by hash(n_responses); drop table marts.x"
    build_candidate(FIRST, extra=shuffled)
    for file in published.published_dir.iterdir():  # equal content would be taken for published already
        file.unlink()
    publish(settings, FIRST)
    for file in (published.exports_dir / FIRST.run_id).rglob("*.*"):
        file.unlink()
    assert files_of(export(published, FIRST).folder) == first


def test_repeating_an_export_touches_nothing(published: Settings) -> None:
    folder = export(published, FIRST).folder
    before = {path: path.stat().st_mtime_ns for path in folder.resolve().rglob("*")}
    export(published, FIRST)
    assert {path: path.stat().st_mtime_ns for path in folder.resolve().rglob("*")} == before


def test_other_content_of_the_same_night_replaces_it(published: Settings, build_candidate) -> None:
    export(published, FIRST)
    build_candidate(FIRST, rows=25)
    publish(published, FIRST)
    exported = export(published, FIRST)
    assert {table.table: table.rows for table in exported.tables}["satisfaction_gap"] == 25
    assert shown(published) == ["latest", FIRST.run_id]


def test_who_is_reading_the_content_before_can_go_on(published: Settings, build_candidate) -> None:
    reading = export(published, FIRST).folder.resolve()
    for rows in (25, 30):
        build_candidate(FIRST, rows=rows)
        publish(published, FIRST)
        before, reading = reading, export(published, FIRST).folder.resolve()
        assert (before / "manifest.json").exists()
    assert len([path for path in published.exports_dir.iterdir() if path.name.startswith(".")]) == 2


def test_a_folder_of_an_earlier_version_is_replaced(published: Settings) -> None:
    old = published.exports_dir / FIRST.run_id
    old.mkdir(parents=True)
    (old / "manifest.json").write_text('{"as_of_date": "2026-01-29", "tables": []}')
    (old / "dim_customer.parquet").write_bytes(b"old")
    folder = export(published, FIRST).folder
    assert folder.is_symlink()
    assert not (folder / "dim_customer.parquet").exists()


def test_an_older_night_does_not_become_the_latest(settings, build_candidate) -> None:
    for night in (SECOND, FIRST):
        build_candidate(night)
        publish(settings, night)
        exported = export(settings, night)
    assert (settings.exports_dir / "latest").readlink() == Path(SECOND.run_id)
    assert exported.latest_as_of == SECOND.as_of_date
    assert "latest stays on the newer night 2026-01-30" in exported.summary
    assert manifest_of(settings)["as_of_date"] == "2026-01-29"


def test_the_last_exports_are_kept_and_the_latest_among_them(settings, build_candidate) -> None:
    keeping_two = replace(settings, kept_exports=2, exports=("csv",))
    nights = [Night(FIRST.as_of_date + timedelta(days=day)) for day in range(4)]
    for night in nights:
        build_candidate(night)
        publish(keeping_two, night)
        export(keeping_two, night)
    kept = [night.run_id for night in nights[-2:]]
    assert shown(settings) == ["latest", *kept]
    assert len(list(settings.exports_dir.glob(".night-*"))) == 2

    export(keeping_two, nights[0])  # an old night asked for again is there until the next export
    assert shown(settings) == ["latest", nights[0].run_id, *kept]
    assert (settings.exports_dir / "latest" / "manifest.json").exists()
    export(keeping_two, nights[-1])
    assert shown(settings) == ["latest", *kept]


def test_a_night_that_is_not_published_says_what_to_do(published: Settings) -> None:
    with pytest.raises(PublishError, match="No warehouse of 2026-01-30 is published") as error:
        export(published, SECOND)
    assert "--as-of 2026-01-30" in str(error.value)


KILLED_EXPORT = """
import os, shutil, signal, sys
from datetime import date
from pathlib import Path
from valuegap.night import Night
from valuegap.publish import export, export_folders
from valuegap.settings import Settings

def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_on(nth, real):
    calls = []
    def called(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) if len(calls) < nth else kill()
    return called

where = sys.argv[2]
if where == "between tables":
    export._write_table = kill_on(2, export._write_table)
elif where == "between the rename and the link":
    export_folders.point_link = kill
elif where == "before latest":
    export.point_latest = kill
elif where == "in a removal":
    remove = export_folders._remove
    def half(folder):
        if folder.name == ".outgoing" and folder.exists():
            next(folder.rglob("*.csv")).unlink()
            kill()
        remove(folder)
    export_folders._remove = half
else:
    setattr(export, where, kill)
export.export(Settings(data_dir=Path(sys.argv[1]), threads=1, kept_exports=1), Night(date.fromisoformat(sys.argv[3])))
"""


@pytest.mark.parametrize("same_night", [True, False], ids=["of the same night", "of the next night"])
@pytest.mark.parametrize(
    "where",
    [
        "between tables", "_write_manifest", "move_in", "between the rename and the link", "before latest",
        "prune", "in a removal", "Exported",
    ],
)  # fmt: skip
def test_a_killed_export_leaves_a_whole_one_and_can_be_run_again(
    published: Settings, build_candidate, where: str, same_night: bool
) -> None:
    night = FIRST if same_night else SECOND
    export(published, FIRST)
    build_candidate(FIRST, rows=10)
    publish(published, FIRST)
    former = files_of(export(published, FIRST).folder)
    build_candidate(night, rows=30)
    publish(published, night)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_EXPORT, str(published.data_dir), where, str(night.as_of_date)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL

    latest = published.exports_dir / "latest"
    manifest = json.loads((latest / "manifest.json").read_text(encoding="utf-8"))
    for file in manifest["files"]:
        if file["sha256"]:
            assert hashlib.sha256((latest / file["file"]).read_bytes()).hexdigest() == file["sha256"]
    if where in {"between tables", "_write_manifest", "move_in", "between the rename and the link"}:
        assert files_of(latest) == former

    again = export(published, night)
    assert {table.table: table.rows for table in again.tables}["satisfaction_gap"] == 30
    assert latest.readlink() == Path(night.run_id)
    assert not [path for path in published.exports_dir.iterdir() if path.name in {".incoming", ".outgoing"}]
