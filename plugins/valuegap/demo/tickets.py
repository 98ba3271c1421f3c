"""What happens at the help desk: who asks about what, and when each ticket is answered, solved and closed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuegap.demo.accounts import NEVER, Accounts, Flags, Index, People, expand_months, instants_in_month
from valuegap.demo.chance import Codes, Floats, codes, stream_of
from valuegap.demo.horizon import Horizon, Times, days, hours
from valuegap.demo.world import (
    AGENT_SKILL,
    AGENTS,
    AGENTS_A_TEAM,
    CHANNEL_SHARES,
    HANDED_OVER,
    PHASE_SHARES,
    PHASES,
    PRESSING_SHARE,
    PRESSING_TEAM,
    PRIORITIES,
    PRIORITY_FACTOR,
    PRIORITY_SHARES,
    SHORTEST_RESOLUTION_HOURS,
    TEAM_SHARES,
    TICKET_RATE,
    TOPIC_HOURS,
    TOPIC_SHARES,
    TOPICS,
    ticket_csat_mean,
)

FROM_UNLINKED = 0.03  # of tickets, by people no other system knows
NEVER_RESOLVED, PAUSED, REOPENED, RATED, RATING_OFFERED = 0.02, 0.30, 0.06, 0.15, 0.35
CLOSES_AFTER = np.timedelta64(4, "D")

# Steps of a ticket's life.
CREATED, REPLIED, HANDED, WAITING, SOLVED, REOPENED_AGAIN, SOLVED_AGAIN, CLOSED = range(8)
STEPS = 8
UNOFFERED, OFFERED, GOOD, BAD = range(4)  # satisfaction rating


@dataclass(frozen=True)
class Tickets:
    """Column by column, one element a ticket.

    `account` is -1 where the requester belongs to none. `at` holds the instant of each step (ticket x
    step), NaT for steps that never happen; steps of one ticket are five seconds apart or more.
    `resolution_hours` is what was drawn, also for tickets that are not resolved within the horizon.
    `agent` solves the ticket; `first_agent` replied first, and is another one where it was handed over.
    """

    account: Index
    requester: Index
    topic: Codes
    phase: Codes
    priority: Codes
    channel: Codes
    first_agent: Codes
    agent: Codes
    rating: Codes
    resolution_hours: Floats
    at: Times

    @property
    def count(self) -> int:
        """Number of tickets."""
        return len(self.account)

    @property
    def is_never_resolved(self) -> Flags:
        """Whether nobody ever solves the ticket."""
        return np.isnat(self.at[:, SOLVED])


def make_tickets(seed: int, rate: float, accounts: Accounts, people: People, horizon: Horizon) -> Tickets:
    """Let living customers ask about `rate` times a month, and new ones of the nights on their first day."""
    rng = stream_of(seed, "tickets")
    account, at = _questions(rng, rate, accounts, horizon)
    newcomers = np.flatnonzero(accounts.created_at >= horizon.since)
    is_welcome = np.arange(len(account) + len(newcomers)) >= len(account)
    account = np.concatenate([account, newcomers])
    at = np.concatenate([at, accounts.created_at[newcomers] + np.timedelta64(30, "m")])
    requester = people.somebody(rng, account, at, people.has_user)
    strangers = np.flatnonzero(~people.has_crm_record)
    is_strange = (
        (rng.random(len(account)) < FROM_UNLINKED) & (at > people.created_at[strangers].max()) & ~is_welcome
    )
    requester[is_strange] = rng.choice(strangers, int(is_strange.sum()))
    topic = np.where(is_welcome, TOPICS.index("how_to"), codes(rng, TOPIC_SHARES, len(at))).astype(np.int8)
    priority = codes(rng, PRIORITY_SHARES, len(at))
    resolution_hours = np.maximum(
        rng.exponential(TOPIC_HOURS[topic] * PRIORITY_FACTOR[priority]), SHORTEST_RESOLUTION_HOURS
    )
    phase, channel = _phases(rng, topic, is_welcome), codes(rng, CHANNEL_SHARES, len(at))
    first_agent, agent, is_handed_over = _agents(seed, topic, priority)
    return Tickets(
        account=np.where(is_strange, -1, account),
        requester=requester,
        topic=topic,
        phase=phase,
        priority=priority,
        channel=channel,
        first_agent=first_agent,
        agent=agent,
        rating=_ratings(rng, resolution_hours, agent),
        resolution_hours=resolution_hours,
        at=_steps(rng, at, resolution_hours, is_handed_over),
    )


def _questions(
    rng: np.random.Generator, rate: float, accounts: Accounts, horizon: Horizon
) -> tuple[Index, Times]:
    lived = np.minimum(accounts.last_month, horizon.months - 1) - accounts.first_month + 1
    account, month = expand_months(accounts, np.where(accounts.is_customer, lived, 0))
    number = rng.poisson(rate * TICKET_RATE[accounts.market_segment[account]])
    account, month = np.repeat(account, number), np.repeat(month, number)
    at = instants_in_month(rng, month, accounts.first_order_at[account], horizon)
    return account[at < horizon.until], at[at < horizon.until]


def _phases(rng: np.random.Generator, topic: Codes, is_welcome: Flags) -> Codes:
    bounds = np.cumsum(PHASE_SHARES, axis=1)[topic, :-1]
    drawn = (rng.random(len(topic))[:, None] > bounds).sum(axis=1)
    return np.where(is_welcome, PHASES.index("before"), drawn).astype(np.int8)


def _agents(seed: int, topic: Codes, priority: Codes) -> tuple[Codes, Codes, Flags]:
    """Draw who replies first and who solves each ticket, and which tickets were handed over between them.

    A ticket's topic decides most of which team it goes to; many pressing ones go to one team whatever they
    are about. So agents of equal skill have cases of unequal length.
    """
    rng = stream_of(seed, "agents")
    count = len(topic)
    bounds = np.cumsum(TEAM_SHARES, axis=1)[topic, :-1]
    team = (rng.random(count)[:, None] > bounds).sum(axis=1)
    is_pressing = priority >= PRIORITIES.index("high")
    team = np.where(is_pressing & (rng.random(count) < PRESSING_SHARE), PRESSING_TEAM, team)
    first = team * AGENTS_A_TEAM + rng.integers(0, AGENTS_A_TEAM, count)
    is_handed_over = rng.random(count) < HANDED_OVER
    colleague = (first + rng.integers(1, AGENTS, count)) % AGENTS
    last = np.where(is_handed_over, colleague, first)
    return first.astype(np.int8), last.astype(np.int8), is_handed_over


def _ratings(rng: np.random.Generator, resolution_hours: Floats, agent: Codes) -> Codes:
    chance = (ticket_csat_mean(resolution_hours) + AGENT_SKILL[agent]) / 100.0
    is_good = rng.random(len(resolution_hours)) < chance
    luck = rng.random(len(resolution_hours))
    rated = np.where(is_good, GOOD, BAD)
    return np.select([luck < RATED, luck < RATING_OFFERED], [rated, OFFERED], UNOFFERED).astype(np.int8)


def _steps(
    rng: np.random.Generator, created_at: Times, resolution_hours: Floats, is_handed_over: Flags
) -> Times:
    """Draw each ticket's instants: a reply in the first half of the time to its resolution, and so on.

    A ticket is handed over in the middle between the first reply and the pause.
    """
    count = len(created_at)
    at = np.full((count, STEPS), NEVER)
    reply = 0.05 + 0.45 * rng.random(count)
    pause = reply + (0.95 - reply) * (0.1 + 0.8 * rng.random(count))
    is_unresolved = rng.random(count) < NEVER_RESOLVED
    is_paused = (rng.random(count) < PAUSED) | is_unresolved
    is_reopened = (rng.random(count) < REOPENED) & ~is_unresolved
    at[:, CREATED] = created_at
    at[:, REPLIED] = created_at + hours(reply * resolution_hours)
    handed = 0.5 * (reply + pause)
    at[:, HANDED] = np.where(is_handed_over, created_at + hours(handed * resolution_hours), NEVER)
    at[:, WAITING] = np.where(is_paused, created_at + hours(pause * resolution_hours), NEVER)
    at[:, SOLVED] = np.where(is_unresolved, NEVER, created_at + hours(resolution_hours))
    at[:, REOPENED_AGAIN] = np.where(is_reopened, at[:, SOLVED] + days(0.1 + 3.0 * rng.random(count)), NEVER)
    at[:, SOLVED_AGAIN] = at[:, REOPENED_AGAIN] + hours(0.1 + rng.exponential(12.0, count))
    at[:, CLOSED] = np.where(is_reopened, at[:, SOLVED_AGAIN], at[:, SOLVED]) + CLOSES_AFTER
    return at


def business_minutes(start: Times, end: Times) -> NDArray[np.int64]:
    """Return the minutes between two instants that fall in Monday to Friday, 08:00 to 18:00 UTC."""
    return np.asarray(_business_clock(end) - _business_clock(start))


def _business_clock(at: Times) -> NDArray[np.int64]:
    """Count the business minutes since Monday 1970-01-05."""
    elapsed = (at - np.datetime64("1970-01-05", "us")) // np.timedelta64(1, "m")
    week, rest = np.divmod(np.asarray(elapsed), 7 * 1440)
    day, minute = np.divmod(rest, 1440)
    today = np.where(day < 5, np.clip(minute - 480, 0, 600), 0)  # noqa: PLR2004 - Saturday
    return np.asarray(week * 3000 + np.minimum(day, 5) * 600 + today)
