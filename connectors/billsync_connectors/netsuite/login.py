"""Who asks: an integration that gets a token for an hour by an assertion, or one that signs each request.  (shell)

Times are NetSuite's own, as its answers tell them: a clock that is wrong here does no harm.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

from billsync.connector import Keep, Refused, TryLater, Unclear
from billsync.wire import Answer, Client
from billsync_connectors.netsuite.denials import JUDGED
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.signing import signed

TOKEN: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  a path
_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLOCK: Final = "/services/rest/record/v1/metadata-catalog"
_KEPT: Final = "token"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_GOOD_S: Final = 1800


class Login:
    """Headers that let requests in."""

    def __init__(self, http: Client, settings: NetSuiteSettings, keep: Keep, system: str) -> None:
        self._http, self._settings, self._keep, self._system = http, settings, keep, system
        self._access = ""
        self._ahead: int | None = None

    def headers(self, method: str, url: str, params: Mapping[str, str]) -> dict[str, str]:
        """For one request; `url` is whole and without its query.  Raises `TryLater`, `Refused`."""
        if self._settings.private_key is None:
            nonce = secrets.token_hex(16)
            return {"Authorization": signed(self._settings, method, url, params, at=self._now(), nonce=nonce)}
        if not self._access:
            self._use(self._kept() or self._renewed(""))
        return {"Authorization": f"Bearer {self._access}"}

    def again(self, answer: Answer) -> None:
        """After a 401: by NetSuite's own time, and with another token.  Raises `TryLater`, `Refused`."""
        self.heard(answer)
        if self._settings.private_key is not None:
            self._use(self._renewed(self._access))

    def forget(self) -> None:
        """The token is not accepted: the next request begins anew."""
        self._access = ""

    def heard(self, answer: Answer) -> None:
        """What NetSuite's clock shows; nothing where it does not say."""
        try:
            shown = int(parsedate_to_datetime(answer.headers.get("date", "")).timestamp())
        except (ValueError, TypeError, IndexError, OverflowError):
            return
        self._ahead = shown - self._ran()

    # ------------------------------------------------------------ tokens

    def _now(self) -> int:
        """NetSuite's time, in seconds since 1970; asked for once, by a request that is not let in."""
        if self._ahead is None:
            self.heard(self._http.read("GET", _CLOCK, expect=JUDGED))
        if self._ahead is None:
            raise TryLater("auth", f"{self._system}: NetSuite does not say its time", offline=True)
        return self._ran() + self._ahead

    @staticmethod
    def _ran() -> int:
        return time.monotonic_ns() // 1_000_000_000

    def _use(self, access: str) -> None:
        self._access = access
        self._http.authorize("", access)

    def _renewed(self, over: str) -> str:
        """A token in place of one that is over; by one process at a time, for all."""
        with self._keep.alone(_KEPT):
            kept = self._kept()
            if kept and kept != over:
                return kept
            access = self._granted()
            self._keep.put(_KEPT, json.dumps({"of": self._mark(), "access": access}))
        return access

    def _kept(self) -> str:
        try:
            found = json.loads(self._keep.get(_KEPT) or "{}")
        except ValueError:
            return ""
        return str(found.get("access") or "") if isinstance(found, dict) and found.get("of") == self._mark() else ""

    def _mark(self) -> str:
        own = (self._settings.client_id, self._settings.certificate_id, self._settings.account)
        return hashlib.sha256("\n".join(own).encode()).hexdigest()[:16]

    def _granted(self) -> str:
        """A new token; once more where it was our clock."""
        answer = self._asked()
        if answer.status >= 400:
            self.heard(answer)
            answer = self._asked()
        found = answer.value if isinstance(answer.value, dict) else {}
        access = found.get("access_token")
        if answer.status >= 400 or not isinstance(access, str) or not access:
            why = self._http.hidden(str(found.get("error") or answer.status))
            what = f"{self._system}: NetSuite gives no token ({why}); check client_id, certificate_id and the key"
            raise TryLater("auth", what, offline=True)
        return access

    def _asked(self) -> Answer:
        form = {"grant_type": "client_credentials", "client_assertion_type": _BEARER}
        content = urlencode({**form, "client_assertion": self._assertion()})
        try:
            return self._http.send("POST", TOKEN, content=content, headers=_FORM, expect=frozenset({400, 401}))
        except (Refused, Unclear) as fault:  # no record is touched: it may be tried again
            raise TryLater("auth", fault.message, offline=True) from None

    def _assertion(self) -> str:
        """Who we are, signed.  Raises `Refused` where the key cannot be used."""
        try:
            import jwt  # noqa: PLC0415  of an extra
        except ModuleNotFoundError:
            message = f'{self._system}: the log-in needs an extra: pip install "billsync[netsuite]"'
            raise Refused("missing_extra", message) from None
        settings, now = self._settings, self._now()
        scope = ["rest_webservices", "restlets"] if settings.void == "script" else ["rest_webservices"]
        claims: dict[str, Any] = {
            "iss": settings.client_id,
            "scope": scope,
            "aud": settings.url.rstrip("/") + TOKEN,
            "iat": now,
            "exp": now + _GOOD_S,
        }
        key = settings.private_key.get_secret_value() if settings.private_key is not None else ""
        try:
            return jwt.encode(claims, key, algorithm=settings.algorithm, headers={"kid": settings.certificate_id})
        except (ValueError, TypeError, jwt.PyJWTError):
            message = (
                f"{self._system}: the private key cannot be used with {settings.algorithm}: a PEM file, no passphrase"
            )
            raise Refused("bad_key", message) from None
