"""The identity macro against a union-find written in Python, on graphs nobody chose."""

from collections.abc import Iterable

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from model_run import PROJECT

MACRO_FILE = PROJECT / "macros" / "portable" / "connected_components.sql"

Pairs = list[tuple[str, str]]

records = st.integers(0, 14).map(lambda number: f"record-{number:02}")
identifiers = st.integers(0, 12).map(lambda number: f"identifier-{number}")


def components_in_sql(pairs: Pairs) -> dict[str, str]:
    macros = Environment(autoescape=False).from_string(MACRO_FILE.read_text()).module
    statement = macros.default__connected_components("identifiers")
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("create table identifiers (record_id varchar, identifier varchar)")
        connection.executemany("insert into identifiers values (?, ?)", pairs)
        return dict(connection.execute(statement).fetchall())


def components_in_python(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    groups: list[tuple[set[str], set[str]]] = []
    for record, identifier in pairs:
        touching = [group for group in groups if record in group[0] or identifier in group[1]]
        groups = [group for group in groups if group not in touching]
        merged = ({record}, {identifier})
        for group in touching:
            merged = (merged[0] | group[0], merged[1] | group[1])
        groups.append(merged)
    return {record: min(members) for members, _ in groups for record in members}


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(records, identifiers), min_size=1, max_size=40))
def test_every_record_gets_the_smallest_of_its_component(pairs: Pairs):
    assert components_in_sql(pairs) == components_in_python(pairs)


@settings(max_examples=20, deadline=None)
@given(pairs=st.lists(st.tuples(records, identifiers), min_size=1, max_size=40), random=st.randoms())
def test_the_order_of_the_rows_is_irrelevant(pairs: Pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    assert components_in_sql(shuffled) == components_in_sql(pairs)


def test_a_long_chain_is_one_component():
    chain = [(f"record-{number:03}", f"link-{link}") for number in range(60) for link in (number, number + 1)]
    assert set(components_in_sql(chain).values()) == {"record-000"}
