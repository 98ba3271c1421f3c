"""Names, addresses and numbers of people and companies, all made up, written as each system writes them."""

import numpy as np
import pandas as pd

# fmt: off - one name a line would fill two screens
FIRST_NAMES = (
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elena",
    "Felix",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Klara",
    "Luca",
    "Maria",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Simon",
    "Tessa",
    "Viktor",
    "Wanda",
    "Yann",
    "Zofia",
    "Amir",
    "Bianca",
    "Chiara",
    "Dario",
    "Eva",
    "Fabian",
    "Gloria",
    "Henri",
    "Irene",
    "Jakub",
    "Katja",
    "Leon",
    "Mila",
    "Noah",
    "Oskar",
    "Petra",
    "Quentin",
    "Rita",
    "Stefan",
    "Theo",
    "Ursula",
    "Vera",
    "Willem",
    "Xenia",
    "Yara",
)
LAST_NAMES = (
    "Adler",
    "Bakker",
    "Conti",
    "Dubois",
    "Engel",
    "Fischer",
    "Garcia",
    "Huber",
    "Ivanek",
    "Jansen",
    "Keller",
    "Lang",
    "Moreau",
    "Nowak",
    "Ortega",
    "Peeters",
    "Richter",
    "Rossi",
    "Schmidt",
    "Torres",
    "Ullmann",
    "Visser",
    "Weber",
    "Zimmer",
    "Albers",
    "Bianchi",
    "Claes",
    "Duran",
    "Ernst",
    "Ferrari",
    "Gruber",
    "Hofer",
    "Iglesias",
    "Jacobs",
    "Kowalski",
    "Lambert",
    "Maes",
    "Navarro",
    "Olivier",
    "Pichler",
    "Romano",
    "Sanz",
    "Thomas",
    "Urban",
    "Vogel",
    "Wolf",
    "Zielinski",
    "Aigner",
)
COMPANY_WORDS = (
    "Alpenrose",
    "Brightwater",
    "Cedarline",
    "Deltawerk",
    "Eastgate",
    "Fernhill",
    "Goldbach",
    "Harborview",
    "Ironbridge",
    "Juniper",
    "Kestrel",
    "Lindenhof",
    "Meridian",
    "Northwind",
    "Oakfield",
    "Pinecrest",
    "Quayside",
    "Riverbend",
    "Silverton",
    "Tallgrass",
    "Upland",
    "Valmont",
    "Westbrook",
    "Yellowstone",
    "Zephyr",
    "Amberley",
    "Bluefield",
    "Clearmont",
    "Dunmore",
    "Elmswood",
    "Fairhaven",
    "Greystone",
)
# fmt: on
COMPANY_FORMS = ("Group", "Systems", "Partners", "Works", "Services", "Holding", "Supply", "Labs")
JOB_TITLES = (
    "Office Manager",
    "Facility Manager",
    "Head of Procurement",
    "IT Coordinator",
    "Operations Lead",
    "HR Business Partner",
    "Finance Controller",
    "Managing Director",
)
DIALLING_CODES = ("49", "33", "31", "32", "43", "39", "34", "48")  # by country

_FIRST = np.array([name.lower() for name in FIRST_NAMES], dtype=object)
_LAST = np.array([name.lower() for name in LAST_NAMES], dtype=object)
_WORD = np.array([word.lower() for word in COMPANY_WORDS], dtype=object)


def company_names(account: pd.Series) -> list[str]:
    """Return each account's name. Account numbers make it unique."""
    words, forms = len(COMPANY_WORDS), len(COMPANY_FORMS)
    return [
        f"{COMPANY_WORDS[number % words]} {COMPANY_FORMS[number // words % forms]} {number + 1}"
        for number in account.tolist()
    ]


def domains(account: pd.Series) -> list[str]:
    """Return each account's domain, under a name reserved for examples."""
    words = len(COMPANY_WORDS)
    return [f"{_WORD[number % words]}-{number + 1}.example" for number in account.tolist()]


def customer_numbers(prefix: str, number: pd.Series, has_number: pd.Series) -> list[str | None]:
    """Return "P-000123" for person 122, or None where the system does not know the number."""
    return [
        f"{prefix}-{value + 1:06d}" if known else None
        for value, known in zip(number.tolist(), has_number.tolist(), strict=True)
    ]


def emails(people: pd.DataFrame) -> list[str | None]:
    """Return each person's address as one system writes it.

    `people` has the columns person, account, ordinal, first_name, last_name and email_style.
    """
    return [
        _WRITTEN[style](person, account, ordinal, _FIRST[first], _LAST[last])
        for person, account, ordinal, first, last, style in zip(
            people["person"].tolist(),
            people["account"].tolist(),
            people["ordinal"].tolist(),
            people["first_name"].tolist(),
            people["last_name"].tolist(),
            people["email_style"].tolist(),
            strict=True,
        )
    ]


def _address(_: int, account: int, ordinal: int, first: str, last: str) -> str:
    if account < 0:
        return f"{first}.{last}.{ordinal}@post.example"
    number = ordinal or ""
    return f"{first}.{last}{number}@{_WORD[account % len(_WORD)]}-{account + 1}.example"


def _capitalised(person: int, account: int, ordinal: int, first: str, last: str) -> str:
    return _address(person, account, ordinal, first.capitalize(), last.capitalize())


def _upper(person: int, account: int, ordinal: int, first: str, last: str) -> str:
    return _address(person, account, ordinal, first, last).upper()


def _spaced(person: int, account: int, ordinal: int, first: str, last: str) -> str:
    return f" {_address(person, account, ordinal, first, last)} "


def _other_address(person: int, _account: int, _ordinal: int, first: str, last: str) -> str:
    return f"{last}.{first}.{person + 1}@mailbox.example"


def _no_address(_person: int, _account: int, _ordinal: int, _first: str, _last: str) -> None:
    return None


def agent_address(agent: int) -> str:
    """Return the address of the `agent`-th agent (from 0) of the help desk."""
    return f"agent-{agent + 1}@valuegap-demo.example"


def _agents_address(person: int, _account: int, _ordinal: int, _first: str, _last: str) -> str:
    return agent_address(person)


_WRITTEN = (
    _address,
    _capitalised,
    _upper,
    _spaced,
    _other_address,
    _no_address,
    _agents_address,
)  # by accounts.PLAIN, ...
