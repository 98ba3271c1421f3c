"""How a figure and its table are drawn: one template, made when unfolded, decimals fit to be read."""

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


def test_a_figure_is_drawn_with_our_template_and_its_table_once_it_is_unfolded() -> None:
    app = AppTest.from_function(_figure).run()
    (chart,) = app.get("plotly_chart")
    assert chart.proto.theme == ""
    assert json.loads(chart.proto.spec)["layout"]["template"]["layout"]["font"]["color"] == "#31333f"
    assert not app.dataframe
    app.session_state["unfold-gaps"] = True
    assert list(app.run().dataframe[0].value["Gap"]) == [1.0]


def _figure() -> None:
    import pandas as pd
    import plotly.graph_objects as go

    from valuegap.dashboard.exhibits import exhibit

    exhibit(go.Figure(), pd.DataFrame({"Gap": [1.0]}), "gaps", alt="One gap")


def _tables() -> None:
    import pandas as pd

    from valuegap.dashboard.exhibits import show_table

    show_table(pd.DataFrame({"Price": [3.5, 7.24, 25000.0]}), "mixed")
    show_table(pd.DataFrame({"Amount": [3.4, 7712.34, 25000.0]}), "amounts")
    show_table(pd.DataFrame({"Gap": [-0.04, -0.06]}), "gaps")
