"""Where the PostgreSQL answers into which the published marts are loaded for BI tools."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

CONNECTION_ID = "warehouse_serving"

CONNECT_TIMEOUT_SECONDS = 10  # libpq alone would wait for minutes on an address that swallows packets


@dataclass(frozen=True)
class ServingConnection:
    """The Airflow connection `warehouse_serving`. Neither `password` nor `options` shows in a repr.

    `options` are libpq's (`sslmode`, `sslrootcert`, …), from the connection's extra.
    """

    host: str
    port: int
    database: str
    login: str
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def conninfo(self) -> str:
        """Return libpq's keyword string: of a URI that cannot be read, libpq's message would show parts."""
        keywords = {
            "host": self.host,
            "port": str(self.port),
            "dbname": self.database,
            "user": self.login,
            "password": self.password,
            "application_name": "valuegap",
            "connect_timeout": str(CONNECT_TIMEOUT_SECONDS),
            **self.options,
        }
        return " ".join(f"{keyword}={_quoted(value)}" for keyword, value in keywords.items() if value)

    def __str__(self) -> str:
        """Return where it leads, without a secret."""
        return f"{self.host}:{self.port}/{self.database} as {self.login}"


def serving_connection_from_parts(  # noqa: PLR0913 - these are the parts of an Airflow connection
    *,
    host: str,
    port: int | None,
    schema: str,
    login: str,
    password: str,
    extra: Mapping[str, object],
) -> ServingConnection:
    """Build the connection from an Airflow connection's parts; `schema` is the database, as in Airflow.

    Raises:
        ValueError: host, schema or login is missing.
    """
    if not (host and schema and login):
        raise ValueError(CONNECTION_ID)
    options = {name: str(value) for name, value in extra.items()}
    return ServingConnection(host, port or 5432, schema, login, password, options)


def serving_connection_from_text(text: str) -> ServingConnection:
    """Read `AIRFLOW_CONN_WAREHOUSE_SERVING`, a JSON object or a URI, the way Airflow reads it.

    Raises:
        ValueError, TypeError, AttributeError: it is neither, or lacks host, database or login.
    """
    if text.startswith("{"):
        parts = json.loads(text)
        extra = parts.get("extra") or {}
        return serving_connection_from_parts(
            host=parts.get("host") or "",
            port=int(parts["port"]) if parts.get("port") else None,
            schema=parts.get("schema") or "",
            login=parts.get("login") or "",
            password=parts.get("password") or "",
            extra=json.loads(extra) if isinstance(extra, str) else extra,
        )
    uri = urlsplit(text)
    return serving_connection_from_parts(
        host=unquote(uri.hostname or ""),
        port=uri.port,
        schema=unquote(uri.path.strip("/")),
        login=unquote(uri.username or ""),
        password=unquote(uri.password or ""),
        extra=dict(parse_qsl(uri.query)),
    )


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
