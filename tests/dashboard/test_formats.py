"""Figures as text."""

import math

import pandas as pd
import pytest

from valuegap.dashboard import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.56, "1,234.6"),
        (-13.36, "−13.4"),
        (-0.04, "0.0"),
        (None, "—"),
        (math.nan, "—"),
        (math.inf, "—"),
        (pd.NA, "—"),
        (pd.NaT, "—"),
    ],
)
def test_a_number_has_a_true_minus_and_no_negative_zero(value: object, text: str) -> None:
    assert formats.number(value) == text


def test_a_signed_zero_has_no_sign() -> None:
    assert formats.number(0.04, signed=True) == "0.0"
    assert formats.number(0.06, signed=True) == "+0.1"


def test_an_interval_without_a_bound_is_missing() -> None:
    assert formats.interval(-1.0, 2.0) == "−1.0 to 2.0"
    assert formats.interval(None, 2.0) == "—"


@pytest.mark.parametrize(
    ("value", "unit", "signed", "text"),
    [
        (0.0572, "share", False, "5.7 %"),
        (0.0044, "share", True, "+0.4 points"),
        (64.78, "percent", False, "64.8 %"),
        (-1.4, "percent", True, "−1.4 points"),
        (26_344_010.0, "reporting currency", False, "26.3 m"),
        (-434_600.0, "reporting currency", True, "−434.6 k"),
        (161.1, "minutes", False, "161 min"),
        (8.61, "hours", False, "8.6 h"),
        (3447.0, "orders", False, "3,447"),
        (-4.68, "points of 100", False, "−4.7"),
        (None, "share", False, "—"),
    ],
)
def test_a_metric_is_written_in_its_unit(value: float, unit: str, signed: bool, text: str) -> None:
    assert formats.in_unit(value, unit, signed=signed) == text


def test_text_of_the_data_is_no_markdown() -> None:
    assert formats.plain("[x](http://y) $a$ :red[b]") == r"\[x\]\(http\://y\) \$a\$ \:red\[b\]"


def test_a_row_of_too_few_customers_says_so() -> None:
    assert formats.reliability("suppressed") == "too few customers"
    assert "directional" in formats.reliability("directional")
    assert formats.reliability("reliable") == ""
