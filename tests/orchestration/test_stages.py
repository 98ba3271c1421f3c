from datetime import date
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from valuegap.errors import SourceError
from valuegap.night import Night
from valuegap.orchestration.assets import CANDIDATE_MARTS, CUT_OFF, RAW_CRM, RAW_SURVEYS, RAW_TICKETS
from valuegap.orchestration.stages import late_sources, sources_to_give_up

NIGHT = Night(date(2026, 1, 31))
ALL = (RAW_CRM, RAW_TICKETS, RAW_SURVEYS)


class Events(list):
    """Asset events as a task sees them, newest first when asked for."""

    def ascending(self, _oldest_first):
        return self

    def limit(self, _count):
        return self


def inlets(*came, night="2026-01-31"):
    """Every asset has an event of the night before; those that `came` have one of this night."""
    before, now = SimpleNamespace(partition_key="2026-01-30"), SimpleNamespace(partition_key=night)
    return {asset: Events([now, before] if asset in came else [before]) for asset in (*ALL, CANDIDATE_MARTS)}


def test_the_cut_off_names_the_sources_it_leaves_behind():
    assert sources_to_give_up(inlets(RAW_CRM, RAW_SURVEYS), NIGHT) == ["raw_tickets"]
    assert sources_to_give_up(inlets(RAW_TICKETS), NIGHT) == ["raw_crm", "raw_surveys"]


def test_a_source_that_is_not_used_is_never_late(monkeypatch):
    monkeypatch.setenv("VALUEGAP_SOURCES", "salesforce,zendesk")
    assert sources_to_give_up(inlets(RAW_CRM), NIGHT) == ["raw_tickets"]
    assert late_sources({CUT_OFF: [1], RAW_TICKETS: [1]}) == ["raw_crm"]


def test_nothing_is_cut_off_when_all_have_come():
    with pytest.raises(AirflowSkipException, match="All sources have come for night-2026-01-31"):
        sources_to_give_up(inlets(*ALL), NIGHT)


def test_a_night_that_is_built_is_not_built_again():
    with pytest.raises(AirflowSkipException, match="night-2026-01-31 is built already"):
        sources_to_give_up(inlets(RAW_CRM, CANDIDATE_MARTS), NIGHT)


def test_a_night_of_nothing_new_is_not_built():
    with pytest.raises(SourceError, match="No source has come for night-2026-01-31"):
        sources_to_give_up(inlets(), NIGHT)


def test_a_run_knows_what_it_goes_on_without():
    event = [SimpleNamespace(partition_key="2026-01-31")]
    assert late_sources({CUT_OFF: event, RAW_CRM: event}) == ["raw_tickets", "raw_surveys"]
    assert late_sources(dict.fromkeys(ALL, event)) == []
    assert late_sources({}) == []
