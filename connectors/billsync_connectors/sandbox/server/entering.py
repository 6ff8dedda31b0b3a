"""Who is let in: by password, or as an app that a person agreed to and that exchanges its tokens.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from billsync_connectors.sandbox.server.clock import Clock, text
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.settings import Settings
from billsync_connectors.sandbox.server.shelf import Shelf

_CODE_S: Final = 300
_CODE, _REFRESH = "code", "refresh"


class Entering:
    """Log-ins and tokens.  Every method is called inside of a turn of the shelf; all raise `Denied`."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf, self._clock = shelf, clock

    def known(self, header: str, settings: Settings) -> None:
        """That a request comes from somebody who was let in."""
        if not (settings.password or settings.client_id):
            return
        token = header.removeprefix("Bearer ")
        found = self._shelf.ask("select until from session where token = ?", token)
        if not found or found[0][0] <= self._now():
            raise Denied(401, "log_in", "the token is not known, or not any more")

    def log_in(self, given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """A token for a password."""
        right = (settings.user, settings.password)
        if (settings.client_id and not settings.password) or (given.get("user"), given.get("password")) != right:
            raise Denied(401, "log_in", "user or password is wrong")
        if settings.single_session:
            self._shelf.do("delete from session")
        return {"token": self._session(settings), "expires_in": int(settings.token_lifetime_s)}

    # ------------------------------------------------------------ apps

    def agreed(self, asked: Mapping[str, str], settings: Settings) -> str:
        """Where the browser of a person goes who was asked: back to the app, with a code or a no."""
        redirect = asked.get("redirect_uri", "")
        if not settings.client_id or asked.get("client_id") != settings.client_id:
            raise Denied(400, "invalid_client", "there is no app of this client_id", "client_id")
        if urlsplit(redirect).scheme not in ("http", "https") or asked.get("response_type") != "code":
            raise Denied(400, "bad_request", "expected response_type=code, and an address as redirect_uri")
        agrees = settings.consent == "granted"
        answer = {"code": self._token(_CODE, redirect)} if agrees else {"error": "access_denied"}
        return f"{redirect}?{urlencode({**answer, 'state': asked.get('state', '')})}"

    def exchanged(self, given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        """An access token and the next refresh token, for a code or a refresh token."""
        app = (settings.client_id, settings.client_secret)
        if not settings.client_id or (given.get("client_id"), given.get("client_secret")) != app:
            raise Denied(401, "invalid_client", "client_id or client_secret is wrong")
        if given.get("grant_type") == "authorization_code":
            self._use(_CODE, str(given.get("code")), str(given.get("redirect_uri")), grace_s=0)
        elif given.get("grant_type") == "refresh_token":
            self._use(_REFRESH, str(given.get("refresh_token")), "", grace_s=float(settings.refresh_grace_s))
        else:
            raise Denied(400, "bad_request", "grant_type: expected authorization_code or refresh_token", "grant_type")
        expires = int(settings.token_lifetime_s)
        return {
            "access_token": self._session(settings),
            "refresh_token": self._token(_REFRESH, ""),
            "expires_in": expires,
        }

    # ------------------------------------------------------------ inside

    def _now(self) -> str:
        return text(self._clock.now())

    def _session(self, settings: Settings) -> str:
        token = secrets.token_urlsafe(24)
        until = self._clock.now() + timedelta(seconds=float(settings.token_lifetime_s))
        self._shelf.do("insert into session values (?, ?)", token, text(until))
        return token

    def _token(self, kind: str, redirect: str) -> str:
        made = secrets.token_urlsafe(24)
        self._shelf.do("insert into exchange values (?, ?, ?, ?, '')", made, kind, redirect, self._now())
        return made

    def _use(self, kind: str, token: str, redirect: str, *, grace_s: float) -> None:
        """Each is good for one exchange; one of before only as long as the answer to it may have been lost."""
        query = "select redirect, made, used from exchange where token = ? and kind = ?"
        found = self._shelf.ask(query, token, kind)
        oldest = text(self._clock.now() - timedelta(seconds=_CODE_S))
        if not found or (kind == _CODE and (found[0][0] != redirect or found[0][1] <= oldest)):
            raise Denied(400, "invalid_grant", f"the {kind} is not known, or not any more")
        since = text(self._clock.now() - timedelta(seconds=grace_s))
        if found[0][2] and found[0][2] <= since:
            raise Denied(400, "invalid_grant", f"the {kind} was exchanged before")
        self._shelf.do("update exchange set used = ? where token = ? and used = ''", self._now(), token)
