"""Figures as text: "—" for missing, a true minus sign, never a negative zero."""

import math
import re
from typing import Any

import pandas as pd

Cell = Any
"""A cell of a frame: a number, a text, a day, or nothing, of which pandas knows several kinds."""

MISSING = "—"
TOO_FEW = "too few customers"
DIRECTIONAL = "directional: few customers"


def is_missing(value: Cell) -> bool:
    """Return whether a cell holds nothing, or a number that is none."""
    return value is None or bool(pd.isna(value)) or (isinstance(value, float) and math.isinf(value))


def number(value: Cell, digits: int = 1, *, signed: bool = False) -> str:
    """Return 1,234.5, −0.3 or, `signed`, +0.3; "—" for missing."""
    if is_missing(value):
        return MISSING
    rounded = round(float(value), digits) + 0.0  # −0.0 + 0.0 is 0.0
    text = f"{rounded:+,.{digits}f}" if signed and rounded else f"{rounded:,.{digits}f}"
    return text.replace("-", "−")


def percent(share: Cell, digits: int = 1, *, signed: bool = False) -> str:
    """Return a share of 1 as 12.3 %."""
    text = number(None if is_missing(share) else float(share) * 100, digits, signed=signed)
    return text if text == MISSING else f"{text} %"


def interval(low: Cell, high: Cell, digits: int = 1, *, signed: bool = False) -> str:
    """Return "1.2 to 3.4"; "—" when a bound is missing."""
    if is_missing(low) or is_missing(high):
        return MISSING
    return f"{number(low, digits, signed=signed)} to {number(high, digits, signed=signed)}"


def day(value: Cell) -> str:
    """Return 2026-01-31."""
    return MISSING if is_missing(value) else f"{value:%Y-%m-%d}"


def words(code: Cell) -> str:
    """Return a code as words: `concentrate_here` is "Concentrate here"."""
    if is_missing(code):
        return MISSING
    text = str(code)
    return text[:1].upper() + text[1:].replace("_", " ")


def plain(text: object) -> str:
    """Return text of the data so that Markdown shows it as it is: no link, no image, no formula."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|$:~<>])", r"\\\1", str(text))


def in_unit(value: Cell, unit: str, *, signed: bool = False) -> str:
    """Return a metric's figure in the unit that `dim_metric` states.

    `signed` is for a change: that of a share is one in points of 100, not in percent. An amount is
    shortened to thousands, millions or billions; its currency stands elsewhere.
    """
    if is_missing(value):
        return MISSING
    match unit:
        case "share" | "ratio" | "percent":
            scaled = value if unit == "percent" else value * 100
            text = f"{number(scaled, signed=signed)} {'points' if signed else '%'}"
        case "reporting currency":
            text = _short(value, signed=signed)
        case "orders" | "customers" | "deals" | "tickets":
            text = number(value, 0, signed=signed)
        case "minutes":
            text = f"{number(value, 0, signed=signed)} min"
        case "hours":
            text = f"{number(value, signed=signed)} h"
        case _:  # points of 100, of -100 to 100: the name of the metric says which
            text = number(value, signed=signed) + (" points" if signed else "")
    return text


def _short(amount: float, *, signed: bool) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{number(amount / size, signed=signed)} {letter}"
    return number(amount, 0, signed=signed)


def reliability(level: Cell) -> str:
    """Return the mark of a row: nothing when reliable, why not otherwise."""
    return {"suppressed": TOO_FEW, "directional": DIRECTIONAL}.get(level, "")
