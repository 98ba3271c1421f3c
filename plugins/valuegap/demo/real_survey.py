"""The European Customer Satisfaction Index survey of mobile phones as a Qualtrics survey of 24 questions.

Question ids follow the columns of the file; the export tag of a question is its column. Answers run from 1 to
10. Duration and language are not known and stay empty.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from valuegap.demo.real_frames import frame_of_versions, require_columns
from valuegap.demo.real_people import Ids, email, person_number, respondents
from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, iso

SURVEY_ID = "SV_ecsimobile01"
SURVEY_NAME = "Mobile phone customers (ECSI)"
OPENED_AT = np.datetime64("2011-12-09T08:00:00", "us")
A_MINUTE = np.timedelta64(1, "m")

QUESTIONS = {
    "CUEX1": "Overall quality you expected when you became a customer of your mobile phone provider",
    "CUEX2": "How well you expected products and services to meet your own needs",
    "CUEX3": "How often you expected things to go wrong with products and services",
    "CUSA1": "Overall satisfaction with your provider",
    "CUSA2": "How far your expectations were fulfilled",
    "CUSA3": "How close your provider comes to an ideal one",
    "CUSCO": "How well your last complaint was handled, or would be",
    "CUSL1": "How likely you would choose the same provider again",
    "CUSL2": "Price cut at a competitor that would make you switch",
    "CUSL3": "How likely you would recommend your provider to friends and colleagues",
    "IMAG1": "Your provider can be trusted in what it says and does",
    "IMAG2": "Your provider is stable and firmly established",
    "IMAG3": "Your provider contributes to society",
    "IMAG4": "Your provider cares about its customers",
    "IMAG5": "Your provider is innovative and looks ahead",
    "PERQ1": "Overall quality of your provider",
    "PERQ2": "Technical quality of the network",
    "PERQ3": "Customer service and personal advice",
    "PERQ4": "Quality of the services you use",
    "PERQ5": "Range of services and products",
    "PERQ6": "Reliability and accuracy of services and products",
    "PERQ7": "Clarity of the information given",
    "PERV1": "Quality, given the prices you pay",
    "PERV2": "Prices, given the quality you get",
}
QUESTION_IDS = {tag: f"QID{number}" for number, tag in enumerate(QUESTIONS, start=1)}
HIGHEST_ANSWER = 10


@dataclass(frozen=True)
class Survey:
    """The Qualtrics side of the company."""

    surveys: Versions
    definitions: Versions
    responses: Versions


def load(path: Path, customers: Ids) -> Survey:
    """Map the survey's file. Raises `ConfigurationError` when its columns are others."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        require_columns(path, reader.fieldnames or (), tuple(QUESTIONS))
        answers = [{QUESTION_IDS[tag]: int(line[tag]) for tag in QUESTIONS} for line in reader]
    opened = frame_of_versions([SURVEY_ID], np.array([OPENED_AT]))
    people = respondents(customers, len(answers))
    return Survey(
        surveys=Versions(opened, lambda rows: [_survey(at) for at in iso(rows["created_at"])]),
        definitions=Versions(opened, lambda rows: [_definition(at) for at in iso(rows["created_at"])]),
        responses=_responses(answers, people),
    )


def _survey(at: str | None) -> Record:
    return {
        "id": SURVEY_ID,
        "name": SURVEY_NAME,
        "isActive": True,
        "creationDate": at,
        "lastModified": at,
    }


def _definition(at: str | None) -> Record:
    choices = {str(answer): {"Display": str(answer)} for answer in range(1, HIGHEST_ANSWER + 1)}
    questions = {
        QUESTION_IDS[tag]: {
            "QuestionID": QUESTION_IDS[tag],
            "QuestionText": text,
            "DataExportTag": tag,
            "QuestionType": "MC",
            "Choices": choices,
        }
        for tag, text in QUESTIONS.items()
    }
    return {"SurveyID": SURVEY_ID, "SurveyName": SURVEY_NAME, "LastModified": at, "Questions": questions}


def _responses(answers: list[dict[str, int]], people: list[int]) -> Versions:
    numbers = np.arange(1, len(answers) + 1)
    recorded_at = OPENED_AT + numbers * A_MINUTE
    ids = [f"R_ecsi{number:010d}" for number in numbers.tolist()]

    def render(rows: pd.DataFrame) -> list[Record]:
        columns = zip(rows["id"].tolist(), rows["place"].tolist(), iso(rows["recorded_at"]), strict=True)
        return [_response(name, at, people[place], answers[place]) for name, place, at in columns]

    columns = {"recorded_at": recorded_at, "place": numbers - 1}
    return Versions(frame_of_versions(ids, recorded_at, columns), render)


def _response(response_id: str, at: str | None, customer: int, answers: dict[str, int]) -> Record:
    values: Record = {
        "startDate": at,
        "endDate": at,
        "recordedDate": at,
        "LastModifiedDate": at,
        "finished": 1,
        "progress": 100,
        "distributionChannel": "email",
        "recipientEmail": email(customer),
        "externalDataReference": person_number(customer),
        **answers,
    }
    return {"responseId": response_id, "values": values, "labels": {}, "displayedFields": []}
