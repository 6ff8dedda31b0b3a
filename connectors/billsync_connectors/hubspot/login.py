"""Who asks: a service key or private app token, or an OAuth app whose access tokens end after half an hour.  (shell)

A refresh token that HubSpot exchanges for another is kept before the access token that came with it is used, and
exchanged by one process at a time: whoever comes second finds the first one's tokens and uses those.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Keep, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync_connectors.hubspot.config import HubSpotSettings

_KEPT: Final = "oauth"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Login:
    """The Authorization header of one connection."""

    def __init__(self, http: Client, settings: HubSpotSettings, keep: Keep, system: str) -> None:
        self._http, self._settings, self._keep, self._system = http, settings, keep, system
        self._access = ""

    @property
    def static(self) -> bool:
        """Whether the token is for good: another one cannot be had."""
        return self._settings.token is not None

    @property
    def access(self) -> str:
        """The access token in use."""
        return self._access

    def enter(self) -> None:
        """Have a token, where there is none yet.  Raises `TryLater`."""
        if self._access:
            return
        token = self._settings.token
        if token is not None:
            self._use(token.get_secret_value())
        elif kept := self._kept().get("access"):
            self._use(str(kept))  # another run's; where it is over, HubSpot says so
        else:
            self.renew()

    def renew(self) -> None:
        """Another access token in place of the one that is over.  Raises `TryLater`."""
        over = self._access
        with self._keep.alone(_KEPT):
            kept = self._kept()
            if not kept.get("access") or kept["access"] == over:
                kept = self._exchanged(kept)
            self._use(str(kept["access"]))

    def forget(self) -> None:
        """The token is not accepted: the next request begins anew."""
        self._access = ""

    # ------------------------------------------------------------ inside

    def _use(self, access: str) -> None:
        self._access = access
        self._http.authorize(f"Bearer {access}")

    def _exchanged(self, kept: dict[str, Any]) -> dict[str, Any]:
        """New tokens, kept before anybody uses them."""
        given = self._given()
        refresh = str(kept.get("refresh") or given)
        answer = self._ask(refresh)
        if answer is None and refresh != given:
            answer = self._ask(given)
        if answer is None:
            what = f"{self._system}: the refresh token is not accepted: install the app again and give its new one"
            raise TryLater("auth", what, offline=True)
        made = {"given": _mark(given), "refresh": answer.get("refresh_token") or refresh}
        made["access"] = answer["access_token"]
        self._keep.put(_KEPT, json.dumps(made))
        return made

    def _ask(self, refresh: str) -> dict[str, Any] | None:
        """What HubSpot gives for a refresh token; None where it does not accept it."""
        secret = self._settings.client_secret
        form = {
            "grant_type": "refresh_token",
            "client_id": self._settings.client_id,
            "client_secret": "" if secret is None else secret.get_secret_value(),
            "refresh_token": refresh,
        }
        self._http.authorize("", refresh)
        path, expect = f"oauth/{self._settings.version}/token", frozenset({400, 401, 429})
        try:
            answer = self._http.send("POST", path, content=urlencode(form), headers=_FORM, expect=expect)
        except (Refused, Unclear) as fault:  # no record is touched: it may be tried again
            raise TryLater("auth", fault.message, offline=True) from None
        if answer.status == 429:
            raise TryLater("rate_limited", f"{self._system}: too many requests for tokens", after_s=10)
        found = answer.value if isinstance(answer.value, dict) else {}
        if answer.status >= 400:
            self._judge(found)
            return None
        access = found.get("access_token")
        if not isinstance(access, str) or not access:
            what = f"{self._system}: HubSpot gave no access token: is the address right?"
            raise TryLater("auth", what, offline=True)
        self._http.authorize("", access, str(found.get("refresh_token") or access))
        return found

    def _judge(self, found: dict[str, Any]) -> None:
        """Raises `TryLater`, unless it is the refresh token that is not accepted."""
        if "REFRESH" in str(found.get("status")) or found.get("error") == "invalid_grant":
            return
        told = self._http.hidden(str(found.get("message") or found.get("error") or "refused"))
        what = f"{self._system}: HubSpot gives no access token: {told}; check client_id and client_secret"
        raise TryLater("auth", what, offline=True)

    def _kept(self) -> dict[str, Any]:
        """Tokens of before; none where a person has given another refresh token since."""
        text = self._keep.get(_KEPT)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) and found.get("given") == _mark(self._given()) else {}

    def _given(self) -> str:
        token = self._settings.refresh_token
        return "" if token is None else token.get_secret_value()


def _mark(token: str) -> str:
    """Tells two tokens apart without showing them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
