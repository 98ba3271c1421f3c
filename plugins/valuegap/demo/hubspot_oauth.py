"""HubSpot's access tokens: a private app's, which lasts, and those a public app has to ask for."""

from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.vendor import Json, VendorError

OAUTH_APP = {
    "client_id": "demo-hubspot-client",
    "client_secret": "demo-hubspot-secret",
    "refresh_token": "demo-hubspot-refresh-token",
}
"""A public app that is installed here. Like the demo's other secrets, it guards generated records only."""
ACCESS_TOKEN_LIFE = timedelta(minutes=30)


class OAuth:
    """Who may ask: the holder of the private app's token always, a public app half an hour at a time."""

    def __init__(self, clock: VirtualClock, token: str, faults: Faults) -> None:
        """`token` is the private app's."""
        self._clock = clock
        self._token = token
        self._faults = faults
        self._expires_at: dict[str, datetime] = {}

    async def grant(self, request: Request) -> Json:
        """Return a new access token for a refresh token."""
        given = {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
        if given.get("grant_type") != "refresh_token":
            raise VendorError(400, "BAD_GRANT_TYPE", "grant_type is not refresh_token.")
        for name, value in OAUTH_APP.items():
            if given.get(name) != value:
                raise VendorError(400, f"BAD_{name.upper()}", f"missing or invalid {name.replace('_', ' ')}")
        access_token = f"demo-hubspot-access-token-{len(self._expires_at) + 1}"
        self._expires_at[access_token] = self._clock.now + ACCESS_TOKEN_LIFE
        return {
            "token_type": "bearer",
            "access_token": access_token,
            "refresh_token": given["refresh_token"],
            "expires_in": int(ACCESS_TOKEN_LIFE.total_seconds()),
        }

    def authenticate(self, request: Request) -> None:
        """Raise `VendorError` for who has no token or an old one; asking for one needs none."""
        if "/oauth/" in request.url.path:
            return
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token in self._expires_at:
            self._require_unexpired(token, request.url.path)
        elif request.headers.get("authorization") != f"Bearer {self._token}":
            raise VendorError(
                401, "INVALID_AUTHENTICATION", "Authentication credentials were not found or not valid."
            )

    def _require_unexpired(self, token: str, path: str) -> None:
        now = self._clock.now
        if self._faults.strikes("hubspot_token_expired", "hubspot", path):
            self._expires_at[token] = min(now, self._expires_at[token])
        if (age := now - self._expires_at[token]) >= timedelta(0):
            raise VendorError(
                401,
                "EXPIRED_AUTHENTICATION",
                f"The OAuth token used to make this call expired {int(age.total_seconds())} second(s) ago.",
            )
