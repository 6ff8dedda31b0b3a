"""What the system, or its rules, will not have: told as what it is, and nothing is left behind.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.desk import desk
from billsync.conformance.writes.documents import Line, Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Applied, Intent, Refused
from billsync.model.delivery import DeliveryState

_NOWHERE: Final = "no_such_kind_of_record"
_STRANGE: Final = "noSuchFieldOfTheirs"
_SENTENCE: Final = 4


def _refused(bench: WriteBench, role: Role, intent: Intent, *reasons: str) -> Refused:
    """The refusal of a new record, with nothing left behind.  Raises `Broken`; without `reasons` any will do."""
    (outcome,) = bench.write(intent)
    if not isinstance(outcome, Refused):
        raise Broken(f"it is answered with {told(outcome)}, not Refused")
    if reasons and outcome.reason not in reasons:
        raise Broken(f"it is refused as {outcome.reason!r}, not as {' or '.join(map(repr, reasons))}: {told(outcome)}")
    if len(outcome.message.split()) < _SENTENCE:
        raise Broken(f"the refusal says only {outcome.message!r}: what happened, what is to be done?")
    bench.none(role, intent.key, "it was refused")
    return outcome


@rule(costs="invoices move into a closed month, or are sent again every hour for ever", needs=(Skill.CLOSE_BOOKS,))
def closed_period(bench: WriteBench) -> None:
    """A document dated into a closed period is refused as `period_closed`, and not tried again.

    The books are closed through the day of an invoice: the connector refuses and leaves nothing behind, no draft
    either; the engine hands it to a person after one attempt.
    """
    intent = bench.billed(bench.bill())
    later = bench.billed(bench.bill(on=bench.subject.on + timedelta(days=31)))
    bench.subject.close_books(bench.subject.on)
    _refused(bench, Role.INVOICE, intent, "period_closed")
    with desk(bench) as one:
        one.plan(Role.INVOICE, intent)
        for after_s in (0, 3600, 86_400):
            one.push(after_s=after_s)
        row = one.row(Role.INVOICE, intent.key)
    if row.state is not DeliveryState.REVIEW or row.reason != "period_closed" or row.attempt != 1:
        raise Broken(f"in the engine it is {row.state} {row.reason} after {row.attempt} attempts, not for a person")
    bench.none(Role.INVOICE, intent.key, "its period is closed")
    bench.made(later)


@rule(costs="an invoice that is there is reported as a clash of numbers", needs=(Skill.TAKE_NUMBER,))
def number_is_ours(bench: WriteBench) -> None:
    """A number that is taken by the very same document is found, not refused.

    An invoice is written again under another idempotency key, as after a key's lifetime.
    """
    intent = bench.billed(bench.bill())
    id = bench.made(intent)
    key = hashlib.sha256(f"again {intent.key}".encode()).hexdigest()[:32]
    again = bench.made(replace(intent, idempotency_key=key))
    booked = bench.one(Role.INVOICE, intent.key, "written again under another key")
    if not id == again == booked.id:
        raise Broken(f"the invoice {intent.key} is {id}, then {again}")


@rule(costs="two invoices carry one number, or ours takes somebody else's place", needs=(Skill.TAKE_NUMBER,))
def number_of_others(bench: WriteBench) -> None:
    """A number that belongs to somebody else's document is `number_taken`, and that document stays as it is.

    A person has made an invoice with our number, without our reference.
    """
    bill = bench.bill()
    bench.subject.take_number(bill.number, bill.customer)
    before = {booked.id: booked for booked in bench.subject.truth(Role.INVOICE)}
    intent = bench.billed(bill)
    _refused(bench, Role.INVOICE, intent, "number_taken")
    after = {booked.id: booked for booked in bench.subject.truth(Role.INVOICE)}
    if any(after.get(id) != booked for id, booked in before.items()):
        raise Broken("the document that has the number was changed")


@rule(costs="an invoice is tried for ever, or made for a customer that nobody uses any more", needs=(Skill.DEACTIVATE,))
def inactive_customer(bench: WriteBench) -> None:
    """An invoice for an inactive customer is refused with a sentence that helps.

    A person has made the customer inactive; nothing is left behind, and nobody makes the customer active again.
    """
    id = bench.made(bench.sample(Role.CUSTOMER))
    bench.subject.deactivate(id)
    _refused(bench, Role.INVOICE, bench.billed(bench.bill(customer=id)))


@rule(costs="a typing error in a mapping drops a field of every invoice, in silence")
def unknown_field(bench: WriteBench) -> None:
    """A name that the system does not know is refused, in a document and in a line.

    A field of a made-up name is added to a customer, to an invoice, and to its first line.
    """
    customer, invoice = bench.sample(Role.CUSTOMER), bench.billed(bench.bill())
    _refused(bench, Role.CUSTOMER, replace(customer, payload={**customer.payload, _STRANGE: "x"}))
    _refused(bench, Role.INVOICE, replace(invoice, payload={**invoice.payload, _STRANGE: "x"}))
    other = bench.billed(bench.bill())
    _refused(bench, Role.INVOICE, replace(other, payload=_in_line(bench, other.payload)))


def _in_line(bench: WriteBench, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload with a field of a made-up name in its first line."""
    rating = bench.sheet(Role.INVOICE).rating
    return _at(payload, (rating.lines if rating is not None else "lines").split("."))


def _at(payload: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    if rest:
        return {**payload, name: _at(payload[name], rest)}
    first, *others = payload[name]
    return {**payload, name: [{**first, _STRANGE: "x"}, *others]}


@rule(costs="a tax is dropped or another one taken, and the customer is billed a wrong total")
def unknown_rate(bench: WriteBench) -> None:
    """A tax rate that the system does not have is refused, or comes to the right total.

    An invoice with a line at a rate of 12.34 percent is written.
    """
    intent = bench.billed(bench.bill(Line("Odd", Decimal(1), Decimal("100.00"), Decimal("0.1234"))))
    (outcome,) = bench.write(intent)
    if isinstance(outcome, Applied):
        booked = bench.one(Role.INVOICE, intent.key, "written with an odd rate")
        if intent.expect is not None and booked.total != intent.expect.total:
            raise Broken(f"it counts as applied, and comes to {booked.total}, not {intent.expect.total}")
        return
    if not isinstance(outcome, Refused):
        raise Broken(f"it is answered with {told(outcome)}, not Refused")
    bench.none(Role.INVOICE, intent.key, "its rate is not known there")


@rule(costs="a typing error in the configuration ends in a traceback")
def unknown_kind_of_write(bench: WriteBench) -> None:
    """A kind of record that is not there is refused, one answer for each intent; no intent at all is fine.

    It is written, looked up, and listed; then nothing is written to a kind that is there.
    """
    intent = replace(bench.sample(Role.CUSTOMER), object=_NOWHERE)
    for outcome in bench.write(intent, intent):
        if not isinstance(outcome, Refused):
            raise Broken(f"a kind of record that is not there is answered with {told(outcome)}")
    bench.connector.probe(_NOWHERE, [intent.key])
    with suppress(Refused):
        for _page in bench.connector.standing(_NOWHERE):
            raise Broken("a kind of record that is not there is listed")
    bench.connector.write(bench.object(Role.INVOICE), [])
    bench.connector.probe(bench.object(Role.INVOICE), [])
