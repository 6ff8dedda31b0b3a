"""Writing into a real Tryton: exact, once, and no good record held up by a bad one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billsync.connector import Absent, Applied, Found, Mismatch, Refused, TryLater, Unclear, Unfinished
from billsync_connectors.tryton import Tryton, posting
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import Relay, applied, invoice, party, product

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def in_tryton(sandbox: TrytonSandbox, tag: str) -> list[dict[str, Any]]:
    return [row for row in sandbox.invoices() if (row["reference"] or "").startswith(tag)]


def test_an_invoice_stands_in_the_books_to_the_cent(connect: Connect, tryton_sandbox: TrytonSandbox, tag: str) -> None:
    erp = connect()
    customer, seat = party(erp, tag), product(erp, tag)
    intent = invoice(
        f"{tag}-1", customer, line={"product": seat, "quantity": Decimal(3)}, invoice_date=date(2017, 3, 5)
    )
    [outcome] = erp.write("invoice", [intent])
    assert isinstance(outcome, Applied)
    assert outcome.echo["number"].startswith("2017-")
    [row] = in_tryton(tryton_sandbox, tag)
    assert (row["total_amount"], row["tax_amount"], row["untaxed_amount"]) == (
        Decimal("71.36"),
        Decimal("11.39"),
        Decimal("59.97"),
    )
    assert (row["state"], row["currency"], row["party"], row["lines"]) == ("posted", "USD", f"{tag}-C", 1)
    assert row["invoice_date"] == date(2017, 3, 5)
    applied(erp.write("invoice", [invoice(f"{tag}-2", customer)]))
    with tryton_sandbox.rpc() as rpc:
        assert rpc.find("res.user.warning", []) == [], "no acknowledgement outlives its call"
        due = rpc.find(
            "account.move.line", [["move.origin.reference", "=", f"{tag}-1", "account.invoice"]], "maturity_date"
        )
    assert [row["maturity_date"] for row in due if row["maturity_date"]] == [date(2017, 4, 4)]


def test_fractions_and_cents_are_kept(connect: Connect, tag: str) -> None:
    erp = connect()
    seat = product(erp, tag)
    line = {"product": seat, "quantity": "2.5", "unit_price": "0.0333", "tax_rate": "0", "tax_code": "NT"}
    [outcome] = erp.write("invoice", [replace(invoice(f"{tag}-1", party(erp, tag), line=line), expect=None)])
    assert isinstance(outcome, Applied)
    assert (outcome.echo["total"], outcome.echo["tax"]) == (Decimal("0.08"), Decimal(0))


def test_the_same_intent_twice_is_one_record(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    assert erp.probe("invoice", [f"{tag}-1"]) == [Absent()]
    [first] = applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    [found, other] = erp.probe("invoice", [f"{tag}-1", f"{tag}-2"])
    assert isinstance(found, Found)
    assert (found.remote_ids, found.complete, found.echo["total"]) == ((first,), True, Decimal("71.36"))
    assert other == Absent()
    again = replace(invoice(f"{tag}-1", customer), remote_id=first)
    assert applied(erp.write("invoice", [again])) == [first]
    assert erp.probe("party", [f"{tag}-C", "nobody"]) == [Found((customer,)), Absent()]
    [double] = erp.write("party", [replace(invoice(f"{tag}-C", ""), object="party", payload={"name": "Acme"})])
    assert isinstance(double, Refused)
    assert double.reason == "duplicate"


def test_f31_the_reply_is_lost_after_the_drafts_were_made(
    connect: Connect, relay: Relay, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect(url=relay.url)
    customer = party(erp, tag)
    intents = [invoice(f"{tag}-{number}", customer) for number in (1, 2)]
    relay.lose = {"model.account.invoice.create"}
    assert [type(outcome) for outcome in erp.write("invoice", intents)] == [Unclear, Unclear]
    assert relay.calls("model.account.invoice.create") == 1
    relay.lose = set()
    found = erp.probe("invoice", [intent.key for intent in intents])
    ids = [probe.remote_ids for probe in found if isinstance(probe, Found) and not probe.complete]
    assert len(ids) == 2
    resumed = [replace(intent, remote_id=record) for intent, (record,) in zip(intents, ids, strict=True)]
    applied(erp.write("invoice", resumed))
    assert [row["state"] for row in in_tryton(tryton_sandbox, tag)] == ["posted", "posted"]


def test_f31_the_reply_to_posting_is_lost(connect: Connect, relay: Relay, tag: str) -> None:
    erp = connect(url=relay.url)
    customer = party(erp, tag)
    relay.lose = {"model.account.invoice.post"}
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", customer)])
    assert isinstance(outcome, Applied), "Tryton was asked what became of it"
    assert relay.calls("model.account.invoice.post") == 1


def test_busy_tryton_proves_that_nothing_happened(connect: Connect, relay: Relay, tag: str) -> None:
    erp = connect(url=relay.url)
    customer = party(erp, tag)
    relay.fail = {"model.account.invoice.create"}
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", customer)])
    assert isinstance(outcome, TryLater)
    relay.fail = {"model.account.invoice.post"}
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", customer)])
    assert isinstance(outcome, Unfinished)
    relay.fail = set()
    applied(erp.write("invoice", [replace(invoice(f"{tag}-1", customer), remote_id=outcome.remote_id)]))


def test_a_refused_batch_is_halved_until_the_good_ones_are_through(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    intents = [invoice(f"{tag}-{number}", customer) for number in range(7)]
    intents[2] = invoice(f"{tag}-2", customer, line={"unit_price": "19.999999"})
    intents[4] = invoice(f"{tag}-4", customer, line={"tax_rate": "0.123"})
    intents[5] = invoice(f"{tag}-5", "999999")
    outcomes = erp.write("invoice", intents)
    applied([outcome for index, outcome in enumerate(outcomes) if index not in {2, 4, 5}])
    refused = [outcome for index, outcome in enumerate(outcomes) if index in {2, 4, 5}]
    assert [type(outcome) for outcome in refused] == [Refused] * 3
    messages = [str(outcome) for outcome in refused]
    assert "decimal" in messages[0] or "digits" in messages[0]
    assert "12.3 %" in messages[1]
    assert "999999" in messages[2]


def test_a_draft_that_differs_is_not_posted(connect: Connect, tryton_sandbox: TrytonSandbox, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    outcomes = erp.write("invoice", [invoice(f"{tag}-1", customer, total="71.37"), invoice(f"{tag}-2", customer)])
    assert isinstance(outcomes[0], Mismatch)
    assert "total is 71.36 there, 71.37 here" in outcomes[0].message
    applied(outcomes[1:])
    assert {row["reference"]: row["state"] for row in in_tryton(tryton_sandbox, tag)} == {
        f"{tag}-1": "draft",
        f"{tag}-2": "posted",
    }


def test_a_closed_period_is_refused_and_nothing_is_left(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    with tryton_sandbox.rpc() as rpc:
        period = rpc.one("account.period", [["start_date", "=", date(2019, 1, 1)]])["id"]
        rpc.call("model.account.period.close", [period])
    customer = party(erp, tag)
    intents = [invoice(f"{tag}-1", customer, day="2019-01-15"), invoice(f"{tag}-2", customer, day="2019-02-15")]
    outcomes = erp.write("invoice", intents)
    assert isinstance(outcomes[0], Refused)
    assert outcomes[0].reason == "period_closed", outcomes[0].message
    applied(outcomes[1:])
    assert [row["reference"] for row in in_tryton(tryton_sandbox, tag)] == [f"{tag}-2"]


def test_numbers_follow_the_dates(connect: Connect, tag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    erp = connect()
    customer = party(erp, tag)
    days = {"1": "2018-05-20", "2": "2018-04-20", "3": "2018-05-19"}
    monkeypatch.setattr(posting, "GROUP", 1)
    ids = applied(erp.write("invoice", [invoice(f"{tag}-{key}", customer, day=day) for key, day in days.items()]))
    assert len(ids) == 3, "one batch is put in order"
    [late] = erp.write("invoice", [invoice(f"{tag}-4", customer, day="2018-03-01")])
    assert isinstance(late, Refused)
    assert late.reason == "number_order"
    assert erp.probe("invoice", [f"{tag}-4"]) == [Absent()]


def test_two_invoices_of_one_reference_are_both_told(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    ids = applied(erp.write("invoice", [invoice(f"{tag}-1", customer), invoice(f"{tag}-1", customer)]))
    assert erp.probe("invoice", [f"{tag}-1"]) == [Found(tuple(ids))]


def test_another_records_id_is_noticed(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    [record] = applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    [wrong, gone] = erp.write(
        "invoice",
        [
            replace(invoice(f"{tag}-2", customer), remote_id=record),
            replace(invoice(f"{tag}-3", customer), remote_id="999999"),
        ],
    )
    assert isinstance(wrong, Mismatch)
    assert isinstance(gone, Refused)
    assert gone.reason == "gone"


def test_parties_and_products_are_brought_up_to_date(
    connect: Connect, relay: Relay, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect(url=relay.url)
    customer, seat = party(erp, tag), product(erp, tag)
    changed = {"name": "Acme Corporation", "country": "US", "city": "Springfield"}
    intent = replace(invoice(f"{tag}-C", ""), object="party", payload=changed, remote_id=customer)
    assert applied(erp.write("party", [intent])) == [customer]
    assert applied(erp.write("party", [intent])) == [customer]
    assert relay.calls("model.party.party.write") == 1, "what is equal is not written"
    named = replace(intent, key=f"{tag}-P", object="product", payload={"name": "Chair"}, remote_id=seat)
    assert applied(erp.write("product", [named])) == [seat]
    with tryton_sandbox.rpc() as rpc:
        [row] = rpc.find("party.party", [["code", "=", f"{tag}-C"]], "name", "addresses")
        [address] = rpc.find("party.address", [["id", "in", row["addresses"]]], "city", "country.code")
        [chair] = rpc.find("product.product", [["code", "=", f"{tag}-P"]], "name")
    assert (row["name"], address["city"], address["country."]["code"]) == ("Acme Corporation", "Springfield", "US")
    assert chair["name"] == "Chair"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"lines": []}, "lines"),
        ({"invoice_date": "5.3.2017"}, "invoice_date"),
        ({"line": {"quantity": None}}, "lines"),
        ({"line": {"unit_price": "1e3"}}, "unit_price"),
        ({"reference": "other"}, "reference"),
        ({"line": {"product": "999999"}}, "product"),
    ],
)
def test_bad_payloads_are_refused_with_their_field(
    connect: Connect, tag: str, changes: dict[str, Any], field: str
) -> None:
    erp = connect()
    [outcome] = erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag), **changes)])
    assert isinstance(outcome, Refused)
    assert outcome.field == field
