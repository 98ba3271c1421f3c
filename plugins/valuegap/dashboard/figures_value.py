"""Figures of the page Value: pure functions, each given what it draws and nothing else."""

import html

import pandas as pd
import plotly.graph_objects as go

from valuegap.dashboard.figures import (
    BLUE,
    CELL_INK,
    FRAME_HEIGHT,
    GREEN,
    LINE,
    ORANGE,
    PALETTE,
    ROW_HEIGHT,
    SKY,
    VERMILLION,
    finished,
    is_directional,
    label,
)
from valuegap.dashboard.formats import interval, number, percent, words

COUNT_SCALE = [[0.0, "#E8F1F8"], [1.0, SKY]]
"""Few to many. The text of a cell says the number, so that no shade has to be read."""

POSITIONS = {
    "above": (GREEN, "triangle-up"),
    "on": (BLUE, "circle"),
    "below": (VERMILLION, "triangle-down"),
}
"""Colour and mark of where we stand against a competitor on the line of fair value."""


def customers_by_band(bands: pd.DataFrame, x_title: str) -> go.Figure:
    """Draw how many customers stand in each band, in the order given.

    Args:
        bands: `name`, `n_customers` and `is_loss` (drawn in another colour and pattern), one row a bar.
        x_title: What the bands are bands of, with its unit.
    """
    figure = go.Figure()
    figure.add_bar(
        x=bands["name"],
        y=bands["n_customers"],
        text=[number(n, 0) for n in bands["n_customers"]],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [VERMILLION if loss else BLUE for loss in bands["is_loss"]],
            "pattern": {"shape": ["/" if loss else "" for loss in bands["is_loss"]], "solidity": 0.3},
        },
        hovertext=[
            f"{name}<br>{number(n, 0)} customers"
            for name, n in zip(bands["name"], bands["n_customers"], strict=True)
        ],
        hoverinfo="text",
        showlegend=False,
    )
    finished(figure, height=360, x_title=x_title, y_title="Customers")
    figure.update_layout(bargap=0.08)
    return figure.update_xaxes(type="category", showgrid=False)


def worth_by_satisfaction(counts: pd.DataFrame) -> go.Figure:
    """Draw how many customers have each combination of worth and satisfaction.

    Args:
        counts: Customers; its index names the rows, the first on top, its columns the bands of satisfaction.
    """
    columns = [str(column) for column in counts.columns]
    rows = [str(row) for row in counts.index]
    cells = counts.to_numpy().tolist()
    figure = go.Figure(
        go.Heatmap(
            z=cells,
            x=columns,
            y=rows,
            text=[[number(n, 0) for n in of_row] for of_row in cells],
            texttemplate="%{text}",
            textfont={"color": CELL_INK},
            hovertext=[
                [
                    f"{row}<br>satisfaction {column}<br>{number(n, 0)} customers"
                    for column, n in zip(columns, of_row, strict=True)
                ]
                for row, of_row in zip(rows, cells, strict=True)
            ],
            hoverinfo="text",
            colorscale=COUNT_SCALE,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    finished(figure, height=380, x_title="Satisfaction, points of 100", rows=rows)
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(showgrid=False)


def worth_by_tier(tiers: pd.DataFrame) -> go.Figure:
    """Draw what share of all relationship value each tier holds, and the share up to it.

    Args:
        tiers: `value_tier` and `equity_share` (of 1, missing where too few) and `n_customers`, in order.
    """
    names = [f"{tier:.0f}" for tier in tiers["value_tier"]]
    figure = go.Figure()
    figure.add_bar(
        x=names,
        y=tiers["equity_share"] * 100,
        name="share of the tier",
        marker={"color": BLUE},
        hovertext=[
            f"tier {tier:.0f}<br>{percent(share)}<br>{number(n, 0)} customers"
            for tier, share, n in zip(
                tiers["value_tier"], tiers["equity_share"], tiers["n_customers"], strict=True
            )
        ],
        hoverinfo="text",
    )
    if not tiers["equity_share"].isna().any():  # else the line would tell what the missing tier holds
        together = tiers["equity_share"].cumsum()
        figure.add_scatter(
            x=names,
            y=together * 100,
            name="share up to the tier",
            mode="lines+markers",
            line={"color": ORANGE, "width": 2},
            marker={"symbol": "diamond", "size": 9},
            hovertext=[
                f"up to tier {tier:.0f}<br>{percent(share)}"
                for tier, share in zip(tiers["value_tier"], together, strict=True)
            ],
            hoverinfo="text",
        )
    finished(figure, height=380, x_title="Value tier", y_title="Share of all relationship value, %")
    figure.update_xaxes(type="category", showgrid=False)
    return figure.update_yaxes(rangemode="tozero")


def cost_price_worth(products: pd.DataFrame) -> go.Figure:
    """Draw cost and worth of each product with its price as 100, the first row on top.

    Args:
        products: `name`, `price`, `unit_cost` and `evc_amount`, one row a product, none missing.
    """
    cost = products["unit_cost"] / products["price"] * 100
    worth = products["evc_amount"] / products["price"] * 100
    labels = [label(name) for name in products["name"]]
    figure = go.Figure()
    for name, low, high in zip(labels, cost, worth, strict=True):
        figure.add_scatter(
            x=[low, high],
            y=[name, name],
            mode="lines",
            line={"color": LINE, "width": 4},
            hoverinfo="skip",
            showlegend=False,
        )
    for title, mark, colour, of_price, amounts in (
        ("cost to us", "square-open", PALETTE[1], cost, products["unit_cost"]),
        ("worth to the customer", "diamond", BLUE, worth, products["evc_amount"]),
    ):
        figure.add_scatter(
            x=of_price,
            y=labels,
            mode="markers",
            name=title,
            marker={"symbol": mark, "color": colour, "size": 13, "line": {"width": 3, "color": colour}},
            hovertext=[
                f"{html.escape(str(name), quote=False)}<br>{title} {number(amount, 2)}"
                f"<br>price {number(price, 2)}<br>{number(share, 0)} for each 100 of price"
                for name, amount, price, share in zip(
                    products["name"], amounts, products["price"], of_price, strict=True
                )
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=100, line={"color": LINE, "dash": "dash"})
    figure.add_annotation(
        x=100, y=0, yref="paper", yanchor="bottom", text="price", showarrow=False, xshift=-18
    )
    height = ROW_HEIGHT * max(len(products), 1) + FRAME_HEIGHT
    return finished(figure, height=height, x_title="For each 100 of price", rows=labels)


def value_map(competitors: pd.DataFrame) -> go.Figure:
    """Draw perceived quality against price, both of us relative to each competitor.

    On the line we ask as much more (or less) as we give; above it customers get more for their money here.

    Args:
        competitors: `name`, `relative_price`, `mpq_ratio`, `relative_value_ratio`, `ci_low`, `ci_high`,
            `fair_value_position`, `n_customers` and `reliability`, one row a competitor, none missing.
    """
    figure = go.Figure()
    values = pd.concat([competitors["relative_price"], competitors["mpq_ratio"], pd.Series([1.0])])
    room = max(float(values.max() - values.min()) * 0.25, 0.05)
    ends = [float(values.min()) - room, float(values.max()) + room]
    figure.add_scatter(
        x=ends,
        y=ends,
        mode="lines",
        name="fair value",
        line={"color": LINE, "dash": "dash"},
        hoverinfo="skip",
    )
    for position, (colour, mark) in POSITIONS.items():
        rows = competitors[competitors["fair_value_position"] == position]
        if rows.empty:
            continue
        figure.add_scatter(
            x=rows["relative_price"],
            y=rows["mpq_ratio"],
            mode="markers+text",
            name=f"{words(position)} fair value",
            text=[label(name) for name in rows["name"]],
            textposition="bottom center",
            cliponaxis=False,
            marker={
                "symbol": [f"{mark}-open" if directional else mark for directional in is_directional(rows)],
                "color": colour,
                "size": 16,
                "line": {"width": 2, "color": colour},
            },
            hovertext=[
                f"{html.escape(str(row.name), quote=False)}<br>quality {number(row.mpq_ratio, 2)} of theirs"
                f"<br>price {number(row.relative_price, 2)} of theirs"
                f"<br>value for money {number(row.relative_value_ratio, 2)}"
                f" ({interval(row.ci_low, row.ci_high, 2)})<br>n {number(row.n_customers, 0)}"
                for row in rows.itertuples(index=False)
            ],
            hoverinfo="text",
        )
    finished(
        figure,
        height=440,
        x_title="Our price by theirs (right is dearer)",
        y_title="Our quality by theirs (up is better)",
    )
    figure.update_xaxes(range=ends)
    return figure.update_yaxes(range=ends)
