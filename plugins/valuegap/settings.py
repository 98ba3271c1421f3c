"""The only reader of the environment: paths, limits and connections."""

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from valuegap.errors import ConfigurationError
from valuegap.publish.serving_connection import (
    CONNECTION_ID,
    ServingConnection,
    serving_connection_from_text,
)
from valuegap.sources.connection import SourceConnection

PROJECT_ROOT = Path(__file__).resolve().parents[2]

AUTO_CURRENCY = "auto"
"""Report in the currency most won deals are in."""

FILES = "files"
"""The one source without a connection: a folder of ours."""

KNOWN_SOURCES: Mapping[str, str] = {
    "hubspot": "crm",
    "salesforce": "crm",
    "zendesk": "tickets",
    "qualtrics": "surveys",
    FILES: FILES,
}
"""Every source of the registry, in the order they are read, and the DAG that reads it: `ingest_<...>`."""

PARQUET, CSV, DUCKDB, HYPER = "parquet", "csv", "duckdb", "hyper"
KNOWN_EXPORTS = (PARQUET, CSV, DUCKDB, HYPER)
"""What `VALUEGAP_EXPORTS` may name, in the order they are written."""

MAIL_ADDRESS = re.compile(r"[^@\s{}<>,;\"']+@[^@\s{}<>,;\"']+")
"""Loose, but neither a list, nor a header, nor a template."""


@dataclass(frozen=True)
class Settings:
    """Where everything stands. Build one with `Settings.from_environment()`."""

    project_root: Path = PROJECT_ROOT
    data_dir: Path = PROJECT_ROOT / "data"
    memory_limit: str = "4GB"
    threads: int = 2
    lock_wait_seconds: float = 600.0
    sources: tuple[str, ...] = ("hubspot", "zendesk", "qualtrics")
    reporting_currency: str = AUTO_CURRENCY
    ingest_schedule: str = (
        "15 1 * * *"  # daily cron in UTC, or "off"; after midnight, so that the day is over
    )
    cut_off_schedule: str = "0 5 * * *"  # when a night is built without the sources that have not come
    exports: tuple[str, ...] = (PARQUET, CSV, DUCKDB)
    kept_exports: int = 7
    dashboard_personal_data: bool = False  # whether the dashboard shows names and addresses of people
    alert_to: tuple[str, ...] = ()  # mail addresses of those who are told what has no other owner
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read the `VALUEGAP_*` and `AIRFLOW_CONN_*` variables, listed in `.env.example`."""
        env = dict(os.environ if environment is None else environment)
        root = Path(env.get("VALUEGAP_PROJECT_ROOT", PROJECT_ROOT)).resolve()
        return cls(
            project_root=root,
            data_dir=Path(env.get("VALUEGAP_DATA_DIR", root / "data")).resolve(),
            memory_limit=env.get("VALUEGAP_MEMORY_LIMIT", cls.memory_limit),
            threads=_positive_int(env, "VALUEGAP_THREADS", cls.threads),
            lock_wait_seconds=float(
                _positive_int(env, "VALUEGAP_LOCK_WAIT_SECONDS", int(cls.lock_wait_seconds))
            ),
            sources=_sources(env.get("VALUEGAP_SOURCES", ",".join(cls.sources))),
            reporting_currency=_currency(env.get("VALUEGAP_REPORTING_CURRENCY", cls.reporting_currency)),
            ingest_schedule=env.get("VALUEGAP_INGEST_SCHEDULE", cls.ingest_schedule),
            cut_off_schedule=env.get("VALUEGAP_CUT_OFF_SCHEDULE", cls.cut_off_schedule),
            exports=_exports(env.get("VALUEGAP_EXPORTS", ",".join(cls.exports))),
            kept_exports=_positive_int(env, "VALUEGAP_KEEP_EXPORTS", cls.kept_exports),
            dashboard_personal_data=_flag(env, "VALUEGAP_DASHBOARD_PERSONAL_DATA"),
            alert_to=_addresses(env.get("VALUEGAP_ALERT_TO", "")),
            environment=env,
        )

    def sources_by_dag(self) -> Mapping[str, tuple[str, ...]]:
        """Return, for `crm`, `tickets` and so on, the sources that `ingest_<...>` reads."""
        return {
            kind: tuple(name for name in self.sources if KNOWN_SOURCES[name] == kind)
            for kind in dict.fromkeys(KNOWN_SOURCES[name] for name in self.sources)
        }

    @property
    def landing_dir(self) -> Path:
        """Landing zone: `<source>/<stream>/<run_id>/`, immutable, enough to rebuild everything."""
        return self.data_dir / "landing"

    @property
    def config_dir(self) -> Path:
        """What a company declares of itself: `file_drop.yml`, `custom_fields.yml`."""
        return Path(self.environment.get("VALUEGAP_CONFIG_DIR", self.project_root / "config")).resolve()

    @property
    def drop_dir(self) -> Path:
        """Folder for files of any other source, read as `file_drop.yml` says."""
        return Path(self.environment.get("VALUEGAP_DROP_DIR", self.project_root / "drop")).resolve()

    @property
    def build_file(self) -> Path:
        """Private DuckDB file with raw, staging, intermediate and ops schemas; one writer."""
        return self.data_dir / "build" / "build.duckdb"

    @property
    def candidate_file(self) -> Path:
        """DuckDB file into which dbt writes the marts, audited before it is published."""
        return self.data_dir / "build" / "candidate.duckdb"

    @property
    def published_dir(self) -> Path:
        """Versioned warehouse files and the `warehouse.duckdb` symlink readers open."""
        return self.data_dir / "published"

    @property
    def exports_dir(self) -> Path:
        """Exported files, a folder a run, each with a manifest."""
        return self.data_dir / "exports"

    @property
    def reports_dir(self) -> Path:
        """HTML quality reports, one a night."""
        return self.data_dir / "reports"

    @property
    def dbt_project_dir(self) -> Path:
        """The dbt project."""
        return self.project_root / "dbt_project"

    @property
    def expectations_dir(self) -> Path:
        """Great Expectations suites as YAML."""
        return self.project_root / "expectations"

    def connection(self, connection_id: str) -> SourceConnection:
        """Return the connection in `AIRFLOW_CONN_<ID>`, as JSON or as a URI, the way Airflow reads it."""
        variable = f"AIRFLOW_CONN_{connection_id.upper()}"
        text = self.environment.get(variable, "").strip()
        if not text:
            raise ConfigurationError(
                f"Connection {connection_id} is not set.",
                remedy=f"Set {variable} in .env (see .env.example), or run the demo: make run.",
            )
        try:
            return _connection_from_text(connection_id, text)
        except (ValueError, TypeError, AttributeError, KeyError):
            # The text holds a token: neither it nor the parser's message may be shown.
            raise ConfigurationError(
                f"{variable} is neither a connection URI nor a JSON object.",
                remedy="Write it as in .env.example.",
            ) from None

    def serving_connection(self) -> ServingConnection | None:
        """Return `AIRFLOW_CONN_WAREHOUSE_SERVING`, read as `connection` reads; None where it is not set."""
        variable = f"AIRFLOW_CONN_{CONNECTION_ID.upper()}"
        text = self.environment.get(variable, "").strip()
        if not text:
            return None
        try:
            return serving_connection_from_text(text)
        except (ValueError, TypeError, AttributeError):
            raise ConfigurationError(
                f"{variable} is no connection URI or JSON object with host, schema (the database) and login.",
                remedy="Write it as in .env.example.",
            ) from None


def connection_from_parts(  # noqa: PLR0913 - these are the parts of an Airflow connection
    connection_id: str,
    *,
    scheme: str,
    host: str,
    port: int | None,
    login: str,
    password: str,
    extra: Mapping[str, object],
) -> SourceConnection:
    """Build a connection from an Airflow connection's parts; `host` may already be a URL.

    A number in `extra` becomes its text: whoever writes JSON by hand leaves the quotes out.
    """
    base_url = host if "://" in host else f"{scheme or 'https'}://{host}"
    if port:
        base_url = f"{base_url}:{port}"
    texts = {name: str(value) for name, value in extra.items()}
    return SourceConnection(connection_id, base_url.rstrip("/"), login, password, texts)


def _connection_from_text(connection_id: str, text: str) -> SourceConnection:
    if text.startswith("{"):
        parts = json.loads(text)
        extra = parts.get("extra") or {}
        return connection_from_parts(
            connection_id,
            scheme=parts.get("schema") or "https",
            host=parts["host"],
            port=parts.get("port"),
            login=parts.get("login") or "",
            password=parts.get("password") or "",
            extra=json.loads(extra) if isinstance(extra, str) else extra,
        )
    uri = urlsplit(text)
    if not uri.hostname:
        raise ValueError(connection_id)
    return connection_from_parts(
        connection_id,
        scheme=uri.path.strip("/") or "https",
        host=unquote(uri.hostname),
        port=uri.port,
        login=unquote(uri.username or ""),
        password=unquote(uri.password or ""),
        extra=dict(parse_qsl(uri.query)),
    )


def _sources(text: str) -> tuple[str, ...]:
    return _chosen("VALUEGAP_SOURCES", text, KNOWN_SOURCES, "source", "those your company uses")


def _exports(text: str) -> tuple[str, ...]:
    return _chosen("VALUEGAP_EXPORTS", text, KNOWN_EXPORTS, "format", "those you read")


def _chosen(variable: str, text: str, known: Collection[str], what: str, which: str) -> tuple[str, ...]:
    """Read a list with commas; return its names in the order of `known`."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        named = f"the unknown {what} {unknown[0]}" if unknown else f"no {what}"
        raise ConfigurationError(
            f"{variable}={text!r} names {named}.",
            remedy=f"Write {which}, with commas: {', '.join(known)}.",
        )
    return tuple(name for name in known if name in names)


def _currency(text: str) -> str:
    code = text.strip()
    if code == AUTO_CURRENCY or (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004 - ISO 4217
        return code
    raise ConfigurationError(
        f"VALUEGAP_REPORTING_CURRENCY={text!r} is no ISO 4217 code.",
        remedy=f"Write a code such as EUR, or {AUTO_CURRENCY} for the currency most won deals are in.",
    )


def _addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(address.strip() for address in text.split(",") if address.strip())
    for address in addresses:
        if not MAIL_ADDRESS.fullmatch(address):
            raise ConfigurationError(
                f"VALUEGAP_ALERT_TO: {address!r} is no mail address.",
                remedy="Write addresses with commas: ann@example.com,bo@example.com.",
            )
    return addresses


def _flag(env: Mapping[str, str], name: str) -> bool:
    text = env.get(name, "false").strip().lower()
    if text not in {"true", "false"}:
        raise ConfigurationError(f"{name}={text!r} is neither true nor false.", remedy=f"Try {name}=false.")
    return text == "true"


def _positive_int(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise ConfigurationError(
            f"{name}={text!r} is not a positive whole number.", remedy=f"Try {name}={default}."
        )
    return int(text)
