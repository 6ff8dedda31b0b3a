"""Customers and items: by external id; what the CRM owns is brought up to date, what people add stays.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import Absent, Applied, Found, Intent, Outcome, Probe, Refused, TryLater, Unclear
from billsync_connectors.netsuite import payload
from billsync_connectors.netsuite.books import Books
from billsync_connectors.netsuite.external import key_of, sought
from billsync_connectors.netsuite.session import Session
from billsync_connectors.netsuite.settings import NetSuiteSettings
from billsync_connectors.netsuite.turns import in_turn
from billsync_connectors.netsuite.wording import quoted, select

_CHUNK: Final = 200


class Master(ABC):
    """What customers and items have in common."""

    object: ClassVar[str]
    """As mappings and as SuiteQL's table have it."""
    name: ClassVar[str]
    """The field by which people know it, and which has to be unique."""

    def __init__(self, session: Session, books: Books, settings: NetSuiteSettings) -> None:
        self.session, self.books, self.settings = session, books, settings

    @property
    def record(self) -> str:
        """The type in addresses."""
        return self.object

    @abstractmethod
    def fresh(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a new one has besides.  Raises `Refused`, `TryLater`."""

    def kept(self, body: dict[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent to one that is there.  Raises `Refused`, `TryLater`."""
        return body

    # ------------------------------------------------------------ looking up

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        found = self._ids(keys)
        return [Found((found[key],)) if key in found else Absent() for key in keys]

    def _ids(self, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        wanted = [text for key in keys if (text := sought(self.object, key))]
        for start in range(0, len(wanted), _CHUNK):
            listed = quoted(wanted[start : start + _CHUNK])
            query = select("r.id, r.externalid", f"{self.object} r", f"r.externalid IN ({listed})", order="r.id")
            found |= {key_of(self.object, row["externalid"]): row["id"] for row in self.session.rows(query)}
        return found

    # ------------------------------------------------------------ writing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent.  Raises `TryLater`, `Refused` before anything is sent."""
        known = self._ids([intent.key for intent in intents if intent.remote_id is None])
        return in_turn(intents, lambda intent: self._one(intent, known.get(intent.key)))

    def _one(self, intent: Intent, known: str | None) -> Outcome:
        try:
            body = {**payload.wire(intent.payload), "externalId": payload.external_id(intent)}
            if currency := payload.reference(body, "currency"):
                body["currency"] = {"id": self.books.currency(currency)}
            id = intent.remote_id or known
            return Applied(self._made(intent, body) if id is None else self._changed(payload.remote_id(id, "id"), body))
        except (TryLater, Refused, Unclear) as fault:
            return fault

    def _made(self, intent: Intent, body: dict[str, Any]) -> str:
        name = str(body["externalId"])
        try:
            id = self.session.put(self.record, name, {**self.fresh(body), **body}, _replaced(body))
        except Refused as refused:
            raise self._explained(body, refused) from None
        if id:
            return id
        try:
            row = self.session.record(self.record, f"eid:{name}", fields="externalId")
        except (TryLater, Refused) as fault:
            raise Unclear(fault.reason, fault.message) from None
        if row is None:
            raise Unclear("no_id", f"NetSuite did not say where {intent.key} is")
        return str(row["id"])

    def _changed(self, id: str, body: dict[str, Any]) -> str:
        there = self.session.record(self.record, id)
        if there is None:
            raise Refused("gone", f"NetSuite has no {self.record} {id} any more")
        if there.get("isInactive") is True and "isInactive" not in body:
            raise Refused("inactive", f"NetSuite's {self.record} {id} was made inactive there: make it active again")
        sent = self.kept(body, there)
        return self.session.patch(self.record, id, sent, _replaced(sent))

    def _explained(self, body: Mapping[str, Any], refused: Refused) -> Refused:
        """Somebody else's record of that name is never taken for ours."""
        if refused.reason not in ("name_taken", "user_error", "duplicate"):
            return refused
        name = str(body.get(self.name) or "")
        same = f"r.{self.name.lower()} IN ({quoted([name])})"
        query = select("r.id, r.externalid", f"{self.object} r", same, order="r.id")
        rows = self.session.rows(query) if name else []
        if not rows:
            return refused
        own = body["externalId"]
        what = f"{self.session.system}: {self.object} {rows[0]['id']} has the name {name} there already"
        hint = f"if it is the same, give it the external id {own}; else let the mapping send another {self.name}"
        return Refused("name_taken", f"{what}: {hint}", field=self.name)


class Customers(Master):
    """Customers; their addresses beside ours stay as they are."""

    object: ClassVar = "customer"
    name: ClassVar = "companyName"

    def fresh(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The subsidiary."""
        own = "" if body.get("subsidiary") else self.books.subsidiary
        return {"subsidiary": {"id": own}} if own else {}

    def kept(self, body: dict[str, Any], there: Mapping[str, Any]) -> dict[str, Any]:
        """Without the addresses where ours stands there; else with all, ours in the place of the billing one."""
        ours, stand = _addresses(body), _addresses(there)
        body = {name: value for name, value in body.items() if name != "addressBook"}
        mine = next((line for line in ours if line.get("defaultBilling")), None)
        if mine is None or any(_same(mine.get("addressBookAddress"), line.get("addressBookAddress")) for line in stand):
            return body
        others = [_sendable(line) for line in stand if line.get("defaultBilling") is not True]
        return {**body, "addressBook": {"items": [mine, *others]}}


class Items(Master):
    """What is sold."""

    object: ClassVar = "item"
    name: ClassVar = "itemId"

    @property
    def record(self) -> str:
        """Its type, as configured."""
        return self.settings.item_type

    def fresh(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The account that sales are booked on."""
        own = self.settings.income_account
        return {"incomeAccount": {"id": own}} if own and not body.get("incomeAccount") else {}


def _replaced(body: Mapping[str, Any]) -> str:
    """The sublist that a repeated request must not append to."""
    return "addressBook" if "addressBook" in body else ""


def _addresses(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    held = data.get("addressBook")
    items = held.get("items") if isinstance(held, Mapping) else None
    return [line for line in items or [] if isinstance(line, Mapping)]


def _same(mine: Any, theirs: Any) -> bool:
    """Whether all that we say of an address stands there."""
    if isinstance(mine, Mapping):
        return isinstance(theirs, Mapping) and all(_same(value, theirs.get(name)) for name, value in mine.items())
    return str(mine) == str(theirs)


def _sendable(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "links"}
