"""What docs/ says of the marts is what stands in them."""

import re

import duckdb
import pytest
from tests.dbt.project_manifest import Manifest
from tests.integration.mart_pages import DOCS, pages, written
from tests.integration.night_runner import ROOT

REMEDY = "the pages are made, not written: after a first night of the demo company, run `make docs`"


@pytest.fixture(scope="module")
def generated(after_first_night, tmp_path_factory) -> dict[str, str]:
    manifest = Manifest.parsed(tmp_path_factory.mktemp("manifest"))
    return pages(after_first_night.published, manifest)


def test_every_published_table_has_its_page_and_no_other(generated) -> None:
    assert sorted(written().keys() ^ generated.keys()) == [], REMEDY


def test_every_page_says_what_the_first_night_answers(generated) -> None:
    pages_now = written()
    different = sorted(path for path, text in generated.items() if pages_now.get(path) != text)
    assert different == [], REMEDY


def test_every_file_a_page_links_to_exists() -> None:
    missing = [
        (path, link)
        for path, text in written().items()
        for link in re.findall(r"\]\((?!http)([^)#]+)\)", text)
        if not (DOCS / path).parent.joinpath(link).exists()
    ]
    assert missing == []


def test_the_pages_of_another_checkouts_marts_are_refused(generated, after_first_night, tmp_path) -> None:
    warehouse = after_first_night.copy(tmp_path / "data").published.resolve()
    warehouse.chmod(0o644)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("drop table marts.loyalty; create table marts.stranger (id integer)")
    manifest = Manifest.parsed(tmp_path)
    with pytest.raises(LookupError, match="loyalty, stranger"):
        pages(warehouse, manifest)


def test_make_docs_writes_what_the_tests_hold_the_pages_to() -> None:
    assert (
        "-m tests.integration.mart_pages data/published/warehouse.duckdb" in (ROOT / "Makefile").read_text()
    )
