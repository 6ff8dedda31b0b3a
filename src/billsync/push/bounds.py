"""How much one run may send before a person has looked.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from billsync.model.base import canonical_json
from billsync.model.delivery import Delivery
from billsync.model.scalar import plain
from billsync.push.payload import expectation, is_void
from billsync.settings.shape import Bounds


@dataclass(slots=True)
class Volume:
    """What is about to go out for the first time.

    Attributes:
        single: the largest amount of one document.
        totals: currency -> sum.
    """

    creates: int = 0
    voids: int = 0
    single: Decimal = Decimal(0)
    totals: dict[str, Decimal] = field(default_factory=dict)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Count deliveries in."""
        for delivery in deliveries:
            if is_void(delivery):
                self.voids += 1
                continue
            self.creates += 1
            expect = expectation(delivery)
            if expect is not None and expect.total is not None:
                currency = expect.currency or ""
                self.single = max(self.single, abs(expect.total))
                self.totals[currency] = self.totals.get(currency, Decimal(0)) + abs(expect.total)

    def text(self) -> str:
        """As JSON, for the gate that holds it back."""
        sums = {currency: plain(amount) for currency, amount in self.totals.items()}
        facts = {"creates": self.creates, "voids": self.voids, "single": plain(self.single), "totals": sums}
        return canonical_json(facts)


def allowed(text: str) -> Volume:
    """The volume that a person let pass, from its JSON; nothing for "{}"."""
    found: Mapping[str, object] = json.loads(text)
    totals = found.get("totals") or {}
    return Volume(
        creates=int(str(found.get("creates", 0))),
        voids=int(str(found.get("voids", 0))),
        single=Decimal(str(found.get("single", 0))),
        totals={name: Decimal(amount) for name, amount in totals.items()} if isinstance(totals, dict) else {},
    )


def exceeded(volume: Volume, bounds: Bounds, allowance: Volume) -> str:
    """Which bound the volume exceeds and what a person let pass beyond it does not cover, in words; "" for none."""
    if volume.creates > max(bounds.creates, allowance.creates):
        return f"{volume.creates} new documents in one run, the bound is {bounds.creates}"
    if volume.voids > max(bounds.voids, allowance.voids):
        return f"{volume.voids} documents to take back in one run, the bound is {bounds.voids}"
    if volume.single > max(bounds.single, allowance.single):
        return f"one document over {plain(volume.single)}, the bound is {plain(bounds.single)}"
    for currency, total in sorted(volume.totals.items()):
        if total > max(bounds.total, allowance.totals.get(currency, Decimal(0))):
            return f"{plain(total)} {currency} in one run, the bound is {plain(bounds.total)}"
    return ""
