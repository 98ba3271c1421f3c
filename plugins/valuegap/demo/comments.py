"""What respondents write, each sentence with the theme and the feeling it was written for, and who writes it.

The labels are what a reader of verbatims should find. They stand in the truth and are never sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from valuegap.demo.accounts import Flags
from valuegap.demo.chance import Codes, Floats
from valuegap.demo.world import ATTRIBUTES, TOPICS

Theme = Literal[
    "delivery",
    "product_quality",
    "support",
    "ease_of_business",
    "price",
    "personal_care",
    "invoice",
    "website",
    "praise_general",
    "other",
]
Sentiment = int
NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1


@dataclass(frozen=True)
class Comment:
    """A sentence and what it is about. Where it names several things, `theme` is the one it complains of."""

    text: str
    language: Literal["en", "de"]
    theme: Theme
    sentiment: Sentiment


def _of(
    language: Literal["en", "de"], theme: Theme, sentences: Mapping[Sentiment, Sequence[str]]
) -> list[Comment]:
    return [
        Comment(text, language, theme, sentiment) for sentiment, texts in sentences.items() for text in texts
    ]


COMMENTS = (
    *_of("en", "delivery", {
        NEGATIVE: (
            "Delivery came days after the promised date.",
            "Half of the order is still missing and nobody can say when it ships.",
            "The driver left twelve desks on the pavement in the rain.",
        ),
        NEUTRAL: ("Two of the pallets arrived in the morning, the rest after lunch.",),
        POSITIVE: ("Everything was on site on the agreed day, well done.", "The lorry was early for once!"),
    }),
    *_of("de", "delivery", {
        NEGATIVE: (
            "Die Lieferung kam eine Woche zu spät.",
            "Schon wieder fehlten Teile, der Monteur musste zweimal kommen.",
            "Der vereinbarte Liefertermin wurde ohne Nachricht verschoben.",
        ),
        NEUTRAL: ("Die Ware wurde in zwei Teilen geliefert.",),
        POSITIVE: ("Pünktlich und vollständig geliefert, danke.",),
    }),
    *_of("en", "product_quality", {
        NEGATIVE: (
            "One chair arrived with a cracked armrest.",
            "The monitors flicker and two of them have already died.",
            "The varnish of the tables scratches if you look at it.",
        ),
        NEUTRAL: ("We have had the height-adjustable desks for a year now.",),
        POSITIVE: ("The desks are solid, we are happy with them.", "Best chairs we have ever sat on."),
    }),
    *_of("de", "product_quality", {
        NEGATIVE: (
            "Nach drei Monaten war der Motor vom Tisch kaputt.",
            "Die Verarbeitung der Schränke ist leider nicht gut.",
        ),
        POSITIVE: ("Sehr robuste Möbel, hier wackelt nichts.", "Die Qualität der Stühle überzeugt uns."),
    }),
    *_of("en", "support", {
        NEGATIVE: (
            "I had to explain my problem to three people.",
            "Nobody answered the phone on Friday.",
            "Three weeks for an answer to a simple question is not acceptable.",
        ),
        NEUTRAL: ("I called the help desk twice this month.",),
        POSITIVE: (
            "The technician on the phone solved it in ten minutes.",
            "Quick and friendly help, the problem is gone.",
        ),
    }),
    *_of("de", "support", {
        NEGATIVE: (
            "Ich warte seit zwei Wochen auf eine Antwort vom Kundendienst.",
            "Am Telefon wurde ich fünfmal weiterverbunden.",
        ),
        NEUTRAL: ("Ich habe beim Service angerufen.",),
        POSITIVE: (
            "Der Support hat sofort geholfen.",
            "Kompetente Hotline, das Problem war schnell gelöst.",
        ),
    }),
    *_of("en", "ease_of_business", {
        NEGATIVE: (
            "Changing an order means filling in the same form four times.",
            "Far too much paperwork for a single chair.",
        ),
        POSITIVE: ("Ordering is quick and simple.", "Returning the wrong cable was no trouble at all."),
    }),
    *_of("de", "ease_of_business", {
        NEGATIVE: (
            "Der Bestellvorgang ist viel zu umständlich.",
            "Eine Änderung der Bestellung kostet mich jedes Mal einen halben Tag.",
        ),
        POSITIVE: ("Nachbestellen geht einfach und ohne Aufwand.",),
    }),
    *_of("en", "price", {
        NEGATIVE: (
            "Prices went up without any notice.",
            "Your competitor offers the same desk for a third less.",
        ),
        NEUTRAL: ("We compare quotes of three suppliers every year.",),
        POSITIVE: ("Good value for money.",),
    }),
    *_of("de", "price", {
        NEGATIVE: (
            "Inzwischen einfach zu teuer.",
            "Die Preiserhöhung im Frühjahr war nicht nachvollziehbar.",
        ),
        POSITIVE: ("Faire Preise und ein ordentlicher Rabatt.",),
    }),
    *_of("en", "personal_care", {
        NEGATIVE: (
            "Every month we get a new contact who knows nothing about us.",
            "I feel like a number here.",
        ),
        POSITIVE: (
            "Our contact person knows what we need.",
            "They advised us against a purchase, that was honest.",
        ),
    }),
    *_of("de", "personal_care", {
        NEGATIVE: ("Unser Ansprechpartner wechselt ständig.",),
        POSITIVE: (
            "Unsere Betreuerin denkt mit und berät uns ehrlich.",
            "Man kennt uns und nimmt sich Zeit.",
        ),
    }),
    *_of("en", "invoice", {
        NEGATIVE: ("The invoice did not match the offer.", "We were billed twice for the same cabinet."),
        NEUTRAL: ("Please send invoices to our new billing address.",),
    }),
    *_of("de", "invoice", {
        NEGATIVE: ("Die Rechnung war zum dritten Mal falsch.", "Auf die Gutschrift warten wir immer noch."),
        NEUTRAL: ("Bitte die Rechnung künftig als PDF schicken.",),
    }),
    *_of("en", "website", {
        NEGATIVE: (
            "The portal logs me out in the middle of everything.",
            "I cannot find spare parts with your search.",
        ),
        POSITIVE: ("The new portal is a great help.",),
    }),
    *_of("de", "website", {
        NEGATIVE: ("Der Onlineshop stürzt beim Bezahlen ab.",),
        POSITIVE: ("Der neue Webshop ist übersichtlich.",),
    }),
    *_of("en", "praise_general", {
        POSITIVE: (
            "Everything worked as agreed.",
            "Keep it up!",
            "We would choose you again any time.",
            "Nothing to complain about.",
        ),
    }),
    *_of("de", "praise_general", {
        POSITIVE: (
            "Alles bestens, weiter so!",
            "Wir sind rundum zufrieden.",
            "Hat alles wunderbar geklappt.",
        ),
    }),
    *_of("en", "other", {
        NEUTRAL: ("We are moving to a new building in spring.", "No comment.", "See my last answer."),
        NEGATIVE: ("This questionnaire is far too long.",),
    }),
    *_of("de", "other", {
        NEUTRAL: ("Keine weiteren Anmerkungen.", "Wir ziehen im Sommer um."),
    }),
)  # fmt: skip

CORRECTED = "I have corrected my answer."
"""What those write who change an answer: about nothing."""

ABOUT_ATTRIBUTE: Mapping[str, Theme] = {
    "QUALITY": "product_quality",
    "DELIVERY": "delivery",
    "SUPPORT": "support",
    "EASE": "ease_of_business",
    "PRICE": "price",
    "CARE": "personal_care",
}
ABOUT_TOPIC: Mapping[str, Theme] = {
    "delivery": "delivery",
    "billing": "invoice",
    "defect": "product_quality",
    "how_to": "website",
}
BY_EXPERIENCE = 0.75  # of comments are about what was felt; the others are about anything
BAD_FROM, GOOD_FROM = 40.0, 70.0  # points
GERMAN = ("de",)


def experience_comments(rng: np.random.Generator, felt: Floats, is_german: Flags) -> Codes:
    """Return what is written of experiences (attribute x people, in points).

    Most write of the attribute they felt worst, those who felt nothing bad of the best one.
    """
    worst, best = felt.argmin(axis=0), felt.argmax(axis=0)
    people = np.arange(felt.shape[1])
    is_bad, is_good = felt[worst, people] < BAD_FROM, felt[best, people] >= GOOD_FROM
    about = np.where(is_bad, worst, best)
    themes = np.array([ABOUT_ATTRIBUTE[name] for name in ATTRIBUTES])[about]
    feeling = np.select([is_bad, is_good], [NEGATIVE, POSITIVE], NEUTRAL)
    return _written(rng, themes, feeling, is_german)


def ticket_comments(rng: np.random.Generator, satisfaction: Floats, topic: Codes, is_german: Flags) -> Codes:
    """Return what is written after a ticket: of the help desk, or of what the ticket was about."""
    feeling = np.select([satisfaction < BAD_FROM, satisfaction >= GOOD_FROM], [NEGATIVE, POSITIVE], NEUTRAL)
    of_topic = np.array([ABOUT_TOPIC[name] for name in TOPICS])[topic]
    is_of_help = (feeling == POSITIVE) | (rng.random(len(topic)) < 0.5)  # noqa: PLR2004 - half of the rest
    return _written(rng, np.where(is_of_help, "support", of_topic), feeling, is_german)


def _written(rng: np.random.Generator, themes: np.ndarray, feeling: np.ndarray, is_german: Flags) -> Codes:
    """Return a sentence of each theme and feeling; of any where there is none, or for no reason."""
    count = len(is_german)
    is_by_experience = rng.random(count) < BY_EXPERIENCE
    luck = rng.random(count)
    chosen = np.zeros(count, dtype=np.int8)
    for german in (False, True):
        of_language = [n for n, each in enumerate(COMMENTS) if (each.language in GERMAN) == german]
        anything = np.array(of_language)[(luck * len(of_language)).astype(np.int64)]
        chosen = np.where(is_german == german, anything, chosen)
        for theme in {COMMENTS[n].theme for n in of_language}:
            for sentiment in (NEGATIVE, NEUTRAL, POSITIVE):
                fitting = [
                    n for n in of_language
                    if COMMENTS[n].theme == theme and COMMENTS[n].sentiment == sentiment
                ]  # fmt: skip
                if fitting:
                    is_it = (
                        is_by_experience & (is_german == german) & (themes == theme) & (feeling == sentiment)
                    )
                    chosen = np.where(
                        is_it, np.array(fitting)[(luck * len(fitting)).astype(np.int64)], chosen
                    )
    return chosen.astype(np.int8)


def labels() -> dict[str, dict[str, object]]:
    """Return what each sentence is about, by its text."""
    return {
        each.text: {name: value for name, value in asdict(each).items() if name != "text"}
        for each in COMMENTS
    }
