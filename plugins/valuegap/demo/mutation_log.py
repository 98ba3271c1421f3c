"""The history of a company as a list of mutations: what the emulators serve, and what truth is computed from.

The log is append-only and whole: every version of every record a vendor ever showed stands in it, as the
vendor words it, with when it happened and from when on it was shown. So whoever reads the log alone (an
oracle, a client that this project did not write) knows what must be found at any moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from valuegap.demo.records import Company, Versions
from valuegap.demo.revisions import STATES
from valuegap.demo.truth import Truth
from valuegap.errors import ConfigurationError

TEXT_IDS = frozenset({"qualtrics", "salesforce"})
TIMES = ("updated_at", "visible_at", "generated_at", "recorded_at", "created_at")
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


class Op(StrEnum):
    """What happened to a record."""

    CREATE = "create"
    UPDATE = "update"
    SYSTEM_UPDATE = "system_update"  # the record changed, its time of change did not
    STALE_READ = "stale_read"  # a copy that is out of date answers for a while: nothing happened
    ARCHIVE = "archive"
    RESTORE = "restore"
    DELETE = "delete"  # with a tombstone, where the vendor has one
    PURGE = "purge"  # gone without a word
    MERGE = "merge"  # the loser of a merge: gone without a word
    ASSOCIATE = "associate"
    DISSOCIATE = "dissociate"


LOG_STATES = (*STATES, "purged")
STATE_AFTER: Mapping[Op, str] = {
    Op.ARCHIVE: "archived",
    Op.DELETE: "deleted",
    Op.PURGE: "purged",
    Op.MERGE: "merged",
}
LINKING = frozenset({Op.ASSOCIATE, Op.DISSOCIATE})


@dataclass(frozen=True)
class Mutation:
    """One line of the log.

    `at` is the vendor's own clock for the change, `visible_at` when its API first shows it, both aware UTC.
    `record` is the whole record from then on, as the vendor words it; `context` is what it belongs to where
    the vendor does not say so in the record (the survey of a response); `raw` replaces values of it, by
    their dotted path, by a text that is sent as it stands: what JSON libraries refuse to write.
    """

    at: datetime
    visible_at: datetime
    vendor: str
    stream: str
    id: str
    op: Op
    record: Mapping[str, Any]
    raw: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """State of the record from then on: one of the states of `Versions`, or purged."""
        return STATE_AFTER.get(self.op, "live")


Log = Sequence[Mutation]


def write_log(log: Iterable[Mutation]) -> bytes:
    """Return the log as NDJSON, one mutation a line."""
    return b"".join(orjson.dumps(mutation) + b"\n" for mutation in log)


def read_log(path: Path) -> tuple[Mutation, ...]:
    """Read a log that `write_log` wrote. Raises `ConfigurationError` for any other file."""
    try:
        return tuple(_mutation(orjson.loads(line)) for line in path.read_bytes().splitlines())
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"{path} is no log of mutations: {error}.", remedy="Give a file that GET /admin/log answered."
        ) from None


def _mutation(line: Mapping[str, Any]) -> Mutation:
    times = {name: datetime.fromisoformat(line[name]) for name in ("at", "visible_at")}
    return Mutation(**{**line, **times, "op": Op(line["op"])})


def sent(mutation: Mutation) -> dict[str, Any]:
    """Return a fresh copy of a mutation's record, ready for orjson, its raw texts in place."""
    record: dict[str, Any] = orjson.loads(orjson.dumps(mutation.record))
    for path, text in mutation.raw.items():
        *parents, name = path.split(".")
        place = record
        for parent in parents:
            place = place[parent]
        place[name] = orjson.Fragment(text)
    return record


def company_of(log: Log) -> Company:
    """Return the company the log tells of; streams it does not name are there and empty."""
    streams: dict[tuple[str, str], list[Mutation]] = defaultdict(list)
    links: dict[str, list[Mutation]] = defaultdict(list)
    for mutation in log:
        if mutation.op in LINKING:
            links[mutation.stream].append(mutation)
        else:
            streams[mutation.vendor, _place(mutation)].append(mutation)
    of_vendor = {
        vendor: _Streams(
            {name: versions_of(own, vendor) for (of, name), own in streams.items() if of == vendor}
        )
        for vendor in ("hubspot", "zendesk", "qualtrics", "salesforce")
    }
    qualtrics = of_vendor["qualtrics"]
    return Company(
        hubspot=of_vendor["hubspot"],
        associations=_Links({name: _links_of(own) for name, own in links.items()}),
        zendesk=of_vendor["zendesk"],
        qualtrics_surveys=qualtrics["surveys"],
        qualtrics_definitions=qualtrics["survey_definitions"],
        qualtrics_responses=_by_place(qualtrics, "responses"),
        qualtrics_distributions=_by_place(qualtrics, "distributions"),
        qualtrics_invitations=_by_place(qualtrics, "invitations"),
        qualtrics_contacts=_by_place(qualtrics, "directory_contacts"),
        salesforce=of_vendor["salesforce"],
        truth=Truth(),
    )


def _place(mutation: Mutation) -> str:
    """Qualtrics keeps what belongs to each survey, distribution and directory apart."""
    return " ".join([mutation.stream, *mutation.context.values()])


def _by_place(streams: Mapping[str, Versions], name: str) -> dict[str, Versions]:
    return {place.split()[1]: own for place, own in streams.items() if place.startswith(f"{name} ")}


def versions_of(mutations: Log, vendor: str) -> Versions:
    """Return the versions of one stream, in the order they became visible."""
    ordered = sorted(mutations, key=lambda each: (_id(each), each.visible_at))
    frame = pd.DataFrame(
        {
            "id": pd.Series([_id(each) for each in ordered], dtype="str" if vendor in TEXT_IDS else np.int64),
            "state": pd.Categorical([each.state for each in ordered], categories=pd.Index(LOG_STATES)),
            "position": np.arange(len(ordered)),
            **{name: _times(_time(each, name) for each in ordered) for name in TIMES},
        }
    )

    def render(rows: pd.DataFrame) -> list[dict[str, object]]:
        return [sent(ordered[position]) for position in rows["position"].tolist()]

    return Versions(frame, render)


class _Streams(dict[str, Versions]):
    """A vendor's streams; one that nothing is told of is empty."""

    def __missing__(self, _name: str) -> Versions:
        return versions_of((), "hubspot")


class _Links(dict[str, pd.DataFrame]):
    """Associations by name; those that nothing is told of are empty."""

    def __missing__(self, _name: str) -> pd.DataFrame:
        return _links_of(())


def _id(mutation: Mutation) -> str | int:
    return mutation.id if mutation.vendor in TEXT_IDS else int(mutation.id)


def _time(mutation: Mutation, name: str) -> datetime:
    record = mutation.record
    if name == "visible_at":
        return mutation.visible_at
    if name == "generated_at" and "generated_timestamp" in record:
        return datetime.fromtimestamp(record["generated_timestamp"], UTC)
    if name == "recorded_at" and "values" in record:
        return datetime.fromisoformat(record["values"]["recordedDate"])
    if name == "created_at" and isinstance(record.get("created_at"), str):
        return datetime.fromisoformat(record["created_at"])
    return mutation.at


def _times(times: Iterator[datetime]) -> "pd.Series[Any]":
    naive = [np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us") for time in times]
    return pd.Series(np.array(naive, "datetime64[us]"))


def _links_of(mutations: Log) -> pd.DataFrame:
    """Return a row for each association, with when it was made and when it was taken away."""
    made: list[dict[str, Any]] = []
    for mutation in sorted(mutations, key=lambda each: each.visible_at):
        link = {"from_id": int(mutation.id), **mutation.record}
        if mutation.op is Op.ASSOCIATE:
            made.append({**link, "visible_at": mutation.visible_at, "gone_at": FOREVER})
        else:
            standing = [each for each in made if link.items() <= each.items() and each["gone_at"] == FOREVER]
            standing[-1]["gone_at"] = mutation.visible_at
    return pd.DataFrame(
        {
            **{
                name: np.array([each[name] for each in made], np.int64)
                for name in ("from_id", "to_id", "type_id")
            },
            **{name: _times(each[name] for each in made) for name in ("visible_at", "gone_at")},
        }
    )
