"""A data contract a mart, by the Open Data Contract Standard 3.1, made of the published file alone."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from valuegap.night import Night
from valuegap.publish.released import PUBLISHED, Column, Table

STANDARD = "v3.1.0"  # tools read it and all before it; 3.2 only adds what is not used here
LOGICAL_TYPES = {
    "BIGINT": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DECIMAL": "number",
    "DOUBLE": "number",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "TIMESTAMP": "timestamp",
    "VARCHAR": "string",
}
RESTRICTED, INTERNAL = "restricted", "internal"
SEVERITIES = {"error": "error", "warn": "warning"}


@dataclass(frozen=True)
class Check:
    """A check dbt made of a mart; `arguments` is what it was given, `column` None when it is of the mart."""

    name: str
    kind: str
    column: str | None
    arguments: dict[str, Any]
    severity: str


def checks(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Check]]:
    """Return the checks of each mart of the file attached as `PUBLISHED`, by mart, in order of name."""
    found: dict[str, list[Check]] = {}
    for model, name, kind, column, arguments, severity in connection.execute(
        f"""
        select model, check_name, check_kind, column_name, arguments, severity
        from {PUBLISHED}.marts.mart_check order by model, check_name
        """  # noqa: S608
    ).fetchall():
        check = Check(name, kind, column, json.loads(arguments or "{}"), severity)
        found.setdefault(model, []).append(check)
    return found


def write_contract(table: Table, checks: list[Check], night: Night, version: str, folder: Path) -> Path:
    """Write the contract of a mart to `folder`/<mart>.odcs.yaml and return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{table.name}.odcs.yaml"
    content = contract(table, checks, night, version)
    # The dumper in C is ten times faster than the one in Python.
    text = yaml.dump(content, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)
    file.write_text(text, encoding="utf-8")
    return file


def contract(table: Table, checks: list[Check], night: Night, version: str) -> dict[str, Any]:
    """Return the contract of a mart as the standard lays it out."""
    description = " ".join((table.description or "").split())
    grain = re.split(r"(?<=\.)\s", description, maxsplit=1)[0]
    return {
        "apiVersion": STANDARD,
        "kind": "DataContract",
        "id": f"valuegap-{table.name}",
        "name": table.name,
        "version": version,
        "status": "active",
        "dataProduct": "valuegap",
        "description": {"purpose": description, "limitations": _limitations(table)},
        "schema": [
            {
                "name": table.name,
                "physicalName": f"marts.{table.name}",
                "physicalType": "table",
                "logicalType": "object",
                "description": description,
                "dataGranularityDescription": grain,
                "properties": [_property(column, table, checks) for column in table.columns],
            }
            | _quality([check for check in checks if check.column is None])
        ],
        "slaProperties": [{"property": "frequency", "value": 1, "unit": "d"}],
        "customProperties": [
            {"property": "asOfDate", "value": night.as_of_date.isoformat()},
            {"property": "runId", "value": night.run_id},
        ],
    }


def _limitations(table: Table) -> str:
    sentences = []
    if any(column.is_pii for column in table.columns):
        sentences.append(
            f"Columns classified as {RESTRICTED} say who a person is: exported files leave them out, and"
            " PostgreSQL shows them to those allowed only."
        )
    if table.has_small_n_rule:
        sentences.append(
            "In rows where is_reportable is not true, what is measured is empty: too few customers are behind"
            " it."
        )
    return " ".join(sentences) or "None known."


def _property(column: Column, table: Table, checks: list[Check]) -> dict[str, Any]:
    is_measured = table.has_small_n_rule and column.is_metric
    entry: dict[str, Any] = {
        "name": column.name,
        "logicalType": LOGICAL_TYPES.get(column.type.partition("(")[0].partition(" ")[0], "string"),
        "physicalType": column.type,
        "description": " ".join((column.description or "").split()),
        "required": column.is_required and not is_measured,
        "classification": RESTRICTED if column.is_pii else INTERNAL,
    }
    if column.key_position is not None:
        entry |= {"primaryKey": True, "primaryKeyPosition": column.key_position}
    if column.is_pii:
        entry["tags"] = ["pii"]
    if is_measured:
        entry["customProperties"] = [{"property": "emptyWhenNotReportable", "value": True}]
    return entry | _quality([check for check in checks if check.column == column.name])


def _quality(checks: list[Check]) -> dict[str, Any]:
    return {"quality": [_rule(check) for check in checks]} if checks else {}


def _rule(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "type": "custom",
        "engine": "dbt",
        "implementation": {check.kind: check.arguments},
        "severity": SEVERITIES[check.severity],
    }
