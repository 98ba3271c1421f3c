"""A table's hash is its rows, exactly, whatever their order."""

from pathlib import Path

import duckdb
import pytest

from valuegap.errors import ValuegapError
from valuegap.publish.checksum import table_hashes

BASE = "select * from (values (1, 'a', 0.5::double), (2, null, 1.5), (2, null, 1.5)) t(k, v, x)"


def hash_of(tmp_path: Path, select: str) -> str:
    file = tmp_path / "content.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create schema marts; create table marts.t as {select}")
    return table_hashes(file)["t"]


SAME = {
    "other order of rows": f"select * from ({BASE}) order by k desc",
    "other order of columns": f"select x, v, k from ({BASE})",
    "another run": f"select *, 'night-1' as run_id, 'c' as config_hash, 'i' as input_hash from ({BASE})",
}
DIFFERENT = {
    "a row less": f"select distinct * from ({BASE})",
    "a pair of rows less": f"select * from ({BASE}) where k = 1",
    "another pair of rows": f"select case k when 2 then 3 else k end as k, v, x from ({BASE})",
    "text null for null": f"select k, coalesce(v, 'null') as v, x from ({BASE})",
    "empty text for null": f"select k, coalesce(v, '') as v, x from ({BASE})",
    "last bit of a double": f"select k, v, nextafter(x, 9::double) as x from ({BASE})",
    "negative zero": f"select k, v, x * -0.0 as x from ({BASE})",
    "other type": f"select k::bigint as k, v, x from ({BASE})",
    "other name": f"select k as kk, v, x from ({BASE})",
    "values swapped between rows": "select * from (values (2, 'a', 0.5::double), (1, null, 1.5), (2, null, 1.5)) t(k, v, x)",
}  # fmt: skip


@pytest.mark.parametrize("select", SAME.values(), ids=SAME)
def test_same_content_has_the_same_hash(tmp_path: Path, select: str) -> None:
    assert hash_of(tmp_path, select) == hash_of(tmp_path, BASE)


@pytest.mark.parametrize("select", DIFFERENT.values(), ids=DIFFERENT)
def test_other_content_has_another_hash(tmp_path: Path, select: str) -> None:
    assert hash_of(tmp_path, select) != hash_of(tmp_path, BASE)


def test_zero_and_negative_zero_differ(tmp_path: Path) -> None:
    assert hash_of(tmp_path, "select 0.0::double as x") != hash_of(tmp_path, "select -0.0::double as x")


def test_a_link_is_followed_and_other_schemas_are_left_out(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "content.duckdb")) as connection:
        connection.execute(
            "create schema marts; create table marts.t as select 1 as a; create table x as from marts.t"
        )
    (tmp_path / "link.duckdb").symlink_to("content.duckdb")
    assert set(table_hashes(tmp_path / "link.duckdb")) == {"t"}


def test_a_file_that_is_no_warehouse_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_bytes(b"no warehouse" * 1000)
    with pytest.raises(ValuegapError, match="damaged"):
        table_hashes(tmp_path / "x.duckdb")
