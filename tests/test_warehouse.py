"""The build warehouse: one writer at a time, tables as declared, errors that say what to do."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from valuegap import warehouse
from valuegap.errors import WarehouseLockedError
from valuegap.settings import Settings
from valuegap.sources.registry import DECLARED, SOURCES
from valuegap.sources.stream import Field, FieldType, Stream
from valuegap.warehouse import WarehouseError

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"

LEASE_HOLDER = """
import sys
from pathlib import Path
from valuegap import warehouse
from valuegap.settings import Settings
with warehouse.lease(Settings(data_dir=Path(sys.argv[1])), shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""
STRANGER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, threads=1, memory_limit="500MB", lock_wait_seconds=0.4)


@contextmanager
def process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script that says "held" once it holds what it is to hold, and ends with its standard input."""
    child = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
    )  # fmt: skip
    try:
        assert child.stdout
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            stream.close()  # type: ignore[union-attr]


def one_line(error: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_second_process_is_told_who_holds_the_warehouse(settings: Settings) -> None:
    with (
        process(LEASE_HOLDER, str(settings.data_dir), "alone") as holder,
        pytest.raises(WarehouseLockedError) as error,
        warehouse.writer(settings),
    ):
        pytest.fail("two writers at once")
    assert f"process {holder.pid}" in one_line(error)
    assert "Wait for it to end" in one_line(error)


def test_a_writer_waits_for_the_one_before(settings: Settings) -> None:
    with process(LEASE_HOLDER, str(settings.data_dir), "alone") as holder:
        assert holder.stdin
        threading.Timer(0.8, holder.stdin.close).start()
        with warehouse.writer(replace(settings, lock_wait_seconds=30)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_killed_holder_leaves_nothing_to_clean_up(settings: Settings) -> None:
    with process(LEASE_HOLDER, str(settings.data_dir), "alone") as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with warehouse.lease(settings):
            pass


def test_readers_share_and_keep_the_writer_out(settings: Settings) -> None:
    with warehouse.writer(settings):
        pass
    with process(LEASE_HOLDER, str(settings.data_dir), "shared"):
        with warehouse.read_only(settings) as connection:
            assert connection.execute("select count(*) from ops.loads").fetchone() == (0,)
        with pytest.raises(WarehouseLockedError), warehouse.lease(settings):
            pytest.fail("a writer beside a reader")


def test_a_reader_cannot_write(settings: Settings) -> None:
    with warehouse.writer(settings):
        pass
    with warehouse.read_only(settings) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("create table ops.x (a int)")


def test_a_lock_of_a_process_without_lease_gives_the_same_error(settings: Settings) -> None:
    with warehouse.writer(settings):
        pass
    with (
        process(STRANGER, str(settings.build_file)) as stranger,
        pytest.raises(WarehouseLockedError) as error,
        warehouse.writer(settings),
    ):
        pytest.fail("two writers at once")
    assert f"process {stranger.pid}" in one_line(error)
    assert "Close it there" in one_line(error)


def test_a_lock_of_a_process_without_lease_is_waited_for(settings: Settings) -> None:
    with warehouse.writer(settings):
        pass
    with process(STRANGER, str(settings.build_file)) as stranger:
        assert stranger.stdin
        threading.Timer(0.8, stranger.stdin.close).start()
        with warehouse.read_only(replace(settings, lock_wait_seconds=30)) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_reading_before_the_first_load_says_what_to_do(settings: Settings) -> None:
    with pytest.raises(WarehouseError, match="valuegap load"), warehouse.read_only(settings):
        pytest.fail("nothing to read")


def _flip(file: Path, start: int) -> None:
    content = bytearray(file.read_bytes())
    content[start : start + 64] = bytes(byte ^ 0xFF for byte in content[start : start + 64])
    file.write_bytes(content)


@pytest.mark.parametrize("start", [0, 4096, 8192, 12288], ids=["magic", "header", "header copy", "block"])
def test_a_damaged_file_names_the_way_to_rebuild(settings: Settings, start: int) -> None:
    with warehouse.writer(settings) as connection:
        connection.execute("create table ops.big as select range as a from range(200000)")
    _flip(settings.build_file, start)
    with pytest.raises(WarehouseError) as error, warehouse.writer(settings) as connection:
        # A header has a copy: only one of the two is in use, and a damaged spare harms nobody.
        connection.execute("select sum(a) from ops.big").fetchone()
        pytest.skip("the damaged header was the spare one")
    assert "is damaged" in one_line(error)
    assert "valuegap load" in one_line(error)


def test_damage_found_while_reading_is_explained_too(settings: Settings) -> None:
    with warehouse.writer(settings) as connection:
        connection.execute("create table ops.big as select hash(range) as a from range(200000)")
    _flip(settings.build_file, settings.build_file.stat().st_size - 262144 * 2)
    with pytest.raises(WarehouseError, match="is damaged"), warehouse.writer(settings) as connection:
        connection.execute("select sum(a) from ops.big").fetchone()


def test_faults_of_our_own_sql_are_not_dressed_up(settings: Settings) -> None:
    with pytest.raises(duckdb.CatalogException), warehouse.writer(settings) as connection:
        connection.execute("select * from nowhere")


def test_a_place_that_cannot_be_written_is_named(settings: Settings) -> None:
    settings.build_file.parent.write_text("a file where the folder should be")
    with pytest.raises(WarehouseError, match="cannot be written") as error, warehouse.lease(settings):
        pytest.fail("no folder to lock in")
    assert "VALUEGAP_DATA_DIR" in one_line(error)


def test_the_folder_of_raw_data_is_its_owners_alone(settings: Settings) -> None:
    with warehouse.lease(settings):
        assert settings.build_file.parent.stat().st_mode & 0o777 == 0o700


FULL_DISK = """
import sys
from pathlib import Path
from valuegap import warehouse
from valuegap.settings import Settings
try:
    with warehouse.writer(Settings(data_dir=Path(sys.argv[1]), lock_wait_seconds=1)) as connection:
        connection.execute("create table ops.big as select hash(range) as a from range(5000000)")
except warehouse.WarehouseError as error:
    print(error)
with warehouse.writer(Settings(data_dir=Path(sys.argv[1]), lock_wait_seconds=1)) as connection:
    print(connection.execute("select count(*) from duckdb_tables() where table_name = 'big'").fetchone())
"""


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_a_full_disk_is_named_and_leaves_the_warehouse_whole(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=8m tmpfs {tmp_path}"
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or _fails([*alone, mount]):
        pytest.skip("no user namespaces here to mount a small disk in")
    ran = subprocess.run(
        [*alone, f'{mount} && exec "$0" -c "$1" "$2"', sys.executable, FULL_DISK, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    full, left = ran.stdout.splitlines()
    assert "is full" in full
    assert "Free space" in full
    assert left == "(0,)"


def test_every_declared_stream_has_its_table(settings: Settings) -> None:
    with warehouse.writer(settings) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like 'raw\\_%' escape '\\'"
        ).fetchall()
    assert set(tables) == {
        (f"raw_{source.name}", stream.name) for source in DECLARED.values() for stream in source.streams
    }


def columns_of(settings: Settings, schema: str, table: str) -> list[tuple[str, str]]:
    with warehouse.writer(settings) as connection:
        return connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where schema_name = ? and table_name = ? order by column_index",
            [schema, table],
        ).fetchall()


def test_columns_stand_in_the_order_of_the_contract(settings: Settings) -> None:
    assert columns_of(settings, "raw_zendesk", "ticket_events") == [
        ("id", "VARCHAR"),
        ("ticket_id", "VARCHAR"),
        ("occurred_at", "TIMESTAMP"),
        ("updater_id", "VARCHAR"),
        ("child_events", "VARCHAR"),
        ("record", "VARCHAR"),
        ("_as_of_date", "DATE"),
        ("_run_id", "VARCHAR"),
        ("_page", "INTEGER"),
        ("_line", "INTEGER"),
    ]
    assert columns_of(settings, "raw_qualtrics", "responses")[:2] == [
        ("survey_id", "VARCHAR"),
        ("id", "VARCHAR"),
    ]


def declare(monkeypatch: pytest.MonkeyPatch, *fields: Field) -> None:
    source = replace(SOURCES["hubspot"], name="shop", streams=(Stream("orders", fields),))
    monkeypatch.setattr(warehouse, "DECLARED", {"shop": source})


def test_a_field_declared_later_becomes_a_column(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    declare(monkeypatch, Field("id", "$.id"))
    records = ['{"id":"1","amount":"2.50"}', '{"id":"2","amount":"much"}', '{"id":"3"}']
    with warehouse.writer(settings) as connection:
        for line, record in enumerate(records, start=1):
            connection.execute(
                "insert into raw_shop.orders by name select ? as id, ? as record, date '2026-01-31' as _as_of_date,"
                " 'night-2026-01-31' as _run_id, 1 as _page, ? as _line",
                [str(line), record, line],
            )
    declare(monkeypatch, Field("id", "$.id"), Field("amount", "$.amount", FieldType.DECIMAL))
    with warehouse.writer(settings) as connection:
        found = connection.execute("select id, amount from raw_shop.orders order by id").fetchall()
        misfits = connection.execute("select line, column_name, reason from ops.misfits").fetchall()
    assert found == [("1", Decimal("2.5")), ("2", None), ("3", None)], "filled from the record, not left NULL"
    assert [(line, column) for line, column, _ in misfits] == [(2, "amount")]
    assert "'much' is not a decimal" in misfits[0][2]
    assert ("amount", "DECIMAL(18,6)") in columns_of(settings, "raw_shop", "orders")
    assert "amount is new; 1 of 3 rows loaded before have a value, 1 one that does not fit" in caplog.text


def test_the_books_can_be_checked_against_every_raw_table(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, Field("id", "$.id"))
    with warehouse.writer(settings) as connection:
        connection.execute(
            "insert into raw_shop.orders by name select unnest(['1', '1', '2']) as id, 'n' as _run_id"
        )
        found = connection.execute("select * exclude as_of_date from ops.stored_rows").fetchall()
    assert found == [("shop", "orders", "n", 3, 2)]


def test_a_field_declared_anew_with_another_type_asks_for_a_rebuild(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, Field("id", "$.id"))
    with warehouse.writer(settings):
        pass
    declare(monkeypatch, Field("id", "$.id", FieldType.INTEGER))
    with (
        pytest.raises(WarehouseError, match=r"VARCHAR .* declared BIGINT.*valuegap load"),
        warehouse.writer(settings),
    ):
        pytest.fail("a BIGINT into a VARCHAR")


def test_the_session_reads_offsets_the_same_on_every_machine(settings: Settings) -> None:
    with warehouse.writer(settings) as connection:
        assert connection.execute("select current_setting('timezone')").fetchone() == ("UTC",)
