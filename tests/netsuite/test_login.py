"""Signed assertions, tokens that end, and requests signed one by one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

import httpx
import pytest

from tests.netsuite.stand_in import ACCOUNT, RECORD, StandIn, certificate, code, ec_key, pem, rsa_key


def test_the_token_is_text_that_lasts_an_hour(account: StandIn) -> None:
    found = account.grant(account.assertion()).json()
    assert set(found) == {"access_token", "expires_in", "token_type"}
    assert (found["expires_in"], found["token_type"]) == ("3600", "bearer")
    account.stand()
    account.forward(3600)
    assert code(account.ask("GET", "customer")) == (401, "INVALID_LOGIN")
    account.login()
    assert account.ask("GET", "customer").status_code == 200
    account.admin("POST", "expire")
    assert account.ask("GET", "customer").status_code == 401


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512", "ES256"])
def test_signatures_that_are_documented(account: StandIn, algorithm: str) -> None:
    key = ec_key() if algorithm == "ES256" else rsa_key()
    account.set(certificate=pem(key))
    assert account.grant(account.assertion(key, algorithm)).status_code == 200
    here = account.assertion(key, algorithm, aud=f"{account.url}/services/rest/auth/oauth2/v1/token")
    assert account.grant(here).status_code == 200


@pytest.mark.parametrize("algorithm", ["PS256", "ES256"])
def test_certificates_as_people_upload_them(account: StandIn, algorithm: str) -> None:
    key = ec_key() if algorithm == "ES256" else rsa_key()
    account.set(certificate=certificate(key))
    assert account.grant(account.assertion(key, algorithm)).status_code == 200
    account.set(certificate=certificate(ec_key() if algorithm == "PS256" else rsa_key()))
    assert account.grant(account.assertion(key, algorithm)).status_code == 401


def test_assertions_that_are_not_good(account: StandIn) -> None:
    now = int(account.clock().timestamp())
    wrong = {
        "another key": account.assertion(ec_key(), "ES256"),
        "RS256": account.assertion(algorithm="RS256"),
        "kid": account.assertion(kid="other"),
        "iss": account.assertion(iss="other"),
        "aud": account.assertion(aud="https://other.example/token"),
        "too long": account.assertion(exp=now + 3700),
        "over": account.assertion(iat=now - 7200, exp=now - 3600),
        "not yet": account.assertion(iat=now + 3600, exp=now + 7000),
        "scope": account.assertion(scope="restlets"),
        "no claims": account.assertion(iat="soon"),
        "torn": account.assertion()[:-6] + "AAAAAA",
        "nothing": "a.b.c",
    }
    for what, assertion in wrong.items():
        answer = account.grant(assertion)
        assert answer.status_code in (400, 401), what
        assert set(answer.json()) == {"error"}, what
    assert account.grant(account.assertion(), grant_type="password").status_code == 400
    account.set(certificate=pem(rsa_key(2048)))  # too short
    assert account.grant(account.assertion(rsa_key(2048))).status_code == 400


def signed(
    account: StandIn, path: str, query: str = "", *, nonce: str = "n1", at: int | None = None, **own: str
) -> httpx.Response:
    """A request signed with OAuth 1.0, written out as NetSuite's help has it."""
    stamp = at or int(account.clock().timestamp())
    given = {
        "oauth_consumer_key": "standin-consumer", "oauth_token": "standin-token", "oauth_nonce": nonce,
        "oauth_timestamp": str(stamp), "oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0", **own,
    }  # fmt: skip
    pairs = [*given.items(), *(tuple(each.split("=")) for each in query.split("&") if each)]
    told = "&".join(
        f"{name}={value}" for name, value in sorted((quote(a, safe="~"), quote(b, safe="~")) for a, b in pairs)
    )
    base = f"GET&{quote(account.url + path, safe='~')}&{quote(told, safe='~')}"
    mark = hmac.digest(b"standin-consumer-secret&standin-token-secret", base.encode(), hashlib.sha256)
    given |= {"oauth_signature": base64.b64encode(mark).decode(), "realm": ACCOUNT}
    header = "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in given.items())
    return account.http.get(f"{account.url}{path}?{query}", headers={"Authorization": header})


def test_requests_signed_one_by_one(account: StandIn) -> None:
    path = f"{RECORD}/customer"
    assert signed(account, path, "limit=10&offset=0").status_code == 200
    assert signed(account, path, "limit=10&offset=0").status_code == 401  # a nonce is good once
    now = int(account.clock().timestamp())
    assert signed(account, path, nonce="n2", at=now - 301).status_code == 401
    assert signed(account, path, nonce="n3", oauth_signature_method="HMAC-SHA1").status_code == 401
    account.set(tba=False)
    assert signed(account, path, nonce="n4").status_code == 401


def test_no_token_is_kept_or_logged(account: StandIn) -> None:
    account.customer()
    kept = b"".join(path.read_bytes() for path in account.folder.iterdir())
    assert account.token.encode() not in kept
    assert "client_assertion" not in str(account.admin("GET", "log"))
