import re
from datetime import date, datetime
from pathlib import Path

import pytest

from valuegap.errors import ConfigurationError
from valuegap.night import Night
from valuegap.quality import suites, validation
from valuegap.quality.gate import RAW_STREAMS
from valuegap.settings import PROJECT_ROOT

VALUES = suites.parameters(Night(date(2026, 1, 31)))
EXPECTATIONS = PROJECT_ROOT / "expectations"
SHIPPED = [
    *suites.load_suites(EXPECTATIONS / "raw", VALUES),
    *suites.load_suites(EXPECTATIONS / "marts", VALUES),
]

GOOD = """
table: marts.toy
key: [id]
expectations:
  - type: expect_column_values_to_not_be_null
    kwargs: {column: id}
    severity: critical
    meta: {notes: Nothing joins to NULL.}
"""


def load(tmp_path: Path, text: str) -> suites.Suite:
    file = tmp_path / "marts" / "toy.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return suites.load_suite(file, VALUES)


def test_a_suite_is_read_whole(tmp_path):
    suite = load(tmp_path, GOOD)

    assert (suite.table, suite.key) == ("marts.toy", ("id",))
    (check,) = suite.checks
    assert check.severity is suites.Severity.CRITICAL
    assert (check.title, check.notes) == ("id is filled", "Nothing joins to NULL.")
    assert len(validation.expectation_suite(suite).expectations) == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        pytest.param("table: marts.toy", "", "no `table`", id="no table"),
        pytest.param("table: marts.toy", "table: marts.other", "file name", id="other table"),
        pytest.param("table: marts.toy", "table: [1]", "file name", id="table is a list"),
        pytest.param("key: [id]", "", "no `key`", id="no key"),
        pytest.param("key: [id]", "key: []", "`key`", id="empty key"),
        pytest.param("key: [id]", "key: id", "`key`", id="key is text"),
        pytest.param("key: [id]", "key: [id]\nname: toy", "unknown key `name`", id="unknown suite key"),
        pytest.param("    severity: critical\n", "", "no `severity`", id="no severity"),
        pytest.param("critical", "info", "'info'", id="severity that does nothing"),
        pytest.param("critical", "[critical]", "severity", id="severity is a list"),
        pytest.param("    meta: {notes: Nothing joins to NULL.}", "", "no `meta`", id="no meta"),
        pytest.param("notes: Nothing joins to NULL.", "title: x", "no `notes`", id="no notes"),
        pytest.param("Nothing joins to NULL.", "' '", "why", id="empty notes"),
        pytest.param("{notes:", "{note:", "unknown key `note`", id="misspelt notes"),
        pytest.param("    kwargs: {column: id}\n", "", "no `kwargs`", id="no kwargs"),
        pytest.param("{column: id}", "id", "mappings", id="kwargs is text"),
        pytest.param("    kwargs:", "    enabled: false\n    kwargs:", "`enabled`", id="disabled"),
        pytest.param("severity: critical", "severity: critical\n    severity: warning", "twice", id="twice"),
        pytest.param("{column: id}", "{column: $nope}", "$nope", id="unknown parameter"),
        pytest.param("expectations:", "expectations: []\nothers:", "unknown key", id="moved away"),
        pytest.param("  - type", "    type", "not a list", id="not a list"),
        pytest.param("kwargs: {", "kwargs: {{", "cannot be read", id="not YAML"),
    ],
)
def test_a_malformed_suite_is_refused_by_name(tmp_path, old, new, complaint):
    assert old in GOOD

    with pytest.raises(ConfigurationError, match=re.escape(complaint)) as error:
        load(tmp_path, GOOD.replace(old, new, 1))

    assert "expectations/marts/toy.yml" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("to_not_be_null", "to_not_be_nul", id="misspelt type"),
        pytest.param("{column: id}", "{colum: id}", id="misspelt argument"),
        pytest.param("{column: id}", "{column: id, mostly: 5}", id="impossible share"),
        pytest.param("{column: id}", "{column: id, mostly: most}", id="share in words"),
        pytest.param("{column: id}", "{column: id, enabled: false}", id="unknown argument"),
    ],
)
def test_an_expectation_great_expectations_would_drop_is_refused(tmp_path, old, new):
    suite = load(tmp_path, GOOD.replace(old, new, 1))

    with pytest.raises(ConfigurationError, match=r"toy.yml: expectation 1 \(expect_column") as error:
        validation.expectation_suite(suite)

    assert "\n" not in str(error.value)


def test_a_lost_expectation_is_refused(tmp_path, monkeypatch):
    suite = load(tmp_path, GOOD)
    kept = validation.ExpectationSuite

    def forgetful(name, expectations):
        return kept(name, expectations=expectations[1:])

    monkeypatch.setattr(validation, "ExpectationSuite", forgetful)
    with pytest.raises(ConfigurationError, match="declares 1 expectations but Great Expectations kept 0"):
        validation.expectation_suite(suite)


def test_a_rows_query_needs_a_title(tmp_path):
    query = GOOD.replace("expect_column_values_to_not_be_null", suites.ROWS_QUERY).replace(
        "{column: id}", "{unexpected_rows_query: 'select id from {batch}'}"
    )

    with pytest.raises(ConfigurationError, match="no `title`"):
        load(tmp_path, query)


def test_parameters_keep_their_type_alone_and_become_text_within_text(tmp_path):
    text = GOOD.replace("{column: id}", "{column: 'day $as_of_date', value_set: [$until, 'x$', 5]}")

    kwargs = load(tmp_path, text).checks[0].kwargs

    assert kwargs["column"] == "day 2026-01-31"
    assert kwargs["value_set"] == [datetime(2026, 2, 1), "x$", 5]  # noqa: DTZ001 - naive UTC


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="no suite"):
        suites.load_suites(tmp_path, VALUES)


@pytest.mark.parametrize("suite", SHIPPED, ids=lambda suite: suite.table)
def test_great_expectations_keeps_every_shipped_check(suite):
    assert len(validation.expectation_suite(suite).expectations) == len(suite.checks)


@pytest.mark.parametrize("suite", SHIPPED, ids=lambda suite: suite.table)
def test_every_rows_query_looks_at_its_table_and_names_its_rows_in_order(suite):
    for check in suite.checks:
        query = check.kwargs.get("unexpected_rows_query", "{batch} order by all having")
        assert "{batch}" in query, check.title
        assert "order by all" in query or "having" in query, check.title


def test_every_raw_table_has_a_suite_that_names_the_record_and_its_place():
    keys = {suite.table: suite.key for suite in SHIPPED if suite.table.startswith("raw_")}

    assert keys == {
        table: (*stream.record_id, "_run_id", "_page", "_line") for table, stream in RAW_STREAMS.items()
    }
