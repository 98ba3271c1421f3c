"""Service: waiting times, shares of tickets, agents, and the link with satisfaction."""

import json

import pandas as pd
import pytest
from tests.dashboard.conftest import BLOCK, CANARY_TEXT, OpenPage, Publish, figures, shown_text, table

from valuegap.dashboard import figures_service
from valuegap.dashboard.service import PARTS

MARTS = f"""
create table marts.service_performance as
with metrics as (
    select * from (values
        ('first_reply_minutes', 'minutes', 180), ('first_reply_business_minutes', 'minutes', 90),
        ('resolution_hours', 'hours', 14), ('resolution_business_hours', 'hours', 4.5),
        ('sla_met_rate', 'share', 0.84), ('first_contact_resolution_rate', 'share', 0.8),
        ('reopen_rate', 'share', 0.06), ('handoff_rate', 'share', 0.15)
    ) as metrics (metric_code, unit, figure)
)
select
    metric_code, breakdown, segment_key, period_grain, period_start, period_is_complete, unit, estimate, ci_low,
    ci_high, case when unit <> 'share' then estimate end as median_value,
    case when unit <> 'share' then estimate * 5 end as p90_value, n_customers as n_responses, n_customers,
    is_reportable, reliability
from (
    select *, {BLOCK} from (
        select * replace (case breakdown when 'topic:billing' then 3 else n end as n)
        from marts.sized, metrics, (values ('all'), ('topic:billing'), ('topic:defect')) as kinds (breakdown)
        where breakdown = 'all' or segment_key = 'all:all'
    )
);
create table marts.agent_scorecard as
select
    scope_type, case scope_type when 'agent' then repeat(agent, 8) end as agent_key, 'team-1' as team_id, period_grain,
    period_start, (period_start + interval 1 year)::date as period_end, 72.4::double as overall_score,
    score::double as csat_raw, score::double as csat_adjusted, score::double - 4 as csat_adjusted_low,
    score::double + 4 as csat_adjusted_high, band as rank_band, 90::bigint as n_tickets, 40::bigint as n_ratings,
    35::bigint as n_rated_tickets, score::double as scorecard_score, 59.0::double as first_reply_business_median,
    4.4::double as resolution_business_hours_median, 0.8::double as first_contact_resolution_rate,
    0.05::double as reopen_rate, 0.9::double as sla_rate, 30::bigint as n_customers, true as is_reportable,
    'reliable' as reliability
from (values
    ('all', '', 72.4, 'B'), ('agent', 'aaaa', 81.5, 'A'), ('agent', 'bbbb', 71.25, 'B'),
    ('agent', 'dddd', 77.1234, 'insufficient')
) as scopes (scope_type, agent, score, band), (values ('trailing_12m', date '2025-02-01'),
    ('month', date '2025-12-01'), ('month', date '2026-01-01')) as p (period_grain, period_start);
create table marts.service_satisfaction_link as
select
    metric_code, 'same_ticket' as lag_band, 'all:all' as segment_key, band, band_number, score::double as estimate,
    score::double - 5 as ci_low, score::double + 5 as ci_high, minutes::double as mean_service_time,
    -0.02::double as slope, -0.03::double as slope_low, -0.01::double as slope_high, date '2025-02-01' as period_start,
    date '2026-01-31' as period_end, 60::bigint as n_pairs, 50::bigint as n_customers, score > 0 as is_reportable,
    'reliable' as reliability
from (values ('1440 or more', 3, 55, 1700), ('0–30', 1, 75, 3), ('30–1440', 2, -1, 100)) as bands (band, band_number, score, minutes),
    (values ('first_reply_business_minutes'), ('resolution_business_hours')) as metrics (metric_code);
"""


def test_waiting_times_are_all_in_hours(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("service")
    assert not page.exception
    times = table(page, "Time").set_index("Time")
    assert times["Half within, hours"].to_dict() == {
        "First reply, open time": 1.5,
        "First reply, by the clock": 3.0,
        "Solution, open time": 4.5,
        "Solution, by the clock": 14.0,
    }
    assert times.loc["First reply, open time", "Nine of ten within, hours"] == 7.5


def test_shares_of_tickets_are_percentages_with_their_interval(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    shares = table(open_page("service"), "Share of tickets").set_index("Share of tickets")
    assert shares.loc["Promised times met", "%"] == pytest.approx(84)
    assert list(shares.index) == [
        "Promised times met",
        "Solved at the first contact",
        "Opened again",
        "Handed on",
    ]


def test_nothing_of_too_few_customers_is_shown(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    text = ""
    for part in PARTS:
        page = open_page("service", part=part, segment="country:DE")
        assert not page.exception
        text += shown_text(page)
    assert not any(canary in text for canary in CANARY_TEXT)
    assert "Waiting times: too few customers." in text
    assert "Share of tickets, %: too few customers." in text


def test_a_kind_of_ticket_of_too_few_customers_is_listed_without_figures(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("service", part="Kinds of ticket")
    kinds = table(page, "Topic").set_index("Topic")
    assert kinds.loc["Billing", "Note"] == "too few customers"
    assert pd.isna(kinds.loc["Billing", "Mean, hours"])
    page.selectbox(key="service-metric-by-kind").select("reopen_rate").run()
    assert "%" in table(page, "Topic").columns


def test_kinds_of_ticket_and_agents_are_those_of_the_chosen_month(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    month = {"grain": "month", "start": "2025-12-01"}
    kinds = open_page("service", part="Kinds of ticket", **month)
    assert list(table(kinds, "Topic")["Topic"]) == ["Billing", "Defect"]
    assert len(table(open_page("service", part="Agents", **month), "Agent")) == 3


def test_an_agent_of_too_few_customers_has_no_band(publish: Publish, open_page: OpenPage) -> None:
    publish(
        MARTS
        + "update marts.agent_scorecard set is_reportable = false, reliability = 'suppressed' where rank_band = 'A';"
    )
    agents = table(open_page("service", part="Agents"), "Agent").set_index("Agent")
    assert agents.loc["Agent aaaaaaaa", "Band"] == "—"
    assert pd.isna(agents.loc["Agent aaaaaaaa", "Adjusted"])


def test_agents_with_too_few_ratings_have_no_score_and_no_rank(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("service", part="Agents")
    agents = table(page, "Agent").set_index("Agent")
    assert list(agents["Band"]) == ["A", "B", "—"]
    left_out = agents.loc["Agent dddddddd"]
    assert left_out[["Adjusted", "Lower", "Upper", "Raw", "Scorecard, of 100"]].isna().all()
    assert left_out["Note"] == "too few rated tickets to be compared"
    (scores,) = figures(page)
    assert [trace["name"] for trace in scores["data"]] == [  # type: ignore[union-attr]
        "A: surely better",
        "B: not to be told apart",
    ]
    assert not any(canary in json.dumps(scores) for canary in CANARY_TEXT)


def test_agents_of_a_quarter_are_said_to_be_of_the_last_12_months(
    publish: Publish, open_page: OpenPage
) -> None:
    publish(MARTS)
    page = open_page("service", part="Agents", grain="quarter", start="2025-10-01", segment="country:AT")
    assert any(
        info.value
        == "The chosen period and segment do not apply here: this shows the last 12 months of all customers."
        for info in page.info
    )


def test_the_link_goes_from_quick_to_slow_and_claims_no_cause(publish: Publish, open_page: OpenPage) -> None:
    publish(MARTS)
    page = open_page("service", part="Satisfaction")
    bands = table(page, "Service time, open minutes")
    assert list(bands["Service time, open minutes"]) == ["0–30", "30–1440", "1440 or more"]
    assert bands["Satisfaction"].isna().tolist() == [False, True, False]
    assert any(
        caption.value
        == "Each hour longer goes with −1.20 points (−1.80 to −0.60). That they go together proves no cause."
        for caption in page.caption
    )


def test_bands_of_agents_are_told_by_their_mark_as_well() -> None:
    agents = pd.DataFrame(
        {
            "name": ["Agent a", "Agent b", "Agent c"],
            "csat_adjusted": [80.0, 72.0, 60.0],
            "csat_adjusted_low": [76.0, 68.0, 56.0],
            "csat_adjusted_high": [84.0, 76.0, 64.0],
            "n_ratings": [40, 40, 40],
            "rank_band": ["A", "B", "C"],
        }
    )
    marks = {trace.marker.symbol for trace in figures_service.agent_scores(agents, 72.0).data}
    assert len(marks) == 3


def test_a_month_without_a_time_breaks_the_line() -> None:
    months = pd.DataFrame(
        {
            "period_start": pd.date_range("2025-01-01", periods=3, freq="MS"),
            "median_value": [1.0, float("nan"), 2.0],
            "p90_value": [5.0, float("nan"), 6.0],
            "n_responses": [9, 2, 9],
            "reliability": ["directional", "suppressed", "reliable"],
        }
    )
    drawn = figures_service.times_by_month(months, "Hours").data[0]
    assert drawn.connectgaps is False
    assert pd.isna(drawn.y[1])
    assert (drawn.marker.symbol[0], drawn.marker.symbol[2]) == ("circle-open", "circle")
