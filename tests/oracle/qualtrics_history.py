"""Qualtrics: late uploads and late edits, responses that vanish, surveys edited in the middle of a night."""

from datetime import datetime, timedelta
from typing import Any

from tests.oracle.history import NIGHTS, ODD_TEXTS, OVERLAP, POISON, History, Record, day, iso, midnight

from valuegap.demo.mutation_log import Mutation, Op

BURST = 1_100  # more than a page of landed lines, recorded in one second
SURVEYS = ("SV_relationship1", "SV_ticket2", "SV_closing3")
RELATIONSHIP, TICKET, CLOSING = SURVEYS


def qualtrics_history(seed: int) -> tuple[Mutation, ...]:
    """Return ten nights of a Qualtrics brand."""
    history = History("qualtrics", seed)
    _surveys(history)
    _found(history)
    _burst(history)
    _daily_answers(history)
    _lateness(history)
    _vanishing(history)
    _distributions(history)
    _invitations(history)
    _directory(history)
    _odd_values(history)
    _poison(history)
    _while_we_read(history)
    return history.play()


def response(number: int, at: datetime, **values: Any) -> Record:
    known = {
        "_recordId": f"R_{number:06d}",
        "startDate": iso(at - timedelta(minutes=4)),
        "endDate": iso(at),
        "recordedDate": iso(at),
        "LastModifiedDate": iso(at),
        "finished": 1,
        "duration": 240,
        "userLanguage": "EN",
        "distributionChannel": "email",
        "recipientEmail": f"r{number}@customer.example",
        "externalDataReference": f"P-{number}",
        "QID1": 1 + number % 7,
        "QID2_TEXT": "Fine",
    }
    return {"responseId": f"R_{number:06d}", "values": known | values, "labels": {}, "displayedFields": []}


def _answer(
    history: History,
    survey: str,
    number: int,
    at: datetime,
    visible_at: datetime | None = None,
    **values: Any,
) -> None:
    record = response(number, at, **values)
    context = {"survey_id": survey}
    history.plan(
        visible_at or at,
        lambda: history.put(
            Op.CREATE, "responses", record["responseId"], record, at, visible_at, context=context
        ),
    )


def _edit(  # noqa: PLR0913 - the parts of an edit
    history: History,
    survey: str,
    number: int,
    at: datetime,
    *,
    visible_at: datetime | None = None,
    raw: dict[str, str] | None = None,
    **values: Any,
) -> None:
    """Change a response: its time of recording stays, that of modification moves."""

    def change() -> None:
        record_id = f"R_{number:06d}"
        record = history.record("responses", record_id)
        record["values"] |= {**values, "LastModifiedDate": iso(at)}
        history.put(Op.UPDATE, "responses", record_id, record, at, visible_at, raw, {"survey_id": survey})

    history.plan(visible_at or at, change)


def _surveys(history: History) -> None:
    start = day(-300, 9)
    for survey in SURVEYS:
        record = {"id": survey, "name": f"Survey {survey} \u00e9\u4e2d", "isActive": True}
        times = {"creationDate": iso(start), "lastModified": iso(start)}
        history.put(Op.CREATE, "surveys", survey, {**record, **times}, start)
        _define(history, survey, start, {"QID1": _question("NPS"), "QID2": _question("COMMENT")})
    # A question is added, one is reworded, one is taken out; once while a night reads.
    asked = {"QID1": _question("NPS"), "QID2": _question("COMMENT")}
    _define(history, TICKET, day(3, 12), asked | {"QID3": _question("EFFORT")})
    _define(history, TICKET, day(5, 12), asked | {"QID3": _question("EFFORT", "How hard was it?")})
    _define(
        history,
        TICKET,
        day(7, 12),
        {"QID1": _question("NPS"), "QID3": _question("EFFORT", "How hard was it?")},
    )
    _define(
        history,
        RELATIONSHIP,
        midnight(5) + timedelta(minutes=5, seconds=4),
        asked | {"QID4": _question("IDEA")},
    )
    _drop(history, "surveys", CLOSING, day(6, 12))
    _drop(history, "survey_definitions", CLOSING, day(6, 12))
    renamed = {"name": "Ticket survey, renamed", "lastModified": iso(day(4, 12))}

    def rename() -> None:
        history.put(Op.UPDATE, "surveys", TICKET, history.record("surveys", TICKET) | renamed, day(4, 12))

    history.plan(day(4, 12), rename)


def _question(tag: str, text: str | None = None) -> Record:
    choices = {str(point): {"Display": str(point)} for point in range(1, 4)}
    return {
        "QuestionText": text or f"About {tag}?",
        "DataExportTag": tag,
        "QuestionType": "MC",
        "Choices": choices,
    }


def _define(history: History, survey: str, at: datetime, questions: Record) -> None:
    record = {"SurveyID": survey, "SurveyName": survey, "LastModified": iso(at), "Questions": questions}
    history.plan(at, lambda: history.put(Op.UPDATE, "survey_definitions", survey, record, at))


def _drop(history: History, stream: str, record_id: str, at: datetime, **context: str) -> None:
    history.plan(
        at,
        lambda: history.put(
            Op.PURGE, stream, record_id, history.record(stream, record_id), at, context=context
        ),
    )


def _found(history: History) -> None:
    for place, survey in enumerate(SURVEYS):
        for number in range(1, 61):
            _answer(history, survey, 1000 * (place + 1) + number, day(-100 + number, 9 + place))


def _burst(history: History) -> None:
    for number in range(BURST):
        _answer(history, RELATIONSHIP, 20_000 + number, day(2, 23.5))


def _daily_answers(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for place, survey in enumerate((RELATIONSHIP, TICKET)):
            for number in range(5):
                _answer(
                    history, survey, 30_000 + 1000 * place + 10 * night + number, day(night, history.hour())
                )
            for number in history.random.sample(range(1, 41), 6):
                first = 1000 * (place + 1)
                _edit(
                    history,
                    survey,
                    first + number,
                    day(night, history.hour()),
                    QID1=7,
                    QID2_TEXT=f"Edit {night}",
                )


def _lateness(history: History) -> None:
    """Answers taken offline and uploaded later, up to the very edge of what is promised."""
    for night in range(2, NIGHTS - 2):
        for place, late in enumerate((timedelta(hours=20), timedelta(days=2), OVERLAP)):
            at = day(night, 10 + place)
            _answer(history, TICKET, 40_000 + 10 * night + place, at, at + late)
            _edit(history, TICKET, 2040 + place, at, visible_at=at + late, QID1=place + 1)
        edge = midnight(night) - OVERLAP
        _answer(history, TICKET, 41_000 + night, edge, midnight(night) + timedelta(hours=1))
    ahead = midnight(3) + timedelta(seconds=20)
    _edit(history, TICKET, 2050, ahead, visible_at=ahead - timedelta(seconds=90), QID1=2)


def _vanishing(history: History) -> None:
    for number in (2051, 2052):
        _drop(history, "responses", f"R_{number:06d}", day(5, 14), survey_id=TICKET)
    _drop(history, "responses", "R_001051", day(3, 14), survey_id=RELATIONSHIP)


def _distributions(history: History) -> None:
    for place, survey in enumerate((RELATIONSHIP, RELATIONSHIP, *[TICKET] * 120)):  # more than a page
        start = day(-20 if place < 3 else -60, 9)
        record = {
            "id": f"EMD_{place:03d}",
            "parentDistributionId": None,
            "requestType": "Invite",
            "requestStatus": "Done",
            "recipients": {"mailingListId": "CG_1"},
            "surveyLink": {"surveyId": survey, "linkType": "Individual"},
            "stats": {"sent": 10, "failed": 0, "started": 0, "finished": 0},
            "sendDate": iso(start),
            "createdDate": iso(start),
            "modifiedDate": iso(start),
        }
        _distribute(history, survey, record, start, Op.CREATE)
        # The counts go up; nobody modified the distribution.
        for night in (2, 5, 9):
            counted = record | {"stats": {"sent": 10, "failed": 1, "started": night, "finished": night - 1}}
            if place != 1 or night < 6:
                _distribute(history, survey, counted, day(night, 12), Op.SYSTEM_UPDATE)
    _drop(history, "distributions", "EMD_001", day(6, 12), survey_id=RELATIONSHIP)


def _distribute(history: History, survey: str, record: Record, visible_at: datetime, op: Op) -> None:
    at, context = datetime.fromisoformat(record["modifiedDate"]), {"survey_id": survey}
    place = "distributions", record["id"], record
    history.plan(visible_at, lambda: history.put(op, *place, at, visible_at, context=context))


def _invitations(history: History) -> None:
    """Recipients move on without a time of change; those of an old distribution once too often to be seen."""
    old = {
        "id": "EMD_old",
        "requestType": "Invite",
        "requestStatus": "Done",
        "surveyLink": {"surveyId": RELATIONSHIP, "linkType": "Individual"},
        "stats": {"sent": 5},
        **dict.fromkeys(("sendDate", "createdDate", "modifiedDate"), iso(day(-60, 9))),
    }
    _distribute(history, RELATIONSHIP, old, day(-60, 9), Op.CREATE)
    # EMD_001 is deleted in the night, EMD_000 has more recipients than a page.
    for distribution, size, sent_at in (
        ("EMD_000", 230, day(-20, 9)),
        ("EMD_001", 5, day(-20, 9)),
        ("EMD_002", 40, day(-20, 9)),
        ("EMD_old", 5, day(-60, 9)),
    ):
        for number in range(size):
            _recipient(history, distribution, number, sent_at)
    for night in range(2, NIGHTS + 1):
        for number in history.random.sample(range(40), 8):
            at = day(night, history.hour())
            _move_on(history, "EMD_002", number, at, "SurveyFinished", responseId=f"R_{number:06d}")
        _move_on(history, "EMD_001", night % 5, day(night, 11), "Opened", openedAt=iso(day(night, 11)))
        _move_on(history, "EMD_old", night % 5, day(night, 11), "Opened", openedAt=iso(day(night, 11)))
        _recipient(history, "EMD_002", 100 + night, day(night, history.hour()))
        _recipient(history, "EMD_002", 200 + night, midnight(night) + timedelta(minutes=2))
    _move_on(history, "EMD_000", 3, day(5, 12), "SurveyFinished", responseId="Anonymous")
    for place, odd in enumerate(("A new status", "", None)):
        _move_on(history, "EMD_000", 10 + place, day(3, 12), odd, contactId=None, sentAt=None)
    for night in (4, 8):
        at = midnight(night) + timedelta(minutes=5, seconds=20)
        _move_on(history, "EMD_000", night, at, "Opened", openedAt=iso(at))


def _recipient(history: History, distribution: str, number: int, sent_at: datetime) -> None:
    known = dict.fromkeys(("responseId", "responseCompletedAt", "openedAt", "responseStartedAt"))
    lookup_id = f"CGC_{number:04d}"
    record = {
        "contactId": f"CID_{number:04d}",
        "contactLookupId": lookup_id,
        "distributionId": distribution,
        "status": "Success",
        "surveyLink": f"https://x.example/{lookup_id}",
        "contactFrequencyRuleId": "CFR_1" if number % 7 == 0 else None,
        "sentAt": iso(sent_at),
        **known,
    }
    place = f"{distribution} {lookup_id}"
    context = {"distribution_id": distribution}
    history.records["invitations", place] = record
    history.plan(
        sent_at,
        lambda: history.put(Op.CREATE, "invitations", lookup_id, record, sent_at, context=context),
    )


def _move_on(
    history: History, distribution: str, number: int, at: datetime, status: str | None, **values: Any
) -> None:
    """Change how far a recipient came: the vendor gives no time for it."""
    lookup_id, context = f"CGC_{number:04d}", {"distribution_id": distribution}
    kept = history.records["invitations", f"{distribution} {lookup_id}"]

    def move() -> None:
        kept.update({"status": status, **values})
        sent_at = day(-60, 9) if distribution == "EMD_old" else day(-20, 9)
        history.put(Op.SYSTEM_UPDATE, "invitations", lookup_id, kept, sent_at, visible_at=at, context=context)

    history.plan(at, move)


def _directory(history: History) -> None:
    context = {"directory_id": "POOL_1"}
    for number in range(150):  # more than a page
        record = {
            "contactId": f"CID_{number:04d}",
            "firstName": "Ann",
            "email": f"r{number}@customer.example" if number % 9 else None,
            "extRef": f"P-{number}",
            "language": "en",
            "unsubscribed": number % 10 == 0 or None,
        }
        history.put(
            Op.CREATE, "directory_contacts", record["contactId"], record, day(-20, 8), context=context
        )
    changed = history.record("directory_contacts", "CID_0005") | {"email": "new@customer.example"}
    for at, op, record in (
        (day(3, 12), Op.SYSTEM_UPDATE, changed),
        (day(4, 12), Op.PURGE, history.record("directory_contacts", "CID_0006")),
    ):
        own_id = str(record["contactId"])
        history.put(op, "directory_contacts", own_id, record, day(-20, 8), visible_at=at, context=context)


def _odd_values(history: History) -> None:
    for place, odd in enumerate(ODD_TEXTS.values()):
        _answer(history, TICKET, 50_000 + place, day(6, 8), QID2_TEXT=odd, recipientEmail=odd[:1000])
    at = day(4, 8)
    _answer(history, TICKET, 51_000, at, QID2_TEXT="nul \u0000 inside", order_number="O-\u0000-1")
    _answer(
        history, TICKET, 51_001, at, duration="240", finished=True, QID1="7", custom_new={"nested": [1, None]}
    )
    _answer(history, TICKET, 51_002, at, duration=None, QID1=None)
    _answer(history, TICKET, 51_003, at, order_number=20_000_000_000_000_001)


def _poison(history: History) -> None:
    for place, raw in enumerate(POISON.values()):
        number = 60_000 + place
        _answer(history, TICKET, number, day(2, 7))
        text = raw.replace("{name}", "QID2_TEXT")
        _edit(history, TICKET, number, day(4, 7), QID1=1, raw={"values.QID2_TEXT": text})
    _edit(history, TICKET, 60_000, day(9, 7), QID1=5, QID2_TEXT="Healed")
    for place, values in enumerate(
        ({"duration": "long"}, {"finished": "perhaps"}, {"order_number": {"a": 1}})
    ):
        _answer(history, TICKET, 61_000 + place, day(2, 7))
        _edit(history, TICKET, 61_000 + place, day(4, 7), **values)
    _answer(history, TICKET, 61_003, day(2, 7))
    _edit(history, TICKET, 61_003, day(4, 7), raw={"values.recordedDate": "null"})


def _while_we_read(history: History) -> None:
    for night in (4, 6):
        for place in range(6):
            at = midnight(night) + timedelta(minutes=5, seconds=2 + 4 * place)
            _edit(history, TICKET, 2054 + place, at, QID1=3, QID2_TEXT=f"While {night}")
            _answer(history, RELATIONSHIP, 70_000 + 10 * night + place, at)
