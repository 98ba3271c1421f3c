"""Qualtrics' surveys, their definitions, and every version of their responses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo import names
from valuegap.demo.accounts import NO_ADDRESS
from valuegap.demo.chance import Codes, Floats, stream_of
from valuegap.demo.comments import COMMENTS, CORRECTED, GERMAN, experience_comments, ticket_comments
from valuegap.demo.help_desk import FIRST_TICKET_ID
from valuegap.demo.horizon import Horizon
from valuegap.demo.insiders import employee_responses, management_responses
from valuegap.demo.opinions import (
    NO_ANSWER,
    Answers,
    ease_anew,
    ease_means,
    nps_anew,
    prepurchase_answers,
    relationship_answers,
    ticket_answers,
)
from valuegap.demo.orders import order_number
from valuegap.demo.questions import (
    ADDED_TO_RELATIONSHIP,
    EMPLOYEE,
    MANAGEMENT,
    NEW_IDEA,
    PREPURCHASE,
    RELATIONSHIP,
    TICKET,
    Question,
    answer_key,
    definition,
)
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, iso, looked_up
from valuegap.demo.respondents import (
    Population,
    Respondents,
    prepurchase_respondents,
    relationship_respondents,
    ticket_respondents,
)
from valuegap.demo.revisions import (
    LATEST_LAG_NIGHTS,
    Revisions,
    during,
    nightly_count,
    state_column,
)
from valuegap.demo.world import ATTRIBUTES, LANGUAGES, Scale

NEW_IDEA_FROM_NIGHT = 3

COMMENTED, SKIPPED, UNFINISHED, ANONYMOUS, UPLOADED_LATE = 0.30, 0.02, 0.03, 0.03, 0.03
UNFINISHED_AFTER = 0.6  # of the questions
EDITED = 0.0005  # of a survey's responses, a night
SECONDS_A_QUESTION = 7.0


@dataclass(frozen=True)
class Survey:
    """A survey: how it is called, what it asks, and what a response's reference stands for."""

    id: str
    name: str
    questions: tuple[Question, ...]
    added: tuple[Question, ...] = ()
    reference_key: str | None = None
    reference_text: Callable[[int], str] = str

    @property
    def all_questions(self) -> tuple[Question, ...]:
        """The questions in their order: those added stand last."""
        return (*self.questions, *self.added)


RELATIONSHIP_SURVEY = Survey(
    "SV_relationship01",
    "Customer relationship survey",
    RELATIONSHIP,
    ADDED_TO_RELATIONSHIP,
    "order_number",
    order_number,
)
PREPURCHASE_SURVEY = Survey("SV_prepurchase01", "Before you order", PREPURCHASE)
TICKET_SURVEY = Survey(
    "SV_ticket01",
    "How did we do?",
    (*TICKET, NEW_IDEA),
    (),
    "ticket_id",
    lambda ticket: str(FIRST_TICKET_ID + ticket),
)
MANAGEMENT_SURVEY = Survey("SV_management01", "What our customers expect", MANAGEMENT)
EMPLOYEE_SURVEY = Survey("SV_employee01", "Working at the help desk", EMPLOYEE)
CUSTOMER_SURVEYS = (PREPURCHASE_SURVEY, RELATIONSHIP_SURVEY, TICKET_SURVEY)
SURVEYS = (EMPLOYEE_SURVEY, MANAGEMENT_SURVEY, *CUSTOMER_SURVEYS)


def new_idea_from(horizon: Horizon) -> np.datetime64:
    """Return when the ticket survey gets its new question, which nobody mapped to a metric."""
    return horizon.since + np.timedelta64(24 * (NEW_IDEA_FROM_NIGHT - 1) + 1, "h")


def make_surveys(horizon: Horizon) -> tuple[Versions, Versions]:
    """Make the surveys and their definitions; both change when a question is added."""
    began_at, changed_at = horizon.start - np.timedelta64(30, "D"), new_idea_from(horizon)
    lines = [(survey.id, began_at, len(survey.all_questions)) for survey in SURVEYS]
    lines[-1] = (TICKET_SURVEY.id, began_at, len(TICKET))
    if changed_at < horizon.until:
        lines.append((TICKET_SURVEY.id, changed_at, len(TICKET_SURVEY.questions)))
    frame = pd.DataFrame(lines, columns=["id", "updated_at", "question_count"])
    frame["visible_at"] = frame["updated_at"]
    frame["created_at"] = began_at
    frame["state"] = state_column("live", len(frame))
    return Versions(frame, render_surveys), Versions(frame, render_definitions)


_BY_ID = {survey.id: survey for survey in SURVEYS}


def render_surveys(rows: pd.DataFrame) -> list[Record]:
    """Return entries of the list of surveys."""
    columns = (rows["id"].tolist(), iso(rows["created_at"]), iso(rows["updated_at"]))
    return [
        {
            "id": survey_id,
            "name": _BY_ID[survey_id].name,
            "ownerId": "UR_demo",
            "creationDate": created_at,
            "lastModified": modified_at,
            "isActive": True,
        }
        for survey_id, created_at, modified_at in zip(*columns, strict=True)
    ]


def render_definitions(rows: pd.DataFrame) -> list[Record]:
    """Return survey definitions with the questions of their version."""
    columns = (rows["id"].tolist(), iso(rows["updated_at"]), rows["question_count"].tolist())
    return [
        {
            "SurveyID": survey_id,
            "SurveyName": _BY_ID[survey_id].name,
            "SurveyStatus": "Active",
            "LastModified": modified_at,
            "Questions": definition(_BY_ID[survey_id].all_questions[:count]),
        }
        for survey_id, modified_at, count in zip(*columns, strict=True)
    ]


def make_responses(population: Population, scale: Scale) -> dict[str, Versions]:
    """Let the people answer, and some of them change an answer during the nights."""
    seed, horizon = population.seed, population.horizon
    rng = stream_of(seed, "responses")
    accounts, tickets = population.accounts, population.tickets
    trait = rng.random(population.people.count)
    hoped = prepurchase_respondents(population, scale.prepurchase_response)
    felt = relationship_respondents(population, scale.relationship_response)
    helped = ticket_respondents(population, scale.ticket_response)
    is_asked_idea = helped.recorded_at >= new_idea_from(horizon)
    ease = ease_means(helped, tickets, accounts, horizon.first_night)
    answered = (
        Answered(PREPURCHASE_SURVEY, hoped, prepurchase_answers(rng, hoped, accounts, trait), {}),
        Answered(
            RELATIONSHIP_SURVEY,
            felt,
            relationship_answers(rng, stream_of(seed, "added questions"), felt, accounts, trait),
            {"NPS": nps_anew(rng, felt, accounts)},
        ),
        Answered(
            TICKET_SURVEY,
            helped,
            ticket_answers(rng, helped, tickets, trait, is_asked_idea, ease),
            {"CES": ease_anew(rng, ease)},
        ),
    )
    return {
        EMPLOYEE_SURVEY.id: _insiders(EMPLOYEE_SURVEY, employee_responses(seed, horizon)),
        MANAGEMENT_SURVEY.id: _insiders(MANAGEMENT_SURVEY, management_responses(seed, horizon)),
        **{each.survey.id: _responses(rng, population, each) for each in answered},
    }


def _insiders(survey: Survey, frame: pd.DataFrame) -> Versions:
    return Versions(frame, lambda rows: render_responses(survey, rows))


@dataclass(frozen=True)
class Answered:
    """One survey's respondents and answers; `anew` is what those answer who change their mind."""

    survey: Survey
    who: Respondents
    given: Answers
    anew: Answers


def _responses(rng: np.random.Generator, population: Population, answered: Answered) -> Versions:
    survey, who = answered.survey, answered.who
    rows = {
        **_identity(rng, population, who),
        **_answers_left(rng, population, answered),
    }
    revisions = Revisions(pd.DataFrame(rows, copy=False), rng)
    for tag, answer in answered.anew.items():
        has_answered = np.flatnonzero(revisions.values(tag) != NO_ANSWER)
        for night in population.horizon.night_starts:
            chosen = revisions.draw(nightly_count(EDITED, who.count), night, has_answered)
            at = during(rng, night, len(chosen))
            edits = {"comment": np.full(len(chosen), len(COMMENTS)), tag: answer[chosen]}
            revisions.revise(chosen, at, at, edits)
    return Versions(revisions.frame(), lambda frame: render_responses(survey, frame))


def _identity(rng: np.random.Generator, population: Population, who: Respondents) -> dict[str, object]:
    people, person, count = population.people, who.person, who.count
    is_anonymous = rng.random(count) < ANONYMOUS
    return {
        "id": [f"R_{number:015d}" for number in range(1, count + 1)],
        "updated_at": who.recorded_at,
        "visible_at": who.recorded_at + _upload_lag(rng, who, population.horizon),
        "state": state_column("live", count),
        "recorded_at": who.recorded_at,
        "person": person.astype(np.int32),
        "account": who.account.astype(np.int32),
        "ordinal": people.ordinal[person].astype(np.int32),
        "first_name": people.first_name[person],
        "last_name": people.last_name[person],
        "email_style": np.where(is_anonymous, NO_ADDRESS, people.emails["qualtrics"][person]).astype(np.int8),
        "has_number": people.has_number["qualtrics"][person] & ~is_anonymous,
        "country": population.accounts.country[who.account],
        "reference": who.reference,
    }


def _upload_lag(rng: np.random.Generator, who: Respondents, horizon: Horizon) -> NDArray[np.timedelta64]:
    """Return how long after its recording a response reaches the vendor: taken offline, uploaded later."""
    lag = rng.integers(1, LATEST_LAG_NIGHTS + 1, who.count).astype("timedelta64[D]")
    is_late = (who.recorded_at >= horizon.since) & (who.recorded_at + lag < horizon.until)
    is_late &= rng.random(who.count) < UPLOADED_LATE
    return np.where(is_late, lag, np.timedelta64(0, "D"))


def _answers_left(rng: np.random.Generator, population: Population, answered: Answered) -> dict[str, object]:
    """Drop some answers: single questions skipped, and the later ones of those who gave up."""
    survey, given, count = answered.survey, answered.given, answered.who.count
    of_added = stream_of(population.seed, f"left of {survey.id}")
    is_finished = rng.random(count) >= UNFINISHED
    asked = [question.tag for question in survey.questions if not question.is_open]
    columns: dict[str, object] = {"is_finished": is_finished}
    for position, tag in enumerate(asked):
        is_left_out = rng.random(count) < SKIPPED
        if position >= UNFINISHED_AFTER * len(asked):
            is_left_out |= ~is_finished
        columns[tag] = np.where(is_left_out, NO_ANSWER, given[tag]).astype(np.int8)
    for question in survey.added:
        is_left_out = (of_added.random(count) < SKIPPED) | ~is_finished
        columns[question.tag] = np.where(is_left_out, NO_ANSWER, given[question.tag]).astype(np.int8)
    has_comment = (rng.random(count) < COMMENTED) & is_finished
    columns["comment"] = np.where(has_comment, _comments(population, answered), NO_ANSWER).astype(np.int8)
    duration = len(survey.all_questions) * SECONDS_A_QUESTION * (0.5 + rng.exponential(0.8, count))
    columns["duration"] = duration.astype(np.int32)
    return columns


def _comments(population: Population, answered: Answered) -> Codes:
    """Write of what was answered; those who are not asked for a comment write nothing."""
    survey, who, given = answered.survey, answered.who, answered.given
    rng = stream_of(population.seed, f"comments of {survey.id}")
    is_german = np.isin(np.array(LANGUAGES)[population.accounts.country[who.account]], GERMAN)
    if survey is RELATIONSHIP_SURVEY:
        felt = [_points(given[f"PER_{name}_1"] + given[f"PER_{name}_2"], 2, 14) for name in ATTRIBUTES]
        return experience_comments(rng, np.array(felt), is_german)
    if survey is TICKET_SURVEY:
        topic = population.tickets.topic[who.reference]
        return ticket_comments(rng, _points(given["CSAT_TICKET"], 1, 5), topic, is_german)
    return np.full(who.count, NO_ANSWER, dtype=np.int8)


def _points(answer: Codes, lowest: int, highest: int) -> Floats:
    return np.asarray(100.0 * (answer - lowest) / (highest - lowest))


def render_responses(survey: Survey, rows: pd.DataFrame) -> list[Record]:
    """Return responses as the export writes them: codes, and no key for what was not answered."""
    keys, columns = _response_columns(survey, rows)
    return [
        {
            "responseId": line[0],
            "values": {key: value for key, value in zip(keys, line, strict=True) if value is not None},
            "labels": {},
            "displayedFields": [],
            "displayedValues": {},
        }
        for line in zip(*columns, strict=True)
    ]


def _response_columns(survey: Survey, rows: pd.DataFrame) -> tuple[list[str], list[Sequence[object]]]:
    is_finished, is_anonymous = rows["is_finished"].tolist(), (rows["email_style"] == NO_ADDRESS).tolist()
    recorded_at = iso(rows["recorded_at"])
    columns: dict[str, Sequence[object]] = {
        "_recordId": rows["id"].tolist(),
        "startDate": iso(rows["recorded_at"] - rows["duration"].astype("timedelta64[s]")),
        "endDate": recorded_at,
        "status": [0] * len(rows),
        "progress": [100 if done else 60 for done in is_finished],
        "duration": rows["duration"].tolist(),
        "finished": [int(done) for done in is_finished],
        "recordedDate": recorded_at,
        "LastModifiedDate": iso(rows["updated_at"]),
        "distributionChannel": ["anonymous" if unknown else "email" for unknown in is_anonymous],
        "userLanguage": [language.upper() for language in looked_up(LANGUAGES, rows["country"])],
        "recipientEmail": names.emails(rows),
        "externalDataReference": names.customer_numbers("P", rows["person"], rows["has_number"]),
    }
    if survey.reference_key:
        columns[survey.reference_key] = _optional(survey.reference_text, rows["reference"])
    for number, question in enumerate(survey.all_questions, start=1):
        written = _TEXTS.__getitem__ if question.is_open else int
        column = rows["comment" if question.is_open else question.tag]
        columns[answer_key(number, question)] = _optional(written, column)
    return list(columns), list(columns.values())


_TEXTS = (*(comment.text for comment in COMMENTS), CORRECTED)


def _optional(written: Callable[[int], object], codes: pd.Series) -> list[object]:
    return [written(code) if code >= 0 else None for code in codes.tolist()]
