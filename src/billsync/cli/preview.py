"""`preview`: the documents that billing would make of a file, and nothing else happens.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.cash.settlement import Advice, OpenItem, Position, Remittance, position
from billsync.cli import billing_file, guard, paper, show
from billsync.invoicing.book import BillingDocument, Book, book
from billsync.invoicing.explain import Agreed, explain, explain_note
from billsync.invoicing.wording import conventions, money
from billsync.mapping import render
from billsync.model.base import YEARS
from billsync.model.invoice import CreditNote, Invoice, InvoiceState
from billsync.model.problem import Place, Problem
from billsync.model.scalar import day_in_zone, plain
from billsync.model.scalar import show as show_text
from billsync.settings import BadSettings

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Preview:
    """What there is to show.

    Attributes:
        ahead: what the next day with a document brings, or None where none will ever come.
        paid: where the invoices and the payments of the file stand at the end of the day.
        problems: of the file's usage rows, and of billing.
        agreed: the contract, and where its lines stand in the file.
    """

    document: BillingDocument
    through: date
    book: Book
    ahead: Book | None
    paid: Position
    problems: tuple[Problem, ...]
    agreed: Agreed

    @property
    def exit_code(self) -> int:
        """0, or 1 where something could not be billed."""
        return guard.PROBLEMS if self.problems else guard.OK


def preview(file: Path, through: date | None, *, explained: bool, format: show.Format) -> int:
    """Show the documents of a file through a day; every fault of the file where it cannot be billed."""
    try:
        read = billing_file.read(file)
    except BadSettings as error:
        return tell_faults(file, error.problems, format)
    made = of(read, within(through or read.document.through or _today(read.document)))
    if format == "json":
        show.emit_json(_json(made, explained=explained))
    else:
        _show(made, explained=explained)
    return made.exit_code


def tell_faults(file: Path, faults: Sequence[Problem], format: show.Format) -> int:
    """All that is wrong with a file, each with its line and a caret; exit code 2."""
    if format == "json":
        show.emit_json({"problems": [fault.model_dump(mode="json") for fault in faults]})
    else:
        text = billing_file.text_of(file)
        for fault in faults:
            show.line(render(fault, text if fault.place.file == str(file) else ""))
        show.line(f"{len(faults)} problem{'' if len(faults) == 1 else 's'}; nothing was billed")
    return guard.USAGE


def of(read: billing_file.BillingFile, through: date) -> Preview:
    """What billing makes of a document through a day."""
    document = read.document
    made = book(document, through=through)
    paid, unusable = settled(document, made, through)
    ahead = book(document, through=made.next_on, before=made) if made.next_on is not None else None
    return Preview(
        document,
        through,
        made,
        ahead,
        paid,
        (*read.problems, *made.problems, *unusable),
        Agreed(document.contract, read.places),
    )


def within(day: date) -> date:
    """The day, if it is one that can be billed through.  Raises `guard.Wrong`."""
    if day.year not in YEARS:
        raise guard.Wrong(f"expected a day in the years {YEARS[0]} to {YEARS[-1]}, got {day}")
    return day


def _today(document: BillingDocument) -> date:
    from billsync import schedule

    return day_in_zone(schedule.SystemClock().now(), document.customer.timezone)


# ---------------------------------------------------------------- what is open


def settled(document: BillingDocument, made: Book, as_of: date) -> tuple[Position, list[Problem]]:
    """What the file's payments, and the credit notes, settle of the invoices at the end of a day.

    A payment that is not above zero settles nothing: CASH-PAYMENT-04.
    """
    items = [item for invoice in made.invoices for item in _items(invoice)]
    good = [payment for payment in document.payments if payment.amount > 0]
    paid = [
        _money(payment.id, payment.received_on, payment.amount, payment.currency, payment.invoice) for payment in good
    ]
    credited = [
        _money(note.number, note.issued_on, note.total, note.currency, note.invoice)
        for note in made.credit_notes
        if note.total > 0
    ]
    problems = [
        Problem(
            code="CASH-PAYMENT-04",
            message=f"the payment {show_text(payment.id)} is over {plain(payment.amount)}: expected more than zero",
            place=Place(object="payment", id=payment.id),
        )
        for payment in document.payments
        if payment.amount <= 0
    ]
    return position(items, [*credited, *paid], as_of), problems


def _money(id: str, received_on: date, amount: Decimal, currency: str, invoice: str | None) -> Remittance:
    advice = (Advice(document=invoice),) if invoice else ()
    return Remittance(id=id, received_on=received_on, amount=amount, currency=currency, advice=advice)


def _items(invoice: Invoice) -> Iterator[OpenItem]:
    parts = [(part.due_on, part.amount) for part in invoice.instalments] or [(invoice.due_on, invoice.due)]
    for number, (due_on, amount) in enumerate(parts, start=1):
        if amount > 0:
            yield OpenItem(
                document=invoice.number,
                part=number,
                issued_on=invoice.issued_on,
                due_on=due_on,
                amount=amount,
                currency=invoice.currency,
            )


def parts(invoice: Invoice, paid: Position) -> list[dict[str, Any]]:
    """The parts of an invoice: due date, amount, what is settled by payments and credit notes, and what is open."""
    found = []
    for item in _items(invoice):
        open_ = paid.open.get((item.document, item.part), item.amount)
        found.append({"due_on": item.due_on, "amount": item.amount, "settled": item.amount - open_, "open": open_})
    return found


def open_of(invoice: Invoice, paid: Position) -> Decimal:
    """What is still to be paid of an invoice."""
    return sum((part["open"] for part in parts(invoice, paid)), NOTHING)


# ---------------------------------------------------------------- one JSON document


def _json(made: Preview, *, explained: bool) -> dict[str, Any]:
    invoices = [
        {**invoice.model_dump(mode="json"), "open": open_of(invoice, made.paid), "parts": parts(invoice, made.paid)}
        for invoice in made.book.invoices
    ]
    words = {"explanations": {name: list(lines) for name, lines in explanations(made)}} if explained else {}
    return {
        "customer": made.document.customer.id,
        "contract": made.document.contract.id,
        "through": made.through,
        "policy": made.document.invoicing.policy().model_dump(mode="json"),
        "invoices": invoices,
        "credit_notes": [note.model_dump(mode="json") for note in made.book.credit_notes],
        "totals": totals(made),
        "on_account": made.paid.on_account,
        "next_on": made.book.next_on,
        "next": [{"number": item.number, "total": item.total, "currency": item.currency} for item in coming(made)],
        "waiting": waiting(made.document),
        "problems": [problem.model_dump(mode="json") for problem in made.problems],
        **words,
    }


def explanations(made: Preview) -> Iterator[tuple[str, Sequence[str]]]:
    """Number -> why the document says what it says."""
    for invoice in made.book.invoices:
        notes = {note.number for note in made.book.credit_notes}
        mine = [item for item in made.paid.settled if item.document == invoice.number]
        credited = sum((item.amount for item in mine if item.remittance in notes), NOTHING)
        paid = sum((item.amount for item in mine if item.remittance not in notes), NOTHING)
        yield invoice.number, explain(invoice, _state(invoice, made), paid, made.agreed, credited=credited)
    for note in made.book.credit_notes:
        yield note.number, explain_note(note, made.agreed)


def _state(invoice: Invoice, made: Preview) -> str:
    open_ = open_of(invoice, made.paid)
    if open_ == invoice.due:
        return str(InvoiceState.FINALISED)
    return str(InvoiceState.PARTLY_PAID if open_ else InvoiceState.PAID)


def totals(made: Preview) -> list[dict[str, Any]]:
    """By currency: documents, and what they come to."""
    found = []
    for currency in sorted({item.currency for item in made.book.documents}):
        invoices = [item for item in made.book.invoices if item.currency == currency]
        notes = [item for item in made.book.credit_notes if item.currency == currency]
        invoiced, credited = _sum(invoices), _sum(notes)
        found.append(
            {
                "currency": currency,
                "invoices": len(invoices),
                "invoiced": invoiced,
                "tax": sum((item.tax_total for item in invoices), NOTHING),
                "credit_notes": len(notes),
                "credited": credited,
                "net_of_credits": invoiced - credited,
                "open": sum((open_of(item, made.paid) for item in invoices), NOTHING),
            }
        )
    return found


def _sum(documents: Sequence[Invoice | CreditNote]) -> Decimal:
    return sum((item.total for item in documents), NOTHING)


def coming(made: Preview) -> list[Invoice | CreditNote]:
    """The documents that the next day with any brings."""
    if made.ahead is None:
        return []
    known = {item.id for item in made.book.documents}
    return [item for item in made.ahead.documents if item.id not in known]


def waiting(document: BillingDocument) -> dict[str, list[str]]:
    """Milestone that was not reached -> ids of the lines that wait for it."""
    found: dict[str, list[str]] = {}
    for line in document.contract.lines:
        for part in line.parts:
            if part.milestone is not None and part.milestone not in document.milestones:
                found.setdefault(part.milestone, []).append(line.id)
    return found


# ---------------------------------------------------------------- on paper


def _show(made: Preview, *, explained: bool) -> None:
    words = dict(explanations(made)) if explained else {}
    for document in made.book.documents:
        for text in paper.page(document, made.document.customer):
            show.line(text)
        if isinstance(document, Invoice):
            _tell_parts(document, made.paid)
        if explained:
            show.line()
            _tell_words(words[document.number])
        show.line()
    if explained:
        show.line("Made by")
        for text in conventions(made.document.invoicing.policy()):
            show.line(f"  {show.visible(text)}")
        show.line()
    _tell_totals(made)
    for problem in made.problems:
        show.line(str(problem))


def _tell_words(words: Sequence[str]) -> None:
    """All but the conventions, which are those of every document and follow once."""
    for text in words[: words.index("Made by") - 1]:
        show.line(f"    {show.visible(text)}" if text else "")


def _tell_parts(invoice: Invoice, paid: Position) -> None:
    found = parts(invoice, paid)
    if len(found) < 2 and not any(part["settled"] for part in found):
        return
    rows = [["", "due on", "amount", "settled", "open"]]
    rows += [
        [f"part {number}", str(part["due_on"]), money(part["amount"]), money(part["settled"]), money(part["open"])]
        for number, part in enumerate(found, start=1)
    ]
    show.line()
    for text in paper.aligned(rows, {2, 3, 4}):
        show.line(text)


def _tell_totals(made: Preview) -> None:
    if not made.book.invoices and not made.book.credit_notes:
        show.line(f"nothing is billed through {made.through}")
    for row in totals(made):
        currency, count = row["currency"], row["invoices"]
        text = f"through {made.through}: {count} invoice{'' if count == 1 else 's'} over {money(row['invoiced'])}"
        if row["credit_notes"]:
            notes = "1 credit note" if row["credit_notes"] == 1 else f"{row['credit_notes']} credit notes"
            text += f", {notes} over {money(row['credited'])}, together {money(row['net_of_credits'])}"
        show.line(f"{text} {currency}, {money(row['open'])} open")
    for payment, amount in made.paid.on_account.items():
        show.line(f"{money(amount)} of {show.visible(payment)} settle nothing yet")
    for name, lines in waiting(made.document).items():
        show.line(f"waits for the milestone {show.visible(name)}: {show.visible(', '.join(lines))}")
    if made.book.next_on is None:
        show.line("no other day is known on which something is billed")
        return
    found = ", ".join(f"{money(item.total)} {item.currency}" for item in coming(made))
    show.line(f"next on {made.book.next_on}: {found or 'charges that wait for their invoice'}")
