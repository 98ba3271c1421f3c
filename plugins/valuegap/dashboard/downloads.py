"""A shown table as a CSV file that a spreadsheet cannot be made to execute."""

import pandas as pd
import streamlit as st

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as RFC 4180 CSV in UTF-8.

    Text that a spreadsheet would take for a formula gets a leading apostrophe, headers too; numbers stay
    numbers, missing values are empty.
    """
    guarded = table.copy()
    for column in guarded.columns:
        if not pd.api.types.is_numeric_dtype(guarded[column].dtype):
            guarded[column] = guarded[column].map(_guarded, na_action="ignore")
    guarded.columns = pd.Index([_guarded(str(column)) for column in guarded.columns])
    return guarded.to_csv(index=False, lineterminator="\r\n").encode("utf-8")


def download(table: pd.DataFrame, name: str) -> None:
    """Draw the button that saves a table as `<name>.csv`; `name` is unique on its page."""
    st.download_button(
        "Download as CSV",
        # Written before it is asked for: what a callable writes belongs to no page, and two looks of any page
        # for a new night, between the click and the browser's request, would sweep it away.
        data=csv_bytes(table),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"download-{name}",
        on_click="ignore",
    )


def _guarded(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
