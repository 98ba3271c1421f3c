"""Reads `expectations/` and refuses anything it does not understand.

Great Expectations drops an expectation it cannot build with no more than a log line, and YAML keeps the
last of two equal keys. A check that is silently gone is worse than none, so everything here raises
`ConfigurationError` naming the file and the expectation.
"""

# ruff: noqa: ANN401 - YAML and keyword arguments of expectations are Any

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from valuegap import yaml_file
from valuegap.errors import ConfigurationError
from valuegap.night import Night

ROWS_QUERY = "unexpected_rows_expectation"
"""The type whose check is an SQL query that returns the rows that should not be there."""

SUITE_KEYS = {"table", "key", "expectations"}
EXPECTATION_KEYS = {"type", "kwargs", "severity", "meta"}
META_KEYS = {"notes", "title"}


@dataclass(frozen=True)
class _Words:
    text: str
    needs: tuple[str, ...] = ("column",)


TITLES = {
    "expect_column_max_to_be_between": _Words("greatest {column} is {range}"),
    "expect_column_pair_values_a_to_be_greater_than_b": _Words(
        "{column_A} is {above} {column_B}", ("column_A", "column_B")
    ),
    "expect_column_values_to_be_between": _Words("{column} is {range}"),
    "expect_column_values_to_be_in_set": _Words("{column} is {set}"),
    "expect_column_values_to_match_regex": _Words("{column} matches {regex}", ("column", "regex")),
    "expect_column_values_to_not_be_null": _Words("{column} is filled"),
    "expect_table_row_count_to_be_between": _Words("number of rows is {range}", ()),
}
PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
CLOCK_SLACK = timedelta(days=1)

Parameters = Mapping[str, date]


class Severity(StrEnum):
    """What a failed check does: `critical` stops the night, `warning` is recorded."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True)
class Check:
    """One declared expectation. `title` says in a few words what must hold, `notes` why."""

    type: str
    kwargs: Mapping[str, Any]
    severity: Severity
    title: str
    notes: str

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns the check looks at, none when it looks at the table."""
        single = [self.kwargs[name] for name in ("column", "column_A", "column_B") if name in self.kwargs]
        return (*single, *self.kwargs.get("column_list", ()))


@dataclass(frozen=True)
class Suite:
    """What must hold for one table; `key` are the columns that name a row to a person."""

    file: Path
    table: str
    key: tuple[str, ...]
    checks: tuple[Check, ...]


def parameters(night: Night) -> Parameters:
    """Return what suites may write as `$name`.

    `as_of_date` is the night's date; `until` the first instant after it (naive UTC, as the
    warehouse stores time); `latest_instant` a day later, since vendors' clocks run ahead.
    """
    until = night.until.replace(tzinfo=None)
    return {"as_of_date": night.as_of_date, "until": until, "latest_instant": until + CLOCK_SLACK}


def load_suites(folder: Path, values: Parameters) -> tuple[Suite, ...]:
    """Read every suite of a folder in the order of its file names."""
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise ConfigurationError(
            f"There is no suite in {folder}.", remedy="Restore expectations/ from version control."
        )
    return tuple(load_suite(file, values) for file in files)


def load_suite(file: Path, values: Parameters) -> Suite:
    """Read one suite. Its file is named like its table, without the schema `marts`."""
    try:
        document = yaml_file.parse(file.read_text())
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise refusal(file, f"cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise refusal(file, "is not a mapping")
    _require_keys(file, "the suite", document, required=SUITE_KEYS, allowed=SUITE_KEYS)
    table, key, declared = document["table"], document["key"], document["expectations"]
    if not isinstance(table, str) or table.removeprefix("marts.") != file.stem:
        raise refusal(file, f"names the table {table!r}, not the one its file name says")
    if not _is_list_of(key, str):
        raise refusal(file, "`key` is not a list of column names")
    if not _is_list_of(declared, dict):
        raise refusal(file, "`expectations` is not a list of expectations")
    checks = tuple(_check(file, number, entry, values) for number, entry in enumerate(declared, start=1))
    return Suite(file, table, tuple(key), checks)


def _check(file: Path, number: int, entry: dict[str, Any], values: Parameters) -> Check:
    where = f"expectation {number} ({entry.get('type')})"
    _require_keys(file, where, entry, required=EXPECTATION_KEYS, allowed=EXPECTATION_KEYS)
    kwargs, meta = entry["kwargs"], entry["meta"]
    if not isinstance(kwargs, dict) or not isinstance(meta, dict):
        raise refusal(file, f"{where}: `kwargs` and `meta` must be mappings")
    is_query = entry["type"] == ROWS_QUERY
    required = META_KEYS if is_query else {"notes"}
    _require_keys(file, f"{where}, meta", meta, required=required, allowed=META_KEYS)
    if not all(isinstance(text, str) and text.strip() for text in meta.values()):
        raise refusal(file, f"{where}: `notes` must say why the check is there")
    if entry["severity"] not in list(Severity):
        raise refusal(file, f"{where}: severity {entry['severity']!r} is neither critical nor warning")
    substituted = {name: _substitute(file, where, value, values) for name, value in kwargs.items()}
    return Check(
        type=entry["type"],
        kwargs=substituted,
        severity=Severity(entry["severity"]),
        title=meta.get("title") or _title(entry["type"], substituted),
        notes=" ".join(meta["notes"].split()),
    )


def _title(expectation_type: str, kwargs: Mapping[str, Any]) -> str:
    """Say in a few words what must hold; a type without words of its own is spelled out."""
    words = TITLES.get(expectation_type)
    if words is None or not all(name in kwargs for name in words.needs):
        return _spelled_out(expectation_type, kwargs)
    above = "not below" if kwargs.get("or_equal") else "above"
    said = words.text.format(**kwargs, range=_range(kwargs), set=_set(kwargs), above=above)
    return said + _share(kwargs)


def _spelled_out(expectation_type: str, kwargs: Mapping[str, Any]) -> str:
    words = re.sub(r"^expect_", "", str(expectation_type)).replace("_", " ")
    return f"{words} ({', '.join(f'{name}={value}' for name, value in kwargs.items())})"


def _range(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low == high:
        return str(low)
    ends = [f"at least {low}" if low is not None else "", f"at most {high}" if high is not None else ""]
    return " and ".join(filter(None, ends))


def _set(kwargs: Mapping[str, Any]) -> str:
    values = kwargs.get("value_set")
    return " or ".join(map(str, values)) if isinstance(values, list) else str(values)


def _share(kwargs: Mapping[str, Any]) -> str:
    share = kwargs.get("mostly")
    return f" in at least {share:.0%} of rows" if isinstance(share, float) else ""


def _substitute(file: Path, where: str, value: Any, values: Parameters) -> Any:
    if isinstance(value, list):
        return [_substitute(file, where, item, values) for item in value]
    if not isinstance(value, str):
        return value
    names = PARAMETER.findall(value)
    unknown = sorted(set(names) - set(values))
    if unknown:
        raise refusal(file, f"{where}: ${unknown[0]} is not one of ${', $'.join(values)}")
    if names and value == f"${names[0]}":
        return values[names[0]]
    return PARAMETER.sub(lambda match: _sql_text(values[match[1]]), value)


def _sql_text(value: date) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()


def _require_keys(
    file: Path, where: str, mapping: Mapping[str, Any], *, required: set[str], allowed: set[str]
) -> None:
    unknown, missing = sorted(map(str, mapping.keys() - allowed)), sorted(required - mapping.keys())
    if unknown:
        raise refusal(file, f"{where} has the unknown key `{unknown[0]}`")
    if missing:
        raise refusal(file, f"{where} has no `{missing[0]}`")


def _is_list_of(value: object, item_type: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, item_type) for item in value)


def refusal(file: Path, what: str) -> ConfigurationError:
    """Return the error that says what is wrong with a suite."""
    return ConfigurationError(
        f"expectations/{file.parent.name}/{file.name}: {what}.",
        remedy="Correct the suite: a check that cannot run must not look like one that passed.",
    )
