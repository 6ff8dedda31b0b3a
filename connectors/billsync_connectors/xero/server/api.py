"""The requests of clients: who is let in, to which organisation, and which part of it answers.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from billsync_connectors.xero.server.asked import Reply, Request, refused
from billsync_connectors.xero.server.books import made_id
from billsync_connectors.xero.server.company import Company
from billsync_connectors.xero.server.denied import Denied, Invalid, failed, missing, unauthorised
from billsync_connectors.xero.server.elements import Kept
from billsync_connectors.xero.server.keys import Keys
from billsync_connectors.xero.server.limits import Limits
from billsync_connectors.xero.server.settings import Settings
from billsync_connectors.xero.server.tokens import Tokens
from billsync_connectors.xero.server.values import net_plain
from billsync_stand_in.shelf import Shelf

_OBJECTS: Final = {
    "Contacts": "Contact", "Items": "Item", "Invoices": "Invoice", "CreditNotes": "CreditNote", "Payments": "Payment",
    "Overpayments": "Overpayment", "BankTransactions": "BankTransaction", "Accounts": "Account",
    "TaxRates": "TaxRate", "Currencies": "Currency",
}  # fmt: skip
_AREAS: Final = {
    "Contacts": "contacts", "Invoices": "invoices", "CreditNotes": "invoices", "Payments": "payments",
    "Overpayments": "banktransactions", "BankTransactions": "banktransactions",
}  # fmt: skip
"""Which scope a resource is in; all others are in `settings`."""
_WRITABLE: Final = {
    "PUT": tuple(name for name in _OBJECTS if name != "Overpayments"),
    "POST": ("Contacts", "Items", "Invoices", "CreditNotes", "Payments", "BankTransactions", "TaxRates"),
}
_NAMED: Final = {
    "Invoices": "InvoiceNumber",
    "CreditNotes": "CreditNoteNumber",
    "Contacts": "ContactNumber",
    "Items": "Code",
}
"""By which other field than its id a record is found in a path."""
Told = Reply | Mapping[str, Any]


class Api:
    """All that clients may ask; every method is called inside of a turn of the shelf, and raises `Denied`."""

    def __init__(
        self,
        *,
        shelf: Shelf,
        tokens: Tokens,
        limits: Limits,
        keys: Keys,
        settings: Callable[[], Settings],
        companies: Callable[[], Mapping[str, Company]],
    ) -> None:
        self._shelf, self._tokens, self._limits, self._keys = shelf, tokens, limits, keys
        self._settings, self._companies = settings, companies

    def answer(self, request: Request) -> Reply:
        """Execute a request of a client."""
        parts = request.parts
        if "connect" in parts[:2]:
            return self._tokens.answer(request)
        if parts[:1] == ["connections"]:
            return self._connections(request)
        if parts[:2] != ["api.xro", "2.0"] or len(parts) < 3:
            raise missing()
        return self._gate(request, parts[2:])

    # ------------------------------------------------------------ the gate

    def _connections(self, request: Request) -> Reply:
        """Which organisations the consent is for; DELETE ends one."""
        token = self._tokens.admit(request)
        gone = list(self._shelf.recall("disconnected", []))
        if request.method == "DELETE":
            self._shelf.remember("disconnected", [*gone, request.parts[-1]])
            return Reply(204)
        day = "2026-01-05T08:00:00.0000000"
        told = []
        for id, company in self._companies().items():
            link = made_id("connection", id)
            own = {"id": link, "authEventId": made_id("consent", token["scope"]), "tenantId": id}
            own |= {"tenantType": "ORGANISATION", "tenantName": company.books.name}
            told += [{**own, "createdDateUtc": day, "updatedDateUtc": day}] if link not in gone else []
        return Reply(200, told)

    def tenant(self, request: Request) -> str:
        """The organisation that a request is for; "" where it names none that is there."""
        named, all = request.headers.get("xero-tenant-id", "").lower(), self._companies()
        gone = made_id("connection", named) in self._shelf.recall("disconnected", [])
        return named if named in all and not gone else ""

    def _gate(self, request: Request, parts: list[str]) -> Reply:
        token, tenant = self._tokens.admit(request), self.tenant(request)
        if not tenant and token["custom"] and not request.headers.get("xero-tenant-id"):
            tenant = next(iter(self._companies()))
        if not tenant:
            raise unauthorised(403, "AuthenticationUnsuccessful", made_id(request.target))
        self._limits.count(tenant)
        area = "attachments" if "Attachments" in parts[2:] else _AREAS.get(parts[0], "settings")
        try:
            self._tokens.permit(token, area, reading=request.method == "GET")
            with self._shelf.turn():
                reply = self._keys.once(tenant, request, lambda: self._routed(request, tenant, parts))
        except Denied as denied:
            reply = refused(denied)
        return Reply(reply.status, reply.value, {**reply.headers, **self._limits.headers(tenant)}, reply.type)

    # ------------------------------------------------------------ to the part that answers

    def _routed(self, request: Request, tenant: str, parts: list[str]) -> Reply:
        company = self._companies()[tenant]
        if request.method != "GET" and len(request.body) > self._settings().body_max:
            raise Denied(413, "The request is too large")
        company.books.unit_places = 4 if request.asked("unitdp") == "4" else 2
        try:
            told = self._told(request, company, parts)
        except Kept as kept:
            return refused(failed(kept.elements))
        if isinstance(told, Reply):
            return told
        id, at = made_id(tenant, request.target, company.books.clock.stamp()), company.books.clock.stamp()
        head = {"Id": id, "Status": "OK", "ProviderName": "billsync", "DateTimeUTC": net_plain(at)}
        return Reply(200, {**head, **told})

    def _told(self, request: Request, company: Company, parts: list[str]) -> Told:
        if parts == ["Organisation"] and request.method == "GET":
            return {"Organisations": [company.organisation()]}
        object = _OBJECTS.get(parts[0])
        if object is None:
            raise missing()
        if len(parts) == 1:
            return self._many(request, company, parts[0], object)
        return self._single(request, company, parts, object)

    def _many(self, request: Request, company: Company, plural: str, object: str) -> Told:
        if request.method == "GET":
            return company.reading.answer(object, request)
        if plural not in _WRITABLE.get(request.method, ()):
            raise Denied(405, "Method not allowed")
        update = request.method == "POST"
        return {plural: self._written(request, company, object, update=update)}

    def _written(
        self, request: Request, company: Company, object: str, *, update: bool, own: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        def act(given: Mapping[str, Any]) -> dict[str, Any]:
            return company.save(object, {**given, **(own or {})}, update=update)

        return company.elements.carry_out(request, object, act, lambda row: company.showing.one(object, row))

    def _single(self, request: Request, company: Company, parts: list[str], object: str) -> Told:
        plural, key, *rest = parts
        row = company.books.get(object, key)
        if row is None and plural in _NAMED:
            row = next(iter(company.books.by_field(object, _NAMED[plural], key)), None)
        if plural == "TaxRates":
            row = company.books.rates().get(key)
        if row is None:
            raise missing()
        id = row[{"TaxRate": "TaxType", "Currency": "Code"}.get(object, f"{object}ID")]
        if rest[:1] == ["Allocations"] and object in ("CreditNote", "Overpayment"):
            return self._allocations(request, company, object, row, rest[1:])
        if rest:
            return company.papers.answer(request, object, row, rest)
        match request.method:
            case "GET":
                return {plural: [company.showing.one(object, row)]}
            case "POST" if plural in _WRITABLE["POST"]:
                return {plural: self._written(request, company, object, update=True, own={f"{object}ID": id})}
            case "DELETE" if object == "Item":
                company.items.delete(row)
                return Reply(204)
        raise Denied(405, "Method not allowed")

    def _allocations(self, request: Request, company: Company, object: str, row: Any, rest: list[str]) -> Told:
        if request.method == "PUT" and not rest:

            def act(given: Mapping[str, Any]) -> dict[str, Any]:
                source = company.books.get(object, row[f"{object}ID"])
                assert source is not None
                return company.money.allocate(object, source, given)

            show = lambda made: company.showing.one("Allocation", made)  # noqa: E731
            return {"Allocations": company.elements.carry_out(request, "Allocation", act, show)}
        found = company.books.get("Allocation", rest[0]) if request.method == "DELETE" and len(rest) == 1 else None
        if found is None or found["SourceID"] != row[f"{object}ID"]:
            raise missing()
        try:
            gone = company.showing.one("Allocation", company.money.unallocate(found))
        except Invalid as invalid:
            raise failed([{"ValidationErrors": invalid.errors()}]) from None
        return Reply(200, gone)
