"""An ERP of each kind: what one request makes of its records, and what its people do meanwhile."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Intent, Standing, Target
from tests.simulation.feed import Feed
from tests.simulation.network import Rejected
from tests.simulation.scheduler import HOUR, Sim

KEY_LIFE: Final = 24 * HOUR


@dataclass
class Doc:
    """One record; of invoices `total` is what the ERP itself adds up."""

    id: str
    object: str
    reference: str
    data: dict[str, Any]
    at: int
    posted: bool = True
    void: bool = False
    paid: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        lines = self.data.get("lines", [])
        return sum((Decimal(line["quantity"]) * Decimal(line["price"]) for line in lines), Decimal(0))


@dataclass
class Erp:
    """The server.

    Attributes:
        lag: how long after its creation a record is found by a search.
        two_steps: True where a document is made as a draft first and posted by a second request.
        doubles_allowed: True where the network does what this kind of target cannot be protected from.
        doubled: references that came to have a second live document.
        edited, voided: references of documents that somebody changed or took back.
    """

    sim: Sim
    kind: Target
    lag: int = 0
    two_steps: bool = False
    doubles_allowed: bool = False
    docs: dict[str, Doc] = field(default_factory=dict)
    keys: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)
    voided: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.payments = Feed(self.sim, "payment")

    def live(self, object: str, reference: str) -> list[Doc]:
        """Records that stand for a reference now."""
        return [d for d in self.docs.values() if (d.object, d.reference, d.void) == (object, reference, False)]

    # ------------------------------------------------------------ requests

    def put(self, object: str, intents: Sequence[Intent]) -> list[Doc | str]:
        """One batch, item by item: each its record, or why it is refused."""
        return [self._put(object, intent) for intent in intents]

    def _put(self, object: str, intent: Intent) -> Doc | str:
        if intent.void:
            return self._void(intent.remote_id or "")
        if intent.remote_id is not None:
            doc = self.docs.get(intent.remote_id)
            if doc is None:
                return "no such record"
            doc.data = dict(intent.payload)
            return doc
        if self.kind is Target.KEY:
            return self._by_key(object, intent)
        if self.kind is Target.UPSERT and (found := self.live(object, intent.key)):
            found[0].data = dict(intent.payload)
            return found[0]
        return self._make(object, intent)

    def _by_key(self, object: str, intent: Intent) -> Doc | str:
        until, body, id = self.keys.get(intent.idempotency_key, (-1, "", ""))
        sent = json.dumps(intent.payload, sort_keys=True, default=str)
        if self.sim.t < until:
            if body != sent:
                self.sim.wrong(f"KEY_REUSED for another body of {intent.key}")
                return "the key was used for another body"
            return self.docs[id]
        doc = self._make(object, intent)
        self.keys[intent.idempotency_key] = (self.sim.t + KEY_LIFE, sent, doc.id)
        return doc

    def _make(self, object: str, intent: Intent) -> Doc:
        if self.live(object, intent.key):
            self.doubled.add(f"{object}/{intent.key}")
            if not self.doubles_allowed:
                self.sim.wrong(f"DOUBLED {object}/{intent.key}")
        doc = Doc(f"E{len(self.docs) + 1}", object, intent.key, deepcopy(dict(intent.payload)), self.sim.t)
        doc.posted = not (self.two_steps and object == "invoice")
        self.docs[doc.id] = doc
        self.sim.note(f"erp makes {doc.id} for {intent.key}")
        return doc

    def _void(self, id: str) -> Doc | str:
        doc = self.docs.get(id)
        if doc is None or doc.paid:
            return "it is not there" if doc is None else "it has payments"
        doc.void = True
        return doc

    def post(self, ids: Sequence[str]) -> None:
        for id in ids:
            if id in self.docs:
                self.docs[id].posted = True

    def find(self, object: str, references: Sequence[str]) -> list[list[Doc]]:
        """What the search index shows now."""
        seen = self.sim.t - self.lag
        return [[doc for doc in self.live(object, name) if doc.at <= seen] for name in references]

    def standing(self, object: str) -> list[Standing]:
        return [_standing(doc) for doc in self.docs.values() if doc.object == object]

    # ------------------------------------------------------------ its people

    def book_payment(self) -> None:
        """Somebody pays all or a part of some invoice."""
        rng = self.sim.rng
        free = (doc for doc in self._invoices() if doc.posted and doc.reference not in self.edited)
        owed = [doc for doc in free if doc.paid < doc.total]
        if not owed:
            return
        doc = rng.choice(owed)
        rest = doc.total - doc.paid
        amount = rest if rng.random() < 0.7 else max(Decimal("0.01"), (rest / 2).quantize(Decimal("0.01")))
        doc.paid += amount
        id = f"P{len(self.payments.rows) + 1:03}"
        self.sim.note(f"somebody pays {amount} of {doc.reference}")
        data = {"invoice": doc.reference, "amount": str(amount), "currency": doc.data["currency"], "date": "2026-04-01"}
        self.payments.change(id, data)

    def mend_payment(self) -> None:
        """Somebody takes a payment back, or books less of it."""
        booked = sorted(row.id for row in self.payments.rows.values() if not row.deleted)
        if not booked:
            return
        row = self.payments.rows[self.sim.rng.choice(booked)]
        doc = max(self.live("invoice", row.data["invoice"]), key=lambda doc: doc.paid)
        amount, less = Decimal(row.data["amount"]), Decimal("0.01")
        gone = self.sim.rng.random() < 0.5 or amount <= less
        self.sim.faults["erp_unpay"] += 1
        self.sim.note(f"somebody {'takes back' if gone else 'lowers'} {row.id} of {doc.reference}")
        doc.paid -= amount if gone else less
        self.payments.change(row.id, {} if gone else {"amount": str(amount - less)}, deleted=gone)

    def edit_one(self, known: Collection[str]) -> None:
        """Somebody changes the price on an unpaid invoice, one of those that are `known` to have been sent."""
        if doc := self._any_unpaid(known):
            doc.data["lines"][0]["price"] = Decimal(doc.data["lines"][0]["price"]) + 1
            self.edited.add(doc.reference)
            self.sim.faults["erp_edit"] += 1
            self.sim.note(f"somebody edits {doc.id} {doc.reference}")

    def void_one(self, known: Collection[str]) -> None:
        """Somebody takes an unpaid invoice back, one of those that are `known` to have been sent."""
        if doc := self._any_unpaid(known):
            doc.void = True
            self.voided.add(doc.reference)
            self.sim.faults["erp_void"] += 1
            self.sim.note(f"somebody voids {doc.id} {doc.reference}")

    def _any_unpaid(self, known: Collection[str]) -> Doc | None:
        """One that nobody meddled with before."""
        seen = self.edited | self.voided
        ours = (doc for doc in self._invoices() if doc.posted and doc.reference in known)
        free = [doc for doc in ours if not doc.paid and doc.reference not in seen]
        return self.sim.rng.choice(free) if free else None

    def _invoices(self) -> Iterator[Doc]:
        return (doc for doc in self.docs.values() if doc.object == "invoice" and not doc.void)

    def invoices(self) -> Mapping[str, list[Doc]]:
        """Reference -> live invoices."""
        found: dict[str, list[Doc]] = {}
        for doc in self._invoices():
            found.setdefault(doc.reference, []).append(doc)
        return found


def _standing(doc: Doc) -> Standing:
    state = "void" if doc.void else "draft" if not doc.posted else "paid" if doc.paid == doc.total else "sent"
    return Standing(
        id=doc.id,
        reference=doc.reference,
        currency=str(doc.data.get("currency", "")),
        total=doc.total,
        number=doc.data.get("number"),
        customer=doc.data.get("customer"),
        open=doc.total - doc.paid,
        lines=len(doc.data.get("lines", [])),
        state="partly_paid" if state == "sent" and doc.paid else state,
    )


def check(doc: Doc | str) -> Doc:
    """Raises `Rejected` for a refusal."""
    if isinstance(doc, str):
        raise Rejected(doc)
    return doc
