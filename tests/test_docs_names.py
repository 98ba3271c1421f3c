"""What the pages name is there: paths, make targets, verbs, variables, messages."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from valuegap.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
CODE = re.compile(r"(?ms)^( *)```\w*\n(?P<block>.*?)^\1```|(?<!`)`(?P<span>[^`]+)`(?!`)")
# Folders a checkout has; what a night or a person writes into data/ and drop/ is not ours to find.
FOLDERS = "bi|config|dags|dbt_project|docs|expectations|plugins|tests"
PATH = re.compile(rf"(?<![\w./-])(?:{FOLDERS})/[\w./*-]*[\w*/]")
FILE_NAME = re.compile(r"^[\w.-]+\.(?:py|sql|csv|yml|sh|toml)$")
WRITTEN_BY_THE_READER = {"config/file_drop.yml", "config/custom_fields.yml"}
# These pages have the reader write files; `followed_page.py` does so, word by word.
FOLLOWED = {"add-a-source.md", "map-a-survey.md"}
OUTSIDE_SETTINGS = ("bi", "docker-compose.yml", "plugins", "dbt_project")


def code(page: Path) -> Iterator[str]:
    """Yield each code span and each fenced block of a page."""
    for found in CODE.finditer(page.read_text()):
        yield found["block"] or found["span"] or ""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@cache
def package_source() -> str:
    return "\n".join(file.read_text() for file in sorted((ROOT / "plugins" / "valuegap").rglob("*.py")))


def make_targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text()))


def verbs() -> set[str]:
    group = get_command(app)
    found = set()
    for verb, command in group.commands.items():  # type: ignore[attr-defined]
        found.add(verb)
        found |= {f"{verb} {inner}" for inner in getattr(command, "commands", {})}
    return found


def file_names() -> set[str]:
    folders = [ROOT / folder for folder in FOLDERS.split("|")]
    inside = {file.name for folder in folders for file in folder.rglob("*.*")}
    return inside | {file.name for file in ROOT.iterdir()}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_of_a_page_is_one(page) -> None:
    named = {
        target for text in code(page) for target in re.findall(r"(?m)(?:^|[ `@])make ([a-z][a-z-]*)", text)
    }
    assert named - make_targets() == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_verb_of_a_page_is_one(page) -> None:
    known = verbs()
    named = [
        words
        for text in code(page)
        for words in re.findall(r"(?m)(?:^|bin/|[ (]|\$ )valuegap ([a-z]+(?: [a-z]+)?)\b", text)
    ]
    assert [words for words in named if words not in known and words.split()[0] not in known] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in FOLLOWED], ids=name)
def test_every_path_of_a_page_leads_somewhere(page) -> None:
    named = {path for text in code(page) for path in PATH.findall(text)} - WRITTEN_BY_THE_READER
    assert sorted(path for path in named if not any(ROOT.glob(path.rstrip("/")))) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_test_a_page_names_is_one(page) -> None:
    named = {found for text in code(page) for found in re.findall(r"^(tests/[\w/]+\.py)::(\w+)$", text)}
    assert sorted(at for at in named if f"\ndef {at[1]}(" not in (ROOT / at[0]).read_text()) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in FOLLOWED], ids=name)
def test_every_file_a_page_names_is_one(page) -> None:
    known = file_names() | {Path(path).name for path in WRITTEN_BY_THE_READER}
    strange = {text for text in code(page) if FILE_NAME.match(text)} - known
    # The demo company drops files of its own.
    assert sorted(text for text in strange if text not in package_source()) == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_variable_of_a_page_is_read_by_something(page) -> None:
    named = {variable for text in code(page) for variable in re.findall(r"\bVALUEGAP_[A-Z_]*[A-Z]\b", text)}
    if named:
        assert sorted(named - variables()) == []


def variables() -> set[str]:
    files = [file for place in OUTSIDE_SETTINGS for file in [ROOT / place, *(ROOT / place).rglob("*.*")]]
    texts = (file.read_text(errors="replace") for file in files if file.is_file() and file.suffix != ".pyc")
    return {variable for text in texts for variable in re.findall(r"VALUEGAP_[A-Z_]+", text)}


def test_the_runbook_quotes_messages_as_they_are_written() -> None:
    # A message may be written as several literals, one below the other.
    joined = re.sub(r"\"\s*\n\s*f?\"", "", package_source())
    quoted = runbook_messages()
    assert len(quoted) > 25
    assert [part for part in quoted if part not in joined] == []


def runbook_messages() -> list[str]:
    """Return what the tables of messages quote, cut where the message has a value of its own."""
    table_rows = re.findall(r"(?m)^\| (`.*?) \|", (ROOT / "docs" / "runbook.md").read_text())
    spans = [span for row in table_rows for span in re.findall(r"`([^`]+)`", row)]
    names = {"hubspot_default", "zendesk_default", "data/landing", "build.duckdb"}
    parts = [part.strip() for span in spans if span not in names for part in span.split("…")]
    # The gate, the night and the status are values.
    return [re.sub(r"^The (?:raw|marts) | (?:night-|\(HTTP 403\)).*", "", part) for part in parts if part]
