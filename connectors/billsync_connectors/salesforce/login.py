"""Logging in: JWT bearer, client credentials, and refresh tokens that are good only once.  (shell)

A token is had from the login host, and says where the org is.  The time in a JWT is the login host's own, told by a
request that needs no log-in: a clock that is wrong here does no harm.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from billsync.connector import Context, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync_connectors.salesforce.settings import SalesforceSettings

_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_S: Final = 180
_TOKEN: Final = "services/oauth2/token"  # noqa: S105  a path
_KEPT: Final = "refresh_token"
_SAID_NO: Final = frozenset({400, 401, 403})
_HINTS: Final = {
    "user hasn't approved this consumer": "let an administrator pre-authorise the user for the app",
    "audience is invalid": "of a sandbox, the audience is https://test.salesforce.com",
    "expired access/refresh token": "authorise the app again, and give the new refresh token",
    "request not supported on this domain": "client credentials need the org's own address (My Domain) as url",
    "invalid assertion": "is the certificate of this private key the one that the app has?",
}


@dataclass(frozen=True, slots=True)
class Entered:
    """A session: its token, and where the org is."""

    token: str
    instance: str


class Login:
    """Gets sessions.  Raises `TryLater` and `Refused`."""

    def __init__(self, context: Context, settings: SalesforceSettings) -> None:
        self._settings, self._keep, self._system = settings, context.keep, context.name
        secrets = [settings.consumer_secret, settings.private_key, settings.refresh_token]
        self._http = Client(
            settings.login_url or settings.url,
            system=context.name,
            secrets=[secret.get_secret_value() for secret in secrets if secret is not None],
            timeout=settings.timeout,
            reach=settings.reach(context.root),
        )

    def enter(self) -> Entered:
        """A new session."""
        if self._settings.grant == "jwt":
            return self._entered(self._asked({"grant_type": _JWT, "assertion": self._assertion()}))
        if self._settings.grant == "client_credentials":
            return self._entered(self._asked({"grant_type": "client_credentials"}, known=True))
        return self._refreshed()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    # ------------------------------------------------------------ JWT bearer

    def _assertion(self) -> str:
        """Who we are, signed.  Raises `Refused` where the key cannot be used."""
        try:
            import jwt  # noqa: PLC0415  of an extra
        except ModuleNotFoundError:
            message = f'{self._system}: JWT bearer needs an extra: pip install "billsync[salesforce]"'
            raise Refused("missing_extra", message) from None
        settings, now = self._settings, self.time()
        claims = {
            "iss": settings.consumer_key,
            "sub": settings.username,
            "aud": settings.audience,
            "exp": int(now.timestamp()) + _JWT_S,
        }
        key = settings.private_key.get_secret_value() if settings.private_key is not None else ""
        try:
            return jwt.encode(claims, key, algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            message = f"{self._system}: the private key cannot be used: a PEM file with an RSA key, no passphrase"
            raise Refused("bad_key", message) from None

    def time(self) -> datetime:
        """What the login host's clock shows; this is no call that the org counts."""
        told = self._http.read("GET", "services/data").headers.get("date", "")
        try:
            return parsedate_to_datetime(told)
        except ValueError:
            raise TryLater("auth", f"{self._system}: the login host does not say its time", offline=True) from None

    # ------------------------------------------------------------ refresh tokens

    def _refreshed(self) -> Entered:
        """Exchange the refresh token; the new one outlives a crash before its session is used.

        Nobody else does it meanwhile; whoever waited for that finds the token that is good now.
        """
        with self._keep.alone(_KEPT):
            found = self._asked({"grant_type": "refresh_token", "refresh_token": self._refresh_token()}, known=True)
            fresh = found.get("refresh_token")
            if isinstance(fresh, str) and fresh:
                self._keep.put(_KEPT, json.dumps({"of": self._origin(), "token": fresh}))
        return self._entered(found)

    def _refresh_token(self) -> str:
        """The one that came last of the one in the settings; a person who gives another one begins anew."""
        try:
            kept = json.loads(self._keep.get(_KEPT) or "{}")
        except ValueError:
            kept = {}
        if isinstance(kept, dict) and kept.get("of") == self._origin() and isinstance(kept.get("token"), str):
            return str(kept["token"])
        given = self._settings.refresh_token
        return given.get_secret_value() if given is not None else ""

    def _origin(self) -> str:
        given = self._settings.refresh_token
        return hashlib.sha256((given.get_secret_value() if given is not None else "").encode()).hexdigest()[:32]

    # ------------------------------------------------------------ the token endpoint

    def _asked(self, form: Mapping[str, str], *, known: bool = False) -> Mapping[str, Any]:
        """What the token endpoint gives; with `known` the app shows its key and secret."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(self._app() if known else {})}
        try:
            answer = self._http.send("POST", _TOKEN, content=urlencode(form), headers=headers, expect=_SAID_NO)
        except (Refused, Unclear) as fault:  # no record is touched by a log-in: it may be tried again
            raise TryLater("auth", fault.message, offline=True) from None
        found = answer.value if isinstance(answer.value, dict) else {}
        if answer.status in _SAID_NO:
            raise self._denied(found, answer.status)
        return found

    def _app(self) -> dict[str, str]:
        secret = self._settings.consumer_secret
        pair = f"{self._settings.consumer_key}:{secret.get_secret_value() if secret is not None else ''}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _denied(self, found: Mapping[str, Any], status: int) -> TryLater:
        said = self._http.hidden(str(found.get("error_description") or found.get("error") or f"refused with {status}"))
        hint = f"; {_HINTS[said]}" if said in _HINTS else ""
        return TryLater("auth", f"{self._system}: the log-in is refused: {said[:200]}{hint}", offline=True)

    def _entered(self, found: Mapping[str, Any]) -> Entered:
        token, instance = found.get("access_token"), found.get("instance_url")
        if not isinstance(token, str) or not token or not isinstance(instance, str):
            raise TryLater("auth", f"{self._system}: the log-in gave no token: is the address right?", offline=True)
        return Entered(token, self._checked(instance))

    def _checked(self, instance: str) -> str:
        """The org's address, where our token may go: to Salesforce, or to where the settings say."""
        try:
            there, ours = httpx.URL(instance), httpx.URL(self._settings.url)
        except httpx.InvalidURL:
            raise TryLater("auth", f"{self._system}: the log-in gave no address", offline=True) from None
        same = (there.scheme, there.host, there.port) == (ours.scheme, ours.host, ours.port)
        known = there.scheme == "https" and there.host.endswith((".salesforce.com", ".salesforce.mil"))
        if same or known or there.netloc.decode() in self._settings.allow_hosts:
            return instance
        message = f"{self._system}: the org is said to be at {there.host[:100]}: if it is, name it under allow_hosts"
        raise Refused("foreign_host", message)
