"""A defect the raw gate calls critical stops the night; a record that cannot be read does not."""

import hashlib
import json
from datetime import date

import duckdb
from tests.integration.night_runner import SECOND, Warehouse

from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.sources.stream import Page, Pager

WON_WITHOUT_A_DATE = {
    "id": "999999999",
    "createdAt": "2026-02-01T08:00:00Z",
    "updatedAt": "2026-02-01T09:00:00Z",
    "archived": False,
    "properties": {"dealstage": "closedwon", "hs_is_closed_won": "true", "amount": "12.50"},
}


def land_deals(warehouse: Warehouse, *records: bytes) -> None:
    """Land records as what HubSpot answered for the deals of the second night."""
    Landing(warehouse.data_dir / "landing").write_stream(
        "hubspot", "deals", Night(date.fromisoformat(SECOND)), Pager(iter([Page(records, {}), SECOND]))
    )


def file_hash(warehouse: Warehouse) -> str:
    return hashlib.sha256(warehouse.published.read_bytes()).hexdigest()


def test_a_critical_defect_leaves_the_published_file_as_it_was(
    after_first_night, second_night_company, tmp_path
) -> None:
    night = Warehouse(after_first_night.copy(tmp_path / "data").data_dir, second_night_company)
    land_deals(night, json.dumps(WON_WITHOUT_A_DATE).encode())
    before, target = file_hash(night), night.published.readlink()
    message = night.run("nightly", "--as-of", SECOND, fails=True).splitlines()[-1]
    assert (file_hash(night), night.published.readlink()) == (before, target)
    for part in (
        "raw gate",
        "raw_hubspot.deals",
        "1 failing row",
        "id=999999999",
        "data/published",
        "re-run",
    ):
        assert part in message, message
    report = (night.data_dir / "reports" / f"night-{SECOND}" / "quality.html").read_text()
    assert "999999999" in report
    assert not (night.data_dir / "exports" / f"night-{SECOND}").exists()


def test_a_record_that_does_not_parse_is_set_aside_with_its_page_and_line(
    after_first_night, second_night_company, tmp_path
) -> None:
    night = Warehouse(after_first_night.copy(tmp_path / "data").data_dir, second_night_company)
    good = WON_WITHOUT_A_DATE | {
        "properties": {"dealstage": "closedlost", "hs_is_closed_won": "false", "amount": "twelve"}
    }
    land_deals(night, b'{"id": "1", "properties"', json.dumps(good).encode())
    printed = night.run("ingest", "hubspot", "--as-of", SECOND)
    assert "2 in quarantine" in printed
    with duckdb.connect(str(night.data_dir / "build" / "build.duckdb"), read_only=True) as build:
        rows = build.execute("select page, line, reason, record from ops.quarantine order by line").fetchall()
    assert [row[:2] for row in rows] == [(1, 1), (1, 2)]
    assert "JSON" in rows[0][2]
    assert "amount: 'twelve'" in rows[1][2]
    assert rows[0][3] == '{"id": "1", "properties"'


def test_a_source_that_does_not_answer_leaves_the_others_going_and_shows(
    after_first_night, second_night_company, tmp_path
) -> None:
    wrong = json.loads(second_night_company["AIRFLOW_CONN_ZENDESK_DEFAULT"]) | {"password": "not-the-token"}
    connections = {**second_night_company, "AIRFLOW_CONN_ZENDESK_DEFAULT": json.dumps(wrong)}
    night = Warehouse(after_first_night.copy(tmp_path / "data").data_dir, connections)
    printed = night.run("nightly", "--as-of", SECOND)
    line = next(line for line in printed.splitlines() if "zendesk" in line and "401" in line)
    assert "zendesk_default" in line
    assert "AIRFLOW_CONN_ZENDESK_DEFAULT" in line
    assert "not-the-token" not in printed
    with duckdb.connect(str(night.published), read_only=True) as published:
        stale = published.execute("""
            select source, bool_or(is_stale), max(nights_behind) from marts.freshness
            where status <> 'not used' group by source order by source
        """).fetchall()
    assert stale == [
        ("files", False, 0),
        ("hubspot", False, 0),
        ("qualtrics", False, 0),
        ("zendesk", True, 1),
    ]
