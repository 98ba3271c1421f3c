"""Later versions of records: what is changed, merged or deleted during the nights."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo.horizon import Horizon, Times

STATES = ("live", "archived", "merged", "deleted")

LATEST_LAG_NIGHTS = (
    2  # a record stands in the vendor's answers this many nights after its update, at the latest
)

NO_CHANGES: Mapping[str, NDArray[Any]] = MappingProxyType({})

Rows = NDArray[np.int64]


def state_column(state: str, count: int) -> "pd.Categorical[str]":
    """Return the same state `count` times, one byte each."""
    return pd.Categorical.from_codes(
        np.full(count, STATES.index(state), dtype=np.int8), categories=pd.Index(STATES)
    )


def keeps_stage(stage_times: Sequence[Times], horizon: Horizon) -> list[NDArray[np.bool_]]:
    """Tell, for each stage of each record's life, whether a version of it is kept.

    `stage_times` run in order, NaT where a record skips a stage. A stage is kept if it is reached before
    the horizon ends and is not overtaken by the next one before the first night.
    """
    kept = []
    overtaken_at = np.full(len(stage_times[0]), horizon.until)
    for times in reversed(stage_times):
        happens = times < horizon.until  # NaT compares false
        kept.append(happens & (overtaken_at > horizon.since))
        overtaken_at = np.where(happens, times, overtaken_at)
    return kept[::-1]


class Revisions:
    """The versions of one stream's records, each revised at most once during the nights.

    Revising a record once only, and only when it has come to rest, keeps the order of versions the same
    by `updated_at` and by `visible_at`, without ever holding a second copy of the frame.
    """

    def __init__(self, frame: pd.DataFrame, rng: np.random.Generator) -> None:
        """`frame` is sorted by (id, visible_at)."""
        self._frame = frame
        self._rng = rng
        self._ids = frame["id"].to_numpy()
        self._visible_at = frame["visible_at"].to_numpy()
        self._is_free = np.append(self._ids[1:] != self._ids[:-1], True)
        self._parts: list[pd.DataFrame] = []
        self._rows: list[Rows] = []

    def values(self, column: str) -> NDArray[Any]:
        """Return a column of the records before any revision."""
        return np.asarray(self._frame[column].to_numpy())

    def reserve(self, rows: Rows) -> None:
        """Keep these rows from being drawn."""
        self._is_free[rows] = False

    def draw(self, count: int, before: np.datetime64, among: Rows | None = None) -> Rows:
        """Take up to `count` last versions, visible since `before` or earlier, that nobody took yet."""
        size = len(self._ids) if among is None else len(among)
        tries = self._rng.permutation(size) if size <= 20 * count else self._rng.integers(0, size, 20 * count)
        rows = tries if among is None else among[tries]
        rows = rows[self._is_free[rows] & (self._visible_at[rows] <= before)]
        _, first = np.unique(rows, return_index=True)
        rows = rows[np.sort(first)[:count]]
        self.reserve(rows)
        return rows

    def revise(
        self,
        rows: Rows,
        updated_at: Times | None,
        visible_at: Times,
        changes: Mapping[str, NDArray[Any]] = NO_CHANGES,
        state: str = "live",
    ) -> None:
        """Add a version of each of `rows` with these changes; without `updated_at` it keeps the old one."""
        part = self._frame.iloc[rows].copy()
        if updated_at is not None:
            part["updated_at"] = updated_at
        part["visible_at"] = visible_at
        part["state"] = state_column(state, len(rows))
        for column, value in changes.items():
            part[column] = pd.Series(value, index=part.index, dtype=self._frame[column].dtype)
        self._parts.append(part)
        self._rows.append(rows)

    def frame(self) -> pd.DataFrame:
        """Return all versions, sorted by (id, visible_at). Ends the revising.

        Column by column, letting go of each old one, so that there are never two whole frames.
        """
        if not self._parts:
            return self._frame
        later, rows = pd.concat(self._parts), np.concatenate(self._rows)
        count = len(self._frame)
        order = np.insert(np.arange(count), rows + 1, count + np.arange(len(rows)))
        columns = {}
        for name in later.columns:
            column = pd.concat([self._frame.pop(name), later[name]])
            columns[name] = column.take(order).reset_index(drop=True)
        return pd.DataFrame(columns, copy=False)


def during(rng: np.random.Generator, night: np.datetime64, count: int) -> Times:
    """Return `count` instants between 06:00 and 22:00 of the night's day."""
    return np.asarray(night + rng.integers(6 * 3600, 22 * 3600, count).astype("timedelta64[s]"))


def lately(rng: np.random.Generator, night: np.datetime64, count: int) -> tuple[Times, Times]:
    """Return when `count` records were updated, a night or two ago, and when they become visible tonight."""
    updated_at = during(rng, night, count) - rng.integers(1, LATEST_LAG_NIGHTS + 1, count).astype(
        "timedelta64[D]"
    )
    return np.asarray(updated_at), during(rng, night, count)


def nightly_count(share: float, size: int) -> int:
    """Return how many of `size` records change in a night: a share of them, one at least."""
    return max(1, round(share * size))
