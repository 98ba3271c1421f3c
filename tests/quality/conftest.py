"""A raw warehouse and a candidate, written by hand, with nothing wrong in them until a test breaks one thing."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from valuegap import warehouse
from valuegap.errors import GateFailedError
from valuegap.night import Night
from valuegap.quality import results
from valuegap.quality.gate import run_gate
from valuegap.quality.results import CheckResult, GateName
from valuegap.settings import PROJECT_ROOT, Settings

NIGHT = Night(date(2026, 1, 31))
PLACE = {"_as_of_date": NIGHT.as_of_date, "_run_id": NIGHT.run_id, "_page": 1, "_line": 1, "record": "{}"}
CRM_TIMES = {"created_at": "2025-01-01", "updated_at": "2026-01-30"}
HEALTHY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("hubspot.contacts", {"id": "1", "email": "jane@example.com", **CRM_TIMES}),
    ("hubspot.companies", {"id": "1", "industry": "retail", "country": "DE", **CRM_TIMES}),
    ("hubspot.products", {"id": "1", "hs_sku": "D-1", "price": 10, **CRM_TIMES}),
    (
        "hubspot.deals",
        {
            "id": "1",
            "dealstage": "closedwon",
            "hs_is_closed_won": True,
            "closedate": "2026-01-15",
            "deal_currency_code": "EUR",
            **CRM_TIMES,
        },
    ),
    ("hubspot.line_items", {"id": "1", "quantity": 2, "price": 10, "hs_total_discount": 1, **CRM_TIMES}),
    ("hubspot.contact_companies", {"from_id": "1", "to_records": '[{"toObjectId": 1}]'}),
    ("zendesk.users", {"id": "1", "email": "jane@example.com", "role": "end-user", **CRM_TIMES}),
    (
        "zendesk.tickets",
        {"id": "1", "status": "solved", "requester_id": "1", "generated_at": "2026-01-30", **CRM_TIMES},
    ),
    (
        "zendesk.ticket_events",
        {"id": "1", "ticket_id": "1", "occurred_at": "2026-01-30", "child_events": "[]"},
    ),
    ("qualtrics.surveys", {"id": "SV_1", "last_modified_at": "2026-01-01"}),
    ("qualtrics.survey_definitions", {"id": "SV_1", "questions": "{}", "last_modified_at": "2026-01-01"}),
    (
        "qualtrics.responses",
        {
            "survey_id": "SV_1",
            "id": "R_1",
            "recorded_at": "2026-01-30",
            "answers": "{}",
            "recipient_email": "jane@example.com",
        },
    ),
)


class Bench:
    """One night's files, and hands to break them."""

    def __init__(self, settings: Settings, healthy_build: Path) -> None:
        self.settings = settings
        self._healthy_build = healthy_build

    def healthy_raw(self) -> None:
        self.settings.build_file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._healthy_build, self.settings.build_file)

    def raw(self, sql: str) -> None:
        with closing(duckdb.connect(str(self.settings.build_file))) as build:
            build.execute(sql)

    def candidate(self) -> None:
        """Create every published mart, empty, from the contracts of the dbt models."""
        self.settings.candidate_file.parent.mkdir(parents=True, exist_ok=True)
        tables = [
            f"create table marts.{name} ({', '.join(map(' '.join, columns.items()))})"
            for name, columns in mart_contracts().items()
        ]
        self.marts(";".join(["create schema marts", *tables]))

    def marts(self, sql: str) -> None:
        with closing(duckdb.connect(str(self.settings.candidate_file))) as candidate:
            candidate.execute(sql)

    def mart_row(self, table: str, values: Mapping[str, Any]) -> None:
        lineage = {"as_of_date": NIGHT.as_of_date, "run_id": NIGHT.run_id, "config_hash": "c"}
        with closing(duckdb.connect(str(self.settings.candidate_file))) as candidate:
            _insert(candidate, f"marts.{table}", lineage | values)

    def check(self, gate: GateName, *, night: Night = NIGHT, only: str | None = None) -> list[CheckResult]:
        """Run a gate and return the checks that failed, whether or not they stopped it.

        With `only` the gate has just that suite, which saves time and leaves the other tables without.
        """
        with suppress(GateFailedError):
            run_gate(self._with_only(gate, only) if only else self.settings, night, gate)
        result = results.read(self.settings.reports_dir, night.run_id, gate)
        assert result is not None
        return [check for check in result.checks if not check.success]

    def _with_only(self, gate: GateName, suite: str) -> Settings:
        folder = self.settings.data_dir / "project" / "expectations" / gate
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.settings.expectations_dir / gate / f"{suite}.yml", folder)
        return replace(self.settings, project_root=self.settings.data_dir / "project")


@cache
def mart_contracts() -> dict[str, dict[str, str]]:
    """Return the columns and types of each mart, as the dbt models promise them."""
    files = sorted((PROJECT_ROOT / "dbt_project" / "models" / "marts").rglob("*.yml"))
    models = [model for file in files for model in yaml.safe_load(file.read_text()).get("models", [])]
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in models
    }


def _insert(connection: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({columns}) values ({marks})", list(row.values()))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", lock_wait_seconds=1.0)


@pytest.fixture(scope="session")
def healthy_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(data_dir=tmp_path_factory.mktemp("healthy"))
    with warehouse.writer(settings) as build:
        for table, row in HEALTHY:
            _insert(build, f"raw_{table}", PLACE | row)
            build.execute(
                "insert into ops.loads values (?, ?, ?, ?, 1, 1, 0, null, 'abc', null)",
                [*table.split("."), NIGHT.run_id, NIGHT.as_of_date],
            )
    return settings.build_file


@pytest.fixture
def bench(settings: Settings, healthy_build: Path) -> Bench:
    return Bench(settings, healthy_build)


@pytest.fixture
def with_suite(settings: Settings, tmp_path: Path) -> Callable[..., Settings]:
    """Return settings whose only suite is the given one."""

    def write(text: str, *, gate: GateName = "marts", name: str = "toy") -> Settings:
        folder = tmp_path / "project" / "expectations" / gate
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yml").write_text(text)
        return replace(settings, project_root=tmp_path / "project")

    return write
