"""A walk of writes under faults, of everything at once: afterwards both books are the same to the cent.  (shell)"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.desk import Desk, desk
from billsync.conformance.writes.documents import Role
from billsync.conformance.writes.rule import rule
from billsync.conformance.writes.rules.speech import same_as_listed
from billsync.conformance.writes.subject import Skill
from billsync.connector import Intent

SEED: Final = 7
_ROUNDS: Final = 4
_CUSTOMERS: Final = 2
_FAULTS: Final = (
    Skill.LOST, Skill.DROPPED, Skill.BUSY, Skill.ERROR_BEFORE, Skill.ERROR_AFTER, Skill.TRUNCATED, Skill.HTML,
    Skill.EXPIRED,
)  # fmt: skip
_DOCUMENTS: Final = (Role.INVOICE, Role.CREDIT_NOTE, Role.PAYMENT)
Sums = dict[tuple[Role, str], Decimal]


@dataclass
class _Walk:
    """What was planned so far.

    Attributes:
        owner: (role, reference) -> the customer it is for; total: what each must come to.
        unpaid: reference -> id there of the invoices that nothing was done to yet.
    """

    bench: WriteBench
    desk: Desk
    chance: Random
    customers: list[str]
    owner: dict[tuple[Role, str], str] = field(default_factory=dict)
    total: dict[tuple[Role, str], Decimal] = field(default_factory=dict)
    unpaid: dict[str, str] = field(default_factory=dict)

    def note(self, role: Role, customer: str, intent: Intent) -> Intent:
        """An intent that is planned."""
        self.owner[role, intent.key] = customer
        self.total[role, intent.key] = (intent.expect and intent.expect.total) or Decimal(0)
        return intent

    def invoices(self) -> list[Intent]:
        """Three invoices of one to three lines."""
        found = []
        for _ in range(3):
            lines = [
                self.bench.line(str(Decimal(self.chance.randrange(1, 99_999)) / 100), str(self.chance.randrange(1, 9)))
                for _ in range(self.chance.randrange(1, 4))
            ]
            customer = self.chance.choice(self.customers)
            found.append(
                self.note(Role.INVOICE, customer, self.bench.billed(self.bench.bill(*lines, customer=customer)))
            )
        return found

    def afterwards(self) -> tuple[Role, Intent] | None:
        """A credit note or payment of one of the invoices, or None where it is taken back in place of that."""
        reference = self.chance.choice(sorted(self.unpaid))
        id, customer = self.unpaid.pop(reference), self.owner[Role.INVOICE, reference]
        role = self.chance.choice([*self.bench.roles(Role.CREDIT_NOTE, Role.PAYMENT), Role.INVOICE])
        if role is Role.CREDIT_NOTE:
            bill = self.bench.bill(self.bench.line("0.01", "1"), invoice=id, customer=customer)
            return role, self.note(role, customer, self.bench.billed(bill, role))
        if role is Role.PAYMENT:
            amount = self.total[Role.INVOICE, reference]
            money = self.bench.money(id, amount, customer)
            return role, self.note(role, customer, self.bench.paid(money))
        if self.bench.can(Skill.VOID_INVOICE):
            self.desk.plan_void(Role.INVOICE, reference, id)
            del self.owner[Role.INVOICE, reference], self.total[Role.INVOICE, reference]
        return None


@rule(costs="at the end of the month the books differ, and nobody knows since when")
def storm(bench: WriteBench) -> None:
    """After a seeded walk of writes under faults each document stands there once, and all totals are equal to the cent.

    Invoices for two customers, credit notes, payments and voids are delivered by billsync's own effect machine while
    faults of every kind strike; the system's books, and what the connector lists of them, are compared with what was
    sent, per customer.
    """
    customers = [bench.made(bench.sample(Role.CUSTOMER)) for _ in range(_CUSTOMERS)]
    with desk(bench) as one:
        walk = _Walk(bench, one, Random(SEED), customers)  # noqa: S311  repeatable on purpose
        for _ in range(_ROUNDS):
            _round(walk)
        for role, key in walk.owner:
            one.done(role, key, f"after a storm, seed {SEED}")
    _compare(walk)


def _round(walk: _Walk) -> None:
    """Three invoices, then what comes after two of those that stand there, each under a fault."""
    fresh = walk.invoices()
    walk.desk.plan(Role.INVOICE, *fresh)
    _delivered(walk, Role.INVOICE)
    for intent in fresh:
        walk.unpaid[intent.key] = walk.desk.done(Role.INVOICE, intent.key, f"in a storm, seed {SEED}")
    for _ in range(2):
        planned = walk.afterwards()
        if planned is not None:
            walk.desk.plan(planned[0], planned[1])
        _delivered(walk, Role.INVOICE if planned is None else planned[0])


def _delivered(walk: _Walk, role: Role) -> None:
    """Push while a fault strikes somewhere, and once more when all is calm."""
    bench, faults = walk.bench, [fault for fault in _FAULTS if walk.bench.can(fault)]
    if faults:
        with bench.struck(walk.chance.choice(faults), role, skip=walk.chance.randrange(2)):
            walk.desk.push(patience_s=60)
    walk.desk.push(after_s=60)


def _compare(walk: _Walk) -> None:
    """Raises `Broken` where what stands there is not what was sent."""
    ours: Sums = defaultdict(Decimal)
    theirs: Sums = defaultdict(Decimal)
    for (role, key), customer in walk.owner.items():
        booked = walk.bench.one(role, key, f"after a storm, seed {SEED}")
        ours[role, customer] += walk.total[role, key]
        theirs[role, booked.customer or customer] += booked.total or Decimal(0)
    for role in walk.bench.roles(*_DOCUMENTS):
        _no_others(walk, role)
        same_as_listed(walk.bench, role)
    if apart := _sums_apart(ours, theirs):
        raise Broken(f"after a storm, seed {SEED}: {apart}")


def _no_others(walk: _Walk, role: Role) -> None:
    for booked in walk.bench.subject.truth(role):
        mine = booked.reference.startswith(walk.bench.tag) and not booked.void
        if mine and (role, booked.reference) not in walk.owner:
            raise Broken(f"after a storm, seed {SEED}: {role} {booked.reference} stands there and was taken back")


def _sums_apart(ours: Mapping[tuple[Role, str], Decimal], theirs: Mapping[tuple[Role, str], Decimal]) -> str:
    apart = [
        f"the {role}s of customer {customer} come to {theirs.get((role, customer))} there, {total} here"
        for (role, customer), total in ours.items()
        if theirs.get((role, customer)) != total
    ]
    return "; ".join(apart)
