"""The generated company: what its vendors know of two years and the nights after, with known truth."""

from datetime import date

from valuegap.demo import crm, help_desk, orders, surveys
from valuegap.demo.accounts import make_accounts, make_people
from valuegap.demo.horizon import Horizon
from valuegap.demo.records import Company
from valuegap.demo.respondents import Population
from valuegap.demo.tickets import make_tickets
from valuegap.demo.world import SCALES, Size, planted_truth

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
    sales = orders.make_sales(seed, accounts, horizon)
    tickets = make_tickets(seed, scale.tickets_per_month, accounts, people, horizon)
    duplicates = crm.plan_company_duplicates(seed, accounts, horizon)
    contacts = crm.make_contacts(seed, people, accounts, horizon)
    deal_versions, line_versions = orders.deal_and_line_versions(seed, sales, horizon)
    ticket_versions, event_versions = help_desk.ticket_and_event_versions(seed, tickets, accounts, horizon)
    survey_versions, definition_versions = surveys.make_surveys(horizon)
    population = Population(seed, horizon, accounts, people, sales.deals, tickets)
    return Company(
        hubspot={
            "contacts": contacts,
            "companies": crm.make_companies(seed, accounts, duplicates, horizon),
            "deals": deal_versions,
            "line_items": line_versions,
            "products": orders.make_products(horizon),
            "owners": crm.make_owners(horizon),
        },
        associations={
            "contact_companies": crm.contact_companies(seed, contacts, accounts, horizon),
            **orders.deal_associations(seed, sales, accounts, people, duplicates),
        },
        zendesk={
            "users": help_desk.make_users(seed, people, accounts, horizon),
            "organizations": help_desk.make_organizations(seed, accounts, horizon),
            "tickets": ticket_versions,
            "ticket_events": event_versions,
        },
        qualtrics_surveys=survey_versions,
        qualtrics_definitions=definition_versions,
        qualtrics_responses=surveys.make_responses(population, scale),
        truth=planted_truth(accounts.industry, accounts.market_segment),
    )
