"""A CRM whose people go on working: accounts, products and deals, and the status that it is told of each deal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from billsync.connector import (
    Applied,
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    Health,
    Intent,
    Outcome,
    Page,
    Refused,
    Target,
    WriteSheet,
)
from tests.simulation.feed import Feed, pages
from tests.simulation.network import Failed, Network, Rejected
from tests.simulation.scheduler import SEC, Sim


class NoConfig(BaseModel):
    """No settings."""


@dataclass
class Crm:
    """The server.

    Attributes:
        status: deal -> what it was told last.
        worth: deal -> every amount that it had while it was won; the last one counts if it still is.
        intended: deal -> what its people have saved, also what others do not see yet.
        busy: how often somebody edits a record while a page is being read.
        late: share of changes that others see later than their stamp says.
    """

    sim: Sim
    busy: float = 0.0
    late: float = 0.0
    status: dict[str, dict[str, Any]] = field(default_factory=dict)
    worth: dict[str, list[Decimal]] = field(default_factory=dict)
    intended: dict[str, dict[str, Any]] = field(default_factory=dict)
    feeds: dict[str, Feed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.feeds = {name: Feed(self.sim, name, busy=self._edit) for name in ("accounts", "products", "deals")}

    @property
    def deals(self) -> dict[str, Any]:
        return {id: row for id, row in self.feeds["deals"].rows.items() if not row.deleted}

    def change(self, object: str, id: str, *, late: bool = True, deleted: bool = False, **data: Any) -> None:
        """Somebody saves a record."""
        delay = self.sim.rng.randrange(SEC, 10 * SEC) if late and self.sim.chance(self.late) else 0
        self.sim.note(f"crm {object}/{id} {'deleted' if deleted else data}")
        self.feeds[object].change(id, data, late=delay, deleted=deleted)
        if object == "deals":
            known = self.intended.setdefault(id, {})
            known.update(data, deleted=deleted)
            if not deleted and known["stage"] == "won":
                self.worth.setdefault(id, []).append(worth(known["lines"]))

    def _edit(self) -> None:
        """The adversary edits records exactly while we page."""
        rng, deals = self.sim.rng, sorted(self.deals)
        if deals and self.sim.chance(self.busy):
            self.sim.faults["edit_while_paging"] += 1
            one, *others = rng.sample(deals, min(len(deals), 2))
            if others and rng.random() < 0.5:  # the second is on this very page, the first is published behind it
                self._rename(one, late=True)
                self._rename(others[0], late=False)
            else:
                self.sim.after(rng.choice((0, 0, rng.randrange(30))), partial(self._rename, one, late=False))

    def _rename(self, id: str, *, late: bool) -> None:
        if id in self.deals:
            self.change("deals", id, late=late, name=f"{id} at {self.sim.t}")


def worth(lines: Sequence[dict[str, Any]]) -> Decimal:
    """What a deal comes to."""
    return sum((Decimal(line["quantity"]) * Decimal(line["price"]) for line in lines), Decimal(0))


class CrmConnector(Connector):
    """Its connector, for the length of one run."""

    capabilities = Capabilities(
        system="crm", title="CRM", writes={"status": WriteSheet(target=Target.UPSERT, reference="id", batch_max=5)}
    )
    config = NoConfig

    def __init__(self, context: Context, config: Any) -> None:
        self.crm: Crm
        self.network: Network

    @classmethod
    def of(cls, crm: Crm, network: Network) -> CrmConnector:
        made = cls(Context("crm", Path()), NoConfig())
        made.crm, made.network = crm, network
        return made

    def check(self) -> Health:
        return Health(system="crm")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        return pages(self.network, "crm", self.crm.feeds[object], since)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        what = ", ".join(f"{intent.key}={intent.payload['state']}" for intent in intents)
        try:
            self.network.call("crm", f"status {what}", lambda: self._put(intents), writes=True)
        except Failed as failed:
            return [failed.as_write() for _ in intents]
        except Rejected as rejected:
            return [Refused("rejected", str(rejected)) for _ in intents]
        return [Applied(intent.key) for intent in intents]

    def _put(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            self.crm.status[intent.key] = dict(intent.payload)
            if intent.key in self.crm.deals:
                self.crm.feeds["deals"].change(intent.key, {"billing": intent.payload["state"]})
