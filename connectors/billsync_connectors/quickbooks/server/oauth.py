"""Tokens: short ones for access, long ones that change their value, codes that a person's consent gives.  (shell)"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from billsync_connectors.quickbooks.server.asked import Reply, Request
from billsync_connectors.quickbooks.server.denied import Denied, Unauthorised
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.shelf import Shelf
from billsync_stand_in.clock import Clock, read, written

SCOPE: Final = "com.intuit.quickbooks.accounting"
_HARD: Final = "x-include-refresh-token-hard-expires-in"


class OAuth:
    """What stands before the company's door; raises `Denied`."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    # ------------------------------------------------------------ the door

    def admit(self, request: Request, realm: str) -> None:
        """Whether the caller may come in."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._recall("access").get(_hashed(token))
        if kind.lower() != "bearer" or until is None or until <= written(self._clock.now()):
            told = "Token expired" if until else "Token invalid"
            raise Denied(3200, "message=AuthenticationFailed; errorCode=003200; statusCode=401", told, status=401,
                         kind="AUTHENTICATION", small=True)  # fmt: skip
        if realm != self._settings().realm:
            raise Denied(3100, "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
                         "Application authorization failed", status=403, kind="AUTHORIZATION", small=True)  # fmt: skip

    def end(self) -> None:
        """All access tokens end."""
        self._shelf.remember("oauth access", {})

    def forget(self) -> None:
        """All consents end too: people have disconnected the app."""
        for name in ("access", "refresh", "codes"):
            self._shelf.remember(f"oauth {name}", {})

    # ------------------------------------------------------------ endpoints

    def answer(self, request: Request) -> Reply:
        """One of the three endpoints of the authorisation server."""
        if request.parts[-1] == "bearer" and request.method == "POST":
            self._client(request)
            return Reply(200, self._granted(request), {"Cache-Control": "no-cache, no-store"})
        if request.parts[-1] == "revoke" and request.method == "POST":
            self._client(request)
            return self._revoked(request)
        if request.parts[-1] == "oauth2" and request.method == "GET":
            return self._asked(request)
        raise Unauthorised("invalid_request", "no such endpoint", 404)

    def consent(self, redirect: str = "") -> str:
        """A code, as a person's consent gives it."""
        code, until = "AB" + secrets.token_hex(20), self._clock.now() + timedelta(seconds=self._settings().code_s)
        self._put("codes", _hashed(code), {"until": written(until), "redirect": redirect})
        return code

    def discovery(self, base: str) -> dict[str, Any]:
        """The discovery document, with this server's own addresses."""
        return {
            "issuer": f"{base}/op/v1",
            "authorization_endpoint": f"{base}/connect/oauth2",
            "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
            "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
            "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{base}/op/v1/jwks",
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", SCOPE],
        }

    def _asked(self, request: Request) -> Reply:
        """The page of consent, with a person who says yes at once."""
        settings, redirect = self._settings(), request.asked("redirect_uri")
        allowed = settings.redirects.split()
        if request.asked("client_id") != settings.client_id or not redirect or (allowed and redirect not in allowed):
            raise Unauthorised("invalid_request", "The redirect_uri query parameter value is invalid")
        told = {"code": self.consent(redirect), "state": request.asked("state"), "realmId": settings.realm}
        return Reply(302, None, {"Location": f"{redirect}?{urlencode(told)}"})

    def _client(self, request: Request) -> None:
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            said = base64.b64decode(coded, validate=True).decode()
        except (ValueError, binascii.Error):
            said = ""
        settings = self._settings()
        wanted = f"{settings.client_id}:{settings.client_secret}"
        if kind.lower() != "basic" or not secrets.compare_digest(said.encode(), wanted.encode()):
            raise Unauthorised("invalid_client", "Client authentication failed", 401)

    def _granted(self, request: Request) -> dict[str, Any]:
        form = request.form()
        match form.get("grant_type"):
            case "authorization_code":
                refresh = self._of_code(form)
            case "refresh_token":
                refresh = self._refreshed(form.get("refresh_token", ""))
            case _:
                raise Unauthorised("unsupported_grant_type", "The grant type is not supported")
        settings, now = self._settings(), self._clock.now()
        access = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0.." + secrets.token_urlsafe(48)
        self._put("access", _hashed(access), written(now + timedelta(seconds=settings.access_s)))
        kept = self._recall("refresh")[_hashed(refresh)]
        left = _seconds(now, kept["until"])
        told = {"token_type": "bearer", "access_token": access, "expires_in": settings.access_s,
                "refresh_token": refresh, "x_refresh_token_expires_in": left}  # fmt: skip
        if request.headers.get(_HARD) == "true":
            told["x_refresh_token_hard_expires_in"] = _seconds(now, kept["hard"])
        return told

    def _of_code(self, form: dict[str, str]) -> str:
        codes = dict(self._recall("codes"))
        found = codes.pop(_hashed(form.get("code", "")), None)
        self._shelf.remember("oauth codes", codes)
        late = found is None or found["until"] <= written(self._clock.now())
        if found is None or late or found["redirect"] not in ("", form.get("redirect_uri", "")):
            raise Unauthorised("invalid_grant", "Token invalid")
        now = self._clock.now()
        return self._fresh(now, now + timedelta(seconds=self._settings().refresh_hard_s))

    def _refreshed(self, token: str) -> str:
        """The same value for a day, then another one; the one before it dies."""
        settings, now = self._settings(), self._clock.now()
        found = self._recall("refresh").get(_hashed(token))
        if found is None or min(found["until"], found["hard"], found.get("dies", "9")) <= written(now):
            raise Unauthorised("invalid_grant", "Incorrect or invalid refresh token")
        if "next" in found:  # in its grace: whoever lost the answer gets one more
            return self._renew(found["next"], now)
        if read(found["since"]) + timedelta(seconds=settings.rotate_after_s) > now:
            return self._renew(token, now)
        fresh = self._fresh(now, read(found["hard"]))
        dies = written(now + timedelta(seconds=settings.refresh_grace_s))
        grace = {"dies": dies, **({"next": fresh} if settings.refresh_grace_s else {})}
        self._put("refresh", _hashed(token), {**found, **grace})
        return fresh

    def _renew(self, token: str, now: datetime) -> str:
        """Used, so that it lives on."""
        found = self._recall("refresh")[_hashed(token)]
        until = written(now + timedelta(seconds=self._settings().refresh_s))
        self._put("refresh", _hashed(token), {**found, "until": min(until, found["hard"])})
        return token

    def _fresh(self, now: datetime, hard: datetime) -> str:
        token = "RT1-" + secrets.token_urlsafe(30)
        until = min(now + timedelta(seconds=self._settings().refresh_s), hard)
        self._put("refresh", _hashed(token), {"since": written(now), "until": written(until), "hard": written(hard)})
        return token

    def _revoked(self, request: Request) -> Reply:
        token = str(request.mapping().get("token", ""))
        if _hashed(token) not in {**self._recall("access"), **self._recall("refresh")}:
            raise Unauthorised("invalid_request", "Token invalid")
        self.forget()
        return Reply(200)

    # ------------------------------------------------------------ kept

    def _recall(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._shelf.recall(f"oauth {name}", {})
        return found

    def _put(self, name: str, key: str, value: Any) -> None:
        self._shelf.remember(f"oauth {name}", {**self._recall(name), key: value})


def _seconds(now: datetime, until: str) -> int:
    """How many are left, begun ones too."""
    return -((now - read(until)) // timedelta(seconds=1))


def _hashed(token: str) -> str:
    """Tokens are not kept, only what tells them."""
    return hashlib.sha256(token.encode()).hexdigest()
