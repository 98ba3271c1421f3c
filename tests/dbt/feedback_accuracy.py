"""How well themes and sentiment of comments are read, measured on labelled sentences.

    python tests/dbt/feedback_accuracy.py

prints the tables of docs/feedback.md. Sentences and labels are those of the demo company: whoever wrote them had not
seen the taxonomy, and the taxonomy was written without them.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from model_run import build_models
from raw_fixture import NIGHT, insert, questions

from valuegap import warehouse
from valuegap.demo.comments import COMMENTS
from valuegap.settings import Settings

SIGNS = {"negative": -1, "positive": 1, "neutral": 0, "mixed": 0, "unknown": 0}
WORDS = {-1: "negative", 0: "neutral or mixed", 1: "positive"}


@dataclass(frozen=True)
class Reading:
    """A sentence, what it is about, and what the warehouse took it to be about."""

    text: str
    language: str
    theme: str
    sentiment: int
    themes_read: Sequence[str]
    sentiment_read: str

    @property
    def is_held_out(self) -> bool:
        """Whether it is of the half that nothing was changed for."""
        return int(hashlib.sha256(self.text.encode()).hexdigest(), 16) % 2 == 1


@dataclass(frozen=True)
class Accuracy:
    """How often a label was read, and how often a reading was right."""

    n_labelled: int
    n_read: int
    n_right: int

    @property
    def precision(self) -> float | None:
        return self.n_right / self.n_read if self.n_read else None

    @property
    def recall(self) -> float | None:
        return self.n_right / self.n_labelled if self.n_labelled else None


def read_labelled(work_dir: Path) -> list[Reading]:
    """Return every labelled sentence as the models read it."""
    settings = Settings(data_dir=work_dir)
    with warehouse.writer(settings) as connection:
        _fill(connection)
    build_models(settings, NIGHT, select=["+int_feedback_themes", "+int_feedback_sentiments"])
    with duckdb.connect(str(settings.build_file), read_only=True) as connection:
        rows = connection.execute(
            """
            select text_hash, list(theme_code order by theme_rank), any_value(sentiment)
            from intermediate.int_feedback_themes inner join intermediate.int_feedback_sentiments using (text_hash)
            group by text_hash
            """
        ).fetchall()
    read = {text_hash: (themes, sentiment) for text_hash, themes, sentiment in rows}
    return [
        Reading(
            each.text, each.language.lower(), each.theme, each.sentiment,
            *read[hashlib.sha256(each.text.strip().encode()).hexdigest()],
        )
        for each in COMMENTS
    ]  # fmt: skip


def themes_accuracy(readings: Iterable[Reading], theme: str) -> Accuracy:
    """Return how well one theme is found among all those a sentence may name."""
    return _accuracy(readings, lambda each: each.theme == theme, lambda each: theme in each.themes_read)


def sentiment_accuracy(readings: Iterable[Reading], sign: int) -> Accuracy:
    """Return how well one sentiment is found; mixed, neutral and unknown count as neither good nor bad."""
    return _accuracy(
        readings, lambda each: each.sentiment == sign, lambda each: SIGNS[each.sentiment_read] == sign
    )


def share_with_main_theme(readings: Sequence[Reading]) -> float:
    """Return the share of sentences whose first theme is the labelled one."""
    return sum(each.themes_read[0] == each.theme for each in readings) / len(readings)


def _accuracy(
    readings: Iterable[Reading],
    is_labelled: Callable[[Reading], bool],
    is_read: Callable[[Reading], bool],
) -> Accuracy:
    pairs = [(is_labelled(each), is_read(each)) for each in readings]
    return Accuracy(
        sum(labelled for labelled, _ in pairs),
        sum(read for _, read in pairs),
        sum(both == (True, True) for both in pairs),
    )


def _fill(raw: duckdb.DuckDBPyConnection) -> None:
    survey = {"id": "SV_relationship01", "name": "Relationship", "last_modified_at": "2026-01-01"}
    insert(raw, "qualtrics", "surveys", [survey])
    insert(raw, "qualtrics", "survey_definitions", [survey | {"questions": questions("COMMENT")}])
    responses = [
        {"id": f"R_{number}", "survey_id": survey["id"], "is_finished": True, "recorded_at": "2026-01-15"}
        | {"language": each.language, "answers": json.dumps({"QID1_TEXT": each.text})}
        for number, each in enumerate(COMMENTS)
    ]
    insert(raw, "qualtrics", "responses", responses)
    ids = [{"survey_id": survey["id"], "id": response["id"]} for response in responses]
    insert(raw, "qualtrics", "response_ids", ids)


def tables(readings: Sequence[Reading]) -> str:
    """Return precision and recall of every theme and sentiment as two Markdown tables."""
    themes = sorted(
        {each.theme for each in readings} | {theme for each in readings for theme in each.themes_read}
    )
    lines = [(f"`{theme}`", themes_accuracy(readings, theme)) for theme in themes]
    signs = [(word, sentiment_accuracy(readings, sign)) for sign, word in WORDS.items()]
    return f"{_table('theme', lines)}\n{_table('sentiment', signs)}"


def _table(name: str, lines: Iterable[tuple[str, Accuracy]]) -> str:
    head = f"| {name} | labelled | read | right | precision | recall |\n|---|---|---|---|---|---|\n"
    return head + "".join(
        f"| {label} | {each.n_labelled} | {each.n_read} | {each.n_right}"
        f" | {_percent(each.precision)} | {_percent(each.recall)} |\n"
        for label, each in lines
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2f}"


def _main() -> None:
    with tempfile.TemporaryDirectory() as work_dir:
        readings = read_labelled(Path(work_dir))
    halves = {
        "all": readings,
        "half that changes were made on": [each for each in readings if not each.is_held_out],
        "half held out": [each for each in readings if each.is_held_out],
    }
    for name, half in halves.items():
        right = sum(SIGNS[each.sentiment_read] == each.sentiment for each in half)
        sys.stdout.write(
            f"## {name}: {len(half)} sentences, main theme right in {share_with_main_theme(half):.2f},"
            f" sentiment in {right / len(half):.2f}\n\n{tables(half)}\n"
        )


if __name__ == "__main__":
    _main()
