"""Records made, changed, taken back and deleted, by the rules of the system that is played.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.sandbox.server import chart
from billsync_connectors.sandbox.server.clock import Clock, text
from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.kinds import KINDS, REFERS, kind_of, needed, written
from billsync_connectors.sandbox.server.settings import Settings
from billsync_connectors.sandbox.server.shelf import Row, Shelf
from billsync_connectors.sandbox.server.sums import settled, summed

_VOIDABLE: Final = ("invoice", "credit_note", "payment", "refund")
_SETTLING: Final = ("credit_note", "payment", "refund")
"""What lowers, or raises again, what is open on an invoice."""


class Books:
    """The records.  Every method is called inside of a turn of the shelf; all raise `Denied`."""

    def __init__(self, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._shelf, self._clock, self._settings = shelf, clock, settings

    def get(self, object: str, id: str) -> Row:
        """A live record."""
        kind_of(object)
        row = self._shelf.get(object, id)
        if row is None or row.deleted:
            raise Denied(404, "not_found", f"there is no {object} {id}")
        return row

    def create(self, object: str, given: Mapping[str, Any], *, human: bool = False) -> Row:
        """Make a record."""
        fields = dict(given)
        reference = _text(fields.pop("reference", ""), "reference")
        id = self._id(object, fields)
        data = written(object, fields)
        needed(object, data)
        row = Row(object, id, {}, reference=reference, version=0)
        settings, now = self._settings(), self._clock.now()
        row.published = text(now + timedelta(seconds=float(settings.publish_lag_s)))
        row.indexed = text(now + timedelta(seconds=float(settings.index_lag_s)))
        self._keep(row, self._made(object, data), human=human)
        return row

    def change(self, object: str, id: str, given: Mapping[str, Any], *, version: str = "", human: bool = False) -> Row:
        """Change the given fields; one that changes nothing leaves the version as it is."""
        row = self.get(object, id)
        if version and version != str(row.version):
            raise Denied(409, "stale_version", f"{object} {id} is at version {row.version}, not {version}")
        fields = dict(given)
        reference = _text(fields.pop("reference", row.reference), "reference")
        data = {**row.data, **written(object, fields)}
        if object == "invoice" and fields.get("state", "sent") not in ("draft", "sent"):
            raise Denied(422, "bad_value", "the state of an invoice follows from its payments", "state")
        if not human and object == "invoice" and row.data.get("state") in ("void", "paid") and fields:
            if self._same(row, data):
                return row
            raise Denied(409, "not_open", f"the invoice {id} is {row.data['state']}")
        needed(object, data)
        row.reference = reference
        self._keep(row, data, human=human)
        return row

    def void(self, object: str, id: str, *, human: bool = False) -> Row:
        """Take a document back; one that is void stays as it is."""
        row = self.get(object, id)
        if object not in _VOIDABLE:
            raise Denied(400, "not_offered", f"{object} is not something that can be void")
        if object == "invoice" and row.data["state"] in ("paid", "partly_paid") and not human:
            raise Denied(409, "has_payments", f"the invoice {id} has payments: take them back first")
        self._keep(row, {**row.data, "state": "void"}, human=human)
        return row

    def delete(self, object: str, id: str) -> Row:
        """A person deletes a record: it is told as gone from now on."""
        row = self.get(object, id)
        row.deleted, row.version, row.updated = True, row.version + 1, text(self._clock.now())
        self._shelf.put(row)
        self._settle(row)
        return row

    def touch(self, object: str, id: str) -> None:
        """Somebody opens a record and saves it as it was: another version of the same."""
        row = self.get(object, id)
        row.version, row.updated = row.version + 1, text(self._clock.now())
        self._shelf.put(row)

    def remove(self, object: str, id: str) -> Row:
        """Take a draft away, as if it had never been; a document that counts stays."""
        row = self.get(object, id)
        if row.data.get("state") != "draft":
            raise Denied(409, "not_open", f"{object} {id} is no draft: it can be made void")
        return self.delete(object, id)

    def by_reference(self, object: str, reference: str) -> Row | None:
        """The live record with a reference, in the index or not."""
        found = self._shelf.named(object, "reference", [reference], "9")
        return found[0] if found else None

    # ------------------------------------------------------------ inside

    def _id(self, object: str, fields: dict[str, Any]) -> str:
        """A new id; only records of the CRM may bring their own."""
        own = fields.pop("id", None) if kind_of(object).open else None
        if own is not None:
            if self._shelf.get(object, _text(own, "id")) is not None:
                raise Denied(409, "not_open", f"{object} {own} is there already", "id")
            return str(own)
        number = int(self._shelf.recall(f"last {object}", 0)) + 1
        self._shelf.remember(f"last {object}", number)
        return f"{object}-{number}"

    @staticmethod
    def _made(object: str, data: dict[str, Any]) -> dict[str, Any]:
        if object == "invoice":
            state = data.get("state") or "sent"
            if state not in ("draft", "sent"):
                raise Denied(422, "bad_value", f"an invoice begins as draft or sent, not {state}", "state")
            return {**data, "state": state, "edited_by": ""}
        if object in _VOIDABLE:
            return {**data, "state": "booked", "edited_by": ""}
        return data if kind_of(object).open else {"active": True, **data}

    def _keep(self, row: Row, data: dict[str, Any], *, human: bool) -> None:
        """Check, compute, and write the record where it is another than before."""
        data = self._checked(row, data, human=human)
        if row.version and data == row.data:
            return
        if human and "edited_by" in data:
            data["edited_by"] = "human"
        row.data, row.number = data, str(data.get("number") or "")
        row.version, row.updated = row.version + 1, text(self._clock.now())
        self._shelf.put(row)
        self._settle(row)

    def _checked(self, row: Row, data: dict[str, Any], *, human: bool) -> dict[str, Any]:
        changed = {name for name in data if data[name] != row.data.get(name)} - {"state", "edited_by"}
        if not human:
            self._open_period(row.object, data, changed)
        self._refers(row.object, data, changed)
        if row.object == "refund":
            data = self._of_payment(data)
        if row.object in ("invoice", "credit_note"):
            self._own_number(row, data)
            if not row.version or changed & {"lines", "currency"}:
                data = summed(data, self._settings())
        if row.object in _SETTLING:
            invoice = self._shelf.get("invoice", data.get("invoice") or "")
            return {**data, "invoice_reference": invoice.reference if invoice else ""}
        if row.object != "invoice":
            return data
        return self._balanced(row.id, data)

    def _same(self, row: Row, data: dict[str, Any]) -> bool:
        return self._checked(row, data, human=True) == row.data

    def _open_period(self, object: str, data: Mapping[str, Any], changed: set[str]) -> None:
        closed = self._settings().closed_through
        if closed and object in _VOIDABLE and changed and str(data.get("date")) <= closed:
            raise Denied(422, "period_closed", f"the books are closed through {closed}", "date")

    def _refers(self, object: str, data: Mapping[str, Any], changed: set[str]) -> None:
        for name, type in KINDS[object].fields.items():
            if type in REFERS and name in changed and data.get(name):
                self._there(type, data[name], name)
        for line in data.get("lines") or () if "lines" in changed else ():
            if line.get("product"):
                self._there("product", line["product"], "lines.product")
            chart.fits(line, self._settings())

    def _there(self, object: str, id: str, field: str) -> None:
        row = self._shelf.get(object, id)
        if row is None or row.deleted or row.data.get("state") == "void":
            raise Denied(422, "unknown_reference", f"there is no {object} {id}", field)
        if row.data.get("active") is False:
            raise Denied(422, "inactive", f"the {object} {id} is not active", field)

    def _of_payment(self, data: dict[str, Any]) -> dict[str, Any]:
        payment = self._shelf.get("payment", data.get("payment") or "")
        return {**data, "invoice": payment.data.get("invoice")} if payment else data

    def _own_number(self, row: Row, data: Mapping[str, Any]) -> None:
        number = str(data.get("number") or "")
        if number and self._settings().unique_numbers:
            others = self._shelf.named(row.object, "number", [number], "9")
            if any(other.id != row.id for other in others):
                raise Denied(409, "number_taken", f"another {row.object} has the number {number}", "number")

    def _balanced(self, id: str, data: dict[str, Any]) -> dict[str, Any]:
        money: dict[str, list[str]] = {
            object: [
                row.data["total" if object == "credit_note" else "amount"]
                for row in self._of_invoice(object, id)
                if not row.deleted and row.data["state"] == "booked"
            ]
            for object in _SETTLING
        }
        return settled(data, [*money["payment"], *money["credit_note"]], money["refund"])

    def _of_invoice(self, object: str, id: str) -> list[Row]:
        ids = self._shelf.ask(
            "select id from record where object = ? and json_extract(data, '$.invoice') = ?", object, id
        )
        return [row for (found,) in ids if (row := self._shelf.get(object, found)) is not None]

    def _settle(self, row: Row) -> None:
        """What was paid changes the invoice that it was paid for."""
        invoice = self._shelf.get("invoice", row.data.get("invoice") or "") if row.object != "invoice" else None
        if row.object in _SETTLING and invoice is not None and not invoice.deleted:
            data = self._balanced(invoice.id, invoice.data)
            if data != invoice.data:
                invoice.data, invoice.version = data, invoice.version + 1
                invoice.updated = text(self._clock.now())
                self._shelf.put(invoice)


def shown(row: Row, settings: Settings) -> dict[str, Any]:
    """A record as replies show it."""
    own = {"id": row.id, "version": row.version, "updated": row.updated, "deleted": row.deleted}
    if row.deleted:
        return own
    data = {**row.data, **own}
    if not KINDS[row.object].open:
        data["reference"] = row.reference
    decimals = settings.reply_decimals
    if decimals is not None:
        unit = Decimal(1).scaleb(-decimals)
        amounts = (name for name in ("subtotal", "tax", "total", "open", "amount") if data.get(name) is not None)
        data.update({name: str(Decimal(data[name]).quantize(unit)) for name in list(amounts)})
    return data


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Denied(422, "bad_value", f"{name}: expected text", name)
    return value
