"""The oldest DuckDB that published and exported files are for, as requirements-clients.in pins it."""

import subprocess
from pathlib import Path

from tests.clients.reading import client_python

PROGRAM = """
import sys
import duckdb

assert duckdb.__version__.startswith("1.1."), duckdb.__version__
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for row in connection.execute(sys.argv[2]).fetchall():
        print(ascii(row))
"""


def ask_oldest_duckdb(file: Path, query: str) -> list[str]:
    """Return the rows of a query as a client of DuckDB 1.1 reads them, each as `ascii()` writes it."""
    command = [client_python(), "-c", PROGRAM, file.resolve(), query]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()
