"""Period and segment: chosen in the sidebar, kept in the address, obeyed by every page or said not to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from valuegap.dashboard.formats import day, words
from valuegap.dashboard.published import Published

EVERYBODY = "all:all"
DEFAULT_GRAIN = "trailing_12m"
GRAINS = {
    "trailing_12m": "Last 12 months",
    "trailing_90d": "Last 90 days",
    "month": "Month",
    "quarter": "Quarter",
    "year": "Year",
}
"""Grains of a period and what a reader calls them. The trailing ones end on the as-of date."""

PERIODS = """
    select period_grain, period_start, period_end, period_is_complete
    from marts.kpi_current_state where segment_key = 'all:all'
    group by all order by period_start desc
"""
SEGMENTS = "select segment_key from marts.dim_segment order by segment_key = 'all:all' desc, segment_key"
GRAINS_OF_MART = "select distinct period_grain from marts.{mart}"


@dataclass(frozen=True)
class Filters:
    """What the reader chose: a period with both its days included, and a segment."""

    grain: str
    start: date
    end: date
    period_is_complete: bool
    segment: str

    @property
    def is_trailing(self) -> bool:
        """Whether the period ends on the as-of date, so that there is one of its grain."""
        return self.grain.startswith("trailing")

    @property
    def period_label(self) -> str:
        """Return "Last 12 months (2025-02-01 to 2026-01-31)"."""
        unfinished = "" if self.period_is_complete else ", not complete"
        return f"{GRAINS[self.grain]} ({day(self.start)} to {day(self.end)}{unfinished})"

    @property
    def segment_label(self) -> str:
        """Return "All customers" or "Industry: retail"."""
        return segment_label(self.segment)


def segment_label(segment_key: str) -> str:
    """Return what a reader calls a segment."""
    if segment_key == EVERYBODY:
        return "All customers"
    kind, _, value = segment_key.partition(":")
    return f"{words(kind)}: {value.replace('_', ' ')}"


def choose(published: Published) -> Filters:
    """Draw the filters into the sidebar and return what is chosen there or in the address.

    `?grain=month&start=2026-01-01&segment=industry:retail` opens a page with it; what the published file
    does not have falls back to the last twelve months of all customers.
    """
    periods = _latest_of_trailing(published.rows(PERIODS))
    if periods.empty:
        return Filters(DEFAULT_GRAIN, published.as_of_date, published.as_of_date, True, EVERYBODY)
    segments = published.rows(SEGMENTS)["segment_key"].tolist() or [EVERYBODY]
    grains = [grain for grain in GRAINS if grain in set(periods["period_grain"])]
    with st.sidebar:
        grain = _selected("Period", "grain", {each: GRAINS[each] for each in grains})
        of_grain = periods[periods["period_grain"] == grain]
        of_grain = of_grain.set_index(of_grain["period_start"].map(day))
        start = of_grain.index[0]
        if len(of_grain) > 1:
            complete = of_grain.index[of_grain["period_is_complete"]]
            start = _selected(
                "Which",
                "start",
                {each: _name(grain, each) for each in of_grain.index},
                default=str(complete[0] if len(complete) else start),
            )
        segment = _selected("Customers", "segment", {key: segment_label(key) for key in segments})
    chosen = of_grain.loc[start]
    filters = Filters(
        grain,
        chosen["period_start"].date(),
        chosen["period_end"].date(),
        bool(chosen["period_is_complete"]),
        segment,
    )
    _write_address(filters)
    return filters


def of_segment_or_everybody(
    published: Published, query: str, filters: Filters, **parameters: str
) -> tuple[pd.DataFrame, bool]:
    """Return the rows of the chosen segment, or those of everybody where it has none; and whether it had any.

    Args:
        published: What is read.
        query: With `$segment`.
        filters: What the reader chose.
        parameters: Of the query, beside the segment.
    """
    rows = published.rows(query, segment=filters.segment, **parameters)
    if not rows.empty:
        return rows, True
    return published.rows(query, segment=EVERYBODY, **parameters), False


def obeyed(filters: Filters, *, period: bool = True, segment: bool = True, instead: str = "") -> None:
    """Say above a figure what it shows, and loudly when that is not what the reader chose.

    Args:
        filters: What the reader chose.
        period: Whether the figure obeys the period.
        segment: Whether the figure obeys the segment.
        instead: What it shows in place of what it does not obey, such as "the last 12 months".
    """
    shown = [
        filters.segment_label if segment else "",
        filters.period_label if period else "",
        "" if period and segment else instead,
    ]
    st.caption(" · ".join(part for part in shown if part))
    ignored = [
        what
        for what, obeys, chosen in (
            ("period", period, filters.grain != DEFAULT_GRAIN),
            ("segment", segment, filters.segment != EVERYBODY),
        )
        if chosen and not obeys
    ]
    if ignored:
        verb = "does" if len(ignored) == 1 else "do"
        st.info(f"The chosen {' and '.join(ignored)} {verb} not apply here: this shows {instead or 'all'}.")


def explain_empty(published: Published, filters: Filters, mart: str) -> None:
    """Say why a mart has nothing for the filters, and which choice would show something."""
    column = published.rows(
        "select count(*) as n from duckdb_columns() where schema_name = 'marts' and table_name = $mart"
        " and column_name = 'period_grain'",
        mart=mart,
    )
    grains: list[str] = []
    if column["n"].iloc[0]:
        grains = published.rows(GRAINS_OF_MART.format(mart=mart))["period_grain"].tolist()
    known = [GRAINS[grain].lower() for grain in GRAINS if grain in grains]
    if grains and filters.grain not in grains:
        st.info(f"There are no figures by {GRAINS[filters.grain].lower()} here. Choose: {', '.join(known)}.")
    else:
        st.info(f"No data for {filters.segment_label}, {filters.period_label}.")


def _latest_of_trailing(periods: pd.DataFrame) -> pd.DataFrame:
    # Retention's last twelve months are whole months and begin earlier than everybody else's.
    trailing = periods["period_grain"].str.startswith("trailing")
    return periods[~trailing | ~periods.duplicated("period_grain")]


def _selected(label: str, name: str, labels: Mapping[str, str], default: str | None = None) -> str:
    """Draw one filter; `default`, or the first of `labels`, holds until something is chosen."""
    options = list(labels)
    # Streamlit forgets a widget and the address when another page is opened; the copy it keeps.
    copy = f"{name}-of-every-page"
    wanted = st.session_state.get(name, st.query_params.get(name, st.session_state.get(copy)))
    if wanted not in options:  # nothing chosen yet, or not of this file
        wanted = default or options[0]
    st.session_state[name] = wanted
    chosen = str(st.selectbox(label, options, key=name, format_func=lambda option: labels[str(option)]))
    st.session_state[copy] = chosen
    return chosen


def _write_address(filters: Filters) -> None:
    wanted = {
        name: value
        for name, value, default in (
            ("grain", filters.grain, DEFAULT_GRAIN),
            ("start", "" if filters.is_trailing else day(filters.start), ""),
            ("segment", filters.segment, EVERYBODY),
        )
        if value != default
    }
    for name in ("grain", "start", "segment"):
        if name in wanted and st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
        elif name not in wanted and name in st.query_params:
            del st.query_params[name]


def _name(grain: str, start: str) -> str:
    match grain:
        case "quarter":
            return f"{start[:4]} Q{(int(start[5:7]) + 2) // 3}"
        case "year":
            return start[:4]
        case _:
            return start[:7]
