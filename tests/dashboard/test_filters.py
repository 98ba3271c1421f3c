"""Period and segment are kept in the address and obeyed, or said not to be."""

import pytest
from tests.dashboard.conftest import OpenPage, Publish, shown_text


def test_the_last_twelve_months_of_all_customers_hold_until_something_is_chosen(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("gaps")
    assert page.sidebar.selectbox(key="grain").value == "trailing_12m"
    assert page.sidebar.selectbox(key="segment").value == "all:all"
    assert "All customers · Last 12 months (2025-02-01 to 2026-01-31)" in shown_text(page)
    assert dict(page.query_params) == {}


def test_the_address_opens_a_page_with_its_filters(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("gaps", grain="month", start="2025-12-01", segment="country:AT")
    assert "Country: AT · Month (2025-12-01 to 2025-12-31)" in shown_text(page)


def test_a_choice_is_written_into_the_address(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("gaps")
    page.sidebar.selectbox(key="grain").select("quarter").run()
    page.sidebar.selectbox(key="segment").select("country:AT").run()
    assert dict(page.query_params) == {
        "grain": "quarter",
        "start": "2025-10-01",
        "segment": "country:AT",
    }
    page.sidebar.selectbox(key="grain").select("trailing_12m").run()
    assert set(page.query_params) == {"segment"}


def test_the_latest_complete_period_is_offered_first(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("gaps", grain="quarter")
    start = page.sidebar.selectbox(key="start")
    assert (start.value, start.options) == ("2025-10-01", ["2026 Q1", "2025 Q4"])
    start.select("2026-01-01").run()
    assert "not complete" in shown_text(page)


def test_last_twelve_months_that_begin_earlier_are_no_choice_of_their_own(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(
        "insert into marts.kpi_current_state select * replace ('retention_rate' as metric_code,"
        " date '2025-01-01' as period_start, date '2025-12-31' as period_end)"
        " from marts.kpi_current_state where metric_code = 'csat' and period_grain = 'trailing_12m';"
    )
    page = open_page("overview")
    assert {box.key for box in page.sidebar.selectbox} == {"grain", "segment"}
    assert "Last 12 months (2025-02-01 to 2026-01-31)" in shown_text(page)


@pytest.mark.parametrize(
    "query",
    [{"grain": "decade"}, {"segment": "country:XX"}, {"grain": "month", "start": "1999-01-01"}],
    ids=["grain", "segment", "start"],
)
def test_what_the_file_does_not_have_falls_back(
    publish: Publish, open_page: OpenPage, query: dict[str, str]
) -> None:
    publish()
    page = open_page("gaps", **query)
    assert not page.exception
    assert page.metric or page.get("plotly_chart")


def test_a_figure_that_does_not_obey_says_so_loudly(publish: Publish, open_page: OpenPage) -> None:
    publish()
    for part, said in (
        ("Drivers", "The chosen period does not apply here: this shows the last 12 months."),
        ("Initiatives", "The chosen period and segment do not apply here: this shows every initiative."),
    ):
        assert not open_page("priorities", part=part).info
        page = open_page("priorities", part=part, grain="quarter", segment="country:AT")
        assert said in [info.value for info in page.info]


def test_a_grain_the_mart_lacks_is_explained_with_those_it_has(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("priorities", grain="month")
    assert "There are no figures by month here. Choose: last 12 months, quarter." in [
        info.value for info in page.info
    ]


def test_a_file_without_any_period_opens(publish: Publish, open_page: OpenPage) -> None:
    publish("delete from marts.kpi_current_state;")
    page = open_page("overview")
    assert not page.exception
    assert "No data" in shown_text(page)
