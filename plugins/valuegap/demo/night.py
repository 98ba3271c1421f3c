"""A night of the demo company: start it, let Airflow run the night on it, stop it, say what came of it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from valuegap.custom_fields import FILE as CUSTOM_FIELDS
from valuegap.errors import SourceError
from valuegap.night import Night
from valuegap.progress import Progress
from valuegap.settings import Settings

FIRST_NIGHT = date(2026, 1, 31)
NIGHTS = 60
START_DEADLINE_SECONDS = 120


def next_night(settings: Settings) -> Night:
    """Return the night after the last published one, or the first."""
    from valuegap.publish.promote import serving

    last = serving(settings)
    return Night(FIRST_NIGHT if last is None else last.as_of_date + timedelta(days=1))


def run_next_night(settings: Settings, progress: Progress) -> None:
    """Run the next night through Airflow on a demo company started for it, and print its summary.

    Raises `ValuegapError` when the night did not end in a published warehouse.
    """
    from valuegap.orchestration.standalone import run_night_with_airflow
    from valuegap.summary import print_summary

    night = next_night(settings)
    started = time.monotonic()
    progress(f"Night of {night.as_of_date}: what the demo company knows by {night.until:%Y-%m-%d %H:%M} UTC")
    with demo_company(settings, night, progress) as of_demo:
        run_night_with_airflow(of_demo, night, {}, progress)
    progress(f"Night of {night.as_of_date} done in {time.monotonic() - started:.0f} s\n")
    print_summary(settings)


def serve_airflow(settings: Settings, progress: Progress) -> None:
    """Serve Airflow and the demo company until Ctrl-C."""
    from valuegap.orchestration.standalone import serve_ui

    night = next_night(settings)
    with demo_company(settings, night, progress) as of_demo:
        serve_ui(of_demo, night, {}, progress)


@contextmanager
def demo_company(settings: Settings, night: Night, progress: Progress) -> Iterator[Settings]:
    """Start the demo company as it stands after `night`; yield the settings to read it with; stop it."""
    from valuegap.demo.plans import write_plans
    from valuegap.demo.server import demo_connections

    folder = settings.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    log_file = folder / "serve.log"
    command = [sys.executable, "-m", "valuegap", "demo", "serve", "--as-of", night.as_of_date.isoformat()]
    command += ["--nights", str(NIGHTS), "--port", "0", "--port-file", str(port_file)]
    progress("demo company  starting")
    with log_file.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            port = _wait_for_port(server, port_file, log_file)
            progress(f"demo company  serves HubSpot, Zendesk and Qualtrics on http://127.0.0.1:{port}")
            plans = write_plans(folder, FIRST_NIGHT)
            _keep_custom_fields(settings, Path(plans["VALUEGAP_CONFIG_DIR"]))
            yield Settings.from_environment(
                {
                    **settings.environment,
                    "VALUEGAP_PROJECT_ROOT": str(settings.project_root),
                    "VALUEGAP_DATA_DIR": str(settings.data_dir),
                    **demo_connections(f"http://127.0.0.1:{port}"),
                    **plans,
                }
            )
        finally:
            server.terminate()


def _keep_custom_fields(settings: Settings, config_dir: Path) -> None:
    """Let the demo's nights know the fields that whoever runs it has declared."""
    declared, kept = settings.config_dir / CUSTOM_FIELDS, config_dir / CUSTOM_FIELDS
    kept.unlink(missing_ok=True)
    if declared.exists():
        shutil.copyfile(declared, kept)


def _wait_for_port(server: "subprocess.Popen[bytes]", port_file: Path, log_file: Path) -> int:
    deadline = time.monotonic() + START_DEADLINE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if port_file.exists():
            return int(port_file.read_text())
        time.sleep(0.1)
    raise SourceError("The demo company did not start.", remedy=f"Its last words are in {log_file}.")
