"""How a page shows a figure: the chart, the same as a table for who cannot read charts, and its download."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from valuegap.dashboard.downloads import download
from valuegap.dashboard.figures import TEMPLATES
from valuegap.dashboard.formats import MISSING

WHOLE_FROM = 1000
"""A column of fractions of which most reach this, amounts as a rule, is shown in whole numbers."""
# Drawn by the browser alone: no logo, nothing that sends the figure anywhere.
PLOTLY_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


def exhibit(figure: go.Figure, table: pd.DataFrame, name: str, *, alt: str, digits: int = 1) -> None:
    """Draw a figure with the table behind it and its download.

    Args:
        figure: Of `figures`.
        table: Everything the figure says, with headers fit to be read.
        name: Unique on the page; of the download as well.
        alt: One sentence for a screen reader: what is drawn, and where the table is.
        digits: Decimals of the table's fractions.
    """
    figure.update_layout(template=TEMPLATES[st.context.theme.type or "light"])
    # No theme of Streamlit's: its text on charts is too pale.
    st.plotly_chart(figure, theme=None, key=f"figure-{name}", config=PLOTLY_CONFIG, alt=alt)
    show_folded("The same as a table", table, name, digits=digits)


@st.fragment
def show_folded(
    title: str, table: pd.DataFrame, name: str, *, digits: int = 1, is_unfolded: bool = False
) -> None:
    """Draw what unfolds to a table, made when it is asked for: it costs half as much as a figure."""
    fold = st.expander(title, expanded=is_unfolded, key=f"unfold-{name}", on_change="rerun")
    if fold.open:
        with fold:
            show_table(table, name, digits=digits)


def show_table(table: pd.DataFrame, name: str, *, digits: int = 1) -> None:
    """Draw a table and the button that saves it, unrounded, as `<name>.csv`."""
    shown, formats = table.copy(), {}
    for column in table.columns:
        if pd.api.types.is_float_dtype(table[column].dtype):
            places = 0 if table[column].abs().median() >= WHOLE_FROM else digits
            shown[column] = table[column].round(places) + 0.0  # −0.0 + 0.0 is 0.0
            formats[str(column)] = st.column_config.NumberColumn(format=f"%,.{places}f")
    st.dataframe(shown, hide_index=True, column_config=formats, placeholder=MISSING, key=f"table-{name}")
    download(table, name)
