"""Starts the dashboard, or says what is missing for it."""

import importlib.util
import socket

from valuegap.errors import ConfigurationError


def serve(address: str, port: int) -> None:
    """Serve the dashboard until Ctrl-C.

    Raises:
        ConfigurationError: Streamlit is not installed, or the port is taken.
    """
    if importlib.util.find_spec("streamlit") is None or importlib.util.find_spec("plotly") is None:
        raise ConfigurationError(
            "The dashboard needs Streamlit and Plotly, which are not installed.",
            remedy='Start it with `make dashboard`, or install the extra: pip install "valuegap[dashboard]".',
        )
    _check_free(address, port)
    from valuegap.dashboard import server  # noqa: PLC0415 - needs what was just looked for

    server.run(address, port)


def _check_free(address: str, port: int) -> None:
    with socket.socket() as probe:
        # As the server does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise ConfigurationError(
                f"{address}:{port} cannot be served: {error.strerror}.",
                remedy=f"Choose another port: valuegap dashboard --port {port + 1}.",
            ) from error
