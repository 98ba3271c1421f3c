"""How dbt is run: under the lease, with nothing it does not need, and with failures a person can act on.

The project here has one model; what the real models say is tested in `tests/dbt`.
"""

import fcntl
import shutil
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from valuegap import transform, warehouse
from valuegap.errors import BuildError, WarehouseLockedError
from valuegap.night import Night
from valuegap.settings import Settings

NIGHT = Night(date(2026, 1, 31))
REAL_PROJECT = Settings().dbt_project_dir
DBT_PROJECT = """
name: tiny
profile: valuegap
flags: {send_anonymous_usage_stats: false}
models: {tiny: {+database: candidate, +schema: marts, +materialized: table}}
"""
# What the purchase model is fitted to: nobody has bought anything.
SAMPLES = """
{{ config(database=target.database, schema="intermediate") }}
select 'all' as sample, 365 as forecast_days, 1826 as horizon_days, 0.1 as discount_rate_annual
where false
"""
HISTORIES = """
{{ config(database=target.database, schema="intermediate") }}
select sample, 0 as frequency, 0 as recency_days, 0 as age_days, 0 as n_valued_repeats, 1.0 as mean_repeat_amount
from {{ ref("int_purchase_samples") }}
"""
# What driver importance is fitted to: nobody has answered anything.
DRIVER_ANSWERS = """
{{ config(database=target.database, schema="intermediate") }}
select
    'driver' as measure_kind, 'quality' as measure_code, 'c' as customer_key, 'unknown' as market_segment,
    'unknown' as industry, 1.0 as score, 1 as n_responses
where false
"""
ANSWERS = """
select
    '{{ var("as_of_date") }}' as as_of_date,
    '{{ var("run_id") }}' as run_id,
    '{{ env_var("AIRFLOW_CONN_HUBSPOT_DEFAULT", "absent") }}' as token
"""


def tiny_project(root: Path) -> Settings:
    """Return settings of a project with one mart, `answers`, and a build warehouse with nothing in it."""
    project = root / "dbt_project"
    (project / "models").mkdir(parents=True)
    (project / "macros").mkdir()
    (project / "dbt_project.yml").write_text(DBT_PROJECT)
    shutil.copy(REAL_PROJECT / "profiles.yml", project)
    shutil.copy(REAL_PROJECT / "macros" / "project" / "generate_schema_name.sql", project / "macros")
    write_model(project, ANSWERS)
    write_model(project, SAMPLES, name="int_purchase_samples")
    write_model(project, HISTORIES, name="int_purchase_histories")
    write_model(project, DRIVER_ANSWERS, name="int_driver_answers")
    settings = Settings(
        project_root=root,
        data_dir=root / "data",
        lock_wait_seconds=0.1,
        environment={"PATH": "/usr/bin:/bin", "AIRFLOW_CONN_HUBSPOT_DEFAULT": "https://:s3cret@example"},
    )
    with warehouse.writer(settings):
        pass
    return settings


def write_model(project: Path, sql: str, *, name: str = "answers") -> None:
    (project / "models" / f"{name}.sql").write_text(sql)


@pytest.fixture
def tiny(tmp_path: Path) -> Settings:
    return tiny_project(tmp_path)


@dataclass(frozen=True)
class Built:
    """A build that went well, and what was seen of it from outside while it ran."""

    settings: Settings
    result: transform.BuildResult
    progress: list[str]
    refusals: list[WarehouseLockedError]
    project_files_before: list[Path]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    settings = tiny_project(tmp_path_factory.mktemp("built"))
    files = sorted(settings.dbt_project_dir.rglob("*"))
    progress: list[str] = []
    refusals: list[WarehouseLockedError] = []

    def watch(line: str) -> None:
        progress.append(line)
        try:
            with warehouse.lease(settings):
                pass
        except WarehouseLockedError as error:
            refusals.append(error)

    return Built(settings, transform.build(settings, NIGHT, progress=watch), progress, refusals, files)


def test_a_build_says_what_it_made(built):
    assert built.result.models == {"success": 4}, "those before the fit and those after it"
    assert built.result.mart_rows == {"answers": 1}
    assert built.result.config_hash == transform.config_hash(
        built.settings.dbt_project_dir,
        {"sources": list(built.settings.sources), "custom_fields": [], "reporting_currency": "XXX"},
    )
    assert "4 models" in built.result.summary
    assert "1 rows" in built.result.summary
    assert any(" answers: success" in line for line in built.progress)


def test_models_are_fitted_between_the_runs_of_dbt(built):
    said = [line for line in built.progress if not line.startswith("test")]
    fitted = said.index("purchase model: no purchases to learn from")
    assert said[fitted + 1] == "driver importance: no answers to learn from"
    names = ("int_purchase_histories:", "int_driver_answers:", " answers:")
    assert {name for line in said[:fitted] for name in names if name in line} == set(names[:2])
    assert [name for line in said[fitted:] for name in names if name in line] == [" answers:"]


@pytest.mark.slow
def test_every_model_and_test_of_the_project_runs_in_one_of_the_two_runs(tmp_path):
    settings = Settings(data_dir=tmp_path)
    before, after, all_ = (
        listed(settings, tmp_path, *selection)
        for selection in (transform.BEFORE_FIT, transform.AFTER_FIT, ())
    )
    assert before
    assert sorted(before + after) == sorted(all_)


def listed(settings: Settings, work_dir: Path, *selection: str) -> list[str]:
    """Names of the nodes `dbt build` would run."""
    paths = [
        "--project-dir",
        str(REAL_PROJECT),
        "--profiles-dir",
        str(REAL_PROJECT),
        "--target-path",
        str(work_dir),
    ]
    kinds = [f"--resource-type={kind}" for kind in ("model", "seed", "snapshot", "test", "unit_test")]
    dbt = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "ls", "--quiet", "--output", "name"]
    finished = subprocess.run(
        [*dbt, *paths, "--log-path", str(work_dir), *kinds, *selection],
        env=transform._environment(settings) | {"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.split()


def test_models_know_the_night_and_no_token(built):
    with duckdb.connect(str(built.settings.candidate_file), read_only=True) as candidate:
        assert candidate.execute("select * from marts.answers").fetchall() == [
            ("2026-01-31", "night-2026-01-31", "absent")
        ]


def test_dbt_sends_no_usage_statistics(tiny):
    assert transform._environment(tiny)["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    flags = yaml.safe_load((REAL_PROJECT / "dbt_project.yml").read_text())["flags"]
    assert flags["send_anonymous_usage_stats"] is False


def test_nothing_is_written_into_the_project(built):
    assert sorted(built.settings.dbt_project_dir.rglob("*")) == built.project_files_before


def test_the_lease_is_held_while_dbt_runs(built):
    assert built.refusals


def test_a_failing_model_is_named_with_its_reason_and_the_log(tiny):
    write_model(tiny.dbt_project_dir, "select cast('forty-two' as integer) as answer")
    with pytest.raises(BuildError, match=r"dbt model answers failed: .*forty-two") as caught:
        transform.build(tiny, NIGHT)
    assert "\n" not in str(caught.value)
    assert str(tiny.build_file.parent / "dbt" / "logs" / "dbt.log") in caught.value.remedy


def test_a_failing_test_is_named_with_its_rows(tiny):
    tests = tiny.dbt_project_dir / "tests"
    tests.mkdir()
    (tests / "no_token.sql").write_text("select * from {{ ref('answers') }} where token = 'absent'")
    with pytest.raises(BuildError, match=r"dbt test no_token failed: Got 1 result"):
        transform.build(tiny, NIGHT)


def test_a_project_that_does_not_parse_says_so(tiny):
    write_model(tiny.dbt_project_dir, "select * from {{ ref('nowhere') }}")
    with pytest.raises(BuildError, match="nowhere"):
        transform.build(tiny, NIGHT)


def test_a_failure_is_not_judged_by_the_run_before(tiny):
    write_model(tiny.dbt_project_dir, "select cast('forty-two' as integer) as answer")
    with pytest.raises(BuildError):
        transform.build(tiny, NIGHT)
    write_model(tiny.dbt_project_dir, "select * from {{ ref('nowhere') }}")
    with pytest.raises(BuildError) as caught:
        transform.build(tiny, NIGHT)
    assert "forty-two" not in str(caught.value)


def test_dbt_ends_with_the_stage_that_was_killed(tiny):
    """Else it would go on writing to the build warehouse after the kernel gave the lease back."""
    write_model(
        tiny.dbt_project_dir,
        "select sum(a.range * b.range) as answer from range(10000000) a, range(10000000) b",
    )
    stage = subprocess.Popen(
        [
            sys.executable, "-c",
            "import sys; from datetime import date; from pathlib import Path\n"
            "from valuegap import transform; from valuegap.night import Night; from valuegap.settings import Settings\n"
            "settings = Settings(project_root=Path(sys.argv[1]), data_dir=Path(sys.argv[1]) / 'data')\n"
            "transform.build(settings, Night(date(2026, 1, 31)))",
            str(tiny.project_root),
        ],
        env={"PYTHONPATH": str(Path(transform.__file__).parents[1]), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    try:
        wait_until(lambda: is_locked(tiny.build_file), seconds=120)
        stage.send_signal(signal.SIGKILL)
        stage.wait()
        wait_until(lambda: not is_locked(tiny.build_file), seconds=20)
    finally:
        stage.kill()


def is_locked(file: Path) -> bool:
    """Ask the kernel, and do not try: a lock of ours could come between dbt and the file."""
    with file.open("r+b") as opened:
        asked = struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 0, 0)
        (lock, *_) = struct.unpack("hhqqi", fcntl.fcntl(opened, fcntl.F_GETLK, asked))
    return lock != fcntl.F_UNLCK


def wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.1)


def test_config_hash_is_of_what_decides_the_marts(tiny):
    project = tiny.dbt_project_dir
    before = transform.config_hash(project, {})
    (project / "target").mkdir()
    (project / "target" / "manifest.sql").write_text("whatever dbt leaves")
    assert transform.config_hash(project, {}) == before

    write_model(project, ANSWERS + " ")
    changed = transform.config_hash(project, {})
    assert changed != before
    (project / "models" / "answers.sql").rename(project / "models" / "replies.sql")
    assert transform.config_hash(project, {}) not in {before, changed}
    assert transform.config_hash(project, {"sources": ["files"]}) != transform.config_hash(project, {})
