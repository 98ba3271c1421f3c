"""Files somebody put into a folder: exports made by hand, targets in a spreadsheet, a dump of old tickets.

`file_drop.yml` says what they are (`file_mapping`). A file is landed once, row by row, its own columns as
they stand beside ours. Changed, it is landed again, and the later row of a key wins; taken away, nothing
changes. A file that cannot be read is named and left, and tried again every night until it can.

Not read yet are files still on their way: names that end in `.part`, `.tmp`, `.crdownload` or `.filepart`,
hidden ones, those another program has a lock beside (`~$name`, `.~lock.name#`, `name.lock`), and one that
changes while it is copied.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from valuegap.errors import SourceError
from valuegap.landing import Landing
from valuegap.night import Night
from valuegap.progress import Progress, silent
from valuegap.settings import Settings
from valuegap.sources.extract import LandedStream
from valuegap.sources.file_mapping import FILE, STREAMS, FileMapping, read_mappings
from valuegap.sources.file_rows import Row, UnreadableFileError, rows_of
from valuegap.sources.stream import Page, Pager, Stream

ROWS_PER_PAGE = 1_000
MAX_FILE_BYTES = 2 << 30
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".lock")


@dataclass(frozen=True)
class DropFolder:
    """What the drop folder has for the loader."""

    name: str
    streams: tuple[Stream, ...]


FILES = DropFolder("files", STREAMS)


@dataclass(frozen=True)
class _Dropped:
    """A file as one entry of `file_drop.yml` reads it."""

    mapping: FileMapping
    path: Path
    name: str

    @property
    def key(self) -> str:
        return f"{self.mapping.name} {self.name}"


@dataclass(frozen=True)
class _Read:
    """A file that could be read: its records, one a line, in a temporary file."""

    dropped: _Dropped
    sha256: str
    records: Path


class _OnItsWayError(Exception):
    """The file is still being written."""


def extract_files(
    settings: Settings,
    night: Night,
    landing: Landing,
    cursors: Mapping[str, str | None],
    progress: Progress = silent,
) -> tuple[LandedStream, ...]:
    """Land every new and changed file of the drop folder; what the night has landed is not read again.

    A file that cannot be read is named to `progress` and in the manifest's note, and keeps nothing else
    from landing.

    Raises:
        SourceError: There is no drop folder, or `file_drop.yml` cannot be understood.
        LandingError: The landing zone could not be written.
    """
    folder = settings.drop_dir
    if not folder.is_dir():
        raise SourceError(
            f"files: there is no folder {folder}.",
            remedy="Create it, or point VALUEGAP_DROP_DIR to it, or take files out of VALUEGAP_SOURCES.",
        )
    mappings = read_mappings(settings.config_dir)
    for name in _unmapped(folder, mappings):
        progress(f"files: {name} is left alone, no entry of {FILE} is for it")
    return tuple(
        _land(stream, _dropped(folder, mappings, stream), night, landing, cursors.get(stream.name), progress)
        for stream in FILES.streams
    )


def _land(  # noqa: PLR0913, PLR0917 - one thing from each part of the night
    stream: Stream,
    dropped: tuple[_Dropped, ...],
    night: Night,
    landing: Landing,
    cursor: str | None,
    progress: Progress,
) -> LandedStream:
    name = f"{FILES.name} {stream.name}"
    if (landed := landing.manifest(FILES.name, stream.name, night.run_id)) is not None:
        progress(f"{name}: {landed.rows:,} records were landed already")
        return LandedStream(landed, is_reused=True)
    ledger = _Ledger(cursor, dropped)
    with tempfile.TemporaryDirectory(prefix="valuegap-files-") as work:
        read = [one for one in (ledger.read(each, Path(work), progress) for each in dropped) if one]
        manifest = landing.write_stream(
            FILES.name,
            stream.name,
            night,
            Pager(_pages(read, ledger)),
            cursor_before=cursor,
            note=ledger.note,
        )
    progress(f"{name}: {manifest.rows:,} records landed from {len(read)} new files of {len(dropped)}")
    return LandedStream(manifest, is_reused=False)


class _Ledger:
    """Which files were landed, by what is in them: the stream's cursor. A file taken away leaves it."""

    def __init__(self, cursor: str | None, dropped: tuple[_Dropped, ...]) -> None:
        known: Mapping[str, str] = json.loads(cursor) if cursor else {}
        self._landed = {each.key: known[each.key] for each in dropped if each.key in known}
        self._n_files = len(dropped)
        self._problems: list[str] = []

    @property
    def cursor(self) -> str:
        return json.dumps(self._landed, sort_keys=True, ensure_ascii=False)

    @property
    def note(self) -> str | None:
        if not self._problems:
            return None
        return f"{len(self._problems)} of {self._n_files} files could not be read: {self._problems[0]}"

    def read(self, dropped: _Dropped, work: Path, progress: Progress) -> _Read | None:
        """Read a file that is new or changed; None where there is nothing to land of it."""
        try:
            copy, sha256 = _copied(dropped.path, work)
            content = hashlib.sha256(f"{sha256} {dropped.mapping.digest}".encode()).hexdigest()[:16]
            if self._landed.get(dropped.key) == content:
                return None
            records = _records(copy, dropped.mapping, work)
        except _OnItsWayError:
            progress(f"files: {dropped.name} is still being written, it is left for the next night")
            return None
        except (UnreadableFileError, OSError, LookupError) as error:
            problem = f"{dropped.name} ({dropped.mapping.name}): {error}"
            self._problems.append(problem)
            progress(
                f"files: {problem}. Correct the file or its entry in {FILE}: it is tried again every night."
            )
            return None
        self._landed[dropped.key] = content
        return _Read(dropped, sha256, records)


def _pages(read: list[_Read], ledger: _Ledger) -> Iterator[Page | str]:
    for one in read:
        mapping, name = one.dropped.mapping, one.dropped.name
        context = {
            "mapping": mapping.name,
            "file_name": name,
            "file_sha256": one.sha256,
            "sheet": mapping.sheet,
        }
        with one.records.open("rb") as file:
            while lines := tuple(islice(file, ROWS_PER_PAGE)):
                yield Page(tuple(line[:-1] for line in lines), {"path": name}, context)
    yield ledger.cursor


def _dropped(folder: Path, mappings: tuple[FileMapping, ...], stream: Stream) -> tuple[_Dropped, ...]:
    return tuple(
        _Dropped(mapping, path, str(path.relative_to(folder)))
        for mapping in mappings
        if mapping.kind == stream.name
        for path in sorted(folder.glob(mapping.file))
        if _is_there(folder, path)
    )


def _unmapped(folder: Path, mappings: tuple[FileMapping, ...]) -> list[str]:
    mapped = {path for mapping in mappings for path in folder.glob(mapping.file)}
    files = sorted(path for path in folder.rglob("*") if path not in mapped and _is_there(folder, path))
    return [str(path.relative_to(folder)) for path in files]


def _is_there(folder: Path, path: Path) -> bool:
    """Tell whether a path is a file of this folder that nobody is at work on."""
    locks = (f"~${path.name}", f".~lock.{path.name}#", f"{path.name}.lock")
    return (
        path.is_file()
        and path.resolve().is_relative_to(folder.resolve())
        and not path.name.startswith((".", "~$"))
        and path.suffix.lower() not in UNFINISHED
        and not any((path.parent / lock).exists() for lock in locks)
    )


def _copied(path: Path, work: Path) -> tuple[Path, str]:
    """Return a copy that cannot change while it is read, and the sha256 of its bytes."""
    before = path.stat()
    if before.st_size > MAX_FILE_BYTES:
        raise UnreadableFileError(f"is of {before.st_size:,} bytes, more than {MAX_FILE_BYTES:,}")
    copy = work / "copy"
    shutil.copyfile(path, copy)
    if _identity(path.stat()) != _identity(before):
        raise _OnItsWayError
    with copy.open("rb") as file:
        return copy, hashlib.file_digest(file, "sha256").hexdigest()


def _identity(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _records(path: Path, mapping: FileMapping, work: Path) -> Path:
    """Write what is landed of a file, one record a line: all of it, or an error."""
    descriptor, name = tempfile.mkstemp(dir=work)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(_record(row, mapping) + b"\n" for row in rows_of(path, mapping))
    return Path(name)


def _record(row: Row, mapping: FileMapping) -> bytes:
    if isinstance(row, bytes):
        return row
    try:
        return json.dumps({"row": row, **mapping.ours(row)}, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a character, escaped in JSON: the loader sets the record aside
        return json.dumps({"row": row}).encode()
