import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from valuegap.orchestration.health import is_healthy


@contextmanager
def api(status, body):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/api/v2/monitor/health"
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


HEALTH = json.dumps(
    {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": "unhealthy"},
        "triggerer": {"status": None},
    }
).encode()


@pytest.mark.parametrize(
    ("component", "expected"),
    [("metadatabase", True), ("scheduler", False), ("triggerer", False), ("no_such", False)],
)
def test_a_component_is_as_healthy_as_the_api_says(component, expected):
    with api(200, HEALTH) as url:
        assert is_healthy(url, component) is expected


@pytest.mark.parametrize(("status", "body"), [(500, HEALTH), (200, b"<html>")], ids=["error", "not json"])
def test_an_api_that_does_not_answer_is_not_healthy(status, body):
    with api(status, body) as url:
        assert is_healthy(url, "metadatabase") is False
    assert is_healthy(url, "metadatabase") is False  # nobody listens any more
