"""What README.md and docs/questions.md show is what a newcomer gets."""

import re

import duckdb
import pytest
from tests.integration.night_runner import ROOT
from tests.integration.readme_answers import PAGES, README, answer, questions

TEXT = README.read_text()


def test_there_are_five_questions_from_the_gap_to_the_fix_and_eleven_more() -> None:
    assert [len(questions(page.read_text())) for page in PAGES] == [5, 11]


@pytest.mark.parametrize(("sql", "table"), [each for page in PAGES for each in questions(page.read_text())])
def test_the_answer_is_the_demo_companys(sql, table, after_first_night) -> None:
    with duckdb.connect(str(after_first_night.published), read_only=True) as published:
        assert answer(published, sql) == table


def test_every_file_it_links_to_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):.*## ", (ROOT / "Makefile").read_text()))
    named = set(re.findall(r"`make ([a-z]+)", TEXT))
    assert named
    assert named <= targets


def test_the_summary_shown_is_the_one_printed(after_first_night) -> None:
    printed = after_first_night.run("summary").split("Published warehouse")[0]
    missing = [line for line in printed.splitlines() if line.rstrip() not in TEXT]
    assert missing == []
