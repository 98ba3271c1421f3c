"""How a page shows a figure: the chart, the same as a table for who cannot read charts, and its download."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from valuegap.dashboard.downloads import download
from valuegap.dashboard.formats import MISSING

WHOLE_FROM = 1000
"""A column of fractions of which most reach this, amounts as a rule, is shown in whole numbers."""
# Drawn by the browser alone: no logo, nothing that sends the figure anywhere.
PLOTLY_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True}


INK = {"light": "#31333f", "dark": "#fafafa"}
"""Colour of text and intervals in each theme of the reader; Streamlit's own for charts is too pale."""


def exhibit(figure: go.Figure, table: pd.DataFrame, name: str, *, alt: str, digits: int = 1) -> None:
    """Draw a figure with the table behind it and its download.

    Args:
        figure: Of `figures`.
        table: Everything the figure says, with headers fit to be read.
        name: Unique on the page; of the download as well.
        alt: One sentence for a screen reader: what is drawn, and where the table is.
        digits: Decimals of the table's fractions.
    """
    theme = st.context.theme.type or "light"
    st.plotly_chart(inked(figure, INK[theme]), key=f"figure-{name}", config=PLOTLY_CONFIG, alt=alt)
    with st.expander("The same as a table"):
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


def inked(figure: go.Figure, ink: str) -> go.Figure:
    """Return the figure with text and intervals in the colour of the reader's theme."""
    figure.update_layout(font={"color": ink, "size": 13}, legend={"font": {"color": ink}})
    figure.update_xaxes(tickfont={"color": ink}, title_font={"color": ink})
    figure.update_yaxes(tickfont={"color": ink}, title_font={"color": ink})
    figure.update_annotations(font={"color": ink})
    for trace in figure.data:
        for bars in ("error_x", "error_y"):
            if bars in trace and trace[bars].array is not None:
                trace[bars].color = ink
    return figure
