"""The files the demo company's managers drop: a night reads all of them, and they are as incomplete as plans are."""

from collections.abc import Mapping
from datetime import date

import duckdb
import pandas as pd
import pytest

from valuegap import nightly
from valuegap.demo.plans import INITIATIVES, TARGETS, write_plans
from valuegap.night import Night
from valuegap.settings import Settings

FIRST_NIGHT = date(2026, 1, 31)
Row = Mapping[str, object]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory) -> Mapping[str, list[Row]]:
    """The raw rows of both files, after a night read them."""
    folder = tmp_path_factory.mktemp("plans")
    variables = {**write_plans(folder, FIRST_NIGHT), "VALUEGAP_DATA_DIR": str(folder / "data")}
    settings, night = Settings.from_environment(variables), Night(FIRST_NIGHT)
    assert settings.sources_by_dag()["files"] == ("files",)
    nightly.extract(settings, "files", night)
    nightly.load(settings, "files", night)
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        return {
            name: connection.sql(f"select * from raw_files.{name}").df().to_dict("records")
            for name in ("targets", "initiatives")
        }


def test_every_row_is_loaded(loaded):
    assert len(loaded["targets"]) == len(TARGETS) >= 8
    assert len(loaded["initiatives"]) == len(INITIATIVES) >= 6


def test_the_effective_initiative_began_seven_months_before_the_first_night(loaded):
    by_id = {row["initiative_id"]: row for row in loaded["initiatives"]}
    assert by_id["I-1"]["start_date"].date() == date(2025, 7, 1)
    assert (by_id["I-1"]["metric_code"], by_id["I-1"]["segment_value"]) == ("ces", "DE")


def test_two_initiatives_overlap_one_is_too_young_and_one_has_not_begun(loaded):
    by_id = {row["initiative_id"]: row for row in loaded["initiatives"]}
    same = ("metric_code", "attribute_code", "segment_type", "segment_value")
    assert [by_id["I-4"][name] for name in same] == [by_id["I-1"][name] for name in same]
    assert (FIRST_NIGHT - by_id["I-3"]["start_date"].date()).days == 21
    assert by_id["I-6"]["start_date"].date() > FIRST_NIGHT
    assert by_id["I-6"]["status"] == "proposed"


def test_some_plans_lack_an_owner_or_a_date(loaded):
    for name in ("targets", "initiatives"):
        assert sum(pd.isna(row["owner"]) for row in loaded[name]) == 1
        assert sum(pd.isna(row["due_date"]) for row in loaded[name]) == 1


def test_no_plan_tells_what_an_initiative_really_does(tmp_path):
    write_plans(tmp_path, FIRST_NIGHT)
    header = (tmp_path / "drop" / "initiatives.csv").read_text().splitlines()[0]
    assert header.split(",")[-1] == "Effect"
    said = {each.number: each.expected for each in INITIATIVES}
    assert all(said[each.number] not in each.does.values() for each in INITIATIVES)


def test_plans_are_the_same_every_time(tmp_path):
    for folder in ("one", "two"):
        write_plans(tmp_path / folder, FIRST_NIGHT)
    for file in ("drop/targets.csv", "drop/initiatives.csv", "config/file_drop.yml"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
