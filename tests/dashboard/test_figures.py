"""Figures are pure functions of a frame, and say without colour what they say with it."""

import json

import pandas as pd
import pytest

from valuegap.dashboard import figures


def gaps() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["Delivery <a href='x'>day</a>", "Help", "Care"],
            "estimate": [-13.4, -0.04, 3.4],
            "ci_low": [-15.2, -1.0, 1.6],
            "ci_high": [-11.5, 0.9, 5.3],
            "expected": [79.7, 74.0, 57.4],
            "delivered": [66.3, 73.96, 60.8],
            "n_customers": [261, 20, 261],
            "reliability": ["reliable", "directional", "reliable"],
        }
    )


def months(estimates: list[float | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period_start": pd.date_range("2025-01-01", periods=len(estimates), freq="MS"),
            "estimate": pd.Series(estimates, dtype="float64"),
            "ci_low": pd.Series(estimates, dtype="float64") - 2,
            "ci_high": pd.Series(estimates, dtype="float64") + 2,
            "n_customers": 50,
            "reliability": "reliable",
        }
    )


def attributes() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["Delivery", "Quality"],
            "quadrant": ["concentrate_here", "keep_up"],
            "importance_score": [81.0, 87.0],
            "importance_low": [80.0, 86.0],
            "importance_high": [82.0, 88.0],
            "performance_score": [64.0, 77.0],
            "ci_low": [62.0, 75.0],
            "ci_high": [66.0, 78.0],
            "importance_crosshair": 72.6,
            "performance_crosshair": 65.3,
            "is_ambiguous": [True, False],
            "n_customers": 261,
            "reliability": "reliable",
        }
    )


def test_a_gap_bar_has_its_interval_n_and_a_pattern_for_its_direction() -> None:
    short, noise, better = figures.gap_bars(gaps(), "Gap").data
    assert short.error_x.array[0] == pytest.approx(1.9)
    assert short.error_x.arrayminus[0] == pytest.approx(1.8)
    assert "−13.4 · n 261" in short.y[0]
    assert (short.name, noise.name, better.name) == (
        "worse than expected",
        "within noise",
        "better than expected",
    )
    assert len({trace.marker.pattern.shape for trace in (short, noise, better)}) == 3


def test_a_rounded_zero_has_no_sign() -> None:
    _, noise, _ = figures.gap_bars(gaps(), "Gap").data
    assert "0.0 · n 20" in noise.y[0]
    assert "−0.0" not in noise.y[0] + noise.hovertext[0]


def test_few_customers_are_marked_in_the_label_and_by_a_hollow_mark() -> None:
    points = figures.interval_points(gaps(), "Gap").data[0]
    assert [symbol.endswith("-open") for symbol in points.marker.symbol] == [False, True, False]
    assert [label.endswith("directional") for label in points.y] == [False, True, False]


def test_the_first_row_is_on_top() -> None:
    for figure in (
        figures.gap_bars(gaps(), "Gap"),
        figures.interval_points(gaps(), "Gap"),
        figures.dumbbells(gaps(), "x"),
    ):
        assert "Care" in figure.layout.yaxis.categoryarray[0]
        assert "Delivery" in figure.layout.yaxis.categoryarray[-1]


def test_markup_in_the_data_is_shown_and_not_obeyed() -> None:
    for figure in (
        figures.gap_bars(gaps(), "Gap"),
        figures.dumbbells(gaps(), "x"),
        figures.interval_points(gaps(), "x"),
    ):
        assert "<a" not in json.dumps(figure.to_plotly_json(), default=list)


def test_expected_and_delivered_differ_by_their_marks() -> None:
    expected, delivered = figures.dumbbells(gaps(), "Score").data[-2:]
    assert (expected.name, list(expected.x)) == ("expected", [79.7, 74.0, 57.4])
    assert (delivered.name, list(delivered.x)) == ("delivered", [66.3, 73.96, 60.8])
    assert expected.marker.symbol != delivered.marker.symbol


def test_a_missing_month_is_a_break_and_a_month_alone_has_an_error_bar() -> None:
    first, *_, line = figures.trend(months([1.0, 2.0, None, 4.0]), "Gap").data
    assert len(first.x) == 4, "a band over the two months beside each other, there and back"
    assert line.connectgaps is False
    assert [None if pd.isna(each) else each for each in line.error_y.array] == [None, None, None, 2.0]


def test_every_quadrant_is_named_and_an_ambiguous_mark_is_hollow() -> None:
    figure = figures.quadrant_map(attributes())
    names = {annotation.text for annotation in figure.layout.annotations}
    assert names == {
        "<b>Concentrate here</b>",
        "<b>Keep up</b>",
        "<b>Low priority</b>",
        "<b>Possible overkill</b>",
    }
    concentrate, keep_up = figure.data
    assert concentrate.marker.symbol == ("diamond-open",)
    assert keep_up.marker.symbol == ("circle",)
    assert [line.x0 for line in figure.layout.shapes if line.x0 == line.x1] == [65.3]


def test_no_rows_make_an_empty_figure() -> None:
    assert figures.quadrant_map(attributes()[:0]).data == ()


@pytest.mark.parametrize(("theme", "ink"), [("light", "#31333f"), ("dark", "#fafafa")])
def test_text_and_intervals_take_the_colour_of_the_theme(theme: str, ink: str) -> None:
    template = figures.TEMPLATES[theme]
    assert template.layout.font.color == ink
    assert template.layout.paper_bgcolor == "rgba(0,0,0,0)"
    for drawn in (template.data.bar, template.data.scatter):
        assert [(of_kind.error_x.color, of_kind.error_y.color) for of_kind in drawn] == [(ink, ink)]
    (bars, *_) = figures.gap_bars(gaps(), "Gap").data
    assert bars.error_x.color is None, "a colour of its own would win over that of the theme"


def test_a_figure_reserves_room_for_its_longest_label() -> None:
    short, long = (
        figures.gap_bars(gaps().assign(name=name), "Gap") for name in ("A", "A" * figures.LABEL_WIDTH)
    )
    assert long.layout.margin.l > short.layout.margin.l
