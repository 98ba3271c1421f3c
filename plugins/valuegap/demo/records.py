"""The vendors' records of a company, every version of them, as the demo servers hand them out.

The generated company and the company mapped from real data both take this shape, so that the servers
know nothing of where their records come from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from valuegap.demo.truth import Truth


@dataclass(frozen=True)
class Versions:
    """Every version of one stream's records, sorted by (id, visible_at).

    Columns of `frame`: `id` (int64, or text for Qualtrics), `updated_at` (the vendor's clock for this
    version), `visible_at` (from when on the vendor's API answers with it; at or after `updated_at`), both
    datetime64[us] in naive UTC, `state` (live, archived, merged or deleted), and what `render` needs.
    Merged records are gone from the vendor's answers; archived ones stand in the archived list only.

    `render` turns rows of `frame` into the vendor's JSON objects, in the same order.
    """

    frame: pd.DataFrame
    render: Callable[[pd.DataFrame], list[dict[str, object]]]
    _last: dict[datetime, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    def current(self, clock: datetime) -> pd.DataFrame:
        """Return the version of each record that is visible at `clock`, one row an id, sorted by id.

        `clock` is aware, or naive UTC. The answer for the last clock asked is kept: do not change it.
        """
        instant = clock.astimezone(UTC).replace(tzinfo=None) if clock.tzinfo else clock
        if instant not in self._last:
            answer = self._current(np.datetime64(instant, "us"))
            self._last.clear()
            self._last[instant] = answer
        return self._last[instant]

    def _current(self, instant: np.datetime64) -> pd.DataFrame:
        visible = self.frame[self.frame["visible_at"].to_numpy() <= instant]
        ids = visible["id"].to_numpy()
        is_last = np.append(ids[1:] != ids[:-1], True)[: len(ids)]
        return visible[is_last]


@dataclass(frozen=True)
class Company:
    """A company as its vendors see it.

    `associations` frames have the columns from_id, to_id, type_id and visible_at, many rows a from_id, and
    may have gone_at (NaT while they stand). `hubspot_properties` are custom properties beside those of the
    catalogue: object type -> name -> type.
    Qualtrics' responses and distributions are kept by survey id, its invitations (the history of a
    distribution) by distribution id, its contacts by directory id.
    `salesforce` is kept by object (Account, Contact): archived, deleted and merged records are in its recycle
    bin, where merged ones name their winner; purged ones are gone.
    """

    hubspot: Mapping[str, Versions]
    associations: Mapping[str, pd.DataFrame]
    zendesk: Mapping[str, Versions]
    qualtrics_surveys: Versions
    qualtrics_definitions: Versions
    qualtrics_responses: Mapping[str, Versions]
    truth: Truth
    hubspot_properties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    qualtrics_distributions: Mapping[str, Versions] = field(default_factory=dict)
    qualtrics_invitations: Mapping[str, Versions] = field(default_factory=dict)
    qualtrics_contacts: Mapping[str, Versions] = field(default_factory=dict)
    salesforce: Mapping[str, Versions] = field(default_factory=dict)
