"""Decimals of a table: those of the column, and none where most of it are large amounts."""

import json

from streamlit.testing.v1 import AppTest


def test_one_large_value_does_not_take_the_decimals_of_the_others() -> None:
    app = AppTest.from_function(_tables).run()
    mixed, amounts, _ = (json.loads(frame.proto.columns) for frame in app.dataframe)
    assert mixed["Price"]["type_config"]["format"] == "%,.1f"
    assert amounts["Amount"]["type_config"]["format"] == "%,.0f"
    assert list(app.dataframe[0].value["Price"]) == [3.5, 7.2, 25000.0]
    assert list(app.dataframe[1].value["Amount"]) == [3.0, 7712.0, 25000.0]


def test_what_rounds_to_zero_has_no_sign() -> None:
    app = AppTest.from_function(_tables).run()
    assert [str(gap) for gap in app.dataframe[2].value["Gap"]] == ["0.0", "-0.1"]


def _tables() -> None:
    import pandas as pd

    from valuegap.dashboard.exhibits import show_table

    show_table(pd.DataFrame({"Price": [3.5, 7.24, 25000.0]}), "mixed")
    show_table(pd.DataFrame({"Amount": [3.4, 7712.34, 25000.0]}), "amounts")
    show_table(pd.DataFrame({"Gap": [-0.04, -0.06]}), "gaps")
