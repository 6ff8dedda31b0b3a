"""Taxes, terms, files and trials in a real Tryton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billsync.connector import Applied, Attachment, Expectation, Refused
from billsync_connectors.tryton import Tryton
from billsync_connectors.tryton.sandbox import TrytonSandbox
from tests.tryton.stories import applied, invoice, party

pytestmark = pytest.mark.tryton
Connect = Callable[..., Tryton]


def test_each_line_has_the_tax_of_its_rate(connect: Connect, tag: str) -> None:
    erp = connect()
    lines = [
        {"quantity": "1", "unit_price": price, "tax_code": "", "tax_rate": rate}
        for price, rate in (("10.03", "0.19"), ("10.03", "0.19"), ("5.55", "0.07"), ("1.00", "0"))
    ]
    expect = Expectation(total=Decimal("30.81"), tax=Decimal("4.20"), lines=4, on=date(2017, 3, 5))
    [outcome] = erp.write("invoice", [replace(invoice(f"{tag}-1", party(erp, tag), lines=lines), expect=expect)])
    assert isinstance(outcome, Applied), outcome


def test_a_rate_without_or_with_several_taxes_is_a_question(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    intent = invoice(f"{tag}-1", party(erp, tag), line={"tax_rate": "0.055"})
    [none] = erp.write("invoice", [intent])
    assert isinstance(none, Refused)
    assert (none.reason, none.field) == ("unknown_tax", "tax_code")
    assert "no sales tax of 5.5 %" in none.message
    with tryton_sandbox.rpc() as rpc:
        names = ("company", "type", "rate", "invoice_account", "credit_note_account")
        like = rpc.one("account.tax", [["name", "=", "VAT 7%"]], *names)
        facts = {name: like[name] for name in names} | {"rate": Decimal("0.055")}
        for name in ("A", "B"):
            rpc.create("account.tax", name=f"{tag} {name}", description=name, **facts)
    [several] = connect().write("invoice", [intent])
    assert isinstance(several, Refused)
    assert f"several sales taxes of 5.5 % ({tag} A and {tag} B)" in several.message
    [said] = connect(taxes={"DE19": f"{tag} B"}).write("invoice", [replace(intent, expect=None)])
    assert isinstance(said, Applied)
    assert said.echo["tax"] == Decimal("3.30")


def test_a_term_makes_it_due_as_we_do_or_it_is_not_sent(connect: Connect, tag: str) -> None:
    erp = connect()
    customer = party(erp, tag)
    thirty = invoice(f"{tag}-1", customer, payment_term="30 days")
    applied(erp.write("invoice", [thirty]))
    [other] = erp.write("invoice", [invoice(f"{tag}-2", customer, payment_term="30 days", due_date="2017-04-05")])
    assert isinstance(other, Refused)
    assert other.reason == "other_due_date"
    assert "due on 2017-04-04 by the payment term in Tryton, on 2017-04-05 here" in other.message


def test_a_file_is_laid_to_an_invoice_once(connect: Connect, tryton_sandbox: TrytonSandbox, tag: str) -> None:
    erp = connect()
    [id] = applied(erp.write("invoice", [invoice(f"{tag}-1", party(erp, tag))]))
    for content in (b"%PDF-1", b"%PDF-2"):
        erp.attach("invoice", id, Attachment(f"{tag}.pdf", "application/pdf", content))
    with tryton_sandbox.rpc() as rpc:
        files = rpc.find("ir.attachment", [["resource", "=", f"account.invoice,{id}"]], "name", "data_size")
    assert [(row["name"], row["data_size"]) for row in files] == [(f"{tag}.pdf", 6)]
    with pytest.raises(Refused, match="any more"):
        erp.attach("invoice", "99999999", Attachment("a.pdf", "application/pdf", b""))


def test_a_trial_leaves_nothing_and_the_books_say_what_there_is(
    connect: Connect, tryton_sandbox: TrytonSandbox, tag: str
) -> None:
    erp = connect()
    tried = erp.trial("invoice", invoice(f"{tag}-1", party(erp, tag)))
    assert (tried.left, tried.echo["total"], tried.echo["tax"]) == ("", Decimal("71.36"), Decimal("11.39"))
    assert [row for row in tryton_sandbox.invoices() if str(row["reference"]).startswith(tag)] == []
    with pytest.raises(Refused, match="no party"):
        erp.trial("invoice", invoice(f"{tag}-1", "99999999"))
    books = erp.books()
    assert {(tax.name, tax.rate) for tax in books.taxes} >= {("VAT 19%", Decimal("0.19")), ("VAT 7%", Decimal("0.07"))}
    assert {account.kind for account in books.accounts} == {"revenue", "receivable", "bank"}
    assert "30 days" in {term.id for term in books.terms}
    assert (books.facts["currency"], books.facts["taxes are rounded"]) == ("USD", "by document")
