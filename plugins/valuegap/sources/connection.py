"""Where a vendor's API answers and how to prove who we are there."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceConnection:
    """One connection to a vendor. `password` holds the token and never shows in a repr.

    `base_url` has no trailing slash. `login` is empty where a bearer token alone is enough;
    `extra` holds what only one vendor needs.
    """

    connection_id: str
    base_url: str
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
