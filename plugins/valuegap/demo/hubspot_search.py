"""HubSpot's CRM search: filter groups, sorts and the 10,000-result cap, over arrays of one moment's records.

The warehouse pages a search by `hs_object_id GT last`, sorted by id, hundreds of times with the same other
filters. What those filters match is kept, so that each page costs a binary search.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuegap.demo.hubspot_catalogue import DATETIME, NUMBER, ObjectType
from valuegap.demo.vendor import Json, VendorError

MAX_LIMIT = 200
MAX_RESULTS = 10_000
MAX_GROUPS = 5
MAX_FILTERS = 6
DEFAULT_LIMIT = 10
KEPT_MATCHES = 8
RENDERED_AT_ONCE = 10_000

Array = npt.NDArray[Any]

COMPARISONS: Mapping[str, Callable[[Array, Any], Array]] = {
    "GT": np.greater,
    "GTE": np.greater_equal,
    "LT": np.less,
    "LTE": np.less_equal,
}
OPERATORS = frozenset(
    {*COMPARISONS, "EQ", "NEQ", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY"}
)


@dataclass(frozen=True)
class Condition:
    """One filter: `values` are its operands, in the order low and high for BETWEEN."""

    property_name: str
    operator: str
    values: tuple[str, ...]


Groups = tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Search:
    """One search request. A record matches when all conditions of any group hold."""

    groups: Groups
    sort_by: str
    descending: bool
    limit: int
    offset: int
    properties: tuple[str, ...]


def parse_search(body: Json) -> Search:
    """Read a search request. Raises `VendorError` (400) as HubSpot does for what it refuses."""
    groups = tuple(_parse_group(group) for group in body.get("filterGroups") or ())
    limit = _whole_number(body.get("limit", DEFAULT_LIMIT), "limit")
    offset = _whole_number(body.get("after") or 0, "after")
    if len(groups) > MAX_GROUPS or any(len(group) > MAX_FILTERS for group in groups):
        raise invalid(f"A search takes at most {MAX_GROUPS} filter groups of {MAX_FILTERS} filters.")
    if not 0 < limit <= MAX_LIMIT:
        raise invalid(f"limit is {limit}; a search returns 1 to {MAX_LIMIT} records a page.")
    if offset + limit > MAX_RESULTS:
        raise invalid(f"Paging past {MAX_RESULTS} results of one search is not possible.")
    sort_by, descending = _parse_sort(body.get("sorts") or ())
    return Search(groups, sort_by, descending, limit, offset, tuple(body.get("properties") or ()))


def invalid(message: str) -> VendorError:
    """Return HubSpot's error for a request it cannot use."""
    return VendorError(400, "VALIDATION_ERROR", message)


def _parse_group(group: Json) -> tuple[Condition, ...]:
    return tuple(_parse_condition(condition) for condition in group.get("filters") or ())


def _parse_condition(condition: Json) -> Condition:
    name, operator = condition.get("propertyName"), condition.get("operator")
    if not isinstance(name, str) or operator not in OPERATORS:
        raise invalid(f"A filter needs a propertyName and a known operator, not {name!r} and {operator!r}.")
    if operator in {"IN", "NOT_IN"}:
        values = tuple(str(value) for value in condition.get("values") or ())
    else:
        given = (condition.get("value"), condition.get("highValue"))
        values = tuple(str(value) for value in given if value is not None)
    wanted = {"HAS_PROPERTY": 0, "NOT_HAS_PROPERTY": 0, "BETWEEN": 2}.get(operator, 1)
    if len(values) < wanted:
        raise invalid(f"The filter {operator} on {name} needs {wanted} value(s).")
    return Condition(name, operator, values)


def _whole_number(value: object, name: str) -> int:
    if not str(value).isdigit():
        raise invalid(f"{name} is {value!r}, not a whole number.")
    return int(str(value))


def _parse_sort(sorts: Sequence[Json | str]) -> tuple[str, bool]:
    if len(sorts) > 1:
        raise invalid("A search takes one sort.")
    if not sorts:
        return "hs_object_id", False
    sort = sorts[0]
    if isinstance(sort, str):
        return sort.removeprefix("-"), sort.startswith("-")
    return str(sort.get("propertyName")), sort.get("direction", "ASCENDING") == "DESCENDING"


@dataclass(frozen=True)
class _Matches:
    positions: npt.NDArray[np.intp]
    ids: npt.NDArray[np.int64]


class SearchIndex:
    """Searches `rows`, the records of one object type that one moment's search may find, sorted by id."""

    def __init__(
        self,
        object_type: ObjectType,
        rows: pd.DataFrame,
        render: Callable[[pd.DataFrame], list[dict[str, object]]],
    ) -> None:
        """`render` turns rows into HubSpot records; it is asked only for properties without an array."""
        self._types = object_type.types
        self._rows = rows
        self._render = render
        self._ids: npt.NDArray[np.int64] = rows["id"].to_numpy(np.int64)
        modified = rows["updated_at"].to_numpy("datetime64[ms]").astype(np.int64)
        self._arrays: dict[str, Array] = {"hs_object_id": self._ids, object_type.modified: modified}
        self._matches: dict[tuple[Groups, str, bool], _Matches] = {}

    def find(self, search: Search) -> npt.NDArray[np.intp]:
        """Return the positions in `rows` of all that matches, in the order asked for."""
        if search.sort_by == "hs_object_id" and not search.descending and len(search.groups) == 1:
            keyset = tuple(c for c in search.groups[0] if _is_keyset(c))
            others = tuple(c for c in search.groups[0] if not _is_keyset(c))
            matches = self._kept_matches((others,), search.sort_by, descending=False)
            first = max((_first_after(matches.ids, condition) for condition in keyset), default=0)
            return matches.positions[first:]
        return self._kept_matches(search.groups, search.sort_by, descending=search.descending).positions

    def _kept_matches(self, groups: Groups, sort_by: str, *, descending: bool) -> _Matches:
        key = (groups, sort_by, descending)
        if key not in self._matches:
            while len(self._matches) >= KEPT_MATCHES:
                del self._matches[next(iter(self._matches))]
            positions = self._sorted(np.flatnonzero(self._mask(groups)), sort_by, descending=descending)
            self._matches[key] = _Matches(positions, self._ids[positions])
        return self._matches[key]

    def _mask(self, groups: Groups) -> npt.NDArray[np.bool_]:
        mask = np.full(len(self._ids), fill_value=not groups)
        for group in groups:
            holds = np.ones(len(self._ids), bool)
            for condition in group:
                holds &= self._holds(condition)
            mask |= holds
        return mask

    def _sorted(
        self, positions: npt.NDArray[np.intp], sort_by: str, *, descending: bool
    ) -> npt.NDArray[np.intp]:
        if sort_by == "hs_object_id":
            return positions[::-1] if descending else positions
        values = self._array(sort_by)[positions]
        if values.dtype == object:
            values = np.unique([text or "" for text in values], return_inverse=True)[1]
        return positions[np.argsort(-values if descending else values, kind="stable")]

    def _holds(self, condition: Condition) -> Array:
        array, operator = self._array(condition.property_name), condition.operator
        is_known = _is_known(array)
        operands = [self._operand(condition.property_name, value) for value in condition.values]
        if operator in COMPARISONS or operator == "BETWEEN":
            if array.dtype == object:
                raise invalid(f"{operator} does not apply to {condition.property_name}, which is text.")
            low, high = operands[0], operands[-1]
            if operator == "BETWEEN":
                return is_known & (array >= low) & (array <= high)
            return is_known & COMPARISONS[operator](array, low)
        if operator.endswith("HAS_PROPERTY"):
            return ~is_known if operator.startswith("NOT") else is_known
        is_among = is_known & np.isin(
            array, np.array(operands, dtype=object if array.dtype == object else None)
        )
        return ~is_among if operator in {"NEQ", "NOT_IN"} else is_among

    def _array(self, name: str) -> Array:
        if name not in self._types:
            raise invalid(f"Property {name!r} does not exist.")
        if name not in self._arrays:
            self._arrays[name] = self._rendered(name)
        return self._arrays[name]

    def _rendered(self, name: str) -> Array:
        texts: list[str | None] = []
        for start in range(0, len(self._rows), RENDERED_AT_ONCE):
            for record in self._render(self._rows.iloc[start : start + RENDERED_AT_ONCE]):
                properties: Any = record["properties"]
                created_at: Any = record["createdAt"] if name == "createdate" else None
                texts.append(properties.get(name) or created_at)
        kind = self._types[name]
        if kind in {NUMBER, DATETIME}:
            return np.array([np.nan if text is None else _number(kind, text) for text in texts], float)
        return np.array([None if text is None else text.lower() for text in texts], object)

    def _operand(self, name: str, value: str) -> object:
        kind = self._types[name]
        try:
            return _number(kind, value) if kind in {NUMBER, DATETIME} else value.lower()
        except ValueError:
            raise invalid(f"{value!r} is no {kind} and cannot be compared with {name}.") from None


def _is_keyset(condition: Condition) -> bool:
    return condition.property_name == "hs_object_id" and condition.operator in {"GT", "GTE"}


def _first_after(ids: npt.NDArray[np.int64], condition: Condition) -> int:
    try:
        bound = int(condition.values[0])
    except ValueError:
        raise invalid(f"hs_object_id is a number, not {condition.values[0]!r}.") from None
    return int(np.searchsorted(ids, bound, side="right" if condition.operator == "GT" else "left"))


def _is_known(array: Array) -> npt.NDArray[np.bool_]:
    if array.dtype == object:
        return np.array([value is not None for value in array], bool)
    return ~np.isnan(array)


def _number(kind: str, text: str) -> float | int:
    """Return a number, or the epoch milliseconds of a time given in them or as ISO 8601."""
    if kind == NUMBER or text.lstrip("-").isdigit():
        return float(text) if "." in text or "e" in text.lower() else int(text)
    return round(datetime.fromisoformat(text).timestamp() * 1000)
