"""Who asks: a user with a password, or an app that a person agreed to, with tokens that are exchanged.  (shell)

What the sandbox gives for a refresh token is kept before it is used, and exchanged by one process at a time.  An answer
that is lost is asked for again with the token of before: within the sandbox's grace period it is given once more, after
it a person has to agree anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urljoin

from billsync.connector import Keep, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync_connectors.sandbox.config import SandboxSettings

KEPT: Final = "oauth"
_ANSWERS: Final = frozenset({400, 401})


class Login(Protocol):
    """The Authorization header of one connection; all raise `TryLater`."""

    def enter(self) -> bool:
        """Have a token; True where it was got just now."""

    def renew(self) -> None:
        """Another token in place of the one that is over."""

    def forget(self) -> None:
        """The token is not accepted: the next request begins anew."""


class Password:
    """A user and a password; without one nothing is sent."""

    def __init__(self, http: Client, settings: SandboxSettings, system: str) -> None:
        self._http, self._settings, self._system = http, settings, system
        self._entered = False

    def enter(self) -> bool:
        """Log in where that is needed."""
        if self._settings.password is None or self._entered:
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Log in again."""
        if self._settings.password is None:
            return
        self._http.authorize("")
        own = {"user": self._settings.user, "password": self._settings.password.get_secret_value()}
        token = _asked(self._http, self._system, "login", own, frozenset()).get("token")
        if not isinstance(token, str) or not token:
            raise TryLater("auth", f"{self._system}: the log-in gave no token: is the address right?", offline=True)
        self._http.authorize(f"Bearer {token}")
        self._entered = True

    def forget(self) -> None:
        """Log in before the next request."""
        self._entered = False


class App:
    """An app that a person agreed to."""

    def __init__(self, http: Client, settings: SandboxSettings, keep: Keep, system: str) -> None:
        self._http, self._settings, self._keep, self._system = http, settings, keep, system
        self._access = ""

    def enter(self) -> bool:
        """Use what is kept; another process may have exchanged it."""
        if self._access:
            return False
        access = self._kept().get("access")
        if access:
            self._use(access)
            return False
        self.renew()
        return True

    def renew(self) -> None:
        """Exchange the refresh token, unless somebody else did it meanwhile."""
        over = self._access
        with self._keep.alone(KEPT):
            kept = self._kept()
            if not kept.get("refresh"):
                raise TryLater("auth", f"{self._system}: {_AGREE}", offline=True)
            if not kept.get("access") or kept["access"] == over:
                kept = self._exchanged({"grant_type": "refresh_token", "refresh_token": kept["refresh"]})
            self._use(kept["access"])

    def forget(self) -> None:
        """Look again before the next request."""
        self._access = ""

    # ------------------------------------------------------------ a person agrees

    def address(self, redirect: str, state: str) -> str:
        """Where a person agrees."""
        asked = {"response_type": "code", "client_id": self._settings.client_id, "redirect_uri": redirect}
        return f"{urljoin(self._settings.url, 'authorize')}?{urlencode({**asked, 'state': state})}"

    def agreed(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code that the person's browser brought.  Raises `Refused` too."""
        if "code" not in answer:
            raise Refused("not_agreed", f"{self._system}: nobody agreed: {answer.get('error', 'there is no code')}")
        with self._keep.alone(KEPT):
            given = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect}
            self._use(self._exchanged(given)["access"])

    # ------------------------------------------------------------ inside

    def _use(self, access: str) -> None:
        self._access = access
        self._http.authorize(f"Bearer {access}", access)

    def _exchanged(self, given: Mapping[str, str]) -> dict[str, str]:
        """New tokens, kept before anybody uses them."""
        secret = self._settings.client_secret
        app = {"client_id": self._settings.client_id, "client_secret": secret.get_secret_value() if secret else ""}
        self._http.authorize("", *(given[name] for name in ("refresh_token", "code") if name in given))
        found = _asked(self._http, self._system, "token", {**given, **app}, _ANSWERS)
        made = {"access": str(found["access_token"]), "refresh": str(found["refresh_token"])}
        self._keep.put(KEPT, json.dumps(made))
        return made

    def _kept(self) -> dict[str, str]:
        text = self._keep.get(KEPT)
        found = json.loads(text) if text else {}
        return found if isinstance(found, dict) else {}


_AGREE: Final = "nobody has agreed to this app, or too long ago: run `billsync connect erp` for this connection"


def _asked(http: Client, system: str, path: str, own: Mapping[str, str], expect: frozenset[int]) -> dict[str, Any]:
    """The answer to a request for a token.  Raises `TryLater`: no document is touched by it, it may be tried again."""
    try:
        answer = http.send("POST", path, content=json.dumps(own), expect=expect)
    except (Refused, Unclear) as fault:
        raise TryLater("auth", fault.message, offline=True) from None
    found: dict[str, Any] = answer.value if isinstance(answer.value, dict) else {}
    error = found.get("error")
    if isinstance(error, dict):
        code = str(error.get("code"))
        said = _AGREE if code == "invalid_grant" else http.hidden(str(error.get("message")))
        raise TryLater("auth", f"{system}: {said}", offline=True)
    return found


def login_of(http: Client, settings: SandboxSettings, keep: Keep, system: str) -> Password | App:
    """By what the settings say."""
    return App(http, settings, keep, system) if settings.client_id else Password(http, settings, system)
