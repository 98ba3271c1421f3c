"""The parameters of the generated company: who its customers are, what they buy, expect and feel.

Every number a report should find again stands here once; `planted` says it in the reports' terms.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Size = Literal["S", "M", "L"]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """How large a company is, and how talkative: rates and the share of people who answer."""

    accounts: int
    tickets_per_month: float
    relationship_response: float
    ticket_response: float
    prepurchase_response: float


SCALES: dict[Size, Scale] = {
    "S": Scale(400, 0.84, 0.62, 0.20, 0.60),
    "M": Scale(100_000, 0.75, 0.42, 0.18, 0.50),
    "L": Scale(1_000_000, 0.75, 0.42, 0.18, 0.50),
}

INDUSTRIES = ("manufacturing", "healthcare", "education", "hospitality", "professional_services", "retail")
INDUSTRY_SHARES = np.array([0.22, 0.20, 0.18, 0.16, 0.14, 0.10])
MARKET_SEGMENTS = ("enterprise", "mid_market", "small_business")
MARKET_SEGMENT_SHARES = np.array([0.15, 0.35, 0.50])
COUNTRIES = ("DE", "FR", "NL", "BE", "AT", "IT", "ES", "PL")
COUNTRY_SHARES = np.array([0.30, 0.16, 0.12, 0.08, 0.08, 0.10, 0.08, 0.08])
LANGUAGES = ("de", "fr", "nl", "fr", "de", "it", "es", "pl")  # by country

LEAD_SOURCES = ("ORGANIC_SEARCH", "PAID_SEARCH", "REFERRALS", "DIRECT_TRAFFIC", "OFFLINE")
LEAD_SOURCE_SHARES = np.array(  # market segment x lead source
    [
        [0.10, 0.08, 0.34, 0.12, 0.36],
        [0.24, 0.20, 0.26, 0.16, 0.14],
        [0.36, 0.30, 0.14, 0.16, 0.04],
    ]
)
PARENT_SHARE = 0.50  # of the established enterprises may have subsidiaries
SUBSIDIARY_SHARE = np.array([0.20, 0.20, 0.0])  # of the other accounts, by market segment
OPTED_OUT_SHARE = 0.04  # of contacts

PROSPECT_SHARE = 0.10
ESTABLISHED_SHARE = 0.60  # customers already when the history begins
MONTHLY_CHURN = np.array([0.008, 0.015, 0.030])  # by market segment
EXTRA_ORDERS = np.array([0.40, 0.20, 0.10])  # a month beyond the first, by market segment
EXTRA_CONTACTS = np.array([3.5, 1.7, 0.8])
MEAN_QUANTITY = np.array([12.0, 5.0, 2.0])

PRODUCT_NAMES = (
    "Height-adjustable desk",
    "Task chair",
    "Meeting table",
    "Acoustic booth",
    "Storage cabinet",
    "27-inch monitor",
    "Docking station",
    "Video conference bar",
    "Room booking panel",
    "Assembly on site",
    "Workplace planning day",
    "Care contract, one year",
)
PRODUCT_SKUS = tuple(
    f"{family}-{number}"
    for family, count in (("FUR", 5), ("TEC", 4), ("SRV", 3))
    for number in range(1, count + 1)
)
PRODUCT_FAMILIES = ("furniture",) * 5 + ("technology",) * 4 + ("services",) * 3
PRODUCT_CENTS = np.array(
    [64900, 38900, 89900, 540000, 27900, 32900, 18900, 79900, 45900, 12900, 95000, 24000], dtype=np.int32
)
PRODUCT_COST_SHARE = np.array([0.58, 0.55, 0.57, 0.62, 0.54, 0.74, 0.70, 0.72, 0.66, 0.45, 0.40, 0.30])
PRODUCT_SHARES = np.array([0.14, 0.18, 0.06, 0.02, 0.10, 0.14, 0.12, 0.04, 0.04, 0.08, 0.02, 0.06])
PRICE_RISE = 1.04  # from the twelfth month of the history on, of list price and cost alike
PRICE_RISE_MONTH = 11
CARE_CONTRACT = PRODUCT_SKUS.index("SRV-3")
CARE_PERIOD = "P12M"
LOST_REASONS = ("price", "competitor", "no_budget", "timing", "missing_feature")
LOST_REASON_SHARES = np.array([0.34, 0.24, 0.18, 0.14, 0.10])

ATTRIBUTES = ("QUALITY", "DELIVERY", "SUPPORT", "EASE", "PRICE", "CARE")
EXPECTATION = np.array([78.0, 80.0, 74.0, 68.0, 66.0, 58.0])
INDUSTRY_EXPECTATION = np.array([0.0, 2.0, -1.0, -2.0, 1.0, 0.0])
GAP = np.array([-1.0, -14.0, -9.0, -3.0, -6.0, 3.0])
INDUSTRY_GAP = np.array(  # attribute x industry
    [
        [1.0, 0.0, 0.0, -2.0, 1.0, 0.0],
        [2.0, -3.0, 1.0, -5.0, 3.0, 2.0],
        [1.0, -4.0, 2.0, 0.0, 2.0, -1.0],
        [0.0, -2.0, -2.0, 1.0, 2.0, 1.0],
        [-2.0, 2.0, -4.0, -1.0, 3.0, 2.0],
        [-1.0, 3.0, 1.0, 0.0, -2.0, -1.0],
    ]
)
IMPORTANCE = np.array([88.0, 82.0, 76.0, 64.0, 74.0, 55.0])
DRIVER_WEIGHTS = np.array([0.28, 0.34, 0.18, 0.06, 0.11, 0.03])
ADEQUATE, DESIRED = -16.0, 6.0  # the service one puts up with and the one one hopes for, around the expected
BELIEF = np.array(
    [1.0, -10.0, -2.0, 2.0, 6.0, -1.0]
)  # what managers think customers expect, less what they do
STANDARD = np.array([0.0, -4.0, -6.0, 1.0, -3.0, 2.0])  # what they set as a standard, less what they think
MANAGERS = 12

BENEFITS = ("FUNCTIONAL", "EMOTIONAL", "SOCIAL", "FINANCIAL")
COSTS = ("MONETARY", "TIME", "EFFORT", "PSYCHOLOGICAL")
BENEFIT_MEANS = np.array([[76.0, 73.0, 70.0], [58.0, 61.0, 66.0], [52.0, 48.0, 42.0], [68.0, 62.0, 55.0]])
COST_MEANS = np.array([[44.0, 52.0, 61.0], [48.0, 43.0, 38.0], [46.0, 41.0, 35.0], [28.0, 31.0, 36.0]])
BENEFIT_HOPE = np.array([5.0, 3.0, 2.0, 6.0])  # expected before the first purchase, above what is felt later
COST_HOPE = np.array([-4.0, -7.0, -5.0, 3.0])

OUTCOMES = {
    "TRUST": 70.0,
    "FEEL_VALUED": 62.0,
    "CSAT_OVERALL": 69.0,
    "ACSI_1": 72.0,
    "ACSI_2": 66.0,
    "ACSI_3": 63.0,
    "REPURCHASE": 68.0,
}
NPS_CLASSES = np.array(
    [[0.48, 0.32, 0.20], [0.41, 0.34, 0.25], [0.34, 0.34, 0.32]]
)  # promoter, passive, detractor
NPS_WITHIN = (
    np.array([0.6, 0.4]),  # 9, 10
    np.array([0.45, 0.55]),  # 7, 8
    np.array([0.03, 0.03, 0.06, 0.10, 0.14, 0.27, 0.37]),  # 0 to 6
)
REFERRED_SHARES = np.array([0.45, 0.15, 0.03])  # recommended us to somebody in a year, by class

NEW_IDEA_MEAN = 55.0

CHANNELS = ("email", "web", "chat", "phone")
CHANNEL_SHARES = np.array([0.42, 0.26, 0.18, 0.14])
TICKET_EASE = np.array([58.0, 64.0, 74.0, 69.0])  # by channel
TICKET_RATE = np.array([1.6, 1.1, 0.75])  # by market segment, around the company's own rate
TOPICS = ("delivery", "billing", "defect", "how_to")
TOPIC_SHARES = np.array([0.30, 0.20, 0.25, 0.25])
PHASES = ("before", "during", "after")
PHASE_SHARES = np.array([[0.05, 0.75, 0.20], [0.10, 0.40, 0.50], [0.0, 0.10, 0.90], [0.35, 0.15, 0.50]])
PRIORITIES = ("low", "normal", "high", "urgent")
PRIORITY_SHARES = np.array([0.20, 0.50, 0.22, 0.08])
TEAMS = ("delivery_desk", "billing_desk", "technical_desk", "first_line")
AGENTS_A_TEAM = 4
AGENTS = AGENTS_A_TEAM * len(TEAMS)
TEAM_SHARES = np.array(  # topic x team
    [[0.85, 0.00, 0.05, 0.10], [0.00, 0.85, 0.05, 0.10], [0.05, 0.00, 0.85, 0.10], [0.00, 0.05, 0.05, 0.90]]
)
PRESSING_TEAM, PRESSING_SHARE = TEAMS.index("first_line"), 0.50  # of high and urgent tickets
HANDED_OVER = 0.15  # of tickets, to a colleague of any team
AGENT_SKILL = np.zeros(AGENTS)  # points of CSAT_TICKET, and of a hundred in the chance of a good rating
AGENT_SKILL[[3, 9]], AGENT_SKILL[[6, 14]] = 10.0, -10.0
EMPLOYEE_QUESTIONS = ("ENGAGEMENT", "TARGET_CLARITY", "WORKLOAD")
EMPLOYEE_MEANS = np.array(  # question x team
    [[58.0, 70.0, 74.0, 66.0], [52.0, 76.0, 72.0, 60.0], [78.0, 50.0, 56.0, 64.0]]
)
TOPIC_HOURS = np.array([30.0, 20.0, 60.0, 10.0])
PRIORITY_FACTOR = np.array([1.5, 1.0, 0.6, 0.3])
SHORTEST_RESOLUTION_HOURS = 300 / 3600


def nps_probabilities() -> Array:
    """Return the probability of each answer: market segment x 0..10, from detractors to promoters."""
    promoters, passives, detractors = (
        NPS_CLASSES[:, [which]] * within[None, :] for which, within in enumerate(NPS_WITHIN)
    )
    return np.asarray(np.hstack([detractors, passives, promoters]))


def expectation_means() -> Array:
    """Return attribute x industry, in POMP points."""
    return np.asarray(EXPECTATION[:, None] + INDUSTRY_EXPECTATION[None, :])


def experience_means() -> Array:
    """Return attribute x industry, in POMP points."""
    return np.asarray(expectation_means() + GAP[:, None] + INDUSTRY_GAP)


def adequate_means() -> Array:
    """Return attribute x industry, in POMP points."""
    return np.asarray(expectation_means() + ADEQUATE)


def desired_means() -> Array:
    """Return attribute x industry, in POMP points."""
    return np.asarray(expectation_means() + DESIRED)


def belief_means() -> Array:
    """Return what managers think customers expect, by attribute."""
    return np.asarray(EXPECTATION + BELIEF)


def standard_means() -> Array:
    """Return the standard managers set, by attribute."""
    return np.asarray(belief_means() + STANDARD)


def ticket_csat_mean(hours: Array) -> Array:
    """Return the mean CSAT_TICKET (POMP) after `hours` to resolution: 90 at once, 40 in the long run.

    So it is where an agent of average skill solved the ticket; `AGENT_SKILL` is added.
    """
    return 90.0 - 50.0 * hours / (hours + 36.0)


def resolution_hours_mean() -> Array:
    """Return topic x priority, in hours.

    The mean of max(s, Exponential(mean m)) is s + m exp(-s / m).
    """
    mean = TOPIC_HOURS[:, None] * PRIORITY_FACTOR[None, :]
    return np.asarray(SHORTEST_RESOLUTION_HOURS + mean * np.exp(-SHORTEST_RESOLUTION_HOURS / mean))
