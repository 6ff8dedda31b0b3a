"""Who is let in: three grants, sessions that end, refresh tokens that turn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from tests.salesforce.stand_in import BASE, KEY, SECRET, VERSION, StandIn, code

USER = "billsync@example.com"


class Nearby(HTTPAdapter):
    """Leads the hosts of salesforce.com to the stand-in, as a name server of a test network would."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: PreparedRequest, *rest: Any, **more: Any) -> Response:
        assert request.url is not None
        request.url = f"{self._url}/{request.url.split('/', 3)[3]}"
        return super().send(request, *rest, **more)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def register(org: StandIn, key: rsa.RSAPrivateKey) -> None:
    org.set(certificate=key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


def now(org: StandIn) -> int:
    """Its clock, in seconds."""
    return int(datetime.fromisoformat(org.admin("GET", "clock")["now"]).timestamp())


def asserted(org: StandIn, key: rsa.RSAPrivateKey, *, algorithm: str = "RS256", **claims: Any) -> Any:
    own = {"iss": KEY, "sub": USER, "aud": "https://login.salesforce.com", "exp": now(org) + 180}
    assertion = jwt.encode({**own, **claims}, pem(key), algorithm=algorithm)
    return org.grant(grant_type="urn:ietf:params:oauth:grant-type:jwt-bearer", assertion=assertion)


def test_the_sdk_logs_in_with_a_key_of_ones_own(org: StandIn, key: rsa.RSAPrivateKey) -> None:
    register(org, key)
    session = org.session()
    session.mount("https://login.salesforce.com", Nearby(org.url.replace("http:", "https:")))
    sdk = Salesforce(username=USER, consumer_key=KEY, privatekey=pem(key), session=session, version=VERSION)
    assert sdk.query("SELECT COUNT() FROM User")["totalSize"] == 1


def test_the_sdk_logs_in_with_a_secret_at_its_own_domain(org: StandIn) -> None:
    session = org.session()
    session.mount("https://acme.my.salesforce.com", Nearby(org.url.replace("http:", "https:")))
    own: dict[str, Any] = {"consumer_key": KEY, "domain": "acme.my", "session": session, "version": VERSION}
    assert Salesforce(consumer_secret=SECRET, **own).query("SELECT COUNT() FROM User")["totalSize"] == 1
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_secret="guessed", **own)


def test_an_assertion_has_to_be_right_in_everything(org: StandIn, key: rsa.RSAPrivateKey) -> None:
    register(org, key)
    assert "access_token" in asserted(org, key)
    stranger = rsa.generate_private_key(65537, 2048)
    said = {
        "key": asserted(org, stranger)["error_description"],
        "alg": asserted(org, key, algorithm="RS384")["error_description"],
        "exp": asserted(org, key, exp=now(org) - 1)["error_description"],
        "aud": asserted(org, key, aud="https://example.com")["error_description"],
        "iss": asserted(org, key, iss="other")["error"],
        "sub": asserted(org, key, sub="other@example.com")["error_description"],
    }
    assert said == {
        "key": "invalid assertion",
        "alg": "invalid assertion",
        "exp": "expired authorization code",
        "aud": "audience is invalid",
        "iss": "invalid_client_id",
        "sub": "user hasn't approved this consumer",
    }


def test_client_credentials_need_the_orgs_own_domain(org: StandIn) -> None:
    form = {"grant_type": "client_credentials", "client_id": KEY, "client_secret": SECRET}
    answers = {
        host: org.http.post(f"{org.url}/services/oauth2/token", data=form, headers={"Host": host}).json()
        for host in ("login.salesforce.com", "acme.my.salesforce.com")
    }
    assert answers["login.salesforce.com"]["error"] == "invalid_grant"
    assert answers["acme.my.salesforce.com"]["instance_url"] == "http://acme.my.salesforce.com"


def test_a_token_says_where_to_go_and_not_how_long_it_lasts(org: StandIn) -> None:
    found = org.grant(grant_type="client_credentials", client_id=KEY, client_secret=SECRET)
    assert found["instance_url"] == org.url
    assert found["token_type"] == "Bearer"
    assert "expires_in" not in found
    assert found["access_token"][:18] == org.admin("GET", "ids")["org"][:15] + "!AR"


def test_a_session_lives_as_long_as_it_is_used(org: StandIn) -> None:
    org.stand()
    org.login()
    for _ in range(3):
        org.forward(7000)
        assert org.ask("GET", "limits").status_code == 200
    org.forward(7300)
    assert code(org.ask("GET", "limits")) == (401, "INVALID_SESSION_ID")


def test_a_refresh_token_turns_with_each_use(org: StandIn) -> None:
    first = org.admin("POST", "consent")["refresh_token"]

    def refreshed(token: str) -> Any:
        return org.grant(grant_type="refresh_token", refresh_token=token, client_id=KEY, client_secret=SECRET)

    second = refreshed(first)["refresh_token"]
    assert second != first
    assert refreshed(first)["error"] == "invalid_grant"
    assert "access_token" in refreshed(second)

    org.set(rotate_refresh=False)
    still = org.admin("POST", "consent")["refresh_token"]
    assert "refresh_token" not in refreshed(still)
    assert "access_token" in refreshed(still)
    org.forward(31 * 86400)
    assert refreshed(still)["error"] == "invalid_grant"


def test_a_revoked_session_is_over(org: StandIn) -> None:
    asked = {"token": org.token, "client_id": KEY, "client_secret": SECRET}
    assert org.http.post(f"{org.url}/services/oauth2/introspect", data=asked).json()["active"] is True
    assert org.ask("GET", "/services/oauth2/userinfo").json()["user_id"] == org.admin("GET", "ids")["user"]
    assert org.http.post(f"{org.url}/services/oauth2/revoke", data=asked).status_code == 200
    assert org.ask("GET", "/services/oauth2/userinfo").status_code == 401
    assert org.http.post(f"{org.url}/services/oauth2/introspect", data=asked).json() == {"active": False}
    assert code(org.ask("GET", "limits")) == (401, "INVALID_SESSION_ID")


def test_versions_are_told_to_everyone_and_old_ones_are_gone(org: StandIn) -> None:
    found = org.http.get(f"{org.url}/services/data").json()
    assert found[-1] == {"label": "Winter '27", "url": BASE, "version": VERSION}
    assert org.ask("GET", "/services/data/v30.0/limits").status_code == 410
    assert org.ask("GET", "/services/data/v69.0/limits").status_code == 404
