"""Log-in: the token endpoint with its three grants, sessions that end, refresh tokens that turn.  (shell)"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.denied import Denied, Unauthorised
from billsync_connectors.salesforce.server.rsa import public, signed_by
from billsync_connectors.salesforce.server.settings import Settings
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_connectors.salesforce.server.values import loads
from billsync_stand_in.clock import Clock, read, written

_LOGIN_HOSTS: Final = ("login.salesforce.com", "test.salesforce.com")
"""Where nobody logs in with client credentials: that takes the org's own domain."""
_JWT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Org:
    """The org's own ids: of itself and of the user that the app acts as."""

    id: str
    user: str


class Auth:
    """Who may come in; all of it is remembered, so that a restart ends no session."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings], org: Callable[[], Org]) -> None:
        self._shelf, self._clock, self._settings, self._org = shelf, clock, settings, org
        self._sessions: dict[str, str] = shelf.recall("sessions", {})
        self._refreshes: dict[str, dict[str, str]] = shelf.recall("refreshes", {})

    def forget(self) -> None:
        """Nobody is in."""
        self._sessions, self._refreshes = {}, {}

    # ------------------------------------------------------------ sessions

    def admit(self, request: Request) -> None:
        """A session that is alive; each call starts its time anew.  Raises `Denied`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._sessions.get(token) if scheme in ("Bearer", "OAuth") else None
        if until is None or until < written(self._clock.now()):
            raise Denied(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self._sessions[token] = self._until(self._settings().session_s)

    def end(self, request: Request | None = None) -> None:
        """End one session, or all."""
        if request is None:
            self._sessions.clear()
        else:
            self._sessions.pop(request.headers.get("authorization", "").partition(" ")[2], None)
        self._keep()

    def _until(self, seconds: int) -> str:
        return written(self._clock.now() + timedelta(seconds=seconds))

    def _keep(self) -> None:
        self._shelf.remember("sessions", self._sessions)
        self._shelf.remember("refreshes", self._refreshes)

    # ------------------------------------------------------------ the endpoint

    def answer(self, request: Request) -> Reply:
        """One of /services/oauth2/.  Raises `Denied`."""
        if request.parts[-1] == "userinfo":
            self.admit(request)
            return Reply(200, self._who(request))
        doors = {"token": self._token, "revoke": self._revoke, "introspect": self._introspect}
        door = doors.get(request.parts[-1])
        if door is None or request.method != "POST":
            raise Unauthorised(400, "unsupported_grant_type", "grant type not supported")
        return door(request)

    def _who(self, request: Request) -> dict[str, Any]:
        """Whom a session belongs to."""
        org, host = self._org(), f"{request.scheme}://{request.headers.get('host', '127.0.0.1')}"
        told = {"user_id": org.user, "organization_id": org.id, "preferred_username": self._settings().user}
        return {"sub": f"{host}/id/{org.id}/{org.user}", **told, "active": True, "user_type": "STANDARD"}

    def _token(self, request: Request) -> Reply:
        form = request.form()
        grants = {_JWT: self._by_assertion, "client_credentials": self._by_secret, "refresh_token": self._by_refresh}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Unauthorised(400, "unsupported_grant_type", "grant type not supported")
        more = grant(request, form)
        return Reply(200, {**self._opened(request), **more})

    def _opened(self, request: Request) -> dict[str, Any]:
        """A new session, as it is told."""
        org, now = self._org(), self._clock.now()
        token = f"{org.id[:15]}!AR8{secrets.token_urlsafe(48)}"
        self._sessions = {old: until for old, until in self._sessions.items() if until >= written(now)}
        self._sessions[token] = self._until(self._settings().session_s)
        self._keep()
        host = f"{request.scheme}://{request.headers.get('host', '127.0.0.1')}"
        id, issued = f"{host}/id/{org.id}/{org.user}", f"{int(now.timestamp() * 1000)}"
        mark = hmac.digest(self._settings().consumer_secret.encode(), (id + issued).encode(), hashlib.sha256)
        signature = base64.b64encode(mark).decode()
        told = {"access_token": token, "signature": signature, "token_format": "opaque", "instance_url": host}
        return {**told, "id": id, "token_type": "Bearer", "issued_at": issued, "scope": "api"}

    # ------------------------------------------------------------ the three grants

    def _by_assertion(self, _request: Request, form: Mapping[str, str]) -> dict[str, Any]:
        settings, claims = self._settings(), self._claims(form.get("assertion", ""))
        if claims.get("iss") != settings.consumer_key:
            raise Unauthorised(400, "invalid_client_id", "client identifier invalid")
        if claims.get("aud") not in settings.audiences.split():
            raise Unauthorised(400, "invalid_grant", "audience is invalid")
        if not _number(claims.get("exp")) > self._clock.now().timestamp():
            raise Unauthorised(400, "invalid_grant", "expired authorization code")
        if claims.get("sub") != settings.user or not settings.approved:
            raise Unauthorised(400, "invalid_grant", "user hasn't approved this consumer")
        return {}

    def _claims(self, assertion: str) -> dict[str, Any]:
        """What a signed assertion says."""
        try:
            message, _, mark = assertion.rpartition(".")
            head, _, body = message.partition(".")
            claims, said = loads(_unpacked(body)), loads(_unpacked(head))
            good = said["alg"] == "RS256" and signed_by(
                public(self._settings().certificate), message.encode(), _unpacked(mark)
            )
        except (ValueError, KeyError, TypeError, binascii.Error):
            good = False
        if not good:
            raise Unauthorised(400, "invalid_grant", "invalid assertion")
        return dict(claims)

    def _by_secret(self, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
        if request.headers.get("host", "") in _LOGIN_HOSTS:
            raise Unauthorised(400, "invalid_grant", "request not supported on this domain")
        self._known(request, form)
        return {}

    def _known(self, request: Request, form: Mapping[str, str]) -> None:
        """The app's key and secret, in the form or in HTTP Basic."""
        settings, given = self._settings(), (form.get("client_id", ""), form.get("client_secret", ""))
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            key, _, secret = base64.b64decode(packed).decode("utf-8", "replace").partition(":")
            given = (key, secret)
        if given[0] != settings.consumer_key:
            raise Unauthorised(400, "invalid_client_id", "client identifier invalid")
        if not secrets.compare_digest(given[1].encode(), settings.consumer_secret.encode()):
            raise Unauthorised(400, "invalid_client", "invalid client credentials")

    def _by_refresh(self, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
        self._known(request, form)
        old, settings = form.get("refresh_token", ""), self._settings()
        kept = self._refreshes.get(old)
        if kept is None or kept["until"] < written(self._clock.now()):
            raise Unauthorised(400, "invalid_grant", "expired access/refresh token")
        if not settings.rotate_refresh:
            self._refreshes[old] = {"until": self._until(settings.refresh_idle_s)}
            return {}
        del self._refreshes[old]
        return {"refresh_token": self.consent()}

    def consent(self) -> str:
        """A refresh token, as a person's consent in the browser ends with one."""
        token = f"5Aep{secrets.token_urlsafe(48)}"
        self._refreshes[token] = {"until": self._until(self._settings().refresh_idle_s)}
        self._keep()
        return token

    # ------------------------------------------------------------ the other doors

    def _revoke(self, request: Request) -> Reply:
        token = request.form().get("token", "")
        known = self._sessions.pop(token, None) or self._refreshes.pop(token, None)
        self._keep()
        if known is None:
            raise Unauthorised(400, "unsupported_token_type", "this token type is not supported")
        return Reply(200)

    def _introspect(self, request: Request) -> Reply:
        form = request.form()
        self._known(request, form)
        until = self._sessions.get(form.get("token", ""))
        if until is None or until < written(self._clock.now()):
            return Reply(200, {"active": False})
        end = int(read(until).timestamp())
        return Reply(200, {"active": True, "scope": "api", "client_id": form.get("client_id", ""), "exp": end})


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _number(value: Any) -> int:
    """A claim's instant in seconds; one SDK sends it as text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
