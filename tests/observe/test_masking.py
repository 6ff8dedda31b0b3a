"""What looks like a secret or like a person never stands in a line, and what the engine tells of itself does."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billsync import observe
from billsync.observe.masking import SHOWN, Mask

SECRET = [
    ("Authorization: Bearer abc.def-123", "abc.def"),
    ("Basic Zm9vOmJhcg== was refused", "Zm9v"),
    ("api_key=hunter22 and more", "hunter22"),
    ('{"client_secret": "s3cr3t-value"}', "s3cr3t"),
    ("postgresql://robot:pa$$word@db.example/billing", "pa$$word"),
    ("GET https://api.example/v1/x?sig=aaa&page=2", "aaa"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSMeKKF2QT4", "sflK"),
    ("key 4f3c2a1b4f3c2a1b4f3c2a1b4f3c2a1b", "4f3c2a"),
    ("token is Q3JhenlMb25nU2VjcmV0VGhhdE5vYm9keVNlZXM9", "Q3Jhenl"),
    ("postgresql://robot:pa/ss@word@db.example/billing", "pa/ss"),
    ('client_secret="two words"', "words"),
    ("PGPASSWORD=hunter22", "hunter22"),
    ("sk_live_4eC39HqLyjWDarj is no key", "4eC39"),
    ("bot xoxb-123456789012-abc", "1234567"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"),
]
PERSONAL = [
    ("mail to jane.doe+x@firma.example failed", "jane"),
    ("GET /contacts/jane%40firma.example", "jane"),
    ("Key (customer, city)=(Jane (Doe), Berlin) already exists.", "Doe"),
    ("call +49 (30) 123-45 67", "123-45"),
    ("call 0049 170 1234567 now", "170 123"),
    ("call (030) 1234567", "1234567"),
    ("pay to DE89 3704 0044 0532 0130 00", "3704"),
    ("pay to de89370400440532013000.", "3704"),
    ("GB33BUKB20201555555555 EUR 10", "BUKB"),
    ("card 4111 1111 1111 1111", "4111"),
]
OURS = [
    "billing@2026-11-22T06:00",
    "billing@manual-2026-11-22T22:58:32.123456",
    "invoice:INV-2017-000001:erp:1",
    "credit_note:CN-2026-00000001:netsuite:2",
    "0069D00000AbcDeQAZ",
    "51234567890",
    "hub-42:1317",
    "8f14e45f-ceea-467f-9b1c-0123456789ab",
    "https://api.hubapi.com",
    "PUSH-REFUSED-01",
    "2026-11-22T06:00:00.000000Z",
    "duplicate_found",
    "facts.read",
    "psycopg.OperationalError",
]


@pytest.mark.parametrize(("text", "part"), SECRET + PERSONAL)
def test_what_must_not_be_said_is_not_said(text: str, part: str) -> None:
    said = Mask().text(text)
    assert part not in said
    assert SHOWN in said


@pytest.mark.parametrize("text", OURS)
def test_ids_and_codes_stay_readable(text: str) -> None:
    assert Mask().text(text) == text


def test_a_named_secret_is_hidden_in_every_spelling() -> None:
    mask = Mask()
    assert mask.text("pa ss/wörd") == "pa ss/wörd"
    mask.add("pa ss/wörd", "x")
    for spelled in ("pa ss/wörd", "pa%20ss%2Fw%C3%B6rd", "pa+ss%2Fw%C3%B6rd", "pa ss/w\\u00f6rd"):
        assert mask.text(f"it said <{spelled}>, x") == f"it said <{SHOWN}>, x"


def test_facts_keep_numbers_and_lose_contents() -> None:
    facts = {
        "records": 12,
        "exit_code": 1,
        "total": Decimal("1.10"),
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "counts": {"invoice writes confirmed": 3},
        "email": "x",
        "payload": {"a": 1},
        "refresh_token": "abc",
        "row": object(),
        "ids": ("D-1", "jane@firma.example"),
    }
    assert Mask().facts(facts) == {
        "records": 12,
        "exit_code": 1,
        "total": "1.10",
        "at": "2026-01-01T00:00:00+00:00",
        "counts": {"invoice writes confirmed": 3},
        "email": SHOWN,
        "payload": SHOWN,
        "refresh_token": SHOWN,
        "row": "<object>",
        "ids": ["D-1", SHOWN],
    }


def test_no_text_can_begin_a_line_of_its_own_or_paint_a_terminal() -> None:
    said = Mask().text("a\n2026 paid ok\r\x1b[2K\x9b31m\u2028\u202eb\u200bc")
    assert said.isprintable()
    assert said.startswith("a\\u000a2026 paid ok\\u000d\\u001b[2K")


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "a@" * 50_000, "+1 " * 30_000, "DE89 " * 20_000, "=" * 90_000, "eyJ" * 9_000]
)
def test_no_text_holds_it_up(text: str) -> None:
    began = time.perf_counter()
    assert len(Mask().text(text)) <= 301
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("id", "told"),
    [
        ("0065g00000A1b2C", "0065g00000A1b2C"), ("INV-2017-000001", "INV-2017-000001"), ("", ""),
        ("Acme Corporation", "~f8b0b355b1d1"), ("Betasoloin", "~be2827edf4f5"), ("Bob 3", "~024bf0011312"),
    ],
)  # fmt: skip
def test_an_id_that_could_be_a_name_is_told_as_its_fingerprint(id: str, told: str) -> None:
    assert observe.unnamed(id) == told
