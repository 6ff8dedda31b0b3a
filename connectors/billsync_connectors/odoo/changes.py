"""Reads what changed: invoices, credit notes and payments of customers, page by page.  (shell)

A stamp is shown in whole seconds and kept finer, and is of the moment when its transaction began.  So nothing is told
apart by it: each read takes everything that was written since some minutes before the last stamp that the read before
it saw, in order of the ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync.model.problem import Place
from billsync_connectors.odoo.encoding import amount, day, link, named, text
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.payload import remote_id
from billsync_connectors.odoo.session import Session, reading

PAGE: Final = 200
_OVERLAP: Final = timedelta(minutes=10)
_STAMP: Final = "%Y-%m-%d %H:%M:%S"
_MOVE: Final = (
    *("name", "state", "invoice_date", "invoice_date_due", "amount_total", "amount_tax", "amount_residual"),
    *("currency_id", "partner_id", "payment_state", "payment_reference", "ref", "reversed_entry_id"),
)
_PAYMENT: Final = ("name", "state", "amount", "currency_id", "date", "partner_id", "reconciled_invoice_ids")
OBJECTS: Final[dict[str, tuple[str, list[Any], tuple[str, ...]]]] = {
    "invoice": ("account.move", [["move_type", "=", "out_invoice"]], _MOVE),
    "credit_note": ("account.move", [["move_type", "=", "out_refund"]], _MOVE),
    "payment": ("account.payment", [["partner_type", "=", "customer"], ["payment_type", "=", "inbound"]], _PAYMENT),
}
"""Object -> model, domain, fields."""
GONE: Final = ("canceled", "rejected")


class Changes:
    """The records of one connection.  Raises `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, external: External) -> None:
        self._session, self._external = session, external

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages by id; a checkpoint holds `since`, and inside a read also `after` (id) and `until`.

        Only a first read shows every live record: a draft that is deleted leaves no trace in Odoo.
        """
        mark = dict(since or {})
        until = mark.get("until") or self._latest(object)
        after, begun = int(mark.get("after", 0)), bool(mark.get("after"))
        while True:
            rows = self._rows(object, [*_from(mark.get("since")), ["id", ">", after]], PAGE)
            whole = not rows
            after = rows[-1]["id"] if rows else after
            resume = {"since": mark.get("since"), "after": after, "until": until}
            done = {"since": _earlier(until)} if until else {}
            all_shown = whole and not mark.get("since")
            yield Page(
                self._records(object, rows),
                checkpoint=done if whole else resume,
                snapshot=all_shown and not begun,
                complete=all_shown and not begun,
            )
            if whole:
                return

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        numbers = [remote_id(each, "id") for each in ids]
        return [record for record in self._records(object, self._rows(object, [["id", "in", numbers]], None))
                if not record.deleted]  # fmt: skip

    # ------------------------------------------------------------ asking

    def _latest(self, object: str) -> str | None:
        """The last stamp that Odoo shows as a read begins; what comes later belongs to the next read."""
        model, domain, _ = OBJECTS[object]
        rows = self._session.find(model, domain, ["write_date"], order="write_date desc", limit=1)
        return str(rows[0]["write_date"]) if rows else None

    def _rows(self, object: str, more: Sequence[Any], limit: int | None) -> list[dict[str, Any]]:
        model, domain, fields = OBJECTS[object]
        company = ["company_id", "=", self._session.company]
        return self._session.find(model, [*domain, company, *more], fields, limit=limit)

    def _records(self, object: str, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        if not rows:
            return []
        keys = self._external.keys(object, OBJECTS[object][0], [row["id"] for row in rows])
        paid = self._references(rows) if object == "payment" else {}
        with reading(self._session.system):
            return [self._record(object, row, keys.get(row["id"], ""), paid) for row in rows]

    def _references(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
        """Invoice -> our reference, or the one that it shows, of all that these payments settle."""
        ids = {id for row in rows for id in row["reconciled_invoice_ids"]}
        if not ids:
            return {}
        ours = self._external.keys("invoice", "account.move", ids)
        found = self._session.find("account.move", [["id", "in", sorted(ids)]], ["payment_reference", "name"])
        return {row["id"]: ours.get(row["id"]) or text(row["payment_reference"]) or text(row["name"]) for row in found}

    def _record(self, object: str, row: Mapping[str, Any], key: str, paid: Mapping[int, str]) -> Record:
        id = str(row["id"])
        place = Place(system=self._session.system, object=object, id=id)
        if object == "payment" and row["state"] in GONE:
            return Record(object, id, {}, place, deleted=True)
        data = _payment(row, paid) if object == "payment" else _move(row)
        return Record(object, id, {"id": id, "reference": key, **data}, place)


def _move(row: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice or credit note as Odoo has it; `final` is True once it is numbered and booked."""
    return {
        "number": text(row["name"]),
        "state": text(row["state"]),
        "final": row["state"] == "posted",
        "payment_state": text(row["payment_state"]),
        "payment_reference": text(row["payment_reference"]),
        "ref": text(row["ref"]),
        "invoice_date": day(row["invoice_date"]),
        "invoice_date_due": day(row["invoice_date_due"]),
        "amount_total": amount(row["amount_total"]),
        "amount_tax": amount(row["amount_tax"]),
        "amount_residual": amount(row["amount_residual"]),
        "currency": named(row["currency_id"]),
        "partner": str(link(row["partner_id"]) or ""),
    }


def _payment(row: Mapping[str, Any], paid: Mapping[int, str]) -> dict[str, Any]:
    """A payment; of one that settles several invoices none is named: a person has to place it."""
    settles = [paid[id] for id in row["reconciled_invoice_ids"] if id in paid]
    return {
        "number": text(row["name"]),
        "state": text(row["state"]),
        "invoice_reference": settles[0] if len(settles) == 1 else None,
        "settles": settles,
        "amount": amount(row["amount"]),
        "currency": named(row["currency_id"]),
        "date": day(row["date"]),
        "partner": str(link(row["partner_id"]) or ""),
    }


def _from(since: Any) -> list[Any]:
    return [["write_date", ">=", str(since)]] if since else []


def _earlier(until: Any) -> str:
    """Some minutes before a stamp: a long transaction shows late, under an early time."""
    try:
        return (datetime.strptime(str(until)[:19], _STAMP) - _OVERLAP).strftime(_STAMP)  # noqa: DTZ007  UTC, unmarked
    except ValueError as error:
        raise Refused("bad_checkpoint", f"the stored checkpoint is not one of Odoo's: {error}") from None
