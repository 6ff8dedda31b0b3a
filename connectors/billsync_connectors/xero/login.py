"""Who asks: a person's consent, whose refresh tokens turn, or a custom connection without a person.  (shell)

A refresh token is good once; its successor is kept before the access token that came with it is used, and exchanged
by one process at a time.  Where the answer to an exchange is lost, the old one is still kept, and Xero takes it once
more for half an hour.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Keep, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync_connectors.xero.settings import XeroSettings

_KEPT: Final = "oauth"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Login:
    """The access token of one connection."""

    def __init__(self, api: Client, identity: Client, settings: XeroSettings, keep: Keep, system: str) -> None:
        self._api, self._identity, self._settings, self._keep = api, identity, settings, keep
        self._system, self._access = system, ""
        self.custom = False
        """Whether it is a custom connection's: known once there is a token."""

    def enter(self) -> None:
        """Have a token, where there is none yet.  Raises `TryLater`."""
        if self._access:
            return
        kept = self._kept()
        if kept.get("access"):
            self._use(kept)  # another run's; where it is over, Xero says so
        else:
            self.renew()

    def renew(self) -> None:
        """Another access token in place of the one that is over.  Raises `TryLater`."""
        if not (self._kept().get("refresh") or self._given()):
            self._use(self._customs())
            return
        over = self._access
        try:
            with self._keep.alone(_KEPT):
                kept = self._kept()
                if not kept.get("access") or kept["access"] == over:
                    kept = self._exchanged(str(kept.get("refresh") or ""))
                self._use(kept)
        except Refused as fault:  # it could not be kept: no record is to blame
            raise TryLater("auth", fault.message, offline=True) from None

    def forget(self) -> None:
        """The token is not accepted: the next request begins anew."""
        self._access = ""

    # ------------------------------------------------------------ consent

    def consent(self, redirect: str, state: str) -> str:
        """Where a person lets us in."""
        asked = {"response_type": "code", "client_id": self._settings.client_id, "redirect_uri": redirect}
        query = urlencode({**asked, "scope": self._settings.scopes, "state": state})
        return f"{self._settings.login().rstrip('/')}/identity/connect/authorize?{query}"

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code that the browser brought back, and keep the tokens.  Raises `TryLater`, `Refused`."""
        if not answer.get("code"):
            said = answer.get("error_description") or answer.get("error") or "no code came back"
            raise Refused("not_let_in", f"{self._system}: Xero let nobody in: {said[:200]}; open the address once more")
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect}
        with self._keep.alone(_KEPT):
            told, error = self._asked(form)
            if not told:
                raise Refused(
                    "not_let_in", f"{self._system}: the code is not accepted ({error}): open the address once more"
                )
            self._use(self._kept_now(told))

    # ------------------------------------------------------------ inside

    def _use(self, kept: Mapping[str, Any]) -> None:
        self._access, self.custom = str(kept["access"]), not kept.get("refresh")
        self._api.authorize(f"Bearer {self._access}")

    def _exchanged(self, kept: str) -> dict[str, Any]:
        """New tokens, kept before anybody uses them."""
        error = ""
        for token in dict.fromkeys((kept, self._given())):
            self._identity.authorize("", token)
            told, error = self._asked({"grant_type": "refresh_token", "refresh_token": token}) if token else ({}, error)
            if told:
                return self._kept_now(told)
        raise self._not_let_in(error)

    def _customs(self) -> dict[str, Any]:
        """A token of a custom connection: nothing that could be lost, another one is had by asking."""
        scope = " ".join(word for word in self._settings.scopes.split() if word != "offline_access")
        told, error = self._asked({"grant_type": "client_credentials", "scope": scope})
        if not told:
            raise self._not_let_in(error)
        return {"access": told["access_token"]}

    def _not_let_in(self, error: str) -> TryLater:
        cure = "run `billsync connect erp`, or check client_id and client_secret"
        return TryLater("auth", f"{self._system}: Xero lets nobody in ({error}): {cure}", offline=True)

    def _asked(self, form: Mapping[str, str]) -> tuple[dict[str, Any], str]:
        """What Xero gives; nothing, and why, where it does not.  Raises `TryLater`."""
        id, secret = self._settings.client_id, self._settings.client_secret.get_secret_value()
        self._identity.authorize(f"Basic {b64encode(f'{id}:{secret}'.encode()).decode()}")
        try:
            answer = self._identity.send(
                "POST", "connect/token", content=urlencode(form), headers=_FORM, expect=frozenset({400, 401})
            )
        except (Refused, Unclear) as fault:  # no record is touched, and the same token may be shown again
            raise TryLater("auth", fault.message, offline=True) from None
        told = answer.value if isinstance(answer.value, dict) else {}
        access = told.get("access_token")
        if answer.status == 200 and isinstance(access, str) and access:
            self._identity.authorize("", access, str(told.get("refresh_token") or access))
            return told, ""
        return {}, self._identity.hidden(str(told.get("error") or answer.status))[:100]

    def _kept_now(self, told: Mapping[str, Any]) -> dict[str, Any]:
        made = {"given": _mark(self._given()), "access": told["access_token"]}
        made["refresh"] = str(told.get("refresh_token") or "")
        self._keep.put(_KEPT, json.dumps(made))
        return made

    def _kept(self) -> dict[str, Any]:
        """Tokens of before; none where a person has given another refresh token since.  Raises `TryLater`."""
        try:
            text = self._keep.get(_KEPT)
        except Refused as fault:  # it cannot be opened: no record is to blame
            raise TryLater("auth", fault.message, offline=True) from None
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
