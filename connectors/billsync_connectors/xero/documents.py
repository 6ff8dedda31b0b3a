"""Invoices and credit notes: drafted, compared, and only then approved; voided.  (shell)

A sales document's number is unique in Xero, so that a request which is sent twice, or arrives late, makes no second
one: the refusal leads to the document that stands there, and that is ours where it shows what was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Refused,
    TryLater,
    Unclear,
    Unfinished,
    differences,
)
from billsync_connectors.xero import lookup
from billsync_connectors.xero.bodies import Bodies
from billsync_connectors.xero.choices import Choices
from billsync_connectors.xero.elements import Call, Made, carried_out
from billsync_connectors.xero.session import Session, joined
from billsync_connectors.xero.shown import GONE, OPEN, echo
from billsync_connectors.xero.values import Row, amount, inner

_STALE: Final = frozenset({"unknown_item", "unknown_account", "unknown_tax"})
"""Refusals that may come from what was read too long ago."""


@dataclass(slots=True)
class Work:
    """One `write` under way.

    Attributes:
        rows: index of an intent -> the document that stands for it.
        outcomes: index -> what became of it, where that is known.
    """

    intents: Sequence[Intent]
    rows: dict[int, Row] = field(default_factory=dict)
    outcomes: dict[int, Outcome] = field(default_factory=dict)

    def sort(self, results: Mapping[int, Made]) -> None:
        """Documents to `rows`, faults to `outcomes`."""
        for index, result in results.items():
            if isinstance(result, Fault):
                self.outcomes[index] = result
            else:
                self.rows[index] = result


class Documents:
    """The sales invoices of one organisation."""

    object = "invoice"
    place = lookup.INVOICES

    def __init__(self, session: Session, choices: Choices, bodies: Bodies) -> None:
        self.session, self._choices, self._bodies = session, choices, bodies

    # ------------------------------------------------------------ the port

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key.  Raises `TryLater`, `Refused`."""
        with self.session.reading():
            found = lookup.by_reference(self.session, self.place, keys)
            return [self._probed(self._same(found, key)) for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent, in the same order."""
        work = Work(intents)
        self._make(work, [n for n, intent in enumerate(intents) if intent.remote_id is None and not intent.void])
        self._look(work, [n for n, intent in enumerate(intents) if intent.remote_id is not None or intent.void])
        self._void(work)
        self._approve(work)
        self.finish(work)
        return [work.outcomes[index] for index in range(len(intents))]

    def finish(self, work: Work) -> None:
        """The last step: what stands there as it should be is done."""
        for index, row in work.rows.items():
            work.outcomes.setdefault(index, self.judged(work.intents[index], row))

    # ------------------------------------------------------------ drafts

    def _make(self, work: Work, indices: Sequence[int]) -> None:
        bodies: dict[int, dict[str, Any]] = {}
        for index in indices:
            try:
                bodies[index] = self._bodies.document(work.intents[index])
            except (TryLater, Refused) as fault:
                work.outcomes[index] = fault
        results = self._drafted(work, bodies, "draft")
        again = self._merged(bodies, results)
        results |= self._drafted(work, again, "draft of the contact that is left")
        if any(isinstance(made, Refused) and made.reason in _STALE for made in results.values()):
            self._choices.forget()
        work.sort(results)
        self._adopt(work, [n for n in bodies if _is(work.outcomes.get(n), "number_taken")])

    def _drafted(self, work: Work, bodies: Mapping[int, Mapping[str, Any]], step: str) -> dict[int, Made]:
        return carried_out(self.session, self._call("PUT", work, bodies, step), bodies)

    def _merged(self, bodies: Mapping[int, dict[str, Any]], results: Mapping[int, Made]) -> dict[int, dict[str, Any]]:
        """Bodies that were refused for an archived contact which people merged into another: for that one."""
        moved: dict[int, dict[str, Any]] = {}
        for index, result in results.items():
            if _is(result, "inactive_customer"):
                try:
                    left = self._left(str(bodies[index]["Contact"]["ContactID"]))
                except Fault:
                    continue
                if left:
                    moved[index] = {**bodies[index], "Contact": {"ContactID": left}}
        return moved

    def _left(self, id: str) -> str:
        """The contact that another one was merged into, "" where it was not.  Raises `TryLater`, `Refused`."""
        left = ""
        for _ in range(5):
            row = lookup.one(self.session, lookup.CONTACTS, left or id)
            into = str((row or {}).get("MergedToContactID") or "")
            if not into:
                break
            left = into
        return left

    def _adopt(self, work: Work, indices: Sequence[int]) -> None:
        """Numbers that are taken: by our own document, where an earlier answer was lost, or by somebody else's."""
        if not indices:
            return
        keys = [work.intents[index].key for index in indices]
        try:
            with self.session.reading():
                found = lookup.by_reference(self.session, self.place, keys)
                for index, key in zip(indices, keys, strict=True):
                    self._adopted(work, index, self._live(self._same(found, key)))
        except Fault as fault:
            said = Unclear(fault.reason, fault.message)  # what has the number was not seen: it may be ours
            work.outcomes.update(dict.fromkeys(indices, said))

    def _adopted(self, work: Work, index: int, there: Sequence[Row]) -> None:
        intent, system = work.intents[index], self.session.system
        if not there:
            message = f"{system}: {intent.key} is taken there, and cannot be seen yet"
            work.outcomes[index] = Unclear("number_unseen", message)
            return
        row = there[0]
        wrong = differences(intent.expect, echo(row, self.place))
        if row.get(self.place.reference) != intent.key or row.get("Status") in GONE:
            wrong = f"it is {row.get(self.place.reference)}, {str(row.get('Status')).lower()}"
        contact = inner(intent.payload, "Contact").get("ContactID")
        if not wrong and inner(row, "Contact").get("ContactID") != contact:
            wrong = "it is for another contact"
        if wrong:
            message = f"{system}: the number {intent.key} is taken by {row.get(self.place.id)}: {wrong}"
            work.outcomes[index] = Refused("number_taken", message)
        else:
            work.rows[index] = row
            del work.outcomes[index]

    # ------------------------------------------------------------ those that stand there

    def _look(self, work: Work, indices: Sequence[int]) -> None:
        if not indices:
            return
        ids = {index: work.intents[index].remote_id or "" for index in indices}
        try:
            with self.session.reading():
                found = lookup.by_id(self.session, self.place, list(ids.values()))
        except Fault as fault:
            work.outcomes.update(dict.fromkeys(ids, _outcome(fault)))
            return
        for index, id in ids.items():
            if id in found:
                work.rows[index] = found[id]
            else:
                work.outcomes[index] = self._gone(work.intents[index])

    def _gone(self, intent: Intent) -> Outcome:
        """One that is not there any more counts for nothing already."""
        if intent.void and intent.remote_id:
            return Applied(intent.remote_id, {"state": "void"})
        return Refused("gone", f"{self.session.system}: there is no {self.object} {intent.remote_id} any more")

    # ------------------------------------------------------------ approving

    def _approve(self, work: Work) -> None:
        """Approve the drafts that show what was sent; a differing one stays a draft."""
        due: dict[int, dict[str, Any]] = {}
        for index, row in work.rows.items():
            if index in work.outcomes:
                continue
            outcome = self.judged(work.intents[index], row)
            if isinstance(outcome, Unfinished):
                due[index] = {self.place.id: row[self.place.id], "Status": "AUTHORISED"}
            elif not isinstance(outcome, Applied):
                work.outcomes[index] = outcome
        results = carried_out(self.session, self._call("POST", work, due, "approve"), due)
        refused = {n: made for n, made in results.items() if isinstance(made, Refused)}
        left = self._withdrawn(work, [n for n in refused if work.intents[n].remote_id is None])
        for index, made in results.items():
            if not isinstance(made, Fault):
                work.rows[index] = made
            elif index in refused and index not in left:
                work.outcomes[index] = refused[index]
            else:
                work.outcomes[index] = Unfinished(str(due[index][self.place.id]), made.reason, made.message)

    def _withdrawn(self, work: Work, indices: Sequence[int]) -> set[int]:
        """Delete drafts that Xero will not approve, so that nothing is left; those that are left all the same."""
        bodies = {n: {self.place.id: work.rows[n][self.place.id], "Status": "DELETED"} for n in indices}
        results = carried_out(self.session, self._call("POST", work, bodies, "withdraw"), bodies)
        return {n for n, made in results.items() if isinstance(made, Fault)}

    def judged(self, intent: Intent, row: Row) -> Outcome:
        """What a document means for the intent that it stands for; `Unfinished` where it is still a draft."""
        id, system = str(row.get(self.place.id)), self.session.system
        try:
            shown = echo(row, self.place)
        except ValueError as error:
            return Unfinished(id, "unreadable", f"{system}: {self.object} {id} cannot be read: {error}")
        if row.get("Status") in GONE:
            return Refused("void", f"{system}: {self.object} {id} ({intent.key}) was made void there")
        if row.get(self.place.reference) != intent.key:
            message = f"{self.object} {id} has the number {row.get(self.place.reference)}, not {intent.key}"
            return Mismatch(id, f"{system}: {message}", shown)
        if wrong := differences(intent.expect, shown):
            return Mismatch(id, f"{system}: {self.object} {id} for {intent.key}: {wrong}", shown)
        if row.get("Status") in OPEN:
            return Unfinished(id, "draft", f"{system}: {self.object} {id} is a draft")
        return Applied(id, shown)

    # ------------------------------------------------------------ voiding

    def _void(self, work: Work) -> None:
        due: dict[int, dict[str, Any]] = {}
        for index, row in work.rows.items():
            intent = work.intents[index]
            if not intent.void:
                continue
            id = str(row.get(self.place.id))
            if row.get("Status") in GONE:
                work.outcomes[index] = Applied(id, {"state": "void"})
            elif fault := self.released(row) or self._settled(row):
                work.outcomes[index] = fault
            else:
                status = "DELETED" if row.get("Status") in OPEN else "VOIDED"
                due[index] = {self.place.id: id, "Status": status}
        results = carried_out(self.session, self._call("POST", work, due, "void"), due)
        for index, made in results.items():
            work.outcomes[index] = _voided(made, str(due[index][self.place.id]))

    def released(self, row: Row) -> Outcome | None:
        """What keeps a document from being voided is taken off; why that cannot be done, or None."""
        return None

    def _settled(self, row: Row) -> Refused | None:
        """Xero voids nothing that was paid or credited, even in part."""
        if not any(amount(row, name) for name in ("AmountPaid", "AmountCredited")):
            return None
        id, system = row.get(self.place.id), self.session.system
        message = f"{system}: {self.object} {id} is settled in part: take the payment or credit off it in Xero first"
        return Refused("settled", message)

    # ------------------------------------------------------------ inside

    def _call(self, method: str, work: Work, indices: Iterable[int], step: str) -> Call:
        """Only what makes a document has a key: to say twice what it shall be does no harm, an old answer could."""
        names = {n: work.intents[n].key for n in indices}
        keys = [work.intents[n].idempotency_key for n in names] if method == "PUT" else [""]
        mark = self.place.reference if method == "PUT" else self.place.id
        key, plural = joined(keys, f"{self.place.plural} {step}"), self.place.plural
        return Call(method, plural, plural, self.place.id, mark, key, prices=True, names=names)

    def _same(self, found: Mapping[str, Sequence[Row]], key: str) -> list[Row]:
        """Documents of ours under a key: bills of suppliers may have any number."""
        return [row for row in found.get(key.casefold(), ()) if row.get("Type") in ("ACCREC", "ACCRECCREDIT")]

    @staticmethod
    def _live(found: Sequence[Row]) -> list[Row]:
        """Void ones only where nothing else is there; a deleted draft has given its number back."""
        live = [row for row in found if row.get("Status") not in GONE]
        return live or [row for row in found if row.get("Status") != "DELETED"]

    def _probed(self, found: Sequence[Row]) -> Probe:
        there = self._live(found)
        if not there:
            return Absent()
        ids = tuple(str(row.get(self.place.id)) for row in there)
        if len(ids) > 1:
            return Found(ids)
        return Found(ids, complete=there[0].get("Status") not in OPEN, echo=echo(there[0], self.place))


def _voided(made: Made, id: str) -> Outcome:
    if isinstance(made, Fault):
        return made
    if made.get("Status") in GONE:
        return Applied(id, {"state": "void"})
    return Unclear("not_void", f"{id} is {made.get('Status')} after it was voided")


def _is(made: object, reason: str) -> bool:
    return isinstance(made, Refused) and made.reason == reason


def _outcome(fault: Fault) -> Outcome:
    return fault if isinstance(fault, TryLater | Refused | Unclear) else Unclear(fault.reason, fault.message)
