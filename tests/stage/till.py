"""An office whose source also tells payments, refunds and chargebacks, and whose ERP takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from billsync.connector import Capabilities, Checkpoint, Context, Page, Record
from billsync.mapping import Mapping, parse
from billsync.model.problem import Place
from billsync.push import Options
from billsync.stage.world import End, World
from billsync.store import StoredPayment
from billsync_connectors.files import Files, FilesConfig
from tests.stage.office import OBJECTS, Erp, Office, _write

COLUMNS = ("event", "type", "id", "of", "invoice", "amount", "currency", "on", "version")

PAYMENT_IN = """
mapping: till.payment
version: 1
from: files.payments
to: payment
when: "type = 'payment'"
key: event
fields:
  id: {from: id}
  invoice: {from: invoice}
  amount: {from: amount, as: money}
  currency: {from: currency}
  received_on: {from: on, as: date}
  version: {from: version, default: ""}
"""
REFUND_IN = """
mapping: till.refund
version: 1
from: files.payments
to: refund
when: "type = 'refund' OR type = 'chargeback'"
key: event
fields:
  id: {from: id}
  payment: {from: of}
  amount: {from: amount, as: money}
  currency: {from: currency}
  paid_on: {from: on, as: date}
  kind: {from: type}
  version: {from: version, default: ""}
"""
PAYMENT_OUT = """
mapping: till.payment_out
version: 1
from: payment
to: erp.payment
key: id
fields:
  reference: {from: id}
  invoice: {ref: invoice, from: invoice}
  amount: {from: amount}
  currency: {from: currency}
"""
REFUND_OUT = """
mapping: till.refund_out
version: 1
from: refund
to: erp.refund
key: id
fields:
  reference: {from: id}
  payment: {from: payment}
  amount: {from: amount}
  kind: {from: kind}
"""


@cache
def _mapping(text: str) -> Mapping:
    return parse(text.encode(), "till.yaml", read_file=lambda _name: "")


class TillErp(Erp):
    """Tells each payment as it is now, and those that a person deleted as gone."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        yield Page([self._told(object, item) for item in self.payments], checkpoint={"at": 1})

    def _told(self, object: str, item: dict[str, Any]) -> Record:
        place = Place(system="erp", object=object, id=str(item["id"]))
        gone = bool(item.get("gone"))
        data = {name: value for name, value in item.items() if name != "gone"}
        return Record(object, str(item["id"]), {} if gone else data, place, deleted=gone)


@dataclass
class Till(Office):
    """An office with a till: `events` are rows of the source's payments."""

    events: list[dict[str, str]] = field(default_factory=list)
    erp_class: type[Erp] = TillErp
    sends: bool = False
    voids: bool = True
    patience: int = 3600
    currency: str = "USD"

    def save(self) -> None:
        super().save()
        rows = [[event.get(column, "") for column in COLUMNS] for event in self.events]
        _write(self.folder / "crm" / "payments.csv", list(COLUMNS), rows)

    def world(self, through: date) -> World:
        objects = OBJECTS | {"payments": {"key": "event"}}
        config = FilesConfig.model_validate({"folder": "crm", "objects": objects, "status_folder": "status"})
        made = super().world(through)
        out = {"payment": _mapping(PAYMENT_OUT), "refund": _mapping(REFUND_OUT)} if self.sends else {}
        return replace(
            made,
            options=Options(patience_s=self.patience),
            source=End("crm", Files(Context("crm", self.folder), config)),
            inbound=(*made.inbound[:2], self._deals(), _mapping(PAYMENT_IN), _mapping(REFUND_IN)),
            outbound={**made.outbound, **out},
        )

    def _deals(self) -> Mapping:
        """The mapping of deals, in the currency of now."""
        text = Path("mappings/files/crm_sales/opportunities.yaml").read_text(encoding="utf-8").partition("\ntests:")[0]
        return _mapping(text.replace("{const: USD}", f"{{const: {self.currency}}}"))

    def erp(self) -> Erp:
        erp = super().erp()
        writes = dict(erp.capabilities.writes)
        sheet = writes["party"].model_copy(update={"voids": self.voids})
        writes |= {"payment": sheet, "refund": sheet}
        erp.__dict__["capabilities"] = Capabilities(system="fake", title="Fake", writes=writes)
        return erp

    # ------------------------------------------------------------ what happens at the source

    def comes(self, id: str, amount: str, invoice: str = "INV-0001", **facts: str) -> None:
        """A record tells a payment."""
        self._tell("payment", id, amount, {"invoice": invoice} | facts)

    def goes(self, id: str, amount: str, of: str, type: str = "refund", **facts: str) -> None:
        """A record tells a refund or a chargeback."""
        self._tell(type, id, amount, {"of": of} | facts)

    def _tell(self, type: str, id: str, amount: str, facts: dict[str, str]) -> None:
        event = {"event": f"e-{type}-{id}", "type": type, "id": id, "amount": amount, "currency": "USD"}
        self.events.append(event | {"on": "2017-05-01"} | facts)

    # ------------------------------------------------------------ what the books say

    def books_of(self, id: str) -> StoredPayment:
        with self.store.view() as tx:
            stored = tx.ledger.payment(id)
        assert stored is not None
        return stored

    def left(self, id: str) -> str:
        """What of the payment settles nothing."""
        return str(self.books_of(id).left)

    def trail(self, id: str) -> list[str]:
        """What the payment settled and what of it was taken back, oldest first."""
        return [str(item.amount) for item in self.books_of(id).allocations]

    def open(self, number: str) -> tuple[str, str]:
        """State of an invoice, and what is open on it."""
        with self.store.view() as tx:
            stored = tx.ledger.invoice(number)
        assert stored is not None
        return str(stored.state), str(stored.open)
