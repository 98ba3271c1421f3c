"""How fast a source may be asked: the vendor's own word, and the limits it does not tell."""

import threading
from collections import deque
from collections.abc import Callable

from valuegap.sources.stream import Rate


class Pace:
    """Makes the requests of one source wait for their turn, whichever thread they come from.

    `sleep` and `monotonic` are injected: a wait is one sleep of the right length, never a look at the clock
    until it has come.
    """

    def __init__(
        self,
        rates: tuple[Rate, ...],
        *,
        sleep: Callable[[float], object],
        monotonic: Callable[[], float],
    ) -> None:
        """`rates` are kept from the first request on."""
        self._sleep = sleep
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at = monotonic()
        self._turns = {rate: deque[float](maxlen=rate.requests) for rate in rates}

    @property
    def hold_seconds(self) -> float:
        """Seconds until any request may be sent."""
        return max(0.0, self._free_at - self._monotonic())

    def hold(self, seconds: float) -> None:
        """Send nothing for `seconds` from now; a longer hold that is on stays."""
        with self._lock:
            self._free_at = max(self._free_at, self._monotonic() + seconds)

    def take_turn(self, path: str) -> None:
        """Wait until a request for `path` may be sent, and count it against its rates."""
        now, turn = self._reserve(path)
        while turn > now:
            self._sleep(turn - now)
            now, turn = turn, max(turn, self._free_at)  # a hold may have come while this one slept

    def _reserve(self, path: str) -> tuple[float, float]:
        with self._lock:
            now = self._monotonic()
            rates = [rate for rate in self._turns if rate.path in path]
            turn = max([now, self._free_at, *(self._next_turn(rate) for rate in rates)])
            for rate in rates:
                self._turns[rate].append(turn)
            return now, turn

    def _next_turn(self, rate: Rate) -> float:
        # Each turn is `seconds` after the one that many before it, so no window can hold one more.
        turns = self._turns[rate]
        return turns[0] + rate.seconds if len(turns) == rate.requests else 0.0
