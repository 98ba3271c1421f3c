"""Hands a suite to Great Expectations and its verdicts back.

Importing this module imports Great Expectations, which takes seconds: import it inside tasks only.
"""

# ruff: noqa: ANN401 - the objects of Great Expectations are not typed well enough to name

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import great_expectations as gx
from great_expectations.core import ExpectationSuite
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

from valuegap.quality import duckdb_dialect
from valuegap.quality.results import MAX_SAMPLES, CheckResult, Value, masked
from valuegap.quality.suites import ROWS_QUERY, Check, Suite, refusal
from valuegap.settings import Settings


@contextmanager
def audited(file: Path, settings: Settings) -> Iterator[Any]:
    """Open one DuckDB file read-only as a data source of Great Expectations, and close it for good."""
    # Versions of Great Expectations that send usage statistics read this variable.
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    # What it logs at warning, a result tells better.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    duckdb_dialect.register()
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
            analytics_enabled=False,
        ),
    )
    limits = {
        "memory_limit": settings.memory_limit,
        "threads": str(settings.threads),
        "temp_directory": str(file.parent / f"spill-{os.getpid()}"),
    }
    warehouse = context.data_sources.add_sql(
        "warehouse", connection_string=duckdb_dialect.url(file, limits), create_temp_table=False
    )
    try:
        yield warehouse
    finally:
        # An open connection would keep the next stage's process from writing the file.
        warehouse.get_engine().dispose()
        warehouse.get_execution_engine().engine.dispose()


def run_suite(warehouse: Any, suite: Suite, scope: str) -> list[CheckResult]:
    """Check the rows of the query `scope`, of the suite's table, in the order of the suite."""
    expectations = expectation_suite(suite)
    batch = warehouse.add_query_asset(suite.table, query=scope).add_batch_definition_whole_table("night")
    # A rows query hands its rows over only in the complete format, and then at most 200 of them; the
    # complete format of every other expectation would fetch all failing values.
    outcomes: dict[int, Any] = {}
    for result_format, is_query in (("COMPLETE", True), ("SUMMARY", False)):
        chosen = [item for item in expectations.expectations if _is_rows_query(item) is is_query]
        outcomes |= _validate(batch.get_batch(), suite, chosen, result_format)
    return [_check_result(suite, check, outcomes[place]) for place, check in enumerate(suite.checks)]


def _is_rows_query(expectation: Any) -> bool:
    return bool(expectation.expectation_type == ROWS_QUERY)


def _validate(batch: Any, suite: Suite, expectations: list[Any], result_format: str) -> dict[int, Any]:
    if not expectations:
        return {}
    options = {
        "result_format": result_format,
        "partial_unexpected_count": MAX_SAMPLES,
        "unexpected_index_column_names": list(suite.key),
    }
    try:
        validated = batch.validate(
            ExpectationSuite(suite.table, expectations=expectations), result_format=options
        )
    except Exception as error:
        # Whatever a check raises, it has not passed.
        return {item.meta["position"]: error for item in expectations}
    return {outcome.expectation_config.meta["position"]: outcome for outcome in validated.results}


def _check_result(suite: Suite, check: Check, outcome: Any) -> CheckResult:
    found = {} if isinstance(outcome, Exception) else outcome.result
    error = str(outcome) if isinstance(outcome, Exception) else _raised(outcome.exception_info or {})
    is_query = check.type == ROWS_QUERY
    return CheckResult(
        suite=suite.file.name,
        table=suite.table,
        type=check.type,
        title=check.title,
        columns=check.columns,
        severity=check.severity,
        success=error is None and bool(outcome.success),
        notes=check.notes,
        observed=None if is_query else _observed(found, check),
        rows=found.get("element_count"),
        failed_rows=found.get("observed_value") if is_query else found.get("unexpected_count"),
        sample=_sample(found),
        error=None if error is None else str(masked(error)),
    )


def _raised(exception_info: Mapping[str, Any]) -> str | None:
    """Return the message of the first exception; the information is keyed by metric or stands flat."""
    nested: list[Mapping[str, Any]] = [info for info in exception_info.values() if isinstance(info, dict)]
    for info in nested or [exception_info]:
        if info.get("raised_exception"):
            return str(info.get("exception_message") or "raised without a message")
    return None


def _observed(found: Mapping[str, Any], check: Check) -> Value:
    if "element_count" in found:
        return None
    observed = found.get("observed_value")
    if observed is None:
        observed = found.get("partial_unexpected_list")
    if isinstance(observed, list):
        observed = ", ".join(map(str, observed[:MAX_SAMPLES]))
    return masked(observed, check.columns[0] if check.columns else "")


def _sample(found: Mapping[str, Any]) -> tuple[Mapping[str, Value], ...]:
    details = found.get("details") or {}
    rows = found.get("partial_unexpected_index_list") or details.get("unexpected_rows") or []
    return tuple(
        {column: masked(value, column) for column, value in row.items()} for row in rows[:MAX_SAMPLES]
    )


def expectation_suite(suite: Suite) -> ExpectationSuite:
    """Hand the suite over to Great Expectations, and see that nothing got lost on the way.

    Each kept expectation carries its place in `suite.checks` as `meta["position"]`.
    """
    kept = ExpectationSuite(
        suite.table,
        expectations=[
            _expectation(suite.file, position, check) for position, check in enumerate(suite.checks)
        ],
    )
    if len(kept.expectations) != len(suite.checks):
        raise refusal(
            suite.file,
            f"declares {len(suite.checks)} expectations but Great Expectations kept {len(kept.expectations)}",
        )
    return kept


def _expectation(file: Path, position: int, check: Check) -> Any:
    try:
        return ExpectationConfiguration(
            type=check.type,
            kwargs=dict(check.kwargs),
            severity=FailureSeverity(check.severity.value),
            meta={"notes": check.notes, "position": position},
        ).to_domain_obj()
    except Exception as error:
        what = " ".join(str(error).split())
        raise refusal(file, f"expectation {position + 1} ({check.type}) is refused: {what}") from error
