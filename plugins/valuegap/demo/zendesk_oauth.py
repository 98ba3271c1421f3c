"""Who may use the Zendesk account: the API token, as Basic or as bearer, and access tokens of OAuth."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from valuegap.demo.clock import VirtualClock
from valuegap.demo.faults import Faults
from valuegap.demo.tokens import Tokens
from valuegap.demo.vendor import Json, VendorError

TOKEN_PATH = "/oauth/tokens"  # noqa: S105 - an address
LONGEST_SECONDS = 172_800

INVALID_TOKEN, INVALID_CLIENT, INVALID_REQUEST = "invalid_token", "invalid_client", "invalid_request"
UNSUPPORTED_GRANT = "unsupported_grant_type"
OAUTH_ERRORS = frozenset({INVALID_TOKEN, INVALID_CLIENT, INVALID_REQUEST, UNSUPPORTED_GRANT})

NEVER_GRANTED = datetime.min.replace(tzinfo=UTC)


class Doors:
    """Lets in who shows a token. Access tokens end by the virtual clock, where an end was asked for."""

    def __init__(self, tokens: Tokens, clock: VirtualClock, faults: Faults) -> None:
        """No access token is granted yet."""
        self._tokens = tokens
        self._clock = clock
        self._faults = faults
        self._granted: dict[str, datetime | None] = {}
        self._number = 0

    def authenticate(self, request: Request) -> None:
        """Raise `VendorError` for who shows nothing valid; tokens are asked for without one."""
        if request.url.path.endswith(TOKEN_PATH):
            return
        tokens = self._tokens
        basic = base64.b64encode(f"{tokens.zendesk_email}/token:{tokens.zendesk}".encode()).decode()
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme == "Basic" and shown == basic:
            return
        if scheme != "Bearer":
            raise VendorError(401, "Couldn't authenticate you", "")
        if shown in self._granted and self._faults.strikes(
            "zendesk_token_expired", "zendesk", request.url.path
        ):
            del self._granted[shown]
        if shown != tokens.zendesk and not self._is_open_to(shown):
            raise VendorError(401, INVALID_TOKEN, "The access token is expired, revoked or malformed.")

    def _is_open_to(self, token: str) -> bool:
        until = self._granted.get(token, NEVER_GRANTED)
        return until is None or self._clock.now < until

    async def grant(self, request: Request) -> Json:
        """Give an access token for client credentials, asked for by JSON or by a form."""
        asked = await _asked(request)
        client = (asked.get("client_id"), asked.get("client_secret"))
        if client != (self._tokens.zendesk_client, self._tokens.zendesk_secret):
            raise VendorError(401, INVALID_CLIENT, "Client authentication failed.")
        if asked.get("grant_type") != "client_credentials":
            raise VendorError(400, UNSUPPORTED_GRANT, "The authorization grant type is not supported.")
        self._number += 1
        token = f"demo-zendesk-access-{self._number}"
        answer = {"access_token": token, "token_type": "bearer", "scope": asked.get("scope", "read")}
        if "expires_in" not in asked:
            self._granted[token] = None
            return answer
        seconds = min(int(asked["expires_in"]), LONGEST_SECONDS)
        self._granted[token] = self._clock.now + timedelta(seconds=seconds)
        return answer | {"expires_in": seconds}


async def _asked(request: Request) -> Json:
    body = await request.body()
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode()))
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise VendorError(400, INVALID_REQUEST, "The request is no JSON object.")
    return asked
