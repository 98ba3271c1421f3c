"""What the pages can read of the published file, and what they cannot."""

from pathlib import Path

import duckdb
import pytest
from tests.dashboard.conftest import CANARY, OpenPage, Publish, shown_text

from valuegap.dashboard.published import Published, current_version, open_published
from valuegap.settings import Settings


def opened(settings: Settings) -> Published:
    version = current_version(settings)
    assert version is not None
    return open_published(version, settings)


def test_nothing_published_is_no_version_and_a_page_that_says_what_to_do(
    tmp_path: Path, open_page: OpenPage
) -> None:
    assert current_version(Settings(data_dir=tmp_path / "data")) is None
    page = open_page("gaps")
    assert not page.exception
    assert "make run" in page.info[0].value


def test_a_republish_is_seen_at_the_next_look(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview")
    assert page.metric[0].value == "64.5 %"
    publish(
        "update marts.kpi_current_state set metric_value = 71.5 where metric_code = 'csat';", digest="b" * 12
    )
    assert page.run().metric[0].value == "71.5 %"


def test_a_reader_of_the_old_file_keeps_it_through_a_republish(publish: Publish) -> None:
    settings = publish()
    old = opened(settings)
    publish("update marts.kpi_current_state set metric_value = 71.5;", digest="b" * 12)
    question = "select max(metric_value) as figure from marts.kpi_current_state where metric_code = $metric"
    assert old.rows(question, metric="csat")["figure"][0] == 64.5
    assert opened(settings).rows(question, metric="csat")["figure"][0] == 71.5


def test_figures_of_too_few_customers_are_empty_for_every_query(publish: Publish) -> None:
    published = opened(publish())
    rows = published.rows("from marts.satisfaction_gap where not is_reportable")
    assert len(rows) > 0
    assert rows["gap_score"].isna().all()
    assert (rows["n_customers"] == 3).all()
    assert not (published.rows("from marts.satisfaction_gap").isin([CANARY])).any().any()


def test_personal_columns_are_empty_unless_the_setting_allows_them(publish: Publish) -> None:
    settings = publish()
    assert opened(settings).rows("select owner from marts.gap_risk")["owner"].isna().all()
    allowed = Settings(data_dir=settings.data_dir, threads=1, dashboard_personal_data=True)
    assert set(opened(allowed).rows("select owner from marts.gap_risk")["owner"]) == {"anna.owner"}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('/etc/passwd')",
        "copy (select 1) to '/tmp/valuegap-escape.csv'",
        "attach '/tmp/valuegap-escape.duckdb'",
        "install httpfs",
        "set enable_external_access = true",
        "create table published.marts.x (a integer)",
        "delete from published.marts.gap_risk",
    ],
)
def test_a_query_reaches_no_file_and_changes_nothing(publish: Publish, statement: str) -> None:
    published = opened(publish())
    with pytest.raises(duckdb.Error):
        published.connection.cursor().execute(statement)


def test_the_same_query_is_asked_once_a_version(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    published = opened(publish())
    question = "select count(*) as n from marts.dim_segment where segment_type = $kind"
    assert published.rows(question, kind="country")["n"][0] == 2
    unusable = Published(
        published.version, published.as_of_date, published.run_id, duckdb.connect(), published.settings
    )
    assert unusable.rows(question, kind="country")["n"][0] == 2
    with pytest.raises(duckdb.Error):
        unusable.rows(question, kind="industry")


def test_a_file_that_does_not_say_what_is_personal_is_not_shown(
    publish: Publish, open_page: OpenPage
) -> None:
    settings = publish()
    version = current_version(settings)
    assert version is not None
    with duckdb.connect(str(version.file)) as connection:
        connection.execute("drop table marts.mart_column")
    page = open_page("overview")
    assert "mart_column" in page.error[0].value
    assert not page.metric


def test_the_night_and_the_time_of_its_publication_stand_on_the_page(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    assert "As of 2026-01-31 · published 2" in shown_text(open_page("gaps"))
