"""Vendors' ways of writing values: HubSpot objects of strings, ISO instants, money as decimal text."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from valuegap.demo.horizon import Times

Record = dict[str, object]

NO_MONEY = -(2**31)  # an unknown amount in a column of cents


def iso(times: pd.Series | Times) -> list[str | None]:
    """Return "2026-01-31T08:15:00Z", or None for NaT."""
    instants = np.asarray(times)
    texts: list[str | None] = np.datetime_as_string(instants, unit="s", timezone="UTC").tolist()
    if np.isnat(instants).any():
        return [None if text == "NaT" else text for text in texts]
    return texts


def epoch_seconds(times: pd.Series) -> list[int]:
    """Return whole seconds since 1970."""
    return [int(value) for value in times.to_numpy().astype("datetime64[s]").astype(np.int64).tolist()]


def money(cents: pd.Series) -> list[str | None]:
    """Return "12.90" for 1290 cents, and None for `NO_MONEY`."""
    return [None if value == NO_MONEY else f"{value / 100:.2f}" for value in cents.tolist()]


def texts(values: pd.Series) -> list[str]:
    """Return numbers as HubSpot sends them: as text."""
    return [str(value) for value in values.tolist()]


def looked_up(names: Sequence[str], codes: pd.Series) -> list[str]:
    """Return the name each code stands for."""
    return [names[code] for code in codes.tolist()]


def hubspot_objects(
    rows: pd.DataFrame, modified: str, properties: dict[str, Sequence[object]]
) -> list[Record]:
    """Return HubSpot CRM objects; `modified` names the property that repeats the time of change."""
    ids, created, updated = texts(rows["id"]), iso(rows["created_at"]), iso(rows["updated_at"])
    names = (*properties, "hs_object_id", "createdate", modified)
    values = zip(*properties.values(), ids, created, updated, strict=True)
    records: list[Record] = [
        {
            "id": record_id,
            "properties": dict(zip(names, line, strict=True)),
            "createdAt": created_at,
            "updatedAt": updated_at,
            "archived": False,
        }
        for record_id, created_at, updated_at, line in zip(ids, created, updated, values, strict=True)
    ]
    _mark_archived(rows, records)
    return records


def _mark_archived(rows: pd.DataFrame, records: list[Record]) -> None:
    """Archiving changes no property and no time of change, only the two fields beside them."""
    archived = np.flatnonzero(rows["state"].to_numpy() == "archived")
    for position, at in zip(archived.tolist(), iso(rows["visible_at"].iloc[archived]), strict=True):
        records[position]["archived"] = True
        records[position]["archivedAt"] = at
