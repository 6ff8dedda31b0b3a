"""What goes wrong on the way: limits, errors, half answers, tokens that end, batches of which a part fails.  (shell)"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.documents import Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.rules.once import DOUBLES, honest, survives
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Applied, Intent, Mismatch, Refused, TryLater

_LONG_S: Final = 90
_PATIENCE_S: Final = 45
_MONEY: Final = (Role.INVOICE, Role.PAYMENT)


def _each(bench: WriteBench, fault: Skill) -> None:
    for role in bench.roles(*_MONEY):
        for skip in range(bench.subject.steps.get(role, 1)):
            survives(bench, fault, role, skip=skip)


@rule(costs="an invoice is never sent, and nobody is told", needs=(Skill.DROPPED,))
def nothing_executed(bench: WriteBench) -> None:
    """A connection that ends before anything was executed loses no document.

    It ends at each request that writes an invoice or a payment.
    """
    _each(bench, Skill.DROPPED)


@rule(costs="a moment's outage ends an invoice for good", needs=(Skill.ERROR_BEFORE,))
def error_before_commit(bench: WriteBench) -> None:
    """A 5xx is no refusal: the document is written later, once.

    Each request that writes an invoice or a payment is answered with an error, and nothing was executed.
    """
    _each(bench, Skill.ERROR_BEFORE)


@rule(costs=DOUBLES, needs=(Skill.ERROR_AFTER,))
def error_after_commit(bench: WriteBench) -> None:
    """A 5xx is no proof that nothing happened.

    Each request that writes an invoice or a payment is executed, and answered with an error.
    """
    _each(bench, Skill.ERROR_AFTER)


@rule(costs=DOUBLES, needs=(Skill.TRUNCATED,))
def half_an_answer(bench: WriteBench) -> None:
    """Half an answer to a write proves nothing.

    Each request that writes an invoice or a payment is executed, and half of the answer comes.
    """
    _each(bench, Skill.TRUNCATED)


@rule(costs="a proxy's log-in page counts as an invoice that was never made", needs=(Skill.HTML,))
def page_for_an_answer(bench: WriteBench) -> None:
    """A page of HTML with status 200 is no success.

    Each request that writes an invoice or a payment is answered with one, and nothing was executed.
    """
    _each(bench, Skill.HTML)


@rule(costs="a busy ERP ends invoices for good, or is asked again until it locks us out", needs=(Skill.BUSY,))
def too_many_requests(bench: WriteBench) -> None:
    """A 429 is TryLater with the wait that was asked for, and the document is written afterwards.

    Retry-After says 90 seconds: the connector tells it to the engine at once, and does not sleep through it.
    """
    for role in bench.roles(*_MONEY):
        intent = bench.sample(role)
        began = time.monotonic()
        with bench.struck(Skill.BUSY, role, after_s=_LONG_S):
            (first,) = bench.write(intent)
        if time.monotonic() - began > _PATIENCE_S:
            raise Broken(f"the connector waited for {round(time.monotonic() - began)} s by itself")
        honest(bench, role, intent, first)
        asked = first.after_s if isinstance(first, TryLater) else None
        if asked is None or not _LONG_S - 5 <= asked <= 2 * _LONG_S:
            raise Broken(f"it was asked to wait for {_LONG_S} s, and says {told(first)}, after_s={asked}")
        bench.made(intent, first=first)
        bench.one(role, intent.key, "written after the wait")


@rule(costs="the night's invoices stop in the middle because a token lived for an hour", needs=(Skill.EXPIRED,))
def token_ends_in_a_batch(bench: WriteBench) -> None:
    """A token that ends in the middle of a batch is renewed, and the rest goes on.

    The session is over at the first, and at a later request of a batch; a second connector, which shares what the
    first one keeps, goes on too.
    """
    other = bench.open()
    other.check()
    for skip in (0, 1):
        intents = _batch(bench)
        with bench.struck(Skill.EXPIRED, Role.INVOICE, skip=skip):
            outcomes = bench.write(*intents)
        for intent, outcome in zip(intents, outcomes, strict=True):
            honest(bench, Role.INVOICE, intent, outcome)
            bench.made(intent, first=outcome)
            bench.one(Role.INVOICE, intent.key, "the token ended in the batch")
        if all(isinstance(outcome, TryLater) for outcome in outcomes):
            raise Broken(f"no document of a batch goes out once the token has ended: {told(outcomes[0])}")
    bench.made(bench.billed(bench.bill()), connector=other)


def _batch(bench: WriteBench) -> list[Intent]:
    size = min(bench.subject.batch, max(1, bench.sheet(Role.INVOICE).batch_max))
    return [bench.billed(bench.bill()) for _ in range(size)]


@rule(costs="one wrong customer keeps a whole night's invoices from going out, or one is lost among them")
def one_of_a_batch(bench: WriteBench) -> None:
    """Where one of a batch is refused, each has its own outcome, in order, and the others stand there.

    The second of a batch is for a customer that does not exist; what is not written at the first try must be
    TryLater and stand there after the next.
    """
    intents = _batch(bench)
    bad = bench.billed(bench.bill(customer=_nobody(bench)))
    batch, most = [intents[0], bad, *intents[1:]], bench.sheet(Role.INVOICE).batch_max
    outcomes = [one for start in range(0, len(batch), most) for one in bench.write(*batch[start : start + most])]
    if not isinstance(outcomes[1], Refused):
        raise Broken(f"an invoice for a customer that does not exist is answered with {told(outcomes[1])}")
    bench.none(Role.INVOICE, bad.key, "for a customer that does not exist")
    for intent, outcome in zip(batch, outcomes, strict=True):
        if intent is not bad:
            honest(bench, Role.INVOICE, intent, outcome)
            bench.made(intent, first=outcome)
            bench.one(Role.INVOICE, intent.key, "another of its batch was refused")


def _nobody(bench: WriteBench) -> str:
    """An id of the form that customers have there, of none that is there."""
    known = bench.master(Role.CUSTOMER)
    digits = "".join(sign for sign in known if sign.isdigit())
    changed = "".join("9" if sign in "012345678" else sign for sign in known)
    return changed if digits and changed != known else f"{known}9"


@rule(costs=DOUBLES, needs=(Skill.LOST,))
def batch_lost(bench: WriteBench) -> None:
    """Of a batch whose answer was lost each document stands there once in the end.

    The connection ends after the system has executed the first request of a batch.
    """
    intents = _batch(bench)
    with bench.struck(Skill.LOST, Role.INVOICE):
        outcomes = bench.write(*intents)
    for intent, outcome in zip(intents, outcomes, strict=True):
        honest(bench, Role.INVOICE, intent, outcome)
        bench.made(intent, first=outcome)
        bench.one(Role.INVOICE, intent.key, "the answer of the batch was lost")


@rule(costs="a change never arrives because somebody opened the customer at that moment", needs=(Skill.STALE,))
def stale_token(bench: WriteBench) -> None:
    """A record that somebody touched since it was read is read again, and written once more.

    A customer's new name meets a version that is not the last: it must be Applied, or tried later and then Applied.
    """
    intent = bench.sample(Role.CUSTOMER)
    id = bench.made(intent)
    new = replace(bench.intent(Role.CUSTOMER, intent.key, bench.subject.customer(f"New {intent.key}")), remote_id=id)
    new = replace(new, idempotency_key=new.idempotency_key[::-1])
    with bench.struck(Skill.STALE, Role.CUSTOMER):
        (first,) = bench.write(new)
    if isinstance(first, Refused | Mismatch):
        raise Broken(f"a version that was not the last ends the change: {told(first)}")
    if not isinstance(first, Applied):
        bench.made(new, first=first)
    booked = bench.one(Role.CUSTOMER, intent.key, "changed while somebody else touched it")
    if booked.name != f"New {intent.key}":
        raise Broken(f"the new name counts as applied, and the customer is called {booked.name!r}")
