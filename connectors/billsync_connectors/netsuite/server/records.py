"""Records as writers send them: read, kept, and what follows from them.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.netsuite.server.denied import Denied, content, required, user
from billsync_connectors.netsuite.server.kinds import ITEMS, KINDS, REFERENCES, SALES, Kind
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.sales import Sales
from billsync_connectors.netsuite.server.settle import Settle, free
from billsync_connectors.netsuite.server.shelf import Row
from billsync_connectors.netsuite.server.values import day, number, rounded, text

_NUMBERS: Final = ("quantity", "rate", "amount", "exchangeRate", "payment", "discountRate")
_DAYS: Final = ("tranDate", "dueDate", "startDate", "endDate")
_FLAGS: Final = ("isPerson", "isInactive", "taxable", "isTaxable", "autoApply", "toBeEmailed", "undepFunds", "apply",
          "defaultBilling", "defaultShipping")  # fmt: skip
_LENGTHS: Final = {"externalId": 255, "tranId": 45, "memo": 999, "companyName": 83, "entityId": 83, "itemId": 60,
                   "description": 4000, "otherRefNum": 45, "email": 254}  # fmt: skip


class Records:
    """Writes them; every method raises `Denied`."""

    def __init__(self, ledger: Ledger, settle: Settle) -> None:
        self._ledger, self._settle = ledger, settle
        self._sales = Sales(ledger, settle)
        self.strict = False

    def create(self, kind: Kind, sent: Mapping[str, Any]) -> Row:
        """A new one."""
        if not kind.written:
            raise Denied(405, "INVALID_METHOD", f"The type {kind.name} is not written by REST here.")
        row = self._read(kind, sent, {}, replace=())
        if row.get("externalId"):
            self._ledger.unused(kind, row["externalId"])
        return self._finished(kind, self._whole(kind, row, {}), {})

    def update(self, kind: Kind, id: str, sent: Mapping[str, Any], replace: Sequence[str] = ()) -> Row:
        """A changed one; lines are merged by their key, those without one are appended, unless they are replaced."""
        before = self._ledger.need(kind.name, id)
        if before.get("_void"):
            raise user("This transaction has been voided.")
        row = {**before, **self._read(kind, sent, before, replace=replace)}
        if row.get("externalId") and row["externalId"] != before.get("externalId"):
            self._ledger.unused(kind, row["externalId"], before["id"])
        return self._finished(kind, self._whole(kind, row, before), before)

    def upsert(self, kind: Kind, external: str, sent: Mapping[str, Any], replace: Sequence[str]) -> Row:
        """The one that has the external id, changed, or a new one."""
        if sent.get("externalId", external) != external:
            raise content("The external ID of the body is not that of the address.", "externalId")
        found = self._ledger.by_external(kind.name, external)
        whole = {**sent, "externalId": external}
        return self.create(kind, whole) if found is None else self.update(kind, found["id"], whole, replace)

    def delete(self, kind: Kind, id: str) -> Row:
        """Take one away."""
        row = self._ledger.need(kind.name, id)
        if kind.name == "customer" and any(self._used(row["id"])):
            raise user("This record cannot be deleted because it has dependent records.")
        if kind.transaction:
            self._ledger.opened(row["tranDate"])
            self._settle.let_go(row["id"])
        gone = self._ledger.gone(row)
        if kind.transaction:
            self._after(gone)
        return gone

    def void(self, kind: Kind, id: str) -> Row:
        """Worth nothing from now on, as SuiteScript's and people's void makes it; REST has none."""
        row = self._ledger.need(kind.name, id)
        if not kind.transaction or row.get("_void"):
            raise user("This record cannot be voided.")
        self._ledger.opened(row["tranDate"])
        self._settle.let_go(row["id"])
        figures = ("total", "subtotal", "taxTotal", "discountTotal", "payment")
        nothing = {name: Decimal(0) for name in figures if name in row}
        lines = [{**line, "amount": Decimal(0), "quantity": Decimal(0)} for line in row.get("item", [])]
        voided = {**row, **nothing, "_void": True, "apply": [], **({"item": lines} if lines else {})}
        voided = voided if kind.name == "invoice" or "unapplied" not in row else free(voided)
        return self._finished(kind, {**voided, "memo": "VOID"}, row)

    def _used(self, customer: str) -> Any:
        pairs = (("invoice", "entity"), ("creditMemo", "entity"), ("customerPayment", "customer"))
        return (True for kind, field in pairs for row in self._ledger.every(kind) if row[field]["id"] == customer)

    # ------------------------------------------------------------ what was sent

    def _read(self, kind: Kind, sent: Mapping[str, Any], before: Row, *, replace: Sequence[str]) -> Row:
        found: Row = {}
        for name, value in sent.items():
            if not self._known(kind.fields, name) or name in kind.computed:
                continue
            if name in (kind.sublists or {}):
                continue
            found[name] = None if value is None else self._value(name, value, before)
        for name in kind.sublists or {}:
            if name in sent:
                found[name] = self._sublist(kind, name, sent[name], before, replace=name in replace)
        return found

    def _known(self, fields: frozenset[str], name: str) -> bool:
        own = self._ledger.settings.custom_fields.split()
        if name in fields or name in own:
            return True
        if self.strict:
            raise Denied(400, "NONEXISTENT_FIELD", f"Invalid content. The field {name} does not exist.", name)
        return False

    def _value(self, name: str, value: Any, before: Row) -> Any:
        if name in REFERENCES:
            same = isinstance(value, Mapping) and value.get("id") == (before.get(name) or {}).get("id")
            return self._ledger.reference(name, value, REFERENCES[name], inactive=same)
        if name in _NUMBERS:
            return number(name, value)
        if name in _DAYS:
            return day(name, value)
        if name in _FLAGS:
            if not isinstance(value, bool):
                raise content(f"The value of {name} is not a boolean.", name)
            return value
        return text(name, value, _LENGTHS.get(name, 4000)) if not isinstance(value, Mapping) else dict(value)

    def _sublist(self, kind: Kind, name: str, sent: Any, before: Row, *, replace: bool) -> Any:
        items = sent.get("items") if isinstance(sent, Mapping) else None
        if not isinstance(items, list):
            raise content(f"The sublist {name} needs its items.", name)
        if name == "apply":
            return {"sent": items, "replace": replace}
        fields = (kind.sublists or {})[name]
        read = [self._line(name, fields, each, place) for place, each in enumerate(items)]
        return read if name != "item" else merged([] if replace else before.get(name, []), read)

    def _line(self, name: str, fields: frozenset[str], sent: Any, place: int) -> Row:
        if not isinstance(sent, Mapping):
            raise content(f"A line of {name} is not an object.", f"{name}.items[{place}]")
        kept = {field: value for field, value in sent.items() if self._known(fields, field) and value is not None}
        try:
            return {field: self._value(field, value, {}) if field != "line" else number("line", value)
                    for field, value in kept.items()}  # fmt: skip
        except Denied as denied:
            raise Denied(denied.status, denied.code, denied.detail, f"{name}.items[{place}].{denied.path}") from None

    # ------------------------------------------------------------ what follows

    def _whole(self, kind: Kind, row: Row, before: Row) -> Row:
        if kind.name == "customer":
            return self._customer(row, before)
        if kind.name in ITEMS:
            return self._item(kind, row, before)
        if kind.name in SALES:
            return self._sales.whole(kind, row, before)
        return self._payment(row, before)

    def _customer(self, row: Row, before: Row) -> Row:
        settings = self._ledger.settings
        name = row.get("companyName") or " ".join(str(row[each]) for each in ("firstName", "lastName") if row.get(each))
        if not name:
            raise required("Company Name", "companyName")
        if settings.one_world and not row.get("subsidiary"):
            raise required("Primary Subsidiary", "subsidiary")
        entity = row.get("entityId") or name
        for other in self._ledger.every("customer"):
            if other["entityId"].casefold() == entity.casefold() and other["id"] != row.get("id"):
                told = "A customer record with this ID already exists. You must enter a unique customer ID for each "
                told += "record you create."
                raise Denied(400, "UNIQUE_CUST_ID_REQD", f"Error while accessing a resource. {told}", "entityId")
        if before and row.get("currency") != before["currency"] and any(self._used(before["id"])):
            raise user("The currency of a customer with transactions cannot be changed.", "currency")
        home = self._ledger.reference("currency", row.get("currency") or {"id": "1"}, ("currency",), inactive=True)
        first = {"isPerson": False, "isInactive": False, "taxable": True, "balance": Decimal(0)}
        return {**first, **row, "entityId": entity, "currency": home}

    def _item(self, kind: Kind, row: Row, before: Row) -> Row:
        if not row.get("itemId"):
            raise required("Item Name/Number", "itemId")
        for name in ITEMS:
            for other in self._ledger.every(name):
                if other["itemId"].casefold() == row["itemId"].casefold() and other["id"] != before.get("id"):
                    raise user("An item with the same name already exists.", "itemId")
        return {"isInactive": False, "isTaxable": kind.name != "discountItem", **row}

    def _payment(self, row: Row, before: Row) -> Row:
        if not row.get("customer"):
            raise required("Customer", "customer")
        if row.get("payment") is None:
            raise required("Payment Amount", "payment")
        row = self._sales.dated(KINDS["customerPayment"], row, before, row["customer"]["id"])
        total = rounded(row["payment"], row["_currency"])
        if total < 0:
            raise user("The amount of a payment is not negative.", "payment")
        row = {**row, "payment": total, "total": total, "_kind": "customerPayment"}
        return free(self._sales.applied(row, before, row["customer"]["id"]))

    def _finished(self, kind: Kind, row: Row, before: Row) -> Row:
        """Written, with the balances that follow."""
        touched = frozenset(line["doc"]["id"] for line in before.get("apply", []))
        kept = self._ledger.kept(row) if before else self._ledger.made(kind, row)
        if kind.transaction:
            self._after(kept, touched)
        return self._ledger.need(kind.name, kept["id"])

    def settled(self, customer: str) -> None:
        """A customer's balance, anew."""
        self._settle.customer(customer)

    def _after(self, row: Row, touched: frozenset[str] = frozenset()) -> None:
        documents = set(touched) | {line["doc"]["id"] for line in row.get("apply", [])}
        if row["_kind"] == "invoice":
            documents = documents | {row["id"]}
        self._settle.again(documents, (row.get("entity") or row.get("customer") or {})["id"])


def merged(before: Sequence[Row], sent: Sequence[Row]) -> list[Row]:
    """Lines with a known key are changed, all others are appended."""
    found = {int(line["line"]): dict(line) for line in before}
    last = max(found, default=0)
    for line in sent:
        key = int(line.get("line", 0))
        if key not in found:
            last += 1
            key = last
        found[key] = {**found.get(key, {}), **_fresh(found.get(key, {}), line), "line": Decimal(key)}
    return list(found.values())


def _fresh(before: Row, line: Row) -> Row:
    """A changed line's amount follows from its new quantity or rate, unless it is sent too."""
    if before and "amount" not in line and ("quantity" in line or "rate" in line):
        return {**line, "amount": None}
    return line
