"""The landing zone: every record a vendor sent, untouched, hashed and listed; enough to rebuild everything.

`<root>/<source>/<stream>/<run_id>/page-00001.ndjson.gz` holds one record a line. `manifest.json` lists
the files and is written last: a folder without it is what a killed run left, and is removed by the next.
A complete folder is never written again.

A file holds consecutive vendor pages of one context, up to 5,000 records: vendors send 100 to 1,000 a
page, and thousands of tiny files would cost more to open than to read. The manifest keeps the first and the
last request of each file: enough to ask again for what a line came in, and no more for a million pages.
"""

import fcntl
import gzip
import hashlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import IO

from valuegap.errors import LandingError
from valuegap.night import Night
from valuegap.sources.stream import Page, Pager

RECORDS_PER_FILE = 5_000
_MANIFEST = "manifest.json"
_DIRECTORY_MODE, _FILE_MODE = 0o700, 0o600
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class PageFile:
    """One landed file: its name, the sha256 of its bytes, its rows, and what brought them.

    `requests` are the first and the last one of them, each with the rows it brought; one where it was alone.
    """

    file: str
    sha256: str
    rows: int
    requests: tuple[Mapping[str, object], ...]
    context: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """What one run landed of one stream. `folder` is where it stands; times are ISO 8601 text in UTC.

    `note` says why a run is empty when the vendor does not sell us the stream: "not on this plan".
    """

    folder: Path
    source: str
    stream: str
    run_id: str
    as_of_date: date
    started_at: str
    finished_at: str
    cursor_before: str | None
    cursor_after: str | None
    pages: tuple[PageFile, ...]
    note: str | None = None

    @property
    def rows(self) -> int:
        """Records in all its files."""
        return sum(page.rows for page in self.pages)

    @property
    def sha256(self) -> str:
        """Hash of the manifest file, which holds the hashes of all its pages."""
        return _sha256(self.folder / _MANIFEST)


class Landing:
    """Writes and reads the landing zone under `root`. `clock` only dates the manifests."""

    def __init__(self, root: Path, *, clock: Callable[[], datetime] = _now) -> None:
        """Nothing is created before something is written."""
        self.root = root
        self._clock = clock

    def write_stream(  # noqa: PLR0913 - what a manifest says of a run
        self,
        source: str,
        stream: str,
        night: Night,
        pager: Pager,
        *,
        cursor_before: str | None = None,
        note: str | None = None,
    ) -> Manifest:
        """Land every page of a stream, or return what this night landed of it already.

        The pager is not touched when the night's manifest is there. What a killed run left is removed
        first. Memory does not grow with the number of pages.

        Raises:
            LandingError: The disk is full or refuses, or another process is landing this stream.
        """
        folder = self._folder(source, stream) / _safe(night.run_id)
        with _disk_errors(folder), _only_writer(self._create(folder.parent)):
            if (landed := self.manifest(source, stream, night.run_id)) is not None:
                return landed
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=_DIRECTORY_MODE)
            started_at = self._clock()
            pages = tuple(_write_pages(folder, pager))
            manifest = Manifest(
                folder=folder,
                source=source,
                stream=stream,
                run_id=night.run_id,
                as_of_date=night.as_of_date,
                started_at=started_at.isoformat(),
                finished_at=self._clock().isoformat(),
                cursor_before=cursor_before,
                cursor_after=pager.cursor_after,
                pages=pages,
                note=note,
            )
            _write_manifest(manifest)
            return manifest

    def manifest(self, source: str, stream: str, run_id: str) -> Manifest | None:
        """Return what a run landed of a stream; None where it did not, or not to the end."""
        folder = self._folder(source, stream) / _safe(run_id)
        return _read_manifest(folder) if (folder / _MANIFEST).exists() else None

    def manifests(self, source: str, stream: str) -> Iterator[Manifest]:
        """Yield the manifests of every complete run of a stream, by run id: oldest night first."""
        for file in sorted(self._folder(source, stream).glob(f"*/{_MANIFEST}")):
            yield _read_manifest(file.parent)

    def read_page(self, manifest: Manifest, page: PageFile) -> tuple[bytes, ...]:
        """Return the records of one file, checked against the manifest's hash and row count.

        Raises:
            LandingError: The file is missing, or is not the one the manifest lists.
        """
        path = manifest.folder / _safe(page.file)
        try:
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != page.sha256:
                raise _damaged(path, "is not the file its manifest lists (sha256 differs)")
            records = tuple(gzip.decompress(content).split(b"\n")[:-1])
        except (OSError, EOFError, zlib.error) as error:
            raise _damaged(path, f"cannot be read ({type(error).__name__})") from error
        if len(records) != page.rows:
            raise _damaged(path, f"holds {len(records):,} records, its manifest says {page.rows:,}")
        return records

    def records(self, manifest: Manifest) -> Iterator[bytes]:
        """Yield every record of a run, file after file."""
        for page in manifest.pages:
            yield from self.read_page(manifest, page)

    def _folder(self, source: str, stream: str) -> Path:
        return self.root / _safe(source) / _safe(stream)

    def _create(self, folder: Path) -> Path:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        for each in (self.root, folder.parent, folder):
            each.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
        return folder


class _FileNumbers:
    """Numbers the file each page goes to: a new one when the last is full, or for another context."""

    def __init__(self) -> None:
        self._number = 0
        self._rows = 0
        self._context: Mapping[str, str] | None = None

    def __call__(self, page: Page) -> int:
        self._rows += len(page.records)
        if self._rows > RECORDS_PER_FILE or page.context != self._context:
            self._number += 1
            self._rows, self._context = len(page.records), page.context
        return self._number


def _write_pages(folder: Path, pages: Iterable[Page]) -> Iterator[PageFile]:
    with_records = (page for page in pages if page.records)
    for number, group in groupby(with_records, key=_FileNumbers()):
        yield _write_file(folder / f"page-{number:05d}.ndjson.gz", group)


def _write_file(path: Path, pages: Iterable[Page]) -> PageFile:
    rows = 0
    requests: list[Mapping[str, object]] = []
    context: Mapping[str, str] = {}
    # No name and no time in the gzip header: the same records are the same bytes. Level 4 is within a few
    # percent of the default's size in less than half its time.
    with _replacing(path) as raw, gzip.GzipFile("", "wb", 4, raw, mtime=0) as file:
        for page in pages:
            file.writelines(record + b"\n" for record in page.records)
            rows += len(page.records)
            requests[1:] = [{**page.request, "rows": len(page.records)}]
            context = page.context
    return PageFile(path.name, _sha256(path), rows, tuple(requests), dict(context))


def _write_manifest(manifest: Manifest) -> None:
    content = {**asdict(manifest), "as_of_date": manifest.as_of_date.isoformat(), "rows": manifest.rows}
    del content["folder"]
    with _replacing(manifest.folder / _MANIFEST) as file:
        file.write(json.dumps(content, indent=1, sort_keys=True).encode() + b"\n")


def _read_manifest(folder: Path) -> Manifest:
    path = folder / _MANIFEST
    try:
        content = json.loads(path.read_bytes())
        rows = content.pop("rows")
        pages = tuple(PageFile(**{**page, "requests": tuple(page["requests"])}) for page in content["pages"])
        as_of_date = date.fromisoformat(content["as_of_date"])
        manifest = Manifest(**{**content, "folder": folder, "as_of_date": as_of_date, "pages": pages})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise _damaged(path, f"cannot be read ({type(error).__name__})") from error
    if (manifest.source, manifest.stream, manifest.run_id, manifest.rows) != (*folder.parts[-3:], rows):
        raise _damaged(path, "does not belong to the folder it stands in, or its rows do not add up")
    return manifest


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Yield a file that becomes `path` whole and durable, or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the rename is durable only once the folder is
    finally:
        os.close(folder)


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold the stream's lock, which the kernel lets go of when this process dies."""
    lock = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, _FILE_MODE)
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LandingError(
            f"Another process is landing {folder.parent.name}/{folder.name} now.",
            remedy="Wait for it to end, and run the night again.",
        ) from error


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LandingError(
            f"Cannot write {folder}: {error.strerror or error}.",
            remedy="Make room or set its permissions right, and run the night again: it goes on from here.",
        ) from error


def _damaged(path: Path, what: str) -> LandingError:
    return LandingError(
        f"{path} {what}.",
        remedy=f"Restore it from a backup, or remove {path.parent} and run that night again to fetch it.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _safe(name: str) -> str:
    if not _SAFE_NAME.fullmatch(name):
        raise LandingError(
            f"{name!r} cannot be a name in the landing zone.", remedy="Use letters, digits, - and _."
        )
    return name
