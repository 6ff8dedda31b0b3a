"""Who asks: an app that a person let in, whose tokens end after an hour and change their value by the day.  (shell)

A refresh token that Intuit exchanged for another is kept before the access token that came with it is used, and
exchanged by one process at a time: whoever comes second finds the first one's tokens and uses those.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Fault, Keep, Refused, TryLater, Unclear
from billsync.wire import Client
from billsync_connectors.quickbooks.settings import QuickBooksSettings

_KEPT: Final = "oauth"
_SCOPE: Final = "com.intuit.quickbooks.accounting"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_PATH: Final = "oauth2/v1/tokens/bearer"
_AGAIN: Final = "let billsync in again: billsync connect erp"


class Login:
    """The Authorization header of one connection, and the company that it is for.

    Args:
        api: whose header it sets.
        door: the client of the server that gives tokens; it is authorised as the app by itself.
    """

    def __init__(self, api: Client, door: Client, settings: QuickBooksSettings, keep: Keep, system: str) -> None:
        self._api, self._door, self._settings, self._keep, self._system = api, door, settings, keep, system
        self._access = ""
        client = f"{settings.client_id}:{settings.client_secret.get_secret_value()}".encode()
        door.authorize("Basic " + base64.b64encode(client).decode())

    @property
    def realm(self) -> str:
        """The company's id.  Raises `TryLater` where neither the settings nor a consent tell it yet."""
        found = self._settings.realm or str(self._kept().get("realm") or "")
        if not found:
            what = f"{self._system}: which company is not known; set `realm`, or {_AGAIN}"
            raise TryLater("no_company", what, offline=True)
        return found

    def enter(self) -> None:
        """Have a token, where there is none yet.  Raises `TryLater`."""
        if self._access:
            return
        if kept := self._kept().get("access"):
            self._use(str(kept))  # another run's; where it is over, QuickBooks says so
        else:
            self.renew()

    def renew(self) -> None:
        """Another access token in place of the one that is over.  Raises `TryLater`."""
        over = self._access
        try:
            with self._keep.alone(_KEPT):
                kept = self._kept()
                if not kept.get("access") or kept["access"] == over:
                    kept = self._exchanged(kept)
                self._use(str(kept["access"]))
        except Refused as fault:  # where tokens cannot be kept no record is to blame
            raise TryLater(fault.reason, fault.message, offline=True) from None

    def forget(self) -> None:
        """The token is not accepted: the next request begins anew."""
        self._access = ""

    # ------------------------------------------------------------ a person lets us in

    def consent(self, redirect: str, state: str) -> str:
        """The page on which a person says yes."""
        asked = {
            "client_id": self._settings.client_id,
            "response_type": "code",
            "scope": _SCOPE,
            "redirect_uri": redirect,
            "state": state,
        }
        return f"{self._settings.consent_at()}?{urlencode(asked)}"

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Exchange the code that the browser brought, and keep the tokens and the company."""
        if answer.get("error") or not answer.get("code"):
            why = answer.get("error_description") or answer.get("error") or "there is no code in the answer"
            raise Refused("not_allowed", f"{self._system}: nobody was let in: {why[:200]}")
        realm, own = answer.get("realmId", ""), self._settings.realm
        if own and realm != own:
            raise Refused("other_company", f"{self._system}: the consent is for company {realm}, not for {own}")
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": redirect}
        with self._keep.alone(_KEPT):
            found = self._ask(form, answer["code"])
            if found is None:
                raise Refused("bad_code", f"{self._system}: the code is not accepted; {_AGAIN}")
            self._use(str(self._keeping(found, "", realm)["access"]))

    # ------------------------------------------------------------ inside

    def _use(self, access: str) -> None:
        self._access = access
        self._api.authorize(f"Bearer {access}")

    def _exchanged(self, kept: dict[str, Any]) -> dict[str, Any]:
        """New tokens, kept before anybody uses them."""
        given = self._settings.given()
        refresh = str(kept.get("refresh") or given)
        answer = self._refreshed(refresh) if refresh else None
        if answer is None and given and refresh != given:
            refresh, answer = given, self._refreshed(given)
        if answer is None:
            raise TryLater("auth", f"{self._system}: the refresh token is not accepted; {_AGAIN}", offline=True)
        return self._keeping(answer, refresh, str(kept.get("realm") or ""))

    def _refreshed(self, refresh: str) -> dict[str, Any] | None:
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh}, refresh)

    def _keeping(self, answer: Mapping[str, Any], refresh: str, realm: str) -> dict[str, Any]:
        made = {"given": _mark(self._settings.given()), "refresh": answer.get("refresh_token") or refresh}
        made |= {"access": answer["access_token"], "realm": realm}
        self._keep.put(_KEPT, json.dumps(made))
        return made

    def _ask(self, form: Mapping[str, str], secret: str) -> dict[str, Any] | None:
        """What Intuit gives; None where it does not accept the token or code."""
        self._api.authorize("", secret)
        try:
            answer = self._door.send(
                "POST", _PATH, content=urlencode(form), headers=_FORM, expect=frozenset({400, 401, 429})
            )
        except (Refused, Unclear) as fault:  # no record is touched: it may be tried again
            raise TryLater("auth", self._api.hidden(fault.message), offline=True) from None
        found = answer.value if isinstance(answer.value, dict) else {}
        if answer.status == 429:
            raise TryLater("rate_limited", f"{self._system}: too many requests for tokens", after_s=60, offline=True)
        if found.get("error") == "invalid_grant":
            return None
        access, fresh = found.get("access_token"), found.get("refresh_token") or ""
        if answer.status >= 400 or not isinstance(access, str) or not access or not isinstance(fresh, str):
            raise self._refused(found)
        self._api.authorize("", access, fresh or access)
        return found

    def _refused(self, found: Mapping[str, Any]) -> Fault:
        why = self._api.hidden(str(found.get("error_description") or found.get("error") or "it is not Intuit's"))
        what = f"{self._system}: no access token was given: {why[:200]}; check client_id, client_secret and token_url"
        return TryLater("auth", what, offline=True)

    def _kept(self) -> dict[str, Any]:
        """Tokens of before; none where a person has given another refresh token since."""
        text = self._keep.get(_KEPT)
        try:
            found = json.loads(text) if text else {}
        except ValueError:
            return {}
        same = isinstance(found, dict) and found.get("given") == _mark(self._settings.given())
        return found if same else {}


def _mark(token: str) -> str:
    """Tells two tokens apart without showing them."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
