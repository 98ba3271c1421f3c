import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from valuegap.orchestration.component import kill_session, session_members

# A component whose task, as Airflow's do, leads a process group of its own.
COMPONENT = """
import os, subprocess, sys, threading, time
from valuegap.orchestration import component
task = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], process_group=0)
if len(sys.argv) > 1:
    threading.Thread(target=component._end_with_launcher, args=(int(sys.argv[1]),), daemon=True).start()
print(task.pid, flush=True)
time.sleep(60)
"""


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", COMPONENT, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone_within(seconds, pid):
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if not is_alive(pid):
            return True
        time.sleep(0.02)
    return False


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


def test_a_component_and_its_tasks_end_with_their_launcher():
    watched, held_by_launcher = os.pipe()
    with start(watched, pass_fds=(watched,)) as component:
        task = int(component.stdout.readline())
        assert is_alive(task)
        os.close(held_by_launcher)  # what the kernel does when a launcher is killed
        assert component.wait(10) != 0
        assert gone_within(10, task)
    os.close(watched)


def test_a_session_is_killed_with_its_process_groups():
    with start() as component:
        task = int(component.stdout.readline())
        assert set(session_members(component.pid)) == {component.pid, task}
        kill_session(component.pid)
        component.wait(10)
        assert gone_within(10, task)
