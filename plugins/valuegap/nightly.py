"""The stages of a night, ingest → check → build → check → publish, each safe to run again.

Airflow's tasks and the command line call the same functions; `run_night` is the whole night in one
process, without Airflow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from valuegap.night import Night
from valuegap.progress import Progress, silent
from valuegap.publish.serving_connection import ServingConnection
from valuegap.settings import FILES, KNOWN_SOURCES, Settings
from valuegap.sources.connection import SourceConnection

if TYPE_CHECKING:
    from valuegap.loading import LoadedStream
    from valuegap.publish.export import Exported
    from valuegap.publish.postgres import Served
    from valuegap.publish.promote import Published
    from valuegap.quality.results import GateResult
    from valuegap.sources.extract import LandedStream
    from valuegap.transform import BuildResult


@dataclass(frozen=True)
class Extracted:
    """What one source handed over in one night."""

    source: str
    streams: "tuple[LandedStream, ...]"

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        rows = sum(stream.rows for stream in self.streams)
        requests = sum(stream.requests for stream in self.streams)
        fewest = sum(stream.fewest_requests for stream in self.streams)
        landed = f"{self.source}: {rows:,} records landed in {len(self.streams)} streams"
        return f"{landed}; {requests:,} requests, fewest possible {fewest:,}" if requests else landed


@dataclass(frozen=True)
class Loaded:
    """What of one source's landing zone was put into the build warehouse."""

    source: str
    streams: "tuple[LoadedStream, ...]"

    @property
    def summary(self) -> str:
        """Return one line for a log."""
        loaded = sum(stream.loaded_rows for stream in self.streams)
        quarantined = sum(stream.quarantined_rows for stream in self.streams)
        return f"{self.source}: {loaded:,} rows loaded, {quarantined:,} in quarantine"


def extract(
    settings: Settings,
    source_name: str,
    night: Night,
    *,
    connection: SourceConnection | None = None,
    progress: Progress = silent,
) -> Extracted:
    """Pull what changed at one source since the last loaded night, and land it untouched.

    What an earlier, killed run landed and did not load is loaded first: the cursor is what was loaded.
    """
    from valuegap.custom_fields import with_custom_fields
    from valuegap.landing import Landing
    from valuegap.loading import cursors, load_source
    from valuegap.sources.extract import extract_source
    from valuegap.sources.registry import DECLARED, SOURCES

    if left := load_source(settings, DECLARED[source_name], night):
        progress(f"{Loaded(source_name, left).summary}, landed by a run that did not end")
    landing, ended = Landing(settings.landing_dir), cursors(settings, DECLARED[source_name], night)
    if source_name == FILES:
        from valuegap.sources.file_drop import extract_files

        return Extracted(source_name, extract_files(settings, night, landing, ended, progress))
    source = with_custom_fields(SOURCES[source_name], settings)
    connection = connection or settings.connection(source.connection_id)
    return Extracted(source_name, extract_source(source, connection, night, landing, ended, progress))


def sources_to_load(settings: Settings) -> tuple[str, ...]:
    """Return the sources a company uses, and those it used once: what they landed is history to rebuild."""
    return tuple(
        name for name in KNOWN_SOURCES if name in settings.sources or (settings.landing_dir / name).exists()
    )


def load(settings: Settings, source_name: str, night: Night) -> Loaded:
    """Put every landed run of one source that is not loaded yet into the build warehouse."""
    from valuegap.loading import load_source
    from valuegap.sources.registry import DECLARED

    return Loaded(source_name, load_source(settings, DECLARED[source_name], night))


def check_raw(settings: Settings, night: Night) -> "GateResult":
    """Run the raw gate. Raises `GateFailedError` when a critical check fails."""
    from valuegap.quality.gate import run_gate

    return run_gate(settings, night, "raw")


def build(settings: Settings, night: Night, *, progress: Progress = silent) -> "BuildResult":
    """Build and test every dbt model; the marts land in the candidate file."""
    from valuegap import transform

    return transform.build(settings, night, progress=progress)


def check_marts(settings: Settings, night: Night) -> "GateResult":
    """Run the mart gate on the candidate. Raises `GateFailedError` when a critical check fails."""
    from valuegap.quality.gate import run_gate

    return run_gate(settings, night, "marts")


def publish(settings: Settings, night: Night) -> "Published":
    """Make the audited candidate the warehouse readers open."""
    from valuegap.publish import promote

    return promote.publish(settings, night)


def export(settings: Settings, night: Night) -> "Exported":
    """Write the published marts as Parquet with a manifest."""
    from valuegap.publish import export as exporting

    return exporting.export(settings, night)


def serve(settings: Settings, night: Night, connection: ServingConnection) -> "Served":
    """Load the published marts into PostgreSQL, where BI tools and analysts read them."""
    from valuegap.publish import postgres

    return postgres.serve(settings, night, connection)


def report(settings: Settings, night: Night) -> Path:
    """Write the night's quality report and return its path."""
    from valuegap.quality.report import write_report

    return write_report(settings, night)


def run_night(settings: Settings, night: Night, progress: Progress = silent) -> "Published":
    """Run the whole night in this process.

    A source that cannot be read does not stop the others: its staleness shows in the marts'
    `freshness`, and the error is raised only when no source could be read.
    """
    ingest_all(settings, night, progress)
    try:
        progress(check_raw(settings, night).summary)
        progress(build(settings, night, progress=progress).summary)
        progress(check_marts(settings, night).summary)
    finally:
        progress(f"quality report: {report(settings, night)}")
    published = publish(settings, night)
    progress(published.summary)
    progress(export(settings, night).summary)
    if serving := settings.serving_connection():
        progress(serve(settings, night, serving).summary)
    return published


def ingest_all(settings: Settings, night: Night, progress: Progress = silent) -> None:
    """Extract and load every source the company uses; raise only when none of them could be read."""
    from valuegap.errors import ConfigurationError, SourceError

    failures: list[SourceError | ConfigurationError] = []
    for source_name in settings.sources:
        try:
            progress(extract(settings, source_name, night, progress=progress).summary)
        except (SourceError, ConfigurationError) as error:
            failures.append(error)
            progress(f"{source_name}: NOT READ TONIGHT, its marts stay stale: {error}")
        progress(load(settings, source_name, night).summary)
    if len(failures) == len(settings.sources):
        raise failures[0]
