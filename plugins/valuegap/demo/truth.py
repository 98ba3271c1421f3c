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
        driver_weights: attribute -> weight (summing to 1) of its experience in satisfaction: the rank of
            overall satisfaction is that of the weighted sum of the ranks of the experiences. No two alike.
        adequate: attribute -> industry -> mean of the least one would put up with.
        desired: attribute -> industry -> mean of what one would wish for.
        beliefs: attribute -> mean of what managers think customers expect.
        standards: attribute -> mean of the standard managers set.
        employees: question tag -> team -> mean of the agents' answers.
        benefits: kind -> market segment -> mean benefit felt, in the relationship survey.
        costs: kind -> market segment -> mean cost felt (100 = felt very high), in the same survey.
        expected_benefits: as `benefits`, in the survey before the first purchase.
        expected_costs: as `costs`, in the survey before the first purchase.
        outcomes: question tag -> mean of satisfaction, trust, feeling valued and repurchase intent.
        nps: market segment -> probability of promoter, passive and detractor.
        referred: promoter, passive, detractor -> probability to have recommended us within a year.
        monthly_churn: market segment -> probability that a customer who ordered this month never does again.
        resolution_hours: topic -> priority -> mean hours to the first resolution of a ticket.
        ticket_csat: hours to resolution (as text) -> mean of CSAT_TICKET given them, solved by an agent of
            skill 0.
        ticket_ease: channel -> mean of CES of customers no initiative moved.
        agent_team: agent (its id at the help desk) -> team, the name of its group.
        agent_skill: agent -> points its solving adds to CSAT_TICKET, and to the chance in a hundred of a good
            rating.
        initiative_effects: initiative -> metric_code -> points it adds to the mean answer of its segment from
            its start on.
        comments: sentence -> language, theme and sentiment (-1, 0, 1) it was written for.
        industry_shares: industry -> share of accounts.
        market_segment_shares: market segment -> share of accounts.
        lead_sources: market segment -> lead source -> probability that an account was found through it.
        lost_reasons: reason -> probability that a lost deal was lost for it.
    """

    attributes: Mapping[str, Mapping[str, Means]] = field(default_factory=dict)
    attributes_overall: Mapping[str, Means] = field(default_factory=dict)
    importance: Means = field(default_factory=dict)
    driver_weights: Means = field(default_factory=dict)
    adequate: Mapping[str, Means] = field(default_factory=dict)
    desired: Mapping[str, Means] = field(default_factory=dict)
    beliefs: Means = field(default_factory=dict)
    standards: Means = field(default_factory=dict)
    employees: Mapping[str, Means] = field(default_factory=dict)
    benefits: Mapping[str, Means] = field(default_factory=dict)
    costs: Mapping[str, Means] = field(default_factory=dict)
    expected_benefits: Mapping[str, Means] = field(default_factory=dict)
    expected_costs: Mapping[str, Means] = field(default_factory=dict)
    outcomes: Means = field(default_factory=dict)
    nps: Mapping[str, Means] = field(default_factory=dict)
    referred: Means = field(default_factory=dict)
    monthly_churn: Means = field(default_factory=dict)
    resolution_hours: Mapping[str, Means] = field(default_factory=dict)
    ticket_csat: Means = field(default_factory=dict)
    ticket_ease: Means = field(default_factory=dict)
    agent_team: Mapping[str, str] = field(default_factory=dict)
    agent_skill: Means = field(default_factory=dict)
    initiative_effects: Mapping[str, Means] = field(default_factory=dict)
    comments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    industry_shares: Means = field(default_factory=dict)
    market_segment_shares: Means = field(default_factory=dict)
    lead_sources: Mapping[str, Means] = field(default_factory=dict)
    lost_reasons: Means = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Return the truth as JSON-ready values."""
        return asdict(self)
