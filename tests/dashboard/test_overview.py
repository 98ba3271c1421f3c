"""Overview: tiles say figure, interval, n and change, and nothing of too few customers."""

from tests.dashboard.conftest import CANARY_TEXT, OpenPage, Publish, shown_text


def test_a_tile_says_figure_interval_and_n(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview")
    assert not page.exception
    assert {metric.label: metric.value for metric in page.metric} == {
        "Satisfaction [CSAT]": "64.5 %",
        "Reopened": "5.7 %",
        "Sales, EUR": "26.3 m",
    }
    assert any("62\\.5 % to 66\\.5 % · n 261" in caption.value for caption in page.caption)


def test_a_change_that_chance_explains_is_marked_and_has_no_direction(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("overview", grain="quarter")
    csat, _, reopened = page.metric
    assert csat.delta == "−3.2 points"
    assert csat.proto.color == csat.proto.MetricColor.GRAY
    assert any("within noise" in caption.value for caption in page.caption)
    assert reopened.delta == "+4.0 points"
    assert any(caption.value.startswith("worse") for caption in page.caption), (
        "fewer reopened tickets are better"
    )


def test_the_last_twelve_months_borrow_the_change_of_the_last_complete_quarter(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("overview")
    assert page.metric[0].delta == "−3.2 points"
    assert any("from 2025-10-01" in caption.value for caption in page.caption)


def test_too_few_customers_show_no_figure(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview", segment="country:DE")
    assert {metric.value for metric in page.metric} == {"—"}
    assert any("too few customers (n 3)" in caption.value.replace("\\", "") for caption in page.caption)
    assert not any(canary in shown_text(page) for canary in CANARY_TEXT)


def test_few_customers_are_marked_directional(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview", segment="country:AT")
    assert any("directional" in caption.value for caption in page.caption)


def test_names_of_metrics_are_shown_as_they_are_written(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview")
    assert any("Satisfaction \\[CSAT\\]" in text.value for text in page.markdown)


def test_a_tile_tells_its_question_and_how_its_figure_is_made(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("overview")
    name = next(text for text in page.markdown if "CSAT" in text.value)
    assert name.help == "How \\*satisfied\\*?\n\n100 \\* satisfied / asked"


def test_a_stale_stream_is_named(publish: Publish, open_page: OpenPage) -> None:
    publish(
        "update marts.freshness set is_stale = true, last_loaded_as_of = date '2026-01-29' where source = 'hubspot';"
    )
    page = open_page("overview")
    assert "hubspot" in page.warning[0].value
    assert "2026\\-01\\-29" in page.warning[0].value


def test_the_start_page_needs_no_plotly_until_a_metric_is_chosen(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("overview")
    assert not page.get("plotly_chart")
    assert page.selectbox(key="metric").select("csat").run().get("plotly_chart")


def test_a_metric_of_a_segment_without_a_reportable_month_says_so(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("overview", segment="country:DE").selectbox(key="metric").select("csat").run()
    assert any("No month has enough customers" in info.value for info in page.info)
    assert not page.get("plotly_chart")
