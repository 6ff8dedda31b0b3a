"""The connector logs in, three ways; tokens that are good once survive crashes; secrets stay secret."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError

from billsync.connector import Context, Memory, Refused, TryLater
from billsync_connectors.salesforce.session import Session
from billsync_connectors.salesforce.settings import SalesforceSettings
from billsync_connectors.salesforce.walk import Spot, Walk
from tests.salesforce.copy import Copy, calls, connect, settings
from tests.salesforce.stand_in import KEY, SECRET, StandIn


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    """A private key and its certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "billsync")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(start).not_valid_after(start + dt.timedelta(days=36500))
    own = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return own.decode(), certificate.decode()


def by_key(org: StandIn, key: str, **more: Any) -> Any:
    return connect(org, consumer_secret=None, username="billsync@example.com", private_key=SecretStr(key), **more)


def test_a_signed_assertion_opens_the_door_whatever_our_clock_shows(org: StandIn, pair: tuple[str, str]) -> None:
    org.set(certificate=pair[1])
    org.admin("POST", "clock", {"set": "2031-01-01T00:00:00Z"})  # theirs is years ahead: only theirs counts
    health = by_key(org, pair[0]).check()
    assert health.identity.startswith("billsync@example.com of ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"approved": False}, "pre-authorise"),
        ({"audiences": "https://elsewhere"}, "audience"),
        ({"consumer_key": "another"}, "client identifier invalid"),
        ({"certificate": ""}, "certificate of this private key"),
    ],
)
def test_why_it_stays_shut_is_said_with_what_to_do(
    org: StandIn, pair: tuple[str, str], change: dict[str, Any], said: str
) -> None:
    org.set(**{"certificate": pair[1], **change})
    with pytest.raises(TryLater, match=said) as caught:
        by_key(org, pair[0]).check()
    assert (caught.value.reason, caught.value.offline) == ("auth", True)


def test_a_key_that_is_none_is_refused_and_not_shown(org: StandIn) -> None:
    with pytest.raises(Refused, match="private key cannot be used") as caught:
        by_key(org, "-----BEGIN PRIVATE KEY-----\nsomething else").check()
    assert "something else" not in caught.value.message


def test_a_wrong_secret_is_not_repeated_in_the_message(org: StandIn) -> None:
    with pytest.raises(TryLater) as caught:
        connect(org, consumer_secret=SecretStr("not-the-secret")).check()
    assert "not-the-secret" not in caught.value.message


def refreshing(org: StandIn, keep: Memory, token: str) -> Any:
    return connect(org, keep, consumer_secret=SecretStr(SECRET), refresh_token=SecretStr(token))


def consent(org: StandIn) -> str:
    return str(org.admin("POST", "consent")["refresh_token"])


def test_a_refresh_token_that_is_good_once_is_followed_by_the_next(org: StandIn) -> None:
    keep, given = Memory(), consent(org)
    refreshing(org, keep, given).check()
    first = keep.get("refresh_token")
    refreshing(org, keep, given).check()
    assert first is not None
    assert keep.get("refresh_token") not in (None, first)
    again = consent(org)  # a person authorises anew: what was kept counts no more
    refreshing(org, keep, again).check()
    with pytest.raises(TryLater, match="authorise the app again"):
        refreshing(org, Memory(), given).check()


class Crash(Exception):
    """The machine stops."""


class Crashing(Memory):
    """Keeps, and stops right after; notes that nobody else was let in meanwhile."""

    inside = 0

    def put(self, name: str, value: str) -> None:
        assert self.inside == 1
        super().put(name, value)
        raise Crash

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        self.inside += 1
        yield
        self.inside -= 1


def test_a_crash_right_after_the_exchange_loses_no_token(org: StandIn) -> None:
    keep, given = Crashing(), consent(org)
    with pytest.raises(Crash):
        refreshing(org, keep, given).check()
    after = Memory()
    after.put("refresh_token", str(keep.get("refresh_token")))
    refreshing(org, after, given).check()


def test_a_session_that_ends_in_mid_page_is_no_matter(org: StandIn) -> None:
    ids = [org.human("create", "Account", Name=f"A {number}") for number in range(12)]
    copy = Copy(connect(org, page_size=5), "Account")
    copy.read(lambda _page: org.admin("POST", "expire"))
    assert list(copy.live) == ids
    assert copy.problems == []


@pytest.mark.parametrize("fault", ["daily-limit", "truncated", "login-page", "wrong-type", "no-id", "text-numbers"])
def test_what_strikes_a_read_leaves_no_half_record(org: StandIn, fault: str) -> None:
    id = org.human("create", "Product2", Name="Seat", IsActive=True)
    connector = connect(org)
    connector.describe("Product2")
    org.fault(fault, path="/services/data/v")
    copy = Copy(connector, "Product2")
    with suppress(TryLater):
        copy.read()
    copy.read()
    assert copy.live[id]["IsActive"] is True
    assert copy.live[id]["Name"] == "Seat"


def test_the_two_limits_are_told_apart(org: StandIn) -> None:
    connector = connect(org)
    connector.describe("Account")
    org.fault("concurrent", path="/services/data/v")  # tried again at once
    Copy(connector, "Account").read()
    calls(org)
    org.fault("daily-limit", path="/services/data/v")
    with pytest.raises(TryLater, match="24 hours are used up") as caught:
        Copy(connector, "Account").read()
    assert (caught.value.reason, len(calls(org))) == ("daily_limit", 1)


class Heavy(Session):
    """An org whose answers of more than one record, or of one certain record, are larger than an answer may be."""

    def ask(self, path: str, body: Any = None, *, text: bool = False, spare: bool = True) -> Any:
        value = super().ask(path, body, text=text, spare=spare)
        rows = value["records"]
        if any("Name" in row and (len(rows) > 1 or row["Name"] == "heavy") for row in rows):
            raise TryLater("too_large", "the answer is larger than 20971520 bytes")
        return value


def test_a_record_that_no_answer_can_hold_is_passed_over_and_stops_no_other(org: StandIn) -> None:
    ids = [org.human("create", "Account", Name=name) for name in ("a", "b", "heavy", "c", "d")]
    session = Heavy(Context("crm", Path()), settings(org))
    org.connectors.append(session)
    legs = list(Walk(session, ["Id", "SystemModstamp", "Name"], "Account", "SystemModstamp").legs(Spot()))
    assert [row["Id"] for leg in legs for row in leg.rows] == [*ids[:2], *ids[3:]]
    assert [id for leg in legs for id in leg.too_large] == [ids[2]]


def test_a_retired_version_is_said_to_be_one(org: StandIn) -> None:
    with pytest.raises(Refused, match="set a newer api_version"):
        connect(org, api_version="30.0").check()


@pytest.mark.parametrize("change", [{"consumer_secret": None}, {"private_key": "x"}, {"api_version": "67"}])
def test_settings_that_cannot_work_are_refused(change: dict[str, Any]) -> None:
    own: dict[str, Any] = {"url": "https://acme.my.salesforce.com", "consumer_key": KEY, "consumer_secret": "s" * 8}
    with pytest.raises(ValidationError):
        SalesforceSettings.model_validate({**own, **change})


def test_a_token_goes_nowhere_but_to_salesforce(org: StandIn) -> None:
    connector = connect(org, login_url=org.url, url="http://127.0.0.1:9/")
    with pytest.raises(Refused, match="allow_hosts"):
        connector.check()
