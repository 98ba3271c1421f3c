"""Frames of versions as the real files fill them: one version a record, visible from its own time on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from valuegap.errors import ConfigurationError

LIVE = "live"


def frame_of_versions(
    ids: npt.ArrayLike,
    times: npt.NDArray[Any] | Sequence[datetime],
    columns: Mapping[str, npt.ArrayLike] | None = None,
) -> pd.DataFrame:
    """Return a frame of live versions: `times` are created, updated and visible at once."""
    at = np.asarray(times, dtype="datetime64[us]")
    state = pd.Categorical.from_codes(np.zeros(len(at), np.int8), categories=pd.Index([LIVE]))
    fixed = {"id": ids, "created_at": at, "updated_at": at, "visible_at": at, "state": state}
    return pd.DataFrame(fixed | dict(columns or {}), copy=False)


def require_columns(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise `ConfigurationError` when `path` lacks one of the `wanted` columns."""
    missing = [name for name in wanted if name not in found]
    if missing:
        raise ConfigurationError(
            f"{path.name} has no column {', '.join(missing)}.",
            remedy="Serve the file its README describes, unchanged.",
        )
