"""Time each stage of a first night at a given size, beside what DuckDB alone needs for the same bytes.

    .venv/bin/python -m tests.benchmarks.night [S|M|L]

Every stage is a process of its own, measured from outside: wall and CPU seconds and peak memory are the
operating system's. `raw DuckDB` is `tests.benchmarks.raw_duckdb` over the same bytes, so a row's ratio holds on a noisy machine where its seconds do not.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from tests.benchmarks import bi_queries, dashboard, extraction
from tests.benchmarks.measure import measure

from valuegap.demo.night import FIRST_NIGHT
from valuegap.demo.server import demo_connections
from valuegap.night import Night

NIGHT = Night(FIRST_NIGHT)
AS_OF = ["--as-of", FIRST_NIGHT.isoformat()]
STAGES: dict[str, list[str]] = {
    "ingest hubspot": ["ingest", "hubspot", *AS_OF],
    "ingest zendesk": ["ingest", "zendesk", *AS_OF],
    "ingest qualtrics": ["ingest", "qualtrics", *AS_OF],
    "check raw": ["check", "raw", *AS_OF],
    "build": ["build", *AS_OF],
    "check marts": ["check", "marts", *AS_OF],
    "publish and export": ["publish", *AS_OF],
}


@contextmanager
def demo_company(size: str, folder: Path) -> Iterator[dict[str, str]]:
    """Serve a company of that size without rate limits; yield the connections to it."""
    port_file = folder / "port"
    command = [sys.executable, "-m", "valuegap", "demo", "serve", "--size", size, "--nights", "1", *AS_OF]
    command += ["--port", "0", "--port-file", str(port_file), "--speed", "inf"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not port_file.exists():
                if server.poll() is not None:
                    raise SystemExit("the demo company did not start")
                time.sleep(0.2)
            yield demo_connections(f"http://127.0.0.1:{int(port_file.read_text())}")
        finally:
            server.terminate()


def landed_rows(landing: Path, source: str) -> int:
    """Rows in every manifest of a source."""
    return sum(json.loads(file.read_text())["rows"] for file in landing.glob(f"{source}/*/*/manifest.json"))


def table_rows(file: Path, schemas: str) -> int:
    """Rows in every table of the schemas that match a LIKE pattern."""
    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name like ?", [schemas]
        ).fetchall()
        counts = [connection.execute(f"select count(*) from {s}.{t}").fetchone() for s, t in tables]
    return sum(count[0] for count in counts if count)


def raw_duckdb(stage: str, data: Path) -> list[str]:
    """Arguments of `tests.benchmarks.raw_duckdb` for the bytes a stage works on."""
    build, candidate = str(data / "build" / "build.duckdb"), str(data / "build" / "candidate.duckdb")
    if stage.startswith("ingest"):
        return ["read", str(data / "landing" / stage.split()[1] / "*/*/*.ndjson.gz")]
    return {
        "check raw": ["count", build, "raw%"],
        "build": ["copy", build],
        "check marts": ["count", candidate, "marts"],
        "publish and export": ["copy", candidate],
    }[stage]


def main(size: str) -> None:
    """Print one line a stage."""
    print(f"size {size}, night of {NIGHT.as_of_date}, {os.cpu_count()} cores")
    print(
        f"{'stage':<20} {'rows':>11} {'wall s':>8} {'CPU s':>8} {'rows/CPU s':>11} {'peak MB':>8} {'raw DuckDB CPU s':>17} {'ratio':>7}"
    )
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name:
        data = Path(name) / "data"
        with demo_company(size, Path(name)) as connections:
            environment = {**os.environ, **connections, "VALUEGAP_DATA_DIR": str(data)}
            for stage, arguments in STAGES.items():
                run = measure([sys.executable, "-m", "valuegap", *arguments], environment)
                alone = measure(
                    [sys.executable, "-m", "tests.benchmarks.raw_duckdb", *raw_duckdb(stage, data)],
                    os.environ,
                )
                rows = stage_rows(stage, data)
                print(
                    f"{stage:<20} {rows:>11,} {run.wall:>8.1f} {run.cpu:>8.1f} {rows / run.cpu:>11,.0f} "
                    f"{run.peak_mb:>8,.0f} {alone.cpu:>17.1f} {run.cpu / alone.cpu:>7.1f}",
                    flush=True,
                )
        bi_queries.on_duckdb(data / "published" / "warehouse.duckdb")
        dashboard.main(data / "published" / "warehouse.duckdb")


def stage_rows(stage: str, data: Path) -> int:
    """Rows a stage read (ingest, checks, build) or wrote (publish)."""
    if stage.startswith("ingest"):
        return landed_rows(data / "landing", stage.split()[1])
    if stage in ("check raw", "build"):
        return table_rows(data / "build" / "build.duckdb", "raw%")
    return table_rows(data / "build" / "candidate.duckdb", "marts")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "M")
    extraction.main(extraction.PAGES)
