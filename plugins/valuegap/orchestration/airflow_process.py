"""A private Airflow on this machine: its home, its configuration, its processes.

No root, no Docker, no server to install: metadata in SQLite, tasks as local processes, the API and its UI
on the loopback interface only. Used by `make run` and `make up`; docker-compose.yml is the shared one.
"""

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from valuegap.errors import ValuegapError
from valuegap.orchestration.component import kill_session
from valuegap.settings import Settings

COMPONENTS = {
    "api-server": ("api-server", "--host", "127.0.0.1"),
    "scheduler": ("scheduler", "--skip-serve-logs"),  # the API reads the log files itself
    "dag-processor": ("dag-processor",),
}
SECONDS_TO_STOP = 2.0  # the dag-processor takes no notice of a polite request


class AirflowError(ValuegapError):
    """Airflow itself did not start or did not go on."""


@dataclass(frozen=True)
class AirflowHome:
    """What stays on disk between two launches."""

    settings: Settings

    @property
    def path(self) -> Path:
        """AIRFLOW_HOME."""
        return self.settings.data_dir / "airflow"

    @property
    def logs(self) -> Path:
        """Logs of the components, and below it those of the tasks."""
        return self.path / "logs"

    def secret(self, name: str, size: int = 64) -> str:
        """Return a secret of `size` random bytes, made once and readable by this user only."""
        path = self.path / name
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(base64.urlsafe_b64encode(secrets.token_bytes(size)))
        return path.read_text()

    def migrate(self, environment: Mapping[str, str]) -> bool:
        """Create or upgrade the metadata database unless this version of Airflow has; tell whether it did."""
        done = self.path / f"migrated-{version('apache-airflow-core')}"
        if done.exists() and (self.path / "airflow.db").exists():
            return False
        with (self.logs / "db-migrate.log").open("wb") as log:
            command = [sys.executable, "-m", "airflow", "db", "migrate"]
            result = subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)
        if result.returncode:
            raise AirflowError(
                "Airflow's metadata database could not be prepared.",
                remedy=f"Read {log.name}. Deleting {self.path} loses only the history of runs.",
            )
        done.touch()
        return True


class AirflowProcess:
    """Airflow's components between `with` and its end: none of their processes is left afterwards."""

    def __init__(self, settings: Settings, connections: Mapping[str, str], *, port: int = 0) -> None:
        """`connections` are `AIRFLOW_CONN_*` variables; `port` is only a wish, 0 takes any free one."""
        self.home = AirflowHome(settings)
        self.port = _free_port(port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = settings
        self._connections = connections
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._alive_while_open: int | None = None

    def __enter__(self) -> Self:
        """Prepare the home; nothing runs yet."""
        self.home.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything this object started."""
        self.stop()

    def migrate(self) -> bool:
        """Create or upgrade the metadata database where it is needed; tell whether it was."""
        return self.home.migrate(self.environment())

    def start(self, *components: str) -> None:
        """Start components, each in a session of its own so that Ctrl-C reaches the launcher alone."""
        if self._alive_while_open is None:
            self._watched, self._alive_while_open = os.pipe()
        for name in components:
            self._running[name] = self._start(name)

    def arguments(self, name: str) -> list[str]:
        """Return what follows `airflow` on a component's command line."""
        port = ["--port", str(self.port)] if name == "api-server" else []
        return [*COMPONENTS[name], *port]

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        watch = [sys.executable, "-m", "valuegap.orchestration.component", str(self._watched)]
        with self.log_of(name).open("wb") as log:
            return subprocess.Popen(
                [*watch, *self.arguments(name)],
                env=self.environment(),
                cwd=self.home.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(self._watched,),
                start_new_session=True,
            )

    def log_of(self, name: str) -> Path:
        """Return where a component logs."""
        return self.home.logs / f"{name}.log"

    def check(self) -> None:
        """Raise when a component has died."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise AirflowError(
                    f"Airflow's {name} ended with code {process.returncode}.",
                    remedy=f"Read {self.log_of(name)}.",
                )

    def stop(self) -> None:
        """Ask the components to end, then end what is left of their sessions, running tasks included."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        give_up_at = time.monotonic() + SECONDS_TO_STOP
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, give_up_at - time.monotonic()))
        for process in self._running.values():
            kill_session(process.pid)
            process.wait()
        self._running.clear()
        if self._alive_while_open is not None:
            os.close(self._alive_while_open)
            os.close(self._watched)
            self._alive_while_open = None

    def environment(self) -> dict[str, str]:
        """Return the environment of a component.

        Nothing of another Airflow's configuration is taken over: migrating or filling that one's
        database would be worse than not starting.
        """
        inherited = {
            name: value
            for name, value in self._settings.environment.items()
            # Without bytecode each task process would compile Airflow anew: 5 to 16 s instead of 2.
            if name != "PYTHONDONTWRITEBYTECODE"
            and (not name.startswith("AIRFLOW_") or name.startswith("AIRFLOW_CONN_"))
        }
        return {**inherited, **self._connections, **self._own_environment(), **self._configuration()}

    def _own_environment(self) -> dict[str, str]:
        return {
            "VALUEGAP_PROJECT_ROOT": str(self._settings.project_root),
            "VALUEGAP_DATA_DIR": str(self._settings.data_dir),
            # Nights begin when the launcher says so: the demo company's calendar is not today's.
            "VALUEGAP_INGEST_SCHEDULE": "off",
            "VALUEGAP_CUT_OFF_SCHEDULE": "off",
            # A proxy set for the world outside must not be asked for 127.0.0.1.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SCARF_ANALYTICS": "false",  # no usage data leaves the machine
        }

    def _configuration(self) -> dict[str, str]:
        home = self.home
        values = {
            "core.dags_folder": str(self._settings.project_root / "dags"),
            "core.plugins_folder": str(self._settings.project_root / "plugins"),
            "core.load_examples": "False",
            "core.dags_are_paused_at_creation": "False",
            "core.parallelism": "3",  # three sources at once
            "core.execution_api_server_url": f"{self.url}/execution/",
            "core.simple_auth_manager_all_admins": "True",  # safe only because the API binds to 127.0.0.1
            "core.min_serialized_dag_update_interval": "0",  # s; 30 would keep the assets of other sources
            "core.hostname_callable": "socket.gethostname",  # the default waits for a DNS answer
            "core.fernet_key": home.secret("fernet_key", size=32),
            "api.secret_key": home.secret("api_secret_key"),
            "api.base_url": self.url,
            "api_auth.jwt_secret": home.secret("jwt_secret"),  # the components start apart and must agree
            "scheduler.scheduler_idle_sleep_time": "0.2",  # s; the default second adds up over 11 tasks
            "workers.execution_api_timeout": "60",  # s; the first task can stall the API under load
            "workers.min_heartbeat_interval": "1",  # s; a worker can overlook a task's end for that long
            "dag_processor.parsing_processes": "1",
            "dag_processor.min_file_process_interval": "30",
            "logging.colored_console_log": "False",
            "usage_data_collection.enabled": "False",
        }
        names = {option: "AIRFLOW__" + option.upper().replace(".", "__") for option in values}
        return {"AIRFLOW_HOME": str(home.path)} | {names[option]: text for option, text in values.items()}


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
