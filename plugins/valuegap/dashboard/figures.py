"""Plotly figures out of frames: pure functions, each given what it draws and nothing else.

Colours are of Okabe and Ito's palette, and no figure rests on them: signs, marks and patterns say the same.
Backgrounds are transparent and lines half-transparent grey, so that both themes of the reader fit.
"""

import html
import textwrap
from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go

from valuegap.dashboard.formats import interval, is_missing, number, words
from valuegap.dashboard.labels import label_sides

CELL_INK = "#1a1a1a"
"""Text on the cells of a heat map, whose colours are pale in both themes."""
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILLION = "#D55E00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
GREY = "#8C8C8C"
PALETTE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE)
LINE = "rgba(128, 128, 128, 0.7)"
GRID = "rgba(128, 128, 128, 0.25)"
BAND = "rgba(0, 114, 178, 0.18)"
MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "x")

ROW_HEIGHT = 60
"""Pixels a row of a horizontal figure gets: three lines of label."""
FRAME_HEIGHT = 110
"""Pixels of legend, axis and margins."""
MAP_HEIGHT = 560
LETTER_WIDTH = 6.5
"""Pixels a letter of a label takes at most, on average."""
LABEL_WIDTH = 24
"""Characters after which a label is broken, so that a phone has room for the figure."""

SHORT, NOISE, EXCEEDED = "worse than expected", "within noise", "better than expected"
STATES = {SHORT: (VERMILLION, "/"), NOISE: (GREY, "."), EXCEEDED: (GREEN, "")}

QUADRANTS = {
    "concentrate_here": (VERMILLION, "diamond", 0.01, 0.99),
    "keep_up": (GREEN, "circle", 0.99, 0.99),
    "low_priority": (GREY, "square", 0.01, 0.01),
    "possible_overkill": (BLUE, "triangle-up", 0.99, 0.01),
}
"""Colour, mark and corner (of performance and importance, 0 to 1) of each quadrant."""


def _template(ink: str) -> go.layout.Template:
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": LINE,
        "automargin": True,
        "ticks": "",
        "ticklabelstandoff": 4,
        "tickfont": {"size": 12},
        "title": {"font": {"size": 13}, "standoff": 12},
    }
    intervals = {"error_x": {"color": ink}, "error_y": {"color": ink}}
    return go.layout.Template(
        layout={
            "font": {"color": ink, "size": 13, "family": '"Source Sans", sans-serif'},
            "margin": {"r": 16, "t": 44},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
            "hoverlabel": {"align": "left"},
            "dragmode": False,
            "bargap": 0.4,
            "xaxis": axis,
            "yaxis": axis,
        },
        data={"bar": [intervals], "scatter": [intervals]},
    )


TEMPLATES = {"light": _template("#31333f"), "dark": _template("#fafafa")}
"""What all figures have in common in each theme of the reader: text and intervals in its ink."""


def finished(
    figure: go.Figure, *, height: int, x_title: str = "", y_title: str = "", rows: Iterable[str] = ()
) -> go.Figure:
    """Give a figure its size and the titles of its axes, and room for what stands beside them.

    Args:
        figure: With all it draws.
        height: Pixels.
        x_title: Of the horizontal axis, none if empty.
        y_title: Of the vertical axis, none if empty.
        rows: Labels of the vertical axis, the first on top, where it has names and not numbers.
    """
    names = list(rows)
    longest = max((len(line) for name in names for line in name.split("<br>")), default=0)
    vertical: dict[str, object] = {"title": {"text": y_title}}
    if names:
        vertical |= {"type": "category", "categoryorder": "array", "categoryarray": names[::-1]}
    return figure.update_layout(
        height=height,
        xaxis={"title": {"text": x_title}},
        yaxis=vertical,
        # A margin that does not suffice is widened by the browser, which then draws the figure again.
        margin={
            "l": LETTER_WIDTH * longest + 28 if names else 72 if y_title else 48,
            "b": 60 if x_title else 56,
        },
    )


def label(text: object, note: str = "") -> str:
    """Return text of the data as a label: harmless to Plotly's markup, broken into lines, a note below."""
    lines = textwrap.wrap(str(text), LABEL_WIDTH) or [""]
    return "<br>".join([*(html.escape(line, quote=False) for line in lines), *([note] if note else [])])


def is_directional(rows: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows rest on few customers; such a row is marked in its label and by a hollow mark."""
    if "reliability" not in rows:
        return pd.Series(False, index=rows.index)
    return rows["reliability"] == "directional"


def row_labels(rows: pd.DataFrame, figures: Iterable[str]) -> list[str]:
    """Return the label of each row: its name, its figure and n, and whether it is only directional."""
    return [
        label(name, f"{figure} · n {number(n, 0)}{'<br>directional' if directional else ''}")
        for name, figure, n, directional in zip(
            rows["name"], figures, rows["n_customers"], is_directional(rows), strict=True
        )
    ]


def error_bars(estimates: pd.Series, low: pd.Series, high: pd.Series) -> dict[str, object]:
    """Return Plotly's error bars from absolute bounds; a missing bound draws none."""
    return {
        "type": "data",
        "symmetric": False,
        "array": high - estimates,
        "arrayminus": estimates - low,
        "thickness": 2,
        "width": 5,
    }


def gap_bars(gaps: pd.DataFrame, x_title: str) -> go.Figure:
    """Draw gaps as bars from zero with their intervals, the first row on top.

    Args:
        gaps: `name`, `estimate`, `ci_low`, `ci_high`, `n_customers` and `reliability`, one row a bar,
            no estimate missing.
        x_title: What is measured, with its unit.
    """
    gaps = gaps.assign(
        label=row_labels(gaps, (number(gap, signed=True) for gap in gaps["estimate"])),
        state=[_state(low, high) for low, high in zip(gaps["ci_low"], gaps["ci_high"], strict=True)],
    )
    figure = go.Figure()
    for state, (colour, pattern) in STATES.items():
        rows = gaps[gaps["state"] == state]
        if rows.empty:
            continue
        figure.add_bar(
            x=rows["estimate"],
            y=rows["label"],
            orientation="h",
            name=state,
            # Pale enough for the interval to be seen across the bar.
            marker={"color": colour, "opacity": 0.65, "pattern": {"shape": pattern, "solidity": 0.3}},
            error_x=error_bars(rows["estimate"], rows["ci_low"], rows["ci_high"]),
            hovertext=_hover(rows, "estimate"),
            hoverinfo="text",
        )
    finished(figure, height=_height(gaps), x_title=x_title, rows=gaps["label"])
    return figure.update_yaxes(showgrid=False)


def dumbbells(pairs: pd.DataFrame, x_title: str) -> go.Figure:
    """Draw what was expected and what was delivered as two marks on a line, the first row on top.

    Args:
        pairs: `name`, `expected`, `delivered`, `n_customers` and `reliability`, one row a line, no
            score missing.
        x_title: What is measured, with its unit.
    """
    scores = (
        f"{number(expected)} → {number(delivered)}"
        for expected, delivered in zip(pairs["expected"], pairs["delivered"], strict=True)
    )
    pairs = pairs.assign(label=row_labels(pairs, scores))
    figure = go.Figure()
    for row in pairs.itertuples():
        figure.add_scatter(
            x=[row.expected, row.delivered],
            y=[row.label, row.label],
            mode="lines",
            line={"color": LINE, "width": 4},
            hoverinfo="skip",
            showlegend=False,
        )
    for column, mark, colour in (("expected", "circle-open", GREY), ("delivered", "diamond", BLUE)):
        figure.add_scatter(
            x=pairs[column],
            y=pairs["label"],
            mode="markers",
            name=column,
            marker={"symbol": mark, "color": colour, "size": 14, "line": {"width": 3, "color": colour}},
            hovertext=[
                f"{html.escape(str(row.name), quote=False)}<br>{column} {number(getattr(row, column))}"
                f"<br>n {number(row.n_customers, 0)}"
                for row in pairs[["name", column, "n_customers"]].itertuples(index=False)
            ],
            hoverinfo="text",
        )
    return finished(figure, height=_height(pairs), x_title=x_title, rows=pairs["label"])


def interval_points(
    points: pd.DataFrame, x_title: str, *, reference: float | None = None, digits: int = 1
) -> go.Figure:
    """Draw estimates as points with their intervals, the first row on top.

    Args:
        points: `name`, `estimate`, `ci_low`, `ci_high`, `n_customers` and `reliability`, one row a point,
            no estimate missing.
        x_title: What is measured, with its unit.
        reference: Drawn as a line through all rows, such as the figure of all customers.
        digits: Decimals of the labels.
    """
    points = points.assign(
        label=row_labels(points, (number(estimate, digits) for estimate in points["estimate"]))
    )
    figure = go.Figure()
    figure.add_scatter(
        x=points["estimate"],
        y=points["label"],
        mode="markers",
        marker={"symbol": _marks(points, "diamond"), "color": BLUE, "size": 12, "line": {"width": 2}},
        error_x=error_bars(points["estimate"], points["ci_low"], points["ci_high"]),
        hovertext=_hover(points, "estimate", digits),
        hoverinfo="text",
        showlegend=False,
    )
    if reference is not None and not is_missing(reference):
        figure.add_vline(
            x=reference,
            line={"color": LINE, "dash": "dash"},
            annotation_text=f"all customers {number(reference, digits)}",
            annotation_position="top",
        )
    return finished(figure, height=_height(points), x_title=x_title, rows=points["label"])


def trend(periods: pd.DataFrame, y_title: str, *, zero: bool = False) -> go.Figure:
    """Draw an estimate over time with the band of its interval; a missing period is a break in the line.

    Args:
        periods: `period_start`, `estimate`, `ci_low`, `ci_high`, `n_customers` and `reliability`, in order
            of time.
        y_title: What is measured, with its unit.
        zero: Whether zero means something and is drawn.
    """
    figure = go.Figure()
    alone = pd.Series(False, index=periods.index)
    for run in _runs(periods.dropna(subset=["ci_low", "ci_high"]), periods):
        if len(run) == 1:  # a band without width cannot be seen: it gets an error bar
            alone[run.index] = True
            continue
        figure.add_scatter(
            x=[*run["period_start"], *run["period_start"][::-1]],
            y=[*run["ci_high"], *run["ci_low"][::-1]],
            fill="toself",
            fillcolor=BAND,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            showlegend=False,
        )
    named = periods.assign(name=[f"{start:%Y-%m}" for start in periods["period_start"]])
    figure.add_scatter(
        x=periods["period_start"],
        y=periods["estimate"],
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"symbol": _marks(periods, "circle"), "size": 9, "line": {"width": 2}},
        connectgaps=False,
        error_y=error_bars(
            periods["estimate"], periods["ci_low"].where(alone), periods["ci_high"].where(alone)
        ),
        hovertext=_hover(named, "estimate"),
        hoverinfo="text",
        showlegend=False,
    )
    if zero:
        figure.add_hline(y=0, line={"color": LINE})
    return finished(figure, height=340, y_title=y_title)


def quadrant_map(attributes: pd.DataFrame) -> go.Figure:
    """Draw importance over performance with named quadrants and both intervals.

    A hollow mark is ambiguous: an interval of its reaches across a crosshair.

    Args:
        attributes: `name`, `quadrant`, `importance_score`, `importance_low`, `importance_high`,
            `performance_score`, `ci_low`, `ci_high`, `importance_crosshair`, `performance_crosshair`,
            `is_ambiguous` and `n_customers`; the crosshairs are the same in all rows.
    """
    figure = go.Figure()
    if attributes.empty:
        return finished(figure, height=MAP_HEIGHT)
    x_range = _padded(attributes, ("ci_low", "performance_score", "ci_high"))
    y_range = _padded(attributes, ("importance_low", "importance_score", "importance_high"))
    sides = _sides(attributes, x_range, y_range)
    for quadrant, (colour, mark, x, y) in QUADRANTS.items():
        rows = attributes[attributes["quadrant"] == quadrant]
        figure.add_annotation(
            text=f"<b>{words(quadrant)}</b>",
            xref="paper",
            yref="paper",
            x=x,
            y=y,
            xanchor="left" if x < 0.5 else "right",  # noqa: PLR2004 - the middle
            yanchor="bottom" if y < 0.5 else "top",  # noqa: PLR2004
            showarrow=False,
            opacity=0.75,
        )
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["performance_score"],
            y=rows["importance_score"],
            mode="markers+text",
            name=words(quadrant),
            text=[label(name) for name in rows["name"]],
            textposition=list(sides[rows.index]),
            cliponaxis=False,
            marker={
                "symbol": [f"{mark}-open" if ambiguous else mark for ambiguous in rows["is_ambiguous"]],
                "color": colour,
                "size": 14,
                "line": {"width": 3, "color": colour},
            },
            error_x=error_bars(rows["performance_score"], rows["ci_low"], rows["ci_high"]),
            error_y=error_bars(rows["importance_score"], rows["importance_low"], rows["importance_high"]),
            hovertext=[
                f"{html.escape(str(row.name), quote=False)}<br>importance {number(row.importance_score)}"
                f" ({interval(row.importance_low, row.importance_high)})"
                f"<br>performance {number(row.performance_score)} ({interval(row.ci_low, row.ci_high)})"
                f"<br>n {number(row.n_customers, 0)}"
                for row in rows.itertuples(index=False)
            ],
            hoverinfo="text",
        )
    crosshairs = attributes.iloc[0]
    figure.add_vline(x=crosshairs["performance_crosshair"], line={"color": LINE, "dash": "dash"})
    figure.add_hline(y=crosshairs["importance_crosshair"], line={"color": LINE, "dash": "dash"})
    figure.update_xaxes(range=x_range)
    figure.update_yaxes(range=y_range)
    return finished(
        figure, height=MAP_HEIGHT, x_title="Performance, points of 100", y_title="Importance, points of 100"
    )


def _sides(attributes: pd.DataFrame, x_range: list[float], y_range: list[float]) -> pd.Series:
    x = (attributes["performance_score"] - x_range[0]) / (x_range[1] - x_range[0])
    y = (attributes["importance_score"] - y_range[0]) / (y_range[1] - y_range[0])
    names = [label(name) for name in attributes["name"]]
    sides = label_sides(list(zip(x, y, strict=True)), names, MAP_HEIGHT - FRAME_HEIGHT)
    return pd.Series(sides, index=attributes.index)


def _marks(rows: pd.DataFrame, mark: str) -> list[str]:
    return [f"{mark}-open" if directional else mark for directional in is_directional(rows)]


def _state(low: float, high: float) -> str:
    if high < 0:
        return SHORT
    return EXCEEDED if low > 0 else NOISE  # a missing interval is noise as well


def _height(rows: pd.DataFrame) -> int:
    return ROW_HEIGHT * max(len(rows), 1) + FRAME_HEIGHT


def _hover(rows: pd.DataFrame, column: str, digits: int = 1) -> list[str]:
    return [
        f"{html.escape(str(name), quote=False)}<br>{number(estimate, digits)}"
        f"<br>interval {interval(low, high, digits)}<br>n {number(n, 0)}"
        for name, estimate, low, high, n in zip(
            rows["name"], rows[column], rows["ci_low"], rows["ci_high"], rows["n_customers"], strict=True
        )
    ]


def _runs(present: pd.DataFrame, periods: pd.DataFrame) -> Iterable[pd.DataFrame]:
    """Cut the periods that have an interval into stretches without a hole."""
    positions = pd.Series(periods.index.get_indexer(present.index), index=present.index)
    for _, run in present.groupby((positions.diff() != 1).cumsum()):
        yield run


def _padded(rows: pd.DataFrame, columns: tuple[str, ...]) -> list[float]:
    values = pd.concat([rows[column] for column in columns]).dropna()
    low, high = float(values.min()), float(values.max())
    room = max((high - low) * 0.2, 2.0)
    return [low - room, high + room]
