"""The marts in PostgreSQL: a real server, asked as the roles themselves."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg2
import pytest
from psycopg2 import errors
from tests.publish.postgres_server import PostgresServer, postgres_server

from valuegap.errors import ConfigurationError, PublishError
from valuegap.night import Night
from valuegap.publish import postgres as loading
from valuegap.publish.postgres import Served, serve
from valuegap.publish.promote import publish
from valuegap.publish.serving_connection import ServingConnection

ROOT = Path(__file__).resolve().parents[2]
FIRST, SECOND, THIRD = (Night(date(2026, 1, day)) for day in (29, 30, 31))
DATABASE, LOADER, PASSWORD = "warehouse", "valuegap_loader", "choose-one"

PERSON = """
create table marts.dim_person as
select 'person-' || range as person_key, 'Ada ' || range as full_name, range as n_calls, $as_of::date as as_of_date
from range(3);
insert into marts.mart_column by name
select
    'dim_person' as model, unnest(['person_key', 'full_name', 'n_calls', 'as_of_date']) as column_name,
    unnest([1, null, null, null]) as key_position, unnest([false, true, false, false]) as is_pii;
comment on table marts.dim_person is 'One row per person, who isn''t a customer.';
comment on column marts.dim_person.full_name is 'As she gives it.';
"""


def sql_of_page(page: str) -> list[str]:
    """The statements of a page's SQL blocks."""
    blocks = re.findall(r"```sql\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
    return [statement for block in blocks for statement in re.findall(r"[^;]+", block) if statement.strip()]


@pytest.fixture(scope="module")
def server():
    """A server that was set up as docs/postgres.md says."""
    with postgres_server() as server:
        admin = server.connect()
        with admin.cursor() as cursor:
            for statement in sql_of_page("docs/postgres.md"):
                if not re.search(r"drop schema|lo_creat", statement):
                    cursor.execute(statement)
        admin.close()
        yield server


@pytest.fixture
def admin(server: PostgresServer):
    """An administrator's cursor in the database, in which nothing is served yet."""
    connection = server.connect(DATABASE)
    with connection.cursor() as cursor:
        cursor.execute(
            "drop schema if exists valuegap cascade; drop schema if exists valuegap_analyst cascade"
        )
        yield cursor
    connection.close()


@pytest.fixture
def connection(server: PostgresServer, admin) -> ServingConnection:
    return ServingConnection("127.0.0.1", server.port, DATABASE, LOADER, PASSWORD)


@pytest.fixture
def serve_night(settings, build_candidate, connection):
    """Return a function that builds, publishes and serves a night."""

    def serve_night(night: Night, *, rows: int = 20, extra: str = PERSON) -> Served:
        build_candidate(night, rows=rows, extra=extra.replace("$as_of", f"'{night.as_of_date}'"))
        publish(settings, night)
        return serve(settings, night, connection)

    return serve_night


@pytest.fixture
def ask(server: PostgresServer):
    """Return a function that asks one query as one of the logins of docs/postgres.md, or the administrator."""

    def ask(query: str, user: str = "tableau") -> list[tuple]:
        connection = server.connect(DATABASE, user, PASSWORD) if user != "admin" else server.connect(DATABASE)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        finally:
            connection.close()

    return ask


def test_every_mart_is_there_with_its_rows(settings, serve_night, ask) -> None:
    served = serve_night(FIRST)
    with duckdb.connect(str(settings.published_dir / "warehouse.duckdb"), read_only=True) as warehouse:
        tables = [name for (name,) in warehouse.execute("select table_name from duckdb_tables()").fetchall()]
        for table in tables:
            rows = warehouse.execute(f"select * from marts.{table} order by all").fetchall()
            assert sorted(ask(f"select * from valuegap_analyst.{table}", "an_analyst"), key=repr) == sorted(
                rows, key=repr
            )
            assert ask(f"select count(*) from valuegap.{table}") == [(len(rows),)]
    assert (served.table_count, served.is_serving) == (len(tables), True)
    assert served.row_count == sum(ask(f"select count(*) from valuegap.{table}")[0][0] for table in tables)
    assert ask("select run_id, as_of_date from valuegap.publication") == [(FIRST.run_id, FIRST.as_of_date)]
    assert f"{served.row_count:,} rows in 127.0.0.1:" in served.summary


def test_values_stay_exact(serve_night, ask) -> None:
    serve_night(
        FIRST,
        extra="""
        create table marts.exact as select *, $as_of::date as as_of_date from (values
            (1, 12345678901234567890123456.78::decimal(28, 2), 0.000000001::decimal(18, 9), 0.1::double, 1e308::double,
                9223372036854775807, timestamp '1969-12-31 23:59:59.999999', true, 'Zoë – 日本', ''),
            (2, -0.01, -1.5, -0.0, 5e-324, -9223372036854775808, timestamp '2262-01-01 00:00:00', false, 'a' || chr(0) || 'b', null),
            (3, null, null, null, null, null, null, null, null, null)
        ) as t(id, money, rate, tenth, huge, big, said_at, flag, text, empty);
        """,
    )
    assert ask("select * from valuegap.exact order by id") == [
        (1, Decimal("12345678901234567890123456.78"), Decimal("0.000000001"), 0.1, 1e308, 2**63 - 1,
         datetime.fromisoformat("1969-12-31T23:59:59.999999"), True, "Zoë – 日本", "", FIRST.as_of_date),
        (2, Decimal("-0.01"), Decimal("-1.500000000"), 0.0, 5e-324, -(2**63),
         datetime.fromisoformat("2262-01-01"), False, "a�b", None, FIRST.as_of_date),
        (3, *[None] * 9, FIRST.as_of_date),
    ]  # fmt: skip


def test_the_contract_is_postgresqls_too(serve_night, ask) -> None:
    serve_night(
        FIRST,
        extra=PERSON + "alter table marts.dim_person alter n_calls set not null;"
        "create table marts.priced as select 1::integer as id, 1::decimal(18, 6) as price_amount, $as_of::date as as_of_date",
    )  # fmt: skip
    columns = """
        select attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum)
        from pg_attribute where attrelid = '{}'::regclass and attnum > 0 order by attnum
    """
    assert ask(columns.format("valuegap_analyst.dim_person"), "an_analyst") == [
        ("person_key", "text", True, None),
        ("full_name", "text", False, "As she gives it."),
        ("n_calls", "bigint", True, None),
        ("as_of_date", "date", False, None),
    ]
    assert ask(columns.format("valuegap_analyst.priced"), "an_analyst")[:2] == [
        ("id", "integer", False, None),
        ("price_amount", "numeric(18,6)", False, None),
    ]
    described = "select obj_description('{}.dim_person'::regclass)"
    for schema in ("valuegap", "valuegap_analyst"):
        assert ask(described.format(schema), "an_analyst") == [("One row per person, who isn't a customer.",)]
    gap_score = [row for row in ask(columns.format("valuegap.satisfaction_gap")) if row[0] == "gap_score"]
    assert gap_score[0][3] == "Delivered − expected, points of 100."
    key = "select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'valuegap_analyst.{}'::regclass and contype = 'p'"
    assert ask(key.format("dim_person"), "admin") == [("PRIMARY KEY (person_key)",)]
    assert ask(key.format("priced"), "admin") == []


def test_a_type_postgresql_does_not_know_here_is_refused(serve_night) -> None:
    with pytest.raises(PublishError, match=r"odd\.list is INTEGER\[\].*Cast it in the mart"):
        serve_night(FIRST, extra="create table marts.odd as select [1] as list, $as_of::date as as_of_date")


def test_the_reader_sees_no_personal_data_and_the_analyst_does(serve_night, ask) -> None:
    serve_night(FIRST)
    assert ask("select * from valuegap.dim_person order by 1 limit 1") == [("person-0", 0, FIRST.as_of_date)]
    with pytest.raises(errors.UndefinedColumn):
        ask("select full_name from valuegap.dim_person")
    with pytest.raises(errors.InsufficientPrivilege):
        ask("select full_name from valuegap_analyst.dim_person")
    assert ask("select full_name from valuegap_analyst.dim_person order by 1", "an_analyst")[0] == ("Ada 0",)
    assert ask("select count(*) from valuegap.dim_person", "an_analyst") == [(3,)]


def test_a_night_that_does_not_say_what_is_personal_is_not_served(serve_night, ask) -> None:
    with pytest.raises(PublishError, match="does not say which columns are personal data"):
        serve_night(FIRST, extra="drop table marts.mart_column")
    assert ask("select to_regclass('valuegap.publication')") == [(None,)]


def test_the_reader_sees_no_figure_of_too_few_customers(serve_night, ask) -> None:
    serve_night(FIRST)
    counted = "select is_reportable, count(*), count(gap_score), count(promoters), count(n_responses) from {}.satisfaction_gap group by 1 order by 1"
    assert ask(counted.format("valuegap")) == [(False, 5, 0, 0, 5), (True, 15, 15, 15, 15)]
    assert ask(counted.format("valuegap_analyst"), "an_analyst")[0] == (False, 5, 5, 5, 5)


def test_the_order_of_rows_does_not_tell_what_was_left_out(serve_night, ask) -> None:
    serve_night(
        FIRST,
        extra="""
        create table marts.leak as
        select code, estimate, false as is_reportable, $as_of::date as as_of_date
        from (values ('b', 1.5::double), ('a', 2.5)) t(code, estimate);
        insert into marts.mart_column by name
        select 'leak' as model, unnest(['code', 'estimate']) as column_name, unnest([1, null]) as key_position, false as is_pii;
        """,
    )
    assert ask("select code from valuegap.leak") == [("a",), ("b",)]


DENIED = [
    "insert into {schema}.dim_customer (customer_key) values ('x')",
    "update {schema}.dim_customer set customer_key = 'x'",
    "delete from {schema}.dim_customer",
    "truncate {schema}.publication",
    "drop table {schema}.publication",
    "drop view {schema}.publication",
    "create table {schema}.mine (a int)",
    "create table public.mine (a int)",
    "create temporary table mine (a int)",
    "create schema mine",
    "create role mine",
    "create extension file_fdw",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('.')",
    "select lo_import('/etc/passwd')",
    "copy (select 1) to '/tmp/mine'",
    "copy (select 1) to program 'cat'",
    "set role valuegap_loader",
    "set role analyst" ,
    "select rolpassword from pg_authid",
    "alter role bi_reader superuser",
]  # fmt: skip


@pytest.mark.parametrize(("user", "schema"), [("tableau", "valuegap"), ("an_analyst", "valuegap_analyst")])
def test_readers_can_read_and_nothing_else(serve_night, ask, user: str, schema: str) -> None:
    serve_night(FIRST)
    allowed = []
    for statement in DENIED:
        if (user, statement) == ("an_analyst", "set role analyst"):
            continue  # a member
        try:
            ask(statement.format(schema=schema), user)
        except (errors.InsufficientPrivilege, errors.WrongObjectType, errors.FeatureNotSupported):
            continue
        except psycopg2.Error as error:
            allowed.append((statement, error))
        else:
            allowed.append((statement, "worked"))
    assert allowed == []


def test_what_an_administrator_takes_from_everybody_keeps_readers_from_large_objects(
    serve_night, ask, admin
) -> None:
    serve_night(FIRST)
    assert ask("select lo_create(0) > 0") == [(True,)], "else the page need not say so"
    (revoke,) = [statement for statement in sql_of_page("docs/postgres.md") if "lo_creat" in statement]
    admin.execute(revoke)
    try:
        for statement in ("select lo_create(0)", "select lo_creat(-1)", "select lo_from_bytea(0, '')"):
            with pytest.raises(errors.InsufficientPrivilege):
                ask(statement)
    finally:
        admin.execute(revoke.replace("revoke", "grant").replace(" from ", " to "))


@pytest.mark.parametrize(
    ("give", "take", "complaint"),
    [
        ("alter role bi_reader login", "alter role bi_reader nologin", "bi_reader may log in by itself: alter role"),
        ("alter role analyst createdb", "alter role analyst nocreatedb", "analyst has powers over the server"),
        ("grant pg_read_server_files to bi_reader", "revoke pg_read_server_files from bi_reader",
         "has the rights of another role: revoke pg_read_server_files from bi_reader"),
        ("grant analyst to bi_reader", "revoke analyst from bi_reader", "revoke analyst from bi_reader"),
        ("create schema shared; grant create on schema shared to public", "drop schema shared",
         "revoke create on schema shared from public"),
        ("create table public.shared (a int); grant insert on public.shared to public", "drop table public.shared",
         "may write: revoke insert, update, delete, truncate on shared"),
        ("alter database warehouse owner to postgres; grant create, temporary on database warehouse to public",
         "alter database warehouse owner to valuegap_loader; revoke create, temporary on database warehouse from public",
         "revoke create, temporary on database warehouse from public"),
    ],
    ids=["login", "power", "files", "analyst", "create in a schema", "write", "create in the database"],
)  # fmt: skip
def test_roles_that_may_do_more_than_read_stop_the_load(  # noqa: PLR0913, PLR0917 - fixtures
    serve_night, ask, admin, give, take, complaint
) -> None:
    serve_night(FIRST)
    admin.execute(give)
    try:
        if "database" in give:
            admin.execute("grant connect, create on database warehouse to valuegap_loader")
        with pytest.raises(ConfigurationError, match=re.escape(complaint)) as error:
            serve_night(SECOND)
    finally:
        admin.execute(take)
    assert "Nothing was loaded. Let an administrator" in str(error.value)
    assert ask("select as_of_date from valuegap.publication") == [(FIRST.as_of_date,)]
    assert serve_night(SECOND).is_serving


def test_personal_data_that_became_the_readers_stops_the_load(serve_night, admin) -> None:
    serve_night(FIRST)
    admin.execute("grant usage on schema valuegap_analyst to bi_reader")
    with pytest.raises(
        ConfigurationError, match="bi_reader may see personal data: revoke all on schema valuegap_analyst"
    ):
        serve_night(SECOND)


def test_roles_are_created_where_they_are_missing(settings, serve_night, connection, admin, ask) -> None:
    serve_night(FIRST)
    admin.execute("drop owned by bi_reader; drop owned by analyst; drop role bi_reader; drop role analyst")
    with pytest.raises(
        PublishError, match=r"refused: permission denied to create role.*docs/postgres.md"
    ) as error:
        serve(settings, FIRST, connection)
    assert "valuegap serve --as-of 2026-01-29" in str(error.value)
    admin.execute("alter role valuegap_loader createrole")
    try:
        serve(settings, FIRST, connection)
    finally:
        admin.execute("alter role valuegap_loader nocreaterole")
        admin.execute("grant connect on database warehouse to bi_reader, analyst")
        admin.execute("grant bi_reader to tableau; grant analyst to an_analyst")
    assert ask("select count(*) from valuegap.publication") == [(1,)]


def test_a_night_replaces_the_one_before(serve_night, ask) -> None:
    serve_night(FIRST)
    serve_night(SECOND, rows=30)
    assert ask("select count(*), min(as_of_date) from valuegap.satisfaction_gap") == [(30, SECOND.as_of_date)]
    assert ask("select as_of_date from valuegap.publication") == [(SECOND.as_of_date,)]


def test_the_same_night_again_is_the_same_and_other_content_replaces_it(
    settings, serve_night, connection, ask
) -> None:
    serve_night(FIRST)
    rows = ask("select * from valuegap.satisfaction_gap order by 1")
    again = serve(settings, FIRST, connection)
    assert again.is_serving
    assert ask("select * from valuegap.satisfaction_gap order by 1") == rows
    serve_night(FIRST, rows=7)
    assert ask("select count(*) from valuegap.satisfaction_gap") == [(7,)]


def test_an_older_night_does_not_replace_a_newer(serve_night, ask) -> None:
    serve_night(SECOND)
    older = serve_night(FIRST)
    assert not older.is_serving
    assert "stays on the newer night 2026-01-30" in older.summary
    assert ask("select as_of_date from valuegap.publication") == [(SECOND.as_of_date,)]


def test_dropping_both_schemas_lets_an_older_night_in(serve_night, ask, admin) -> None:
    serve_night(SECOND)
    (drop,) = [statement for statement in sql_of_page("docs/postgres.md") if "drop schema" in statement]
    admin.execute(drop)
    assert serve_night(FIRST).is_serving
    assert ask("select as_of_date from valuegap.publication") == [(FIRST.as_of_date,)]


CHANGED = PERSON + """
alter table marts.dim_person add column n_visits integer;
update marts.dim_person set n_visits = 4;
alter table marts.dim_person alter n_visits set not null;
alter table marts.dim_person drop column n_calls;
alter table marts.dim_person alter full_name set data type integer using 5;
update marts.mart_column set is_pii = false, key_position = 2 where column_name = 'full_name';
update marts.mart_column set column_name = 'n_visits' where column_name = 'n_calls';
comment on column marts.dim_person.full_name is 'How long it is.';
create table marts.new as select 1 as a, $as_of::date as as_of_date;
drop table marts.mart_check;
"""  # fmt: skip


def test_changed_columns_new_marts_and_marts_that_are_gone_follow_the_night(serve_night, ask) -> None:
    serve_night(FIRST)
    serve_night(SECOND, extra=CHANGED)
    assert ask(
        "select person_key, full_name, n_visits, as_of_date from valuegap.dim_person order by 1 limit 1"
    ) == [("person-0", 5, 4, SECOND.as_of_date)]
    assert ask("select a from valuegap.new") == [(1,)]
    assert ask(
        "select to_regclass('valuegap.mart_check'), to_regclass('valuegap_analyst.mart_check')", "an_analyst"
    ) == [(None, None)]
    assert ask(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = 'dim_person_key'", "admin"
    ) == [("PRIMARY KEY (person_key, full_name)",)]
    assert ask("select count(*) from pg_attribute where attrelid = 'valuegap_analyst.dim_person'::regclass and attnotnull and attnum > 0", "admin") == [(3,)]  # fmt: skip
    serve_night(THIRD)
    assert ask("select * from valuegap.dim_person order by 1 limit 1") == [("person-0", 0, THIRD.as_of_date)]


def as_reader(server: PostgresServer, user: str = "tableau"):
    """A login's connection whose transactions each see one moment."""
    connection = server.connect(DATABASE, user, PASSWORD)
    connection.autocommit = False
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    return connection


NIGHTS_SHOWN = """
select array[(select as_of_date from valuegap.publication), max(as_of_date), min(as_of_date)] || (select min(as_of_date) from valuegap.dim_customer)
from valuegap.satisfaction_gap
"""


@pytest.mark.parametrize("extra", [PERSON, CHANGED], ids=["same columns", "changed columns"])
@pytest.mark.parametrize(
    "first_query", ["select 1 from pg_database limit 1", "select count(*) from valuegap.dim_customer"]
)
def test_a_transaction_that_began_before_a_load_stays_in_its_night(
    serve_night, server, first_query, extra
) -> None:
    serve_night(FIRST)
    reader = as_reader(server)
    with reader, reader.cursor() as cursor:
        cursor.execute(first_query)
        serve_night(SECOND, rows=33, extra=extra)
        cursor.execute(NIGHTS_SHOWN)
        assert cursor.fetchone() == ([FIRST.as_of_date] * 4,)
        cursor.execute("select count(*) from valuegap.dim_person where as_of_date = %s", [FIRST.as_of_date])
        assert cursor.fetchone() == (3,)
        cursor.execute("select count(*) from valuegap.satisfaction_gap")
        assert cursor.fetchone() == (20,)
    with reader, reader.cursor() as cursor:
        cursor.execute(NIGHTS_SHOWN)
        assert cursor.fetchone() == ([SECOND.as_of_date] * 4,)
    reader.close()


def test_readers_asking_on_and_on_through_loads_never_see_a_mix(serve_night, server) -> None:
    nights = [Night(date(2026, 2, day)) for day in range(1, 9)]
    serve_night(nights[0])
    done, seen, broken = threading.Event(), set(), []

    def poll(isolation_level: str) -> None:
        reader = as_reader(server)
        reader.set_session(isolation_level=isolation_level)
        while not done.is_set():
            try:
                with reader, reader.cursor() as cursor:
                    cursor.execute(NIGHTS_SHOWN)
                    shown = {cursor.fetchone()[0][0]} if isolation_level == "READ COMMITTED" else set()
                    cursor.execute(NIGHTS_SHOWN)
                    shown |= set(cursor.fetchone()[0])
                    if isolation_level == "REPEATABLE READ":
                        cursor.execute("select distinct as_of_date from valuegap.dim_person")
                        shown |= {night for (night,) in cursor.fetchall()}
                        time.sleep(0.05)
                        cursor.execute("select as_of_date from valuegap.publication")
                        shown |= {night for (night,) in cursor.fetchall()}
                        if len(shown) != 1:
                            broken.append(shown)
                    cursor.execute(NIGHTS_SHOWN)
                    once = set(cursor.fetchone()[0])
                    if len(once) != 1:
                        broken.append(once)
                    seen.update(once)
            except psycopg2.Error as error:
                broken.append(error)
        reader.close()

    pollers = [
        threading.Thread(target=poll, args=[level])
        for level in ("REPEATABLE READ", "READ COMMITTED", "READ COMMITTED")
    ]
    for poller in pollers:
        poller.start()
    try:
        for rows, night in enumerate(nights[1:], start=21):
            serve_night(night, rows=rows)
    finally:
        done.set()
        for poller in pollers:
            poller.join()
    assert broken == []
    assert seen <= {night.as_of_date for night in nights}
    assert len(seen) > 3


def test_a_transaction_left_open_does_not_hold_up_the_next_nights(serve_night, server, monkeypatch) -> None:
    monkeypatch.setattr(loading, "LOCK_TIMEOUT", "1s")
    serve_night(FIRST)
    reader = as_reader(server, "an_analyst")
    with reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from valuegap.dim_person, valuegap_analyst.satisfaction_gap")
        assert serve_night(SECOND).is_serving
        assert serve_night(THIRD).is_serving
    reader.close()


def test_readers_who_hold_what_must_change_make_the_load_give_up(
    serve_night, server, ask, monkeypatch
) -> None:
    monkeypatch.setattr(loading, "LOCK_TIMEOUT", "1s")
    serve_night(FIRST)
    reader = as_reader(server)
    with reader, reader.cursor() as cursor:
        cursor.execute("select count(*) from valuegap.dim_person")
        with pytest.raises(PublishError, match="Columns of marts have changed, and readers of") as error:
            serve_night(SECOND, extra=CHANGED)
        assert "They still have the old night. End the transactions" in str(error.value)
        cursor.execute(NIGHTS_SHOWN)
        assert cursor.fetchone() == ([FIRST.as_of_date] * 4,)
    reader.close()
    assert serve_night(SECOND, extra=CHANGED).is_serving
    assert ask("select as_of_date from valuegap.publication") == [(SECOND.as_of_date,)]


KILLED_LOAD = """
import os, signal, sys
from datetime import date
from pathlib import Path
from valuegap.night import Night
from valuegap.publish import postgres, postgres_roles
from valuegap.publish.serving_connection import ServingConnection
from valuegap.settings import Settings

def kill(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_on_third(real, calls=[]):
    def called(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) if len(calls) < 3 else kill()
    return called

where = sys.argv[2]
if where == "between tables":
    postgres._load = kill_on_third(postgres._load)
elif where == "before commit":
    postgres_roles.verify = kill
else:
    setattr(postgres, where, kill)
connection = ServingConnection("127.0.0.1", int(sys.argv[3]), "warehouse", "valuegap_loader", "choose-one")
postgres.serve(Settings(data_dir=Path(sys.argv[1]), threads=1), Night(date(2026, 1, 30)), connection)
"""


@pytest.mark.parametrize("where", ["_reshape", "between tables", "before commit", "_vacuum"])
def test_a_killed_load_leaves_one_whole_night_and_runs_again(  # noqa: PLR0913, PLR0917 - fixtures
    settings, serve_night, build_candidate, connection, ask, where
) -> None:
    serve_night(FIRST)
    build_candidate(SECOND, rows=31, extra=CHANGED.replace("$as_of", "'2026-01-30'"))
    publish(settings, SECOND)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_LOAD, str(settings.data_dir), where, str(connection.port)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")}, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    kept = SECOND if where == "_vacuum" else FIRST
    assert ask(NIGHTS_SHOWN) == [([kept.as_of_date] * 4,)]
    assert ask("select count(*) from valuegap.satisfaction_gap") == [(31 if where == "_vacuum" else 20,)]
    deadline = time.monotonic() + 20
    while True:  # until the server has noticed
        try:
            assert serve(settings, SECOND, connection).is_serving
        except PublishError as error:
            assert "Another load" in str(error) and time.monotonic() < deadline
        else:
            break
    assert ask(NIGHTS_SHOWN) == [([SECOND.as_of_date] * 4,)]


def test_rows_of_the_old_night_are_not_kept_for_ever(serve_night, admin) -> None:
    for night in (FIRST, SECOND, THIRD):
        serve_night(night)
    admin.execute(
        "select sum(n_dead_tup) from pg_stat_user_tables where schemaname = 'valuegap_analyst' and relname <> 'serving_contract'"
    )
    assert admin.fetchone() == (0,)


def test_two_loads_at_a_time_are_one_too_many(serve_night, connection, server) -> None:
    serve_night(FIRST)
    other = server.connect(DATABASE, LOADER, PASSWORD)
    other.autocommit = False
    with other, other.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [loading.ONE_LOAD_AT_A_TIME])
        with pytest.raises(PublishError, match=r"Another load into 127\.0\.0\.1:.* is at work"):
            serve_night(SECOND)
    other.close()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "wrong-s3cret"}, 'password authentication failed for user "valuegap_loader"'),
        ({"port": 1}, "Connection refused"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"options": {"cursor": "s3cret"}}, 'invalid connection option "cursor"'),
    ],
)  # fmt: skip
def test_a_server_that_does_not_let_us_in_is_named_with_what_to_do(
    settings, serve_night, connection, wrong, said
) -> None:
    serve_night(FIRST)
    with pytest.raises(PublishError, match=re.escape(said)) as error:
        serve(settings, FIRST, replace(connection, **wrong))
    assert "127.0.0.1:" in str(error.value)
    assert "AIRFLOW_CONN_WAREHOUSE_SERVING" in str(error.value)
    assert "valuegap serve --as-of 2026-01-29" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert error.value.__cause__ is None


def test_a_login_that_may_not_load_is_told_so(settings, serve_night, connection, ask) -> None:
    serve_night(FIRST)
    with pytest.raises(
        PublishError, match=r"refused: permission denied .* Readers still have the old night"
    ) as error:
        serve(settings, FIRST, replace(connection, login="an_analyst"))
    assert "docs/postgres.md" in str(error.value)


def test_values_of_rows_stay_out_of_messages(serve_night) -> None:
    with pytest.raises(
        PublishError, match=r"refused: duplicate key value violates unique constraint \"dim_person_key\""
    ) as error:
        serve_night(FIRST, extra=PERSON + "update marts.dim_person set person_key = 'Ada s3cret'")
    assert "s3cret" not in str(error.value)


def test_a_night_that_is_not_published_says_what_to_do(settings, connection) -> None:
    with pytest.raises(PublishError, match="No warehouse of 2026-01-30 is published"):
        serve(settings, SECOND, connection)
