"""The people: sales who win and change deals, bookkeepers who book payments and answer what billsync asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from billsync import answers
from billsync.model.delivery import Delivery, DeliveryState
from billsync.store import Store, StoredProblem, Tx
from tests.simulation.crm import Crm
from tests.simulation.erp import Erp
from tests.simulation.scheduler import HOUR, MIN, SEC, Sim
from tests.simulation.setup import Draw

CUSTOMERS, PRODUCTS, COUNTRIES = 5, 3, ("DE", "NO", "US", "JP")
PATIENCE_MS = HOUR
"""A person looks at a write no earlier than this after it was sent, so that nothing of it is still on its way."""


@dataclass
class Sales:
    """Who works in the CRM."""

    sim: Sim
    crm: Crm
    draw: Draw
    until: int

    def plan(self) -> None:
        """The whole time's work, as the seed has it."""
        rng = self.sim.rng
        for n in range(PRODUCTS):
            self._at(rng.randrange(HOUR), "products", f"S{n}", name=f"Seat {n}")
        for n in range(CUSTOMERS):
            id = f"C{n}"
            name = {"name": f"Customer {n}", "currency": "EUR" if n % 2 else "USD", "country": rng.choice(COUNTRIES)}
            self._at(rng.randrange(HOUR), "accounts", id, **name)
            for _ in range(rng.randrange(3)):
                self._at(rng.randrange(HOUR, self.until), "accounts", id, country=rng.choice(COUNTRIES))
        for n in range(self.draw.deals):
            self._deal(f"D{n:02}")

    def _deal(self, id: str) -> None:
        rng = self.sim.rng
        opened, won = rng.randrange(self.until // 2), rng.randrange(10 * MIN, self.until // 2)
        if self.draw.burst:  # many in one second
            opened, won = HOUR + rng.randrange(3 * SEC), self.until // 3 + rng.randrange(3 * SEC)
        customer = rng.randrange(CUSTOMERS)
        signed = date(2026, 1, 1) + timedelta(days=rng.randrange(90))
        deal = {"name": id, "account": f"C{customer}", "currency": "EUR" if customer % 2 else "USD"}
        self._at(opened, "deals", id, stage="open", lines=self._lines(), signed_on=str(signed), **deal)
        won_at = max(opened + MIN, opened + won if not self.draw.burst else won)
        self._at(won_at, "deals", id, stage="won")
        self._later(id, won_at)

    def _later(self, id: str, won_at: int) -> None:
        rng, rest = self.sim.rng, max(2 * MIN, self.until - won_at)
        for _ in range(rng.randrange(2)):
            self._at(won_at + rng.randrange(MIN, rest), "deals", id, name=f"{id} renamed")
        if rng.random() < self.draw.reprice:
            self._at(won_at + rng.randrange(MIN, rest), "deals", id, lines=self._lines())
        if rng.random() < self.draw.reprice:
            lost = won_at + rng.randrange(MIN, rest)
            self._at(lost, "deals", id, stage="open")
            self._at(lost + rng.randrange(MIN, 2 * HOUR), "deals", id, stage="won")
        if rng.random() < self.draw.delete:
            self.sim.at(min(won_at + rng.randrange(rest), self.until), lambda: self._delete(id))

    def _delete(self, id: str) -> None:
        self.sim.faults["crm_delete"] += 1
        self.crm.change("deals", id, deleted=True)

    def _lines(self) -> list[dict[str, Any]]:
        rng = self.sim.rng
        return [
            {
                "id": str(n),
                "product": f"S{rng.randrange(PRODUCTS)}",
                "quantity": str(rng.randrange(1, 9)),
                "price": f"{rng.randrange(1, 100_000) / 100:.2f}",
            }
            for n in range(rng.choice((1, 1, 2, 3)))
        ]

    def _at(self, when: int, object: str, id: str, **data: Any) -> None:
        def save() -> None:
            gone = object == "deals" and self.crm.intended.get(id, {}).get("deleted", False)
            if not gone:
                self.crm.change(object, id, **data)

        self.sim.at(min(when, self.until), save)


@dataclass
class Bookkeeper:
    """Who looks after the ERP and after what billsync asks; tells the truth, hours later.

    Attributes:
        asked: how many answers were given; told: what was asked, as (reason, document).
        accepted: documents that a person edited there and left so.
    """

    sim: Sim
    store: Store
    erp: Erp
    asked: int = 0
    released: int = 0
    told: set[tuple[str, str]] = field(default_factory=set)
    accepted: set[str] = field(default_factory=set)

    def look(self) -> None:
        """Answer what is old enough to be known for sure."""
        with self.store.view() as tx:
            stuck = [(item, answers.delivery_of(tx, item)) for item in tx.problems.list(limit=500)]
        for item, delivery in stuck:
            if delivery is not None and self._old_enough(delivery):
                with self.store.tx("person") as tx:
                    self._answer(tx, item, delivery)

    def _old_enough(self, delivery: Delivery) -> bool:
        sent = delivery.last_sent_at
        return sent is None or self.sim.now() - sent >= timedelta(milliseconds=PATIENCE_MS)

    def _answer(self, tx: Tx, item: StoredProblem, delivery: Delivery) -> None:
        self.sim.changes += 1
        if answers.release(tx, delivery, at=self.sim.now()):
            self.released += 1
            return
        if delivery.state is not DeliveryState.REVIEW:
            return
        self.asked += 1
        self.told.add((delivery.reason, delivery.our_id))
        found = sorted(self.erp.live(delivery.object, delivery.our_id), key=lambda doc: -doc.paid)
        for extra in found[1:]:
            extra.void = True
        if delivery.reason == "edited_there":
            self.accepted.add(delivery.our_id)
        self.sim.note(f"a person says of {delivery.key} ({delivery.reason}): {found[0].id if found else 'absent'}")
        for doc in found[:1]:
            doc.posted = True
        answers.resolve(tx, item, exists=found[0].id if found else None, reason="looked", at=self.sim.now())
