"""What people do there between two looks of ours: told, and never overwritten in silence.  (shell)"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.desk import desk
from billsync.conformance.writes.documents import Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Found, differences
from billsync.model.delivery import DeliveryState

_SWEEP_S: Final = 3 * 3600
_NOTE: Final = "called them on Monday"


@rule(costs="a book-keeper's correction is lost overnight, or two books differ and nobody knows", needs=(Skill.EDIT,))
def edit_is_told(bench: WriteBench) -> None:
    """An invoice that a person changed there is told by the look-up, and stays as the person left it.

    It is delivered by the engine, changed by a person, and looked at again two hours later: a person is asked
    (`edited_there`), and nothing is written.
    """
    intent = bench.billed(bench.bill())
    with desk(bench) as one:
        one.plan(Role.INVOICE, intent)
        one.push()
        id = one.done(Role.INVOICE, intent.key, "nothing was wrong")
        bench.subject.edit(id)
        edited = bench.by_id(Role.INVOICE, id)
        one.push(after_s=_SWEEP_S)
        state = one.state(Role.INVOICE, intent.key)
    (probe,) = bench.probe(Role.INVOICE, intent.key)
    if not isinstance(probe, Found) or not differences(intent.expect, probe.echo):
        raise Broken(f"a person changed the invoice, and its look-up is {told(probe)} as if nothing had been")
    if state != f"{DeliveryState.REVIEW} edited_there":
        raise Broken(f"a person changed the invoice, and the engine's sweep leaves it as {state}")
    if bench.by_id(Role.INVOICE, id).total != edited.total:
        raise Broken("what the person changed was overwritten")


@rule(costs="a customer is reminded of an invoice that was cancelled months ago", needs=(Skill.VOID_BY_HAND,))
def void_is_told(bench: WriteBench) -> None:
    """An invoice that a person made void there is told by the look-up.

    It is delivered by the engine, made void by a person, and looked at again two hours later: a person is asked.
    """
    intent = bench.billed(bench.bill())
    with desk(bench) as one:
        one.plan(Role.INVOICE, intent)
        one.push()
        bench.subject.void(one.done(Role.INVOICE, intent.key, "nothing was wrong"))
        one.push(after_s=_SWEEP_S)
        row = one.row(Role.INVOICE, intent.key)
    if row.state is not DeliveryState.REVIEW:
        raise Broken(f"a person made the invoice void, and the engine's sweep leaves it as {row.state} {row.reason}")


@rule(costs="what sales or accounting wrote at a customer is gone with the next sync", needs=(Skill.ANNOTATE,))
def notes_stay(bench: WriteBench) -> None:
    """What people add to a customer is left alone when we change it.

    A person fills a field that is not ours; then the customer gets a new name from us.
    """
    intent = bench.sample(Role.CUSTOMER)
    id = bench.made(intent)
    bench.subject.annotate(id, _NOTE)
    _renamed(bench, intent.key, id)
    booked = bench.by_id(Role.CUSTOMER, id)
    if booked.note != _NOTE:
        raise Broken(f"a person wrote {_NOTE!r}, and after our change it is {booked.note!r}")


def _renamed(bench: WriteBench, key: str, id: str) -> None:
    """Raises `Broken` where our new name does not arrive at that very customer."""
    name = f"Renamed {key}"
    new = bench.intent(Role.CUSTOMER, key, bench.subject.customer(name))
    bench.made(replace(new, remote_id=id, idempotency_key=new.idempotency_key[::-1]))
    booked = bench.one(Role.CUSTOMER, key, "renamed")
    if booked.id != id or booked.name not in (None, name):
        raise Broken(f"the customer {id} should be called {name!r}; {booked.id} is called {booked.name!r}")


@rule(costs="a new address or name never arrives, or makes a second customer")
def change_arrives(bench: WriteBench) -> None:
    """A customer that changed is changed there, and is no other one.

    It gets a new name, twice.
    """
    intent = bench.sample(Role.CUSTOMER)
    id = bench.made(intent)
    for _ in range(2):
        _renamed(bench, intent.key, id)
