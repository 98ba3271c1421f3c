"""Landed lines become typed rows or lines of quarantine; nothing is lost, nothing is rounded."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from valuegap import landing as landing_module
from valuegap import loading, warehouse
from valuegap.errors import LandingError, LoadError
from valuegap.landing import Landing, Manifest
from valuegap.loading import LoadedStream, cursors, load_source
from valuegap.night import Night
from valuegap.publish.checksum import schema_hashes
from valuegap.raw_values import quoted
from valuegap.settings import Settings
from valuegap.sources.registry import SOURCES
from valuegap.sources.stream import Field, FieldType, Page, Pager, Stream

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
FIRST, SECOND, THIRD = (Night(date(2026, 1, day)) for day in (29, 30, 31))

ORDERS = Stream(
    "orders",
    fields=(
        Field("id", "$.id", required=True),
        Field("name", "$.attributes.name"),
        Field("pieces", "$.attributes.pieces", FieldType.INTEGER),
        Field("amount", "$.attributes.amount", FieldType.DECIMAL),
        Field("is_paid", "$.attributes.paid", FieldType.BOOLEAN),
        Field("ordered_at", "$.attributes.ordered", FieldType.TIMESTAMP),
        Field("generated_at", "$.generated", FieldType.EPOCH_SECONDS),
        Field("tags", "$.tags", FieldType.JSON),
    ),
)
ANSWERS = Stream(
    "answers",
    fields=(Field("id", "$.id", required=True),),
    record_id=("survey_id", "id"),
    context=("survey_id",),
)
SHOP = replace(SOURCES["hubspot"], name="shop", streams=(ORDERS, ANSWERS))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, threads=1, memory_limit="500MB", lock_wait_seconds=1)


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vendor of ours, so that every type of field is loaded whatever the real ones declare."""
    monkeypatch.setattr(warehouse, "DECLARED", {"shop": SHOP})


def land(  # noqa: PLR0913 - each is a part of a landed run
    settings: Settings,
    records: Sequence[bytes | str],
    *,
    night: Night = FIRST,
    stream: str = "orders",
    cursor: str | None = "c1",
    context: Mapping[str, str] | None = None,
) -> Manifest:
    lines = tuple(record if isinstance(record, bytes) else record.encode() for record in records)
    pages: list[Page | str] = [Page(lines, {"path": "/x"}, context or {})]
    pager = Pager(iter([*pages, cursor] if cursor else pages))
    return Landing(settings.landing_dir).write_stream("shop", stream, night, pager)


def order(attributes: str = "{}", identity: str = '"1"', generated: str = "1769000000") -> str:
    return f'{{"id":{identity},"attributes":{attributes},"generated":{generated}}}'


def utc(text: str) -> datetime:
    """A time as raw tables hold it: naive, in UTC."""
    return datetime.fromisoformat(text)


def query(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with warehouse.read_only(settings) as connection:
        return connection.execute(sql).fetchall()


def loaded(settings: Settings, columns: str = "*") -> list[tuple[Any, ...]]:
    return query(settings, f"select {columns} from raw_shop.orders order by _as_of_date, _page, _line")


def reasons(settings: Settings) -> list[str]:
    return [reason for (reason,) in query(settings, "select reason from ops.quarantine order by page, line")]


def content(settings: Settings) -> dict[str, str]:
    with warehouse.read_only(settings) as connection:
        return {
            f"{schema}.{table}": digest
            for schema in ("raw_shop", "ops")
            for table, digest in schema_hashes(connection, schema).items()
        }


FITTING = [
    ("name", "name", '"Zoë"', "Zoë"),
    ("name", "name", '""', ""),
    ("name", "name", "12345678901234567890123", "12345678901234567890123"),
    ("name", "name", '"a\\u0000b"', "a\x00b"),
    ("name", "name", "\"'; drop table raw_shop.orders; --\"", "'; drop table raw_shop.orders; --"),
    ("name", "name", "\"{{ env_var('HOME') }}\"", "{{ env_var('HOME') }}"),
    ("pieces", "pieces", "7", 7),
    ("pieces", "pieces", '"7"', 7),
    ("pieces", "pieces", '"-7"', -7),
    ("pieces", "pieces", '"7.0"', 7),
    ("pieces", "pieces", "7.0", 7),
    ("pieces", "pieces", "9223372036854775807", 9223372036854775807),
    ("pieces", "pieces", '"1.6147805824397E13"', 16147805824397),
    ("amount", "amount", '"1.23456789E7"', Decimal("12345678.9")),
    ("amount", "amount", '"-1.2E7"', Decimal(-12000000)),
    ("amount", "amount", '"12.50"', Decimal("12.5")),
    ("amount", "amount", "12.5", Decimal("12.5")),
    ("amount", "amount", "-0.1", Decimal("-0.1")),
    ("amount", "amount", "1e-05", Decimal("0.00001")),
    ("amount", "amount", '"1.5000000000"', Decimal("1.5")),
    ("amount", "amount", '"999999999999.999999"', Decimal("999999999999.999999")),
    ("paid", "is_paid", "true", True),
    ("paid", "is_paid", '"FALSE"', False),
    ("paid", "is_paid", "1", True),
    ("paid", "is_paid", '"0"', False),
    ("ordered", "ordered_at", '"2026-01-31T10:00:00Z"', utc("2026-01-31 10:00:00")),
    ("ordered", "ordered_at", '"2026-01-31T10:00:00.123+02:00"', utc("2026-01-31 08:00:00.123000")),
    ("ordered", "ordered_at", '"2026-01-31T10:00:00.000+0000"', utc("2026-01-31 10:00:00")),
    ("ordered", "ordered_at", '"2026-01-31T10:00:00-0330"', utc("2026-01-31 13:30:00")),
    ("ordered", "ordered_at", '"2026-01-31 10:00:00"', utc("2026-01-31 10:00:00")),
    ("ordered", "ordered_at", '"2026-01-31"', utc("2026-01-31 00:00:00")),
    ("ordered", "ordered_at", '"2024-02-29T23:59:59.999999Z"', utc("2024-02-29 23:59:59.999999")),
    ("ordered", "ordered_at", "1769853600123", utc("2026-01-31 10:00:00.123000")),
    ("ordered", "ordered_at", '"1769853600123"', utc("2026-01-31 10:00:00.123000")),
    ("ordered", "ordered_at", '"1970-01-01T00:00:00Z"', utc("1970-01-01 00:00:00")),
    ("ordered", "ordered_at", '"9999-12-31T23:59:59Z"', utc("9999-12-31 23:59:59")),
    *[
        (key, column, unset, None)
        for key, column in (("pieces", "pieces"), ("amount", "amount"), ("paid", "is_paid"), ("ordered", "ordered_at"))
        for unset in ('""', "null")
    ],
    ("name", "name", "null", None),
]  # fmt: skip


@pytest.mark.parametrize(("key", "column", "sent", "expected"), FITTING)
def test_a_value_that_fits_is_typed(
    settings: Settings, key: str, column: str, sent: str, expected: object
) -> None:
    land(settings, [order(f'{{"{key}":{sent}}}')])
    load_source(settings, SHOP, FIRST)
    assert reasons(settings) == []
    assert loaded(settings, column) == [(expected,)]


MISFITS = [
    ("name", '{"first":"Zoë"}', "name: an object is not text"),
    ("name", '["Zoë"]', "name: an array is not text"),
    ("pieces", '"1.7"', "pieces: '1.7' is not a whole number of 64 bits"),
    ("pieces", "1.7", "pieces: '1.7' is not a whole number of 64 bits"),
    ("pieces", '"0x1F"', "pieces: '0x1F' is not"),
    ("pieces", '"1_000"', "pieces: '1_000' is not"),
    ("pieces", '" 5"', "pieces: ' 5' is not"),
    ("pieces", "9223372036854775808", "pieces: '9223372036854775808' is not"),
    ("pieces", "true", "pieces: 'true' is not"),
    ("pieces", "[7]", "pieces: an array is not"),
    ("pieces", '"1\\n\\u001b[31m2"', "pieces: '1  [31m2' is not"),
    ("pieces", '"many"', "pieces: 'many' is not"),
    ("amount", '"1.1234567"', "amount: '1.1234567' is not a decimal"),
    ("amount", "0.30000000000000004", "amount: '0.30000000000000004' is not"),
    ("amount", '"1000000000000"', "amount: '1000000000000' is not"),
    ("amount", "123456789012.345678", "amount: '123456789012.345"),
    ("amount", '"1.23456789E1"', "amount: '1.23456789E1' is not"),
    ("amount", '"1.0E13"', "amount: '1.0E13' is not"),
    ("pieces", '"1.25E1"', "pieces: '1.25E1' is not"),
    ("pieces", '"1.0E19"', "pieces: '1.0E19' is not"),
    ("amount", '"NaN"', "amount: 'NaN' is not"),
    ("amount", '"Infinity"', "amount: 'Infinity' is not"),
    ("amount", '"1,5"', "amount: '1,5' is not"),
    ("amount", '"."', "amount: '.' is not"),
    ("paid", "2", "is_paid: '2' is not true, false, 1 or 0"),
    ("paid", '"yes"', "is_paid: 'yes' is not"),
    ("ordered", '"yesterday"', "ordered_at: 'yesterday' is not an ISO 8601 time"),
    ("ordered", '"infinity"', "ordered_at: 'infinity' is not"),
    ("ordered", '"2026-02-30T10:00:00Z"', "ordered_at: '2026-02-30T10:00:00Z' is not"),
    ("ordered", '"2026-01-31T10:00:00.1234567Z"', "ordered_at: '2026-01-31T10:00:00.1234567Z' is not"),
    ("ordered", '"31/01/2026"', "ordered_at: '31/01/2026' is not"),
    ("ordered", '"2026-01-31T10:00:00 Europe/Berlin"', "ordered_at: '2026-01-31T10:00:00 Europe"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "sent", "reason"), MISFITS)
def test_a_value_that_does_not_fit_is_quarantined_with_its_reason(
    settings: Settings, key: str, sent: str, reason: str
) -> None:
    record = order(f'{{"{key}":{sent}}}')
    land(settings, [record])
    (result,) = load_source(settings, SHOP, FIRST)
    assert (result.landed_rows, result.loaded_rows, result.quarantined_rows) == (1, 0, 1)
    (found,) = reasons(settings)
    assert found.startswith(reason)
    assert query(settings, "select record from ops.quarantine") == [(record,)]


def test_epoch_seconds_are_whole_and_utc(settings: Settings) -> None:
    land(
        settings, [order(generated=sent) for sent in ("1769853600", '"1769853600"', "1769853600.5", '"soon"')]
    )
    load_source(settings, SHOP, FIRST)
    assert loaded(settings, "generated_at") == [(utc("2026-01-31 10:00:00"),)] * 2
    assert reasons(settings) == [
        "generated_at: '1769853600.5' is not whole epoch seconds",
        "generated_at: 'soon' is not whole epoch seconds",
    ]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ('["a", {"b": 1}]', ["a", {"b": 1}]),
        ('"plain text"', "plain text"),
        ("[12345678901234567890]", [12345678901234567890]),
        ("[]", []),
    ],
)
def test_nested_values_are_kept_as_json(settings: Settings, sent: str, expected: object) -> None:
    land(settings, [f'{{"id":"1","tags":{sent}}}'])
    load_source(settings, SHOP, FIRST)
    ((tags,),) = loaded(settings, "tags")
    assert json.loads(tags) == expected


@pytest.mark.parametrize("identity", ["null", '""'])
def test_a_required_field_that_is_missing_is_named(settings: Settings, identity: str) -> None:
    land(settings, [order(identity=identity), '{"attributes":{}}'])
    load_source(settings, SHOP, FIRST)
    assert reasons(settings) == ["id: missing", "id: missing"]


def test_all_that_is_wrong_with_a_line_is_said(settings: Settings) -> None:
    land(settings, ['{"attributes":{"pieces":"1.7","paid":"perhaps"}}'])
    load_source(settings, SHOP, FIRST)
    assert reasons(settings) == [
        "id: missing; pieces: '1.7' is not a whole number of 64 bits; is_paid: 'perhaps' is not true, false, 1 or 0"
    ]


NOT_JSON = {
    "cut": '{"id":"1","attrib',
    "nan": '{"id":"1","x":NaN}',
    "infinity": '{"id":"1","x":-Infinity}',
    "overflow": '{"id":"1","x":1e400}',
    "trailing comma": '{"id":"1",}',
    "lone surrogate": '{"id":"1","x":"\\ud800"}',
    "byte order mark": '\ufeff{"id":"1"}',
    "equal keys": '{"id":"1","id":"2"}',
    "equal keys inside": '{"id":"1","x":{"a":[{"b":1,"b":2}]}}',
    "deep": '{"id":"1","x":' + "[" * 10_000 + "]" * 10_000 + "}",
    "raw control character": '{"id":"1","x":"a\x00b"}',
    "two records": '{"id":"1"}{"id":"2"}',
    "empty": "",
    "array": '["id"]',
    "text": '"id"',
    "null": "null",
}


@pytest.mark.parametrize("line", NOT_JSON.values(), ids=NOT_JSON)
def test_a_line_that_is_no_json_object_is_kept_and_the_page_survives(settings: Settings, line: str) -> None:
    land(settings, [order(), line, order(identity='"3"')])
    (result,) = load_source(settings, SHOP, FIRST)
    assert (result.loaded_rows, result.quarantined_rows) == (2, 1)
    assert loaded(settings, "id, _page, _line") == [("1", 1, 1), ("3", 1, 3)]
    ((page, number, reason, record),) = query(
        settings, "select page, line, reason, record from ops.quarantine"
    )
    assert (page, number, record) == (1, 2, line)
    assert reason.startswith("not ")


def test_bytes_that_are_no_utf8_are_kept_readably(settings: Settings) -> None:
    land(settings, [b'{"id":"1","name":"Zo\xeb"}', order()])
    load_source(settings, SHOP, FIRST)
    assert query(settings, "select line, reason, record from ops.quarantine") == [
        (1, "not UTF-8 text: byte 21", '{"id":"1","name":"Zo\\xeb"}')
    ]
    assert len(loaded(settings)) == 1


def test_a_page_of_nothing_but_bad_lines_is_loaded(settings: Settings) -> None:
    land(settings, ["x", "y"])
    assert load_source(settings, SHOP, FIRST) == (LoadedStream("shop", "orders", FIRST.run_id, 2, 0, 2),)


def test_a_long_value_is_cut_in_the_reason_and_whole_in_quarantine(settings: Settings) -> None:
    long = "9" * 100_000 + "x"
    land(settings, [order(f'{{"pieces":"{long}"}}')])
    load_source(settings, SHOP, FIRST)
    assert len(reasons(settings)[0]) < 100
    assert query(settings, "select length(record) > 100000 from ops.quarantine") == [(True,)]


def test_a_row_says_where_it_was_landed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_module, "RECORDS_PER_FILE", 1)
    first, second = order(), order(identity='"2"')
    pages = (Page((record.encode(),), {}) for record in (first, second))
    Landing(settings.landing_dir).write_stream("shop", "orders", FIRST, Pager(pages))
    load_source(settings, SHOP, FIRST)
    assert loaded(settings, "record, _as_of_date, _run_id, _page, _line") == [
        (first, FIRST.as_of_date, FIRST.run_id, 1, 1),
        (second, FIRST.as_of_date, FIRST.run_id, 2, 1),
    ]


def test_context_of_the_page_becomes_columns(settings: Settings) -> None:
    land(settings, ['{"id":"1"}'], stream="answers", context={"survey_id": "SV_1"})
    load_source(settings, SHOP, FIRST)
    assert query(settings, "select survey_id, id from raw_shop.answers") == [("SV_1", "1")]


def test_a_page_without_its_context_is_refused(settings: Settings) -> None:
    land(settings, ['{"id":"1"}'], stream="answers")
    with pytest.raises(LoadError, match="does not say the survey_id"):
        load_source(settings, SHOP, FIRST)


def test_loading_again_changes_nothing(settings: Settings) -> None:
    land(settings, [order(), "x"])
    assert len(load_source(settings, SHOP, FIRST)) == 1
    before = content(settings)
    assert load_source(settings, SHOP, FIRST) == ()
    assert content(settings) == before
    assert len(loaded(settings)) == 1


def test_every_version_of_a_record_is_a_row(settings: Settings) -> None:
    land(settings, [order()], night=FIRST)
    load_source(settings, SHOP, FIRST)
    land(settings, [order('{"name":"new"}')], night=SECOND)
    load_source(settings, SHOP, SECOND)
    assert loaded(settings, "id, name, _as_of_date") == [
        ("1", None, FIRST.as_of_date),
        ("1", "new", SECOND.as_of_date),
    ]


def test_a_night_loads_nothing_of_later_nights(settings: Settings) -> None:
    for night in (FIRST, SECOND, THIRD):
        land(settings, [order()], night=night)
    assert [stream.run_id for stream in load_source(settings, SHOP, SECOND)] == [FIRST.run_id, SECOND.run_id]
    assert [stream.run_id for stream in load_source(settings, SHOP, THIRD)] == [THIRD.run_id]


def test_nights_loaded_out_of_order_end_in_the_same_tables(settings: Settings, tmp_path: Path) -> None:
    in_order = Settings(data_dir=tmp_path / "in_order", lock_wait_seconds=1)
    land(settings, [order()], night=FIRST)
    late = land(settings, [order(), "x"], night=SECOND).folder
    land(settings, [order()], night=THIRD)
    shutil.copytree(settings.landing_dir, in_order.landing_dir)
    hidden = late.rename(tmp_path / "late")
    load_source(settings, SHOP, THIRD)
    hidden.rename(late)
    load_source(settings, SHOP, SECOND)
    load_source(in_order, SHOP, THIRD)
    assert content(settings) == content(in_order)


def test_an_empty_run_is_a_load_of_no_rows(settings: Settings) -> None:
    Landing(settings.landing_dir).write_stream("shop", "orders", FIRST, Pager(iter(["c1"])))
    assert load_source(settings, SHOP, FIRST) == (LoadedStream("shop", "orders", FIRST.run_id, 0, 0, 0),)
    assert cursors(settings, SHOP) == {"orders": "c1"}


def test_a_folder_without_manifest_does_not_exist(settings: Settings) -> None:
    manifest = land(settings, [order()])
    (manifest.folder / "manifest.json").unlink()
    assert load_source(settings, SHOP, FIRST) == ()


def test_the_cursor_is_the_last_loaded_nights(settings: Settings) -> None:
    assert cursors(settings, SHOP) == {}
    land(settings, [order()], night=FIRST, cursor="c1")
    land(settings, [order()], night=SECOND, cursor="c2")
    land(settings, [order()], night=THIRD, cursor="c3")
    load_source(settings, SHOP, SECOND)
    assert cursors(settings, SHOP) == {"orders": "c2"}
    load_source(settings, SHOP, THIRD)
    assert cursors(settings, SHOP) == {"orders": "c3"}
    assert cursors(settings, SHOP, THIRD) == {"orders": "c2"}
    assert cursors(settings, SHOP, FIRST) == {}


def test_a_run_that_gave_no_cursor_leaves_the_one_before(settings: Settings) -> None:
    land(settings, ['{"id":"1"}'], stream="answers", context={"survey_id": "SV_1"}, cursor=None)
    land(settings, [order()], night=FIRST, cursor="c1")
    land(settings, [order()], night=SECOND, cursor=None)
    load_source(settings, SHOP, SECOND)
    assert cursors(settings, SHOP) == {"orders": "c1"}


def test_the_load_is_recorded_with_its_counts(settings: Settings) -> None:
    manifest = land(settings, [order(), "x"])
    load_source(settings, SHOP, FIRST)
    assert query(settings, "from ops.loads") == [
        ("shop", "orders", FIRST.run_id, FIRST.as_of_date, 2, 1, 1, "c1", manifest.sha256, None)
    ]


def test_the_note_of_a_run_is_recorded(settings: Settings) -> None:
    Landing(settings.landing_dir).write_stream(
        "shop", "orders", FIRST, Pager(iter([])), note="not on this plan"
    )
    load_source(settings, SHOP, FIRST)
    assert query(settings, "select landed_rows, note from ops.loads") == [(0, "not on this plan")]


def with_custom(*fields: Field) -> Any:
    custom = tuple(replace(field, is_custom=True) for field in fields)
    return replace(SHOP, streams=(replace(ORDERS, fields=(*ORDERS.fields, *custom)), ANSWERS))


RISK = Field("custom_risk", "$.attributes.risk", FieldType.INTEGER)
CAUSE = Field("custom_cause", "$.more[id=12]")
CUSTOM_RECORDS = (
    '{"id":"1","attributes":{"risk":"3"},"more":[{"id":11,"value":"x"},{"id":12,"value":"late"}]}',
    '{"id":"2","attributes":{"risk":"high"},"more":[{"id":"12","value":{"a":1}}]}',
    '{"id":"3","attributes":{},"more":[]}',
    "x",
)


def test_a_custom_value_that_does_not_fit_is_counted_and_its_record_stays(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = with_custom(RISK, CAUSE)
    monkeypatch.setattr(warehouse, "DECLARED", {"shop": shop})
    land(settings, CUSTOM_RECORDS)
    load_source(settings, shop, FIRST)
    assert loaded(settings, "id, custom_risk, custom_cause") == [
        ("1", 3, "late"),
        ("2", None, None),
        ("3", None, None),
    ]
    assert query(settings, "select page, line, column_name, reason from ops.misfits order by all") == [
        (1, 2, "custom_cause", "custom_cause: an object is not text"),
        (1, 2, "custom_risk", "custom_risk: 'high' is not a whole number of 64 bits"),
    ]


def test_a_custom_field_declared_later_ends_in_the_same_tables(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = with_custom(RISK, CAUSE)
    from_the_start = Settings(data_dir=tmp_path / "from_the_start", lock_wait_seconds=1)
    land(settings, CUSTOM_RECORDS)
    shutil.copytree(settings.landing_dir, from_the_start.landing_dir)
    load_source(settings, SHOP, FIRST)
    monkeypatch.setattr(warehouse, "DECLARED", {"shop": shop})
    land(settings, CUSTOM_RECORDS, night=SECOND)
    land(from_the_start, CUSTOM_RECORDS, night=SECOND)
    for either in (settings, from_the_start):
        load_source(either, shop, SECOND)
    for sql in (
        "select id, custom_risk, custom_cause, _as_of_date from raw_shop.orders order by all",
        "from ops.misfits order by all",
    ):
        assert query(settings, sql) == query(from_the_start, sql) != []


def test_a_damaged_page_loads_nothing_of_its_run(settings: Settings) -> None:
    land(settings, [order()], night=FIRST)
    damaged = land(settings, [order(), order()], night=SECOND)
    page = damaged.folder / damaged.pages[0].file
    content_ = bytearray(page.read_bytes())
    content_[20] ^= 1
    page.write_bytes(content_)
    with pytest.raises(LandingError):
        load_source(settings, SHOP, SECOND)
    assert loaded(settings, "_run_id") == [(FIRST.run_id,)]
    assert query(settings, "select run_id from ops.loads") == [(FIRST.run_id,)]


def test_a_loss_on_the_way_stops_the_load(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    land(settings, [order(), order()])
    real = loading.typed_page
    monkeypatch.setattr(loading, "typed_page", lambda stream: f"{real(stream)} limit 1")
    with pytest.raises(LoadError, match="2 landed, 1 loaded, 0 quarantined"):
        load_source(settings, SHOP, FIRST)
    assert loaded(settings) == []


def test_a_run_landed_anew_after_its_load_is_refused(settings: Settings) -> None:
    manifest = land(settings, [order()])
    load_source(settings, SHOP, FIRST)
    shutil.rmtree(manifest.folder)
    land(settings, [order(), order(identity='"2"')])
    with pytest.raises(LoadError, match="landed anew"):
        load_source(settings, SHOP, FIRST)


def test_a_deleted_warehouse_is_rebuilt_the_same_from_landing(settings: Settings) -> None:
    for night in (FIRST, SECOND, THIRD):
        land(settings, [order('{"amount":"1.10"}'), "x", order('{"pieces":"1.7"}')], night=night)
        land(settings, ['{"id":"1"}'], night=night, stream="answers", context={"survey_id": "SV_1"})
        load_source(settings, SHOP, night)
    before = content(settings)
    settings.build_file.unlink()
    load_source(settings, SHOP, THIRD)
    assert content(settings) == before
    assert {"raw_shop.answers", "raw_shop.orders", "ops.field_census", "ops.loads", "ops.quarantine"} < set(
        before
    )


KILLED_LOAD = """
import os, signal, sys
from datetime import date
from pathlib import Path
sys.path.insert(0, sys.argv[3])
import test_loading
from valuegap import loading, warehouse
from valuegap.settings import Settings

def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_on_call(last, real, calls=[]):
    def called(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) if len(calls) < last else kill()
    return called

warehouse.DECLARED = {"shop": test_loading.SHOP}
where = sys.argv[2]
if where == "between pages":
    loading._frame = kill_on_call(3, loading._frame)
elif where == "before the quarantine":
    loading._insert_quarantine = kill
elif where == "before the ledger":
    loading._insert_load = kill
elif where == "after the commit":
    loading.LoadedStream = kill
elif where == "second run":
    loading._load_run = kill_on_call(2, loading._load_run)
loading.load_source(Settings(data_dir=Path(sys.argv[1]), threads=1), test_loading.SHOP, test_loading.SECOND)
"""


@pytest.mark.parametrize(
    "where",
    ["between pages", "before the quarantine", "before the ledger", "after the commit", "second run"],
)
def test_a_killed_load_run_again_ends_in_the_same_tables(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(landing_module, "RECORDS_PER_FILE", 100)
    for night in (FIRST, SECOND):
        pages = (
            Page(
                (*(order(identity=f'"{number}"').encode() for number in range(start, start + 100)), b"x"),
                {},
            )
            for start in (0, 100, 200)
        )
        Landing(settings.landing_dir).write_stream("shop", "orders", night, Pager(pages))
    undisturbed = Settings(data_dir=tmp_path / "undisturbed", lock_wait_seconds=1)
    shutil.copytree(settings.landing_dir, undisturbed.landing_dir)
    load_source(undisturbed, SHOP, SECOND)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED_LOAD, str(settings.data_dir), where, str(Path(__file__).parent)],
        env={**os.environ, "PYTHONPATH": str(PLUGINS)}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    load_source(settings, SHOP, SECOND)
    assert content(settings) == content(undisturbed)


def test_real_streams_generate_sql_that_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "DECLARED", SOURCES)
    for source in SOURCES.values():
        for stream in source.streams:
            context = dict.fromkeys(stream.context, "SV_1")
            page = Page((b"{}",), {}, context)
            Landing(settings.landing_dir).write_stream(source.name, stream.name, FIRST, Pager(iter([page])))
        results = load_source(settings, source, FIRST)
        assert [result.quarantined_rows for result in results] == [1] * len(source.streams)


def test_hostile_column_names_are_only_names() -> None:
    assert quoted('x" from y; drop') == '"x"" from y; drop"'
