"""The retail customers as people: their numbers and addresses, and who else of the real data they are."""

from hashlib import sha256

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]


def email(customer: int) -> str:
    """Return the e-mail address of a customer's contact, the same in every system."""
    return f"customer-{customer}@example.com"


def person_number(customer: int) -> str:
    """Return the number of a customer's contact, the same in every system."""
    return f"P-{customer}"


def account_number(customer: int) -> str:
    """Return the number of a customer's company, the same in every system."""
    return f"C-{customer}"


def requester(case_id: int, customers: Ids) -> int:
    """Return the customer who opened a help-desk case."""
    place = int.from_bytes(sha256(f"ticket:{case_id}".encode()).digest()[:8], "big")
    return int(customers[place % len(customers)])


def respondents(customers: Ids, count: int) -> list[int]:
    """Return the customers who answered the survey, in order of respondent number, nobody twice."""
    return sorted(customers.tolist(), key=lambda customer: sha256(f"survey:{customer}".encode()).digest())[
        :count
    ]
