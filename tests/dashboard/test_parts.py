"""Pages in parts: only the open one is made."""

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(
    ("query", "made"),
    [({}, ["made one"]), ({"part": "Two"}, ["made two"]), ({"part": "Three"}, ["made one"])],
    ids=["first", "named", "unknown"],
)
def test_only_the_open_part_is_made(query: dict[str, str], made: list[str]) -> None:
    app = AppTest.from_function(_page)
    for name, value in query.items():
        app.query_params[name] = value
    assert [text.value for text in app.run().text] == made


def _page() -> None:
    import streamlit as st

    from valuegap.dashboard.parts import show_parts

    show_parts(
        {
            "One": lambda *_: st.text("made one"),
            "Two": lambda *_: st.text("made two"),
        },
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
    )
