"""Pages inside Airflow's UI: for whom, and what they say."""

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from airflow import settings as airflow_settings
from airflow.api_fastapi.app import init_auth_manager, purge_cached_app
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.revoked_token import RevokedToken
from fastapi.testclient import TestClient
from tests.orchestration.published_night import publish_night

from valuegap import warehouse
from valuegap.night import Night
from valuegap.orchestration import pages
from valuegap.settings import Settings

NIGHT = Night(date(2026, 1, 31))
PAGES = ("/night", "/report", "/quality?night=2026-01-31", "/quarantine")


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("VALUEGAP_DATA_DIR", str(tmp_path))
    settings = Settings.from_environment()
    publish_night(settings, NIGHT)
    return settings


@pytest.fixture(scope="module")
def auth_manager(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "a" * 64)
        passwords = tmp_path_factory.mktemp("auth") / "passwords.json"
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        RevokedToken.__table__.create(airflow_settings.engine, checkfirst=True)  # who has logged out
        yield init_auth_manager()
    purge_cached_app()


@pytest.fixture
def stranger(settings, auth_manager):
    return TestClient(pages.app)


@pytest.fixture
def reader(settings, auth_manager):
    return TestClient(pages.app, cookies={"_token": token(auth_manager, "viewer")})


def token(auth_manager, role):
    return auth_manager.generate_jwt(SimpleAuthManagerUser(username="ann", role=role))


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_shown_to_who_is_not_logged_in(stranger, page):
    answer = stranger.get(page)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Not authenticated"}


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_shown_for_a_token_airflow_did_not_sign(settings, auth_manager, page):
    forged = TestClient(pages.app, headers={"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."})
    assert forged.get(page).status_code == 403


def test_who_has_no_role_in_airflow_sees_nothing(settings, auth_manager):
    nobody = TestClient(pages.app, cookies={"_token": token(auth_manager, None)})
    assert nobody.get("/night").status_code == 403


def test_there_is_no_page_beside_those_that_ask_for_a_login(stranger):
    assert {stranger.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")} == {404}


@pytest.mark.parametrize("page", PAGES)
def test_pages_run_no_script_and_load_nothing_from_outside(reader, page):
    answer = reader.get(page)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script|https?://|\ssrc=[\"']//", answer.text)


def cells(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text.split("</style>")[-1]).split())


def test_the_last_night_is_told_as_make_run_tells_it(reader):
    text = cells(reader.get("/night").text)
    assert "Last night: 2026-01-31 Every check passed." in text
    assert "zendesk 1,234 1,232 2" in text
    assert "hubspot.deals: not on this &lt;plan&gt;" in text
    assert "schema drift: none" in text
    assert "raw 1 0 0 marts 1 0 0" in text
    assert "5 marts are published." in text  # `publication` is about them, as in the line of the publish task
    assert "Delivery &lt;on time&gt; -13.4 -15.2 to -11.5 80.0 66.6 261" in text
    assert "-77.7" not in text  # of three customers
    assert "NPS : 9.5 points over the last twelve months" in text


def test_owners_of_alerts_are_not_named_to_all_who_may_log_in(reader):
    assert "ann@example.com" not in reader.get("/night").text
    assert "head.of.sales" not in reader.get("/night").text


def test_quarantine_counts_and_places_records_but_does_not_show_them(reader):
    text = reader.get("/quarantine?night=2026-01-31").text
    assert "3</strong> records" in text
    assert "zendesk tickets not JSON: &lt;b&gt;(e-mail hidden)&lt;/b&gt; 2" in cells(text)
    assert "zendesk tickets 3 17" in cells(text)
    assert "Jane" not in text
    assert "jane" not in text


@pytest.mark.parametrize("page", ["/report", "/quarantine"])
def test_a_page_a_task_links_to_leads_on_to_its_night(reader, page):
    assert 'href="night?night=2026-01-31"' in reader.get(page).text


def test_a_tasks_quarantine_is_that_of_the_source_it_reads(settings):
    company = Settings(data_dir=settings.data_dir, sources=("hubspot", "salesforce", "zendesk"))
    assert pages.sources_of(company, "ingest_crm", "load_salesforce") == ("salesforce",)
    assert pages.sources_of(company, "ingest_crm", "announce") == ("hubspot", "salesforce")
    assert pages.sources_of(company, "ingest_tickets", "extract") == ("zendesk",)
    assert pages.sources_of(company, "build_marts", "check_raw") == company.sources


def test_a_dag_runs_tab_is_about_its_night(reader, settings, monkeypatch):
    publish_night(settings, Night(date(2026, 2, 1)))
    moment = datetime(2026, 2, 1, 1, 15, tzinfo=UTC)
    run = SimpleNamespace(partition_key="2026-01-31", logical_date=moment, run_after=moment, conf=None)
    monkeypatch.setattr(pages.DagRun, "find", lambda **asked: [run] if asked["run_id"] == "a b" else [])
    assert "Night: 2026-01-31" in reader.get("/night?dag_id=build_marts&run_id=a%20b").text
    assert 'src="quality?night=2026-01-31"' in reader.get("/report?dag_id=build_marts&run_id=a%20b").text
    assert reader.get("/night?dag_id=build_marts&run_id=none").status_code == 404


def test_the_last_report_comes_first_and_leads_to_the_others(reader, settings):
    publish_night(settings, Night(date(2026, 2, 1)))
    text = reader.get("/report").text
    assert 'src="quality?night=2026-02-01"' in text
    assert re.findall(r'href="report\?night=([\d-]+)"', text) == ["2026-02-01", "2026-01-31"]
    assert reader.get("/quality?night=2026-01-31").text == "<p>Report of night-2026-01-31</p>"
    assert reader.get("/quality?night=2026-01-30").status_code == 404
    assert reader.get("/quality?night=../../etc").status_code == 422


def test_a_warehouse_in_use_is_said_and_the_rest_is_shown(reader, settings, monkeypatch):
    monkeypatch.setattr("valuegap.night_view.PATIENCE_SECONDS", 0.1)
    with warehouse.writer(settings):
        text = reader.get("/night").text
        assert reader.get("/quarantine").status_code == 200
    assert "What came in: " in text
    assert "Delivery &lt;on time&gt;" in text


def test_before_the_first_night_the_pages_say_so(reader, monkeypatch, tmp_path):
    monkeypatch.setenv("VALUEGAP_DATA_DIR", str(tmp_path / "nothing"))
    assert "Nothing is published yet" in reader.get("/night").text
    assert "No night has a quality report yet" in reader.get("/report").text
    assert "Nothing is published yet" in reader.get("/quarantine").text
