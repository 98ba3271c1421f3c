"""The pages under docs/ that tell someone what to do are done here, word by word."""

import re

import pytest
from tests.integration.followed_page import Reader, copy_of_project, free_port
from tests.integration.night_runner import ROOT

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "add-a-source.md").read_text()
PORT = "8790"


def test_a_source_is_added_in_the_six_steps_of_the_page(tmp_path) -> None:
    page = PAGE.replace(PORT, str(free_port()))
    with Reader(copy_of_project(tmp_path / "valuegap"), "data/laurel/build/build.duckdb") as reader:
        reader.follow(page)


def test_the_page_has_six_steps() -> None:
    assert re.findall(r"(?m)^## (\d)\. ", PAGE) == ["1", "2", "3", "4", "5", "6"]
