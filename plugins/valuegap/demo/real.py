"""Real records behind the vendors' protocols: retail orders, a help desk's log and a customer survey.

The three come from three companies. To serve them as one, people are shared by a fixed rule that anybody
can repeat; nothing is drawn at random:

* Orders (UCI Online Retail) name their customers. A customer is a HubSpot company `C-<CustomerID>` with one
  contact `P-<CustomerID>`, `customer-<CustomerID>@example.com`, in the country of the customer's first line.
* Help desk: the requester of a case is the customer at place `sha256("ticket:<caseid>") mod n` of the n
  customers in order of CustomerID (of the digest, the first eight bytes, big-endian). A Zendesk user and
  organization carry the same external ids and e-mail address as the contact and company. The log's
  "Value n" are agents.
* Survey (ECSI, mobile phones): respondents 1 to 250 are the first 250 customers in order of
  `sha256("survey:<CustomerID>")`. Respondent n was recorded at 2011-12-09 08:00 UTC plus n minutes.

Times are as the files have them, taken for UTC, and a record is visible from its own time on: as of
2014-01-31 all are. Each event of a case is a version of its ticket. What the files do not tell (names, cost,
priority, business hours) stays empty: nothing is invented. Owners are an empty list.
"""

from pathlib import Path

from valuegap.demo import real_orders, real_survey, real_tickets
from valuegap.demo.records import Company
from valuegap.demo.salesforce_company import salesforce_of
from valuegap.demo.truth import Truth
from valuegap.errors import ConfigurationError

FILES = ("online_retail.parquet", "helpdesk_events.csv", "ecsi_mobile.csv")


def load_real_company(data_dir: Path) -> Company:
    """Return the company the real files in `data_dir` make.

    Raises `ConfigurationError` for a file that is missing or has other columns.
    """
    orders_file, tickets_file, survey_file = (_existing(data_dir / name) for name in FILES)
    orders = real_orders.load(orders_file)
    survey = real_survey.load(survey_file, orders.customers)
    return Company(
        hubspot=orders.objects,
        associations=orders.associations,
        salesforce=salesforce_of(orders.objects, orders.associations),
        zendesk=real_tickets.load(tickets_file, orders.customers),
        qualtrics_surveys=survey.surveys,
        qualtrics_definitions=survey.definitions,
        qualtrics_responses={real_survey.SURVEY_ID: survey.responses},
        truth=Truth(),
    )


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ConfigurationError(
            f"{path} is missing.", remedy=f"--data takes a folder that holds {', '.join(FILES)}."
        )
    return path
