"""Tryton in the hands of the conformance kit: the real one, with a relay before it that things go wrong in.  (shell)"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from billsync.conformance.writes.subject import Bill, Booked, Money, Role, Skill, WriteSubject
from billsync.connector import Connector, Context, Data
from billsync_connectors.tryton import Tryton, TrytonSettings
from billsync_connectors.tryton.sandbox import TrytonSandbox
from billsync_connectors.tryton.sandbox_rpc import Rpc, Warned

_CACHE: Final = Path(".cache") / "tryton"
"""Where a finished database is kept, from the folder that the kit is run in."""
_INVOICE: Final = rb'"model\.account\.invoice\.(create|validate_invoice|post|write|cancel)"'
_WRITES: Final = {
    Role.CUSTOMER: rb'"model\.party\.party\.(create|write)"',
    Role.ITEM: rb'"model\.product\.template\.(create|write)"',
    Role.INVOICE: _INVOICE,
    Role.CREDIT_NOTE: _INVOICE,
    Role.PAYMENT: rb'"wizard\.account\.(invoice\.pay|move\.cancel)\.execute"',
}
"""Calls that make or change a record."""
_FOREIGN: Final = {"JPY": (0, Decimal(1)), "KWD": (3, Decimal("0.001"))}
_READ: Final = (
    *("reference", "number", "state", "invoice_date", "total_amount", "tax_amount", "amount_to_pay"),
    *("currency.code", "party", "lines"),
)


class TrytonWrites(WriteSubject):
    """One Tryton for all rules: what earlier ones wrote stays, and dates never go back."""

    connector = "tryton"
    objects: ClassVar = {
        Role.CUSTOMER: "party",
        Role.ITEM: "product",
        Role.INVOICE: "invoice",
        Role.CREDIT_NOTE: "credit_note",
        Role.PAYMENT: "payment",
    }
    lacks: ClassVar = {
        Skill.STALE: "a change of Tryton's names no version of the record",
        Skill.FINE_PRICE: "Tryton rounds half a cent to the even one: the mapping sends 1 x the amount in place of it",
        Skill.EDIT: "an invoice that is posted cannot be changed in Tryton by anybody",
        Skill.DEACTIVATE: "Tryton bills parties that are not active: nothing is refused",
        Skill.TAKE_NUMBER: "Tryton numbers invoices by itself",
    }
    currency = "USD"
    steps: ClassVar = {Role.INVOICE: 3, Role.PAYMENT: 2}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._sandbox = TrytonSandbox(folder, cache=_CACHE)
        self._settings: dict[str, str] = {}
        self._relay: _Relay | None = None

    # ------------------------------------------------------------ the system

    def up(self) -> None:
        """Start it, and the relay; it gets two more currencies."""
        self._settings = self._sandbox.up()
        self._relay = _Relay(self._settings["url"])
        with self._sandbox.rpc() as rpc:
            rate = {"date": date(2016, 1, 1), "rate": Decimal(1)}
            own_money = rpc.one("currency.currency", [["code", "=", self.currency]])["id"]
            rpc.call("model.currency.currency.write", [own_money], {"rates": [["create", [rate]]]})
            for code, (digits, unit) in _FOREIGN.items():
                own = {"name": code, "symbol": code, "code": code, "digits": digits, "rounding": unit}
                rpc.create("currency.currency", **own, rates=[["create", [rate]]])

    def down(self) -> None:
        """Stop both."""
        if self._relay is not None:
            self._relay.end()
        self._sandbox.down()

    def reset(self) -> None:
        """Open books; documents are dated after all that stand there."""
        self.calm()
        with self._sandbox.rpc() as rpc:
            closed = [row["id"] for row in rpc.find("account.period", [["state", "=", "closed"]])]
            if closed:
                rpc.call("model.account.period.reopen", closed)
            last = rpc.find("account.invoice", [["invoice_date", "!=", None]], "invoice_date")
        vars(self)["on"] = max([type(self).on, *(row["invoice_date"] for row in last)])

    def open(self, context: Context) -> Connector:
        """A connector by way of the relay."""
        return Tryton(context, TrytonSettings.model_validate({**self._settings, "url": self._through().url}))

    def secrets(self) -> Sequence[str]:
        """The administrator's password."""
        return (self._settings["password"],)

    # ------------------------------------------------------------ payloads

    def customer(self, name: str, *, city: str = "") -> Data:
        """A party with an address."""
        return {"name": name, "country": "DE", **({"city": city} if city else {})}

    def item(self, name: str) -> Data:
        """A product."""
        return {"name": name}

    def invoice(self, bill: Bill) -> Data:
        """An invoice."""
        return {**_of_bill(bill), "due_date": bill.due_on.isoformat()}

    def credit_note(self, bill: Bill) -> Data:
        """A credit note."""
        return {**_of_bill(bill), "invoice": bill.invoice}

    def payment(self, money: Money) -> Data:
        """A payment."""
        own = {"invoice": money.invoice, "amount": money.amount, "currency": money.currency}
        return {**own, "date": money.on.isoformat()}

    # ------------------------------------------------------------ what is true

    def truth(self, role: Role) -> Sequence[Booked]:
        """As a person sees it."""
        with self._sandbox.rpc() as rpc:
            match role:
                case Role.CUSTOMER:
                    rows = rpc.find("party.party", [["code", "!=", None]], "code", "name", "lang")
                    notes = _notes(rpc)
                    return [
                        Booked(str(row["id"]), row["code"], name=row["name"], note=notes.get(row["id"])) for row in rows
                    ]
                case Role.ITEM:
                    rows = rpc.find("product.product", [["suffix_code", "!=", None]], "suffix_code", "name")
                    return [Booked(str(row["id"]), row["suffix_code"], name=row["name"]) for row in rows]
                case Role.PAYMENT:
                    return _payments(rpc)
            return _invoices(rpc, credits_=role is Role.CREDIT_NOTE)

    # ------------------------------------------------------------ what people do

    def annotate(self, id: str, text: str) -> None:
        """A person writes the party's website down."""
        with self._sandbox.rpc() as rpc:
            made = {"type": "website", "value": text}
            rpc.call("model.party.party.write", [int(id)], {"contact_mechanisms": [["create", [made]]]})

    def void(self, id: str) -> None:
        """A person cancels the invoice."""
        with self._sandbox.rpc() as rpc:
            rpc.call("model.account.invoice.cancel", [int(id)])

    def close_books(self, through: date) -> None:
        """The period of the day is closed; those before it may stay open for what the kit does."""
        with self._sandbox.rpc() as rpc:
            found = rpc.find("account.period", [["start_date", "<=", through], ["end_date", ">=", through]])
            ids = [row["id"] for row in found]
            try:
                rpc.call("model.account.period.close", ids)
            except Warned as warned:
                rpc.create("res.user.warning", user=rpc.user_id, name=warned.name)
                rpc.call("model.account.period.close", ids)

    # ------------------------------------------------------------ what goes wrong

    def strike(self, fault: Skill, role: Role, *, after_s: int = 1, skip: int = 0) -> None:
        """At the relay."""
        self._through().strike(fault, _WRITES[role], after_s=after_s, skip=skip)

    def calm(self) -> None:
        """No faults."""
        self._through().calm()

    def _through(self) -> _Relay:
        if self._relay is None:
            raise RuntimeError("the subject is not up")
        return self._relay


def _of_bill(bill: Bill) -> dict[str, Any]:
    lines = [
        {
            "description": line.text,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "product": bill.item,
            "tax_rate": line.rate,
            "tax_code": "",
        }
        for line in bill.lines
    ]
    own = {"reference": bill.number, "party": bill.customer, "currency": bill.currency}
    return {**own, "invoice_date": bill.on.isoformat(), "lines": lines}


def _notes(rpc: Rpc) -> dict[int, str]:
    rows = rpc.find("party.contact_mechanism", [["type", "=", "website"]], "party", "value")
    return {row["party"]: row["value"] for row in rows}


def _invoices(rpc: Rpc, *, credits_: bool) -> list[Booked]:
    rows = rpc.find("account.invoice", [["type", "=", "out"]], *_READ)
    rows = [row for row in rows if (row["total_amount"] < 0) is credits_]
    ids = [row["id"] for row in rows]
    lines = rpc.find("account.invoice.line", [["invoice", "in", ids]], "invoice", "description")
    resources = [f"account.invoice,{id}" for id in ids]
    files = rpc.find("ir.attachment", [["resource", "in", resources]], "resource", "name", "data_size")
    return [
        _invoice(
            row,
            tuple(line["description"] or "" for line in lines if line["invoice"] == row["id"]),
            {f["name"]: f["data_size"] for f in files if f["resource"] == f"account.invoice,{row['id']}"},
            credits_=credits_,
        )
        for row in rows
    ]


def _invoice(row: Mapping[str, Any], texts: tuple[str, ...], files: Mapping[str, int], *, credits_: bool) -> Booked:
    return Booked(
        id=str(row["id"]),
        reference=row["reference"] or "",
        number=row["number"],
        customer=str(row["party"]),
        currency=row["currency."]["code"],
        total=abs(row["total_amount"]),
        tax=abs(row["tax_amount"]),
        open=None if credits_ or row["state"] == "cancelled" else row["amount_to_pay"],
        on=row["invoice_date"],
        lines=len(row["lines"]),
        texts=texts,
        draft=row["state"] in ("draft", "validated"),
        void=row["state"] == "cancelled",
        files=files,
    )


def _payments(rpc: Rpc) -> list[Booked]:
    """Moves that were booked on invoices; one that another move cancels counts for nothing."""
    fields = ("move", "move.description", "credit", "debit", "date", "party", "invoice_payment")
    book = [["account.type.receivable", "=", True], ["move.journal.type", "!=", "revenue"]]
    lines = rpc.find("account.move.line", [*book, ["move.origin", "like", "account.invoice,%"]], *fields)
    moves: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        moves.setdefault(line["move"], []).append(line)
    origins = rpc.find("account.move", [["origin", "in", [f"account.move,{move}" for move in moves]]], "origin")
    gone = {row["origin"].partition(",")[2] for row in origins}
    return [_payment(found, void=str(move) in gone) for move, found in moves.items()]


def _payment(lines: Sequence[Mapping[str, Any]], *, void: bool) -> Booked:
    first = min(lines, key=lambda line: (line["invoice_payment"] is None, line["id"]))
    left = sum((line["credit"] for line in lines if line["invoice_payment"] is None), Decimal(0))
    return Booked(
        id=str(first["id"]),
        reference=first["move."]["description"] or "",
        customer=str(first["party"]),
        total=sum((line["credit"] - line["debit"] for line in lines), Decimal(0)),
        open=left,
        on=first["date"],
        void=void,
    )


# ---------------------------------------------------------------- the relay


class _Relay:
    """A server between connector and Tryton; one request of those that write meets the fault that is switched on."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self.host = parts.netloc
        self._turn = threading.Lock()
        self._fault: tuple[Skill, re.Pattern[bytes], int] | None = None
        self._skip = 0
        relay = self

        class Door(_Door):
            owner = relay

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{parts.path}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def strike(self, fault: Skill, calls: bytes, *, after_s: int, skip: int) -> None:
        """Switch a fault on."""
        with self._turn:
            self._fault, self._skip = (fault, re.compile(calls), after_s), skip

    def calm(self) -> None:
        """Switch it off."""
        with self._turn:
            self._fault = None

    def struck(self, body: bytes) -> tuple[Skill | None, int]:
        """The fault of this request, and what it says in Retry-After."""
        with self._turn:
            if self._fault is None or not self._fault[1].search(body):
                return None, 0
            if self._skip:
                self._skip -= 1
                return None, 0
            fault, _, after_s = self._fault
            self._fault = None
            return fault, after_s

    def end(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()


_STATUS: Final = {Skill.BUSY: 429, Skill.ERROR_BEFORE: 500, Skill.EXPIRED: 401}


class _Door(BaseHTTPRequestHandler):
    """Passes requests on, whole or broken as it was asked for."""

    protocol_version = "HTTP/1.1"
    owner: ClassVar[_Relay]

    def do_POST(self) -> None:
        """Pass it on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault, after_s = self.owner.struck(body)
        if fault is Skill.DROPPED:
            self.close_connection = True
        elif fault in _STATUS:
            self._say(_STATUS[fault], b"no", {"Retry-After": str(after_s)} if fault is Skill.BUSY else {})
        elif fault is Skill.HTML:
            self._say(200, b"<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
        else:
            if fault is Skill.OTHER_TOTAL:
                body = body.replace(b'"50"', b'"51"').replace(b'"50.00"', b'"51.00"')
            self._answered(fault, *self._forwarded(body))

    def _answered(self, fault: Skill | None, status: int, content: bytes, headers: dict[str, str]) -> None:
        if fault is Skill.LOST:
            self.close_connection = True
        elif fault is Skill.ERROR_AFTER:
            self._say(502, b"broken", {})
        elif fault is Skill.TRUNCATED:
            self.close_connection = True
            self._say(status, content[: len(content) // 2], {**headers, "Content-Length": str(len(content))})
        else:
            self._say(status, content, headers)

    def _forwarded(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        with self._upstream() as upstream:
            names = ("Content-Type", "Authorization", "Accept-Encoding")
            kept = {name: self.headers[name] for name in names if name in self.headers}
            upstream.request("POST", self.path, body, kept)
            reply = upstream.getresponse()
            told = {name: reply.headers[name] for name in ("Content-Type", "Content-Encoding") if name in reply.headers}
            return reply.status, reply.read(), told

    @contextmanager
    def _upstream(self) -> Iterator[http.client.HTTPConnection]:
        made = http.client.HTTPConnection(self.owner.host, timeout=120)
        try:
            yield made
        finally:
            made.close()

    def _say(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""
