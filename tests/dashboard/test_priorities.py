"""Priorities: the map, the drivers, and what is at stake."""

from tests.dashboard.conftest import CANARY_TEXT, OpenPage, Publish, shown_text

from valuegap.dashboard.priorities import PARTS


def test_the_map_names_its_quadrants_and_lists_its_attributes(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("priorities")
    assert not page.exception
    table = page.dataframe[0].value
    assert set(table["Quadrant"]) == {"Concentrate here"}
    assert set(table["Ambiguous"]) == {"yes"}


def test_drivers_stand_in_the_order_of_their_share(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("priorities", part="Drivers")
    drivers = page.dataframe[0].value
    assert list(drivers["Attribute"])[:2] == ["Delivery <b>on time</b>", "Price"]
    assert list(drivers["Share, %"])[:2] == [13.4, 3.5]


def test_a_gap_stands_with_its_value_at_risk_and_who_works_on_it(
    publish: Publish, open_page: OpenPage
) -> None:
    publish()
    page = open_page("priorities")
    (gap,) = page.dataframe[1].value.to_dict("records")
    assert gap["Value at risk"] == 25289616
    assert gap["Initiatives"] == "Keep the day (running)"
    assert gap["Their effect"] == "Effective"


def test_a_gap_names_the_metric_it_is_measured_by(publish: Publish, open_page: OpenPage) -> None:
    """Two targets of the whole company differ in nothing else."""
    publish("update marts.gap_risk set subject_code = 'all', metric_code = 'csat';")
    (gap,) = open_page("priorities").dataframe[1].value.to_dict("records")
    assert gap["Metric"] == "Satisfaction [CSAT]"


def test_an_initiative_that_has_not_begun_stands_at_its_gap_without_figures(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(
        "update marts.action_plan set status = 'proposed', effect_status = 'not_started', n_customers = 0,"
        " is_reportable = false, reliability = 'suppressed';"
    )
    (gap,) = open_page("priorities").dataframe[1].value.to_dict("records")
    assert gap["Initiatives"] == "Keep the day (proposed)"
    page = open_page("priorities", part="Initiatives")
    (initiative,) = page.dataframe[0].value.to_dict("records")
    assert initiative["Initiative"] == "Keep the day"
    assert initiative["Measured effect"] != initiative["Measured effect"], "not a number"


def test_the_name_of_an_owner_is_personal(publish: Publish, open_page: OpenPage) -> None:
    publish()
    for part in PARTS:
        assert "anna.owner" not in shown_text(open_page("priorities", part=part))


def test_nothing_of_too_few_customers_is_shown(publish: Publish, open_page: OpenPage) -> None:
    publish()
    text = ""
    for part in PARTS:
        page = open_page("priorities", part=part, segment="country:DE")
        assert not page.exception
        text += shown_text(page)
    assert not any(canary in text for canary in (*CANARY_TEXT, "712"))
    assert "too few customers" in text


def test_a_segment_without_gaps_says_so(publish: Publish, open_page: OpenPage) -> None:
    publish()
    page = open_page("priorities", segment="country:AT")
    assert "No gap is open for Country: AT." in [info.value for info in page.info]


def test_drivers_that_cannot_be_told_apart_give_the_reason(publish: Publish, open_page: OpenPage) -> None:
    publish("update marts.driver_importance set johnson_share = null, unavailable_reason = 'few_customers';")
    page = open_page("priorities", part="Drivers")
    assert "No drivers can be told apart here: Few customers." in [info.value for info in page.info]
