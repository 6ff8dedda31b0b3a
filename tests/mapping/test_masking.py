"""A fixture from a real record tells nothing about real people, and still works as a fixture."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.mapping.tools.masking import kind_of_field, mask, only

KEY = b"test key"
PERSON: dict[str, Any] = {
    "Id": "0061t00000AbCdE",
    "Name": "Acme 3-year renewal",
    "StageName": "Closed Won",
    "Amount": "1054.00",
    "CloseDate": "2017-03-01",
    "Account": {
        "Name": "Müller & Söhne GmbH",
        "BillingCountry": "Germany",
        "BillingStreet": "Hauptstraße 12",
        "BillingPostalCode": "80331",
        "VatId__c": "DE123456789",
        "Iban": "DE89 3704 0044 0532 0130 00",
    },
    "Contacts": [{"FirstName": "Zoë", "Email": "zoe.meyer@mueller.example", "Phone": "+49 (89) 1234-567"}],
    "NextStep": "call zoe.meyer@mueller.example or +49 89 7654321; Müller & Söhne GmbH pays by 4111 1111 1111 1111",
    "Product2": {"ProductCode": "SEAT", "Name": "Seats"},
    "tax_code": "DE19",
    "IsWon": True,
}


def masked(data: Any, **kwargs: Any) -> Any:
    return mask(data, KEY, **kwargs).data


def test_what_is_personal_goes_and_what_mappings_need_stays() -> None:
    made = masked(PERSON)
    said = json.dumps(made, ensure_ascii=False)
    for secret in ("Müller", "Söhne", "Hauptstraße", "80331", "123456789", "3704", "Zoë", "zoe", "meyer", "1234-567",
                   "7654321", "4111"):  # fmt: skip
        assert secret not in said, secret
    for name in ("Id", "StageName", "Amount", "CloseDate", "tax_code", "IsWon"):
        assert made[name] == PERSON[name]
    assert made["Account"]["BillingCountry"] == "Germany"
    assert made["Product2"]["ProductCode"] == "SEAT"


def test_the_form_stays() -> None:
    made = masked(PERSON)
    account, contact = made["Account"], made["Contacts"][0]
    assert re.fullmatch(r"[A-Z][a-z]+ \d\d", account["BillingStreet"])
    assert re.fullmatch(r"\d{5}", account["BillingPostalCode"])
    assert re.fullmatch(r"DE\d{9}", account["VatId__c"])  # the country stays: the tax depends on it
    assert re.fullmatch(r"DE\d\d \d{4} \d{4} \d{4} \d{4} \d\d", account["Iban"])
    assert re.fullmatch(r"\+\d\d \(\d\d\) \d{4}-\d{3}", contact["Phone"])
    assert re.fullmatch(r"[a-z]+\.[a-z]+@masked\.example", contact["Email"])


def test_equal_values_stay_equal_under_a_key_and_differ_under_another() -> None:
    one = masked({"account": "Isdom", "other": {"customer": "Isdom"}})
    assert one["account"] == one["other"]["customer"] == masked({"company": "Isdom"})["company"]
    assert mask({"account": "Isdom"}, b"another").data != mask({"account": "Isdom"}, KEY).data


def test_a_field_may_be_kept_and_the_reasons_are_told() -> None:
    made = mask(PERSON, KEY, keep=["Account.Name", "firstname"])
    assert made.data["Account"]["Name"] == PERSON["Account"]["Name"]
    assert made.data["Contacts"][0]["FirstName"] == "Zoë"
    assert made.fields["Account.BillingStreet"] == "address"
    assert made.fields["Account.Iban"] == "bank"
    assert made.fields["NextStep"] == "mail"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("FirstName", "name"), ("sales_agent", "name"), ("OwnerId", ""), ("AccountId", ""), ("ProductName", ""),
        ("StageName", ""), ("e-mail", "mail"), ("invoice_emails", "mail"), ("MobilePhone", "phone"),
        ("ShippingPostalCode", "address"), ("BillingCountryCode", ""), ("tax_code", ""), ("TaxRate", ""),
        ("tax_id", "tax"), ("VATNumber", "tax"), ("bankAccountNumber", "bank"), ("description", ""),
        ("notes", "note"), ("api_key", "secret"), ("DateOfBirth", "birth"), ("office_location", ""),
    ],
)  # fmt: skip
def test_a_field_is_known_by_the_words_of_its_name(name: str, kind: str) -> None:
    assert kind_of_field(name) == kind


LETTERS = st.text(st.characters(categories=("Lu", "Ll", "Nd"), max_codepoint=0x24F), min_size=4, max_size=24)
NAMES = st.sampled_from(["Name", "email", "Phone", "street", "iban", "vat_id", "note", "Owner", "password"])


@settings(max_examples=60)
@given(NAMES, LETTERS, st.text(max_size=10), st.text(max_size=10))
def test_no_masked_original_stands_anywhere_in_the_fixture(name: str, value: str, before: str, after: str) -> None:
    made = masked({name: value, "stage": f"{before} {value} {after}", "deep": [{"x": value.lower()}]})
    assert not any(value in text for text in (made[name], made["stage"], made["deep"][0]["x"]))
    assert value.lower() not in made["deep"][0]["x"]
    assert made[name] != value
    assert all(old != new for old, new in zip(value, made[name], strict=False) if old.isascii())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60)
@given(ANYTHING)
def test_any_record_can_be_masked_and_its_shape_stays(data: Any) -> None:
    made = masked({"a": data, "name": data})
    assert masked({"a": data, "name": data}) == made  # the same again
    assert type(made["a"]) is type(data)
    json.dumps(made)


def test_only_what_mappings_read_can_be_asked_for() -> None:
    assert only(PERSON, {"Id", "Account.BillingCountry", "Contacts.Email"}) == {
        "Id": PERSON["Id"],
        "Account": {"BillingCountry": "Germany"},
        "Contacts": [{"Email": "zoe.meyer@mueller.example"}],
    }
    assert only(PERSON, {"Account"})["Account"] == PERSON["Account"]
