"""The SQL page's process: it answers questions about the marts, and nothing gets out of it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from valuegap.dashboard import sandbox, sandbox_child
from valuegap.dashboard.locked import open_locked
from valuegap.dashboard.sandbox import SqlRefusedError, ask
from valuegap.errors import ValuegapError

SECRET = "hunter2-of-the-file-system"
ADDRESS = "hash-of-a-person"
FEW = 98.765

MARTS = f"""
create schema marts;
create table marts.dim_contact as select 'contact-' || range as contact_key, '{ADDRESS}' as email_hash from range(3);
create table marts.satisfaction_gap as
select 'attribute-' || range as attribute_code, range::bigint as n_responses, {FEW}::double as gap_score,
    range >= 5 as is_reportable from range(20);
create table marts.amount as select 12.5::decimal(18, 2) as won_amount, date '2026-01-31' as day;
create table marts.publication as select 'night' as run_id, date '2026-01-31' as as_of_date;
create table marts.mart_column as
select * from (values
    ('dim_contact', 'contact_key', 1, false), ('dim_contact', 'email_hash', null, true),
    ('satisfaction_gap', 'gap_score', null, false)
) as columns (model, column_name, key_position, is_pii);
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    file = folder / "warehouse-2026-01-31-000000000000.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(MARTS)
    with duckdb.connect(str(folder / "other.duckdb")) as connection:
        connection.execute(f"create table secret as select '{SECRET}' as word")
    (folder / "secret.csv").write_text(f"word\n{SECRET}\n")
    return file


def answer(file: Path, sql: str, *, personal_data: bool = False, **limits: float) -> pd.DataFrame:
    parameters = {"segment": "all:all", "start": date(2026, 1, 1)}
    return ask(file, sql, parameters, personal_data=personal_data, **limits).table


def test_a_question_about_the_marts_is_answered(file):
    table = answer(file, "select count(*) as rows, sum(n_responses) as total from marts.satisfaction_gap;")
    assert table.to_dict("records") == [{"rows": 20, "total": 190}]


def test_the_schema_may_be_left_out(file):
    assert len(answer(file, "from dim_contact")) == 3


def test_the_chosen_filters_are_bound_where_they_are_named(file):
    table = answer(file, "select $segment as segment, $start + 1 as next_day")
    assert table["segment"][0] == "all:all"
    assert str(table["next_day"][0])[:10] == "2026-01-02"


def test_a_filter_that_does_not_exist_is_named(file):
    with pytest.raises(SqlRefusedError, match=r"\$nobody stands for nothing. There are: \$segment, \$start"):
        answer(file, "select $nobody")


def test_subqueries_joins_and_rows_out_of_nothing_are_allowed(file):
    sql = """
    with recursive days as (select 1 as day union all select day + 1 from days where day < 3),
    wide as (select * from (pivot marts.satisfaction_gap on is_reportable in (true) using count(*)))
    select count(*) as rows from days, range(2), (values (1), (2)) as two, wide
    """
    assert answer(file, sql)["rows"][0] >= 12


def test_decimals_come_as_numbers_and_equal_names_are_told_apart(file):
    table = answer(file, "select won_amount, won_amount, 1 as won_amount from marts.amount")
    assert table.columns.tolist() == ["won_amount", "won_amount (2)", "won_amount (3)"]
    assert table.iloc[0].tolist() == [12.5, 12.5, 1]


def test_what_too_few_customers_measured_is_left_out(file):
    table = answer(file, "select n_responses, gap_score, is_reportable from marts.satisfaction_gap")
    assert table.groupby("is_reportable")["gap_score"].count().to_dict() == {False: 0, True: 15}


def test_personal_data_is_left_out_unless_allowed(file):
    sql = "select email_hash from marts.dim_contact"
    assert answer(file, sql)["email_hash"].isna().all()
    assert answer(file, sql, personal_data=True)["email_hash"].tolist() == [ADDRESS] * 3


ESCAPES = {
    "the table behind the view": "select email_hash from published.marts.dim_contact",
    "in a subquery": "select (select max(email_hash) from published.marts.dim_contact)",
    "in a common table expression": "with x as (from published.marts.dim_contact) from x",
    "under a name of a subquery": "with published as (select 1) from published.dim_contact",
    "in a pivot": "from (pivot published.marts.dim_contact on email_hash in ('a') using count(*))",
    "in a join condition": "from range(1) join range(1) as r on exists (from published.marts.dim_contact)",
    "by a query in text": "from query('from published.marts.dim_contact')",
    "by a table name in text": "from query_table('published.marts.dim_contact')",
    "by a parse tree in text": "from json_execute_serialized_sql('{}')",
    "by storage statistics": "from pragma_storage_info('published.marts.dim_contact')",
    "by summarize": "summarize published.marts.dim_contact",
    "by describe in brackets": "from (describe published.marts.dim_contact)",
    "an earlier state": "from marts.dim_contact at (version => 1)",
    "the catalogue's function": "from duckdb_views()",
    "the catalogue's view": "from duckdb_views",
    "the standard's catalogue": "from information_schema.columns",
    "settings": "from duckdb_settings()",
    "secrets": "from duckdb_secrets()",
    "a text file": "from read_text('{folder}/secret.csv')",
    "a CSV file": "from read_csv('{folder}/secret.csv')",
    "a file by name": "from '{folder}/secret.csv'",
    "a database by name": "from '{folder}/other.duckdb'",
    "names of files": "from glob('{folder}/*')",
    "the form of a file": "from sniff_csv('{folder}/secret.csv')",
    "a web address": "from read_csv('{web}/a.csv')",
    "a web address by name": "from '{web}/a.parquet'",
    "attach": "attach '{folder}/other.duckdb' as other",
    "copy to a file": "copy (select 1) to '{folder}/out.csv'",
    "copy to a file, twice": "select 1; copy (select 1) to '{folder}/out.csv'",
    "export": "export database '{folder}/out'",
    "install": "install httpfs",
    "load": "load httpfs",
    "a setting": "set enable_external_access = true",
    "a setting back": "reset lock_configuration",
    "a pragma": "pragma enable_external_access = true",
    "create": "create table marts.mine as select 1",
    "insert": "insert into published.marts.dim_contact values ('a', 'b')",
    "delete": "delete from published.marts.dim_contact",
    "a log": "call enable_logging(storage_path = '{folder}/out')",
    "explain, which could run": "explain analyze select 1",
    "prepare": "prepare p as from published.marts.dim_contact",
    "a use": "use published",
    "a secret": "create secret (type s3)",
    "an environment variable": "select getenv('HOME')",
}  # fmt: skip


@pytest.fixture(scope="module")
def web() -> Iterator[tuple[str, list[str]]]:
    """An address of this machine, and what was asked for there."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - the name http.server looks for

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("escape", list(ESCAPES))
def test_it_cannot_be_left_by(escape, file, web):
    address, asked = web
    before = {path: path.stat().st_mtime_ns for path in file.parent.iterdir()}
    sql = ESCAPES[escape].replace("{folder}", str(file.parent)).replace("{web}", address)
    request = {"file": file, "sql": sql, "parameters": {}, "personal_data": False, "threads": 1}
    with pytest.raises((ValuegapError, duckdb.Error)) as refusal:
        sandbox_child.answer(request | {"memory_limit": "500MB", "row_limit": 10, "byte_limit": 10**6})
    assert SECRET not in str(refusal.value)
    assert ADDRESS not in str(refusal.value)
    assert asked == []
    assert {path: path.stat().st_mtime_ns for path in file.parent.iterdir()} == before


@pytest.mark.parametrize(
    "sql", ["from '{folder}/secret.csv'", "copy (select 1) to '{folder}/out.csv'", "install httpfs"]
)
def test_the_process_says_no_and_ends(sql, file):
    with pytest.raises(SqlRefusedError, match=r"There is no mart|Only SELECT is answered here"):
        answer(file, sql.replace("{folder}", str(file.parent)))
    assert not (file.parent / "out.csv").exists()


@pytest.mark.parametrize(
    "escape",
    [name for name, sql in ESCAPES.items() if ("{folder}" in sql or "{web}" in sql) and name != "a log"],
)
def test_the_connection_alone_keeps_files_and_the_network_out(escape, file, web):
    """What the parse tree lets through by an oversight still fails."""
    address, asked = web
    before = {path: path.stat().st_mtime_ns for path in file.parent.iterdir()}
    sql = ESCAPES[escape].replace("{folder}", str(file.parent)).replace("{web}", address)
    connection = open_locked(file, threads=1, memory_limit="500MB", personal_data=False)
    with pytest.raises(duckdb.Error):
        connection.execute(sql).fetchall()
    assert asked == []
    assert {path: path.stat().st_mtime_ns for path in file.parent.iterdir()} == before


def test_the_process_has_no_variable_of_its_parent(file, monkeypatch):
    given = {}

    def run(command, **options):
        given.update(options)
        raise sandbox.subprocess.TimeoutExpired(command, 1)

    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", SECRET)
    monkeypatch.setattr(sandbox.subprocess, "run", run)
    with pytest.raises(SqlRefusedError):
        answer(file, "select 1")
    assert list(given["env"]) == ["PYTHONPATH"]


def test_the_process_cannot_write_a_file(tmp_path):
    program = (
        "from valuegap.dashboard.sandbox_child import give_up_rights as give_up\n"
        f"give_up(10); import os; os.write(os.open({str(tmp_path / 'out')!r}, os.O_CREAT | os.O_WRONLY), b'a')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "File too large" in result.stderr


def test_a_query_without_end_is_stopped(file):
    with pytest.raises(SqlRefusedError, match=r"Stopped after 8 seconds. Ask for less"):
        answer(file, "select sum(a.range * b.range) from range(10000000) a, range(10000000) b", time_limit=8)


def test_a_query_that_wants_too_much_memory_is_refused_and_the_next_one_answered(file):
    with pytest.raises(SqlRefusedError):
        answer(file, "select list(repeat('x', 1000) || range) from range(100000000)")
    assert answer(file, "select 1 as one")["one"][0] == 1


def test_no_more_rows_come_than_can_be_shown_and_that_is_said(file, monkeypatch):
    monkeypatch.setattr(sandbox, "ROW_LIMIT", 10)
    cut = ask(file, "from range(11)", {}, personal_data=False)
    assert (len(cut.table), cut.is_cut) == (10, True)
    whole = ask(file, "from range(10)", {}, personal_data=False)
    assert (len(whole.table), whole.is_cut) == (10, False)


def test_an_answer_that_is_too_large_is_refused(file, monkeypatch):
    monkeypatch.setattr(sandbox, "BYTE_LIMIT", 1_000_000)
    with pytest.raises(SqlRefusedError, match=r"larger than 1 MB. Ask for fewer columns or rows"):
        answer(file, "select repeat('x', 2000000) as x")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        pytest.param("selec 1", 'syntax error at or near "selec"', id="a wrong word"),
        pytest.param("select nope from marts.dim_contact", "nope", id="a wrong column"),
        pytest.param("from marts.nope", "There is no mart marts.nope. The marts stand", id="a wrong mart"),
        pytest.param("", "Write one query", id="nothing"),
        pytest.param("delete from marts.dim_contact", "Only SELECT is answered here", id="not a question"),
    ],
)
def test_a_wrong_query_is_explained(sql, message, file):
    with pytest.raises(SqlRefusedError, match=message):
        answer(file, sql)
