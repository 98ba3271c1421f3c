"""The accounts and their people as they are, before any vendor writes them down."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuegap.demo.chance import Codes, codes, ranked, stream_of
from valuegap.demo.horizon import Horizon, Times, at_daytime, days, hours
from valuegap.demo.names import FIRST_NAMES, LAST_NAMES
from valuegap.demo.world import (
    COUNTRY_SHARES,
    ESTABLISHED_SHARE,
    EXTRA_CONTACTS,
    INDUSTRY_SHARES,
    LEAD_SOURCE_SHARES,
    MARKET_SEGMENT_SHARES,
    MARKET_SEGMENTS,
    MONTHLY_CHURN,
    PARENT_SHARE,
    PROSPECT_SHARE,
    SUBSIDIARY_SHARE,
)

NEW_ACCOUNTS_A_NIGHT = 0.0005  # of all accounts
UNLINKED_PEOPLE = 0.05  # of all people: known to the help desk only
LATER_CONTACTS = 0.30  # join an account some time after its first contact
NEVER = np.datetime64("NaT", "us")
NO_PARENT = -1

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Accounts:
    """Column by column, one element an account; those acquired in the nights come last.

    `first_order_at` is NaT for prospects. A customer orders in every month from `first_month` to
    `last_month` (numbered as in `Horizon.month_of`) and never after: that is its churn. `parent` is the
    account a subsidiary belongs to, else `NO_PARENT`; no parent is a subsidiary itself.
    """

    industry: Codes
    market_segment: Codes
    country: Codes
    created_at: Times
    first_order_at: Times
    first_month: Index
    last_month: Index
    is_acquired_in_history: Flags
    lead_source: Codes
    parent: Index

    @property
    def count(self) -> int:
        """Number of accounts."""
        return len(self.industry)

    @property
    def is_customer(self) -> Flags:
        """Whether the account ever orders."""
        return ~np.isnat(self.first_order_at)

    def is_alive(self, account: Index, at: Times, horizon: Horizon) -> Flags:
        """Tell whether each account is a customer, acquired and not yet lost, at its instant."""
        return np.asarray(
            (self.first_order_at[account] <= at) & (horizon.month_of(at) <= self.last_month[account])
        )


def make_accounts(seed: int, count: int, horizon: Horizon) -> Accounts:
    """Make `count` accounts by the first night, and a few more every night."""
    rng = stream_of(seed, "accounts")
    nightly = max(1, round(NEW_ACCOUNTS_A_NIGHT * count))
    total = count + nightly * horizon.nights
    market_segment = codes(rng, MARKET_SEGMENT_SHARES, total)
    created_at, first_order_at = _acquisitions(rng, count, nightly, horizon)
    first_month = np.where(np.isnat(first_order_at), 0, horizon.month_of(first_order_at))
    return Accounts(
        industry=codes(rng, INDUSTRY_SHARES, total),
        market_segment=market_segment,
        country=codes(rng, COUNTRY_SHARES, total),
        created_at=created_at,
        first_order_at=first_order_at,
        first_month=first_month,
        last_month=first_month + rng.geometric(MONTHLY_CHURN[market_segment]) - 1,
        is_acquired_in_history=~np.isnat(first_order_at) & (created_at >= horizon.start),
        lead_source=_lead_sources(seed, market_segment),
        parent=_parents(seed, market_segment, created_at < horizon.start),
    )


def _lead_sources(seed: int, market_segment: Codes) -> Codes:
    return ranked(
        LEAD_SOURCE_SHARES, market_segment, stream_of(seed, "lead sources").random(len(market_segment))
    )


def _parents(seed: int, market_segment: Codes, is_established: Flags) -> Index:
    """Give some accounts a parent among the enterprises that were there when the history began."""
    rng = stream_of(seed, "parents")
    enterprises = np.flatnonzero((market_segment == MARKET_SEGMENTS.index("enterprise")) & is_established)
    parents = rng.permutation(enterprises)[: round(PARENT_SHARE * len(enterprises))]
    parent = np.full(len(market_segment), NO_PARENT)
    if len(parents):
        is_subsidiary = rng.random(len(market_segment)) < SUBSIDIARY_SHARE[market_segment]
        is_subsidiary[parents] = False
        parent[is_subsidiary] = rng.choice(parents, int(is_subsidiary.sum()))
    return parent


def _acquisitions(
    rng: np.random.Generator, count: int, nightly: int, horizon: Horizon
) -> tuple[Times, Times]:
    established = round(ESTABLISHED_SHARE * count)
    first_month = horizon.start + days(28.0 * rng.random(established))
    first_order_old = at_daytime(first_month, rng.random(established))
    created_old = first_order_old - days(60.0 + 600.0 * rng.random(established))

    length = (horizon.since - horizon.start) / np.timedelta64(1, "D")
    arrivals = horizon.start + days(31.0 + (length - 31.0) * rng.random(count - established))
    first_order_new = at_daytime(arrivals - np.timedelta64(1, "D"), rng.random(count - established))
    created_new = np.maximum(
        first_order_new - days(1.0 + 29.0 * rng.random(count - established)), horizon.start
    )
    first_order_new[: round(PROSPECT_SHARE * count)] = NEVER

    of_nights = np.repeat(horizon.night_starts, nightly)
    created_tonight = of_nights + hours(6.0 + 2.0 * rng.random(len(of_nights)))
    first_order_tonight = of_nights + hours(14.0 + 4.0 * rng.random(len(of_nights)))
    return (
        np.concatenate([created_old, created_new, created_tonight]),
        np.concatenate([first_order_old, first_order_new, first_order_tonight]),
    )


def expand_months(accounts: Accounts, lived: Index) -> tuple[Index, Index]:
    """Return one row for each account and month it lives in: account and month."""
    account = np.repeat(np.arange(accounts.count), lived)
    starts = np.cumsum(lived) - lived
    return account, accounts.first_month[account] + np.arange(len(account)) - starts[account]


def instants_in_month(rng: np.random.Generator, month: Index, not_before: Times, horizon: Horizon) -> Times:
    """Return a working-hours instant in each month, none before its `not_before`."""
    start = np.maximum(
        horizon.month_start(month), not_before.astype("datetime64[D]").astype("datetime64[us]")
    )
    length = (horizon.month_start(month + 1) - start) / np.timedelta64(1, "D")
    at = at_daytime(start + days(length * rng.random(len(month))), rng.random(len(month)))
    return np.maximum(at, not_before)


# How a person's e-mail address stands in one system.
PLAIN, CAPITALISED, UPPER, SPACED, OTHER_ADDRESS, NO_ADDRESS, OF_AGENT = range(7)
CASES = np.array([0.72, 0.14, 0.06, 0.08])  # of the four ways to write the same address


@dataclass(frozen=True)
class People:
    """Column by column, one element a person, in the order of accounts; those without account come last.

    `account` is -1 and `has_crm_record` false for people only the help desk knows. `ordinal` counts the
    people of one account from 0. Three times e-mail style and has-number say by what a person can be
    linked between HubSpot, Zendesk and Qualtrics.
    """

    account: Index
    ordinal: Index
    first_name: Codes
    last_name: Codes
    created_at: Times
    has_user: Flags
    emails: dict[str, Codes]
    has_number: dict[str, Flags]
    first_of_account: Index

    @property
    def count(self) -> int:
        """Number of people."""
        return len(self.account)

    @property
    def has_crm_record(self) -> Flags:
        """Whether HubSpot knows the person."""
        return self.account >= 0

    def somebody(self, rng: np.random.Generator, account: Index, at: Times, among: Flags) -> Index:
        """Pick for each account somebody who was there at its instant and is `among`; else its first."""
        first = self.first_of_account[account]
        size = self.first_of_account[account + 1] - first
        picked = first + (rng.random(len(account)) ** 2 * size).astype(np.int64)
        return np.where((self.created_at[picked] <= at) & among[picked], picked, first)


def make_people(seed: int, accounts: Accounts, horizon: Horizon) -> People:
    """Make one to a dozen people an account, and some who belong to none."""
    rng = stream_of(seed, "people")
    size = 1 + rng.poisson(EXTRA_CONTACTS[accounts.market_segment])
    first_of_account = np.concatenate([[0], np.cumsum(size)])
    linked, unlinked = int(size.sum()), max(1, round(UNLINKED_PEOPLE * int(size.sum())))
    account = np.concatenate([np.repeat(np.arange(accounts.count), size), np.full(unlinked, -1)])
    ordinal = np.concatenate([np.arange(linked) - first_of_account[account[:linked]], np.arange(unlinked)])
    emails, has_number = _linkage(rng, linked + unlinked)
    return People(
        account=account,
        ordinal=ordinal,
        first_name=rng.integers(0, len(FIRST_NAMES), linked + unlinked).astype(np.int8),
        last_name=rng.integers(0, len(LAST_NAMES), linked + unlinked).astype(np.int8),
        created_at=np.concatenate(
            [
                _joining(rng, accounts.created_at[account[:linked]], ordinal[:linked], horizon),
                np.full(unlinked, horizon.start) + days(20.0 * rng.random(unlinked)),
            ]
        ),
        has_user=(ordinal == 0) | (account < 0) | (rng.random(linked + unlinked) < 0.65),  # noqa: PLR2004
        emails=emails,
        has_number=has_number,
        first_of_account=first_of_account,
    )


def _joining(rng: np.random.Generator, account_created: Times, ordinal: Index, horizon: Horizon) -> Times:
    left = (horizon.until - account_created) / np.timedelta64(1, "s")
    later = rng.random(len(ordinal)) < LATER_CONTACTS
    wait = np.where(later, left * rng.random(len(ordinal)), np.minimum(left - 1.0, 60.0 * (1 + ordinal)))
    return np.asarray(account_created + np.where(ordinal == 0, 0, np.floor(wait)).astype("timedelta64[s]"))


def _linkage(rng: np.random.Generator, count: int) -> tuple[dict[str, Codes], dict[str, Flags]]:
    """Draw how each person can be linked between the three systems.

    Most share an address everywhere. Some share only the person number; some link HubSpot to Zendesk by
    address and Zendesk to Qualtrics by number; some the other way round.
    """
    way = codes(rng, np.array([0.80, 0.08, 0.06, 0.06]), count)
    by_address, by_number, address_first, number_first = (way == value for value in range(4))
    has_chance_number = rng.random((3, count)) < 0.5  # noqa: PLR2004
    hubspot, zendesk, qualtrics = (codes(rng, CASES, count) for _ in range(3))
    zendesk[by_number] = OTHER_ADDRESS
    qualtrics[by_number | address_first] = NO_ADDRESS
    hubspot[number_first] = NO_ADDRESS
    return (
        {"hubspot": hubspot, "zendesk": zendesk, "qualtrics": qualtrics},
        {
            "hubspot": by_number | number_first | (by_address & has_chance_number[0]),
            "zendesk": ~by_address | has_chance_number[1],
            "qualtrics": by_number | address_first | (by_address & has_chance_number[2]),
        },
    )
