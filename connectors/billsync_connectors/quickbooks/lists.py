"""Customers and items: each made once, found again by our reference, changed only in what billsync owns.  (shell)

A name is unique in QuickBooks, among customers, vendors and employees.  One that is taken is adopted only where the
record carries our reference: nobody is matched by a name alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from billsync.connector import Absent, Applied, Found, Intent, Outcome, Probe, Refused, TryLater, Unclear
from billsync_connectors.quickbooks import marks, payload
from billsync_connectors.quickbooks.account import Account
from billsync_connectors.quickbooks.answers import NAME_USED, STALE, ref
from billsync_connectors.quickbooks.batches import BATCH_MAX, batched
from billsync_connectors.quickbooks.encoding import quoted, request_key
from billsync_connectors.quickbooks.session import Session, contended

Row = Mapping[str, Any]
_IMMUTABLE: Final = frozenset({"CurrencyRef", "Type"})


class Listed(ABC):
    """One kind of list.

    Class attributes:
        kind: of record; name: the property that is unique.
    """

    kind: ClassVar[str]
    name: ClassVar[str]

    def __init__(self, session: Session, account: Account) -> None:
        self._session, self._account = session, account

    # ------------------------------------------------------------ what each kind says

    @abstractmethod
    def keyed(self, values: dict[str, Any], key: str) -> dict[str, Any]:
        """What a new record is made of.  Raises `Refused`, `TryLater`."""

    @abstractmethod
    def ours(self, row: Row, key: str) -> bool:
        """Whether a record carries our reference."""

    @abstractmethod
    def kept(self, row: Row, key: str) -> dict[str, Any]:
        """What has to be written into a record of ours that has lost our reference."""

    @abstractmethod
    def candidates(self, keys: Sequence[str]) -> dict[str, list[Row]]:
        """The records that carry a reference, by it.  Raises `TryLater`, `Refused`."""

    # ------------------------------------------------------------ looking up

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key; inactive ones are left out where an active one carries the reference."""
        rows = self.candidates(keys)
        return [_found(rows[key]) if key in rows else Absent() for key in keys]

    # ------------------------------------------------------------ writing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """New ones each in a request of its own, which QuickBooks does once; changes thirty at a time."""
        outcomes: dict[int, Outcome] = {}
        known: dict[int, dict[str, Any]] = {}
        for index, intent in enumerate(intents):
            try:
                values = self._values(intent)
                if intent.remote_id is None:
                    outcomes[index] = self._made(intent, values)
                else:
                    known[index] = values
            except (TryLater, Refused, Unclear) as fault:
                outcomes[index] = fault
        if known:
            outcomes |= self._changed(intents, known)
        return [outcomes[index] for index in range(len(intents))]

    def _values(self, intent: Intent) -> dict[str, Any]:
        if intent.void:
            raise Refused("not_supported", f"QuickBooks voids no {self.kind}: make it inactive")
        values = payload.body(self.kind, intent.payload)
        payload.fits(values)
        return values

    def _made(self, intent: Intent, values: dict[str, Any]) -> Outcome:
        payload.required(values, self.name)
        whole = self.keyed(dict(values), intent.key)
        payload.fits(whole)
        try:
            row = self._session.do(self.kind, whole, key=request_key(intent.idempotency_key))
        except Refused as fault:
            if fault.reason != NAME_USED:
                raise
            return self._adopted(intent, values, fault)
        return self._settled(intent, values, row)

    def _settled(self, intent: Intent, values: Mapping[str, Any], row: Row) -> Outcome:
        """A record that was made by the same request before may have been changed since."""
        if not self.ours(row, intent.key):
            return Unclear("other_record", f"{self._session.system}: the answer for {intent.key} shows another record")
        return Applied(str(row["Id"]))

    def _adopted(self, intent: Intent, values: dict[str, Any], fault: Refused) -> Outcome:
        """The record that has the name already, where it carries our reference."""
        name = str(values[self.name])
        where = f"{self.name} = {quoted(name)}"
        rows = [row for page in self._session.every(self.kind, where) for row in page]
        mine = [row for row in rows if self.ours(row, intent.key)]
        if len(mine) == 1:
            return self._one(intent, values, mine[0])
        which = ", ".join(f"{self.kind} {row['Id']}" for row in rows) or "a vendor or an employee"
        told = (
            f"{self._session.system}: the name {name!r} is taken by {which}, without our reference; rename one of "
            f"them, or say that it is the same: billsync links link"
        )
        return Refused("name_taken", told, field=self.name)

    # ------------------------------------------------------------ changing

    def _changed(self, intents: Sequence[Intent], known: Mapping[int, dict[str, Any]]) -> dict[int, Outcome]:
        """Only those that differ are written."""
        ids = {index: intents[index].remote_id or "" for index in known}
        try:
            rows = {row["Id"]: row for row in self._session.those(self.kind, "Id", list(ids.values()))}
        except (TryLater, Refused) as fault:
            return dict.fromkeys(known, fault)
        outcomes: dict[int, Outcome] = {}
        due: dict[int, dict[str, Any]] = {}
        for index, values in known.items():
            change = self._change(intents[index], values, rows.get(ids[index]))
            if isinstance(change, dict):
                due[index] = change
            else:
                outcomes[index] = change
        for index, outcome in self._sent(due).items():
            stale = isinstance(outcome, Refused) and outcome.reason == STALE
            outcomes[index] = self._again(intents[index], known[index]) if stale else outcome
        return outcomes

    def _sent(self, due: Mapping[int, dict[str, Any]]) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        places = list(due)
        for at in range(0, len(places), BATCH_MAX):
            some = places[at : at + BATCH_MAX]
            found |= zip(some, batched(self._session, self.kind, [due[index] for index in some]), strict=True)
        return found

    def _again(self, intent: Intent, values: dict[str, Any]) -> Outcome:
        """Somebody was faster: the record as it is now, and once more."""
        try:
            row = self._session.one(self.kind, intent.remote_id or "")
            return self._one(intent, values, row)
        except Refused as fault:
            return contended(fault)
        except (TryLater, Unclear) as fault:
            return fault

    def _one(self, intent: Intent, values: dict[str, Any], row: Row | None) -> Outcome:
        change = self._change(intent, values, row)
        if not isinstance(change, dict):
            return change
        self._session.do(self.kind, change)
        return Applied(str(change["Id"]))

    def _change(self, intent: Intent, values: Mapping[str, Any], row: Row | None) -> dict[str, Any] | Outcome:
        """What has to be written, or what becomes of it without."""
        if row is None:
            return Refused("gone", f"{self._session.system}: {self.kind} {intent.remote_id} ({intent.key}) is gone")
        if row.get("Active") is False and values.get("Active") is not True:
            told = f"{self.kind} {row['Id']} ({intent.key}) was made inactive there; make it active again"
            return Refused("inactive", f"{self._session.system}: {told}")
        if (named := ref(values, "CurrencyRef")) and named != (ref(row, "CurrencyRef") or self._account.currency):
            told = f"{self.kind} {row['Id']} ({intent.key}) has another currency, which cannot be changed there"
            return Refused("other_currency", f"{self._session.system}: {told}", field="CurrencyRef")
        news = {
            name: value
            for name, value in values.items()
            if name not in _IMMUTABLE and name not in self.kept(row, intent.key) and not _same(value, row.get(name))
        }
        news |= {} if self.ours(row, intent.key) else self.kept(row, intent.key)
        if not news:
            return Applied(str(row["Id"]))
        return {"Id": row["Id"], "SyncToken": row.get("SyncToken"), "sparse": True, **news}


class Customers(Listed):
    """Customers carry our reference as a line of their notes: QuickBooks has no field for it."""

    kind: ClassVar = "Customer"
    name: ClassVar = "DisplayName"

    def keyed(self, values: dict[str, Any], key: str) -> dict[str, Any]:
        """With our line in the notes."""
        return {**values, "Notes": marks.noted(values.get("Notes"), key)}

    def ours(self, row: Row, key: str) -> bool:
        """By the notes."""
        return marks.carries(row.get("Notes"), key)

    def kept(self, row: Row, key: str) -> dict[str, Any]:
        """The notes belong to people, but for our line."""
        return {"Notes": marks.noted(row.get("Notes"), key)}

    def candidates(self, keys: Sequence[str]) -> dict[str, list[Row]]:
        """All customers are gone through: notes cannot be searched."""
        wanted, found = set(keys), dict[str, list[Row]]()
        for rows in self._session.every(self.kind):
            for row in rows:
                if (key := marks.reference(row.get("Notes"))) in wanted:
                    found.setdefault(key, []).append(row)
        return found


class Items(Listed):
    """Items carry our reference as their SKU."""

    kind: ClassVar = "Item"
    name: ClassVar = "Name"

    def keyed(self, values: dict[str, Any], key: str) -> dict[str, Any]:
        """A service that is booked to the account of the settings, where the payload names neither."""
        if values.get("Sku", key) != key:
            raise Refused("bad_key", f"Sku differs from our product {key}: it holds billsync's reference", field="Sku")
        values.setdefault("Type", "Service")
        if "IncomeAccountRef" not in values:
            values["IncomeAccountRef"] = {"value": self._account.revenue}
        return {**values, "Sku": key}

    def ours(self, row: Row, key: str) -> bool:
        """By the SKU."""
        return row.get("Sku") == key

    def kept(self, row: Row, key: str) -> dict[str, Any]:
        """The SKU is ours."""
        return {"Sku": key}

    def candidates(self, keys: Sequence[str]) -> dict[str, list[Row]]:
        """In one query."""
        found: dict[str, list[Row]] = {}
        for row in self._session.those(self.kind, "Sku", keys):
            found.setdefault(str(row.get("Sku")), []).append(row)
        return found


def _found(rows: Sequence[Row]) -> Found:
    rows = [row for row in rows if row.get("Active") is not False] or rows
    return Found(tuple(str(row["Id"]) for row in rows))


def _same(wanted: Any, there: Any) -> bool:
    """Whether what is wanted stands there; what QuickBooks adds to an address or a reference does not count."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(_same(value, there.get(name)) for name, value in wanted.items())
    return bool(wanted == there)
