"""Files of any kind are landed once, whole and as they stand, or named with what is wrong with them."""

import csv
import datetime
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pytest
import yaml

from valuegap import warehouse
from valuegap.errors import SourceError
from valuegap.landing import Landing
from valuegap.loading import cursors, load_source
from valuegap.night import Night
from valuegap.settings import Settings
from valuegap.sources import file_drop, file_rows
from valuegap.sources.extract import LandedStream
from valuegap.sources.file_drop import FILES, extract_files
from valuegap.sources.file_mapping import STREAMS, read_mappings

FIRST, SECOND, THIRD = (Night(datetime.date(2026, 1, day)) for day in (29, 30, 31))

TARGETS = {
    "name": "plan",
    "file": "targets*.csv",
    "format": "csv",
    "kind": "targets",
    "columns": {"Metric": "metric_code", "Goal": "target_value", "Who": "owner", "By": "due_date"},
}
TICKETS = {
    "name": "old_desk",
    "file": "tickets.*",
    "format": "csv",
    "kind": "tickets",
    "columns": {"No": "ticket_id", "Opened": "created_at"},
}
LONG = {
    "name": "hand_survey",
    "file": "answers.csv",
    "format": "csv",
    "kind": "survey_answers",
    "constants": {"survey_id": "SV_hand"},
    "columns": {"Response": "response_id", "Question": "question", "Answer": "answer"},
}
WIDE = LONG | {
    "name": "wide_survey",
    "file": "wide.csv",
    "columns": {"Response": "response_id", "Mail": "email"},
    "questions": {"How good?": "PER_QUALITY_1", "How likely?": "NPS"},
}


class Desk:
    """A project with a drop folder, and hands to put files there."""

    def __init__(self, root: Path) -> None:
        self.settings = Settings(project_root=root, data_dir=root / "data", threads=1, lock_wait_seconds=1)
        self.folder = self.settings.drop_dir
        self.folder.mkdir(parents=True)
        self.settings.config_dir.mkdir()
        self.progress: list[str] = []

    def map(self, *entries: dict[str, Any]) -> None:
        (self.settings.config_dir / "file_drop.yml").write_text(
            yaml.safe_dump(list(entries), sort_keys=False)
        )

    def drop(self, name: str, content: str | bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def extract(self, night: Night = FIRST) -> dict[str, LandedStream]:
        self.progress.clear()
        landed = extract_files(
            self.settings,
            night,
            Landing(self.settings.landing_dir),
            cursors(self.settings, FILES, night),
            self.progress.append,
        )
        return {stream.stream: stream for stream in landed}

    def night(self, night: Night = FIRST) -> dict[str, LandedStream]:
        landed = self.extract(night)
        load_source(self.settings, FILES, night)
        return landed

    def records(self, stream: str, night: Night = FIRST) -> list[Any]:
        landing = Landing(self.settings.landing_dir)
        manifest = landing.manifest("files", stream, night.run_id)
        assert manifest is not None
        return [json.loads(record) for record in landing.records(manifest)]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with warehouse.read_only(self.settings) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_row_is_landed_as_it_stands_with_our_columns_beside(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", 'Metric,Goal,Who,By,Remark\nnps, 40 ,Ann,2026-06-30,"two\nlines, é"\n')
    desk.night()
    assert desk.records("targets") == [
        {
            "row": {"Metric": "nps", "Goal": " 40 ", "Who": "Ann", "By": "2026-06-30", "Remark": "two\nlines, é"},
            "metric_code": "nps", "target_value": "40", "owner": "Ann", "due_date": "2026-06-30",
        }
    ]  # fmt: skip
    assert desk.rows(
        "select metric_code, target_value::int, owner, due_date::date::varchar, mapping, file_name, length(file_sha256)"
        " from raw_files.targets"
    ) == [("nps", 40, "Ann", "2026-06-30", "plan", "targets.csv", 64)]


def test_a_file_is_landed_once_and_again_when_it_changed(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    assert desk.night(FIRST)["targets"].rows == 1
    assert desk.night(SECOND)["targets"].rows == 0
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,50,,\n")
    assert desk.night(THIRD)["targets"].rows == 1
    assert desk.rows("select target_value::int from raw_files.targets order by _as_of_date") == [(40,), (50,)]


def test_a_night_run_again_lands_nothing_anew(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    desk.extract()
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,50,,\n")
    assert desk.extract()["targets"].is_reused
    assert desk.records("targets")[0]["target_value"] == "40"


def test_a_file_taken_away_changes_nothing(desk: Desk) -> None:
    desk.map(TARGETS)
    file = desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    desk.night(FIRST)
    file.unlink()
    desk.night(SECOND)
    assert desk.rows("select count(*) from raw_files.targets") == [(1,)]


def test_a_column_called_no_or_on_is_a_column(desk: Desk) -> None:
    (desk.settings.config_dir / "file_drop.yml").write_text(
        "- {name: d, file: t.csv, format: csv, kind: tickets, columns: {No: ticket_id, On: created_at}}"
    )
    desk.drop("t.csv", "No,On\n1,2026-01-01\n")
    assert desk.night()["tickets"].rows == 1


def test_another_mapping_reads_the_file_anew(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,Ann,2026-01-01\n")
    desk.night(FIRST)
    desk.map(TARGETS | {"columns": {"Metric": "metric_code", "Goal": "target_value", "By": "owner"}})
    assert desk.night(SECOND)["targets"].rows == 1
    assert desk.rows("select owner from raw_files.targets order by _as_of_date") == [
        ("Ann",),
        ("2026-01-01",),
    ]


def test_what_does_not_fit_is_quarantined_and_the_rest_loaded(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop(
        "targets.csv", "Metric,Goal,Who,By\nnps,40,,\n,50,,\nces,many,,31/12/2026\ncsat,1,2,3,4,5\n\n  \n"
    )
    landed = desk.night()
    assert landed["targets"].rows == 4
    assert desk.rows("select metric_code from raw_files.targets") == [("nps",)]
    assert [reason for (reason,) in desk.rows("select reason from ops.quarantine order by line")] == [
        "metric_code: missing",
        "target_value: 'many' is not a decimal of at most 12 digits before and 6 after the point; "
        "due_date: '31/12/2026' is not an ISO 8601 time or epoch milliseconds",
        "not a JSON object",
    ]


def test_numbers_and_times_are_read_as_the_mapping_says(desk: Desk) -> None:
    desk.map(
        TICKETS
        | {
            "columns": {"Nr": "ticket_id", "Geöffnet": "created_at", "Antworten": "n_replies"},
            "delimiter": ";", "encoding": "cp1252", "decimal": ",", "skip_rows": 2,
            "date_format": "%d.%m.%Y %H:%M", "time_zone": "Europe/Berlin",
        },
        TARGETS | {"decimal": ",", "delimiter": ";", "date_format": "%d.%m.%Y", "time_zone": "Europe/Berlin"},
    )  # fmt: skip
    desk.drop(
        "tickets.csv",
        "Export vom;heute\n\nNr;Geöffnet;Antworten\n0012;31.01.2026 00:30;1.200\n13;01.07.2026 12:00;3\n".encode(
            "cp1252"
        ),
    )
    desk.drop("targets.csv", "Metric;Goal;Who;By\nnps;1.234,5;;31.12.2026\nces;7;;2026-12-31T00:00:00\n")
    desk.night()
    assert desk.rows(
        "select ticket_id, created_at::varchar, n_replies from raw_files.tickets order by all"
    ) == [
        ("0012", "2026-01-30 23:30:00", 1200),
        ("13", "2026-07-01 10:00:00", 3),
    ]
    assert desk.rows(
        "select target_value::double, due_date::varchar from raw_files.targets order by all"
    ) == [
        (7.0, "2026-12-31 00:00:00"),
        (1234.5, "2026-12-31 00:00:00"),
    ], "a day is the same day in every time zone"


def test_a_decimal_comma_nobody_declared_is_not_guessed(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", 'Metric,Goal,Who,By\nnps,"1,234",,\n')
    desk.night()
    assert desk.rows("select count(*) from ops.quarantine") == [(1,)]


def test_answers_come_by_row_or_by_column(desk: Desk) -> None:
    desk.map(LONG, WIDE)
    desk.drop("answers.csv", "Response,Question,Answer\nr1,NPS,9\nr1,COMMENT,\nr2,,5\n")
    desk.drop("wide.csv", "Response,Mail,How good?,How likely?\nr3,ann@x.example,7,\n")
    desk.night()
    assert desk.rows("select survey_id, response_id, question, email, answers from raw_files.survey_answers order by all") == [
        ("SV_hand", "r1", "COMMENT", None, "{}"),
        ("SV_hand", "r1", "NPS", None, '{"NPS":"9"}'),
        ("SV_hand", "r3", None, "ann@x.example", '{"PER_QUALITY_1":"7"}'),
    ]  # fmt: skip
    assert desk.rows("select reason from ops.quarantine") == [("answers: missing",)]


def test_lines_of_json_keep_their_digits_and_broken_ones_are_set_aside(desk: Desk) -> None:
    desk.map(TARGETS | {"file": "t.ndjson", "format": "ndjson"})
    lines = [
        '{"Metric": "nps", "Goal": 12.10, "Who": {"name": "Ann"}, "By": null, "id": 12345678901234567890}',
        '{"Metric": "ces", "Goal": "1"',
        "[1]",
        '{"Metric": "\\ud800", "Goal": 1}',
        "",
    ]
    desk.drop("t.ndjson", "\ufeff" + "\n".join(lines))
    assert desk.night()["targets"].rows == 4
    assert desk.rows("select count(*) from raw_files.targets") == [(0,)]
    reasons = [reason for (reason,) in desk.rows("select reason from ops.quarantine order by line")]
    assert reasons[0] == "owner: an object is not text"
    assert [reason[:8] for reason in reasons[1:]] == ["not JSON", "not a JS", "not JSON"]
    (first,) = desk.rows("select record from ops.quarantine where line = 1")[0]
    assert json.loads(first)["row"]["id"] == "12345678901234567890"
    assert json.loads(first)["target_value"] == "12.10"


def workbook(rows: list[list[Any]], sheet: str = "Plan", more: str = "Notes") -> bytes:
    book = openpyxl.Workbook()
    book.active.title = more
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_gives_numbers_and_dates_as_a_person_sees_them(desk: Desk) -> None:
    desk.map(TICKETS | {"file": "t.xlsx", "format": "xlsx", "sheet": "Plan", "time_zone": "Europe/Berlin"})
    opened = datetime.datetime(2026, 1, 31, 0, 30)  # noqa: DTZ001 - a cell has no zone
    desk.drop(
        "t.xlsx",
        workbook(
            [
                ["No", "Opened", "Paid", "Price", "Sum", None],
                [12, opened, True, 12.0, 0.1 + 0.2, None],
                [None] * 6,
                ["0013", datetime.date(2026, 1, 31), False, 123456789012, 2.5, None],
            ]
        ),
    )
    desk.night()
    first, second = (record["row"] for record in desk.records("tickets"))
    assert first == {"No": "12", "Opened": "2026-01-31T00:30:00", "Paid": "true", "Price": "12", "Sum": "0.3"}
    assert (second["No"], second["Price"], second["Sum"]) == ("0013", "123456789012", "2.5")
    assert desk.rows("select ticket_id, created_at::varchar, sheet from raw_files.tickets order by all") == [
        ("0013", "2026-01-30 23:00:00", "Plan"),
        ("12", "2026-01-30 23:30:00", "Plan"),
    ]


def test_parquet_is_read_with_its_types(desk: Desk) -> None:
    desk.map(TICKETS | {"file": "t.parquet", "format": "parquet"})
    duckdb.sql(
        "copy (select 7::bigint as No, timestamp '2026-01-31 10:00:00' as Opened, 1.50::decimal(5,2) as Price,"
        " ['a', 'b'] as Tags, null::int as Gone from range(2500)) to "
        f"'{desk.folder / 't.parquet'}' (format parquet)"
    )
    assert desk.night()["tickets"].rows == 2500
    assert desk.records("tickets")[0]["row"] == {
        "No": "7", "Opened": "2026-01-31T10:00:00", "Price": "1.50", "Tags": ["a", "b"], "Gone": ""
    }  # fmt: skip
    assert desk.rows("select distinct ticket_id, created_at::varchar from raw_files.tickets") == [
        ("7", "2026-01-31 10:00:00")
    ]


BROKEN: dict[str, tuple[dict[str, Any], str, Callable[[], bytes], str]] = {
    "no utf-8": (TARGETS, "targets.csv", lambda: b"Metric,Goal,Who,By\nnps,1,Zo\xeb,\n", "not text in utf-8-sig; try encoding"),
    "a column is missing": (TARGETS, "targets.csv", lambda: b"Metric,Aim,Who,By\n", "no column 'Goal', only 'Metric', 'Aim'"),
    "another delimiter": (TARGETS, "targets.csv", lambda: b"Metric;Goal;Who;By\n", "no column 'Metric', only 'Metric;Goal"),
    "empty": (TARGETS, "targets.csv", lambda: b"", "no column 'Metric'"),
    "an open quote": (TARGETS, "targets.csv", lambda: b'Metric,Goal,Who,By\nnps,"1,,\n', "line 2: unexpected end of data"),
    "no workbook": (TARGETS | {"format": "xlsx"}, "targets.csv", lambda: b"Metric,Goal", "not an XLSX workbook"),
    "a zip of another kind": (TARGETS | {"format": "xlsx"}, "targets.csv", lambda: zipped({"a": b"b"}), "not an XLSX workbook"),
    "a damaged workbook": (TARGETS | {"format": "xlsx"}, "targets.csv", lambda: workbook([["Metric"]])[:-30], "not an XLSX workbook"),
    "another sheet": (TARGETS | {"format": "xlsx", "sheet": "Nope"}, "targets.csv", lambda: workbook([]), "no sheet 'Nope', only Notes, Plan"),
    "no parquet": (TARGETS | {"format": "parquet"}, "targets.csv", lambda: b"PAR1", "not a Parquet file"),
    "a key is missing": (TARGETS | {"format": "ndjson"}, "targets.csv", lambda: b'{"Metric": "nps"}\n', "no column 'Goal'"),
}  # fmt: skip


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize(("entry", "name", "content", "complaint"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_and_the_others_go_on(
    desk: Desk, entry: dict[str, Any], name: str, content: Callable[[], bytes], complaint: str
) -> None:
    desk.map(entry, LONG, TARGETS | {"name": "good", "file": "good.csv"})
    desk.drop(name, content())
    desk.drop("good.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    desk.drop("answers.csv", "Response,Question,Answer\nr1,NPS,9\n")
    landed = desk.night()
    assert (landed["targets"].rows, landed["survey_answers"].rows) == (1, 1)
    (line,) = [line for line in desk.progress if "tried again every night" in line]
    assert line.startswith(f"files: {name} (plan): ")
    assert complaint in line
    assert "\n" not in line
    ((note,),) = desk.rows("select note from ops.loads where note is not null")
    assert note.startswith(f"1 of 2 files could not be read: {name} (plan): ")


def test_a_broken_file_is_tried_again_and_the_last_good_version_stays(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    desk.night(FIRST)
    desk.drop("targets.csv", "Metric,Aim\nnps,50\n")
    assert desk.night(SECOND)["targets"].rows == 0
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,50,,\n")
    assert desk.night(THIRD)["targets"].rows == 1
    assert desk.rows("select note is null from ops.loads where stream = 'targets' order by as_of_date") == [
        (True,), (False,), (True,)
    ]  # fmt: skip


def test_a_bomb_is_not_unpacked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rows, "MAX_UNPACKED_BYTES", 1 << 20)
    desk.map(TARGETS | {"format": "xlsx"})
    desk.drop("targets.csv", zipped({"xl/workbook.xml": b" " * (2 << 20)}))
    desk.night()
    assert any("unpacks to 2,097,152 bytes, more than 1,048,576" in line for line in desk.progress)


def test_a_file_that_is_too_large_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_drop, "MAX_FILE_BYTES", 10)
    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\n")
    desk.night()
    assert any("is of 19 bytes, more than 10" in line for line in desk.progress)


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("targets.csv.part", None),
        ("targets.csv.crdownload", None),
        (".targets.csv", None),
        ("targets.csv", "~$targets.csv"),
        ("targets.csv", ".~lock.targets.csv#"),
        ("targets.csv", "targets.csv.lock"),
    ],
)
def test_a_file_on_its_way_is_left_for_the_next_night(desk: Desk, name: str, beside: str | None) -> None:
    desk.map(TARGETS | {"file": "*targets.csv*"})
    desk.drop(name, "Metric,Goal,Who,By\nnps,40,,\n")
    if beside:
        desk.drop(beside, "")
    assert desk.night()["targets"].rows == 0
    assert not any("could not" in line or "tried again" in line for line in desk.progress)


def test_a_file_that_changes_while_it_is_copied_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    real = file_drop.shutil.copyfile

    def copy(source: Path, target: Path) -> None:
        real(source, target)
        source.write_text(source.read_text() + "ces,1,,\n")

    desk.map(TARGETS)
    desk.drop("targets.csv", "Metric,Goal,Who,By\nnps,40,,\n")
    with monkeypatch.context() as patch:
        patch.setattr(file_drop.shutil, "copyfile", copy)
        assert desk.night(FIRST)["targets"].rows == 0
    assert any("still being written" in line for line in desk.progress)
    assert desk.night(SECOND)["targets"].rows == 2


def test_a_link_out_of_the_folder_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    desk.map(TARGETS)
    (tmp_path / "secret.csv").write_text("Metric,Goal,Who,By\nnps,40,,\n")
    (desk.folder / "targets.csv").symlink_to(tmp_path / "secret.csv")
    assert desk.night()["targets"].rows == 0


def test_a_file_no_entry_is_for_is_named(desk: Desk) -> None:
    desk.map(TARGETS)
    desk.drop("notes.txt", "hello")
    desk.extract()
    assert desk.progress[0] == "files: notes.txt is left alone, no entry of file_drop.yml is for it"


def test_one_workbook_may_hold_two_kinds(desk: Desk) -> None:
    desk.map(
        TARGETS | {"file": "plan.xlsx", "format": "xlsx", "sheet": "Plan"},
        TARGETS | {"name": "other", "file": "plan.xlsx", "format": "xlsx", "sheet": "Notes", "kind": "initiatives",
                   "columns": {"Title": ["initiative_id", "name"]}},
    )  # fmt: skip
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([["Metric", "Goal", "Who", "By"], ["nps", 40, "Ann", None]]))
    )
    for row in (["Title"], ["Faster parcels"]):
        book["Notes"].append(row)
    book.save(desk.folder / "plan.xlsx")
    landed = desk.night()
    assert (landed["targets"].rows, landed["initiatives"].rows) == (1, 1)
    assert desk.rows("select initiative_id, name from raw_files.initiatives") == [("Faster parcels",) * 2]


def test_landing_alone_rebuilds_what_was_loaded(desk: Desk) -> None:
    desk.map(TARGETS)
    for night, goal in ((FIRST, 40), (SECOND, 50)):
        desk.drop("targets.csv", f"Metric,Goal,Who,By\nnps,{goal},,\nx,y,,\n")
        desk.night(night)
    before = [
        desk.rows(f"from {table} order by all")
        for table in ("raw_files.targets", "ops.loads", "ops.quarantine")
    ]
    desk.settings.build_file.unlink()
    (desk.folder / "targets.csv").unlink()
    (desk.settings.config_dir / "file_drop.yml").unlink()
    load_source(desk.settings, FILES, SECOND)
    assert before == [
        desk.rows(f"from {table} order by all")
        for table in ("raw_files.targets", "ops.loads", "ops.quarantine")
    ]


def test_a_large_file_is_landed_page_by_page(desk: Desk) -> None:
    desk.map(TARGETS)
    content = io.StringIO()
    csv.writer(content).writerows(
        [["Metric", "Goal", "Who", "By"], *([f"m{n}", n, "", ""] for n in range(12_345))]
    )
    desk.drop("targets.csv", content.getvalue())
    assert desk.night()["targets"].rows == 12_345
    assert desk.rows("select count(distinct metric_code), max(_page) from raw_files.targets") == [(12_345, 3)]


def test_without_folder_or_mapping_the_remedy_is_said(desk: Desk) -> None:
    with pytest.raises(SourceError, match=r"no file_drop.yml.*file_drop.example.yml"):
        desk.extract()
    nowhere = replace(desk.settings, project_root=desk.folder / "nowhere")
    with pytest.raises(SourceError, match=r"no folder .*VALUEGAP_DROP_DIR"):
        extract_files(nowhere, FIRST, Landing(nowhere.landing_dir), {})


REFUSED = {
    "not a list": ("a: 1", "is not a list"),
    "no yaml": ("[", "cannot be read"),
    "key twice": ("- {name: a, name: b}", "stands twice"),
    "columns are text": (
        "- {name: a, file: b, format: csv, kind: targets, columns: x}",
        "columns is no mapping",
    ),
    "name is a mapping": (
        "- {name: {}, file: b, format: csv, kind: targets, columns: {}}",
        "name is a mapping",
    ),
    "skip_rows": (yaml.safe_dump([TARGETS | {"skip_rows": -1}]), "skip_rows is not a number of rows"),
    "unknown key": ("- {name: a, sep: ';'}", "entry a has the unknown key sep"),
    "no kind": ("- {name: a, file: b, format: csv, columns: {}}", "entry a has no kind"),
    "unknown kind": (yaml.safe_dump([TARGETS | {"kind": "goals"}]), "kind goals is none of"),
    "unknown format": (yaml.safe_dump([TARGETS | {"format": "xls"}]), "format xls is none of"),
    "leads out": (yaml.safe_dump([TARGETS | {"file": "../x.csv"}]), "leads out of the drop folder"),
    "absolute": (yaml.safe_dump([TARGETS | {"file": "/etc/x.csv"}]), "leads out of the drop folder"),
    "unknown column": (
        yaml.safe_dump([TARGETS | {"columns": {"A": "metric"}}]),
        "metric is no column of targets",
    ),
    "required": (
        yaml.safe_dump([TARGETS | {"columns": {"A": "metric_code"}}]),
        "no column of the file is target_value",
    ),
    "twice": (yaml.safe_dump([TARGETS | {"constants": {"owner": "x"}}]), "owner is given twice"),
    "no answers": (
        yaml.safe_dump([LONG | {"columns": {"R": "response_id"}}]),
        "no column of the file is question",
    ),
    "both forms": (yaml.safe_dump([LONG | {"questions": {"A": "b"}}]), "in place of question and answer"),
    "encoding": (yaml.safe_dump([TARGETS | {"encoding": "utf9"}]), "encoding utf9 is unknown"),
    "zone": (yaml.safe_dump([TARGETS | {"time_zone": "Mars"}]), "time_zone Mars is unknown"),
    "decimal": (yaml.safe_dump([TARGETS | {"decimal": "'"}]), "decimal is neither"),
    "delimiter": (yaml.safe_dump([TARGETS | {"delimiter": "tab"}]), "delimiter is not one character"),
    "name": (yaml.safe_dump([TARGETS | {"name": "a b"}]), "its name is not made of"),
    "two of a name": (yaml.safe_dump([TARGETS, TARGETS]), "two entries called plan"),
}


@pytest.mark.parametrize(("text", "complaint"), REFUSED.values(), ids=REFUSED)
def test_a_mapping_that_cannot_be_understood_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "file_drop.yml").write_text(text)
    with pytest.raises(SourceError) as error:
        read_mappings(tmp_path)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


def test_the_example_is_understood_and_shows_every_kind_and_format(tmp_path: Path) -> None:
    (tmp_path / "file_drop.yml").write_text((Settings().config_dir / "file_drop.example.yml").read_text())
    mappings = read_mappings(tmp_path)
    assert {mapping.kind for mapping in mappings} == {stream.name for stream in STREAMS}
    assert {mapping.format for mapping in mappings} == {"csv", "ndjson", "parquet", "xlsx"}
    assert all(ZoneInfo(mapping.time_zone) for mapping in mappings)
