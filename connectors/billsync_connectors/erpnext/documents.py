"""Documents that are drafted, compared, submitted and cancelled: invoices, credit notes, payments.  (shell)

Our reference stands in a unique field, so that the site itself refuses a second document of it: a create whose
outcome is not known may be sent again, and ends at the one that stands there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

from billsync.connector import (
    Absent,
    Applied,
    Expectation,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    Trial,
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.erpnext import payload
from billsync_connectors.erpnext.session import Row, Session
from billsync_connectors.erpnext.site import Site

_TAKEN: Final = "reference_taken"
_MANY: Final = 100


class Documents(ABC):
    """One kind of document.  `probe` raises `TryLater` and `Refused`; `write` never raises per record."""

    doctype: ClassVar[str]
    title: ClassVar[str]
    fields: ClassVar[Sequence[str]]
    """What lists have to show for an echo."""
    filters: ClassVar[Sequence[Sequence[Any]]] = ()

    def __init__(self, session: Session, site: Site) -> None:
        self.session, self.site = session, site

    @abstractmethod
    def build(self, intent: Intent) -> dict[str, Any]:
        """The document as Frappe takes it, without our reference.  Raises `TryLater`, `Refused`."""

    @abstractmethod
    def echo(self, row: Row) -> dict[str, Any]:
        """What a document shows, by the port's names.  Raises ValueError."""

    @abstractmethod
    def in_the_way(self, row: Row) -> str:
        """Why a submitted document must not be cancelled, or "".  Raises `TryLater`, `Refused`."""

    def expected(self, intent: Intent) -> Expectation | None:
        """What the document must show."""
        return intent.expect

    def repaired(self, _intent: Intent, _row: Row) -> dict[str, Any]:
        """What has to be changed in a draft so that it comes to what was sent; empty where nothing has, or can be."""
        return {}

    def further(self, _intent: Intent, _row: Row) -> str:
        """What else differs, in words."""
        return ""

    # ------------------------------------------------------------ looking

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key."""
        rows = self._rows(keys)
        return [self._found(rows[key]) if key in rows else Absent() for key in keys]

    def _rows(self, keys: Sequence[str]) -> dict[str, Row]:
        """Documents by our reference, which is compared exactly: the database takes `a` and `A` for one."""
        field = self.site.settings.reference_field
        if not keys or field not in self.site.fields(self.doctype):
            return {}
        found: dict[str, Row] = {}
        for start in range(0, len(keys), _MANY):
            wanted = list(keys[start : start + _MANY])
            filters = [[field, "in", wanted], *self.filters]
            for page in self.session.all(self.doctype, [field, "docstatus", *self.fields], filters):
                found.update((str(row[field]), row) for row in page)
        return found

    def _found(self, row: Row) -> Probe:
        try:
            return Found((str(row["name"]),), complete=row["docstatus"] != 0, echo=self.echo(row))
        except ValueError as error:
            raise TryLater("unreadable", f"{self.session.system}: {self.title} {row['name']}: {error}") from None

    # ------------------------------------------------------------ writing

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One after the other; once the site is not reached, nothing more is sent."""
        fresh = [intent.key for intent in intents if intent.remote_id is None and not intent.void]
        if fresh:
            self.site.ready(self.doctype)
        there, outcomes = self._rows(fresh), list[Outcome]()
        for intent in intents:
            last = outcomes[-1] if outcomes else None
            off = isinstance(last, TryLater) and last.offline
            outcomes.append(last if last is not None and off else self._outcome(intent, there.get(intent.key)))
        return outcomes

    def _outcome(self, intent: Intent, there: Row | None) -> Outcome:
        try:
            if intent.void:
                return self._voided(intent)
            if intent.remote_id is not None:
                return self._finished(intent, self._known(intent.remote_id, intent.key), fresh=False)
            if there is not None:
                return self._adopted(intent, str(there["name"]))
            return self._created(intent)
        except (TryLater, Refused, Unclear) as fault:
            return fault
        except ValueError as error:
            return Unclear("unreadable", f"{self.session.system}: {intent.key}: {error}")

    def _known(self, name: str, key: str) -> Row:
        row = self.session.get(self.doctype, name)
        if row is None:
            raise Refused("gone", f"{self.session.system}: ERPNext has no {self.title} {name} ({key}) any more")
        return row

    def _adopted(self, intent: Intent, name: str) -> Outcome:
        """What carries our reference before we made anything; a final one that shows something else is not ours."""
        row = self._known(name, intent.key)
        outcome = self._judged(intent, row)
        if row["docstatus"] == 1 and isinstance(outcome, Mismatch):
            return Refused(_TAKEN, f"{name} carries the reference already: {outcome.message}")
        return self._finished(intent, row, fresh=False)

    def _created(self, intent: Intent) -> Outcome:
        key, field = payload.key(intent), self.site.settings.reference_field
        if payload.optional_text(intent.payload, field) not in {None, key}:
            raise Refused("bad_key", f"{field} differs from the key {key}", field=field)
        try:
            row = self.session.insert(self.doctype, {**self.build(intent), field: key, "docstatus": 0})
        except Refused as fault:
            if fault.reason != "duplicate":
                raise
            there = self._rows([key]).get(key)  # an earlier attempt, or somebody was faster
            if there is None:
                what = f"{fault.message}: another document has {key}, by its name or in other letters"
                raise Refused("number_taken", what) from None
            return self._adopted(intent, str(there["name"]))
        return self._finished(intent, row, fresh=True)

    def _finished(self, intent: Intent, row: Row, *, fresh: bool, again: bool = True) -> Outcome:
        """Compare, then submit what is still a draft; a differing draft is never submitted."""
        if fresh and (repaired := self.repaired(intent, row)):
            try:
                row = self.session.update(self.doctype, str(row["name"]), {**repaired, "modified": row["modified"]})
            except TryLater as fault:
                return Unfinished(str(row["name"]), fault.reason, fault.message)
        outcome = self._judged(intent, row)
        if row["docstatus"] == 2:
            return Refused("cancelled", f"{self.title} {row['name']} ({intent.key}) was cancelled in ERPNext")
        if row["docstatus"] == 1 or not isinstance(outcome, Applied):
            return outcome
        name = str(row["name"])
        try:
            row = self.session.update(self.doctype, name, {"docstatus": 1, "modified": row["modified"]})
        except TryLater as fault:
            return Unfinished(name, fault.reason, fault.message)
        except Refused as fault:
            if again and fault.reason in ("stale", "other_state"):  # somebody edited it: look again, once
                return self._finished(intent, self._known(name, intent.key), fresh=False, again=False)
            return self._withdrawn(name, fault) if fresh else fault
        return self._judged(intent, row)

    def _judged(self, intent: Intent, row: Row) -> Outcome:
        name, shown = str(row["name"]), self.echo(row)
        carried = row.get(self.site.settings.reference_field)
        if carried != intent.key:
            message = f"{self.title} {name} carries the reference {carried}, not {intent.key}"
            return Mismatch(name, message, shown)
        if differing := differences(self.expected(intent), shown) or self.further(intent, row):
            return Mismatch(name, f"{self.title} {name} for {intent.key}: {differing}", shown)
        return Applied(name, shown)

    def _withdrawn(self, name: str, fault: Refused) -> Outcome:
        """Refused only where nothing is left there."""
        try:
            self.session.remove(self.doctype, name)
        except Fault:
            return Unfinished(name, fault.reason, fault.message)
        return fault

    # ------------------------------------------------------------ taking back

    def _voided(self, intent: Intent) -> Outcome:
        name = str(intent.remote_id)
        row = self.session.get(self.doctype, name)
        if row is None:
            return Refused("gone", f"{self.session.system}: ERPNext has no {self.title} {name} any more")
        if (carried := row.get(self.site.settings.reference_field)) != intent.key:
            what = f"{self.title} {name} carries the reference {carried}, not {intent.key}"
            return Refused("other_reference", what)
        if row["docstatus"] == 0:
            return Refused("draft", f"{self.title} {name} ({intent.key}) is a draft and counts for nothing: delete it")
        if row["docstatus"] == 1:
            if why := self.in_the_way(row):
                return Refused("paid", f"{self.title} {name} ({intent.key}): {why}")
            self.session.call("frappe.client.cancel", doctype=self.doctype, name=name)
        return self._seen_void(intent, name)

    def _seen_void(self, intent: Intent, name: str) -> Outcome:
        """Only what is seen cancelled is void; asking again does no harm."""
        try:
            row = self.session.get(self.doctype, name)
        except (TryLater, Refused) as fault:
            return Unclear(fault.reason, f"whether {intent.key} is cancelled could not be read: {fault.message}")
        if row is None or row["docstatus"] != 2:
            return Unclear("not_void", f"{self.title} {name} ({intent.key}) stands after it was cancelled")
        return Applied(name, {"state": "void"})

    # ------------------------------------------------------------ trying

    def trial(self, intent: Intent) -> Trial:
        """Make the draft without our reference, read it, delete it.  Raises `TryLater`, `Refused`, `Unclear`."""
        row: Mapping[str, Any] = self.session.insert(self.doctype, self.build(replace(intent, remote_id=None)))
        name = str(row["name"])
        try:
            shown = self.echo(row)
        except ValueError as error:
            shown = {"problem": str(error)}
        try:
            self.session.remove(self.doctype, name)
        except Fault as fault:
            return Trial(shown, left=name, message=f"delete the draft {name} in ERPNext: {fault.message}")
        return Trial(shown)
