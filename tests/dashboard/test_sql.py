"""The page SQL: what it asks, and that it says why there is no answer."""

import pytest
from tests.dashboard.conftest import CANARY_TEXT, shown_text

from valuegap.dashboard import sql


def run(app, query):
    app.text_area[0].input(query)
    (button,) = (button for button in app.button if button.label == "Run")
    return button.click().run()


def test_nothing_is_asked_before_somebody_asks(publish, open_page, monkeypatch):
    publish()
    monkeypatch.setattr(sql, "ask", lambda *_, **__: pytest.fail("asked"))
    assert not open_page("sql").exception


def test_a_query_is_answered_for_the_chosen_segment(publish, open_page):
    publish()
    app = run(open_page("sql", segment="country:AT"), "select $segment as chosen, 42 as answer")
    assert not app.exception
    (frame,) = (frame.value for frame in app.dataframe)
    assert frame.to_dict("records") == [{"chosen": "country:AT", "answer": 42}]


def test_a_page_drawn_again_does_not_ask_again(publish, open_page, monkeypatch):
    publish()
    app = run(open_page("sql"), "select 42 as answer")
    monkeypatch.setattr(sql, "ask", lambda *_, **__: pytest.fail("asked again"))
    assert not app.run().exception
    assert app.dataframe[0].value["answer"].tolist() == [42]


def test_why_there_is_no_answer_is_said(publish, open_page):
    publish()
    app = run(open_page("sql"), "select * from read_text('/etc/passwd')")
    (said,) = (error.value for error in app.error)
    assert said.startswith("read_text(…) cannot be read from here.")


def test_the_answer_holds_no_figure_of_too_few_customers(publish, open_page):
    publish()
    app = run(open_page("sql"), "select * from marts.satisfaction_gap")
    assert "-13.4" in shown_text(app)
    assert not any(canary in shown_text(app) for canary in CANARY_TEXT)


def test_personal_data_comes_only_where_it_is_allowed(publish, open_page, monkeypatch):
    publish()
    query = "select distinct owner from marts.gap_risk"
    assert "anna.owner" not in shown_text(run(open_page("sql"), query))
    monkeypatch.setenv("VALUEGAP_DASHBOARD_PERSONAL_DATA", "true")
    assert "anna.owner" in shown_text(run(open_page("sql"), query))
