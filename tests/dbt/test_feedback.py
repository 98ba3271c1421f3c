"""What the warehouse reads in words, what it makes of them, and that it never passes them on."""

import hashlib
import json
from pathlib import Path

import duckdb
import feedback_accuracy
import pytest
from feedback_accuracy import Reading, sentiment_accuracy, share_with_main_theme, tables
from model_run import PROJECT, build_models
from raw_fixture import NIGHT, insert, questions

from valuegap import warehouse
from valuegap.settings import PROJECT_ROOT, Settings

SAID = {  # text -> its main theme and sentiment
    "The delivery was not on time.": ("delivery", "negative"),
    "Die Lieferung kam nicht pünktlich.": ("delivery", "negative"),
    "Pünktlich war sie NIE, die Lieferung!": ("delivery", "negative"),
    "Die Lieferung war puenktlich": ("delivery", "positive"),
    "Not bad, your hotline.": ("support", "positive"),
    "No complaints.": ("praise_general", "positive"),
    "Nicht nur schnell, sondern auch gut: die Hotline": ("support", "positive"),
    "The invoice is excellent, the delivery was terrible.": ("invoice", "mixed"),
    "The chairs are good, but the delivery was a disaster, truly awful.": ("product_quality", "negative"),
    "The invoice came on Monday.": ("invoice", "neutral"),
    "La livraison était pour nous dans le bureau": ("other", "unknown"),
    "12345": ("other", "unknown"),
    "Fast alle Rechnungen waren falsch": ("invoice", "negative"),
}
STRONGER = (
    ("The support is very good.", "The support is good."),
    ("The support is good.", "The support is quite good."),
)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str, float | None, list[str]]]:
    """Main theme, sentiment, its score and all themes of each text, by the text."""
    settings = Settings(data_dir=tmp_path_factory.mktemp("texts"))
    written = [*SAID, *(text for pair in STRONGER for text in pair)]
    with warehouse.writer(settings) as raw:
        survey = {"id": "SV_relationship01", "name": "Relationship", "last_modified_at": "2026-01-01"}
        insert(raw, "qualtrics", "surveys", [survey])
        insert(raw, "qualtrics", "survey_definitions", [survey | {"questions": questions("COMMENT")}])
        responses = [
            {"id": f"R_{number}", "survey_id": survey["id"], "is_finished": True, "recorded_at": "2026-01-15"}
            | {"answers": json.dumps({"QID1_TEXT": f" {text} "})}
            for number, text in enumerate(written)
        ]
        insert(raw, "qualtrics", "responses", responses)
    build_models(settings, NIGHT, select=["+int_feedback_themes", "+int_feedback_sentiments"])
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        rows = connection.execute(
            "select text_hash, list(theme_code order by theme_rank), any_value(sentiment), any_value(sentiment_score) "
            "from intermediate.int_feedback_themes inner join intermediate.int_feedback_sentiments using (text_hash) "
            "group by text_hash"
        ).fetchall()
    read = {text_hash: (themes[0], sentiment, score, themes) for text_hash, themes, sentiment, score in rows}
    return {text: read[hashlib.sha256(text.encode()).hexdigest()] for text in written}


@pytest.mark.parametrize("text", SAID)
def test_a_text_is_read_as_it_is_meant(texts, text) -> None:
    assert texts[text][:2] == SAID[text]


@pytest.mark.parametrize(("stronger", "weaker"), STRONGER)
def test_an_amplifier_makes_a_judgement_stronger_or_weaker(texts, stronger, weaker) -> None:
    assert texts[stronger][2] > texts[weaker][2] > 0


def test_a_text_of_several_themes_is_of_each_the_first_one_first(texts) -> None:
    themes = texts["The chairs are good, but the delivery was a disaster, truly awful."][3]
    assert themes == ["product_quality", "delivery"]


@pytest.fixture(scope="module")
def readings(tmp_path_factory: pytest.TempPathFactory) -> list[Reading]:
    return feedback_accuracy.read_labelled(tmp_path_factory.mktemp("labelled"))


def test_what_is_called_good_or_bad_is_so_in_nine_of_ten_held_out_sentences(readings) -> None:
    held_out = [each for each in readings if each.is_held_out]
    assert min(sentiment_accuracy(held_out, sign).precision for sign in (-1, 1)) >= 0.9
    assert share_with_main_theme(held_out) >= 0.75


def test_the_page_prints_what_is_measured(readings) -> None:
    page = (PROJECT_ROOT / "docs/feedback.md").read_text()
    held_out = [each for each in readings if each.is_held_out]
    assert tables(held_out).strip() in page, "python tests/dbt/feedback_accuracy.py prints the tables anew"


def rows(settings: Settings, query: str) -> list[tuple]:
    with duckdb.connect(str(settings.candidate_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_every_voice_is_one_piece_of_feedback(small_company) -> None:
    found = rows(
        small_company,
        "select source, collected_by, feedback_type, count(*), count(customer_key), count(text_hash) "
        "from marts.fct_feedback group by all order by all",
    )
    # Three kept responses judge quality or recommend; the answer 11 to the net promoter question is none.
    assert found == [
        ("survey", "open_text", "customer_satisfaction", 1, 1, 1),
        ("survey", "scaled_answers", "brand_loyalty", 2, 1, 0),
        ("survey", "scaled_answers", "product_brand_health", 2, 2, 0),
        ("ticket", "ticket_topic", "customer_satisfaction", 1, 1, 0),
    ]


def test_no_word_of_a_customer_is_published(small_company) -> None:
    with duckdb.connect(str(small_company.candidate_file), read_only=True) as connection:
        tables_of_marts = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        leaks = [
            table
            for (table,) in tables_of_marts
            if connection.execute(
                f"select count(*) from marts.{table} as published where to_json(published)::varchar like '%Call bo%'"
            ).fetchone()
            != (0,)
        ]
    assert leaks == []


def test_five_types_are_listed_where_anybody_spoke(small_company) -> None:
    found = rows(
        small_company,
        "select feedback_type, has_data, n_feedback from marts.feedback_summary "
        "where segment_key = 'all:all' and period_grain = 'trailing_12m' and source = 'all' order by feedback_type",
    )
    assert found == [
        ("brand_loyalty", True, 1),
        ("customer_preference", False, 0),
        ("customer_satisfaction", True, 2),
        ("product_brand_health", True, 2),
        ("sales", False, 0),
    ]


def test_a_ticket_walks_from_state_to_state(small_company) -> None:
    found = rows(
        small_company,
        "select from_state, to_state, transitions, share_of_leaving, median_minutes, rework_rate, bottleneck_rank "
        "from marts.process_map where period_grain = 'month'",
    )
    assert found == [("new", "solved", 1, 1.0, 720.0, 0.0, 1)]


def test_seeds_of_the_taxonomy_know_each_other() -> None:
    with duckdb.connect() as connection:
        seeds = Path(PROJECT) / "seeds"
        strangers = connection.execute(
            f"""
            select evidence_code from '{seeds}/root_cause_map.csv'
            where evidence = 'theme' and evidence_code not in (select theme_code from '{seeds}/theme.csv')
                or evidence = 'topic' and evidence_code not in (select topic_code from '{seeds}/ticket_topic.csv')
            """
        ).fetchall()
    assert strangers == []
