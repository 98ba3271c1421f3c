"""One Airflow component (api-server, scheduler, dag-processor) that cannot outlive its launcher.

Run as `python -m valuegap.orchestration.component FD ARGUMENTS…`. FD is the reading end of a pipe whose
writing end only the launcher holds: when it closes, however the launcher died, the whole session ends.
"""

import os
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path


def main() -> None:
    """Watch the launcher, and be `airflow ARGUMENTS…`."""
    watched = int(sys.argv.pop(1))
    threading.Thread(target=_end_with_launcher, args=(watched,), daemon=True).start()
    runpy.run_module("airflow", run_name="__main__")


def session_members(session: int) -> list[int]:
    """Return the processes of a session.

    Airflow gives each task a process group of its own; the session is what all of them still share.
    """
    return [pid for pid in _all_processes() if _session_of(pid) == session]


def kill_session(session: int) -> None:
    """End every process of a session but this one, at once."""
    for pid in session_members(session):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def _end_with_launcher(watched: int) -> None:
    os.read(watched, 1)
    kill_session(os.getsid(0))
    os._exit(1)


def _all_processes() -> list[int]:
    proc = Path("/proc/self")
    if proc.exists():
        return [int(entry.name) for entry in proc.parent.iterdir() if entry.name.isdigit()]
    listing = subprocess.run(["/bin/ps", "-A", "-o", "pid="], capture_output=True, text=True, check=True)
    return [int(pid) for pid in listing.stdout.split()]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


if __name__ == "__main__":
    main()
