"""Who answers which survey and when: twice a year, before the first order, after a ticket."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from valuegap.demo.accounts import NEVER, Accounts, Index, People
from valuegap.demo.chance import stream_of
from valuegap.demo.horizon import Horizon, Times, at_daytime, days, hours
from valuegap.demo.orders import ORDER, Deals
from valuegap.demo.tickets import SOLVED, Tickets

WAVE_DAYS = 182.0


@dataclass(frozen=True)
class Population:
    """Everybody who may be asked, and everything they may be asked about."""

    seed: int
    horizon: Horizon
    accounts: Accounts
    people: People
    deals: Deals
    tickets: Tickets


@dataclass(frozen=True)
class Respondents:
    """Who answered one survey and when; `reference` is an order or ticket number, -1 for none."""

    person: Index
    account: Index
    recorded_at: Times
    reference: Index

    @property
    def count(self) -> int:
        """Number of responses."""
        return len(self.person)


def relationship_respondents(population: Population, response: float) -> Respondents:
    """Ask everybody who works for a living customer about twice a year; a share `response` answers."""
    rng = stream_of(population.seed, "relationship survey")
    people, horizon = population.people, population.horizon
    known = int(people.has_crm_record.sum())
    waves = int((horizon.until - horizon.start) / np.timedelta64(1, "D") / WAVE_DAYS) + 1
    asked_at = horizon.start + days(WAVE_DAYS * (rng.random(known)[:, None] + np.arange(waves)))
    person, wave = np.nonzero(rng.random((known, waves)) < response)
    at = at_daytime(asked_at[person, wave], rng.random(len(person)))
    account = people.account[person]
    is_asked = population.accounts.is_alive(account, at, horizon)
    is_asked &= (people.created_at[person] <= at) & (at < horizon.until)
    person, account, at = person[is_asked], account[is_asked], at[is_asked]
    return Respondents(person, account, at, _last_order(population.deals, account, at))


def _last_order(deals: Deals, account: Index, at: Times) -> Index:
    """Return each account's last order up to an instant; orders stand sorted by (account, time)."""
    orders = int((deals.kind == ORDER).sum())
    clock = np.int64(1) << 36  # longer than any number of seconds in use
    ordered = deals.account[:orders] * clock + _seconds(deals.closed_at[:orders])
    found = np.searchsorted(ordered, account * clock + _seconds(at), side="right") - 1
    return np.where((found >= 0) & (deals.account[np.maximum(found, 0)] == account), found, -1)


def _seconds(at: Times) -> NDArray[np.int64]:
    return at.astype("datetime64[s]").astype(np.int64)


def prepurchase_respondents(population: Population, response: float) -> Respondents:
    """Ask the first contact of each new customer before its first order; in the nights one always answers."""
    rng = stream_of(population.seed, "prepurchase survey")
    accounts = population.accounts
    is_new_day = np.diff(accounts.created_at.astype("datetime64[D]"), prepend=NEVER) != np.timedelta64(0, "D")
    always = is_new_day & (accounts.created_at >= population.horizon.since)
    is_asked = accounts.is_acquired_in_history & ((rng.random(accounts.count) < response) | always)
    account = np.flatnonzero(is_asked)
    created_at, first_order_at = accounts.created_at[account], accounts.first_order_at[account]
    between = (first_order_at - created_at) / np.timedelta64(1, "h")
    at = created_at + hours(between * (0.2 + 0.7 * rng.random(len(account))))
    return Respondents(population.people.first_of_account[account], account, at, np.full(len(account), -1))


def ticket_respondents(population: Population, response: float) -> Respondents:
    """Ask the requester of a solved ticket, about a day later."""
    rng = stream_of(population.seed, "ticket survey")
    tickets = population.tickets
    at = tickets.at[:, SOLVED] + hours(0.5 + rng.exponential(20.0, tickets.count))
    ticket = np.flatnonzero((at < population.horizon.until) & (rng.random(tickets.count) < response))
    return Respondents(tickets.requester[ticket], tickets.account[ticket], at[ticket], ticket)
