"""Hand-made companies, small enough to know every record of, served over a real socket."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from valuegap.demo.records import Company, Versions
from valuegap.demo.server import UNLIMITED, DemoServer, serve
from valuegap.demo.tokens import DEMO_TOKENS
from valuegap.demo.truth import Truth

AS_OF = date(2026, 1, 31)
SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
TIMES = ("updated_at", "visible_at", "generated_at", "recorded_at")
OBJECT_TYPES = ("contacts", "companies", "deals", "line_items", "products", "owners")
LINKS = ("contact_companies", "deal_companies", "deal_contacts", "line_item_deals")
ZENDESK_STREAMS = ("users", "organizations", "tickets", "ticket_events")


def versions_of(rows, record) -> Versions:
    """Rows need id and updated_at: the other times are the same, the state live, unless they say otherwise."""
    if not rows:
        rows, is_empty = [{"id": 0, "updated_at": "2026-01-01"}], True
    else:
        is_empty = False
    frame = pd.DataFrame(
        [{**dict.fromkeys(TIMES, row["updated_at"]), "state": "live", **row} for row in rows]
    )
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name], format="ISO8601").astype("datetime64[us]")
    frame = frame.sort_values(["id", "visible_at"], kind="stable", ignore_index=True)
    return Versions(
        frame.iloc[:0] if is_empty else frame, lambda page: [record(row) for row in page.itertuples()]
    )


def links_of(rows) -> pd.DataFrame:
    """Rows are (from_id, to_id, type_id) or with visible_at as a fourth."""
    full = [(*row, "2026-01-01")[:4] for row in rows]
    table = pd.DataFrame(full, columns=["from_id", "to_id", "type_id", "visible_at"])
    table["visible_at"] = pd.to_datetime(table["visible_at"], format="ISO8601").astype("datetime64[us]")
    return table.astype(dict.fromkeys(("from_id", "to_id", "type_id"), np.int64))


@pytest.fixture(scope="session")
def versions():
    return versions_of


@pytest.fixture(scope="session")
def links():
    return links_of


@pytest.fixture(scope="session")
def company_of():
    """Return a company that has what is given and nothing else."""

    def make(  # noqa: PLR0913 - the parts of a company
        *, hubspot=None, associations=None, zendesk=None, surveys=None, definitions=None, responses=None
    ):
        nothing = versions_of([], None)
        return Company(
            hubspot={**dict.fromkeys(OBJECT_TYPES, nothing), **(hubspot or {})},
            associations={**dict.fromkeys(LINKS, links_of([])), **(associations or {})},
            zendesk={**dict.fromkeys(ZENDESK_STREAMS, nothing), **(zendesk or {})},
            qualtrics_surveys=surveys or nothing,
            qualtrics_definitions=definitions or nothing,
            qualtrics_responses=responses or {},
            truth=Truth(),
        )

    return make


@dataclass(frozen=True)
class Caller:
    """Calls a running server with one vendor's token."""

    session: requests.Session
    base_url: str

    def get(self, path: str, **params) -> requests.Response:
        url = path if path.startswith("http") else self.base_url + path
        return self.session.get(url, params=params, timeout=30)

    def post(self, path: str, body) -> requests.Response:
        return self.session.post(self.base_url + path, json=body, timeout=30)


@pytest.fixture(scope="session")
def call():
    """Return a caller of `vendor` at `server`; headers given take the place of the right token."""

    def make(server: DemoServer, vendor: str, headers=None) -> Caller:
        right = {
            "hubspot": {"Authorization": f"Bearer {DEMO_TOKENS.hubspot}"},
            "zendesk": {"Authorization": f"Bearer {DEMO_TOKENS.zendesk}"},
            "qualtrics": {"X-API-TOKEN": DEMO_TOKENS.qualtrics},
            "admin": {"Authorization": f"Bearer {DEMO_TOKENS.admin}"},
        }
        session = requests.Session()
        session.trust_env = False
        session.headers.update(right[vendor] if headers is None else headers)
        return Caller(session, f"{server.base_url}/{vendor}")

    return make


@pytest.fixture
def served() -> "Callable[..., DemoServer]":
    """Serve companies until the test ends, without rate limits unless `speed` says otherwise."""
    with ExitStack() as servers:
        yield lambda company, speed=UNLIMITED, as_of=AS_OF: servers.enter_context(
            serve(company, as_of=as_of, speed=speed)
        )


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not (SHARED_DATA / "online_retail.parquet").exists():
        pytest.skip("the real data is not beside the repository, in ../shared/data")
    return SHARED_DATA
