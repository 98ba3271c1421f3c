import duckdb
import pytest
import sqlalchemy as sa

from valuegap.quality import duckdb_dialect


@pytest.fixture
def engine(tmp_path):
    file = tmp_path / "toy.duckdb"
    with duckdb.connect(str(file)) as database:
        database.execute("create table toy as select i as id, 'Row ' || i as name from range(1000) t(i)")
    duckdb_dialect.register()
    engine = sa.create_engine(duckdb_dialect.url(file, {"threads": "1", "memory_limit": "1GB"}))
    yield engine
    engine.dispose()


def test_it_passes_for_postgresql_and_applies_settings(engine):
    with engine.connect() as connection:
        threads = connection.exec_driver_sql("select current_setting('threads')").scalar()

    assert (engine.dialect.name, engine.dialect.driver, threads) == ("postgresql", "duckdb", 1)


@pytest.mark.parametrize(
    ("operator", "pattern", "rows"),
    [
        ("~", "w 99", 11),  # part of the text: DuckDB's own ~ would want all of it
        ("~", "W 99", 0),
        ("~*", "W 99", 11),
        ("!~", "w 99", 989),
        ("!~*", "W 99", 989),
    ],
)
def test_regular_expressions_match_as_in_postgresql(engine, operator, pattern, rows):
    query = (
        sa.select(sa.func.count())
        .select_from(sa.text("toy"))
        .where(sa.column("name").op(operator, is_comparison=True)(pattern))
    )
    with engine.connect() as connection:
        assert connection.execute(query).scalar() == rows


def test_other_operators_are_left_alone(engine):
    query = sa.select(sa.literal("a").op("||")(sa.literal("b")))
    with engine.connect() as connection:
        assert connection.execute(query).scalar() == "ab"


def test_results_outlive_their_connection_and_do_not_disturb_each_other(engine):
    with engine.connect() as connection:
        first = connection.exec_driver_sql("select id from toy order by id")
        second = connection.exec_driver_sql("select id from toy order by id desc")
    with engine.connect() as connection:
        connection.exec_driver_sql("select 1").all()

    assert [first.scalar(), second.scalar()] == [0, 999]


def test_nothing_can_be_written(engine):
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only"):
        connection.exec_driver_sql("delete from toy")


def test_disposing_lets_go_of_the_file_even_with_half_read_results(engine):
    with engine.connect() as connection:
        half_read = connection.exec_driver_sql("select id from toy")
        half_read.fetchmany(3)
    file = engine.url.database
    with pytest.raises(duckdb.ConnectionException):
        duckdb.connect(file)

    engine.dispose()

    duckdb.connect(file).close()
