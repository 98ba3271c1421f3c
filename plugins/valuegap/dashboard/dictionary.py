"""What everything means: each mart with its columns and checks, each metric with its formula."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import show_folded, show_table
from valuegap.dashboard.filters import Filters, obeyed
from valuegap.dashboard.formats import MISSING, is_missing, number, plain, words
from valuegap.dashboard.published import Published

MARTS = """
select table_name as mart, comment as meaning, estimated_size as n_rows, column_count as n_columns
from duckdb_tables() where database_name = 'published' and schema_name = 'marts' order by table_name
"""

COLUMNS = """
select
    described.table_name as mart, described.column_name, lower(described.data_type) as data_type,
    mart_column.key_position is not null as is_key, coalesce(mart_column.is_pii, false) as is_personal,
    described.comment as meaning
from duckdb_columns() as described
left join marts.mart_column
    on mart_column.model = described.table_name and mart_column.column_name = described.column_name
where described.database_name = 'published' and described.schema_name = 'marts'
order by described.table_name, described.column_index
"""

METRICS = """
select
    metric_code, metric_name, question, formula, numerator, denominator, unit, direction, minimum, maximum,
    model, column_name, row_filter, formula_source, formula_version, owner
from marts.dim_metric order by metric_name, metric_code
"""

CHECKS = """
select check_name, check_kind, column_name, severity from marts.mart_check where model = $mart
order by check_kind, check_name
"""

EXPLAINED = {
    "metric_code": "Code",
    "formula": "Formula",
    "numerator": "Numerator",
    "denominator": "Denominator",
    "unit": "Unit",
    "direction": "Better when",
    "bounds": "Bounds",
    "where": "Where it stands",
    "formula_source": "Source",
    "formula_version": "Version of the formula",
    "owner": "Who answers for its meaning",
}
DIRECTIONS = {"higher_better": "higher", "lower_better": "lower", "neutral": "neither"}


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    obeyed(filters, period=False, segment=False, instead="all that is published")
    marts, columns = published.rows(MARTS), published.rows(COLUMNS)
    metrics = published.rows(METRICS)
    sought = st.text_input(
        "Search", key="sought", placeholder="a mart, a column, a metric, or a word of its meaning"
    )
    if sought.strip():
        _show_found(sought, marts, columns, metrics)
        return
    of_marts, of_metrics = st.tabs([f"Marts ({len(marts)})", f"Metrics ({len(metrics)})"])
    with of_marts:
        _show_marts(published, marts, columns)
    with of_metrics:
        _show_metrics(metrics)


def matching(table: pd.DataFrame, sought: str, columns: list[str]) -> pd.DataFrame:
    """Return the rows in which each sought word stands in some of the columns, whatever its case."""
    text = table[columns].fillna("").astype(str).agg(" ".join, axis=1).str.lower().str.replace("_", " ")
    found = pd.Series(True, index=table.index)
    for word in sought.lower().replace("_", " ").split():
        found &= text.str.contains(word, regex=False)
    return table[found]


def _show_found(sought: str, marts: pd.DataFrame, columns: pd.DataFrame, metrics: pd.DataFrame) -> None:
    found_metrics = matching(
        metrics, sought, ["metric_code", "metric_name", "question", "formula", "formula_source"]
    )
    found_marts = matching(marts, sought, ["mart", "meaning"])
    found_columns = matching(columns, sought, ["mart", "column_name", "meaning"])
    if found_metrics.empty and found_marts.empty and found_columns.empty:
        st.info("Nothing is called that, and nothing is explained with it. Try fewer or shorter words.")
        return
    st.subheader(f"Metrics ({len(found_metrics)})")
    show_table(metrics_table(found_metrics), "found-metrics")
    st.subheader(f"Marts ({len(found_marts)})")
    show_table(marts_table(found_marts), "found-marts")
    st.subheader(f"Columns ({len(found_columns)})")
    show_table(columns_table(found_columns, with_mart=True), "found-columns")


def _show_marts(published: Published, marts: pd.DataFrame, columns: pd.DataFrame) -> None:
    show_table(marts_table(marts), "marts")
    mart = str(st.selectbox("One mart", marts["mart"].tolist(), key="mart"))
    described = marts.set_index("mart").loc[mart]
    st.subheader(mart)
    st.text(MISSING if is_missing(described["meaning"]) else described["meaning"])
    show_table(columns_table(columns[columns["mart"] == mart]), "columns")
    checks = published.rows(CHECKS, mart=mart)
    show_folded(f"What dbt checks before it is published ({len(checks)})", checks_table(checks), "checks")


def _show_metrics(metrics: pd.DataFrame) -> None:
    show_table(metrics_table(metrics), "metrics")
    names = dict(zip(metrics["metric_code"], metrics["metric_name"], strict=True))
    code = st.selectbox(
        "One metric", list(names), format_func=lambda code: f"{names[code]} ({code})", key="dictionary-metric"
    )
    if code is None:
        return
    metric = metrics.set_index("metric_code", drop=False).loc[code]
    st.subheader(plain(metric["metric_name"]))
    st.text(metric["question"])
    show_table(explained(metric), "metric")


def explained(metric: pd.Series) -> pd.DataFrame:
    """Return what `dim_metric` says of one metric, a row a property."""
    stands = f"{metric['model']}.{metric['column_name']}"
    if not is_missing(metric["row_filter"]):
        stands = f"{stands} where {metric['row_filter']}"
    values = {
        **metric.to_dict(),
        "direction": DIRECTIONS.get(metric["direction"], metric["direction"]),
        "bounds": bounds(metric["minimum"], metric["maximum"]),
        "where": stands,
    }
    return pd.DataFrame(
        {
            "What": list(EXPLAINED.values()),
            "Is": [MISSING if is_missing(values[name]) else str(values[name]) for name in EXPLAINED],
        }
    )


def bounds(minimum: float | None, maximum: float | None) -> str:
    """Return "0 to 100", "at least 0", "at most 1" or "none"."""
    low, high = (None if is_missing(bound) else f"{number(bound, 2)}" for bound in (minimum, maximum))
    low, high = (bound and bound.removesuffix(".00") for bound in (low, high))
    if low and high:
        return f"{low} to {high}"
    if low:
        return f"at least {low}"
    return f"at most {high}" if high else "none"


def marts_table(marts: pd.DataFrame) -> pd.DataFrame:
    """Return the marts as a table to read."""
    return pd.DataFrame(
        {
            "Mart": marts["mart"],
            "Rows": marts["n_rows"],
            "Columns": marts["n_columns"],
            "What a row is": marts["meaning"],
        }
    )


def columns_table(columns: pd.DataFrame, *, with_mart: bool = False) -> pd.DataFrame:
    """Return columns as a table to read."""
    table = pd.DataFrame(
        {
            "Column": columns["column_name"],
            "Meaning": columns["meaning"],
            "Type": columns["data_type"],
            "Key": columns["is_key"].map({True: "key", False: ""}),
            "Personal data": columns["is_personal"].map({True: "personal", False: ""}),
        }
    )
    if with_mart:
        table.insert(0, "Mart", columns["mart"])
    return table


def metrics_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Return metrics as a table to read."""
    return pd.DataFrame(
        {
            "Metric": metrics["metric_name"],
            "Code": metrics["metric_code"],
            "Question": metrics["question"],
            "Formula": metrics["formula"],
            "Unit": metrics["unit"],
            "Bounds": [
                bounds(low, high) for low, high in zip(metrics["minimum"], metrics["maximum"], strict=True)
            ],
            "Source": metrics["formula_source"],
            "Mart": metrics["model"],
        }
    )


def checks_table(checks: pd.DataFrame) -> pd.DataFrame:
    """Return the checks of a mart as a table to read."""
    return pd.DataFrame(
        {
            "Check": checks["check_name"].map(words),
            "Kind": checks["check_kind"].map(words),
            "Column": checks["column_name"],
            "When it fails": checks["severity"].map({"error": "stops the night", "warn": "is recorded"}),
        }
    )
