"""The identity server: consent, access tokens that end, refresh tokens that turn.  (shell)"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from billsync_connectors.xero.server.asked import Reply, Request
from billsync_connectors.xero.server.clock import Clock, read, written
from billsync_connectors.xero.server.denied import oauth, unauthorised
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.values import dumps
from billsync_stand_in.shelf import Shelf

_BROAD: Final = ("accounting.transactions", "accounting.transactions.read", "accounting.reports.read")
_AREAS: Final = ("invoices", "payments", "banktransactions", "contacts", "settings", "attachments", "transactions")
_KNOWN: Final = {
    "openid", "profile", "email", "offline_access",
    *(f"accounting.{area}{suffix}" for area in _AREAS for suffix in ("", ".read")),
    "accounting.reports.read",
}  # fmt: skip
USUAL: Final = (
    "offline_access accounting.invoices accounting.payments accounting.banktransactions "
    "accounting.contacts accounting.settings accounting.attachments"
)
_CODE_S: Final = 300


class Tokens:
    """Who may come in; all of it is remembered, so that a restart ends nothing."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    # ------------------------------------------------------------ access

    def admit(self, request: Request) -> dict[str, Any]:
        """What an access token says: `scope`, `custom`, `until`.  Raises `Denied`."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        kept = self._all("access").get(token) if scheme.lower() == "bearer" else None
        if kept is None:
            raise unauthorised(401, "AuthenticationUnsuccessful", self._instance())
        if kept["until"] <= self._clock.stamp():
            told = f"{read(kept['until']):%m/%d/%Y %H:%M:%S}"
            raise unauthorised(401, f"TokenExpired: token expired at {told}", self._instance())
        return dict(kept)

    def permit(self, kept: Mapping[str, Any], area: str, *, reading: bool) -> None:
        """Whether a token's scopes have that part of the API.  Raises `Denied`."""
        scopes = set(str(kept["scope"]).split())
        good = {f"accounting.{area}"}
        if area in ("invoices", "payments", "banktransactions"):
            good.add("accounting.transactions")
        if reading:
            good |= {f"{scope}.read" for scope in good}
        if not scopes & good:
            raise unauthorised(self._settings().forbidden_status, "AuthorizationUnsuccessful", self._instance())

    def end(self) -> None:
        """All access tokens are over."""
        past = written(self._clock.now() - timedelta(seconds=1))
        self._keep("access", {token: {**kept, "until": past} for token, kept in self._all("access").items()})

    def _all(self, name: str) -> dict[str, dict[str, Any]]:
        return dict(self._shelf.recall(name, {}))

    def _keep(self, name: str, value: Mapping[str, Any]) -> None:
        self._shelf.remember(name, dict(value))

    def _instance(self) -> str:
        return secrets.token_hex(16)

    def _until(self, seconds: int) -> str:
        return written(self._clock.now() + timedelta(seconds=seconds))

    # ------------------------------------------------------------ doors

    def answer(self, request: Request) -> Reply:
        """One of /identity/connect/ or /connect/.  Raises `Denied`."""
        match request.method, request.parts[-1]:
            case "GET", "authorize":
                return self._authorised(request)
            case "POST", "token":
                return Reply(200, self._granted(request))
            case "POST", "revocation":
                return self._revoked(request)
        raise oauth("invalid_request", 404)

    def _authorised(self, request: Request) -> Reply:
        """The page on which a person says yes: this one always does."""
        scope, back = request.asked("scope"), request.asked("redirect_uri")
        if request.asked("client_id") != self._settings().client_id:
            raise oauth("unauthorized_client")
        self._scopes(scope)
        code = self.code(scope, back, request.asked("code_challenge"))
        told = {"code": code, "scope": scope, "state": request.asked("state"), "session_state": secrets.token_hex(8)}
        return Reply(302, None, {"Location": f"{back}{'&' if '?' in back else '?'}{urlencode(told)}"})

    def code(self, scope: str, back: str, challenge: str = "") -> str:
        """What a consent ends with; good once, for five minutes."""
        code = secrets.token_urlsafe(24)
        kept = {"scope": scope, "back": back, "challenge": challenge, "until": self._until(_CODE_S)}
        self._keep("codes", {**self._all("codes"), code: kept})
        return code

    def consent(self, scope: str = USUAL) -> dict[str, Any]:
        """A whole token answer, as a consent in the browser and the first exchange end with."""
        return self._opened(scope, refreshed=True)

    def _scopes(self, scope: str) -> None:
        asked = scope.split()
        if not set(asked) <= _KNOWN or (not self._settings().broad_scopes and set(asked) & set(_BROAD)):
            raise oauth("invalid_scope")

    # ------------------------------------------------------------ grants

    def _granted(self, request: Request) -> dict[str, Any]:
        form = request.form()
        grant = form.get("grant_type", "")
        self._known(request, form, secret=not (grant == "authorization_code" and "code_verifier" in form))
        match grant:
            case "authorization_code":
                return self._by_code(form)
            case "refresh_token":
                return self._by_refresh(form)
            case "client_credentials":
                scope = form.get("scope") or USUAL.replace("offline_access ", "")
                self._scopes(scope)
                return self._opened(scope, refreshed=False)
        raise oauth("unsupported_grant_type")

    def _known(self, request: Request, form: Mapping[str, str], *, secret: bool) -> None:
        """The app's id and secret, in the form or in HTTP Basic."""
        given, settings = (form.get("client_id", ""), form.get("client_secret", "")), self._settings()
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                id, _, word = base64.b64decode(packed, validate=True).decode().partition(":")
            except ValueError:
                raise oauth("invalid_client") from None
            given = (id, word)
        right = secrets.compare_digest(given[1].encode(), settings.client_secret.encode())
        if given[0] != settings.client_id or (secret and not right):
            raise oauth("invalid_client")

    def _by_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        codes = self._all("codes")
        kept = codes.pop(form.get("code", ""), None)
        if kept is None or kept["until"] <= self._clock.stamp() or kept["back"] != form.get("redirect_uri", ""):
            raise oauth("invalid_grant")
        if kept["challenge"] and kept["challenge"] != _challenge(form.get("code_verifier", "")):
            raise oauth("invalid_grant")
        self._keep("codes", codes)
        return self._opened(kept["scope"], refreshed="offline_access" in kept["scope"].split())

    def _by_refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Each is good once, and for `grace_s` after its first use, since the answer may have been lost."""
        refreshes, now = self._all("refresh"), self._clock.stamp()
        kept = refreshes.get(form.get("refresh_token", ""))
        if kept is None or kept["until"] <= now:
            raise oauth("invalid_grant")
        if not kept["used"]:
            refreshes[form["refresh_token"]] = {**kept, "used": True, "until": self._until(self._settings().grace_s)}
            self._keep("refresh", refreshes)
        return self._opened(kept["scope"], refreshed=True)

    def _opened(self, scope: str, *, refreshed: bool) -> dict[str, Any]:
        """A new access token, with a new refresh token where there is one."""
        settings = self._settings()
        token = self._token(scope)
        kept = {"scope": scope, "until": self._until(settings.access_s), "custom": not refreshed}
        alive = {old: each for old, each in self._all("access").items() if each["until"] > self._until(-86400)}
        self._keep("access", {**alive, token: kept})
        told = {"access_token": token, "expires_in": settings.access_s, "token_type": "Bearer", "scope": scope}
        if not refreshed:
            return told
        refresh = secrets.token_urlsafe(32)
        own = {"scope": scope, "until": self._until(settings.refresh_s), "used": False}
        self._keep("refresh", {**self._all("refresh"), refresh: own})
        return {"id_token": self._token("openid"), **told, "refresh_token": refresh}

    def _token(self, scope: str) -> str:
        """Of the form of a JWT; nobody can check its signature, which is noise."""
        now = int(self._clock.now().timestamp())
        claims = {
            "nbf": now, "exp": now + self._settings().access_s, "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources", "client_id": self._settings().client_id,
            "scope": scope.split(), "jti": secrets.token_hex(16),
        }  # fmt: skip
        parts = (dumps({"alg": "RS256", "typ": "JWT"}).encode(), dumps(claims).encode(), secrets.token_bytes(64))
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def _revoked(self, request: Request) -> Reply:
        form = request.form()
        self._known(request, form, secret=True)
        refreshes = self._all("refresh")
        if refreshes.pop(form.get("token", ""), None) is not None:
            self._keep("refresh", refreshes)
            self._keep("access", {})
        return Reply(200)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
