"""The page Dictionary: everything published is explained and can be found."""

import pandas as pd
import pytest
from tests.dashboard.conftest import shown_text

from valuegap.dashboard.dictionary import bounds, explained, matching

DICTIONARY = """
alter table marts.dim_metric add column numerator varchar;
alter table marts.dim_metric add column denominator varchar;
alter table marts.dim_metric add column unit varchar default 'percent';
alter table marts.dim_metric add column direction varchar default 'higher_better';
alter table marts.dim_metric add column minimum double default 0;
alter table marts.dim_metric add column maximum double default 100;
alter table marts.dim_metric add column model varchar default 'satisfaction';
alter table marts.dim_metric add column column_name varchar default 'estimate';
alter table marts.dim_metric add column row_filter varchar default 'metric_code = 1';
alter table marts.dim_metric add column formula_source varchar default 'Oliver 1980';
alter table marts.dim_metric add column formula_version integer default 1;
alter table marts.dim_metric add column owner varchar default 'customer insight';
create table marts.mart_check as
select 'action_plan' as model, 'status_is_known' as check_name, 'accepted_values' as check_kind,
    'status' as column_name, 'error' as severity;
comment on table marts.action_plan is 'One row per initiative.';
comment on column marts.action_plan.status is 'How far it came.';
"""


def test_every_mart_with_its_columns_is_shown(publish, open_page):
    publish(DICTIONARY)
    app = open_page("dictionary")
    assert not app.exception
    app.selectbox(key="mart").select("action_plan").run()
    text = shown_text(app)
    assert "One row per initiative." in text
    assert "How far it came." in text
    assert "stops the night" in text


def test_personal_data_is_named_as_such(publish, open_page):
    publish(DICTIONARY)
    app = open_page("dictionary")
    app.selectbox(key="mart").select("gap_risk").run()
    (columns,) = (frame.value for frame in app.dataframe if "Personal data" in frame.value)
    assert columns.set_index("Column")["Personal data"]["owner"] == "personal"
    assert columns.set_index("Column")["Personal data"]["status" if "status" in columns else "gap_id"] == ""


def test_every_metric_is_explained(publish, open_page):
    publish(DICTIONARY)
    text = shown_text(open_page("dictionary"))
    for said in (
        "Satisfaction [CSAT]",
        "100 * satisfied / asked",
        "Oliver 1980",
        "0 to 100",
        "satisfaction.estimate where metric_code",
    ):
        assert said in text


def test_a_word_finds_metrics_marts_and_columns(publish, open_page):
    publish(DICTIONARY)
    app = open_page("dictionary")
    app.text_input(key="sought").input("initiative").run()
    text = shown_text(app)
    assert "One row per initiative." in text
    assert "initiative_name" in text
    assert "Oliver" not in text
    app.text_input(key="sought").input("nothing is called so").run()
    assert "Nothing is called that" in shown_text(app)


def test_all_words_must_be_found_in_any_case():
    table = pd.DataFrame(
        {"name": ["gap_score", "GAP trend", None], "meaning": ["Points of 100", None, "gap"]}
    )
    assert matching(table, "Gap points", ["name", "meaning"]).index.tolist() == [0]
    assert matching(table, "gap_score", ["name"]).index.tolist() == [0]
    assert matching(table, "(gap", ["name"]).empty


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0, 100, "0 to 100"), (-1.5, 1, "−1.50 to 1"), (0, None, "at least 0"), (None, 1, "at most 1"), (None, None, "none")],
)  # fmt: skip
def test_bounds_are_said_in_words(low, high, said):
    assert bounds(low, high) == said


def test_what_a_metric_lacks_is_a_dash():
    metric = pd.Series(dict.fromkeys(
        ("metric_code", "formula", "unit", "direction", "minimum", "maximum", "model", "column_name", "row_filter",
         "formula_source", "formula_version", "owner", "numerator", "denominator")
    ))  # fmt: skip
    assert explained(metric).set_index("What")["Is"]["Numerator"] == "—"
