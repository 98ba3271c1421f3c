"""What the staging models of Qualtrics must hold."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.oracle.oracle import (
    ABSENT,
    GONE,
    Acceptable,
    Column,
    Group,
    Life,
    Reading,
    Row,
    Table,
    at_path,
    boolean,
    in_order,
    instants,
    integer,
    last_census,
    lives,
    read_strictly,
    structure,
    timestamp,
    why_quarantined,
    wire_text,
)

Columns = Mapping[str, Column]

SURVEYS: Columns = {
    "survey_id": Column("id", required=True),
    "survey_name": Column("name"),
    "is_active": Column("isActive", boolean),
    "created_at": Column("creationDate", timestamp),
    "last_modified_at": Column("lastModified", timestamp, required=True),
}
RESPONSES: Columns = {
    "response_id": Column("responseId", required=True),
    "recipient_email": Column("values.recipientEmail"),
    "person_number": Column("values.externalDataReference"),
    "order_number": Column("values.order_number"),
    "ticket_id": Column("values.ticket_id"),
    "language_code": Column("values.userLanguage"),
    "distribution_channel": Column("values.distributionChannel"),
    "answers": Column("values", structure),
    "duration_seconds": Column("values.duration", integer),
    "is_finished": Column("values.finished", boolean),
    "started_at": Column("values.startDate", timestamp),
    "ended_at": Column("values.endDate", timestamp),
    "recorded_at": Column("values.recordedDate", timestamp, required=True),
    "last_modified_at": Column("values.LastModifiedDate", timestamp),
}
COUNTS = ("sent", "failed", "bounced", "blocked", "skipped", "complaints", "opened", "started", "finished")
DISTRIBUTIONS: Columns = {
    "distribution_id": Column("id", required=True),
    "parent_distribution_id": Column("parentDistributionId"),
    "mailing_list_id": Column("recipients.mailingListId"),
    "request_type": Column("requestType"),
    "request_status": Column("requestStatus"),
    "link_type": Column("surveyLink.linkType"),
    **{f"n_{name}": Column(f"stats.{name}", integer) for name in COUNTS},
    "sent_at": Column("sendDate", timestamp),
    "created_at": Column("createdDate", timestamp),
    "modified_at": Column("modifiedDate", timestamp),
}
INVITATIONS: Columns = {
    "distribution_id": Column("distributionId", required=True),
    "recipient_id": Column("contactLookupId", required=True),
    "contact_id": Column("contactId"),
    "response_id": Column("responseId"),
    "status": Column("status"),
    "frequency_rule_id": Column("contactFrequencyRuleId"),
    "sent_at": Column("sentAt", timestamp),
    "opened_at": Column("openedAt", timestamp),
    "response_started_at": Column("responseStartedAt", timestamp),
    "response_completed_at": Column("responseCompletedAt", timestamp),
}
CONTACTS: Columns = {
    "contact_id": Column("contactId", required=True),
    "email": Column("email"),
    "person_number": Column("extRef"),
    "language_code": Column("language"),
    "is_unsubscribed": Column("unsubscribed", boolean),
}
STREAMS: Mapping[str, Columns] = {
    "surveys": SURVEYS,
    "responses": RESPONSES,
    "distributions": DISTRIBUTIONS,
    "invitations": INVITATIONS,
    "directory_contacts": CONTACTS,
}
READ_AGAIN = timedelta(days=45)
"""The history of a distribution is read again for so long after it was sent."""

RESPONSE_COLUMNS = ("survey_id", *RESPONSES, "is_deleted")
DISTRIBUTION_COLUMNS = ("survey_id", *DISTRIBUTIONS, "is_deleted")
INVITATION_COLUMNS = ("survey_id", *INVITATIONS, "is_anonymous_response")
CONTACT_COLUMNS = ("directory_id", *CONTACTS, "is_deleted")
QUESTION_COLUMNS = ("survey_id", "question_id", "question_tag", "question_text", "question_type")
VERSION_COLUMNS = (
    *("survey_id", "question_id", "version_number", "question_tag", "question_text", "question_type"),
    *("choices", "seen_from", "seen_until"),
)


def _values(stream: str, mutation: Any) -> dict[str, Any]:
    record = read_strictly(wire_text(mutation))
    return {name: column.kind(at_path(record, column.path)) for name, column in STREAMS[stream].items()}


def _surveys(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """All surveys are listed every night: one that is gone is known to be the same night."""
    tonight = readings[-1]
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, "surveys"):
        shown = life.shown(tonight.start, tonight.until)
        row = _values("surveys", shown)
        row["is_active"] = row["is_active"] is not False and shown.op not in GONE
        acceptable[life.id,] = frozenset({(tuple(row.values()),)})
    return acceptable


def _responses(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """One row a response. One that vanished is found weekly, unless its whole survey is gone."""
    tonight, census = readings[-1], last_census(readings)
    surveys = {life.id: life for life in lives(log, "surveys")}
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, "responses"):
        survey_id, response_id = life.id.split()
        survey = surveys[survey_id].shown(tonight.start, tonight.until)
        good = tuple(each for each in life.mutations if not why_quarantined(each, RESPONSES.values()))
        groups: set[Group] = set()
        for instant in instants(life, tonight):
            shown = Life(life.id, good).shown(instant, tonight.until)
            if shown is None:
                groups.add(ABSENT)
                continue
            row = {"survey_id": survey_id, **_values("responses", shown)}
            row["is_finished"] = row["is_finished"] is not False
            for is_deleted in _is_deleted(shown, census, is_survey_gone=survey.op in GONE):
                groups.add((tuple((row | {"is_deleted": is_deleted})[name] for name in RESPONSE_COLUMNS),))
        acceptable[survey_id, response_id] = frozenset(groups)
    return acceptable


def _is_deleted(mutation: Any, census: Reading, *, is_survey_gone: bool) -> list[bool]:
    if mutation.op not in GONE:
        return [False]
    if is_survey_gone or mutation.visible_at > census.start:
        return [True, False]
    return [True]


def _distributions(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    tonight = readings[-1]
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, "distributions"):
        shown = life.shown(tonight.start, tonight.until)
        survey_id, distribution_id = life.id.split()
        row = {"survey_id": survey_id, **_values("distributions", shown), "is_deleted": shown.op in GONE}
        acceptable[distribution_id,] = frozenset({(tuple(row[name] for name in DISTRIBUTION_COLUMNS),)})
    return acceptable


def _invitations(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """Recipients move on while their distribution is young; then they stay as the last night saw them."""
    distributions = {life.id.split()[1]: life for life in lives(log, "distributions")}
    acceptable: dict[Row, frozenset[Group]] = {}
    for life in lives(log, "invitations"):
        distribution_id, recipient_id = life.id.split()
        of = distributions[distribution_id]
        distribution = of.mutations[0].record
        sent_at = datetime.fromisoformat(distribution["sendDate"])
        # The night before each reading says where the one before it ended.
        again = [
            reading
            for before, reading in zip((None, *readings), readings, strict=False)
            if (before is None or sent_at >= before.until - READ_AGAIN)
            and of.shown(reading.start, reading.until).op not in GONE
        ]
        groups: set[Group] = set()
        for instant in instants(life, again[-1]):
            shown = life.shown(instant, again[-1].until)
            groups.add(ABSENT if shown is None else (_invitation(distribution, shown),))
        acceptable[distribution_id, recipient_id] = frozenset(groups)
    return acceptable


def _invitation(distribution: Mapping[str, Any], shown: Any) -> Row:
    row = {"survey_id": distribution["surveyLink"]["surveyId"], **_values("invitations", shown)}
    row["is_anonymous_response"] = row["response_id"] == "Anonymous"
    if row["is_anonymous_response"]:
        row["response_id"] = None
    return tuple(row[name] for name in INVITATION_COLUMNS)


def _contacts(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """The directory as of the last weekly list."""
    census = last_census(readings)
    acceptable: dict[Row, set[Group]] = {}
    for life in lives(log, "directory_contacts"):
        directory_id, contact_id = life.id.split()
        groups: set[Group] = set()
        for instant in (census.start, census.end):
            seen = [each for each in life.mutations if each.visible_at <= instant]
            live = [each for each in seen if each.op not in GONE]
            if not live:
                groups.add(ABSENT)
                continue
            row = {"directory_id": directory_id, **_values("directory_contacts", live[-1])}
            row |= {"is_unsubscribed": bool(row["is_unsubscribed"]), "is_deleted": seen[-1].op in GONE}
            groups.add((tuple(row[name] for name in CONTACT_COLUMNS),))
        acceptable[directory_id, contact_id] = groups
    return {key: frozenset(groups) for key, groups in acceptable.items()}


Seen = list[tuple[Any, Mapping[str, Any]]]
"""What the nights saw of one survey: (as-of date, questions)."""


def _seen(log: Sequence[Any], readings: Sequence[Reading]) -> dict[str, tuple[Seen, Seen]]:
    """Return what each night saw of each survey, if it looked as it began, and if it looked as it ended."""
    seen: dict[str, tuple[Seen, Seen]] = {}
    for life in lives(log, "survey_definitions"):
        looks: tuple[Seen, Seen] = ([], [])
        for reading in readings:
            for look, instant in zip(looks, (reading.start, reading.end), strict=True):
                shown = [each for each in life.mutations if each.visible_at <= instant]
                if shown and shown[-1].op not in GONE:
                    look.append((reading.as_of, shown[-1].record["Questions"]))
        seen[life.id] = looks
    return seen


def _questions(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """The last wording of every question there ever was: answers to one that was taken out stay readable."""
    acceptable: dict[Row, set[Group]] = {}
    for survey_id, looks in _seen(log, readings).items():
        latest = [{key: question for _, asked in look for key, question in asked.items()} for look in looks]
        for question_id in {*latest[0], *latest[1]}:
            acceptable[survey_id, question_id] = {
                _wording(survey_id, question_id, look[question_id]) if question_id in look else ABSENT
                for look in latest
            }
    return {key: frozenset(groups) for key, groups in acceptable.items()}


def _wording(survey_id: str, question_id: str, question: Mapping[str, Any]) -> Group:
    said = question["DataExportTag"], question["QuestionText"], question["QuestionType"]
    return ((survey_id, question_id, *said),)


def _question_versions(log: Sequence[Any], readings: Sequence[Reading]) -> Acceptable:
    """Every wording a night saw, from which night on, and until which it was not seen any more."""
    acceptable: dict[Row, set[Group]] = {}
    for survey_id, looks in _seen(log, readings).items():
        versions = [_versions(look) for look in looks]
        for question_id in {*versions[0], *versions[1]}:
            acceptable[survey_id, question_id] = {
                in_order((survey_id, question_id, *version) for version in look.get(question_id, []))
                for look in versions
            }
    return {key: frozenset(groups) for key, groups in acceptable.items()}


def _versions(seen: Seen) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for question_id in {key for _, asked in seen for key in asked}:
        wordings = [(night, asked.get(question_id)) for night, asked in seen]
        runs: list[list[Any]] = []  # [wording, seen from, seen until]
        for place, (night, question) in enumerate(wordings):
            before = wordings[place - 1][1] if place else None
            if runs and before is not None and question != before:
                runs[-1][2] = night
            if question is not None and question != before:
                runs.append([question, night, None])
        found[question_id] = [
            (number, *_wording("", "", question)[0][2:], structure(question["Choices"]), since, until)
            for number, (question, since, until) in enumerate(runs, start=1)
        ]
    return found


def quarantined(log: Sequence[Any], readings: Sequence[Reading]) -> dict[tuple[str, str], str]:
    """Return why, by stream and id, of every record that showed a night a version no table can take."""
    found = {}
    for life in lives(log, "responses"):
        for reading in readings:
            shown = life.shown(reading.start, reading.until)
            if shown is not None and (reason := why_quarantined(shown, RESPONSES.values())):
                found["responses", life.id.split()[1]] = reason
    return found


TABLES: tuple[Table, ...] = (
    Table("stg_qualtrics__surveys", ("survey_id",), tuple(SURVEYS), _surveys),
    Table(
        "stg_qualtrics__responses",
        ("survey_id", "response_id"),
        RESPONSE_COLUMNS,
        _responses,
        parsed=frozenset({"answers"}),
    ),
    Table("stg_qualtrics__distributions", ("distribution_id",), DISTRIBUTION_COLUMNS, _distributions),
    Table(
        "stg_qualtrics__invitations",
        ("distribution_id", "recipient_id"),
        INVITATION_COLUMNS,
        _invitations,
    ),
    Table("stg_qualtrics__directory_contacts", ("directory_id", "contact_id"), CONTACT_COLUMNS, _contacts),
    Table("stg_qualtrics__questions", ("survey_id", "question_id"), QUESTION_COLUMNS, _questions),
    Table(
        "stg_qualtrics__question_versions",
        ("survey_id", "question_id"),
        VERSION_COLUMNS,
        _question_versions,
        parsed=frozenset({"choices"}),
    ),
)
