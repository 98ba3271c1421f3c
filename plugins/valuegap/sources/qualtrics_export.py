"""One Qualtrics response export: started, polled, fetched as a zipped NDJSON file, and read line by line."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote
from zipfile import BadZipFile, ZipFile

from valuegap.sources.client import NOT_FOUND, Client, RefusedError

LINES_PER_PAGE = 1000
LONGEST_LINE = 64 * 2**20
EXPORT_TRIES = 2
EXPORT_DEADLINE_SECONDS = 3600.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

RUN_AGAIN = "Run the night again: it starts a new one."
FAILED_REMEDY = (
    "Run the night again. If it fails every time, the file may be over the vendor's 1.8 GB: have the survey "
    "split, or show the vendor's support the time of this run."
)
_UNREADABLE = (BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Export:
    """A finished export: its lines, up to 1,000 a page, and the token that goes on from it.

    At least one page comes, if an empty one. Without a `token` the vendor offers no continuation.
    """

    pages: Iterator[tuple[bytes, ...]]
    token: str | None


class _LostExportError(Exception):
    """The vendor began an export and did not bring it to an end: another one may do."""

    def __init__(self, what: str, remedy: str = RUN_AGAIN) -> None:
        super().__init__(what)
        self.remedy = remedy


def export_responses(client: Client, survey_id: str, request: Mapping[str, object]) -> Export:
    """Export responses of a survey; an export that fails or gets lost is asked for once more.

    Nothing of a file is handed on before all of it is known to be whole.

    Raises:
        RefusedError: The export cannot be started: its survey is gone (404), or it cannot be as asked.
        SourceError: Two exports did not come to their end.
    """
    path = exports_path(survey_id)
    for attempt in range(1, EXPORT_TRIES + 1):
        try:
            return _export(client, path, request)
        except _LostExportError as error:
            if attempt == EXPORT_TRIES:
                raise client.error(path, f"{error}, twice in a row", remedy=error.remedy) from error
    raise AssertionError("unreachable: there is at least one try")


def exports_path(survey_id: str) -> str:
    """Return the path of a survey's exports."""
    return f"/API/v3/surveys/{quote(survey_id, safe='')}/export-responses"


def _export(client: Client, path: str, request: Mapping[str, object]) -> Export:
    progress_id = client.post(path, request).envelope.get("result", {}).get("progressId")
    if not progress_id:
        # Asking for the progress of nothing would never end.
        raise client.error(path, "started an export without a progressId", remedy="Run the night again.")
    finished = _finished(client, path, f"{path}/{quote(str(progress_id), safe='')}")
    file = _file(client, f"{path}/{quote(str(finished['fileId']), safe='')}/file")
    token = finished.get("continuationToken")
    return Export(_lines(file), str(token) if token else None)


def _finished(client: Client, path: str, progress_path: str) -> Mapping[str, Any]:
    """Poll until the status says complete and names a file; `percentComplete` proves nothing."""
    deadline, pause = client.monotonic() + EXPORT_DEADLINE_SECONDS, FIRST_PAUSE_SECONDS
    while client.monotonic() < deadline:
        result = _progress(client, progress_path)
        if result.get("status") == "complete" and result.get("fileId"):
            return result
        if result.get("status") == "failed":
            raise _LostExportError("says that its export has failed", FAILED_REMEDY)
        client.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
    raise client.error(path, "did not finish its export within an hour", remedy=RUN_AGAIN)


def _progress(client: Client, progress_path: str) -> Mapping[str, Any]:
    try:
        return client.get(progress_path).envelope.get("result") or {}
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise
        raise _LostExportError("does not know its own export any more (HTTP 404)") from error


def _file(client: Client, file_path: str) -> IO[bytes]:
    try:
        file = client.download(file_path).file
    except RefusedError as error:
        if error.status != NOT_FOUND:
            raise
        raise _LostExportError("does not know its export's file any more (HTTP 404)") from error
    try:
        _require_whole(file)
    except BaseException:
        file.close()
        raise
    return file


def _require_whole(file: IO[bytes]) -> None:
    """Unpack all of the file once: a line of a file that breaks later is never landed."""
    try:
        with ZipFile(file) as archive:
            members, broken = len(archive.infolist()), archive.testzip()
    except _UNREADABLE as error:
        raise _LostExportError("sent an export that is no whole zip file") from error
    if members != 1 or broken:
        raise _LostExportError("sent an export that is not one whole file in a zip")


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, ...]]:
    # The member is named after the survey, in any letters there are: it is never a name on our disk.
    with closing(file), ZipFile(file) as archive, archive.open(archive.infolist()[0]) as member:
        lines: list[bytes] = []
        # A line that is longer still comes in pieces, which the loader sets aside.
        while line := member.readline(LONGEST_LINE):
            if line.strip():
                lines.append(line.rstrip(b"\r\n"))
            if len(lines) == LINES_PER_PAGE:
                yield tuple(lines)
                lines = []
        yield tuple(lines)
