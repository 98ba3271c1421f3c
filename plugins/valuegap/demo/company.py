"""The generated company: what its vendors know of two years and the nights after, with known truth."""

from datetime import date

import pandas as pd

from valuegap.demo import crm, help_desk, help_desk_log, orders, surveys
from valuegap.demo.accounts import Accounts, People, make_accounts, make_people
from valuegap.demo.horizon import Horizon
from valuegap.demo.invitations import make_invitations
from valuegap.demo.orders import Deals
from valuegap.demo.planted import planted_truth
from valuegap.demo.records import Company, Versions
from valuegap.demo.respondents import Population
from valuegap.demo.salesforce_company import salesforce_of
from valuegap.demo.tickets import make_tickets
from valuegap.demo.world import SCALES, Size

FIRST_NIGHT = date(2026, 1, 31)


def generate_company(*, seed: int, size: Size, nights: int, first_night: date = FIRST_NIGHT) -> Company:
    """Generate a company: the same arguments give the same frames, byte for byte.

    Args:
        seed: any non-negative whole number.
        size: S (400 accounts), M (100,000) or L (1,000,000), as of the first night.
        nights: number of nights, 1 or more, from `first_night` on.
        first_night: as-of date of the first night; the history begins 24 months before its end.
    """
    scale, horizon = SCALES[size], Horizon(first_night, nights)
    accounts = make_accounts(seed, scale.accounts, horizon)
    people = make_people(seed, accounts, horizon)
    deals, hubspot, associations = _crm(seed, accounts, people, horizon)
    tickets = make_tickets(seed, scale.tickets_per_month, accounts, people, horizon)
    survey_versions, definition_versions = surveys.make_surveys(horizon)
    population = Population(seed, horizon, accounts, people, deals, tickets)
    responses = surveys.make_responses(population, scale)
    invitations = make_invitations(population, responses)
    return Company(
        hubspot=hubspot,
        associations=associations,
        salesforce=salesforce_of(hubspot, associations),
        zendesk=_help_desk(population),
        qualtrics_surveys=survey_versions,
        qualtrics_definitions=definition_versions,
        qualtrics_responses=responses,
        qualtrics_distributions=invitations.distributions,
        qualtrics_invitations=invitations.recipients,
        qualtrics_contacts=invitations.contacts,
        truth=planted_truth(accounts.industry, accounts.market_segment),
    )


def _crm(
    seed: int, accounts: Accounts, people: People, horizon: Horizon
) -> tuple[Deals, dict[str, Versions], dict[str, pd.DataFrame]]:
    """Make what HubSpot knows; return with it the deals, which others refer to."""
    sales = orders.make_sales(seed, accounts, horizon)
    duplicates = crm.plan_company_duplicates(seed, accounts, horizon)
    contacts = crm.make_contacts(seed, people, accounts, horizon)
    deals, line_items = orders.deal_and_line_versions(seed, sales, horizon)
    streams = {
        "contacts": contacts,
        "companies": crm.make_companies(seed, accounts, duplicates, horizon),
        "deals": deals,
        "line_items": line_items,
        "products": orders.make_products(horizon),
        "owners": crm.make_owners(horizon),
    }
    associations = {
        "contact_companies": crm.contact_companies(seed, contacts, accounts, horizon),
        **orders.deal_associations(seed, sales, accounts, people, duplicates),
    }
    return sales.deals, streams, associations


def _help_desk(population: Population) -> dict[str, Versions]:
    """Make what Zendesk knows."""
    seed, accounts, horizon = population.seed, population.accounts, population.horizon
    tickets, events = help_desk.ticket_and_event_versions(seed, population.tickets, accounts, horizon)
    return {
        "users": help_desk.make_users(seed, population.people, accounts, horizon),
        "organizations": help_desk.make_organizations(seed, accounts, horizon),
        "tickets": tickets,
        "ticket_events": events,
        "ticket_metric_events": help_desk_log.metric_events(population.tickets, horizon),
        "satisfaction_ratings": help_desk_log.satisfaction_ratings(population.tickets, horizon),
        "csat_responses": help_desk_log.csat_responses(seed, population.tickets, horizon),
        "ticket_fields": help_desk_log.ticket_fields(horizon),
    }
