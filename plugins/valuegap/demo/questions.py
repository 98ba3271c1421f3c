"""The wording of the surveys: which question stands at which QID, and what can be answered."""

from collections.abc import Sequence
from dataclasses import dataclass

from valuegap.demo.rendering import Record
from valuegap.demo.world import ATTRIBUTES, BENEFITS, COSTS, EMPLOYEE_QUESTIONS


@dataclass(frozen=True)
class Question:
    """One question, answered by a whole number from `lowest` to `highest` or, if open, by free text."""

    tag: str
    text: str
    lowest: int = 1
    highest: int = 7
    is_open: bool = False


def answer_key(number: int, question: Question) -> str:
    """Return the key of the answer to the `number`-th question (from 1) in a response's values."""
    return f"QID{number}_TEXT" if question.is_open else f"QID{number}"


def definition(questions: Sequence[Question]) -> dict[str, Record]:
    """Return the Questions part of a survey definition."""
    return {f"QID{number}": _entry(number, question) for number, question in enumerate(questions, start=1)}


def _entry(number: int, question: Question) -> Record:
    entry: Record = {
        "QuestionID": f"QID{number}",
        "QuestionText": question.text,
        "DataExportTag": question.tag,
        "QuestionType": "TE" if question.is_open else "MC",
        "Selector": "ML" if question.is_open else "SAHR",
    }
    if not question.is_open:
        points = range(question.lowest, question.highest + 1)
        entry["Choices"] = {str(point): {"Display": str(point)} for point in points}
    return entry


_ABOUT = {
    "QUALITY": ("products that last", "products that do what they promise"),
    "DELIVERY": ("delivery on the promised day", "goods that arrive complete"),
    "SUPPORT": ("a help desk that solves problems", "a help desk that answers quickly"),
    "EASE": ("ordering without effort", "changing an order without effort"),
    "PRICE": ("fair prices", "invoices without surprises"),
    "CARE": ("people who know our business", "advice that puts us first"),
}
_BENEFIT = {
    "FUNCTIONAL": "Working with this supplier helps us get our work done.",
    "EMOTIONAL": "Working with this supplier feels good.",
    "SOCIAL": "Working with this supplier makes a good impression on others.",
    "FINANCIAL": "Working with this supplier saves us money.",
}
_COST = {
    "MONETARY": "What we pay altogether weighs on our budget.",
    "TIME": "Dealing with this supplier takes much of our time.",
    "EFFORT": "Dealing with this supplier takes much effort.",
    "PSYCHOLOGICAL": "Dealing with this supplier makes us worry.",
}

_VALUE = (
    *(Question(f"BEN_{kind}", _BENEFIT[kind]) for kind in BENEFITS),
    *(Question(f"COST_{kind}", _COST[kind]) for kind in COSTS),
)
_COMMENT = Question("COMMENT", "What else would you like to tell us?", is_open=True)

RELATIONSHIP = (
    *(
        Question(f"EXP_{name}_{item}", f"From an excellent supplier I expect {text}.")
        for name in ATTRIBUTES
        for item, text in enumerate(_ABOUT[name], start=1)
    ),
    *(
        Question(f"PER_{name}_{item}", f"From this supplier I get {text}.")
        for name in ATTRIBUTES
        for item, text in enumerate(_ABOUT[name], start=1)
    ),
    *(Question(f"IMP_{name}", f"How much does it matter to you: {_ABOUT[name][0]}?") for name in ATTRIBUTES),
    *_VALUE,
    Question("TRUST", "We can rely on this supplier's word."),
    Question("FEEL_VALUED", "This supplier makes us feel valued as a customer."),
    Question("CSAT_OVERALL", "How satisfied are you with this supplier?", 1, 5),
    Question("ACSI_1", "All in all, how satisfied are you with this supplier?", 1, 10),
    Question("ACSI_2", "How far does this supplier fall short of or exceed what you expected?", 1, 10),
    Question("ACSI_3", "How close does this supplier come to your ideal?", 1, 10),
    Question("NPS", "How likely are you to recommend this supplier to a colleague?", 0, 10),
    Question("REPURCHASE", "How likely are you to order from this supplier again?"),
    _COMMENT,
)
ADDED_TO_RELATIONSHIP = (
    *(Question(f"ADQ_{name}", f"The least I would put up with: {_ABOUT[name][0]}.") for name in ATTRIBUTES),
    *(Question(f"DES_{name}", f"What I would wish for: {_ABOUT[name][0]}.") for name in ATTRIBUTES),
    Question("REFERRED", "Have you recommended this supplier to somebody in the last twelve months?", 0, 1),
)
"""Asked after all the others, of those who get that far."""
PREPURCHASE = _VALUE
TICKET = (
    Question("CSAT_TICKET", "How satisfied are you with the way your request was handled?", 1, 5),
    Question("CES", "How easy was it to get help?"),
    _COMMENT,
)
NEW_IDEA = Question("NEW_IDEA", "Would a chat assistant have helped you with this request?")
MANAGEMENT = (
    *(Question(f"BEL_{name}", f"Our customers expect {_ABOUT[name][0]}.") for name in ATTRIBUTES),
    *(Question(f"STD_{name}", f"Our own standard demands {_ABOUT[name][0]}.") for name in ATTRIBUTES),
)
_WORK = {
    "ENGAGEMENT": "I feel that my work here matters.",
    "TARGET_CLARITY": "I know what is expected of me and how it is measured.",
    "WORKLOAD": "There is more work than I can do well.",
}
EMPLOYEE = tuple(Question(tag, _WORK[tag]) for tag in EMPLOYEE_QUESTIONS)
