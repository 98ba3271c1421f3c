"""Answers SQL that a reader wrote, in a process of its own that can be stopped and holds no secret."""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

import valuegap
from valuegap.dashboard import sandbox_child
from valuegap.errors import ValuegapError

TIME_LIMIT_SECONDS = 30
ROW_LIMIT = 10_000
BYTE_LIMIT = 50_000_000
MEMORY_LIMIT = "1GB"
THREADS = 2
AT_ONCE = 2
"""Queries answered at the same time; the next reader waits."""

_free = threading.BoundedSemaphore(AT_ONCE)


class SqlRefusedError(ValuegapError):
    """A reader's query is not allowed, is wrong, or asks for too much."""


@dataclass(frozen=True)
class Answer:
    """What a query gave. `is_cut`: there was more than `ROW_LIMIT` rows, and only those are here."""

    table: pd.DataFrame
    is_cut: bool


def ask(
    file: Path,
    sql: str,
    parameters: Mapping[str, str | date],
    *,
    personal_data: bool,
    time_limit: float = TIME_LIMIT_SECONDS,
) -> Answer:
    """Answer one SELECT over `marts` of a published file.

    Args:
        file: The published file.
        sql: What the reader wrote. It may name the `parameters` as `$name`.
        parameters: What each `$name` stands for; those not named in the query are left alone.
        personal_data: Whether columns that say who a person is are shown.
        time_limit: Seconds until the query is stopped.

    Raises:
        SqlRefusedError: with what the reader can do about it.
    """
    request = {
        "file": str(file),
        "sql": sql,
        "parameters": {name: str(value) for name, value in parameters.items()},
        "dates": [name for name, value in parameters.items() if isinstance(value, date)],
        "personal_data": personal_data,
        "threads": THREADS,
        "memory_limit": MEMORY_LIMIT,
        "row_limit": ROW_LIMIT,
        "byte_limit": BYTE_LIMIT,
        "cpu_seconds": int(time_limit) * THREADS + 5,
    }
    if not _free.acquire(timeout=TIME_LIMIT_SECONDS):
        raise SqlRefusedError(f"{AT_ONCE} other queries are running.", remedy="Try again in a moment.")
    try:
        done = subprocess.run(
            [sys.executable, "-m", sandbox_child.__name__],
            input=json.dumps(request).encode(),
            capture_output=True,
            env={"PYTHONPATH": str(Path(valuegap.__file__).parents[1])},  # and no connection, no secret
            cwd="/",
            timeout=time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SqlRefusedError(
            f"Stopped after {time_limit:g} seconds.",
            remedy="Ask for less: one period, one segment, or figures instead of rows.",
        ) from None
    finally:
        _free.release()
    return _answer(done)


def _answer(done: "subprocess.CompletedProcess[bytes]") -> Answer:
    if done.returncode == sandbox_child.REFUSED:
        refusal = json.loads(done.stdout)
        raise SqlRefusedError(refusal["what"], remedy=refusal["remedy"])
    if done.returncode:
        raise SqlRefusedError(
            f"The query ended its process (exit code {done.returncode}).",
            remedy="It probably needed more memory than it may take: ask for less.",
        )
    with pa.ipc.open_stream(done.stdout) as stream:
        table = stream.read_all()
    return Answer(_frame(table.slice(0, ROW_LIMIT)), is_cut=table.num_rows > ROW_LIMIT)


def _frame(table: pa.Table) -> pd.DataFrame:
    """Return the rows as the pages show them: decimals as floats, column names that differ."""
    names: list[str] = []
    for name in table.column_names:
        count = sum(taken == name or taken.startswith(f"{name} (") for taken in names)
        names.append(f"{name} ({count + 1})" if count else name)
    columns = {
        name: column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
        for name, column in zip(names, table.columns, strict=True)
    }
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame
