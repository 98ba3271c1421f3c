"""A company's own fields are understood, or refused with what is wrong with them."""

from pathlib import Path

import pytest

from valuegap import custom_fields
from valuegap.custom_fields import with_custom_fields
from valuegap.errors import ConfigurationError
from valuegap.settings import Settings
from valuegap.sources.registry import SOURCES
from valuegap.sources.stream import Field, FieldType


def company(root: Path, text: str) -> Settings:
    settings = Settings(project_root=root, data_dir=root)
    settings.config_dir.mkdir()
    (settings.config_dir / "custom_fields.yml").write_text(text)
    return settings


def test_without_the_file_a_source_is_as_declared(tmp_path: Path) -> None:
    assert with_custom_fields(SOURCES["hubspot"], Settings(project_root=tmp_path)) is SOURCES["hubspot"]


def test_a_field_stands_among_those_of_its_stream(tmp_path: Path) -> None:
    settings = company(
        tmp_path,
        "hubspot.contacts: [{property: jobtitle, column: job_title, to: [dim_customer]}]\n"
        'zendesk.tickets: [{path: "$.custom_fields[id=7]", column: cause, type: integer}]\n',
    )
    hubspot = with_custom_fields(SOURCES["hubspot"], settings)
    for before, after in zip(SOURCES["hubspot"].streams, hubspot.streams, strict=True):
        added = after.fields[len(before.fields) :]
        expected = Field("custom_job_title", "$.properties.jobtitle", is_custom=True)
        assert added == ((expected,) if after.name == "contacts" else ())
    tickets = next(s for s in with_custom_fields(SOURCES["zendesk"], settings).streams if s.name == "tickets")
    assert tickets.fields[-1] == Field(
        "custom_cause", "$.custom_fields[id=7]", FieldType.INTEGER, is_custom=True
    )
    assert [field.to for field in custom_fields.read(settings)] == [("dim_customer",), ()]


def test_the_example_is_understood(tmp_path: Path) -> None:
    settings = company(tmp_path, (Settings().config_dir / "custom_fields.example.yml").read_text())
    assert {mart for field in custom_fields.read(settings) for mart in field.to} == set(custom_fields.MARTS)


REFUSED = {
    "no yaml": ("[", "cannot be read"),
    "key twice": ("hubspot.contacts: []\nhubspot.contacts: []", "stands twice"),
    "a list": ("- a", "is not a mapping"),
    "no list": ("hubspot.contacts: {a: b}", "is not a mapping"),
    "unknown stream": ("hubspot.people: [{property: a, column: a}]", "hubspot.people is not a stream"),
    "unknown key": ("hubspot.contacts: [{property: a, name: a}]", "field 1 is not made of"),
    "no column": ("hubspot.contacts: [{property: a}]", "column None is not a name"),
    "hostile column": ("hubspot.contacts: [{property: a, column: 'a\"; drop'}]", "is not a name of small letters"),
    "no path": ("hubspot.contacts: [{column: a}]", "needs either a path or a property"),
    "both": ("hubspot.contacts: [{column: a, property: a, path: $.a}]", "needs either a path or a property"),
    "property elsewhere": ("zendesk.tickets: [{column: a, property: a}]", "only HubSpot has properties"),
    "hostile path": ("zendesk.tickets: [{column: a, path: \"$.a') or 1=1 --\"}]", "is not a path"),
    "unknown type": ("hubspot.contacts: [{property: a, column: a, type: date}]", "type is none of text, integer"),
    "unreachable mart": ("hubspot.contacts: [{property: a, column: a, to: [fct_ticket]}]", "on to dim_customer only"),
    "no mart": ("hubspot.owners: [{path: $.a, column: a, to: [dim_customer]}]", "passed on to no mart only"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "complaint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_understood_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        custom_fields.read(company(tmp_path, text))
    assert complaint in str(error.value)
    assert str(error.value).startswith("custom_fields.yml")
    assert "\n" not in str(error.value)


def test_two_fields_of_one_column_are_refused(tmp_path: Path) -> None:
    settings = company(tmp_path, "hubspot.contacts: [{property: a, column: x}, {property: b, column: x}]")
    with pytest.raises(ConfigurationError, match="two fields of one column"):
        with_custom_fields(SOURCES["hubspot"], settings)
