"""Requests signed with OAuth 1.0 (TBA): HMAC-SHA256 over method, address and parameters.  (pure)"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from billsync_connectors.netsuite.settings import NetSuiteSettings


def signed(settings: NetSuiteSettings, method: str, url: str, params: Mapping[str, str], *, at: int, nonce: str) -> str:
    """The Authorization header of one request; `url` is without its query, `at` seconds since 1970."""
    own = {
        "oauth_consumer_key": settings.consumer_key,
        "oauth_token": settings.token_id,
        "oauth_nonce": nonce,
        "oauth_timestamp": str(at),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
    }
    mark = hmac.digest(_key(settings), base_string(method, url, {**params, **own}).encode(), hashlib.sha256)
    shown = {"realm": realm(settings.account), **own, "oauth_signature": base64.b64encode(mark).decode()}
    return "OAuth " + ", ".join(f'{name}="{_coded(value)}"' for name, value in shown.items())


def base_string(method: str, url: str, params: Mapping[str, str]) -> str:
    """What is signed: the realm is not part of it, nor is the body."""
    pairs = sorted((_coded(name), _coded(value)) for name, value in params.items())
    return f"{method}&{_coded(url)}&{_coded('&'.join(f'{name}={value}' for name, value in pairs))}"


def realm(account: str) -> str:
    """The account as OAuth 1.0 names it: `1234567-sb1` is 1234567_SB1."""
    return account.upper().replace("-", "_")


def _key(settings: NetSuiteSettings) -> bytes:
    words = (settings.consumer_secret, settings.token_secret)
    return "&".join(_coded(word.get_secret_value()) if word is not None else "" for word in words).encode()


def _coded(text: str) -> str:
    return quote(text, safe="~")
