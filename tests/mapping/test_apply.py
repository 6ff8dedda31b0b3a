"""Records through a mapping, both ways: every problem at once, each at the record's own field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.mapping import Mapped, record_of
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.period import Period
from tests.mapping.make import apply, itself, mapping, product

DEAL = """\
mapping: crm.opp
version: 1
from: crm.Opp
to: deal
when: "Stage = 'Won'"
key: Id
fields:
  id: {from: Id}
  customer: {ref: crm.Account, from: Account.Id}
  currency: {from: Currency}
  signed_on: {from: Close, as: date}
  lines:
    each: Items.records
    when: "NOT BLANK(Sku)"
    key: Id
    fields:
      id: {from: Id}
      product: {from: Sku}
      quantity: {from: Qty, as: decimal}
      unit_amount: {expr: "ROUND(Price * $.Factor, 2)"}
      every:
        when: "Months <> 0"
        fields:
          months: {from: Months, as: integer}
      model: {case: [{when: "Months > 0", then: recurring}, {else: one_time}]}
"""


def opportunity(**changes: Any) -> dict[str, Any]:
    item = {"Id": "i1", "Sku": "SEAT", "Qty": "3", "Price": Decimal("1.005"), "Months": 1}
    record = {
        "Id": "o1", "Stage": "Won", "Account": {"Id": "a1"}, "Currency": "EUR", "Close": "2026-01-31", "Factor": 1,
        "Items": {"records": [item]},
    }  # fmt: skip
    return {**record, **changes}


def told(mapped: Mapped) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.place.field) for problem in mapped.problems]


def test_a_record_becomes_a_canonical_document() -> None:
    mapped = apply(DEAL, opportunity(), lambda name, id: f"{name}/{id}")
    assert mapped.problems == ()
    assert mapped.key == "o1"
    assert mapped.refs == (("crm.Account", "a1"),)
    assert isinstance(mapped.noun, Deal)
    assert mapped.noun.customer == "crm.Account/a1"
    assert mapped.noun.lines[0].unit_amount == Decimal("1.01")
    assert mapped.noun.lines[0].every is not None
    assert list(mapped.doc or {}) == ["id", "customer", "currency", "signed_on", "lines"]


@pytest.mark.parametrize(
    ("items", "ids"),
    [
        ({"records": []}, []),
        (None, []),
        ({"records": {"Id": "i1", "Sku": "A", "Qty": "1", "Price": 1, "Months": 0}}, ["i1"]),
        ({"records": [{"Id": n, "Sku": "A", "Qty": "1", "Price": 1, "Months": 0} for n in (1, 2)]}, ["1", "2"]),
        ({"records": [{"Sku": "", "Qty": "x"}, {"Id": "i2", "Sku": "A", "Qty": "1", "Price": 1, "Months": 0}]}, ["i2"]),
    ],
)  # fmt: skip
def test_none_one_or_many_is_always_a_list(items: Any, ids: list[str]) -> None:
    text = DEAL.replace("      id: {from: Id}", "      id: {from: Id, as: text}")
    mapped = apply(text, opportunity(Items=items))
    assert mapped.problems == ()
    assert [line["id"] for line in (mapped.doc or {})["lines"]] == ids


def test_a_record_that_the_mapping_is_not_for_is_skipped_whatever_else_is_wrong_with_it() -> None:
    mapped = apply(DEAL, opportunity(Stage="Lost", Close="never", Id=""))
    assert (mapped.skipped, mapped.doc, mapped.problems) == (True, None, ())


def test_every_problem_of_a_record_is_told_at_its_own_field() -> None:
    items = [
        {"Id": "i1", "Sku": "A", "Qty": "many", "Price": Decimal(1), "Months": 0},
        {"Id": "i2", "Sku": 7, "Qty": "1", "Price": "1.00", "Months": 0},
        {"Id": "i2", "Sku": "A", "Qty": "1", "Price": Decimal(1), "Months": "1"},
    ]
    record = opportunity(Close="31.01.2026", Currency="EURO", Items={"records": items})
    mapped = apply(DEAL, record, lambda _name, _id: None)
    assert (mapped.doc, mapped.noun) == (None, None)
    assert told(mapped) == [
        ("MAP-REF-01", "Account.Id"),
        ("MAP-VALUE-01", "Close"),
        ("MAP-VALUE-01", "Items.records[0].Qty"),
        ("MAP-VALUE-02", "lines[1].unit_amount"),
        ("MAP-KEY-01", "Items.records[2].Id"),
        ("MAP-DOC-01", "Currency"),
        ("MAP-DOC-01", "Items.records[1].Sku"),
    ]
    messages = [problem.message for problem in mapped.problems]
    assert messages[0] == "customer: crm.Account 'a1' is not known (yet)"
    assert "expected a number, got the text '1.00'" in messages[3]
    assert "write VALUE" in mapped.problems[3].hint
    assert "m.yaml:20:34" in mapped.problems[3].hint  # the very token of the formula
    assert "unknown currency 'EURO'" in messages[5]
    assert "expected text, got 7" in messages[6]


def test_what_the_document_needs_and_the_record_does_not_have_is_told_with_the_nearest_name() -> None:
    record = opportunity()
    record["Curency"] = record.pop("Currency")
    (problem,) = apply(DEAL, record).problems
    assert (problem.code, problem.place.field) == ("MAP-DOC-02", "Currency")
    assert "the record has no field Currency" in problem.message
    assert problem.hint == "did you mean 'Curency'?; mapped by m.yaml:10:3"
    (problem,) = apply(DEAL, opportunity(Currency=" ")).problems
    assert "Currency is blank" in problem.message


def test_an_entry_of_which_something_is_missing_is_told_by_its_position_in_the_record() -> None:
    items = [{"Id": "i0", "Sku": ""}, {"Id": "i1", "Sku": "A", "Price": 1, "Months": 0}]
    mapped = apply(DEAL, opportunity(Items={"records": items}))
    assert told(mapped) == [("MAP-DOC-02", "Items.records[1].Qty")]


def test_a_fault_of_the_whole_document_is_told_once_its_fields_are_right() -> None:
    text = DEAL.replace(
        "months: {from: Months, as: integer}",
        "months: {from: Months, as: integer}\n          years: {const: 1, as: integer}",
    )
    mapped = apply(text, opportunity())
    assert [problem.code for problem in mapped.problems] == ["MAP-DOC-01"]
    assert "exactly one of days, weeks, months" in mapped.problems[0].message


def test_a_condition_that_cannot_be_decided_holds_the_record_back() -> None:
    mapped = apply(DEAL.replace("Stage = 'Won'", "Stage = 1"), opportunity())
    assert told(mapped) == [("MAP-VALUE-02", None)]
    assert "m.yaml:5:14" in mapped.problems[0].hint


@pytest.mark.parametrize(("key", "code"), [("", 2), (None, 2), (True, 2), (["a"], 2)])
def test_a_record_without_a_key_is_told(key: Any, code: int) -> None:
    mapped = apply(product(), {"Id": key})
    assert mapped.problems[0].code == "MAP-KEY-01"
    assert len(mapped.problems) == code
    assert mapped.key == ""


def test_an_object_without_any_value_is_left_out() -> None:
    text = (
        "mapping: m\nversion: 1\nfrom: crm.A\nto: customer\nkey: Id\nfields:\n  id: {from: Id}\n  name: {from: Id}\n"
        "  billing_address: {fields: {street: {from: Street}, city: {from: City}}}\n"
        "  contacts: {each: Mails, fields: {email: {from: '@'}}}\n"
    )
    mapped = apply(text, {"Id": "1", "Street": " ", "City": None, "Mails": ["a@b.c", "d@e.f"]})
    assert isinstance(mapped.noun, Customer)
    assert mapped.noun.billing_address is None
    assert [contact.email for contact in mapped.noun.contacts] == ["a@b.c", "d@e.f"]


# ---------------------------------------------------------------- outbound

PARTY = """\
mapping: erp.invoice
version: 1
from: customer
to: erp.party
key: id
fields:
  name: {from: name}
  parent: {ref: customer, from: parent}
  terms: {from: payment_terms_days}
  mails:
    each: contacts
    when: "role = 'billing'"
    fields: {mail: {from: email}, of: {from: $.name}}
"""


def test_a_canonical_document_becomes_a_payload_with_symbolic_references() -> None:
    def never(name: str, id: str) -> str | None:
        raise AssertionError(f"{name}/{id} was resolved before it exists")

    customer = Customer.model_validate(
        {"id": "c1", "name": "Acme", "parent": "c0", "payment_terms_days": 30,
         "contacts": [{"email": "a@b.c"}, {"email": "d@e.f", "role": "legal"}]}
    )  # fmt: skip
    mapped = mapping(PARTY).apply(record_of("customer", customer, "c1"), never)
    assert mapped.doc == {
        "name": "Acme", "parent": {"$ref": "customer/c0"}, "terms": 30, "mails": [{"mail": "a@b.c", "of": "Acme"}],
    }  # fmt: skip
    assert (mapped.key, mapped.refs, mapped.noun) == ("c1", (("customer", "c0"),), None)


def test_a_document_keeps_its_decimals_and_days_on_the_way_out() -> None:
    text = (
        "mapping: m\nversion: 1\nfrom: deal\nto: erp.order\nkey: id\nfields:\n  on: {from: signed_on}\n"
        "  total: {expr: \"SUM(lines.unit_amount) * 2\"}\n  name: {expr: \"id & TEXT(signed_on, 'YYYY')\"}\n"
    )  # fmt: skip
    deal = Deal.model_validate(
        {"id": "d", "customer": "c", "currency": "EUR", "signed_on": "2026-01-31",
         "lines": [{"id": "1", "product": "p", "quantity": "1", "unit_amount": "0.10"}]}
    )  # fmt: skip
    doc = mapping(text).apply(record_of("deal", deal, "d"), itself).doc
    assert doc == {"on": date(2026, 1, 31), "total": Decimal("0.20"), "name": "d2026"}


def test_a_period_is_an_object_with_start_and_end() -> None:
    assert Period(date(2026, 1, 1), date(2026, 2, 1)).days == 31
    text = "mapping: m\nversion: 1\nfrom: invoice\nto: erp.i\nkey: id\nfields:\n  a: {from: window.start}\n"
    invoice = {"id": "i", "window": {"start": date(2026, 1, 1), "end": date(2026, 2, 1)}}
    assert apply(text, invoice).doc == {"a": date(2026, 1, 1)}
