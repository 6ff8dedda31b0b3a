"""Reads what changed in Tryton: customer invoices with a reference of ours, and their payments.  (shell)

`write_date` is empty until a record is first changed, so that both dates are asked for.  Only Tryton's own times are
compared, and each read starts some minutes before the last one ended: a long transaction shows late, under an
early time.

A payment is taken back in two ways: its move is cancelled, so that its line is reconciled with another one than the
invoice's; or the line is taken off the invoice, and only the move's origin still says what it was for.  Both are told
as deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync.model.problem import Place
from billsync.model.scalar import read_instant
from billsync_connectors.tryton.payload import remote_id
from billsync_connectors.tryton.session import Session
from billsync_connectors.tryton.standing import BOOKED

PAGE: Final = 200
_OVERLAP: Final = timedelta(minutes=10)
_MODEL: Final = "account.invoice"
_OURS: Final = [["type", "=", "out"], ["reference", "!=", None]]
_INVOICE: Final = (
    "number",
    "reference",
    "state",
    "invoice_date",
    "total_amount",
    "tax_amount",
    "amount_to_pay",
    "currency.code",
    "party.code",
)
_PAID: Final = ("payment_lines", "lines_to_pay", "move", "additional_moves")
_LINE: Final = (
    "date",
    "reconciliation",
    "credit",
    "debit",
    "amount_second_currency",
    "second_currency.code",
    "description_used",
    "move_description_used",
    "move.journal.type",
)


class Changes:
    """Invoices and payments, page by page."""

    def __init__(self, session: Session, system: str) -> None:
        self._session, self._system = session, system

    def pages(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """Pages by id; a checkpoint holds `since`, and inside a read also `after` (id) and `until`.

        Raises `TryLater`, `Refused`.
        """
        mark = dict(since or {})
        until = mark.get("until") or self._latest()
        after = mark.get("after", 0)
        while True:
            rows = self._changed(object, mark.get("since"), after)
            whole = len(rows) < PAGE
            after = rows[-1]["id"] if rows else after
            done = {"since": until} if until else {}
            resume = {"since": mark.get("since"), "after": after, "until": until}
            snapshot = whole and not mark.get("since") and not (since or {}).get("after") and object == "invoice"
            yield Page(self._records(object, rows), checkpoint=done if whole else resume, snapshot=snapshot)
            if whole:
                return

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These invoices or payments as they are now.  Raises `TryLater`, `Refused`."""
        numbers = [remote_id(text, "id") for text in ids]
        field = "id" if object == "invoice" else "payment_lines"
        rows = self._rows([[field, "in", numbers]], None)
        wanted = set(ids)
        return [record for record in self._records(object, rows) if record.id in wanted and not record.deleted]

    # ------------------------------------------------------------ asking

    def _latest(self) -> str | None:
        """The latest change that Tryton knows as a read begins; what comes later belongs to the next read."""
        times = []
        for field in ("create_date", "write_date"):
            rows = self._session.ask(
                f"model.{_MODEL}.search_read", [*self._ours(), [field, "!=", None]], 0, 1, [[field, "DESC"]], [field]
            )
            times += [row[field] for row in rows]
        return max(times).isoformat() if times else None

    def _changed(self, object: str, since: object, after: int) -> list[dict[str, Any]]:
        domain: list[Any] = [["id", ">", after]]
        if since is not None:
            start = _instant(since) - _OVERLAP
            fields = ["create_date", "write_date"]
            if object == "payment":  # a move that is cancelled changes its lines, and not always the invoice
                fields.append("payment_lines.write_date")
            domain.append(["OR", *([[field, ">=", start]] for field in fields)])
        return self._rows(domain, PAGE)

    def _rows(self, domain: list[Any], limit: int | None) -> list[dict[str, Any]]:
        return self._session.find(_MODEL, [*self._ours(), *domain], *_INVOICE, *_PAID, limit=limit)

    def _ours(self) -> list[Any]:
        return [*_OURS, ["company", "=", self._session.company]]

    # ------------------------------------------------------------ records

    def _records(self, object: str, rows: Sequence[dict[str, Any]]) -> list[Record]:
        if object == "invoice":
            return [self._record(object, row["id"], _invoice(row)) for row in rows]
        return self._payments(rows) if rows else []

    def _payments(self, rows: Sequence[dict[str, Any]]) -> list[Record]:
        """What pays these invoices, and what did."""
        invoices = {line: row for row in rows for line in row["payment_lines"]}
        owed = {line: row["id"] for row in rows for line in row["lines_to_pay"]}
        lines = self._session.find("account.move.line", [["id", "in", sorted({*invoices, *owed})]], *_LINE)
        settled = {(owed[line["id"]], line["reconciliation"]) for line in lines if line["id"] in owed}
        found = []
        for line in lines:
            if line["id"] in invoices and line["move."]["journal."]["type"] != "revenue":  # no credit note's
                row = invoices[line["id"]]
                pays = line["reconciliation"] is None or (row["id"], line["reconciliation"]) in settled
                found.append(
                    self._record("payment", line["id"], _payment(line, row)) if pays else self._gone(line["id"])
                )
        return [*found, *(self._gone(line["id"]) for line in self._taken_off(rows))]

    def _taken_off(self, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Lines that were booked for these invoices, and pay none any more."""
        own = {move for row in rows for move in (row["move"], *row["additional_moves"])}
        origins = [f"{_MODEL},{row['id']}" for row in rows]
        domain = [["move.origin", "in", origins], ["account.type.receivable", "=", True]]
        lines = self._session.find("account.move.line", [*domain, BOOKED], "move", "invoice_payment")
        return [line for line in lines if line["move"] not in own and line["invoice_payment"] is None]

    def _gone(self, line: int) -> Record:
        place = Place(system=self._system, object="payment", id=str(line))
        return Record("payment", str(line), {}, place, deleted=True)

    def _record(self, object: str, record: int, data: dict[str, Any]) -> Record:
        return Record(object, str(record), data, Place(system=self._system, object=object, id=str(record)))


def _invoice(row: dict[str, Any]) -> dict[str, Any]:
    """An invoice as Tryton has it; `final` is True once it is numbered and booked."""
    plain = {name: row[name] for name in _INVOICE if "." not in name}
    final = row["state"] in ("posted", "paid")
    names = {"currency": row["currency."]["code"], "party": row["party."]["code"]}
    return {"id": str(row["id"]), **plain, **names, "final": final}


def _payment(line: dict[str, Any], invoice: dict[str, Any]) -> dict[str, Any]:
    """A payment's amount is positive where money came in, in the currency that was paid."""
    foreign = line.get("second_currency.")
    booked = line["credit"] - line["debit"]
    return {
        "id": str(line["id"]),
        "invoice_reference": invoice["reference"],
        "amount": -line["amount_second_currency"] if foreign else booked,
        "currency": foreign["code"] if foreign else invoice["currency."]["code"],
        "date": line["date"],
        "description": line["description_used"] or line["move_description_used"] or "",
    }


def _instant(value: object) -> datetime:
    try:
        return read_instant(value).astimezone(UTC)
    except ValueError as error:
        raise Refused("bad_checkpoint", f"the stored checkpoint is not one of Tryton's: {error}") from None
