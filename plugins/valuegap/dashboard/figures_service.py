"""Figures of the page Service: pure functions, each given what it draws and nothing else."""

import html

import pandas as pd
import plotly.graph_objects as go

from valuegap.dashboard.figures import (
    BLUE,
    FRAME_HEIGHT,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    ROW_HEIGHT,
    VERMILLION,
    error_bars,
    finished,
    is_directional,
    label,
)
from valuegap.dashboard.formats import interval, number

BANDS = {"A": (GREEN, "triangle-up"), "B": (GREY, "circle"), "C": (VERMILLION, "triangle-down")}
"""Colour and mark of agents surely better than the rest, not to be told from it, surely worse."""


def waiting_times(times: pd.DataFrame) -> go.Figure:
    """Draw the median and the 90th percentile of waiting times in hours, the first row on top.

    Args:
        times: `name`, `median_value` and `p90_value` in hours and `n_responses` (tickets), one row a line,
            none missing.
    """
    labels = [
        label(name, f"{number(median)} → {number(p90)} h")
        for name, median, p90 in zip(times["name"], times["median_value"], times["p90_value"], strict=True)
    ]
    figure = go.Figure()
    for name, median, p90 in zip(labels, times["median_value"], times["p90_value"], strict=True):
        figure.add_scatter(
            x=[median, p90],
            y=[name, name],
            mode="lines",
            line={"color": LINE, "width": 4},
            hoverinfo="skip",
            showlegend=False,
        )
    for column, title, mark, colour in (
        ("median_value", "half of the tickets within", "circle", BLUE),
        ("p90_value", "nine of ten within", "diamond-open", ORANGE),
    ):
        figure.add_scatter(
            x=times[column],
            y=labels,
            mode="markers",
            name=title,
            cliponaxis=False,
            marker={"symbol": mark, "color": colour, "size": 13, "line": {"width": 3, "color": colour}},
            hovertext=[
                f"{html.escape(str(name), quote=False)}<br>{title} {number(hours, 2)} h"
                f"<br>{number(n, 0)} tickets"
                for name, hours, n in zip(times["name"], times[column], times["n_responses"], strict=True)
            ],
            hoverinfo="text",
        )
    height = ROW_HEIGHT * max(len(times), 1) + FRAME_HEIGHT
    finished(figure, height=height, x_title="Hours", rows=labels)
    return figure.update_xaxes(rangemode="tozero")


def times_by_month(months: pd.DataFrame, y_title: str) -> go.Figure:
    """Draw the median and the 90th percentile of a waiting time by month; a missing month breaks the lines.

    Args:
        months: `period_start`, `median_value`, `p90_value`, `n_responses` (tickets) and `reliability`, in the
            order of time.
        y_title: What is measured, with its unit.
    """
    figure = go.Figure()
    for column, title, mark, colour in (
        ("median_value", "half of the tickets within", "circle", BLUE),
        ("p90_value", "nine of ten within", "diamond", ORANGE),
    ):
        figure.add_scatter(
            x=months["period_start"],
            y=months[column],
            mode="lines+markers",
            name=title,
            line={"color": colour, "width": 2},
            marker={"symbol": [f"{mark}{hollow}" for hollow in _hollow(months)], "size": 9},
            connectgaps=False,
            hovertext=[
                f"{start:%Y-%m}<br>{title} {number(value, 2)}<br>{number(n, 0)} tickets"
                for start, value, n in zip(
                    months["period_start"], months[column], months["n_responses"], strict=True
                )
            ],
            hoverinfo="text",
        )
    finished(figure, height=340, y_title=y_title)
    return figure.update_yaxes(rangemode="tozero")


def agent_scores(agents: pd.DataFrame, overall: float) -> go.Figure:
    """Draw the adjusted score of each agent with its interval, the first row on top.

    Args:
        agents: `name`, `csat_adjusted`, `csat_adjusted_low`, `csat_adjusted_high`, `n_ratings` and
            `rank_band` (A, B or C), one row an agent, none missing.
        overall: Mean of all ratings, drawn as a line.
    """
    labels = [
        label(name, f"n {number(n, 0)}") for name, n in zip(agents["name"], agents["n_ratings"], strict=True)
    ]
    agents = agents.assign(label=labels)
    figure = go.Figure()
    for band, (colour, mark) in BANDS.items():
        rows = agents[agents["rank_band"] == band]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["csat_adjusted"],
            y=rows["label"],
            mode="markers",
            name={"A": "A: surely better", "B": "B: not to be told apart", "C": "C: surely worse"}[band],
            marker={"symbol": mark, "color": colour, "size": 13},
            error_x=error_bars(rows["csat_adjusted"], rows["csat_adjusted_low"], rows["csat_adjusted_high"]),
            hovertext=[
                f"{html.escape(str(row.name), quote=False)}<br>adjusted {number(row.csat_adjusted)}"
                f" ({interval(row.csat_adjusted_low, row.csat_adjusted_high)})"
                f"<br>{number(row.n_ratings, 0)} ratings"
                for row in rows.itertuples(index=False)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=overall, line={"color": LINE, "dash": "dash"})
    figure.update_layout(showlegend=True)
    height = ROW_HEIGHT * max(len(agents), 1) + FRAME_HEIGHT
    return finished(figure, height=height, x_title="Adjusted satisfaction, points of 100", rows=labels)


def satisfaction_by_time(bands: pd.DataFrame, unit: str) -> go.Figure:
    """Draw satisfaction with its interval by how long service took.

    Args:
        bands: `band`, `estimate`, `ci_low`, `ci_high`, `n_customers` and `reliability`, from quick to slow,
            none missing.
        unit: Of the bands, such as "hours".
    """
    names = [
        f"{band}<br>n {number(n, 0)}" for band, n in zip(bands["band"], bands["n_customers"], strict=True)
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=names,
        y=bands["estimate"],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={
            "symbol": [f"diamond{hollow}" for hollow in _hollow(bands)],
            "size": 12,
            "line": {"width": 2, "color": BLUE},
        },
        error_y=error_bars(bands["estimate"], bands["ci_low"], bands["ci_high"]),
        hovertext=[
            f"{row.band} {unit}<br>{number(row.estimate)} ({interval(row.ci_low, row.ci_high)})"
            f"<br>n {number(row.n_customers, 0)}"
            for row in bands.itertuples(index=False)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    finished(figure, height=400, x_title=f"Service time, {unit}", y_title="Satisfaction, points of 100")
    return figure.update_xaxes(type="category", showgrid=False)


def _hollow(rows: pd.DataFrame) -> list[str]:
    return ["-open" if directional else "" for directional in is_directional(rows)]
