"""Customers and items: found by our id, made once, changed only where they differ.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from billsync.connector import (
    Absent,
    Applied,
    Data,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    TryLater,
    Unclear,
)
from billsync.model.scalar import read_decimal
from billsync_connectors.erpnext import payload
from billsync_connectors.erpnext.session import Session
from billsync_connectors.erpnext.site import Site

_MANY = 100


class Master(ABC):
    """What customers and items have in common.  `probe` raises `TryLater`, `Refused`; `write` never per record."""

    doctype: ClassVar[str]

    def __init__(self, session: Session, site: Site) -> None:
        self.session, self.site = session, site

    @abstractmethod
    def made(self, data: Data) -> Mapping[str, Any]:
        """What a new one has besides its payload.  Raises `Refused`."""

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key."""
        names = self._names(keys)
        return [Found((names[key],)) if key in names else Absent() for key in keys]

    def _names(self, keys: Sequence[str]) -> dict[str, str]:
        """Names by our id, which is compared exactly: the database takes `a` and `A` for one."""
        field = self.site.settings.reference_field
        if not keys or field not in self.site.fields(self.doctype):
            return {}
        found: dict[str, str] = {}
        for start in range(0, len(keys), _MANY):
            wanted = list(keys[start : start + _MANY])
            for page in self.session.all(self.doctype, [field], [[field, "in", wanted]]):
                found.update((str(row[field]), str(row["name"])) for row in page)
        return found

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One after the other; once the site is not reached, nothing more is sent."""
        self.site.ready(self.doctype)
        names, outcomes = self._names([intent.key for intent in intents]), list[Outcome]()
        for intent in intents:
            last = outcomes[-1] if outcomes else None
            off = isinstance(last, TryLater) and last.offline
            outcomes.append(last if last is not None and off else self._outcome(intent, names.get(intent.key)))
        return outcomes

    def _outcome(self, intent: Intent, there: str | None) -> Outcome:
        try:
            self.site.only(self.doctype, intent.payload)
            name = there or intent.remote_id
            return self._created(intent) if name is None else self._brought(intent, name)
        except (TryLater, Refused, Unclear) as fault:
            return fault

    def _created(self, intent: Intent) -> Outcome:
        key, field = payload.key(intent), self.site.settings.reference_field
        told = {name: value for name, value in intent.payload.items() if value not in (None, "")}
        try:
            row = self.session.insert(self.doctype, {**self.made(told), **told, field: key})
        except Refused as fault:
            if fault.reason != "duplicate":
                raise
            name = self._names([key]).get(key)  # an earlier attempt, or somebody was faster
            if name is None:
                hint = f"give it our id ({field}: {key}) to have it taken, or change the mapping"
                raise Refused("taken", f"{fault.message}: another one has this name or id; {hint}") from None
            return self._brought(intent, name)
        if row.get(field) != key:
            return Mismatch(str(row["name"]), f"{self.doctype} {row['name']} carries {row.get(field)}, not {key}")
        return Applied(str(row["name"]))

    def _brought(self, intent: Intent, name: str, *, again: bool = True) -> Outcome:
        """Change what differs of what is spoken of, and nothing else; looked at again where somebody edits it too."""
        row = self.session.get(self.doctype, name)
        if row is None:
            raise Refused("gone", f"{self.session.system}: ERPNext has no {self.doctype} {name} any more")
        changed = {field: value for field, value in intent.payload.items() if not _same(value, row.get(field))}
        if not changed:
            return Applied(name)
        try:
            self.session.update(self.doctype, name, {**changed, "modified": row["modified"]})
        except Refused as fault:
            if fault.reason == "stale" and again:
                return self._brought(intent, name, again=False)
            raise
        return Applied(name)


class Customers(Master):
    """Whom invoices are for; two of one name get names of their own from ERPNext."""

    doctype = "Customer"

    def made(self, data: Data) -> Mapping[str, Any]:
        """A company, unless the mapping says otherwise."""
        payload.text(data, "customer_name")
        return {"customer_type": "Company"}


class Items(Master):
    """What is sold: never kept on stock."""

    doctype = "Item"

    def made(self, data: Data) -> Mapping[str, Any]:
        """Group and unit as configured."""
        payload.text(data, "item_code")
        settings = self.site.settings
        return {"item_group": settings.item_group, "stock_uom": settings.stock_uom, "is_stock_item": 0}


def _same(wanted: Any, there: Any) -> bool:
    """Whether a field shows what is wanted; nothing, an empty text and 0 are one to Frappe."""
    if wanted in (None, "") or there in (None, ""):
        return wanted in (None, "", 0) and there in (None, "", 0)
    try:
        if isinstance(there, int | Decimal):
            return read_decimal(wanted) == there
    except ValueError:
        return False
    return str(wanted).strip() == str(there)
