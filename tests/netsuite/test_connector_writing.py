"""Documents go there once, as they were meant, and are compared when they stand there."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Applied, Expectation, Intent, Mismatch, Refused, Unfinished
from billsync_connectors.netsuite.connector import NetSuite
from tests.netsuite.connecting import (
    DAY,
    connect,
    credit,
    customer,
    done,
    found,
    invoice,
    line,
    living,
    party,
    payment,
    taken_back,
    told,
    write,
)
from tests.netsuite.stand_in import StandIn

BY_HAND = {"item": {"id": "98"}, "rate": 10, "quantity": 1, "taxCode": {"id": "2"}}


@pytest.fixture
def there(account: StandIn) -> StandIn:
    """Each line has its tax code; everything is said in German."""
    account.set(nexus="other", language="de")
    return account


@pytest.fixture
def erp(there: StandIn) -> NetSuite:
    return connect(there)


def test_the_same_intent_twice_is_one_invoice_and_what_people_changed_stays(there: StandIn, erp: NetSuite) -> None:
    intent = invoice(party(erp), memo='Jahr "2026" \U0001f600 \\ O\'Neil')
    id = done(erp, intent)
    there.human("update", "invoice", id, otherRefNum="PO 17")
    assert (done(erp, intent), done(connect(there), intent), done(erp, replace(intent, remote_id=id))) == (id, id, id)
    (row,) = living(there, "invoice").values()
    assert (row["otherRefNum"], row["memo"], len(row["item"])) == ("PO 17", 'Jahr "2026" \U0001f600 \\ O\'Neil', 1)
    assert (row["total"], row["taxTotal"], row["tranId"], row["externalId"]) == (120, 20, "INV-1", "INV-1")


def test_a_thousand_lines_and_none(erp: NetSuite) -> None:
    buyer = party(erp)
    lines = [line("0.01", rate="0") for _ in range(1000)]
    expect = Expectation(Decimal("10.00"), Decimal(0), "EUR", 1000, DAY)
    (outcome,) = write(erp, invoice(buyer, "INV-2", *lines, expect=expect))
    assert isinstance(outcome, Applied)
    assert outcome.echo["lines"] == 1000
    (none,) = write(erp, invoice(buyer, "INV-3", item={"items": []}))
    assert told(none) == ("Refused", "no_lines")


@pytest.mark.parametrize(
    ("currency", "amount", "outcome"),
    [
        ("JPY", "1000", ("Applied", "")),
        ("EUR", "0.01", ("Applied", "")),
        ("KWD", "1.25", ("Applied", "")),
        ("KWD", "1.255", ("Refused", "too_precise")),  # NetSuite keeps two decimals of dinars: nothing is sent
        ("CHF", "1.00", ("Refused", "unknown_currency")),
    ],
)
def test_currencies_by_their_code(
    there: StandIn, erp: NetSuite, currency: str, amount: str, outcome: tuple[str, str]
) -> None:
    buyer = party(erp, currency="EUR" if currency == "CHF" else currency)
    expect = Expectation(Decimal(amount), Decimal(0), currency, 1, DAY)
    intent = invoice(buyer, "INV-1", line(amount, rate="0"), currency={"id": currency}, expect=expect)
    assert told(write(erp, intent)[0]) == outcome
    assert len(living(there, "invoice")) == (outcome == ("Applied", ""))


def test_an_id_of_another_currency_is_told_before_anything_is_sent(there: StandIn, erp: NetSuite) -> None:
    (outcome,) = write(erp, invoice(party(erp), currency={"id": "1"}))
    assert told(outcome) == ("Refused", "wrong_currency")
    assert not living(there, "invoice")


def test_the_closed_period_is_a_persons_matter_in_every_language(there: StandIn, erp: NetSuite) -> None:
    buyer, closed = party(erp), invoice
    standing = done(erp, invoice(buyer, "INV-0"))
    there.set(closed_through="2026-03-31")
    (outcome,) = write(erp, closed(buyer))
    assert told(outcome) == ("Refused", "period_closed")
    assert told(write(erp, payment("p1", "10", invoice=standing))[0]) == ("Refused", "period_closed")
    assert told(write(erp, taken_back("invoice", "INV-0", standing))[0]) == ("Refused", "period_closed")
    assert done(erp, invoice(buyer, "INV-0")) == standing  # what stands there is not written again


@pytest.mark.parametrize("code", ["USER_ERROR", "DUP_RCRD"])
def test_a_number_of_somebody_else_is_told_one_of_ours_is_ours(there: StandIn, erp: NetSuite, code: str) -> None:
    there.set(duplicate_code=code)
    buyer = party(erp)
    there.human("create", "invoice", entity={"id": buyer}, tranId="INV-1", item={"items": [BY_HAND]})
    assert told(write(erp, invoice(buyer))[0]) == ("Refused", "number_taken")
    there.set(index_lag_s=3600)  # SuiteQL does not show yet what stands there
    id = done(erp, invoice(buyer, "INV-2"))
    assert done(erp, invoice(buyer, "INV-2")) == id
    assert len(living(there, "invoice")) == 1


def test_keys_of_several_kinds_do_not_clash(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp, "17")
    first = done(erp, invoice(buyer, "17"))
    done(erp, credit(buyer, "17"))
    done(erp, payment("17", "5.00", invoice=first))
    done(erp, payment("stripe:ch_1/2 ~", "5.00", invoice=first))
    assert set(living(there, "customerPayment")) == {"payment--17", "payment--stripe~3Ach_1~2F2~20~7E"}
    assert found(erp, "payment", "stripe:ch_1/2 ~").remote_ids
    assert {page[0].reference for page in erp.standing("invoice")} == {"17"}
    assert told(write(erp, invoice(buyer, "payment--17"))[0]) == ("Refused", "bad_key")


def test_what_netsuite_makes_of_it_is_compared(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    there.set(tax_skew="0.01")
    (outcome,) = write(erp, invoice(buyer))
    assert isinstance(outcome, Mismatch)
    assert "total is 120.01 there, 120.00 here, tax is 20.01 there, 20.00 here" in outcome.message
    there.set(tax_skew="0", numbers="assigned")
    (outcome,) = write(erp, invoice(buyer, "INV-2"))
    assert isinstance(outcome, Mismatch)
    assert "number is INV101 there, INV-2 here" in outcome.message


def test_a_misspelt_name_is_refused_not_dropped(there: StandIn, erp: NetSuite) -> None:
    outcomes = write(erp, invoice(party(erp), customMemo="x"), invoice(party(erp), "INV-2", line(custcol_none="x")))
    assert [(told(outcome), getattr(outcome, "field", "")) for outcome in outcomes] == [
        (("Refused", "unknown_field"), "customMemo"),
        (("Refused", "unknown_field"), "custcol_none"),
    ]
    done(erp, invoice(party(erp), "INV-3", custbody_deal_id="D-1"))
    assert living(there, "invoice")["INV-3"]["custbody_deal_id"] == "D-1"


def test_of_a_batch_each_has_its_own_outcome(there: StandIn, erp: NetSuite) -> None:
    active, asleep = party(erp), party(erp, "asleep")
    there.human("deactivate", "customer", asleep)
    there.fault("changed", method="PUT", skip=2)
    outcomes = write(
        erp, invoice(active), invoice(asleep, "INV-2"), invoice(active, "INV-3"), invoice("99999", "INV-4")
    )
    assert [told(outcome) for outcome in outcomes] == [
        ("Applied", ""), ("Refused", "inactive_customer"), ("Applied", ""), ("Refused", "user_error"),
    ]  # fmt: skip
    assert sorted(living(there, "invoice")) == ["INV-1", "INV-3"]


def test_too_many_at_once_ends_a_batch_without_a_further_request(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    there.fault("throttle", method="PUT", skip=1)
    there.admin("DELETE", "log")
    outcomes = write(erp, invoice(buyer), invoice(buyer, "INV-2"), invoice(buyer, "INV-3"))
    assert [told(outcome) for outcome in outcomes] == [("Applied", "")] + [("TryLater", "rate_limited")] * 2
    assert len([row for row in there.admin("GET", "log")["requests"] if row["method"] == "PUT"]) == 2


# ---------------------------------------------------------------- tax


def test_a_tax_code_is_named_configured_or_the_only_one_of_its_rate(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    lines = [line(rate="0.07"), line(taxCode={"id": "4"}), line(rate="0", taxCode={"id": "-7"}), line(rate="0")]
    own = connect(there, tax_codes={"GB20": "2", "none": "4"})
    done(own, invoice(buyer, "INV-1", *lines, line(tax_code="GB20", rate="0.2"), expect=None))
    codes = [row["taxCode"]["id"] for row in living(there, "invoice")["INV-1"]["item"]]
    assert codes == ["3", "4", "-7", "4", "2"]
    (outcome,) = write(erp, invoice(buyer, "INV-2", line(tax_code="DE19", rate="0.19")))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, "tax_codes: {DE19: ID}" in outcome.message) == ("unknown_tax", True)
    there.set(tax_rate="20")  # then two codes have this rate
    assert told(write(connect(there), invoice(buyer, "INV-3"))[0]) == ("Refused", "unknown_tax")


def test_one_tax_of_the_document(there: StandIn) -> None:
    there.set(nexus="US")
    erp = connect(there, tax_on="document")
    buyer, expect = party(erp), Expectation(Decimal("208.25"), Decimal("8.25"), "EUR", 2, DAY)
    done(erp, invoice(buyer, "INV-1", line(rate="0.0825"), line(rate="0"), expect=expect))
    mixed = invoice(buyer, "INV-2", line(rate="0.0825"), line(rate="0.2"))
    assert told(write(erp, mixed)[0]) == ("Refused", "unknown_tax")


# ---------------------------------------------------------------- credits, payments, voids


def test_a_credit_is_applied_as_far_as_the_invoice_is_open(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    id = done(erp, invoice(buyer))
    done(erp, payment("p1", "100.00", invoice=id))
    intent = credit(buyer, invoice=id)
    memo = done(erp, intent)
    assert done(erp, intent) == memo
    row = there.truth("creditMemo")[memo]
    assert (row["applied"], row["unapplied"], there.truth("invoice")[id]["amountRemaining"]) == (20, 100, 0)


def test_a_credit_that_stopped_before_it_was_applied_is_finished(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    id = done(erp, invoice(buyer))
    for number, fault in enumerate(("dropped", "lost"), 1):
        there.fault(fault, method="PATCH")
        intent = credit(buyer, f"CN-{number}", line("50.00", rate="0"), invoice=id, expect=None)
        (outcome,) = write(erp, intent)
        assert isinstance(outcome, Unfinished)
        assert outcome.reason == "connection_lost"
        done(erp, replace(intent, remote_id=outcome.remote_id))
    assert [row["applied"] for row in living(there, "creditMemo").values()] == [50, 50]


def test_an_overpayment_stays_with_the_customer(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    id = done(erp, invoice(buyer))
    paid = done(erp, payment("p1", "150.00", invoice=id))
    done(erp, payment("p2", "5.00", customer={"id": buyer}, currency={"id": "EUR"}))
    row = there.truth("customerPayment")[paid]
    assert (row["customer"]["id"], row["applied"], row["unapplied"], row["undepFunds"]) == (buyer, 120, 30, True)
    assert [told(outcome) for outcome in write(erp, payment("p3", "5"), payment("p4", "5", invoice="99"))] == [
        ("Refused", "missing_value"), ("Refused", "unknown_invoice"),
    ]  # fmt: skip


def test_what_was_paid_meanwhile_is_looked_at_again(there: StandIn, erp: NetSuite) -> None:
    buyer = party(erp)
    id = done(erp, invoice(buyer))
    apply = {"items": [{"doc": {"id": id}, "amount": 100}]}

    def late(*_given: Any, **_more: Any) -> str:
        """Somebody books a payment between our look at the invoice and our request."""
        erp.session.put = put  # type: ignore[method-assign]
        there.human("create", "customerPayment", customer={"id": buyer}, payment=100, apply=apply)
        return put(*_given, **_more)

    put = erp.session.put
    erp.session.put = late  # type: ignore[method-assign]
    mine = done(erp, payment("p1", "120.00", invoice=id))
    assert there.truth("customerPayment")[mine]["applied"] == 20


@pytest.mark.parametrize("how", ["script", "zero"])
def test_voids_once_and_not_what_is_paid(there: StandIn, how: str) -> None:
    erp = connect(there, void=how)
    buyer = party(erp)
    id = done(erp, invoice(buyer))
    paid, memo = done(erp, payment("p1", "20.00", invoice=id)), done(erp, credit(buyer, invoice=id))
    assert told(write(erp, taken_back("invoice", "INV-1", id))[0]) == ("Refused", "paid")
    for intent in (
        taken_back("payment", "p1", paid),
        taken_back("credit_memo", "CN-1", memo),
        taken_back("invoice", "INV-1", id),
    ):
        outcomes = [write(erp, intent)[0] for _ in range(2)]
        assert [told(outcome) for outcome in outcomes] == [("Applied", "")] * 2
        assert found(erp, intent.object, intent.key).echo["state"] == "void"
    assert told(write(erp, invoice(buyer))[0]) == ("Refused", "voided")
    assert there.truth("customer")[buyer]["balance"] == 0
    assert told(write(erp, taken_back("invoice", "INV-9", id))[0]) == ("Refused", "other_reference")


def test_without_the_script_it_says_what_to_do(there: StandIn) -> None:
    erp = connect(there, void_script="customscript_none")
    id = done(erp, invoice(party(erp)))
    (outcome,) = write(erp, taken_back("invoice", "INV-1", id))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, "void: zero" in outcome.message) == ("no_void_script", True)


# ---------------------------------------------------------------- customers and items


def test_a_customer_of_the_same_name_is_never_taken_for_ours(there: StandIn, erp: NetSuite) -> None:
    theirs = there.human("create", "customer", companyName="Acme GmbH", subsidiary={"id": "1"})
    (outcome,) = write(erp, customer("acme", name="Acme GmbH"))
    assert isinstance(outcome, Refused)
    assert (outcome.reason, f"customer {theirs}" in outcome.message) == ("name_taken", True)
    there.human("update", "customer", theirs, externalId="acme")  # a person says that it is the same
    assert done(erp, Intent("acme", "customer", {"companyName": "Acme GmbH", "email": "ap@acme.test"})) == theirs
    assert there.truth("customer")[theirs]["email"] == "ap@acme.test"


def test_what_people_add_to_a_customer_stays(there: StandIn, erp: NetSuite) -> None:
    def at(street: str, *, billing: bool = True) -> dict[str, Any]:
        return {"defaultBilling": billing, "addressBookAddress": {"addr1": street, "country": {"id": "DE"}}}

    id = done(erp, customer(addressBook={"items": [at("A 1")]}))
    both = {"items": [at("A 1"), at("Works 7", billing=False)]}
    there.human("update", "customer", id, phone="+49 30 1", addressBook=both)
    done(erp, customer(addressBook={"items": [at("A 1")]}, email="x@y.test"))
    assert len(there.truth("customer")[id]["addressBook"]) == 2
    done(erp, customer(addressBook={"items": [at("B 2")]}))
    row = there.truth("customer")[id]
    assert [each["addressBookAddress"]["addr1"] for each in row["addressBook"]] == ["B 2", "Works 7"]
    assert (row["phone"], row["email"], row["companyName"]) == ("+49 30 1", "x@y.test", "acme GmbH")


def test_items_and_the_subsidiary(there: StandIn, erp: NetSuite) -> None:
    sold = [Intent("GTX Pro", "item", {"itemId": "GTX Pro", "displayName": "GTX"})] * 2
    assert [told(outcome) for outcome in write(connect(there, income_account="3"), *sold)] == [("Applied", "")] * 2
    assert living(there, "serviceSaleItem")["GTX~20Pro"]["incomeAccount"]["id"] == "3"
    assert found(erp, "item", "GTX Pro").remote_ids
    assert told(write(connect(there, subsidiary=""), customer("x"))[0]) == ("Refused", "missing_setting")
    there.human("deactivate", "customer", party(erp))
    assert told(write(erp, customer(email="a@b.test"))[0]) == ("Refused", "inactive")


def test_a_document_on_trial_leaves_nothing(there: StandIn, erp: NetSuite) -> None:
    intent = replace(invoice(party(erp)), payload={**invoice(party(erp)).payload, "tranId": None})
    trial = erp.trial("invoice", intent)
    assert (trial.echo["total"], trial.echo["on"], trial.left) == (120, date(2026, 3, 5), "")
    assert not living(there, "invoice")
    told_books = erp.books()
    assert [choice.id for choice in told_books.accounts if choice.kind == "bank"] == ["1"]
    assert {choice.id: choice.rate for choice in told_books.taxes}["2"] == Decimal("0.2")
