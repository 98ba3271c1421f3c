"""Extract and load one night, and be killed on the way.

    python -m tests.integration.mortal_ingest AS_OF POINT

runs until the POINT in valuegap's code, and there ends itself with SIGKILL, as a machine would that loses its
power. POINT is the number of a line in the order they run, over all threads, or the name of a function, which
may return twice and not a third time. With 0 it lives, and prints how many lines it ran.
"""

import os
import signal
import sys
import threading
from datetime import date
from pathlib import Path
from types import FrameType
from typing import Any

import valuegap
from valuegap.night import Night
from valuegap.nightly import ingest_all
from valuegap.settings import Settings

PACKAGE = str(Path(valuegap.__file__).parent)
LONGEST_WAIT_SECONDS = 0.01
LAST_RETURN = 3


class Countdown:
    """Counts the lines of the package that run, and kills the process at its point."""

    def __init__(self, point: str) -> None:
        self.lines = 0
        self._line = int(point) if point.isdigit() else 0
        self._function = "" if point.isdigit() else point
        self._returns = 0

    def start(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def _call(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        return self._step if frame.f_code.co_filename.startswith(PACKAGE) else None

    def _step(self, frame: FrameType, event: str, _argument: Any) -> Any:
        self.lines += event == "line"
        self._returns += event == "return" and frame.f_code.co_name == self._function
        if self.lines == self._line or self._returns == LAST_RETURN:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._step


def wait_for_nothing() -> None:
    """Cut the client's waits short: the demo vendors set no limit here."""
    wait = threading.Event.wait

    def cut_short(event: threading.Event, timeout: float | None = None) -> bool:
        return wait(event, None if timeout is None else min(timeout, LONGEST_WAIT_SECONDS))

    threading.Event.wait = cut_short  # type: ignore[method-assign]


def main(as_of: str, point: str) -> None:
    """Run the night; a source that cannot be read is an error here."""
    wait_for_nothing()
    countdown, said = Countdown(point), []
    countdown.start()
    ingest_all(Settings.from_environment(), Night(date.fromisoformat(as_of)), said.append)
    sys.settrace(None)
    sys.stderr.write("".join(f"{line}\n" for line in said))
    assert not any("NOT READ" in line for line in said)
    sys.stdout.write(str(countdown.lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
