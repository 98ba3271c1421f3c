"""The vendors' rate limits, in windows that run as much faster than real as a test or a demo wants."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimit:
    """At most `requests` in a window of `window_seconds` that opens with its first request."""

    name: str
    requests: int
    window_seconds: float


@dataclass(frozen=True)
class Allowance:
    """What a limit said to one request: how many are left, and when its window ends.

    `reset_seconds` are seconds of real time.
    """

    limit: RateLimit
    remaining: int
    reset_seconds: float
    is_refused: bool

    @property
    def retry_after(self) -> int:
        """Whole seconds to wait, at least one: vendors send no fractions."""
        return max(1, math.ceil(self.reset_seconds))


class RateLimiter:
    """Counts requests against a vendor's limits.

    `speed` divides every window: 1 is the vendor's own pace, `math.inf` never refuses.
    """

    def __init__(
        self, limits: Iterable[RateLimit], speed: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`monotonic` tells real seconds; tests pass their own."""
        self._limits = {limit.name: limit for limit in limits}
        self._speed = speed
        self._monotonic = monotonic
        self._windows: dict[str, tuple[float, int]] = {}

    def take(self, names: Sequence[str]) -> tuple[Allowance, ...]:
        """Count one request against each named limit, unless one of them refuses it."""
        now = self._monotonic()
        asked = tuple(self._ask(self._limits[name], now) for name in names)
        if not any(allowance.is_refused for allowance in asked):
            for allowance in asked:
                opened_at, used = self._open_window(allowance.limit, now)
                self._windows[allowance.limit.name] = (opened_at, used + 1)
        return asked

    def _ask(self, limit: RateLimit, now: float) -> Allowance:
        opened_at, used = self._open_window(limit, now)
        return Allowance(
            limit=limit,
            remaining=max(0, limit.requests - used - 1),
            reset_seconds=opened_at + limit.window_seconds / self._speed - now,
            is_refused=used >= limit.requests,
        )

    def _open_window(self, limit: RateLimit, now: float) -> tuple[float, int]:
        opened_at, used = self._windows.get(limit.name, (now, 0))
        if now - opened_at >= limit.window_seconds / self._speed:
            return now, 0
        return opened_at, used
