"""What a gate found, as a value that can be written down without giving anybody's data away."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from valuegap.quality.suites import Severity

GateName = Literal["raw", "marts"]

MAX_SAMPLES = 10
MAX_TEXT = 160
HIDDEN = "(hidden)"
EMAIL_HIDDEN = "(e-mail hidden)"
EMAIL = re.compile(r"""[^\s"'<>,;()\[\]{}=]*(?:@|%40|\uff20)[^\s"'<>,;()\[\]{}]*""")
PERSONAL_COLUMNS = frozenset({
    "answers", "child_events", "custom_fields", "dealname", "domain", "domain_names", "email", "first_name",
    "firstname", "last_name", "lastname", "name", "phone", "recipient_email", "record",
})  # fmt: skip
"""Columns whose text may name a person: a sample tells which row failed, never who it is about."""

Value = str | int | float | bool | None
"""What may stand in a result, so that it is plain JSON."""


@dataclass(frozen=True)
class CheckResult:
    """One check and what it saw.

    `failed_rows` is None where the check is about the table and not about its rows; `sample` holds
    the key, and where it is not personal the value, of at most `MAX_SAMPLES` failing rows;
    `error` is why a check could not run, which counts as failed.
    """

    suite: str
    table: str
    type: str
    title: str
    columns: tuple[str, ...]
    severity: Severity
    success: bool
    notes: str
    observed: Value = None
    rows: int | None = None
    failed_rows: int | None = None
    sample: tuple[Mapping[str, Value], ...] = ()
    error: str | None = None

    @property
    def is_critical_failure(self) -> bool:
        """Tell whether this check alone stops the night."""
        return not self.success and self.severity is Severity.CRITICAL


@dataclass(frozen=True)
class GateResult:
    """Every check of one gate on one night, in the order of the suites.

    `audited_sha256` is the hash of the candidate file the mart gate looked at: no other file may be
    published on its word. The raw gate has none, because the build goes on in the file it checks.
    """

    gate: GateName
    run_id: str
    as_of_date: date
    checks: tuple[CheckResult, ...]
    audited_sha256: str | None = None
    seconds: float = field(default=0.0, compare=False)

    @property
    def critical_failures(self) -> tuple[CheckResult, ...]:
        """The checks that stop the night."""
        return tuple(check for check in self.checks if check.is_critical_failure)

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """The failed checks that are only recorded."""
        return tuple(check for check in self.checks if not check.success and not check.is_critical_failure)

    def passed(self, file_sha256: str) -> bool:
        """Tell whether the gate looked at exactly that file and let it through."""
        return bool(self.checks) and not self.critical_failures and self.audited_sha256 == file_sha256

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        return (
            f"{self.gate} gate: {len(self.checks)} checks, {len(self.critical_failures)} critical failures,"
            f" {len(self.warnings)} warnings in {self.seconds:.1f} s"
        )


def write(result: GateResult, reports_dir: Path) -> Path:
    """Write the result as `<run_id>/<gate>.json`, whole or not at all; the same result, the same bytes."""
    file = _file(reports_dir, result.run_id, result.gate)
    file.parent.mkdir(parents=True, exist_ok=True)
    content = asdict(result)
    del content["seconds"]
    content["as_of_date"] = result.as_of_date.isoformat()
    partial = file.with_suffix(".json.partial")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    partial.replace(file)
    return file


def read(reports_dir: Path, run_id: str, gate: GateName) -> GateResult | None:
    """Return a written result, or None when that gate has not run that night."""
    file = _file(reports_dir, run_id, gate)
    if not file.exists():
        return None
    content = json.loads(file.read_text())
    content["as_of_date"] = date.fromisoformat(content["as_of_date"])
    content["checks"] = tuple(
        CheckResult(
            **check
            | {
                "columns": tuple(check["columns"]),
                "severity": Severity(check["severity"]),
                "sample": tuple(check["sample"]),
            }
        )
        for check in content["checks"]
    )
    return GateResult(**content)


def discard(reports_dir: Path, run_id: str, gates: Iterable[GateName]) -> None:
    """Forget earlier results of the same night, so that none of them looks like tonight's."""
    for gate in gates:
        _file(reports_dir, run_id, gate).unlink(missing_ok=True)


def masked(value: object, column: str = "") -> Value:
    """Return a value fit to be shown: no e-mail, no personal text, no more than a line."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if -float("inf") < value < float("inf") else str(value)
    if column in PERSONAL_COLUMNS:
        return HIDDEN
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    text = " ".join(EMAIL.sub(EMAIL_HIDDEN, str(value)).split())
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"


def _file(reports_dir: Path, run_id: str, gate: GateName) -> Path:
    return reports_dir / run_id / f"{gate}.json"
