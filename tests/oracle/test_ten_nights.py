"""Ten nights of every vendor with all its faults: nothing is missing, nothing too much, nothing different."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
from tests.oracle import hubspot_truth, qualtrics_truth, salesforce_truth, zendesk_truth
from tests.oracle.history import NIGHTS
from tests.oracle.hubspot_history import hubspot_history
from tests.oracle.nights import Places, nights_of
from tests.oracle.qualtrics_history import qualtrics_history
from tests.oracle.salesforce_history import salesforce_history
from tests.oracle.zendesk_history import zendesk_history

from valuegap.demo.faults import BEHAVIOURS, FAULTS
from valuegap.demo.hubspot_oauth import OAUTH_APP
from valuegap.demo.mutation_log import Mutation
from valuegap.demo.qualtrics_api import CLIENT_ID
from valuegap.demo.tokens import DEMO_TOKENS

LOOKED_AT = (1, 4, 8, NIGHTS)
NOT_RUN_AGAIN = 2
"""What a fault stops that night is left to the next one; any other night is run until it is whole."""


@dataclass(frozen=True)
class Vendor:
    """A vendor's history, what must come of it, and where its faults wait.

    `hides` are the faults that keep records of a night from it: armed on nights nobody looks at. `spares` are
    those that cannot happen to this vendor, or to the way we read it.
    """

    log: Sequence[Mutation]
    truth: ModuleType
    places: Places
    oauth: Mapping[str, str] = field(default_factory=dict)
    hides: frozenset[str] = frozenset()
    spares: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.places.source


HUBSPOT = Vendor(
    hubspot_history(seed=11),
    hubspot_truth,
    Places(
        "hubspot", ("/search", "/deals", "/line_items", "/owners", "/batch/read", "/properties"), "/contacts"
    ),
    oauth=OAUTH_APP,
    hides=frozenset({"hubspot_index_lag"}),
)
ZENDESK = Vendor(
    zendesk_history(seed=12),
    zendesk_truth,
    Places("zendesk", ("/incremental", "/tickets", "/organizations", "/ticket_fields", "_tickets"), "/users"),
    oauth={"client_id": DEMO_TOKENS.zendesk_client, "client_secret": DEMO_TOKENS.zendesk_secret},
    # Refused with 403, a stream that not every plan has is passed over until the next night.
    hides=frozenset({"zendesk_plan_gate"}),
)
QUALTRICS = Vendor(
    qualtrics_history(seed=13),
    qualtrics_truth,
    Places("qualtrics", ("/surveys", "/survey-definitions", "/export-responses", "/file"), "/distributions"),
    oauth={"client_id": CLIENT_ID, "client_secret": DEMO_TOKENS.qualtrics},
)
SALESFORCE = Vendor(
    salesforce_history(seed=14),
    salesforce_truth,
    Places("salesforce", ("/query", "/describe", "/jobs/query", "/results"), "/queryAll"),
    # Rows are read by key: no page says where the next one begins.
    spares=frozenset({"short_page", "repeated_page", "cursor_backwards", "salesforce_expired_locator"}),
)
VENDORS = (HUBSPOT, ZENDESK, QUALTRICS, SALESFORCE)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
def test_staging_holds_what_the_oracle_says(
    vendor: Vendor, tmp_path: Path, staging: Mapping[str, str]
) -> None:
    with nights_of(vendor.name, vendor.log, tmp_path, vendor.oauth) as nights:
        for number in range(1, NIGHTS + 1):
            faults = vendor.places.faults(number, nights.struck)
            hidden = vendor.hides if number in LOOKED_AT else frozenset()
            armed = [each for each in faults if each.name not in hidden]
            nights.run(number, faults=armed, is_run_again=number != NOT_RUN_AGAIN)
            if number in LOOKED_AT:
                found = nights.differences(vendor.truth.TABLES, staging, vendor.log)
                assert not found, f"night {number}:\n" + "\n".join(found)
        quarantined, expected = nights.quarantined(), vendor.truth.quarantined(vendor.log, nights.readings)
        assert quarantined.keys() == expected.keys()
        assert [key for key, reason in expected.items() if reason not in quarantined[key]] == []
    assert {*FAULTS, *vendor.places.own} - nights.struck == vendor.spares


def test_thirty_faults_and_more_are_among_them() -> None:
    assert len({*FAULTS, *BEHAVIOURS}) >= 30
