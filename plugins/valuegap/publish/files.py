"""Files that appear whole: written under another name, forced to disk, renamed; links swapped in one step."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valuegap.errors import PublishError


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def file_sha256(file: Path) -> str:
    """Return the hash of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def point_link(link: Path, target: Path) -> None:
    """Make `link` point to its sibling `target`; whoever opens it finds the old target or the new one.

    The link is relative, so that the folder can be moved or mounted elsewhere.
    """
    incoming = link.with_name(f".{link.name}.incoming")
    incoming.unlink(missing_ok=True)
    incoming.symlink_to(target.name)
    incoming.replace(link)
    sync(link.parent)


def sql_literal(path: Path) -> str:
    """Return a path as a SQL string."""
    return "'" + str(path).replace("'", "''") + "'"


@contextmanager
def file_errors_explained(folder: Path) -> Iterator[None]:
    """Turn a full disk or a missing right into a `PublishError` with a remedy."""
    try:
        yield
    except OSError as error:
        raise PublishError(
            f"{folder} cannot be written: {error.strerror or error}. Readers still have what they had.",
            remedy="Free space or make it writable, then run this again.",
        ) from error
