"""Lets a client that insists on its vendor's own https host reach the demo company on this machine.

Only where a request goes changes; what is asked and what is answered stay as they are.
"""

from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter


class _DemoHost(HTTPAdapter):
    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    def send(self, request, **options):
        parts = urlsplit(request.url)
        elsewhere = request.copy()
        # An address the vendor itself gave has the path of the demo's vendor already.
        path = parts.path.removeprefix(urlsplit(self._base_url).path)
        elsewhere.url = self._base_url + path + (f"?{parts.query}" if parts.query else "")
        response = super().send(elsewhere, **options)
        response.request, response.url = request, request.url
        return response


def session_to(base_url: str) -> requests.Session:
    """Return a session that sends everything meant for an https host to `base_url`."""
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", _DemoHost(base_url))
    return session
