"""What was written, read back: so that it is no news later, and what people change of it there shows.  (shell)

It never decides whether a write took effect.  Where reading back does not work nothing is kept, and nothing is lost:
the record is then read once more as if somebody else had changed it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from billsync.connector import Applied, Connector, Intent, Outcome, Record, Refused
from billsync.mapping.ownership import without
from billsync.model.base import canonical_json, digest_text
from billsync.model.delivery import Delivery
from billsync.push import decide, port
from billsync.push.session import Push
from billsync.store import Echo
from billsync.store.echoes import OURS


@dataclass(frozen=True, slots=True)
class Edits:
    """What people changed in one record, by the policy for the field."""

    report: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.report or self.ours or self.theirs)


def digest(value: Any) -> str:
    """SHA-256 of a value as the inbox keeps it."""
    return digest_text(canonical_json(json.loads(canonical_json(value))))


def same(wanted: Any, there: Any) -> bool:
    """Whether what was written stands there, in whatever form; fields that were not written may be anything."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(same(value, there.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list | tuple):
        both = isinstance(there, list | tuple) and len(there) == len(wanted)
        return both and all(same(mine, theirs) for mine, theirs in zip(wanted, there, strict=True))
    if _is_nothing(wanted) or _is_nothing(there):
        return _is_nothing(wanted) and _is_nothing(there)
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    if str(wanted).strip() == str(there).strip():  # a text such as "NaN" is no number that equals itself
        return True
    try:
        return Decimal(str(wanted)) == Decimal(str(there))
    except InvalidOperation:  # no numbers, or a signalling one
        return False


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [])


# ---------------------------------------------------------------- after a write


def read_back(push: Push, connector: Connector, intents: Sequence[Intent], outcomes: Sequence[Outcome]) -> list[Echo]:
    """What has just been written, as it stands there; only what stands there as it was sent."""
    if not intents or intents[0].object not in push.options.watched:
        return []
    object = intents[0].object
    sent = {
        outcome.remote_id: _fields(push, intent)
        for intent, outcome in zip(intents, outcomes, strict=True)
        if isinstance(outcome, Applied) and not intent.void
    }
    return [
        Echo(record.id, name, digest(record.data[name]))
        for record in _fetched(push, connector, object, list(sent))
        for name, value in sent.get(record.id, {}).items()
        if name in record.data and same(value, record.data[name])
    ]


def keep(push: Push, object: str, echoes: Sequence[Echo]) -> None:
    """Remember how records stand there."""
    if echoes:
        push.store.run("echo", lambda tx: tx.echoes.remember(push.connection, object, echoes, push.clock.now()))


def _fields(push: Push, intent: Intent) -> dict[str, Any]:
    into = push.sheet(intent.object).into
    return {into: intent.payload} if into else dict(intent.payload)


def _fetched(push: Push, connector: Connector, object: str, ids: Sequence[str]) -> list[Record]:
    if not ids:
        return []
    push.pace(1)
    return port.fetch(connector, object, ids)


# ---------------------------------------------------------------- before one


def heed(push: Push, connector: Connector, claimed: Sequence[Delivery], intents: list[Intent]) -> dict[int, Outcome]:
    """Look for what people changed in the records that are about to be changed.

    What is theirs is taken out of `intents`.  Gives the place of each that must not go out, with the outcome that says
    so; not of one that a person has sent again.
    """
    object = claimed[0].object
    watch = push.options.watched.get(object)
    if watch is None or not watch.policies:
        return {}
    known = {i: intent.remote_id for i, intent in enumerate(intents) if intent.remote_id and not intent.void}
    edits = edited(push, connector, object, {id: _fields(push, intents[i]) for i, id in known.items()})
    with push.store.view() as tx:
        theirs = tx.echoes.theirs(push.connection, object, known.values())
    held: dict[int, Outcome] = {}
    for i, id in known.items():
        found = edits.get(id, Edits())
        if found.report and claimed[i].gen == 1:
            held[i] = Refused(decide.EDITED, said(object, id, found))
        leave = [name for name in theirs.get(id, ()) if watch.policies.get(name) == "theirs"]
        intents[i] = replace(intents[i], payload=without(intents[i].payload, leave))
    return held


def edited(push: Push, connector: Connector, object: str, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Edits]:
    """Id there -> the fields that are not what we wrote last, nor what we want them to be (id -> field -> value).

    Those whose change stands are theirs from here on.
    """
    watch = push.options.watched[object]
    with push.store.view() as tx:
        echoes = tx.echoes.of(push.connection, object, wanted)
    found: dict[str, Edits] = {}
    for record in _fetched(push, connector, object, [id for id in wanted if id in echoes]):
        if record.id not in echoes:
            continue
        names = [
            name
            for name, echo in echoes[record.id].items()
            if echo.owner == OURS
            and name in watch.policies
            and name in record.data
            and digest(record.data[name]) != echo.digest
            and not (name in wanted[record.id] and same(wanted[record.id][name], record.data[name]))
        ]
        by = {policy: tuple(n for n in names if watch.policies[n] == policy) for policy in ("report", "ours", "theirs")}
        found[record.id] = Edits(**by)
    handed = {id: one.theirs for id, one in found.items() if one.theirs}
    if handed:
        push.store.run("handed-over", lambda tx: tx.echoes.hand_over(push.connection, object, handed))
    return {id: one for id, one in found.items() if one}


def said(object: str, id: str, edits: Edits) -> str:
    """The edits that a person has to look at, in a sentence."""
    return f"{', '.join((*edits.report, *edits.ours))} of {object} {id} was changed there after we wrote it"
