"""What is sent, to the letter: signatures, external ids, numbers, and settings that are not enough."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.connector import Refused
from billsync_connectors.netsuite.connector import NetSuite
from billsync_connectors.netsuite.external import external, key_of
from billsync_connectors.netsuite.signing import base_string, realm
from billsync_connectors.netsuite.wording import dumps, quoted


def test_a_request_is_signed_without_its_realm_and_body() -> None:
    params = {
        "limit": "1000", "offset": "0", "oauth_consumer_key": "CK", "oauth_nonce": "N",
        "oauth_signature_method": "HMAC-SHA256", "oauth_timestamp": "1770000000", "oauth_token": "TK",
        "oauth_version": "1.0",
    }  # fmt: skip
    url = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql"
    assert base_string("POST", url, params) == (
        "POST&https%3A%2F%2F1234567-sb1.suitetalk.api.netsuite.com%2Fservices%2Frest%2Fquery%2Fv1%2Fsuiteql&"
        "limit%3D1000%26oauth_consumer_key%3DCK%26oauth_nonce%3DN%26oauth_signature_method%3DHMAC-SHA256%26"
        "oauth_timestamp%3D1770000000%26oauth_token%3DTK%26oauth_version%3D1.0%26offset%3D0"
    )
    assert realm("1234567-sb1") == "1234567_SB1"


@given(st.sampled_from(["customer", "invoice", "credit_memo", "payment"]), st.text(min_size=1, max_size=20))
def test_a_key_comes_back_as_it_was(object: str, key: str) -> None:
    try:
        there = external(object, key)
    except (Refused, UnicodeEncodeError):
        return
    assert there.isascii()
    assert key_of(object, there) == key


def test_what_others_wrote_is_no_key_of_ours() -> None:
    assert (key_of("payment", "INV-1"), key_of("invoice", None), key_of("invoice", "~C3")) == ("", "", "~C3")
    with pytest.raises(Refused, match="longer"):
        external("invoice", "x" * 256)


def test_numbers_keep_all_their_digits() -> None:
    value = {
        "rate": Decimal("1.005"),
        "big": Decimal("1E+3"),
        "on": date(2026, 3, 5),
        "none": None,
        "list": [True, "ä"],
    }
    assert dumps(value) == '{"rate":1.005,"big":1000,"on":"2026-03-05","list":[true,"ä"]}'
    assert quoted(["O'Neil", "x"]) == "'O''Neil', 'x'"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"consumer_key": "a"}, "no way to log in"),
        ({"account": "a b"}, "account"),
        ({"subsidiary": "Parent"}, "internal id"),
    ],
)
def test_settings_that_are_not_enough(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        NetSuite.config.model_validate({"url": "https://1.suitetalk.api.netsuite.com", "account": "1", **wrong})
