"""Who may ask: a service key or private app token, or an OAuth app with tokens that expire.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billsync_connectors.hubspot.server.clock import Clock
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.settings import Settings
from billsync_connectors.hubspot.server.shelf import Shelf

Value = dict[str, Any]
_NOT_FOUND: Final = (
    "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details "
    "at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
)
_SCOPES: Final = "https://developers.hubspot.com/scopes"
_USER: Final = 9_586_504


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.  `app` names whose limit it is; `oauth` where it came with an access token."""

    app: str
    oauth: bool
    scopes: frozenset[str]


class Doorkeeper:
    """Tokens; all raise `Refused`."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    # ------------------------------------------------------------ who asks

    def known(self, request: Request) -> Caller:
        """Whose token it is."""
        settings = self._settings()
        way, _, token = request.headers.get("authorization", "").partition(" ")
        if way.lower() == "bearer" and token and token == settings.token:
            return Caller("private", oauth=False, scopes=frozenset(settings.scopes.split()))
        until = self._kept("access").get(token)
        if way.lower() != "bearer" or until is None:
            raise Refused(401, _NOT_FOUND, "INVALID_AUTHENTICATION")
        late = (self._clock.now() - until) // 1000
        if late >= 0:
            message = f"The OAuth token used to make this call expired {late} second(s) ago."
            raise Refused(401, message, "EXPIRED_AUTHENTICATION", context={"expire time": [str(until)]})
        return Caller("oauth", oauth=True, scopes=frozenset(settings.scopes.split()))

    @staticmethod
    def allow(caller: Caller, needed: tuple[str, ...]) -> None:
        """One of these scopes has to be there."""
        if needed and not caller.scopes & set(needed):
            message = (
                "This app hasn't been granted all required scopes to make this call. "
                f"Read more about required scopes here: {_SCOPES}."
            )
            context = {"requiredGranularScopes": list(needed)}
            errors = [{"message": "One or more of the following scopes are required.", "context": context}]
            raise Refused(403, message, "MISSING_SCOPES", errors=errors, context=context, links={"scopes": _SCOPES})

    # ------------------------------------------------------------ tokens

    def install(self, code: str) -> str:
        """A person agreed: a code that is good for one exchange."""
        self._keep("codes", {**self._kept("codes"), code: self._clock.now()})
        return code

    def token(self, request: Request) -> Reply:
        """Tokens for a code, or for a refresh token."""
        form, settings = request.form(), self._settings()
        if form.get("client_id") != settings.client_id or not settings.client_id:
            raise _bad("BAD_CLIENT_ID", "missing or invalid client id", "invalid_client")
        if form.get("client_secret") != settings.client_secret:
            raise _bad("BAD_CLIENT_SECRET", "missing or invalid client secret", "invalid_client")
        match form.get("grant_type"):
            case "authorization_code":
                refresh = self._first(form)
            case "refresh_token":
                refresh = self._again(form, settings)
            case other:
                raise _bad("BAD_GRANT_TYPE", f"missing or unknown grant type: {other}", "unsupported_grant_type")
        return Reply(200, self._granted(refresh, settings))

    def _first(self, form: Mapping[str, str]) -> str:
        codes = self._kept("codes")
        if codes.pop(form.get("code", ""), None) is None:
            raise _bad("BAD_AUTH_CODE", "missing or unknown auth code", "invalid_grant")
        self._keep("codes", codes)
        return self._new_refresh()

    def _again(self, form: Mapping[str, str], settings: Settings) -> str:
        given, known = form.get("refresh_token", ""), self._kept("refresh")
        if given not in known:
            message = "refresh token is invalid, expired or revoked"
            raise _bad("BAD_REFRESH_TOKEN", message, "invalid_grant", error_description=message)
        if not settings.rotate_refresh:
            return given
        del known[given]
        self._keep("refresh", known)
        return self._new_refresh()

    def _new_refresh(self) -> str:
        made = self._made("refresh")
        self._keep("refresh", {**self._kept("refresh"), made: self._clock.now()})
        return made

    def _granted(self, refresh: str, settings: Settings) -> Value:
        access = self._made("access")
        self._keep("access", {**self._kept("access"), access: self._clock.now() + settings.access_s * 1000})
        return {
            "token_type": "bearer", "refresh_token": refresh, "access_token": access, "hub_id": settings.portal,
            "scopes": settings.scopes.split(), "expires_in": settings.access_s, "user_id": _USER,
            "token_use": "access_token",
        }  # fmt: skip

    def about(self, token: str, *, kind: str) -> Reply:
        """What an access or refresh token is good for."""
        known, settings = self._kept(kind), self._settings()
        if token not in known:
            raise _bad(f"BAD_{kind.upper()}_TOKEN", f"{kind} token is invalid, expired or revoked", "invalid_grant")
        own = {
            "hub_id": settings.portal, "user_id": _USER, "scopes": settings.scopes.split(), "user": "owner@example.com",
            "hub_domain": "stand-in.example.com", "client_id": settings.client_id, "token": token,
            "token_type": "access" if kind == "access" else "refresh", "app_id": settings.app,
        }  # fmt: skip
        left = max(0, (known[token] - self._clock.now()) // 1000) if kind == "access" else 0
        return Reply(200, {**own, "expires_in": left} if kind == "access" else own)

    def revoke(self, token: str) -> Reply:
        """The app is uninstalled: the refresh token is good for nothing any more."""
        self._keep("refresh", {name: at for name, at in self._kept("refresh").items() if name != token})
        return Reply(204)

    def expire(self) -> None:
        """Every access token is over from now on."""
        self._keep("access", {token: min(until, self._clock.now()) for token, until in self._kept("access").items()})

    def _kept(self, kind: str) -> dict[str, int]:
        found: dict[str, int] = self._shelf.recall(f"oauth {kind}", {})
        return found

    def _keep(self, kind: str, tokens: Mapping[str, int]) -> None:
        self._shelf.remember(f"oauth {kind}", tokens)

    def _made(self, kind: str) -> str:
        """A token that nobody can guess without the secret, and the same in each run with the same seed."""
        number, settings = self._shelf.next("tokens"), self._settings()
        text = f"{settings.client_secret} {settings.seed} {number} {kind}"
        return f"{kind[0].upper()}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _bad(status: str, message: str, error: str, **more: Any) -> Refused:
    """As the token endpoint refuses: `status` says what is wrong, and OAuth's own `error` beside it."""
    fault = Refused(400, message, error=error, **more)
    fault.more["status"] = status
    return fault
