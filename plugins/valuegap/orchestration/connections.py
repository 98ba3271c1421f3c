"""Connections as Airflow keeps them: environment, secrets backend or metadata database."""

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from valuegap.errors import ConfigurationError
from valuegap.publish.serving_connection import (
    CONNECTION_ID,
    ServingConnection,
    serving_connection_from_parts,
)
from valuegap.settings import connection_from_parts
from valuegap.sources.connection import SourceConnection


def source_connection(source_name: str) -> SourceConnection:
    """Return Airflow's connection `<source>_default`."""
    connection_id = f"{source_name}_default"
    try:
        connection = Connection.get(connection_id)
    except AirflowNotFoundException:
        raise ConfigurationError(
            f"Connection {connection_id} is not set.",
            remedy=f"Set AIRFLOW_CONN_{connection_id.upper()} in .env, or add it in Airflow.",
        ) from None
    return connection_from_parts(
        connection_id,
        scheme=connection.schema or "https",
        host=connection.host or "",
        port=connection.port,
        login=connection.login or "",
        password=connection.password or "",
        extra=connection.extra_dejson,
    )


def serving_connection() -> ServingConnection | None:
    """Return Airflow's connection `warehouse_serving`; None where there is none."""
    try:
        connection = Connection.get(CONNECTION_ID)
    except AirflowNotFoundException:
        return None
    try:
        return serving_connection_from_parts(
            host=connection.host or "",
            port=connection.port,
            schema=connection.schema or "",
            login=connection.login or "",
            password=connection.password or "",
            extra=connection.extra_dejson,
        )
    except ValueError:
        raise ConfigurationError(
            f"Connection {CONNECTION_ID} lacks host, schema (the database) or login.",
            remedy="Add it in Airflow, or in AIRFLOW_CONN_WAREHOUSE_SERVING as in .env.example.",
        ) from None
