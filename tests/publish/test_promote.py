"""Publishing: whole or not at all, never back in time, and readers never notice."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from tests.publish.oldest_duckdb import ask_oldest_duckdb

from valuegap import warehouse
from valuegap.errors import PublishError, WarehouseLockedError
from valuegap.night import Night
from valuegap.publish.checksum import table_hashes
from valuegap.publish.promote import NIGHTS_KEPT, prepare_candidate, publish
from valuegap.quality import results
from valuegap.settings import Settings

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
FIRST, SECOND, THIRD = (Night(date(2026, 1, day)) for day in (29, 30, 31))
TABLES = ("dim_customer", "mart_check", "mart_column", "satisfaction_gap")
"""Those of the candidate of conftest.py."""


def link(settings: Settings) -> Path:
    return settings.published_dir / "warehouse.duckdb"


def names(settings: Settings) -> list[str]:
    return sorted(file.name for file in settings.published_dir.iterdir())


def nights_kept(settings: Settings) -> list[str]:
    return sorted(file.name[10:20] for file in settings.published_dir.glob("warehouse-*.duckdb"))


def shown_night(settings: Settings) -> date:
    with duckdb.connect(str(link(settings).resolve()), read_only=True) as reader:
        (as_of,) = reader.execute("select as_of_date from marts.publication").fetchone()  # type: ignore[misc]
    return as_of


def test_the_candidate_becomes_what_readers_open(settings, build_candidate) -> None:
    build_candidate(FIRST)
    published = publish(settings, FIRST)
    assert link(settings).readlink() == Path(published.file.name)
    assert published.file.name.startswith("warehouse-2026-01-29-")
    assert (published.is_serving, published.table_count, published.row_count) == (True, 4, 150)
    with duckdb.connect(str(link(settings)), read_only=True) as reader:
        assert reader.execute("select count(*) from marts.satisfaction_gap").fetchone() == (20,)


def test_the_file_says_what_it_shows_and_was_built_from(settings, build_candidate) -> None:
    with warehouse.writer(settings) as build:
        build.execute(
            "insert into ops.loads values ('s', 't', 'night-1', '2026-01-29', 1, 1, 0, null, 'hash', null)"
        )
        build.execute(
            "insert into ops.loads values ('s', 't', 'night-2', '2026-01-30', 1, 1, 0, null, 'later', null)"
        )
    build_candidate(FIRST)
    first = publish(settings, FIRST)
    with duckdb.connect(str(first.file), read_only=True) as reader:
        row = reader.execute("from marts.publication").fetchone()
        comments = reader.execute(
            "select count(*) from duckdb_columns() where table_name = 'publication' and comment is null"
        ).fetchone()
    assert row is not None
    assert row[:4] == ("night-2026-01-29", FIRST.as_of_date, "abc", "0.1.0")
    assert row[5:] == (4, 150)
    assert comments == (0,)
    with warehouse.writer(settings) as build:
        build.execute("update ops.loads set manifest_sha256 = 'anew' where run_id = 'night-2'")
    assert publish(settings, FIRST).file == first.file, "later nights are no input of this one"
    with warehouse.writer(settings) as build:
        build.execute("update ops.loads set manifest_sha256 = 'anew' where run_id = 'night-1'")
    assert publish(settings, FIRST).file != first.file


def test_comments_survive(settings, build_candidate) -> None:
    build_candidate(FIRST)
    with duckdb.connect(str(publish(settings, FIRST).file), read_only=True) as reader:
        assert reader.execute(
            "select comment from duckdb_tables() where table_name = 'satisfaction_gap'"
        ).fetchone() == ("One row per attribute.",)
        assert reader.execute(
            "select comment from duckdb_columns() where table_name = 'satisfaction_gap' and column_name = 'gap_score'"
        ).fetchone() == ("Delivered − expected, points of 100.",)


def test_clients_from_1_1_on_can_read_it(settings, build_candidate) -> None:
    build_candidate(FIRST)
    query = "from marts.satisfaction_gap order by all"
    file = publish(settings, FIRST).file
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    assert ask_oldest_duckdb(file, query) == [ascii(row) for row in rows]


def test_a_file_of_later_storage_is_refused(settings, build_candidate) -> None:
    build_candidate(FIRST)
    later = settings.candidate_file.with_name("later.duckdb")
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{settings.candidate_file}' as old; attach '{later}' as new (storage_version 'v1.2.0')"
        )
        connection.execute("copy from database old to new")
    later.replace(settings.candidate_file)
    with pytest.raises(PublishError, match=r"storage version v1\.2"):
        publish(settings, FIRST)


def test_the_published_file_cannot_be_written_by_mistake(settings, build_candidate) -> None:
    build_candidate(FIRST)
    assert publish(settings, FIRST).file.stat().st_mode & 0o222 == 0


def test_publishing_again_changes_nothing(settings, build_candidate) -> None:
    build_candidate(FIRST)
    first = publish(settings, FIRST)
    before = (first.file.read_bytes(), link(settings).readlink(), names(settings))
    assert publish(settings, FIRST) == first
    assert before == (
        first.file.read_bytes(),
        link(settings).readlink(),
        names(settings),
    )


def test_a_re_run_with_other_content_replaces_the_night(settings, build_candidate) -> None:
    build_candidate(FIRST, rows=20)
    first = publish(settings, FIRST)
    build_candidate(FIRST, rows=21)
    second = publish(settings, FIRST)
    assert link(settings).resolve() == second.file.resolve() != first.file.resolve()
    assert first.file.exists(), "a reader may have resolved the link a moment ago"
    build_candidate(SECOND)
    publish(settings, SECOND)
    assert not first.file.exists()
    assert second.file.exists()


def test_an_older_night_is_written_beside_the_newer(settings, build_candidate) -> None:
    build_candidate(SECOND)
    publish(settings, SECOND)
    build_candidate(FIRST)
    older = publish(settings, FIRST)
    assert older.file.exists()
    assert not older.is_serving
    assert older.serving_as_of == SECOND.as_of_date == shown_night(settings)
    assert "readers stay on the newer night 2026-01-30" in older.summary


def test_the_last_nights_are_kept(settings, build_candidate) -> None:
    nights = [Night(FIRST.as_of_date + timedelta(days=day)) for day in range(NIGHTS_KEPT + 2)]
    for night in nights:
        build_candidate(night)
        publish(settings, night)
    assert nights_kept(settings) == [str(night.as_of_date) for night in nights[2:]]
    build_candidate(nights[0])
    publish(settings, nights[0])
    assert nights_kept(settings) == [str(night.as_of_date) for night in [nights[0], *nights[2:]]]
    assert shown_night(settings) == nights[-1].as_of_date


def test_no_candidate_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(PublishError, match="valuegap build --as-of 2026-01-29"):
        publish(settings, FIRST)
    assert not link(settings).exists()


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ("update marts.dim_customer set as_of_date = '2026-01-28' where customer_key = 'customer-7'", "2026-01-28, 2026-01-29"),
        ("; ".join(f"delete from marts.{table}" for table in TABLES), "of no night"),
        ("create view marts.v as select 1 as a", "holds more than tables of schema marts: marts.v"),
        ("create table main.scratch as select 1 as a", "main.scratch"),
        ("create schema staging; create table staging.x as select 1 as a", "staging.x"),
    ],
    ids=["rows of another night", "no rows", "a view", "a table in main", "another schema"],
)  # fmt: skip
def test_a_candidate_that_is_not_this_nights_marts_is_refused(
    settings, build_candidate, extra, complaint
) -> None:
    build_candidate(SECOND)
    publish(settings, SECOND)
    before = link(settings).readlink(), link(settings).read_bytes()
    build_candidate(FIRST, extra=extra)
    with pytest.raises(PublishError, match=complaint):
        publish(settings, FIRST)
    assert (link(settings).readlink(), link(settings).read_bytes()) == before


def test_a_candidate_of_another_night_is_refused(settings, build_candidate) -> None:
    build_candidate(FIRST)
    with pytest.raises(PublishError, match="is of 2026-01-29, not 2026-01-30") as error:
        publish(settings, SECOND)
    assert "valuegap build --as-of 2026-01-30" in str(error.value)


def no_gate(settings: Settings) -> None:
    results.discard(settings.reports_dir, FIRST.run_id, ("marts",))


def failed_gate(settings: Settings) -> None:
    gate = results.read(settings.reports_dir, FIRST.run_id, "marts")
    failed = tuple(replace(check, success=False) for check in gate.checks)
    results.write(replace(gate, checks=failed), settings.reports_dir)


def gate_without_checks(settings: Settings) -> None:
    gate = results.read(settings.reports_dir, FIRST.run_id, "marts")
    results.write(replace(gate, checks=()), settings.reports_dir)


def changed_after_the_gate(settings: Settings) -> None:
    with duckdb.connect(str(settings.candidate_file)) as candidate:
        candidate.execute("delete from marts.dim_customer where customer_key = 'customer-7'")


@pytest.mark.parametrize("spoil", [no_gate, failed_gate, gate_without_checks, changed_after_the_gate])
def test_only_the_file_the_mart_gate_let_through_is_published(settings, build_candidate, spoil) -> None:
    build_candidate(FIRST)
    spoil(settings)
    with pytest.raises(
        PublishError, match=r"not passed the mart gate.*valuegap check marts --as-of 2026-01-29"
    ):
        publish(settings, FIRST)
    assert not link(settings).exists()


def test_a_candidate_of_a_killed_build_is_refused(settings, build_candidate) -> None:
    build_candidate(FIRST)
    settings.candidate_file.with_name("candidate.duckdb.wal").write_bytes(b"half")
    with pytest.raises(PublishError, match="not written to its end"):
        publish(settings, FIRST)


def test_preparing_a_candidate_drops_the_old_one(settings, build_candidate) -> None:
    build_candidate(FIRST)
    prepare_candidate(settings)
    with duckdb.connect(str(settings.candidate_file), read_only=True) as candidate:
        assert candidate.execute("select count(*) from duckdb_tables()").fetchone() == (0,)
        assert candidate.execute(
            "select schema_name from duckdb_schemas() where schema_name = 'marts'"
        ).fetchone()


def test_a_candidate_somebody_has_open_is_not_pulled_away(settings, build_candidate) -> None:
    build_candidate(FIRST)
    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()",
         str(settings.candidate_file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        assert holder.stdout
        assert holder.stdin
        holder.stdout.readline()
        try:
            for step in (lambda: prepare_candidate(settings), lambda: publish(settings, FIRST)):
                with pytest.raises(WarehouseLockedError, match=f"process {holder.pid}"):
                    step()
        finally:
            holder.stdin.close()
    assert publish(settings, FIRST).table_count == len(TABLES)


def test_a_place_that_cannot_be_written_leaves_readers_what_they_had(
    settings, build_candidate, monkeypatch
) -> None:
    build_candidate(FIRST)
    publish(settings, FIRST)
    build_candidate(SECOND)

    def full(_source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("valuegap.publish.promote.shutil.copyfile", full)
    with pytest.raises(PublishError, match=r"No space left on device.*Readers still have"):
        publish(settings, SECOND)
    assert shown_night(settings) == FIRST.as_of_date
    assert len(names(settings)) == 2, "the half file would keep the disk full"


def test_a_reader_of_the_old_file_is_not_disturbed_and_a_new_one_sees_the_new(
    settings, build_candidate
) -> None:
    build_candidate(FIRST, rows=20)
    publish(settings, FIRST)
    with duckdb.connect(str(link(settings).resolve()), read_only=True) as old:
        for night, rows in ((SECOND, 30), (THIRD, 40), (Night(date(2026, 2, 1)), 50)):
            build_candidate(night, rows=rows)
            publish(settings, night)
            assert old.execute("select count(*) from marts.satisfaction_gap").fetchone() == (20,)
        with duckdb.connect(str(link(settings).resolve()), read_only=True) as new:
            assert new.execute("select count(*) from marts.satisfaction_gap").fetchone() == (50,)


def test_readers_polling_through_publications_see_only_whole_nights(settings, build_candidate) -> None:
    build_candidate(FIRST, rows=10)
    publish(settings, FIRST)
    done, seen, broken = threading.Event(), set(), []

    def poll() -> None:
        while not done.is_set():
            try:
                with duckdb.connect(str(link(settings).resolve()), read_only=True) as reader:
                    seen.add(reader.execute(
                        "select (select as_of_date from marts.publication), count(*), max(as_of_date) from marts.satisfaction_gap"
                    ).fetchone())  # fmt: skip
            except duckdb.Error as error:
                broken.append(error)

    poller = threading.Thread(target=poll)
    poller.start()
    nights = {FIRST: 10, SECOND: 11, THIRD: 12, Night(date(2026, 2, 1)): 13}
    for night, rows in list(nights.items())[1:]:
        build_candidate(night, rows=rows)
        publish(settings, night)
    done.set()
    poller.join()
    assert broken == []
    assert seen <= {(night.as_of_date, rows, night.as_of_date) for night, rows in nights.items()}
    assert len(seen) > 1


KILLED_PUBLISH = """
import os, signal, sys
from datetime import date
from pathlib import Path
from valuegap.night import Night
from valuegap.publish import promote
from valuegap.quality import results
from valuegap.settings import Settings

def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_after(real):
    def called(*arguments, **named):
        real(*arguments, **named)
        kill()
    return called

module, _, name = sys.argv[2].partition(":")
if module == "before":
    setattr(promote, name, kill)
elif module == "after":
    setattr(promote, name, kill_after(getattr(promote, name)))
elif module == "half":
    def half(source, target):
        Path(target).write_bytes(Path(source).read_bytes()[:5000])
        kill()
    promote.shutil.copyfile = half
promote.publish(Settings(data_dir=Path(sys.argv[1]), threads=1), Night(date(2026, 1, 30)))
"""


@pytest.mark.parametrize(
    "where",
    ["half:copy", "before:_named_by_content", "before:point_link", "after:point_link", "before:_prune", "before:Published"],
)  # fmt: skip
def test_a_killed_publication_run_again_ends_in_the_same_state(
    settings, build_candidate, tmp_path, where
) -> None:
    undisturbed = replace(settings, data_dir=tmp_path / "undisturbed")
    for each in (settings, undisturbed):
        build_candidate(FIRST, rows=10, settings=each)
        publish(each, FIRST)
        build_candidate(SECOND, rows=11, settings=each)
    expected = publish(undisturbed, SECOND)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_PUBLISH, str(settings.data_dir), where],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert shown_night(settings) in {FIRST.as_of_date, SECOND.as_of_date}
    published = publish(settings, SECOND)
    assert replace(published, file=expected.file) == expected
    assert table_hashes(link(settings), exclude=()) == table_hashes(link(undisturbed), exclude=())
    assert names(settings) == names(undisturbed)
