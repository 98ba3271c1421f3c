"""The oracle sees what the eight known ways of losing data would do: each is written into our code, and found."""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.oracle.nights import Nights, nights_of
from tests.oracle.test_ten_nights import HUBSPOT, QUALTRICS, SALESFORCE, ZENDESK, Vendor

from valuegap import loading
from valuegap.demo.faults import ArmedFault
from valuegap.sources.registry import DECLARED, SOURCES

SHORT_PAGES = (ArmedFault("short_page", "zendesk", "/organizations", times=3),)


@dataclass(frozen=True)
class Mutation:
    """One change of our own text, and the nights after which the oracle must see it."""

    vendor: Vendor
    module: str
    old: str
    new: str
    nights: tuple[int, ...]
    faults: tuple[ArmedFault, ...] = ()


@contextmanager
def mutated(module_name: str, *replacements: tuple[str, str]) -> Iterator[None]:
    """Run a module's text with passages replaced, in its own namespace, and put it right again."""
    module = importlib.import_module(module_name)
    text = inspect.getsource(module)
    for old, new in replacements:
        assert text.count(old) == 1, f"{module_name} has {old!r} {text.count(old)} times"
        text = text.replace(old, new)
    right = dict(vars(module))
    try:
        exec(compile(text, module.__file__ or module_name, "exec"), vars(module))
        anew = {name: vars(module)[name.upper()] for name in SOURCES if name.upper() in vars(module)}
        with patch.dict(SOURCES, anew), patch.dict(DECLARED, anew):
            yield
    finally:
        vars(module).clear()
        vars(module).update(right)


HUBSPOT_PY, ZENDESK_PY = "valuegap.sources.hubspot", "valuegap.sources.zendesk"
QUALTRICS_PY, SALESFORCE_PY = "valuegap.sources.qualtrics", "valuegap.sources.salesforce"
EVERY_WEEK, NEVER = "return weekly(window, ", "return weekly(window, () and "

MUTATIONS = {
    "hubspot: greater than the cursor, instead of greater or equal": Mutation(
        HUBSPOT, HUBSPOT_PY, '"operator": "GTE"', '"operator": "GT"', (1, 2, 3)
    ),
    "hubspot: no overlap": Mutation(
        HUBSPOT,
        HUBSPOT_PY,
        'datetime.fromisoformat(before["until"]) - OVERLAP',
        'datetime.fromisoformat(before["until"])',
        (1, 2, 3),
    ),
    "hubspot: no sweep of archived objects": Mutation(
        HUBSPOT, HUBSPOT_PY, "    yield from _archived(client, path, properties)\n", "", (1, 3)
    ),
    "hubspot: no census": Mutation(HUBSPOT, HUBSPOT_PY, EVERY_WEEK, NEVER, (1, 8)),
    "hubspot: associations of changed objects only": Mutation(
        HUBSPOT, HUBSPOT_PY, "return chain((first,), counted)", "pass", (1, 8)
    ),
    "hubspot: the first page of a search only": Mutation(
        HUBSPOT, HUBSPOT_PY, "if len(set(answer.records)) == total:", "if True:", (1, 2)
    ),
    "zendesk: updated_at instead of generated_timestamp": Mutation(
        ZENDESK,
        ZENDESK_PY,
        'Field("generated_at", "$.generated_timestamp", EPOCH_SECONDS, required=True)',
        'Field("generated_at", "$.updated_at", TIMESTAMP, required=True)',
        (1, 2),
    ),
    "zendesk: the next page from the second after the last": Mutation(
        ZENDESK, ZENDESK_PY, "        start = end\n", "        start = end + 1\n", (1, 2), SHORT_PAGES
    ),
    "zendesk: no overlap for metric events": Mutation(
        ZENDESK, ZENDESK_PY, '{"ticket_metric_events": OVERLAP}', "{}", (1, 2, 3)
    ),
    "zendesk: without deleted tickets": Mutation(
        ZENDESK,
        ZENDESK_PY,
        'parameters = {"per_page": str(PER_PAGE)}',
        'parameters = {"per_page": str(PER_PAGE), "exclude_deleted": "true"}',
        (1, 4),
    ),
    "zendesk: no census": Mutation(ZENDESK, ZENDESK_PY, EVERY_WEEK, NEVER, (1, 8)),
    "qualtrics: a token of last night": Mutation(
        QUALTRICS,
        QUALTRICS_PY,
        "TOKEN_AGE = OVERLAP + timedelta(days=1)",
        "TOKEN_AGE = timedelta()",
        (1, 2, 3),
    ),
    "qualtrics: by the time of recording": Mutation(
        QUALTRICS,
        QUALTRICS_PY,
        'return {"format": "ndjson", "sortByLastModifiedDate": True}',
        'return {"format": "ndjson"}',
        (1, 2),
    ),
    "qualtrics: no census": Mutation(
        QUALTRICS, QUALTRICS_PY, f"{EVERY_WEEK}_all_response_ids", f"{NEVER}_all_response_ids", (1, 8)
    ),
    "qualtrics: no list of the directory": Mutation(
        QUALTRICS,
        QUALTRICS_PY,
        f"{EVERY_WEEK}_all_directory_contacts",
        f"{NEVER}_all_directory_contacts",
        (1, 8),
    ),
    "salesforce: greater than the cursor, instead of greater or equal": Mutation(
        SALESFORCE, SALESFORCE_PY, "SystemModstamp >= ", "SystemModstamp > ", (1, 2, 3)
    ),
    "salesforce: no overlap": Mutation(
        SALESFORCE,
        SALESFORCE_PY,
        'datetime.fromisoformat(before["until"]) - OVERLAP',
        'datetime.fromisoformat(before["until"])',
        (1, 2, 3),
    ),
    "salesforce: without deleted rows": Mutation(
        SALESFORCE, SALESFORCE_PY, 'operation: str = "queryAll"', 'operation: str = "query"', (1, 3)
    ),
    "salesforce: no census": Mutation(SALESFORCE, SALESFORCE_PY, EVERY_WEEK, NEVER, (1, 8)),
}


def differences(nights: Nights, vendor: Vendor, staging: Mapping[str, str]) -> list[str]:
    return nights.differences(vendor.truth.TABLES, staging, vendor.log)


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_a_connector_that_loses_data_is_seen(
    mutation: Mutation, tmp_path: Path, staging: Mapping[str, str]
) -> None:
    vendor = mutation.vendor
    with (
        mutated(mutation.module, (mutation.old, mutation.new)),
        nights_of(vendor.name, vendor.log, tmp_path) as nights,
    ):
        for number in mutation.nights:
            nights.run(number, faults=mutation.faults)
        assert differences(nights, vendor, staging)


class Killed(BaseException):
    """The process ends here."""


LOADED_FIRST = (
    (
        "    connection.begin()\n",
        "    connection.begin()\n    _insert_load(connection, manifest, manifest.rows, 0)\n"
        "    connection.commit()\n    connection.begin()\n",
    ),
    ("    _insert_load(connection, manifest, loaded, quarantined)\n", ""),
)


def _run_killed(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run two nights; the second is killed while it loads, and run again."""

    def killed(*_arguments: object) -> int:
        raise Killed

    nights.run(1)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(loading, "_insert_rows", killed)
        nights.run(2)
    nights.run(2)


@pytest.mark.usefixtures("no_waiting")
def test_a_night_killed_while_it_loads_loses_nothing(
    tmp_path: Path, staging: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with nights_of("hubspot", HUBSPOT.log, tmp_path) as nights:
        _run_killed(nights, monkeypatch)
        assert differences(nights, HUBSPOT, staging) == []


@pytest.mark.usefixtures("no_waiting")
def test_a_cursor_that_runs_ahead_of_what_is_loaded_is_seen(
    tmp_path: Path, staging: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        mutated("valuegap.loading", *LOADED_FIRST),
        nights_of("hubspot", HUBSPOT.log, tmp_path) as nights,
    ):
        _run_killed(nights, monkeypatch)
        assert differences(nights, HUBSPOT, staging)
