"""MetricFlow asked in this process: it writes the SQL, DuckDB answers from the published file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from tests.dbt.project_manifest import PROJECT, run_dbt

from valuegap.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "semantic-layer.md"
Row = Mapping[str, Any]


class WritesDuckDBSql:
    """All that MetricFlow wants of a database to explain a query."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


@dataclass(frozen=True)
class SemanticLayer:
    """The parsed project: `manifest` is dbt's own, `semantic_text` what MetricFlow reads."""

    manifest: Mapping[str, Any]
    semantic_text: str

    @classmethod
    def parsed(cls, work_dir: Path) -> Self:
        """Parse the project anew, for the target that MetricFlow uses."""
        nowhere = work_dir / "nowhere.duckdb"  # parsing opens no database
        finished = run_dbt(
            "parse", "--target", "published", work_dir=work_dir, build_file=nowhere, candidate_file=nowhere
        )
        assert finished.returncode == 0, finished.stdout[-4000:]
        target = work_dir / "target"
        return cls(
            json.loads((target / "manifest.json").read_text()),
            (target / "semantic_manifest.json").read_text(),
        )

    @cached_property
    def metrics(self) -> dict[str, Mapping[str, Any]]:
        """Every metric by name, the parts that others are built of included."""
        return {metric["name"]: metric for metric in json.loads(self.semantic_text)["metrics"]}

    @cached_property
    def engine(self) -> MetricFlowEngine:
        """MetricFlow itself, on the manifest in memory."""
        semantic = parse_manifest_from_dbt_generated_manifest(self.semantic_text)
        return MetricFlowEngine(SemanticManifestLookup(semantic), WritesDuckDBSql())

    def sql(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        where: Sequence[str] = (),
        order: Sequence[str] = (),
    ) -> str:
        """Return the SQL that MetricFlow writes for a question."""
        request = MetricFlowQueryRequest.create(
            metric_names=metrics,
            group_by_names=group_by,
            where_constraints=where or None,
            order_by_names=order or None,
        )
        return self.engine.explain(request).sql_statement.sql


def published(file: Path) -> duckdb.DuckDBPyConnection:
    """Open a published file under the name the models give it."""
    connection = duckdb.connect()
    connection.execute(f"attach '{file}' as candidate (read_only)")
    connection.execute("use candidate")
    return connection


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[Row]:
    """Return the rows of a query, each by its columns' names."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def listed_with_reason() -> dict[str, str]:
    """Return the metrics of the page's table of those MetricFlow cannot express, with the reason."""
    table = PAGE.read_text().split("<!-- not expressed -->")[1]
    lines = (line for line in table.splitlines() if line.startswith("| `"))
    reasons = {}
    for line in lines:
        names, reason = (cell.strip() for cell in line.strip("| ").split(" | ", 1))
        reasons |= dict.fromkeys(_quoted(names), reason)
    return reasons


def _quoted(cell: str) -> Iterable[str]:
    return (name.strip(" `") for name in cell.split(","))


__all__ = ["PAGE", "PROJECT", "SemanticLayer", "listed_with_reason", "published", "rows"]
