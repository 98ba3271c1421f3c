"""What is saved from a page opens in a spreadsheet as what it is."""

import csv
import io

import pandas as pd
import pytest

from valuegap.dashboard.downloads import csv_bytes


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_execute_is_made_harmless(start: str) -> None:
    text = f'{start}cmd|" /C calc"!A0'
    saved = csv_bytes(pd.DataFrame({"name": [text], start + "head": ["x"]})).decode()
    header, row = csv.reader(io.StringIO(saved, newline=""))
    assert row[0] == "'" + text
    assert header[1] == "'" + start + "head"


def test_numbers_and_missing_values_stay_what_they_are() -> None:
    frame = pd.DataFrame({"gap": [-13.4, None], "n": [-1, 2], "text": ['a, "b"\nc', None]})
    saved = csv_bytes(frame).decode()
    assert list(csv.reader(io.StringIO(saved, newline=""))) == [
        ["gap", "n", "text"],
        ["-13.4", "-1", 'a, "b"\nc'],
        ["", "2", ""],
    ]
