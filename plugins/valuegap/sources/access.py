"""The OAuth 2 access token of one connection: asked for when needed, renewed when it has run out."""

import logging
import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from valuegap.sources.stream import TokenRequest

_log = logging.getLogger(__name__)

Ask = Callable[[TokenRequest], Mapping[str, Any]]
"""Sends a token request and returns the vendor's answer, which holds an `access_token`."""

_PUBLIC = {"grant_type", "client_id", "scope", "redirect_uri"}
_SECONDS_AHEAD, _SHARE_AHEAD = 60.0, 0.1


class Access:
    """Holds the token for all streams of a source, so that one renewal serves every thread."""

    def __init__(self, connection_id: str, request: TokenRequest, monotonic: Callable[[], float]) -> None:
        """Nothing is asked yet."""
        self._connection_id = connection_id
        self._request = request
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._tokens: list[str] = []  # the last is in use; those before it are secrets still
        self._renew_at = math.inf

    @property
    def secrets(self) -> list[str]:
        """What must not show in an error or a log."""
        form = [value for name, value in self._request.form.items() if name not in _PUBLIC]
        headers = [value.split()[-1] for value in self._request.headers.values() if value.strip()]
        return [secret for secret in (*self._tokens, *form, *headers) if secret]

    def token(self, ask: Ask) -> str:
        """Return a token that has not run out, as far as the vendor has told."""
        with self._lock:
            if not self._tokens or self._monotonic() >= self._renew_at:
                self._take(ask(self._request))
            return self._tokens[-1]

    def renew(self, refused: str, ask: Ask) -> None:
        """Get a new token in place of the `refused` one, unless another thread just has."""
        with self._lock:
            if self._tokens[-1] == refused:
                self._take(ask(self._request))

    def _take(self, answer: Mapping[str, Any]) -> None:
        self._tokens.append(str(answer["access_token"]))
        lifetime = answer.get("expires_in")
        self._renew_at = math.inf
        if isinstance(lifetime, int | float) and lifetime > 0:
            ahead = min(_SECONDS_AHEAD, lifetime * _SHARE_AHEAD)
            self._renew_at = self._monotonic() + lifetime - ahead
        refresh_token = answer.get("refresh_token")
        if refresh_token and refresh_token != self._request.form.get("refresh_token"):
            self._rotate(str(refresh_token))

    def _rotate(self, refresh_token: str) -> None:
        self._request = replace(self._request, form={**self._request.form, "refresh_token": refresh_token})
        # Kept for this run only: no file of ours holds a secret.
        _log.warning(
            "%s: the vendor has replaced the refresh token, and may refuse the old one next night; "
            "use client credentials where the vendor offers them",
            self._connection_id,
        )
