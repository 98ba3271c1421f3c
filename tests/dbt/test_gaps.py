"""What the gap marts say of six customers, five managers and the published ECSI survey."""

import csv
import json
import statistics
from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pytest
from model_run import build_models
from raw_fixture import NIGHT, SEEN, insert, questions, to
from scipy import stats

from valuegap import warehouse
from valuegap.settings import PROJECT_ROOT, Settings

ECSI = PROJECT_ROOT.parent / "shared" / "data" / "ecsi_mobile.csv"
LAST_YEAR = "segment_key = 'all:all' and period_grain = 'trailing_12m'"

# A line a customer; None is a question left out.
BEFORE = ("BEN_FUNCTIONAL", "COST_TIME")
BEFORE_ANSWERS = ((7, 2), (6, 3), (5, 1), (7, 2), (6, 4), (4, 4))
AFTER = (
    "EXP_DELIVERY_1", "PER_DELIVERY_1", "ADQ_DELIVERY", "DES_DELIVERY", "IMP_DELIVERY",
    "EXP_SUPPORT_1", "PER_SUPPORT_1", "IMP_SUPPORT", "BEN_FUNCTIONAL", "COST_TIME",
)  # fmt: skip
AFTER_ANSWERS = (
    (6, 4, 5, 7, 7, 5, 6, 4, 6, 4),
    (7, 5, 5, 6, 6, 6, 5, 5, 5, 3),
    (5, 7, 4, 6, 7, 7, 4, 4, 5, 3),
    (6, 3, 4, 7, 5, 5, 5, 6, 7, 1),
    (7, 6, 6, 5, 6, 6, 6, 3, 4, 5),
    (6, 5, 3, 6, 7, 6, None, 5, 5, 6),
)
MANAGERS = ("BEL_DELIVERY", "STD_DELIVERY")
MANAGER_ANSWERS = ((5, 4), (4, 5), (6, 4), (5, 3), (4, 4))
MARGINS = (10, 20, 30, 40, 50, 60)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(data_dir=tmp_path_factory.mktemp("gaps"))
    with warehouse.writer(settings) as connection:
        _sell(connection)
        _ask(connection)
    marts = (
        "satisfaction_gap", "value_gap", "promise_alignment", "service_quality_gaps", "servqual_score",
        "item_statistics",
    )  # fmt: skip
    build_models(settings, NIGHT, select=tuple(f"+{mart}" for mart in marts))
    return settings


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def scores_of(answers: Iterable[Sequence[int | None]], item: int) -> list[float]:
    return [100 * (row[item] - 1) / 6 for row in answers if row[item] is not None]


def test_an_experience_lies_below_within_or_above_the_zone_of_tolerance(company):
    found = rows(
        company,
        "select delivered_raw, zot_state, is_zone_inverted, round(zone_of_tolerance, 3), round(adequacy_score, 3), "
        "round(superiority_score, 3) from marts.fct_value_gap where gap_type = 'satisfaction' "
        "and attribute_code = 'delivery' and customer_key is not null order by zone_of_tolerance desc nulls last, 1",
    )
    assert found == [
        (3.0, "below", False, 50.0, -16.667, -66.667),
        (5.0, "within", False, 50.0, 33.333, -16.667),
        (4.0, "below", False, 33.333, -16.667, -50.0),
        (7.0, "above", False, 33.333, 50.0, 16.667),
        (5.0, "within", False, 16.667, 0.0, -16.667),
        (6.0, None, True, None, None, None),
    ]
    shares = (
        "select share_below_zone, share_within_zone, share_above_zone, n_zone_customers, n_zone_inverted "
        f"from marts.satisfaction_gap where attribute_code = 'delivery' and {LAST_YEAR}"
    )
    assert rows(company, shares) == [pytest.approx((0.4, 0.4, 0.2, 5, 1))]


def test_a_manager_s_answer_enters_no_gap_of_customers(company):
    query = f"select n_customers, expectation_score from marts.satisfaction_gap where attribute_code = 'delivery' and {LAST_YEAR}"
    expected = statistics.mean(scores_of(AFTER_ANSWERS, 0))
    assert rows(company, query) == [pytest.approx((6, expected))]
    held = rows(
        company,
        "select distinct respondent_role from marts.item_statistics where survey_key = 'SV_management01'",
    )
    assert held == [("management",)]


def test_an_experience_without_expectation_says_why_and_an_expectation_without_experience_is_counted(company):
    reasons = rows(
        company,
        "select gap_type, attribute_code, unpaired_reason, count(*) from marts.fct_value_gap "
        "where pairing_method = 'none' and attribute_code <> 'overall_quality' group by all order by all",
    )
    assert reasons == [("satisfaction", "delivery", "anonymous", 1)]
    counted = rows(
        company,
        f"select attribute_code, n_experiences, n_unpaired_expectations from marts.satisfaction_gap where {LAST_YEAR} "
        "and attribute_code in ('delivery', 'support') order by 1",
    )
    assert counted == [("delivery", 6, 0), ("support", 5, 1)]


def test_a_cost_above_what_was_expected_is_a_shortfall(company):
    felt, hoped = scores_of(AFTER_ANSWERS, 9), scores_of(BEFORE_ANSWERS, 1)
    gaps = [before - after for before, after in zip(hoped, felt, strict=True)]
    low, high = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    short = [gap < -5 for gap in gaps]

    found = rows(
        company,
        "select design, score_direction, expected_score, delivered_score, gap_score, ci_low, ci_high, n_customers, "
        "share_shortfall, cast(n_customers_short as integer), cast(margin_at_risk_amount as double) "
        f"from marts.value_gap where attribute_code = 'time_cost' and {LAST_YEAR}",
    )
    assert found[0][:2] == ("paired", "lower_better")
    at_risk = sum(margin for margin, is_short in zip(MARGINS, short, strict=True) if is_short)
    assert found[0][2:] == pytest.approx(
        (
            *(statistics.mean(hoped), statistics.mean(felt), statistics.mean(gaps), low, high, 6),
            *(sum(short) / 6, sum(short), at_risk),
        ),
        abs=1e-4,
    )


def test_a_promise_is_held_against_experiences_while_it_was_in_force(company):
    delivered = scores_of(AFTER_ANSWERS, 1)
    gaps = [score - 90 for score in delivered]
    low, high = stats.ttest_1samp(gaps, 0).confidence_interval(0.95)
    found = rows(
        company,
        "select delivered_score, promise_gap, ci_low, ci_high, hype_gap, n_affected_customers, n_customers, "
        "is_over_promised from marts.promise_alignment where promise_id = 'V-1' and period_grain = 'trailing_12m'",
    )
    assert found == [
        pytest.approx(
            (
                *(statistics.mean(delivered), statistics.mean(gaps), low, high),
                *(statistics.mean(scores_of(AFTER_ANSWERS, 0)) - 90, sum(gap < -5 for gap in gaps), 6),
                high < -5,
            ),
            abs=1e-4,
        )
    ]
    unjudged = rows(
        company,
        "select promise_gap, unavailable_reason from marts.promise_alignment "
        "where promise_id = 'V-6' and period_grain = 'trailing_12m'",
    )
    assert unjudged == [(None, "no_experience")]


def test_every_gap_of_the_model_is_a_loss_when_negative(company):
    expected, delivered = scores_of(AFTER_ANSWERS, 0), scores_of(AFTER_ANSWERS, 1)
    believed, standard = scores_of(MANAGER_ANSWERS, 0), scores_of(MANAGER_ANSWERS, 1)
    samples = {1: (expected, believed), 2: (believed, standard), 3: (standard, delivered)}

    found = rows(
        company,
        "select gap_number, reference_score, compared_score, gap_score, ci_low, ci_high, n_reference, n_compared "
        "from marts.service_quality_gaps where attribute_code = 'delivery' and period_grain = 'trailing_12m' "
        "and gap_number <= 3 order by 1",
    )
    for number, *figures in found:
        reference, compared = samples[number]
        welch = stats.ttest_ind(compared, reference, equal_var=False)
        low, high = welch.confidence_interval(0.95)
        means = statistics.mean(reference), statistics.mean(compared)
        assert figures == pytest.approx(
            [*means, means[1] - means[0], low, high, len(reference), len(compared)], abs=1e-3
        )
    assert [number for number, *_ in found] == [1, 2, 3]
    paired = rows(
        company,
        "select gap_number, gap_score, basis from marts.service_quality_gaps where attribute_code = 'delivery' "
        "and period_grain = 'trailing_12m' and gap_number > 3 order by 1",
    )
    assert paired == [
        (4, pytest.approx(statistics.mean(delivered) - 90), "paired"),
        (5, pytest.approx(statistics.mean(delivered) - statistics.mean(expected)), "paired"),
    ]


def test_a_gap_nobody_can_know_has_its_reason(company):
    found = rows(
        company,
        "select gap_number, gap_score, unavailable_reason, reliability from marts.service_quality_gaps "
        "where attribute_code = 'support' and period_grain = 'trailing_12m' and not is_available order by 1",
    )
    assert found == [
        (1, None, "no_management_survey", "suppressed"),
        (2, None, "no_management_survey", "suppressed"),
        (3, None, "no_management_survey", "suppressed"),
    ]


def test_the_servqual_total_weighs_dimensions_by_stated_importance(company):
    delivery = [d - e for e, d in zip(scores_of(AFTER_ANSWERS, 0), scores_of(AFTER_ANSWERS, 1), strict=True)]
    support = [
        d - e for e, d in zip(scores_of(AFTER_ANSWERS[:5], 5), scores_of(AFTER_ANSWERS, 6), strict=True)
    ]
    weights = statistics.mean(scores_of(AFTER_ANSWERS, 4)), statistics.mean(scores_of(AFTER_ANSWERS[:5], 7))
    totals = [
        (weights[0] * one + weights[1] * other) / sum(weights)
        for one, other in zip(delivery, support, strict=False)
    ] + delivery[5:]

    found = rows(
        company,
        "select servqual_dimension, gap_score, weight_points, weight_coverage, weight_method, is_reportable "
        f"from marts.servqual_score where {LAST_YEAR} order by 1",
    )
    points = [100 * weight / sum(weights) for weight in weights]
    coverage = (5 + weights[0] / sum(weights)) / 6
    assert found == [
        ("all", pytest.approx(statistics.mean(totals)), 100.0, pytest.approx(coverage), "stated", True),
        ("reliability", pytest.approx(statistics.mean(delivery)), pytest.approx(points[0]), 1.0, "stated", True),
        ("responsiveness", pytest.approx(statistics.mean(support)), pytest.approx(points[1]), 1.0, "stated", True),
    ]  # fmt: skip


def test_items_of_a_published_survey_have_the_published_means_gaps_and_reliability(company):
    answers = ecsi_answers()

    def alpha(items: np.ndarray) -> float:
        k = items.shape[1]
        return k / (k - 1) * (1 - items.var(axis=0, ddof=1).sum() / items.sum(axis=1).var(ddof=1))

    found = {
        tag: figures
        for tag, *figures in rows(
            company,
            "select question_tag, n_responses, mean_raw, sd_raw, n_items, cronbach_alpha, alpha_if_deleted, "
            "item_rest_correlation, gap_raw, gap_alpha from marts.item_statistics "
            "where survey_key = 'SV_ecsimobile01' and period_grain = 'year'",
        )
    }
    assert len(found) == 24
    groups = {"CUEX": 3, "PERQ": 7, "IMAG": 5, "PERV": 2}
    for name, size in groups.items():
        items = np.column_stack([answers[f"{name}{number}"] for number in range(1, size + 1)])
        for number in range(size):
            own, rest = items[:, number], np.delete(items, number, axis=1)
            figures = found[f"{name}{number + 1}"]
            assert figures[:5] == pytest.approx(
                [250, own.mean(), own.std(ddof=1), size, alpha(items)], abs=1e-7
            )
            assert figures[5] == (pytest.approx(alpha(rest), abs=1e-7) if size > 2 else None)
            assert figures[6] == pytest.approx(np.corrcoef(own, rest.sum(axis=1))[0, 1], abs=1e-7)
    gaps = np.column_stack([answers[f"PERQ{number}"] - answers[f"CUEX{number}"] for number in (1, 2, 3)])
    assert round(found["PERQ1"][7], 3) == 0.364
    assert [found[f"PERQ{number}"][7] for number in (1, 2, 3)] == pytest.approx(gaps.mean(axis=0))
    assert [found[f"PERQ{number}"][8] for number in (1, 2, 3)] == pytest.approx([alpha(gaps)] * 3)
    assert [found[f"PERQ{number}"][7] for number in (4, 5, 6, 7)] == [None] * 4


def ecsi_answers() -> dict[str, np.ndarray]:
    if not ECSI.is_file():
        pytest.skip("the published survey is not here: ../shared/data is missing")
    with ECSI.open(newline="") as file:
        lines = list(csv.DictReader(file))
    return {tag: np.array([float(line[tag]) for line in lines]) for tag in lines[0] if tag}


def _sell(raw: duckdb.DuckDBPyConnection) -> None:
    ids = [str(number) for number in range(1, 7)]
    won = {
        "dealstage": "closedwon",
        "hs_is_closed_won": True,
        "hs_is_closed": True,
        "deal_currency_code": "EUR",
    }
    line = {"hs_position_on_quote": 1, "quantity": 1, "hs_sku": "DESK", "price": 100}
    streams = {
        "companies": [{"id": i, "name": f"Company {i}"} | SEEN for i in ids],
        "contacts": [{"id": i, "email": f"person@{i}.example"} | SEEN for i in ids],
        "contact_companies": [{"from_id": i, "to_records": to(i)} for i in ids],
        "products": [{"id": "90", "name": "Desk", "hs_sku": "DESK", "price": 100} | SEEN],
        "deals": [{"id": i, "order_number": f"O-{i}", "closedate": "2025-12-01", **won, **SEEN} for i in ids],
        "deal_companies": [{"from_id": i, "to_records": to(i, type_id=5)} for i in ids],
        "line_items": [
            {"id": f"7{i}", "hs_cost_of_goods_sold": 100 - margin, **line, **SEEN}
            for i, margin in zip(ids, MARGINS, strict=True)
        ],
        "line_item_deals": [{"from_id": f"7{i}", "to_records": to(i, type_id=20)} for i in ids],
        "pipelines": [{"id": "default", "label": "Sales", "stages": '[{"id": "closedwon"}]'}],
        "company_ids": [{"id": i} for i in ids],
        "contact_ids": [{"id": i} for i in ids],
        "deal_ids": [{"id": i} for i in ids],
        "product_ids": [{"id": "90"}],
        "line_item_ids": [{"id": f"7{i}"} for i in ids],
    }
    for stream, records in streams.items():
        insert(raw, "hubspot", stream, records)


def _ask(raw: duckdb.DuckDBPyConnection) -> None:
    people = [{"recipient_email": f"person@{i}.example"} for i in range(1, 7)]
    published = ecsi_answers()
    surveys = {
        "SV_prepurchase01": (BEFORE, "2025-11-15", list(zip(people, BEFORE_ANSWERS, strict=True))),
        "SV_relationship01": (
            AFTER,
            "2026-01-15",
            [*zip(people, AFTER_ANSWERS, strict=True), ({}, (None, 4))],
        ),
        "SV_management01": (MANAGERS, "2026-01-10", [({}, answers) for answers in MANAGER_ANSWERS]),
        "SV_ecsimobile01": (
            tuple(published),
            "2026-01-20",
            [({}, [int(answer) for answer in row]) for row in zip(*published.values(), strict=True)],
        ),
    }
    definitions = [{"id": survey, "name": survey, "last_modified_at": "2026-01-01"} for survey in surveys]
    insert(raw, "qualtrics", "surveys", definitions)
    insert(
        raw,
        "qualtrics",
        "survey_definitions",
        [
            definition | {"questions": questions(*items)}
            for definition, (items, _, _) in zip(definitions, surveys.values(), strict=True)
        ],
    )
    responses = [
        {"survey_id": survey, "id": f"{survey}_{number}", "is_finished": True, "recorded_at": recorded_at}
        | person
        | {"answers": json.dumps({f"QID{n}": str(a) for n, a in enumerate(row, start=1) if a is not None})}
        for survey, (_, recorded_at, answered) in surveys.items()
        for number, (person, row) in enumerate(answered, start=1)
    ]
    insert(raw, "qualtrics", "responses", responses)
    insert(
        raw,
        "qualtrics",
        "response_ids",
        [{key: each[key] for key in ("survey_id", "id")} for each in responses],
    )
