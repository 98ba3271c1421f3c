"""The demo company cut down to a few dozen records a stream: a night of it takes seconds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd

from valuegap.demo.company import FIRST_NIGHT, generate_company
from valuegap.demo.records import Company, Versions

RECORDS = 40
NIGHTS = 21


def night(number: int) -> date:
    """Return the as-of date of a night; the company's first is number 0."""
    return FIRST_NIGHT + timedelta(days=number)


def small_company() -> Company:
    """Return a company that changes on most nights and has a record that belongs into quarantine."""
    company = generate_company(seed=11, size="S", nights=NIGHTS)
    zendesk = {name: _few(versions) for name, versions in company.zendesk.items()}
    zendesk["organizations"] = replace(
        zendesk["organizations"], render=_without_a_time(zendesk["organizations"].render)
    )
    return replace(
        company,
        hubspot={name: _few(versions) for name, versions in company.hubspot.items()},
        salesforce={name: _few(versions) for name, versions in company.salesforce.items()},
        zendesk=zendesk,
        qualtrics_responses={name: _few(each) for name, each in company.qualtrics_responses.items()},
    )


def _few(versions: Versions) -> Versions:
    """Keep half of the records from the beginning and half from the end, which change after the first night."""
    frame = versions.frame
    ids = frame["id"].drop_duplicates()
    changed = frame.loc[frame["visible_at"] > pd.Timestamp(FIRST_NIGHT), "id"].drop_duplicates()
    kept = pd.concat([ids.head(RECORDS // 2), changed.head(RECORDS // 2)])
    return replace(versions, frame=frame[frame["id"].isin(kept)].reset_index(drop=True))


def _without_a_time(render: Callable[[pd.DataFrame], list[dict[str, object]]]):
    """Render as before, but for the first record, which loses the time it was created."""

    def spoilt(rows: pd.DataFrame) -> list[dict[str, object]]:
        records = render(rows)
        return [
            {**record, "created_at": "yesterday"} if n == 0 else record for n, record in enumerate(records)
        ]

    return spoilt
