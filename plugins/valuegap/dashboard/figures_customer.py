"""The time line of the page Customer: a pure function of the frames it draws."""

import html
import textwrap
from dataclasses import dataclass
from datetime import date

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from valuegap.dashboard.figures import (
    BAND,
    BLUE,
    GREEN,
    GREY,
    LINE,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    finished,
)
from valuegap.dashboard.formats import number

SCORES = {
    "csat": ("satisfaction", "circle", BLUE),
    "nps": ("recommends us", "diamond", GREEN),
    "ces": ("ease", "square", ORANGE),
    "csat_ticket": ("after a ticket", "triangle-up", PURPLE),
}
"""Metric of an answer, with what a reader calls it, its mark and colour."""
GAPS = {
    "satisfaction": ("against expectation", "circle-open", BLUE),
    "value": ("against value hoped for", "diamond-open", GREEN),
    "promise": ("against promise", "square-open", ORANGE),
}
"""Kind of gap, likewise."""
MONEY, ANSWERS, DIFFERENCES, EVENTS = 1, 2, 3, 4
TICKETS = "Tickets"
LANE_WIDTH = 12
"""Characters after which the name of a lane is broken: a phone needs the room for the lines."""
MONTH_WIDTH = 30 * 24 * 3600 * 1000
"""Milliseconds, the unit of a bar's width on an axis of time."""


@dataclass(frozen=True)
class Story:
    """What one customer bought, said and needed help with.

    Attributes:
        months: `month_start`, `revenue`, `margin` and `orders`, one row a month.
        scores: `submitted_at`, `metric_code` (others than of `SCORES` are not drawn) and `score` of 100.
        gaps: `submitted_at`, `gap_type` (of `GAPS`) and `gap_score`, points of 100, one row a response.
        tickets: `created_at`, `topic`, `is_sla_met` (missing when nothing was promised) and `is_resolved`.
        cases: `opened_at`, `closed_at` (missing while open), `reason` and `outcome`.
        currency: Of revenue and margin.
        as_of: Last day known; a case that is open reaches it.
    """

    months: pd.DataFrame
    scores: pd.DataFrame
    gaps: pd.DataFrame
    tickets: pd.DataFrame
    cases: pd.DataFrame
    currency: str
    as_of: date


def time_line(story: Story, period: tuple[date, date]) -> go.Figure:
    """Draw a story, one kind of event above the other on one axis of time.

    Args:
        story: Of one customer.
        period: First and last day that are shaded.
    """
    figure = make_subplots(
        rows=4,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.07,
        row_heights=[0.28, 0.23, 0.23, 0.26],
        subplot_titles=(
            f"Revenue, margin, {story.currency}",
            "Answers, 0 to 100",
            "Gaps, below 0 is worse",
            "Tickets and cases",
        ),
    )
    _money(figure, story.months)
    for code, look in SCORES.items():
        answers = story.scores[story.scores["metric_code"] == code]
        _points(figure, answers.rename(columns={"score": "points"}), look, ANSWERS)
    for kind, look in GAPS.items():
        differences = story.gaps[story.gaps["gap_type"] == kind]
        _points(figure, differences.rename(columns={"gap_score": "points"}), look, DIFFERENCES)
    figure.add_hline(y=0, line={"color": LINE}, row=DIFFERENCES)
    _tickets(figure, story.tickets)
    _cases(figure, story)
    figure.add_vrect(
        x0=f"{period[0]:%Y-%m-%d}", x1=f"{period[1]:%Y-%m-%d}", fillcolor=BAND, line_width=0, layer="below"
    )
    finished(figure, height=960)
    figure.update_layout(barmode="overlay", legend={"y": 1.04}, margin={"l": 80, "t": 136})
    figure.update_yaxes(range=[-5, 105], row=ANSWERS)
    lanes = [TICKETS, *sorted(_lane(reason) for reason in story.cases["reason"].unique())]
    figure.update_yaxes(categoryorder="array", categoryarray=lanes[::-1], row=EVENTS)
    # Titles left, where a phone shows them.
    figure.update_annotations(x=0, xanchor="left")
    return figure.update_xaxes(range=_span(story))


def _money(figure: go.Figure, months: pd.DataFrame) -> None:
    for column, colour, width in (("revenue", SKY, 0.8), ("margin", BLUE, 0.4)):
        figure.add_bar(
            x=months["month_start"],
            y=months[column],
            name=column,
            width=width * MONTH_WIDTH,
            offset=(1 - width) / 2 * MONTH_WIDTH,
            marker={"color": colour},
            hovertext=[
                f"{start:%Y-%m}<br>{column} {number(amount, 0)}<br>{number(orders, 0)} orders"
                for start, amount, orders in zip(
                    months["month_start"], months[column], months["orders"], strict=True
                )
            ],
            hoverinfo="text",
            row=MONEY,
            col=1,
        )


def _points(figure: go.Figure, rows: pd.DataFrame, look: tuple[str, str, str], row: int) -> None:
    if rows.empty:
        return
    name, mark, colour = look
    figure.add_scatter(
        x=rows["submitted_at"],
        y=rows["points"],
        mode="markers",
        name=name,
        marker={"symbol": mark, "color": colour, "size": 10, "line": {"width": 2, "color": colour}},
        hovertext=[
            f"{at:%Y-%m-%d}<br>{name} {number(points)}"
            for at, points in zip(rows["submitted_at"], rows["points"], strict=True)
        ],
        hoverinfo="text",
        row=row,
        col=1,
    )


def _tickets(figure: go.Figure, tickets: pd.DataFrame) -> None:
    kept = tickets["is_sla_met"].fillna(value=True).astype(bool)
    for rows, name, mark, colour in (
        (tickets[kept], "ticket", "circle", GREY),
        (tickets[~kept], "ticket, promised time missed", "x", VERMILLION),
    ):
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["created_at"],
            y=[TICKETS] * len(rows),
            mode="markers",
            name=name,
            marker={"symbol": mark, "color": colour, "size": 10},
            hovertext=[
                f"{at:%Y-%m-%d}<br>{html.escape(str(topic), quote=False)}"
                f"<br>{'solved' if is_resolved else 'not solved'}"
                for at, topic, is_resolved in zip(
                    rows["created_at"], rows["topic"], rows["is_resolved"], strict=True
                )
            ],
            hoverinfo="text",
            row=EVENTS,
            col=1,
        )


def _cases(figure: go.Figure, story: Story) -> None:
    cases = story.cases.assign(end=story.cases["closed_at"].fillna(pd.Timestamp(story.as_of)))
    for position, (opened, end, reason, outcome) in enumerate(
        zip(cases["opened_at"], cases["end"], cases["reason"], cases["outcome"], strict=True)
    ):
        figure.add_scatter(
            x=[opened, end],
            y=[_lane(reason)] * 2,
            mode="lines+markers",
            name="case of an unhappy answer",
            legendgroup="cases",
            showlegend=position == 0,
            line={"color": ORANGE, "width": 3},
            marker={"symbol": ["triangle-right", "triangle-left"], "size": 11},
            hovertext=f"{opened:%Y-%m-%d} to {end:%Y-%m-%d}<br>{reason}<br>{outcome}",
            hoverinfo="text",
            row=EVENTS,
            col=1,
        )


def _lane(reason: str) -> str:
    return "<br>".join(textwrap.wrap(reason, LANE_WIDTH, break_long_words=False))


def _span(story: Story) -> list[pd.Timestamp]:
    starts = [
        story.months["month_start"].min(),
        story.scores["submitted_at"].min(),
        story.tickets["created_at"].min(),
    ]
    end = pd.Timestamp(story.as_of) + pd.Timedelta(days=15)
    known = [start for start in starts if not pd.isna(start)]
    return [min([*known, end - pd.Timedelta(days=60)]) - pd.Timedelta(days=15), end]
