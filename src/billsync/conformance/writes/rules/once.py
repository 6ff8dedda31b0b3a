"""One intent, one record: whatever becomes of the answer.  (shell)"""

from __future__ import annotations

from dataclasses import replace

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.desk import desk
from billsync.conformance.writes.documents import Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.subject import Skill
from billsync.conformance.writes.watched import told
from billsync.connector import Applied, Found, Intent, Outcome, Refused, Target, TryLater

DOUBLES = "a customer is billed twice, and finds out before you do"


@rule(costs=DOUBLES)
def twice_is_once(bench: WriteBench) -> None:
    """The same intent twice makes one record.

    Each kind of record is written. Then as by an engine that has forgotten it: on a system with keys, or that is
    written by our id, the same again must be Applied with the same id; on one that is searched, the look-up must find
    it. Then with its id: Applied, and nothing new.
    """
    for role in bench.roles():
        intent = bench.sample(role)
        id = bench.made(intent)
        if bench.sheet(role).target in (Target.KEY, Target.UPSERT):
            again = bench.made(intent)
        else:
            again = _looked_up(bench, role, intent.key)
        known = bench.made(replace(intent, remote_id=id))
        if {id, again, known} != {id}:
            raise Broken(f"the same {role} {intent.key} is {id}, then {again}, then {known}")
        bench.one(role, intent.key, "written three times")


def _looked_up(bench: WriteBench, role: Role, key: str) -> str:
    (probe,) = bench.probe(role, key)
    if not isinstance(probe, Found):
        raise Broken(f"the look-up of the {role} {key}, which stands there, is {told(probe)}")
    return probe.remote_ids[0]


def survives(bench: WriteBench, fault: Skill, role: Role, *, skip: int = 0) -> None:
    """A new record of this role meets the fault, is followed up, and stands there once.  Raises `Broken`."""
    intent = bench.sample(role)
    with bench.struck(fault, role, skip=skip):
        (first,) = bench.write(intent)
    honest(bench, role, intent, first)
    bench.made(intent, first=first)
    bench.one(role, intent.key, f"struck by {fault}, answered with {told(first)}, followed up")


def honest(bench: WriteBench, role: Role, intent: Intent, outcome: Outcome) -> None:
    """Raises `Broken` where an outcome claims what is not so: not executed, or done."""
    there = bench.there(role, intent.key)
    if there and isinstance(outcome, TryLater | Refused):
        raise Broken(f"the {role} {intent.key} stands there, and the answer says it was not executed: {told(outcome)}")
    if not there and isinstance(outcome, Applied):
        raise Broken(f"the {role} {intent.key} does not stand there, and counts as applied")
    if isinstance(outcome, Refused):
        raise Broken(f"what passes by itself ends the {role} {intent.key}: {told(outcome)}")


@rule(costs=DOUBLES, needs=(Skill.LOST,))
def lost_reply(bench: WriteBench) -> None:
    """Of a write whose answer was lost it is not said that it failed; followed up, one record stands there.

    The connection ends after the system has executed, at each of the requests that make a record of each kind. The
    connector alone: what it says must be true, and what the engine would do next ends with one record.
    """
    for role in bench.roles():
        for skip in range(bench.subject.steps.get(role, 1)):
            survives(bench, Skill.LOST, role, skip=skip)


@rule(costs=DOUBLES, needs=(Skill.LOST,))
def lost_in_the_engine(bench: WriteBench) -> None:
    """Committed, then a time-out: billsync's own effect machine ends with one document each.

    Invoices, credit notes and payments are delivered from a real store; the first answer of each is lost.
    """
    for role in bench.roles(Role.INVOICE, Role.CREDIT_NOTE, Role.PAYMENT):
        intent = bench.sample(role)
        with desk(bench) as one:
            one.plan(role, intent)
            with bench.struck(Skill.LOST, role):
                one.push(patience_s=0)
            one.push(after_s=60)
            id = one.done(role, intent.key, "the answer was lost")
        booked = bench.one(role, intent.key, "the answer was lost")
        if booked.id != id:
            raise Broken(f"the {role} {intent.key} is {booked.id} there, the engine holds {id}")


@rule(costs=DOUBLES)
def looked_up_before(bench: WriteBench) -> None:
    """A store that was restored from a backup finds what stands there: nothing is written a second time.

    Documents are delivered from one store, and planned anew in an empty one.
    """
    for role in bench.roles(Role.INVOICE, Role.PAYMENT):
        intent = bench.sample(role)
        ids = []
        for _ in range(2):
            with desk(bench) as one:
                one.plan(role, intent)
                one.push()
                ids.append(one.done(role, intent.key, "delivered from an empty store"))
        bench.one(role, intent.key, "delivered from two stores")
        if len(set(ids)) > 1:
            raise Broken(f"the {role} {intent.key} is {' and '.join(ids)}")


@rule(costs="two customers of one name share an account, and one sees the other's invoices")
def same_name(bench: WriteBench) -> None:
    """Two customers of the same name are two, or the second is refused: never one record for both.

    A second customer with another reference and the name of the first is written.
    """
    first, second = bench.sample(Role.CUSTOMER), bench.name()
    id = bench.made(first)
    (outcome,) = bench.write(bench.intent(Role.CUSTOMER, second, first.payload))
    if isinstance(outcome, Applied) and outcome.remote_id == id:
        raise Broken(f"the customers {first.key} and {second} both are {id}")
    if not isinstance(outcome, Applied | Refused):
        raise Broken(f"a second customer of one name is answered with {told(outcome)}")
    if bench.one(Role.CUSTOMER, first.key, "another of the same name was written").id != id:
        raise Broken(f"the customer {first.key} is not {id} any more")
