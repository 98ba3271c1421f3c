"""Whole nights on the demo company's server, every stage in a process of its own as in production."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from valuegap.demo.server import demo_connections

ROOT = Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
FIRST, SECOND = "2026-01-31", "2026-02-01"


@contextmanager
def serve(folder: Path, *arguments: str) -> Iterator[Mapping[str, str]]:
    """Start `valuegap demo serve`; yield the connections to it; stop it."""
    port_file = folder / "port"
    command = [
        sys.executable,
        "-m",
        "valuegap",
        "demo",
        "serve",
        "--port",
        "0",
        "--port-file",
        str(port_file),
    ]
    with subprocess.Popen([*command, *arguments], cwd=ROOT) as server:
        try:
            deadline = time.monotonic() + 120
            while not port_file.exists():
                assert server.poll() is None, "the demo company did not start"
                assert time.monotonic() < deadline, "the demo company did not answer in two minutes"
                time.sleep(0.1)
            yield demo_connections(f"http://127.0.0.1:{int(port_file.read_text())}")
        finally:
            server.terminate()


@dataclass(frozen=True)
class Warehouse:
    """A data folder, and the command line on it."""

    data_dir: Path
    connections: Mapping[str, str]

    @property
    def published(self) -> Path:
        return self.data_dir / "published" / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.connections, "VALUEGAP_DATA_DIR": str(self.data_dir)}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command in a process group of its own, so that a test can kill all of it."""
        return subprocess.Popen(
            [sys.executable, "-m", "valuegap", *arguments],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run a command to its end and return what it printed."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=900)
        assert (process.returncode != 0) == fails, output
        return output

    def hashes(self) -> dict[str, str]:
        """Content hash of each published mart."""
        lines = self.run("checksum").splitlines()
        return {table: digest for digest, table in (line.split() for line in lines)}

    def unconnected(self, data_dir: Path) -> "Warehouse":
        """Return a warehouse of the same configuration that reaches no vendor."""
        settings = {name: value for name, value in self.connections.items() if name.startswith("VALUEGAP_")}
        return Warehouse(data_dir, settings)

    def copy(self, data_dir: Path) -> "Warehouse":
        """Return a copy of the whole data folder, links as links."""
        shutil.copytree(self.data_dir, data_dir, symlinks=True)
        return Warehouse(data_dir, self.connections)
