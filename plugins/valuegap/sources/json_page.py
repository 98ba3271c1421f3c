"""Cuts an API page into its records without touching their text.

Parsing a page and writing its records out again would quietly repair them: a 20-digit id becomes a
float, of two equal keys one is lost, `1.10` becomes `1.1`. The landing zone promises what the vendor
sent, so records are slices of the answer. The standard library's scanner tells where each one ends, and
is as fast at that as a parse and a dump with a faster library.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_ENVELOPE = json.JSONDecoder(strict=False)
# Numbers inside records are only walked over: as text they can neither overflow nor cost a conversion.
_RECORDS = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)
_SPACE = re.compile(r"[ \t\r\n]*")
_TEXT_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def split_page(body: bytes, path: tuple[str, ...] = ()) -> tuple[Mapping[str, Any], tuple[bytes, ...] | None]:
    """Return the answer without its records, and the text of each record, free of line breaks.

    Args:
        body: A whole JSON object as the vendor sent it.
        path: Keys that lead to the records: an array of them, or one object. Empty for none.

    Returns:
        The envelope (everything that is not the records), and the records; None where `path` leads nowhere.

    Raises:
        ValueError: The text is no JSON object, or ends early.
    """
    text = body.decode("utf-8-sig", "surrogateescape")
    try:
        envelope, records, end = _object(text, _skip_space(text, 0), path)
    except (IndexError, RecursionError) as error:
        raise ValueError("the JSON ends early or nests too deep") from error
    if _skip_space(text, end) != len(text):
        raise ValueError("text after the end of the JSON object")
    return envelope, records


def _object(
    text: str, at: int, path: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[bytes, ...] | None, int]:
    members: dict[str, Any] = {}
    records: tuple[bytes, ...] | None = None
    at = _after(text, at, "{")
    while text[at] != "}":
        key, at = _ENVELOPE.raw_decode(text, at)
        at = _after(text, _skip_space(text, at), ":")
        if path[:1] != (key,):
            members[key], at = _ENVELOPE.raw_decode(text, at)
        elif path[1:] and text[at] == "{":
            members[key], records, at = _object(text, at, path[1:])
        else:
            records, at = _records(text, at)
        at = _next_member(text, at, "}")
    return members, records, at + 1


def _records(text: str, at: int) -> tuple[tuple[bytes, ...], int]:
    if text[at] != "[":
        end = _end_of_value(text, at)
        return (_one_line(text[at:end]),), end
    found = []
    at = _after(text, at, "[")
    while text[at] != "]":
        end = _end_of_value(text, at)
        found.append(_one_line(text[at:end]))
        at = _next_member(text, end, "]")
    return tuple(found), at + 1


def _end_of_value(text: str, at: int) -> int:
    try:
        _, end = _RECORDS.raw_decode(text, at)
    except RecursionError:
        # Nested deeper than Python's parser goes: land it all the same, the loader sets it aside by itself.
        return _end_of_brackets(text, at)
    return end


def _end_of_brackets(text: str, at: int) -> int:
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    raise ValueError("the JSON ends early")


def _one_line(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").replace(b"\n", b" ").replace(b"\r", b" ")


def _next_member(text: str, at: int, closing: str) -> int:
    at = _skip_space(text, at)
    if text[at] == closing:
        return at
    return _after(text, at, ",")


def _after(text: str, at: int, mark: str) -> int:
    if text[at] != mark:
        raise ValueError(f"{mark} expected at character {at}")
    return _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def read_record(record: bytes) -> Mapping[str, Any]:
    """Return a record's content; nothing of one that the loader will set aside."""
    try:
        content = json.loads(record)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
