"""What a client's process tells the test: a line of JSON for each record read and each misfit found."""

import json
import sys
from collections import Counter
from collections.abc import Iterable


def found(stream: str, record: object) -> None:
    """Say that the client read a record of a stream."""
    _say({"stream": stream, "record": record})


class Misfits:
    """Where answers and the published specification differ: each kind told once, with how often it came."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.bodies = 0

    def note(self, answer: str, misfits: Iterable[str]) -> None:
        """Take note of one checked answer and what does not fit in it."""
        self.bodies += 1
        self._counts.update(f"{answer} {misfit}" for misfit in misfits)

    def tell(self) -> None:
        """Say what was found in all."""
        _say({"checked_bodies": self.bodies})
        for misfit, times in self._counts.items():
            _say({"misfit": misfit, "times": times})


def _say(line: object) -> None:
    json.dump(line, sys.stdout, default=str)
    sys.stdout.write("\n")
