"""What stands in a real Tryton, and taking it back: edits, doubles and cancellations made there behind our back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billsync.connector import Applied, Found, Intent, Refused, Standing, Unclear
from billsync_connectors.tryton import Tryton
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import Relay, applied, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def standing(erp: Tryton, tag: str, object: str = "invoice") -> list[Standing]:
    found = [item for page in erp.standing(object) for item in page]
    return [item for item in found if (item.applies_to or item.reference).startswith(tag)]


@contextmanager
def cancelling(sandbox: TrytonSandbox, *, allowed: bool) -> Iterator[None]:
    """The company's own setting."""
    with sandbox.rpc() as rpc:
        company = rpc.one("company.company", [], "cancel_invoice_out")
        rpc.call("model.company.company.write", [company["id"]], {"cancel_invoice_out": allowed})
        yield
        was = {"cancel_invoice_out": company["cancel_invoice_out"]}
        rpc.call("model.company.company.write", [company["id"]], was)


def taking_back(key: str, id: str) -> Intent:
    return Intent(key, "invoice", {}, remote_id=id, void=True)


def test_invoices_and_payments_stand_there_in_our_words(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    customer = party(erp, tag)
    first, second = applied(erp.write("invoice", [invoice(f"{tag}-{n}", customer) for n in (1, 2)]))
    tryton_sandbox.pay(f"{tag}-2", Decimal(20), date(2017, 5, 1), "transfer")
    sent, partly = standing(erp, tag)
    assert replace(sent, number=None) == Standing(
        first, f"{tag}-1", "USD", Decimal("71.36"), customer=customer, tax=Decimal("11.39"), open=Decimal("71.36"),
        on=date(2017, 3, 5), due_on=date(2017, 4, 4), lines=1, state="sent",
    )  # fmt: skip
    assert (partly.id, partly.open, partly.state) == (second, Decimal("51.36"), "partly_paid")
    [paid] = standing(erp, tag, "payment")
    assert (paid.applies_to, paid.total, paid.currency, paid.on) == (f"{tag}-2", Decimal(20), "USD", date(2017, 5, 1))
    assert sent.number is not None


def test_an_invoice_is_cancelled_once_and_says_so(connect: Connect, tryton_sandbox: TrytonSandbox, tag: str) -> None:
    erp = connect()
    [id] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    with cancelling(tryton_sandbox, allowed=True):
        assert erp.write("invoice", [taking_back(f"{tag}-1", id)]) == [Applied(id, {"state": "void"})]
    [item] = standing(erp, tag)
    assert (item.state, item.open) == ("void", Decimal(0))
    assert erp.write("invoice", [taking_back(f"{tag}-1", id)]) == [Applied(id, {"state": "void"})]


def test_a_company_that_does_not_cancel_refuses_with_what_to_do(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    [id] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    with cancelling(tryton_sandbox, allowed=False):
        [outcome] = erp.write("invoice", [taking_back(f"{tag}-1", id)])
    assert isinstance(outcome, Refused)
    assert "Cancel Customer Invoice" in outcome.message
    assert standing(erp, tag)[0].state == "sent"


def test_what_is_paid_or_carries_another_reference_is_left_alone(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    customer = party(erp, tag)
    first, second = applied(erp.write("invoice", [invoice(f"{tag}-{n}", customer) for n in (1, 2)]))
    tryton_sandbox.pay(f"{tag}-1", Decimal(20), date(2017, 5, 1), "transfer")
    with cancelling(tryton_sandbox, allowed=True):
        wrong = [taking_back(f"{tag}-1", first), taking_back(f"{tag}-9", second), taking_back(f"{tag}-9", "99999999")]
        outcomes = erp.write("invoice", wrong)
    assert [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)] == [
        "paid",
        "other_reference",
        "gone",
    ]


def test_f31_the_reply_to_a_cancellation_is_lost(
    connect: Connect, relay: Relay, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect(url=relay.url)
    [id] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    with cancelling(tryton_sandbox, allowed=True):
        relay.lose = {"model.account.invoice.cancel"}
        [lost] = erp.write("invoice", [taking_back(f"{tag}-1", id)])
        assert isinstance(lost, Unclear)
        relay.lose = set()
        assert erp.write("invoice", [taking_back(f"{tag}-1", id)]) == [Applied(id, {"state": "void"})]


def test_a_double_is_cancelled_and_a_look_finds_the_one_that_stands(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    customer = party(erp, tag)
    [first] = applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    [double] = applied(erp.write("invoice", [invoice(f"{tag}-1", customer)]))
    assert erp.probe("invoice", [f"{tag}-1"]) == [Found((first, double))]
    with cancelling(tryton_sandbox, allowed=True):
        applied(erp.write("invoice", [taking_back(f"{tag}-1", double), invoice(f"{tag}-2", customer)]))
    [look] = erp.probe("invoice", [f"{tag}-1"])
    assert isinstance(look, Found)
    assert look.remote_ids == (first,)
