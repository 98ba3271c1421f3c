"""Where exports stand: a link a run, whole at any time, `latest`, and the last ones kept.

    exports/night-2026-01-31           link to the content of that night
    exports/.night-2026-01-31-<hash>/  the content; a re-run with other content gets a folder of its own
    exports/latest                     link to the newest night

Links change in one step, and what a link shows is never written to or removed while it shows it.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from valuegap.night import Night
from valuegap.publish.files import file_sha256, point_link, sync

LATEST_NAME = "latest"
MANIFEST_NAME = "manifest.json"
INCOMING_NAME = ".incoming"
OUTGOING_NAME = ".outgoing"


@contextmanager
def incoming_folder(exports: Path) -> Iterator[Path]:
    """Give the folder on its way in a path of its own; whatever of it a fault leaves there is removed."""
    incoming = exports / INCOMING_NAME
    for leftover in (incoming, exports / OUTGOING_NAME):  # of a killed run
        _remove(leftover)
    incoming.mkdir(parents=True)
    try:
        yield incoming
    finally:
        _remove(incoming)


def move_in(incoming: Path, run_id: str) -> None:
    """Make the incoming folder, its manifest written, what the link of its run shows.

    A re-run with the same content changes nothing at all.
    """
    exports = incoming.parent
    content = exports / f".{run_id}-{file_sha256(incoming / MANIFEST_NAME)[:12]}"
    if not (content / MANIFEST_NAME).exists():
        _move_out(content)
        incoming.rename(content)
        sync(exports)
    link = exports / run_id
    if link.is_symlink() and link.readlink() == Path(content.name):
        return
    if link.is_dir() and not link.is_symlink():  # written before there were links
        _move_out(link)
    point_link(link, content)


def point_latest(exports: Path, night: Night) -> date:
    """Make `latest` show a night's run unless it shows a newer night; return the night it shows."""
    shown = latest(exports)
    if shown is not None and shown > night.as_of_date:
        return shown
    point_link(exports / LATEST_NAME, exports / night.run_id)
    return night.as_of_date


def latest(exports: Path) -> date | None:
    """Return the night `latest` shows; None while there is none."""
    return _night_of(exports / LATEST_NAME)


def prune(exports: Path, *, kept_exports: int, protected: set[Path]) -> None:
    """Remove all but the newest `kept_exports` nights, and content that no run shows any more.

    `protected` are contents readers may have found a moment ago.
    """
    runs = {path: _night_of(path) for path in exports.glob("night-*")}
    by_night = sorted((night, path) for path, night in runs.items() if night is not None)
    kept = {path for _, path in by_night[-kept_exports:]}
    contents = {path.resolve() for path in protected}
    for path in runs:
        if path in kept or path.resolve() in contents:
            contents.add(path.resolve())
        elif path.is_symlink():
            path.unlink()
        else:
            _move_out(path)
    for content in exports.glob(".night-*"):
        if content.resolve() not in contents:
            _move_out(content)


def shown_content(exports: Path) -> set[Path]:
    """Return the folder `latest` shows; none while there is none."""
    link = exports / LATEST_NAME
    return {link.resolve()} if link.exists() else set()


def _night_of(folder: Path) -> date | None:
    manifest = folder / MANIFEST_NAME
    if not manifest.exists():
        return None
    return date.fromisoformat(json.loads(manifest.read_text(encoding="utf-8"))["as_of_date"])


def _move_out(folder: Path) -> None:
    """Remove a folder so that it is gone in one step: under its name it is whole or not there."""
    if not folder.exists():
        return
    outgoing = folder.with_name(OUTGOING_NAME)
    _remove(outgoing)
    folder.rename(outgoing)
    _remove(outgoing)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
