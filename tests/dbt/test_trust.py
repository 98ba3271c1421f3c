"""Invitations, responses and what speaks against them, in the small company and where somebody makes trouble."""

import json
import shutil
from datetime import date

import duckdb
import pytest
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, fill_small_company, insert, questions

from valuegap import warehouse
from valuegap.settings import Settings

TRUST = ("+survey_quality", "+dim_survey", "+fct_survey_answer")


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_an_invitation_finds_its_customer_by_the_response_or_by_the_directory(small_company):
    found = rows(
        small_company,
        "select invites.status, industry, invites.response_key is not null from marts.fct_survey_invite as invites "
        "left join marts.dim_customer using (customer_key) order by 1",
    )
    assert found == [("bounced", None, False), ("completed", "retail", True), ("sent", "energy", False)]


def test_the_funnel_of_a_month_counts_who_cannot_be_linked_in_the_row_of_all(small_company):
    found = rows(
        small_company,
        "select segment_key, n_invited, n_delivered, n_opened, n_started, n_completed, response_rate, "
        "n_invites_unlinked, n_anonymous, is_settled, reliability from marts.survey_quality "
        "where cohort_month = date '2026-01-01' order by segment_key",
    )
    assert found == [
        ("all:all", 3, 2, 1, 1, 1, 0.5, 1, 1, False, "suppressed"),
        ("market_segment:enterprise", 1, 1, 1, 1, 1, 1.0, 0, 0, False, "suppressed"),
        ("market_segment:mid_market", 1, 1, 0, 0, 0, 0.0, 0, 0, False, "suppressed"),
    ]


@pytest.fixture(scope="module")
def in_trouble(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The second night: Ann answers twice, and the survey is changed while its distribution is in the field."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("in_trouble"))
    night = date(2026, 2, 1)
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
        asked = json.loads(
            questions("EXP_QUALITY_1", "EXP_QUALITY_2", "PER_QUALITY_1", "PER_QUALITY_2", "NPS")
        )
        asked["QID1"]["Choices"] = {str(code): {"Display": str(code)} for code in range(1, 6)}
        definition = {"id": "SV_relationship01", "questions": json.dumps(asked)}
        changed = {"last_modified_at": "2026-01-20 12:00:00"}
        insert(connection, "qualtrics", "survey_definitions", [definition | changed], night)
        response = {
            "survey_id": "SV_relationship01",
            "is_finished": True,
            "recipient_email": "ann@acme.example",
        }
        insert(
            connection,
            "qualtrics",
            "responses",
            [
                response
                | {"id": "R_5", "recorded_at": "2026-01-15 18:00:00", "answers": json.dumps({"QID1": "2"})},
                response
                | {"id": "R_6", "recorded_at": "2026-01-25 18:00:00", "answers": json.dumps({"QID1": "3"})},
            ],
            night,
        )
        recipient = {
            "survey_id": "SV_relationship01", "distribution_id": "EMD_1", "id": "CGC_4", "contact_id": "CID_1",
            "sent_at": "2026-01-10 09:00:00", "status": "SurveyFinished", "response_id": "R_6",
        }  # fmt: skip
        insert(connection, "qualtrics", "invitations", [recipient], night)
    build_models(settings, night, TRUST)
    return settings


def test_a_second_response_of_the_day_or_the_invitation_is_flagged_and_enters_no_metric(in_trouble):
    found = rows(
        in_trouble,
        "select responses.submitted_at::date, duplicate_rule, is_kept, count(scored.answer_key) "
        "from marts.fct_survey_response as responses "
        "left join marts.fct_survey_answer as scored "
        "on scored.response_key = responses.response_key and scored.is_scored "
        "where is_duplicate group by all order by all",
    )
    assert found == [
        (date(2026, 1, 15), "same_day", False, 0),
        (date(2026, 1, 25), "same_invitation", False, 0),
    ]


def test_responses_of_a_survey_changed_in_the_field_say_so_and_answers_after_a_scale_break_too(in_trouble):
    versions = rows(
        in_trouble, "select version_number, is_scale_break, is_current from marts.dim_survey order by 1"
    )
    assert versions == [(1, False, False), (2, True, True)]
    flagged = rows(
        in_trouble,
        "select submitted_at::date, definition_version from marts.fct_survey_response "
        "where is_edited_mid_field order by all",
    )
    assert flagged == [(date(2026, 1, 15), 1), (date(2026, 1, 25), 2)]
    broken = rows(
        in_trouble,
        "select submitted_at::date, scale_version from marts.fct_survey_answer where is_scale_break",
    )
    assert broken == [(date(2026, 1, 25), 2)]


def test_nps_on_another_scale_is_refused_and_says_why(tmp_path):
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    seed = project / "seeds" / "question_map.csv"
    text = seed.read_text()
    declared = "SV_relationship01,NPS,recommend,nps,overall,nps_11"
    assert text.count(declared) == 1
    seed.write_text(text.replace(declared, "SV_relationship01,NPS,recommend,nps,overall,scale_10"))
    settings = Settings(data_dir=tmp_path / "data")
    with warehouse.writer(settings) as connection:
        fill_small_company(connection)
    build_models(settings, NIGHT, ("+fct_survey_answer", "+dim_question"), project)
    assert rows(
        settings, "select metric_code, mapping_problem from marts.dim_question where question_tag = 'NPS'"
    ) == [(None, "nps_is_not_0_to_10")]
    assert rows(settings, "select count(*) from marts.fct_survey_answer where metric_code = 'nps'") == [(0,)]
    assert rows(
        settings,
        "select count(*) from marts.fct_survey_answer inner join marts.dim_question using (question_key) "
        "where question_tag = 'NPS'",
    ) == [(3,)], "the answers are kept"
