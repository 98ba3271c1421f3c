"""What says who a person is: declared once, in the marts' YAML, and read from the published file."""

import re

import duckdb
import pytest
import yaml

from valuegap.errors import PublishError
from valuegap.publish.personal_data import pii_columns
from valuegap.settings import PROJECT_ROOT

# A mart's column with such a name is marked, or stands here with the reason why it need not be.
TELLING = re.compile(
    r"e_?mail|phone|owner$|first_name|last_name|full_name|customer_name|job_title|^example_|text_hash"
)
HARMLESS = {("dim_metric", "owner"): "a role of the registry, nobody's name"}


def marks() -> dict[tuple[str, str], bool]:
    return {
        (model["name"], column["name"]): column.get("config", {}).get("meta", {}).get("pii", False)
        for file in (PROJECT_ROOT / "dbt_project/models/marts").rglob("*.yml")
        for model in yaml.safe_load(file.read_text()).get("models") or []
        for column in model["columns"]
        if column["data_type"] == "varchar"
    }


def test_columns_whose_names_sound_personal_are_marked() -> None:
    found = marks()
    sounding = {at for at in found if TELLING.search(at[1])}
    assert len(sounding) > 10
    assert sorted(at for at in sounding if not found[at]) == sorted(HARMLESS)


def test_the_published_file_says_what_is_marked() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.mart_column as select * from "
            "(values ('a', 'name', true), ('a', 'key', false), ('b', 'name', false)) t(model, column_name, is_pii)"
        )
        assert pii_columns(connection) == {("a", "name")}
        assert pii_columns(connection, database="memory") == {("a", "name")}


def test_a_file_that_does_not_say_is_not_taken_for_one_without() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema other; create table other.mart_column (is_pii boolean)")
        with pytest.raises(PublishError, match=r"lacks marts\.mart_column"):
            pii_columns(connection)
