"""What the generated company was made to be: the means and probabilities its answers were drawn from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

Means = Mapping[str, float]


@dataclass(frozen=True)
class Truth:
    """Planted values, computed from parameters and never measured; all empty for real data.

    Every mean of an answer is in POMP points: percent of the way from the lowest to the highest point of
    its scale, 0 to 100. Attributes, benefits and costs carry the names their question tags carry.

    Attributes:
        attributes: attribute -> industry -> expectation, experience, gap (experience - expectation).
        attributes_overall: attribute -> the same three, weighted by the industries of the accounts.
        importance: attribute -> mean importance.
        driver_weights: attribute -> share (summing to 1) with which its experience drives satisfaction.
        benefits: kind -> market segment -> mean benefit felt, in the relationship survey.
        costs: kind -> market segment -> mean cost felt (100 = felt very high), in the same survey.
        expected_benefits: as `benefits`, in the survey before the first purchase.
        expected_costs: as `costs`, in the survey before the first purchase.
        outcomes: question tag -> mean of satisfaction, trust, feeling valued and repurchase intent.
        nps: market segment -> probability of promoter, passive and detractor.
        monthly_churn: market segment -> probability that a customer who ordered this month never does again.
        resolution_hours: topic -> priority -> mean hours to the first resolution of a ticket.
        ticket_csat: hours to resolution (as text) -> mean of CSAT_TICKET given them.
        ticket_ease: channel -> mean of CES.
        industry_shares: industry -> share of accounts.
        market_segment_shares: market segment -> share of accounts.
        lead_sources: market segment -> lead source -> probability that an account was found through it.
        lost_reasons: reason -> probability that a lost deal was lost for it.
    """

    attributes: Mapping[str, Mapping[str, Means]] = field(default_factory=dict)
    attributes_overall: Mapping[str, Means] = field(default_factory=dict)
    importance: Means = field(default_factory=dict)
    driver_weights: Means = field(default_factory=dict)
    benefits: Mapping[str, Means] = field(default_factory=dict)
    costs: Mapping[str, Means] = field(default_factory=dict)
    expected_benefits: Mapping[str, Means] = field(default_factory=dict)
    expected_costs: Mapping[str, Means] = field(default_factory=dict)
    outcomes: Means = field(default_factory=dict)
    nps: Mapping[str, Means] = field(default_factory=dict)
    monthly_churn: Means = field(default_factory=dict)
    resolution_hours: Mapping[str, Means] = field(default_factory=dict)
    ticket_csat: Means = field(default_factory=dict)
    ticket_ease: Means = field(default_factory=dict)
    industry_shares: Means = field(default_factory=dict)
    market_segment_shares: Means = field(default_factory=dict)
    lead_sources: Mapping[str, Means] = field(default_factory=dict)
    lost_reasons: Means = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the truth as JSON-ready values."""
        return asdict(self)
