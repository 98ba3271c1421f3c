"""Estimates beside each other, as several pages show them: points with intervals, and what is not shown."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit, show_table
from valuegap.dashboard.figures import interval_points
from valuegap.dashboard.formats import MISSING, TOO_FEW


def show_estimates(rows: pd.DataFrame, table: pd.DataFrame, name: str, *, x_title: str, alt: str) -> None:
    """Draw the rows that have an estimate, those of few customers marked, over the table of all.

    Args:
        rows: `name`, `estimate`, `ci_low`, `ci_high`, `n_customers` and `reliability`.
        table: Everything of the rows, with headers fit to be read.
        name: Unique on the page; of the download as well.
        x_title: What is estimated, with its unit.
        alt: What is drawn, for a screen reader.
    """
    shown = rows.dropna(subset=["estimate"])
    if shown.empty:
        st.info(f"{x_title}: {TOO_FEW if (rows['n_customers'] > 0).any() else MISSING}.")
        show_table(table, name)
        return
    exhibit(interval_points(shown, x_title), table, name, alt=f"{alt}; the table below has every figure.")
