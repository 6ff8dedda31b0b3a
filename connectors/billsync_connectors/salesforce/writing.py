"""Writes: 200 records a call, each with a result of its own; by their id, or by an external id of ours.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    Unsure,
)
from billsync_connectors.salesforce.denials import Denied, fault_of, first
from billsync_connectors.salesforce.rows import Strange, id_of
from billsync_connectors.salesforce.session import Session, offline
from billsync_connectors.salesforce.settings import ID, WriteSettings
from billsync_connectors.salesforce.soql import among
from billsync_connectors.salesforce.walk import Walk

BATCH: Final = 200
_KEYS: Final = 200
_SHORT: Final = 15
"""Characters of an id that count; the other three guard against its case being lost."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One record to write: the intent, and the id there, or "" where it goes by the external id."""

    intent: Intent
    id: str


class Writing:
    """The writes of one connection; never raises per record."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def write(self, object: str, rule: WriteSettings, intents: Sequence[Intent]) -> list[Outcome]:
        """One outcome per intent, in the same order."""
        outcomes: dict[int, Outcome] = {}
        items: list[_Item] = []
        for place, known in enumerate(self._ids(object, rule, intents)):
            if isinstance(known, str):
                items.append(_Item(intents[place], known))
            else:
                outcomes[place] = known
        by_id = [item for item in items if item.id]
        by_key = [item for item in items if not item.id]
        made = self._sent(object, "", by_id) | self._sent(object, rule.by, by_key)
        return [outcomes.get(place) or made[id(intent)] for place, intent in enumerate(intents)]

    def probe(self, object: str, rule: WriteSettings, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference."""
        try:
            found = self._found(object, rule.by, keys)
        except Fault as fault:
            return [Unsure(fault.reason, fault.message, offline=offline(fault)) for _ in keys]
        return [Found(tuple(ids)) if (ids := found.get(_folded(rule.by, key))) else Absent() for key in keys]

    # ------------------------------------------------------------ which records

    def _ids(self, object: str, rule: WriteSettings, intents: Sequence[Intent]) -> list[str | Outcome]:
        """The id of each, "" where the external id is enough, or why it is not written."""
        if rule.by == ID:
            return [intent.remote_id or intent.key for intent in intents]
        unknown = [] if rule.creates else [intent.key for intent in intents if not intent.remote_id]
        try:
            found = self._found(object, rule.by, unknown)
        except Fault as fault:
            return [intent.remote_id or fault if isinstance(fault, TryLater | Refused) else "" for intent in intents]
        return [
            intent.remote_id or ("" if rule.creates else self._one(object, rule, intent, found)) for intent in intents
        ]

    def _one(
        self, object: str, rule: WriteSettings, intent: Intent, found: Mapping[str, Sequence[str]]
    ) -> str | Outcome:
        ids = found.get(_folded(rule.by, intent.key), ())
        if len(ids) == 1:
            return ids[0]
        what = f"{self._session.system}: {len(ids) or 'no'} {object} with {rule.by} {intent.key}"
        return Refused("several" if ids else "gone", what, field=rule.by)

    def _found(self, object: str, by: str, keys: Sequence[str]) -> dict[str, list[str]]:
        """The ids there of our references.  Raises `TryLater`, `Refused`."""
        found: dict[str, list[str]] = {}
        fields = ["Id"] if by == ID else ["Id", by]
        for start in range(0, len(keys), _KEYS):
            some = keys[start : start + _KEYS]
            for row in Walk(self._session, fields, object, where=f"{by} IN {among(some)}").rows():
                found.setdefault(_folded(by, str(row.get(by))), []).append(id_of(row))
        return found

    # ------------------------------------------------------------ sending

    def _sent(self, object: str, by: str, items: Sequence[_Item]) -> dict[int, Outcome]:
        """The outcome of each, by the identity of its intent."""
        found: dict[int, Outcome] = {}
        for start in range(0, len(items), BATCH):
            some = items[start : start + BATCH]
            outcomes = self._batch(object, by, some)
            found |= {id(item.intent): outcome for item, outcome in zip(some, outcomes, strict=True)}
        return found

    def _batch(self, object: str, by: str, items: Sequence[_Item]) -> list[Outcome]:
        path = f"composite/sobjects/{object}/{by}" if by else "composite/sobjects"
        body = {"allOrNone": False, "records": [_body(object, by, item) for item in items]}
        try:
            results = self._session.do("PATCH", path, body)
        except Denied as no:
            if isinstance(no.fault, Refused) and len(items) > 1:  # of all of them: who is to blame?
                half = len(items) // 2
                return [*self._batch(object, by, items[:half]), *self._batch(object, by, items[half:])]
            return [_outcome(no.fault) for _ in items]
        except (TryLater, Refused, Unclear) as fault:
            return [fault for _ in items]
        rows = results if isinstance(results, list) else []
        return [self._judged(item, rows[place] if place < len(rows) else None) for place, item in enumerate(items)]

    def _judged(self, item: _Item, row: Any) -> Outcome:
        """One result; what is missing may have been done all the same."""
        key, system = item.intent.key, self._session.system
        if not isinstance(row, Mapping):
            return Unclear("missing_item", f"{system}: the answer says nothing of {key}")
        if row.get("success") is True:
            return self._done(item, row)
        error = first(row.get("errors"))
        code = str(error.get("statusCode") or error.get("errorCode") or "")
        if row.get("success") is not False or not code:
            return Unclear("missing_item", f"{system}: the answer for {key} is neither a record nor an error")
        return _outcome(fault_of(system, code, self._session.hidden(str(error.get("message") or code)), error))

    def _done(self, item: _Item, row: Mapping[str, Any]) -> Outcome:
        try:
            there = id_of({"Id": row.get("id")})
        except Strange:
            if item.id:
                return Applied(item.id)
            return Unclear("no_id", f"{self._session.system}: the answer for {item.intent.key} has no id")
        if item.id and there[:_SHORT] != item.id[:_SHORT]:
            return Mismatch(there, f"the answer for {item.intent.key} is about {there}")
        return Applied(there)


def _outcome(fault: Fault) -> Outcome:
    return fault if isinstance(fault, TryLater | Refused | Unclear) else Unclear(fault.reason, fault.message)


def _body(object: str, by: str, item: _Item) -> dict[str, Any]:
    """A record as it is sent: `attributes` first, without fields that say which record it is."""
    own = {ID.lower(), by.lower()}
    content = {name: value for name, value in item.intent.payload.items() if name.lower() not in own}
    which = {"id": item.id} if item.id else {by: item.intent.key}
    return {"attributes": {"type": object}, **which, **content}


def _folded(by: str, key: str) -> str:
    """A key as the org compares it: external ids in any case, ids by what counts of them."""
    return key[:_SHORT] if by == ID else key.casefold()
