"""Who is let in: OAuth 2.0 tokens got by a signed assertion, or requests signed with OAuth 1.0 (TBA).  (shell)"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.denied import Unauthorised, login
from billsync_connectors.netsuite.server.keys import verified
from billsync_connectors.netsuite.server.settings import Settings
from billsync_connectors.netsuite.server.shelf import Shelf
from billsync_connectors.netsuite.server.values import loads
from billsync_stand_in.clock import Clock, written

TOKEN: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  an address
_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PAIR: Final = re.compile(r'(\w+)="([^"]*)"')
_NONCES_MAX: Final = 5000


class Auth:
    """What stands before the account's door; raises `Denied`."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings
        self._nonces: dict[str, None] = {}

    def admit(self, request: Request) -> None:
        """Whether the caller may come in."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            until = self._tokens().get(_hashed(given), "")
            if until <= written(self._clock.now()):
                raise login()
        elif kind.lower() == "oauth" and self._settings().tba:
            self._signed(request, {name: unquote(value) for name, value in _PAIR.findall(given)})
        else:
            raise login()

    def end(self) -> None:
        """All tokens end."""
        self._shelf.remember("tokens", {})

    def _tokens(self) -> dict[str, str]:
        found: dict[str, str] = self._shelf.recall("tokens", {})
        return found

    # ------------------------------------------------------------ OAuth 2.0, machine to machine

    def token(self, request: Request) -> Reply:
        """A token for an assertion."""
        form, now = request.form(), self._clock.now()
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != _BEARER:
            raise Unauthorised("unsupported_grant_type")
        self._claims(form.get("client_assertion", ""), request)
        token = "eyJraWQiOiJzdGFuZC1pbiIsImFsZyI6IlBTMjU2In0." + secrets.token_urlsafe(48)
        kept = {key: until for key, until in self._tokens().items() if until > written(now)}
        until = written(now + timedelta(seconds=self._settings().token_s))
        self._shelf.remember("tokens", {**kept, _hashed(token): until})
        told = {"access_token": token, "expires_in": str(self._settings().token_s), "token_type": "bearer"}
        return Reply(200, told, {"Cache-Control": "no-store"})

    def _claims(self, assertion: str, request: Request) -> None:
        """Whether an assertion is good: signed as documented, for this endpoint, for an hour at most."""
        settings, now = self._settings(), self._clock.now().timestamp()
        head, _, rest = assertion.partition(".")
        body, _, mark = rest.partition(".")
        try:
            header, claims = loads(_unpacked(head)), loads(_unpacked(body))
            good = (
                verified(str(header.get("alg")), settings.certificate, f"{head}.{body}".encode(), _unpacked(mark))
                and header.get("kid") == settings.certificate_id
            )
            begins, ends = int(claims["iat"]), int(claims["exp"])
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise Unauthorised("invalid_request") from None
        scope = claims.get("scope") or []
        scopes = scope.replace(",", " ").split() if isinstance(scope, str) else scope
        in_time = begins - settings.skew_s <= now < ends and 0 < ends - begins <= settings.assertion_s
        if not good or claims.get("iss") != settings.client_id or claims.get("aud") not in self._endpoints(request):
            raise Unauthorised("invalid_client", 401)
        if not in_time:
            raise Unauthorised("invalid_grant")
        if "rest_webservices" not in scopes:
            raise Unauthorised("invalid_scope")

    def _endpoints(self, request: Request) -> tuple[str, str]:
        host = self._settings().account.lower().replace("_", "-")
        here = f"http://{request.headers.get('host', '')}{TOKEN}"
        return f"https://{host}.suitetalk.api.netsuite.com{TOKEN}", here

    # ------------------------------------------------------------ OAuth 1.0, token-based

    def _signed(self, request: Request, given: Mapping[str, str]) -> None:
        """Whether a request is signed; each nonce is good once."""
        settings = self._settings()
        wanted = {"realm": settings.account, "oauth_consumer_key": settings.consumer_key,
                  "oauth_token": settings.token_id, "oauth_signature_method": "HMAC-SHA256"}  # fmt: skip
        if any(given.get(name) != value for name, value in wanted.items()):
            raise login()
        try:
            at = int(given.get("oauth_timestamp", ""))
        except ValueError:
            raise login() from None
        nonce = f"{at} {given.get('oauth_nonce')}"
        if abs(at - self._clock.now().timestamp()) > settings.skew_s or nonce in self._nonces:
            raise login()
        mark = base64.b64encode(hmac.digest(self._key(), base_string(request, given).encode(), hashlib.sha256))
        if not secrets.compare_digest(mark, given.get("oauth_signature", "").encode()):
            raise login()
        self._nonces[nonce] = None
        if len(self._nonces) > _NONCES_MAX:
            self._nonces.pop(next(iter(self._nonces)))

    def _key(self) -> bytes:
        settings = self._settings()
        return f"{quote(settings.consumer_secret, safe='')}&{quote(settings.token_secret, safe='')}".encode()


def base_string(request: Request, given: Mapping[str, str]) -> str:
    """What is signed: the method, the address without its query, all parameters in order."""
    asked = parse_qsl(urlsplit(request.target).query, keep_blank_values=True)
    own = [(name, value) for name, value in given.items() if name not in ("realm", "oauth_signature")]
    pairs = sorted((_coded(name), _coded(value)) for name, value in [*asked, *own])
    told = "&".join(f"{name}={value}" for name, value in pairs)
    address = f"http://{request.headers.get('host', '')}{request.path}"
    return f"{request.method}&{_coded(address)}&{_coded(told)}"


def _coded(text: str) -> str:
    return quote(text, safe="~")


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _hashed(token: str) -> str:
    """Tokens are not kept, only what tells them."""
    return hashlib.sha256(token.encode()).hexdigest()
