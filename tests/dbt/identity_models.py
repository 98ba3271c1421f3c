"""The models of identity on staged records given as rows: their compiled SQL, without dbt's seconds a run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from model_run import PROJECT

MODELS = (
    "int_contacts_unioned",
    "int_companies_unioned",
    "int_record_identifiers",
    "int_identifiers_judged",
    "int_record_chains",
    "int_identifiers_used",
    "int_record_components",
    "int_contact_accounts",
    "int_identity_resolved",
)

# Columns of the staged inputs; what a row does not give is NULL, and a flag false.
PERSON = "email person_number first_name last_name country is_archived:flag created_at:time updated_at:time"
COMPANY = (
    "company_id name industry market_segment country customer_number n_employees:count lead_source "
    "parent_company_id is_archived:flag created_at:time updated_at:time"
)
INPUTS = {
    "staging.stg_hubspot__contacts": f"contact_id merged_contact_ids {PERSON}",
    "staging.stg_hubspot__companies": f"{COMPANY} domain merged_company_ids",
    "staging.stg_hubspot__contact_companies": "contact_id company_id association_type_id:count",
    "staging.stg_salesforce__contacts": f"contact_id company_id master_contact_id {PERSON}",
    "staging.stg_salesforce__accounts": f"{COMPANY} website master_company_id",
    "staging.stg_zendesk__users": (
        "user_id organization_id person_number name email is_end_user:flag is_active:flag "
        "created_at:time updated_at:time"
    ),
    "staging.stg_zendesk__organizations": (
        "organization_id customer_number name domain_names is_deleted:flag created_at:time updated_at:time"
    ),
    "staging.stg_qualtrics__responses": (
        "survey_id recipient_email person_number recorded_at:time is_deleted:flag"
    ),
    "intermediate.int_file_people": "person_id email person_number created_at:time updated_at:time",
    "seeds.question_map": "survey_key respondent_role",
    "seeds.identity_override": "action record_id other_record_id reason decided_on",
    "seeds.shared_mailbox": "local_part",
    "seeds.free_mail_domain": "domain kind",
}
TYPES = {"": "varchar", "flag": "boolean default false", "count": "bigint", "time": "timestamp"}

OVERRIDES_TEST = "overrides_can_be_carried_out"

Rows = Iterable[Mapping[str, Any]]


def compiled_models(work_dir: Path, **variables: object) -> dict[str, str]:
    """Return the SQL of each model of identity, and of the test of overrides, as dbt compiles it."""
    finished = subprocess.run(
        [
            sys.executable, "-c", "from dbt.cli.main import cli; cli()", "compile",
            "--select", *MODELS, OVERRIDES_TEST, "--no-populate-cache",
            "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
            "--target-path", str(work_dir / "target"), "--log-path", str(work_dir / "logs"),
            "--vars", json.dumps(variables), "--no-use-colors",
        ],
        env={
            "PATH": os.environ["PATH"],
            "VALUEGAP_BUILD_FILE": str(work_dir / "build.duckdb"),
            "VALUEGAP_CANDIDATE_FILE": str(work_dir / "candidate.duckdb"),
        },
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]
    folder = work_dir / "target" / "compiled" / "valuegap"
    compiled = {path.stem: path.read_text() for path in folder.rglob("*.sql")}
    return {name: compiled[name] for name in (*MODELS, OVERRIDES_TEST)}


def resolved(models: Mapping[str, str], inputs: Mapping[str, Rows | pd.DataFrame]) -> pd.DataFrame:
    """Return one row per record, sorted by its id: what identity makes of the inputs, named without schema."""
    with _built(models, inputs) as connection:
        return connection.execute(
            "select identity.*, components.component_id from intermediate.int_identity_resolved as identity "
            "inner join intermediate.int_record_components as components using (record_id) order by record_id"
        ).df()


def unworkable_overrides(
    models: Mapping[str, str], inputs: Mapping[str, Rows | pd.DataFrame]
) -> list[tuple[str, str]]:
    """Return what the test of overrides warns of: action and problem."""
    with _built(models, inputs) as connection:
        return connection.execute(
            f"select action, problem from ({models[OVERRIDES_TEST]}) as failures order by all"
        ).fetchall()


@contextmanager
def _built(
    models: Mapping[str, str], inputs: Mapping[str, Rows | pd.DataFrame]
) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("attach ':memory:' as build; use build")
        for schema in ("staging", "intermediate", "seeds"):
            connection.execute(f"create schema {schema}")
        for table, columns in INPUTS.items():
            _fill(connection, table, columns, inputs.get(table.partition(".")[2], ()))
        for model in MODELS:
            connection.execute(f"create table intermediate.{model} as {models[model]}")
        yield connection


def _fill(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Rows | pd.DataFrame) -> None:
    declared = (column.partition(":") for column in columns.split())
    connection.execute(
        f"create table {table} (" + ", ".join(f"{name} {TYPES[kind]}" for name, _, kind in declared) + ")"
    )
    if isinstance(rows, pd.DataFrame):
        connection.register("given_rows", rows)
        connection.execute(f"insert into {table} by name select * from given_rows")
        return
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))
