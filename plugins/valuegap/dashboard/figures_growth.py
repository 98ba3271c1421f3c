"""Figures of the page Growth and retention: pure functions, each given what it draws and nothing else."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from valuegap.dashboard.figures import (
    CELL_INK,
    FRAME_HEIGHT,
    GREEN,
    GREY,
    LINE,
    MARKS,
    PALETTE,
    SKY,
    VERMILLION,
    finished,
    is_directional,
)
from valuegap.dashboard.formats import TOO_FEW, interval, is_missing, number, percent

RETENTION_SCALE = [[0.0, "#FBE9DD"], [0.5, "#E8F1F8"], [1.0, SKY]]
"""Lost to kept. The text of a cell says the share, so that no shade has to be read."""

COHORT_HEIGHT = 34
"""Pixels a cohort gets: two lines of label."""

DRAWN_MONTHS = {0, 1, 2, 3, 6, 9, 18}
"""Months since the first purchase that are drawn, and with them every whole year."""


def levers_waterfall(
    before: float, parts: Sequence[tuple[str, float]], after: float, currency: str, names: tuple[str, str]
) -> go.Figure:
    """Draw how a first amount became a second by parts that add up to the change.

    Args:
        before: The first amount.
        parts: Name and amount of each part, in order.
        after: The second amount.
        currency: Of all amounts.
        names: Of the first and the second amount.
    """
    labels = [names[0], *(name for name, _ in parts), names[1]]
    amounts = [before, *(amount for _, amount in parts), after]
    texts = [
        number(before, 0),
        *(number(amount, 0, signed=True) for _, amount in parts),
        number(after, 0),
    ]
    figure = go.Figure(
        go.Waterfall(
            x=labels,
            y=amounts,
            measure=["absolute", *("relative" for _ in parts), "total"],
            text=texts,
            textposition="outside",
            cliponaxis=False,
            connector={"line": {"color": LINE}},
            increasing={"marker": {"color": GREEN}},
            decreasing={"marker": {"color": VERMILLION}},
            totals={"marker": {"color": GREY}},
            hovertext=[f"{name}<br>{text} {currency}" for name, text in zip(labels, texts, strict=True)],
            hoverinfo="text",
            showlegend=False,
        )
    )
    finished(figure, height=420, y_title=f"{currency}; the axis is cut")
    figure.update_xaxes(type="category", showgrid=False)
    # From zero the parts would be slivers between two tall bars; the bars' texts say the amounts.
    steps = pd.Series([before, *(amount for _, amount in parts)]).cumsum()
    room = max(float(steps.max() - steps.min()) * 0.35, abs(before) * 0.01, 1.0)
    return figure.update_yaxes(range=[float(steps.min()) - room, float(steps.max()) + room])


def cohort_map(cells: pd.DataFrame) -> go.Figure:
    """Draw the share of each cohort that is still there, by months since its first purchase.

    Of a long history only some months are drawn: all of them would be too narrow to be read on a phone.

    Args:
        cells: `cohort_month`, `month_number`, `retention_rate` (of 1, missing where it may not be shown or is
            not known yet), `ci_low`, `ci_high`, `size` and `reason` (why a share is missing, else "").
    """
    months = [month for month in sorted(cells["month_number"].unique()) if _is_drawn(month)]
    cohorts = sorted(cells["cohort_month"].unique())
    known = {(cell["cohort_month"], cell["month_number"]): cell for cell in cells.to_dict("records")}
    sizes = cells.groupby("cohort_month")["size"].max()
    rows = [f"{cohort:%Y-%m}<br>n {number(sizes[cohort], 0)}" for cohort in cohorts]
    grid = [[known.get((cohort, month), {}) for month in months] for cohort in cohorts]
    shares = [[_share(cell) for cell in of_cohort] for of_cohort in grid]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=[str(month) for month in months],
            y=rows,
            text=[["" if share is None else number(share, 0) for share in of_cohort] for of_cohort in shares],
            texttemplate="%{text}",
            textfont={"color": CELL_INK},
            hovertext=[
                [_cell_hover(cohort, month, cell) for month, cell in zip(months, of_cohort, strict=True)]
                for cohort, of_cohort in zip(cohorts, grid, strict=True)
            ],
            hoverinfo="text",
            zmin=0,
            zmax=100,
            colorscale=RETENTION_SCALE,
            showscale=False,
            xgap=1,
            ygap=1,
        )
    )
    finished(
        figure,
        height=FRAME_HEIGHT + COHORT_HEIGHT * len(cohorts),
        x_title="Months since the first purchase",
        rows=rows,
    )
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(showgrid=False)


def _is_drawn(month: int) -> bool:
    return month in DRAWN_MONTHS or month % 12 == 0


def _share(cell: Mapping[Hashable, Any]) -> float | None:
    share = cell.get("retention_rate", math.nan)
    return None if is_missing(share) else float(share) * 100


def _cell_hover(cohort: pd.Timestamp, month: int, cell: Mapping[Hashable, Any]) -> str:
    if _share(cell) is None:
        return f"{cohort:%Y-%m}, month {month}<br>{cell.get('reason') or TOO_FEW}"
    return (
        f"{cohort:%Y-%m}, month {month}<br>{percent(cell['retention_rate'])} still there"
        f"<br>interval {interval(cell['ci_low'] * 100, cell['ci_high'] * 100)}<br>n {number(cell['size'], 0)}"
    )


def rates_by_month(months: pd.DataFrame, rates: dict[str, str]) -> go.Figure:
    """Draw shares by month, each line with a mark of its own; a missing month is a break in its line.

    Args:
        months: `month_start`, `n_customers`, `reliability` and the columns of `rates` (of 1), by time.
        rates: Column and name of each line.
    """
    figure = go.Figure()
    for (column, name), colour, mark in zip(rates.items(), PALETTE, MARKS, strict=False):
        figure.add_scatter(
            x=months["month_start"],
            y=months[column] * 100,
            mode="lines+markers",
            name=name,
            line={"color": colour, "width": 2},
            marker={
                "symbol": [f"{mark}-open" if directional else mark for directional in is_directional(months)],
                "size": 9,
            },
            connectgaps=False,
            hovertext=[
                f"{start:%Y-%m}<br>{name} {percent(share)}<br>n {number(n, 0)}"
                for start, share, n in zip(
                    months["month_start"], months[column], months["n_customers"], strict=True
                )
            ],
            hoverinfo="text",
        )
    figure.add_hline(y=100, line={"color": LINE, "dash": "dash"})
    return finished(figure, height=340, y_title="Of the amount at the month's start, %")
