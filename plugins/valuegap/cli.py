"""The command line: the five verbs of a night, the whole night, and the demo company."""

import logging
import sys
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from valuegap.errors import ConfigurationError, ValuegapError
from valuegap.night import Night
from valuegap.settings import KNOWN_SOURCES, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
demo_app = typer.Typer(no_args_is_help=True, help="The demo company: a world with a known truth.")
app.add_typer(demo_app, name="demo")


class GateName(StrEnum):
    """A gate of the night."""

    RAW = "raw"
    MARTS = "marts"


class Size(StrEnum):
    """Size of the generated company."""

    S = "S"
    M = "M"
    L = "L"


def _known_source(name: str) -> str:
    if name not in KNOWN_SOURCES:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(KNOWN_SOURCES)}.")
    return name


SourceName = Annotated[
    str,
    typer.Argument(metavar="SOURCE", parser=_known_source, help=f"One of {', '.join(KNOWN_SOURCES)}."),
]
AsOf = Annotated[
    date,
    typer.Option("--as-of", metavar="DATE", help="Last day the warehouse may know, as 2026-01-31."),
]


def main() -> None:
    """Run a command; an expected error is one line on standard error and exit code 1."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except ValuegapError as error:
        sys.stderr.write(f"valuegap: {error}\n")
        raise SystemExit(1) from None


def _say(line: str) -> None:
    print(line, flush=True)


@app.command()
def nightly(as_of: AsOf) -> None:
    """Run a whole night without Airflow."""
    from valuegap import nightly as stages

    stages.run_night(Settings.from_environment(), Night(as_of), _say)


@app.command()
def ingest(source: SourceName, as_of: AsOf) -> None:
    """Extract, land and load one source."""
    from valuegap import nightly as stages

    settings, night = Settings.from_environment(), Night(as_of)
    _say(stages.extract(settings, source, night, progress=_say).summary)
    _say(stages.load(settings, source, night).summary)


@app.command()
def load(as_of: AsOf) -> None:
    """Load what is landed up to a night; rebuilds a lost build warehouse from the landing zone."""
    from valuegap import nightly as stages

    settings = Settings.from_environment()
    for source in stages.sources_to_load(settings):
        _say(stages.load(settings, source, Night(as_of)).summary)


@app.command()
def check(gate: GateName, as_of: AsOf) -> None:
    """Run a gate; exit 1 when a critical check fails."""
    from valuegap import nightly as stages

    run: Callable[[Settings, Night], object] = (
        stages.check_raw if gate is GateName.RAW else stages.check_marts
    )
    _say(run(Settings.from_environment(), Night(as_of)).summary)  # type: ignore[attr-defined]


@app.command()
def build(as_of: AsOf) -> None:
    """Build and test the dbt models into the candidate."""
    from valuegap import nightly as stages

    _say(stages.build(Settings.from_environment(), Night(as_of), progress=_say).summary)


@app.command()
def publish(as_of: AsOf) -> None:
    """Publish the audited candidate, and export it."""
    from valuegap import nightly as stages

    settings, night = Settings.from_environment(), Night(as_of)
    _say(stages.publish(settings, night).summary)
    _say(stages.export(settings, night).summary)


@app.command()
def serve(as_of: AsOf) -> None:
    """Load the published marts into PostgreSQL, connection `warehouse_serving`."""
    from valuegap import nightly as stages

    settings = Settings.from_environment()
    connection = settings.serving_connection()
    if connection is None:
        raise ConfigurationError(
            "Connection warehouse_serving is not set.",
            remedy="Set AIRFLOW_CONN_WAREHOUSE_SERVING as in .env.example.",
        )
    _say(stages.serve(settings, Night(as_of), connection).summary)


@app.command()
def checksum(
    file: Annotated[
        Path | None, typer.Argument(help="A DuckDB file; the published warehouse by default.")
    ] = None,
) -> None:
    """Print a content hash a mart: equal hashes are equal rows, whatever their order in the file."""
    from valuegap.publish.checksum import table_hashes

    path = file or Settings.from_environment().published_dir / "warehouse.duckdb"
    for table, digest in sorted(table_hashes(path).items()):
        _say(f"{digest}  {table}")


@app.command()
def summary() -> None:
    """Print what the last published night found."""
    from valuegap.summary import print_summary

    print_summary(Settings.from_environment())


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Anything but 127.0.0.1 shows it to others.")] = "127.0.0.1",
) -> None:
    """Serve the dashboard on the published warehouse until Ctrl-C."""
    from valuegap.dashboard.serve import serve as serve_dashboard

    Settings.from_environment()  # a wrong setting is said here, not on every page
    serve_dashboard(address, port)


@demo_app.command("serve")
def serve_demo_company(  # noqa: PLR0913, PLR0917 - each is one flag of the command
    as_of: AsOf = date(2026, 1, 31),
    data: Annotated[Path | None, typer.Option(help="Serve the real records of this folder instead.")] = None,
    log: Annotated[Path | None, typer.Option(help="Serve the company of this log of mutations.")] = None,
    seed: int = 7,
    size: Size = Size.S,
    nights: Annotated[int, typer.Option(min=1, help="Nights the story goes on after the first.")] = 60,
    port: Annotated[int, typer.Option(help="0 takes a free port.")] = 8765,
    speed: Annotated[
        float, typer.Option(help="How much faster than real the vendors' rate limits refill.")
    ] = 60.0,
    port_file: Annotated[
        Path | None, typer.Option(help="Write the port here once the server answers.")
    ] = None,
) -> None:
    """Serve the demo company over the HubSpot, Zendesk and Qualtrics protocols until Ctrl-C."""
    from valuegap.demo.server import serve_demo

    serve_demo(
        as_of=as_of,
        data=data,
        log=log,
        seed=seed,
        size=size.value,
        nights=nights,
        port=port,
        speed=speed,
        port_file=port_file,
    )


@demo_app.command("run")
def run_demo() -> None:
    """Let Airflow run the demo company's next night, and print what it found."""
    from valuegap.demo.night import run_next_night

    run_next_night(Settings.from_environment(), _say)


@demo_app.command("up")
def up() -> None:
    """Serve Airflow's UI on the demo company until Ctrl-C."""
    from valuegap.demo.night import serve_airflow

    serve_airflow(Settings.from_environment(), _say)
