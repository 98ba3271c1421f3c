"""What a person reads after a night."""

import pytest

from valuegap.summary import built_lines, drift_line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([], "schema drift: none"),
        ([("new", "a.b.c")], "schema drift: 1 new field"),
        (
            [("missing", "hubspot.contacts.properties.jobtitle"), ("new", "a.b.c"), ("new", "a.b.d")],
            "schema drift: 2 new fields, 1 missing (hubspot.contacts.properties.jobtitle)",
        ),
        (
            [("emptied", "a.b.x"), ("renamed", "a.b.c"), ("renamed", "a.b.d"), ("retyped", "a.b.e")],
            "schema drift: 2 renamed (a.b.c, a.b.d), 1 retyped (a.b.e), 1 emptied (a.b.x)",
        ),
    ],
)
def test_what_became_of_fields_is_one_line(changes: list[tuple[str, str]], line: str) -> None:
    assert drift_line(changes) == line


def test_marts_are_counted_and_those_not_exported_whole_are_named() -> None:
    marts = {"alert": 24, "custom_field_value": 0, "satisfaction": 10_848}
    assert built_lines(marts, dict(marts)) == [
        "3 marts, 10,872 rows; empty: custom_field_value",
        "exported: all of them",
    ]
    assert built_lines(marts, {"alert": 23, "custom_field_value": 0}) == [
        "3 marts, 10,872 rows; empty: custom_field_value",
        "exported of alert: 23 of 24",
        "exported of satisfaction: 0 of 10,848",
    ]
