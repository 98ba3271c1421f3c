"""The landing zone: complete or not there, the same bytes for the same records, and never silently wrong."""

import errno
import gzip
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import valuegap.landing as landing_module
from valuegap.errors import LandingError
from valuegap.landing import RECORDS_PER_FILE, Landing
from valuegap.night import Night
from valuegap.sources.stream import Page, Pager

NIGHT = Night(date(2026, 1, 31))
NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


def page(*records: bytes, context=None, **request) -> Page:
    return Page(records, request, context or {})


def write(root: Path, *items, stream="tickets", night=NIGHT, cursor_before=None):
    landing = Landing(root, clock=lambda: NOON)
    return landing.write_stream("zendesk", stream, night, Pager(iter(items)), cursor_before=cursor_before)


def files(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted(root.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def never():
    raise AssertionError("the vendor was called again")
    yield


# --- what is written ----------------------------------------------------------------------------------


def test_a_run_is_its_pages_and_a_manifest_that_says_all(tmp_path) -> None:
    manifest = write(
        tmp_path, page(b'{"id":1}', b'{"id":2}', path="/t", cursor="a"), "next", cursor_before="a"
    )
    folder = tmp_path / "zendesk" / "tickets" / "night-2026-01-31"
    content = (folder / "page-00001.ndjson.gz").read_bytes()
    assert gzip.decompress(content) == b'{"id":1}\n{"id":2}\n'
    assert json.loads((folder / "manifest.json").read_text()) == {
        "source": "zendesk",
        "stream": "tickets",
        "run_id": "night-2026-01-31",
        "as_of_date": "2026-01-31",
        "started_at": "2026-02-01T12:00:00+00:00",
        "finished_at": "2026-02-01T12:00:00+00:00",
        "cursor_before": "a",
        "cursor_after": "next",
        "note": None,
        "rows": 2,
        "pages": [
            {
                "file": "page-00001.ndjson.gz",
                "sha256": hashlib.sha256(content).hexdigest(),
                "rows": 2,
                "requests": [{"path": "/t", "cursor": "a", "rows": 2}],
                "context": {},
            }
        ],
    }
    assert manifest == Landing(tmp_path).manifest("zendesk", "tickets", "night-2026-01-31")
    assert manifest.sha256 == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert sorted(each.name for each in folder.iterdir()) == ["manifest.json", "page-00001.ndjson.gz"]


RECORDS = st.binary(max_size=20).map(lambda text: text.replace(b"\n", b" "))
PAGES = st.lists(st.tuples(st.lists(RECORDS, max_size=4), st.sampled_from(["SV_1", "SV_2"])), max_size=8)


@given(PAGES, st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_is_read_back_in_order_with_its_context(tmp_path_factory, pages, per_file) -> None:
    root = tmp_path_factory.mktemp("landing")
    items = [page(*records, context={"survey_id": survey}) for records, survey in pages]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landing_module, "RECORDS_PER_FILE", per_file)
        manifest = write(root, *items)
    landing = Landing(root)
    found = [
        (record, file.context["survey_id"])
        for file in manifest.pages
        for record in landing.read_page(manifest, file)
    ]
    assert found == [(record, survey) for records, survey in pages for record in records]
    assert manifest.rows == len(found)
    assert list(landing.records(manifest)) == [record for record, _ in found]


def test_the_same_records_are_the_same_bytes(tmp_path) -> None:
    items = [page(b'{"id":1}', path="/t"), page(b'{"id":2}', context={"survey_id": "SV"}), "end"]
    write(tmp_path / "one", *items)
    write(tmp_path / "two", *items)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    packed = [content for name, content in files(tmp_path / "one").items() if name.endswith(".gz")]
    assert [content[4:8] for content in packed] == [bytes(4)] * 2, "the gzip header holds the time"


def test_small_pages_share_a_file_up_to_its_limit_and_context(tmp_path) -> None:
    hundred = [b"{}"] * 100
    manifest = write(
        tmp_path,
        *[page(*hundred, number=number) for number in range(51)],
        page(b"{}", context={"survey_id": "SV"}),
        page(*[b"{}"] * (RECORDS_PER_FILE + 1), context={"survey_id": "SV"}),
        page(context={"survey_id": "empty"}),
    )
    assert [each.rows for each in manifest.pages] == [5000, 100, 1, RECORDS_PER_FILE + 1]
    assert [each["number"] for each in manifest.pages[0].requests] == [0, 49]


def test_a_manifest_does_not_grow_with_the_number_of_pages(tmp_path) -> None:
    few = write(tmp_path / "few", *[page(b"{}", number=number % 7) for number in range(10)])
    many = write(tmp_path / "many", *[page(b"{}", number=number % 7) for number in range(4000)])
    sizes = [(each.folder / "manifest.json").stat().st_size for each in (few, many)]
    assert sizes[1] - sizes[0] < 10


def test_a_manifest_of_before_is_still_read(tmp_path) -> None:
    manifest = write(tmp_path, page(b"{}", path="/t"))
    file = manifest.folder / "manifest.json"
    content = json.loads(file.read_text())
    del content["note"]
    content["pages"][0]["requests"] *= 3  # each request of the file was kept
    file.write_text(json.dumps(content))
    (found,) = Landing(tmp_path).manifests("zendesk", "tickets")
    assert found.note is None
    assert len(found.pages[0].requests) == 3


def test_a_note_is_kept_with_an_empty_run(tmp_path) -> None:
    landing = Landing(tmp_path)
    landing.write_stream("zendesk", "ratings", NIGHT, Pager(iter(["7"])), note="not on this plan")
    found = landing.manifest("zendesk", "ratings", NIGHT.run_id)
    assert (found.note, found.rows, found.cursor_after) == ("not on this plan", 0, "7")


def test_a_night_without_records_is_complete_and_empty(tmp_path) -> None:
    manifest = write(tmp_path, page(path="/t"), "kept")
    assert (manifest.rows, manifest.pages, manifest.cursor_after) == (0, (), "kept")
    assert [each.run_id for each in Landing(tmp_path).manifests("zendesk", "tickets")] == ["night-2026-01-31"]


def test_only_the_owner_may_read(tmp_path) -> None:
    previous = os.umask(0)
    try:
        write(tmp_path / "landing", page(b"{}"))
    finally:
        os.umask(previous)
    for path in [tmp_path / "landing", *(tmp_path / "landing").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_pages_are_written_as_they_come(tmp_path) -> None:
    """Memory holds one vendor page: when the third is asked for, the first file is on disk already."""
    folder = tmp_path / "zendesk" / "tickets" / "night-2026-01-31"

    def pages():
        yield page(b"{}", context={"survey_id": "1"})
        yield page(b"{}", context={"survey_id": "2"})
        assert (folder / "page-00001.ndjson.gz").exists()
        assert not (folder / "manifest.json").exists()
        yield page(b"{}", context={"survey_id": "3"})

    assert write(tmp_path, *()).rows == 0
    assert Landing(tmp_path).write_stream("zendesk", "users", NIGHT, Pager(iter(()))).rows == 0
    (folder / "manifest.json").unlink()
    assert Landing(tmp_path).write_stream("zendesk", "tickets", NIGHT, Pager(pages())).rows == 3


# --- runs that end early, and runs that come again ----------------------------------------------------


def test_a_complete_night_is_returned_without_calling_the_vendor(tmp_path) -> None:
    first = write(tmp_path, page(b"{}"), "end")
    before = files(tmp_path)
    assert Landing(tmp_path).write_stream("zendesk", "tickets", NIGHT, Pager(never())) == first
    assert files(tmp_path) == before


def test_what_a_failed_run_left_is_not_there_and_is_removed_by_the_next(tmp_path) -> None:
    def failing():
        yield page(b"{}", context={"survey_id": "1"})
        yield page(b"{}", context={"survey_id": "2"})
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        Landing(tmp_path).write_stream("zendesk", "tickets", NIGHT, Pager(failing()))
    landing = Landing(tmp_path)
    assert list(landing.manifests("zendesk", "tickets")) == []
    assert landing.manifest("zendesk", "tickets", NIGHT.run_id) is None
    write(tmp_path, page(b"{}"))
    write(tmp_path / "undisturbed", page(b"{}"))
    undisturbed = files(tmp_path / "undisturbed")
    assert {
        name: content for name, content in files(tmp_path).items() if "undisturbed" not in name
    } == undisturbed


KILLED_RUN = """
import os, signal, sys
from datetime import date
from pathlib import Path
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.sources.stream import Page, Pager

step = int(sys.argv[2])
calls = 0
real = os.fsync

def fsync(descriptor):
    global calls
    calls += 1
    if calls == step:
        os.kill(os.getpid(), signal.SIGKILL)
    real(descriptor)

os.fsync = fsync
pages = [Page((b"{}",), {}, {"survey_id": str(number)}) for number in range(2)]
Landing(Path(sys.argv[1])).write_stream("zendesk", "tickets", Night(date(2026, 1, 31)), Pager(iter([*pages, "end"])))
"""


@pytest.mark.parametrize("step", range(1, 8))
def test_a_run_killed_at_any_write_is_whole_or_not_there(tmp_path, step) -> None:
    """Two pages and a manifest are six syncs: one of the file, one of the folder, each."""
    plugins = Path(landing_module.__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_RUN, str(tmp_path), str(step)],
        env={**os.environ, "PYTHONPATH": str(plugins)},
        check=False,
    )
    assert killed.returncode == (0 if step == 7 else -signal.SIGKILL)
    landing = Landing(tmp_path)
    found = list(landing.manifests("zendesk", "tickets"))
    assert len(found) == (1 if step >= 6 else 0)
    pages = [page(b"{}", context={"survey_id": str(number)}) for number in range(2)]
    manifest = landing.write_stream("zendesk", "tickets", NIGHT, Pager(iter([*pages, "end"])))
    assert list(landing.records(manifest)) == [b"{}", b"{}"]
    assert sorted(each.name for each in manifest.folder.iterdir()) == [
        "manifest.json",
        "page-00001.ndjson.gz",
        "page-00002.ndjson.gz",
    ]


def test_a_second_process_is_told_to_wait(tmp_path) -> None:
    def pages():
        with pytest.raises(LandingError, match="Another process"):
            write(tmp_path, page(b"{}"))
        write(tmp_path, page(b"{}"), stream="users")
        yield page(b"{}")

    manifest = Landing(tmp_path).write_stream("zendesk", "tickets", NIGHT, Pager(pages()))
    assert manifest.rows == 1


def test_manifests_come_oldest_night_first(tmp_path) -> None:
    for day in (3, 1, 2):
        write(tmp_path, page(b"{}"), night=Night(date(2026, 2, day)))
    found = Landing(tmp_path).manifests("zendesk", "tickets")
    assert [each.as_of_date.day for each in found] == [1, 2, 3]
    assert list(Landing(tmp_path).manifests("zendesk", "organizations")) == []


# --- damage and disks ---------------------------------------------------------------------------------


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip_a_bit, "sha256 differs"),
        (lambda file: file.write_bytes(file.read_bytes()[:-9]), "sha256 differs"),
        (lambda file: file.write_bytes(b""), "sha256 differs"),
        (lambda file: file.write_bytes(gzip.compress(b"{}\n")), "sha256 differs"),
        (lambda file: file.unlink(), "FileNotFoundError"),
    ],
    ids=["bit flip", "cut off", "empty", "another file", "missing"],
)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, damage, said) -> None:
    manifest = write(tmp_path, page(b'{"id":1}'))
    file = manifest.folder / "page-00001.ndjson.gz"
    damage(file)
    with pytest.raises(LandingError, match=said) as caught:
        Landing(tmp_path).read_page(manifest, manifest.pages[0])
    assert str(file) in caught.value.what
    assert str(manifest.folder) in caught.value.remedy


def edit_manifest(folder: Path, **changes) -> None:
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def test_rows_that_do_not_add_up_are_damage(tmp_path) -> None:
    manifest = write(tmp_path, page(b"{}"))
    edit_manifest(manifest.folder, rows=2)
    with pytest.raises(LandingError, match="do not add up"):
        list(Landing(tmp_path).manifests("zendesk", "tickets"))
    pages = json.loads((manifest.folder / "manifest.json").read_text())["pages"]
    edit_manifest(manifest.folder, pages=[{**pages[0], "rows": 2}])
    (changed,) = Landing(tmp_path).manifests("zendesk", "tickets")
    with pytest.raises(LandingError, match="holds 1 records, its manifest says 2"):
        Landing(tmp_path).read_page(changed, changed.pages[0])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: edit_manifest(folder, surprise=1),
        lambda folder: edit_manifest(folder, stream="users"),
        lambda folder: edit_manifest(folder, as_of_date="yesterday"),
    ],
    ids=["cut off", "no object", "unknown field", "of another stream", "no date"],
)
def test_a_manifest_that_cannot_be_trusted_is_damage(tmp_path, spoil) -> None:
    spoil(write(tmp_path, page(b"{}")).folder)
    with pytest.raises(LandingError, match=r"manifest\.json"):
        list(Landing(tmp_path).manifests("zendesk", "tickets"))


def test_a_manifest_cannot_name_a_file_elsewhere(tmp_path) -> None:
    manifest = write(tmp_path, page(b"{}"))
    pages = json.loads((manifest.folder / "manifest.json").read_text())["pages"]
    edit_manifest(manifest.folder, pages=[{**pages[0], "file": "../../other"}])
    (changed,) = Landing(tmp_path).manifests("zendesk", "tickets")
    with pytest.raises(LandingError, match="cannot be a name"):
        Landing(tmp_path).read_page(changed, changed.pages[0])


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "a\0b", "a b", ".hidden", "-x"])
def test_a_name_that_leaves_the_landing_zone_is_refused(tmp_path, name) -> None:
    with pytest.raises(LandingError, match="cannot be a name"):
        write(tmp_path / "landing", page(b"{}"), stream=name)
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_or_read_only_disk_says_so_in_one_line_and_the_next_run_goes_on(
    tmp_path, monkeypatch, code
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LandingError) as caught:
            write(tmp_path, page(b"{}"))
    assert os.strerror(code) in str(caught.value)
    assert "night-2026-01-31" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert write(tmp_path, page(b"{}")).rows == 1
