"""The guide to mapping a questionnaire is followed word by word, and its figures are those of the answers.

A whole build takes minutes: here only the tables the page asks are built.
"""

import csv
from dataclasses import dataclass
from datetime import date
from statistics import mean

import duckdb
import pytest
from tests.dbt.model_run import build_models
from tests.integration.followed_page import Reader, copy_of_project
from tests.integration.night_runner import ROOT

from valuegap.settings import Settings

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "map-a-survey.md").read_text()
WAREHOUSE = "data/questionnaires/build/candidate.duckdb"
ASKED = (
    "+dim_survey",
    "+fct_survey_answer",
    "+dim_question",
    "+unmapped_question",
    "+servqual_score",
    "+satisfaction",
)
ITEMS = {
    "tangibles": range(1, 5),
    "reliability": range(5, 10),
    "responsiveness": range(10, 14),
    "assurance": range(14, 18),
    "empathy": range(18, 23),
}


@dataclass
class QuickReader(Reader):
    """Builds the tables the page asks, where the page builds all."""

    def _run(self, words: list[str], shown: str) -> None:
        if words[:2] != [".venv/bin/valuegap", "build"]:
            super()._run(words, shown)
            return
        settings = Settings(data_dir=self.project / "data/questionnaires")
        build_models(settings, date.fromisoformat(words[-1]), ASKED, self.project / "dbt_project")


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The warehouse of someone who did what the page says; every answer the page prints was the answer."""
    with QuickReader(copy_of_project(tmp_path_factory.mktemp("mapped") / "valuegap"), WAREHOUSE) as reader:
        reader.follow(PAGE)
    return duckdb.connect(str(reader.project / WAREHOUSE), read_only=True)


def answers() -> list[dict[str, str]]:
    with (ROOT / "docs/questionnaires/servqual/answers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_gaps_of_the_dimensions_are_those_of_the_items(marts) -> None:
    found = dict(
        marts.execute(
            "select servqual_dimension, gap_score from marts.servqual_score "
            "where segment_key = 'all:all' and period_grain = 'trailing_12m'"
        ).fetchall()
    )
    for dimension, items in ITEMS.items():
        gaps = [mean(int(row[f"P_{n}"]) - int(row[f"E_{n}"]) for n in items) for row in answers()]
        assert found[dimension] == pytest.approx(mean(gaps) * 100 / 6, abs=1e-6)


def test_every_question_of_the_two_questionnaires_is_mapped(marts) -> None:
    unmapped = marts.execute(
        "select question_tag from marts.unmapped_question where survey_key in ('SV_servqual', 'SV_pulse')"
    ).fetchall()
    assert unmapped == []
