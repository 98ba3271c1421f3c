"""Gaps: by attribute, by segment, over time, against promises."""

import json

from tests.dashboard.conftest import CANARY_TEXT, OpenPage, Publish, shown_text


def figure(page: object, position: int) -> dict[str, object]:
    return json.loads(page.get("plotly_chart")[position].proto.spec)


def test_gaps_are_drawn_widest_first_and_listed_with_their_intervals(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("gaps")
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["Gap"]) == [-13.4, 0.0, 3.5]
    assert list(table["Lower"]) == [-15.4, -2.0, 1.5]
    assert list(table["Customers short, %"]) == [50, 50, 50]
    assert list(table["Customers"]) == [261, 261, 261]
    names = [trace["name"] for trace in figure(page, 0)["data"]]
    assert names == ["worse than expected", "within noise", "better than expected"]


def test_gaps_are_those_of_the_chosen_period(publish: Publish, open_page: OpenPage) -> None:
    publish("update marts.satisfaction_gap set gap_score = 9.9 where period_start = date '2025-12-01';")
    page = open_page("gaps", grain="month", start="2026-01-01")
    assert list(page.dataframe[0].value["Gap"]) == [-13.4, 0.0, 3.5]


def test_value_gaps_can_be_chosen_instead(publish: Publish, open_page: OpenPage) -> None:
    publish(
        "update marts.value_gap set gap_score = -9.9, ci_low = -11, ci_high = -8 where attribute_code = 'price';"
    )
    page = open_page("gaps")
    page.get("button_group")[0].set_value("value_gap").run()
    assert -9.9 in list(page.dataframe[0].value["Gap"])


def test_no_gap_of_too_few_customers_is_shown(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("gaps", segment="country:DE")
    assert not page.exception
    text = shown_text(page)
    assert not any(canary in text for canary in CANARY_TEXT)
    assert "too few customers" in text
    assert "Gap" not in page.dataframe[0].value.columns


def test_a_segment_with_too_few_customers_is_named_beside_the_others(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("gaps")
    assert any(caption.value == "Too few customers: DE." for caption in page.caption)
    by_segment = figure(page, 2)["data"][0]
    assert [label.split("<br>")[0] for label in by_segment["y"]] == ["AT"]
    assert by_segment["y"][0].endswith("directional")


def test_promises_are_compared_with_what_was_delivered(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("gaps")
    promises = page.dataframe[-1].value
    assert promises[["Promised", "Delivered", "Gap to the promise", "Over-promised"]].to_numpy().tolist() == [
        [90.0, 66.0, -13.4, "yes"]
    ]


def test_a_month_with_too_few_customers_has_no_figure(publish: Publish, open_page: OpenPage) -> None:
    publish(
        "update marts.satisfaction_gap set is_reportable = false where period_start = date '2025-12-01' and period_grain = 'month';"
    )
    page = open_page("gaps")
    months = page.dataframe[3].value
    assert months["Figure"].isna().tolist() == [True, False]
