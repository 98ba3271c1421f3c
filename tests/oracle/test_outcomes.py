"""Each fault alone, in a night of HubSpot: what comes of it is what its table says."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.oracle.nights import Nights, as_of, nights_of
from tests.oracle.test_ten_nights import HUBSPOT

from valuegap.demo.faults import FAULTS, ArmedFault, Outcome
from valuegap.landing import Landing

NIGHT = 3
"""A night with more than a page of contacts, and nothing that changes while it reads."""
MAY_BE_ABSORBED = frozenset({"empty_page", "cursor_backwards"})


def landed_bytes(nights: Nights) -> Mapping[str, bytes]:
    root = nights.settings.landing_dir
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*.ndjson.gz"))}


def landed_records(nights: Nights) -> Mapping[str, set[bytes]]:
    """The records of each stream, whatever their pages, order and number, and the spaces between their values."""
    landing, found = Landing(nights.settings.landing_dir), {}
    for folder in (nights.settings.landing_dir / "hubspot").iterdir():
        manifest = landing.manifest("hubspot", folder.name, f"night-{as_of(NIGHT)}")
        assert manifest is not None
        found[folder.name] = {b"".join(record.split()) for record in landing.records(manifest)}
    return found


@pytest.fixture(scope="module")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Mapping[str, bytes], Mapping[str, set[bytes]]]:
    with nights_of("hubspot", HUBSPOT.log, tmp_path_factory.mktemp("undisturbed")) as nights:
        nights.run(NIGHT)
        return landed_bytes(nights), landed_records(nights)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("name", FAULTS)
def test_what_comes_of_a_fault(
    name: str, tmp_path: Path, undisturbed: tuple[Mapping[str, bytes], Mapping[str, set[bytes]]]
) -> None:
    outcome = FAULTS[name].outcome
    with nights_of("hubspot", HUBSPOT.log, tmp_path) as nights:
        nights.run(NIGHT, faults=[ArmedFault(name, "hubspot", "/objects/contacts")], is_run_again=False)
        assert nights.server.faults.counts == Counter({("hubspot", name): 1})
        is_stopped = bool(nights.stops)
        if name not in MAY_BE_ABSORBED:
            assert is_stopped == (outcome is Outcome.STOPS)
        if is_stopped:
            assert all(word in nights.stops[0] for word in ("hubspot_default", "contact"))
            nights.run(NIGHT)
        if outcome is Outcome.SAME_BYTES:
            assert landed_bytes(nights) == undisturbed[0]
        assert landed_records(nights) == undisturbed[1]
