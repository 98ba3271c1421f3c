"""Each exported format, read again by a reader that is not ours, says what the mart says."""

import csv
import json
import sys
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb
import jsonschema
import pantab
import pyarrow.dataset
import pyarrow.parquet
import pytest
import yaml
from tests.publish.oldest_duckdb import ask_oldest_duckdb

from valuegap.errors import PublishError
from valuegap.night import Night
from valuegap.publish import hyper, parquet_files
from valuegap.publish.export import Exported, export
from valuegap.publish.hyper import hyper_type, write_hyper
from valuegap.publish.promote import publish
from valuegap.publish.released import Column, Table
from valuegap.settings import Settings

NIGHT = Night(date(2026, 1, 29))
FORMULAS = (
    "=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20a",  # in full width
    '=HYPERLINK("http://x.example";"y")',
)  # fmt: skip
PLAIN = ("a=b", "", "'quoted'", 'say "hi", then', "two\r\nlines", "äöü 😀", "1e5")
TYPES = """
create table marts.typed as
select
    'k' || range as key, range::integer as i, range as big, range / 3.0 as d, (-range / 4)::decimal(18, 2) as money,
    (range * 1000000007)::decimal(28, 2) as wide, range % 2 = 0 as flag, date '2025-11-15' + range::integer as day,
    timestamp '2026-01-01 00:00:00.5' + to_seconds(range) as seen_at, null::varchar as nothing,
    $as_of::date as as_of_date
from range(100);
insert into marts.mart_column (model, column_name, key_position, is_pii) values ('typed', 'key', 1, false);
"""

COMMENTS = """
select comment from duckdb_tables() where table_name = 'satisfaction_gap' union all
select comment from duckdb_columns() where table_name = 'satisfaction_gap' and column_name = 'gap_score'
"""


def texts(values: tuple[str, ...]) -> str:
    literals = ", ".join(
        f"({place}, '{value.replace(chr(39), chr(39) * 2)}')" for place, value in enumerate(values)
    )
    return f"create table marts.texts as select place, words, -place as below from (values {literals}) t(place, words);"


@pytest.fixture
def exported(settings, build_candidate) -> Exported:
    return all_formats(
        settings, build_candidate, TYPES.replace("$as_of", "'2026-01-29'") + texts(FORMULAS + PLAIN)
    )


def all_formats(settings: Settings, build_candidate, extra: str) -> Exported:
    build_candidate(NIGHT, extra=extra)
    publish(settings, NIGHT)
    return export(replace(settings, exports=("parquet", "csv", "duckdb", "hyper")), NIGHT)


def typed_rows(exported: Exported) -> list[tuple]:
    """Rows of the mart, from the file that is published."""
    published = exported.folder.parents[1] / "published" / "warehouse.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        return connection.execute("from marts.typed order by all").fetchall()


def read_csv(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened, strict=True))


def test_csv_says_what_the_mart_says(exported: Exported) -> None:
    read = [
        (
            row["key"], int(row["i"]), int(row["big"]), float(row["d"]), Decimal(row["money"]), Decimal(row["wide"]),
            row["flag"] == "true", date.fromisoformat(row["day"]), datetime.fromisoformat(row["seen_at"].ljust(23, "0")),
            row["nothing"] or None,
            date.fromisoformat(row["as_of_date"]),
        )
        for row in read_csv(exported.folder / "csv/typed.csv")
    ]  # fmt: skip
    assert read == typed_rows(exported)


def test_no_text_of_a_csv_is_a_formula_and_each_can_be_read_back(exported: Exported) -> None:
    rows = sorted(read_csv(exported.folder / "csv/texts.csv"), key=lambda row: int(row["place"]))
    words = [row["words"] for row in rows]
    assert words == [f"'{text}" for text in FORMULAS] + list(PLAIN)
    assert not [text for text in words if text.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))]


def test_numbers_of_a_csv_stay_numbers(exported: Exported) -> None:
    rows = read_csv(exported.folder / "csv/texts.csv")
    assert [int(row["below"]) for row in rows] == [-int(row["place"]) for row in rows]


def test_csv_keeps_to_rfc_4180(exported: Exported) -> None:
    content = (exported.folder / "csv/typed.csv").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") == 101, "every record ends with CR LF"
    assert b'"say ""hi"", then"' in (exported.folder / "csv/texts.csv").read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf")


def test_parquet_says_what_the_mart_says(exported: Exported) -> None:
    file = exported.folder / "parquet/typed/typed.parquet"
    table = pyarrow.parquet.read_table(file, partitioning=None)
    assert [tuple(row.values()) for row in table.to_pylist()] == typed_rows(exported)
    assert {
        pyarrow.parquet.ParquetFile(file).metadata.row_group(0).column(column).compression
        for column in range(11)
    } == {"ZSTD"}


def test_a_large_mart_is_a_file_a_month(settings, build_candidate, monkeypatch) -> None:
    monkeypatch.setattr(parquet_files, "PARTITIONED_FROM", 99)
    extra = TYPES.replace("$as_of", "'2026-01-29'") + "update marts.typed set day = null where i = 3;"
    exported = all_formats(settings, build_candidate, extra)
    folder = exported.folder / "parquet/typed"
    months = sorted(path.parent.name for path in folder.rglob("*.parquet"))
    assert months == [
        "month=2025-11-01", "month=2025-12-01", "month=2026-01-01", "month=2026-02-01",
        "month=__HIVE_DEFAULT_PARTITION__",
    ]  # fmt: skip
    december = pyarrow.parquet.read_table(folder / "month=2025-12-01/typed.parquet", partitioning=None)
    assert {day.month for day in december.column("day").to_pylist()} == {12}
    dataset = pyarrow.dataset.dataset(folder, partitioning="hive")
    rows = dataset.to_table(columns=[name for name in dataset.schema.names if name != "month"]).to_pylist()
    assert sorted((tuple(row.values()) for row in rows), key=str) == sorted(typed_rows(exported), key=str)
    listed = [file for file in exported.files if file.table == "typed" and file.format == "parquet"]
    assert sum(file.rows for file in listed) == 100
    assert (exported.folder / "parquet/dim_customer/dim_customer.parquet").exists(), (
        "it has no date of its own"
    )


@pytest.mark.parametrize(
    ("dated", "expected"),
    [
        ([("as_of_date", "DATE")], None),
        ([("created_at", "TIMESTAMP"), ("closed_at", "TIMESTAMP"), ("as_of_date", "DATE")], "created_at"),
        ([("first_day", "DATE"), ("period_start", "DATE"), ("period_end", "DATE")], "period_start"),
    ],
    ids=["as_of_date is in every row", "first date", "period before any other date"],
)
def test_the_month_is_of_the_period_or_of_the_first_date(dated, expected) -> None:
    columns = tuple(Column(name, type_, None) for name, type_ in dated)
    found = parquet_files.partition_column(Table("a", None, columns))
    assert (found.name if found else None) == expected


def test_hyper_says_what_the_mart_says(exported: Exported) -> None:
    frames = pantab.frames_from_hyper(exported.folder / "hyper/valuegap.hyper", return_type="pyarrow")
    assert {table for _, table in frames} == {table.table for table in exported.tables}
    for table in exported.tables:
        assert frames["marts", table.table].num_rows == table.rows
    typed = frames["marts", "typed"]
    rows = sorted(tuple(row.values()) for row in typed.to_pylist())
    expected = [(*row[:5], float(row[5]), *row[6:]) for row in typed_rows(exported)]
    assert rows == expected
    assert [str(field.type) for field in typed.schema] == [
        "large_string", "int32", "int64", "double", "decimal128(18, 2)", "double", "bool", "date32[day]",
        "timestamp[us]", "large_string", "date32[day]",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("DECIMAL(18,2)", "DECIMAL(18,2)"),
        ("DECIMAL(28,2)", "DOUBLE"),
        ("UINTEGER", "BIGINT"),
        ("HUGEINT", "DOUBLE"),
        ("VARCHAR[]", "VARCHAR"),
        ("TIMESTAMP", "TIMESTAMP"),
    ],
)
def test_what_tableau_has_no_type_for_becomes_one_that_it_has(type_: str, expected: str, tmp_path) -> None:
    assert hyper_type(type_) == expected
    value = "[1]" if type_.endswith("[]") else "timestamp '2026-01-01'" if type_ == "TIMESTAMP" else "1"
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as released; create schema released.marts;"
            f"create table released.marts.a as select {value}::{type_} as x"
        )
        write_hyper(connection, [(Table("a", None, (Column("x", type_, None),)), 1)], tmp_path / "a.hyper")
    assert (
        pantab.frame_from_hyper(tmp_path / "a.hyper", table=("marts", "a"), return_type="pyarrow").num_rows
        == 1
    )


def test_rows_that_hyper_did_not_get_are_missed(tmp_path) -> None:
    """The library ends a table without a word when reading fails."""
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as released; create schema released.marts;"
            "create view released.marts.a as select case when range > 250000 then error('disk')::bigint else range end"
            " as x from range(300000)"
        )
        with pytest.raises(PublishError, match="did not get all rows of a"):
            write_hyper(
                connection,
                [(Table("a", None, (Column("x", "BIGINT", None),)), 300_000)],
                tmp_path / "a.hyper",
            )


def test_hyper_without_its_library_says_what_to_install(settings, build_candidate, monkeypatch) -> None:
    build_candidate(NIGHT)
    publish(settings, NIGHT)
    monkeypatch.setitem(sys.modules, "pantab", None)
    with pytest.raises(PublishError, match="library for it is not installed") as error:
        export(replace(settings, exports=("hyper",)), NIGHT)
    assert "valuegap[serving]" in str(error.value)


def test_an_extract_is_written_in_batches(exported: Exported, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(hyper, "BATCH_ROWS", 7)
    with duckdb.connect() as connection:
        connection.execute(
            "attach ':memory:' as released; create schema released.marts;"
            "create table released.marts.a as from range(5000) t(x)"
        )
        handed_over: dict[str, int] = {}
        reader = hyper._reader(connection, Table("a", None, (Column("x", "BIGINT", None),)), handed_over)
        assert reader.read_next_batch().num_rows < 5000
        assert handed_over == {}


def test_the_duckdb_file_is_the_marts_with_comments_for_clients_from_1_1_on(exported: Exported) -> None:
    file = exported.folder / "duckdb/valuegap.duckdb"
    assert file.stat().st_mode & 0o222 == 0
    rows = ask_oldest_duckdb(file, "from marts.typed order by all")
    assert rows == [ascii(row) for row in typed_rows(exported)]
    assert ask_oldest_duckdb(file, COMMENTS) == [
        ascii(("One row per attribute.",)),
        ascii(("Delivered − expected, points of 100.",)),
    ]


def contract_of(exported: Exported, mart: str) -> dict:
    return yaml.safe_load((exported.folder / f"contracts/{mart}.odcs.yaml").read_text(encoding="utf-8"))


def test_every_contract_is_valid_by_the_schema_of_the_standard(exported: Exported) -> None:
    schema = json.loads(
        files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    )
    validator = jsonschema.Draft201909Validator(schema)
    for table in exported.tables:
        assert [error.message for error in validator.iter_errors(contract_of(exported, table.table))] == []
    broken = contract_of(exported, "satisfaction_gap")
    broken["schema"][0]["properties"][0]["logicalType"] = "varchar"
    assert list(validator.iter_errors(broken)), "the schema is one that refuses"


def test_a_contract_says_key_types_checks_and_night(exported: Exported) -> None:
    contract = contract_of(exported, "satisfaction_gap")
    assert (contract["apiVersion"], contract["kind"], contract["version"]) == (
        "v3.1.0",
        "DataContract",
        "0.1.0",
    )
    assert {"property": "asOfDate", "value": "2026-01-29"} in contract["customProperties"]
    (mart,) = contract["schema"]
    assert (mart["physicalName"], mart["dataGranularityDescription"]) == (
        "marts.satisfaction_gap",
        "One row per attribute.",
    )
    assert mart["quality"] == [
        {
            "name": "gaps_have_a_key", "type": "custom", "engine": "dbt",
            "implementation": {"is_key": {"columns": ["attribute_code"]}}, "severity": "error",
        }
    ]  # fmt: skip
    properties = {entry["name"]: entry for entry in mart["properties"]}
    assert [name for name, entry in properties.items() if entry.get("primaryKey")] == ["attribute_code"]
    assert properties["gap_score"] == {
        "name": "gap_score", "logicalType": "number", "physicalType": "DOUBLE",
        "description": "Delivered − expected, points of 100.", "required": False, "classification": "internal",
        "customProperties": [{"property": "emptyWhenNotReportable", "value": True}],
        "quality": [
            {
                "name": "gaps_are_small", "type": "custom", "engine": "dbt",
                "implementation": {"accepted_range": {"max": 100}}, "severity": "warning",
            }
        ],
    }  # fmt: skip
    assert "too few customers" in contract["description"]["limitations"]


def test_a_contract_classifies_personal_columns_and_says_that_files_lack_them(
    settings, build_candidate
) -> None:
    exported = all_formats(
        settings,
        build_candidate,
        "create table marts.people as select 'k' as contact_key, 'Jane' as name, date '2026-01-29' as as_of_date;"
        "insert into marts.mart_column (model, column_name, is_pii) values ('people', 'name', true);",
    )
    contract = contract_of(exported, "people")
    properties = {entry["name"]: entry for entry in contract["schema"][0]["properties"]}
    assert {name: entry["classification"] for name, entry in properties.items()} == {
        "contact_key": "internal",
        "name": "restricted",
        "as_of_date": "internal",
    }
    assert "exported files leave them out" in contract["description"]["limitations"]
