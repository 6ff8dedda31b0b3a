"""Writes in batches of a hundred, each record with the outcome that HubSpot's answer proves, and no more.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billsync.connector import Refused, TryLater, Unclear
from billsync.model.scalar import show
from billsync_connectors.hubspot import answers
from billsync_connectors.hubspot.answers import Odd, Row
from billsync_connectors.hubspot.session import Session

BATCH_MAX: Final = 100
Outcome = Row | TryLater | Refused | Unclear


@dataclass(frozen=True, slots=True)
class Input:
    """One record of a batch.

    Attributes:
        id: HubSpot's id of it, or the value of the unique property `by`.
        by: that property, or "" where `id` is HubSpot's.
    """

    id: str
    properties: Mapping[str, str]
    by: str = ""

    def plain(self, trace: str) -> dict[str, Any]:
        """As a request has it; the trace id is how HubSpot's answer says which record it speaks of."""
        by = {"idProperty": self.by} if self.by else {}
        return {"id": self.id, **by, "properties": dict(self.properties), "objectWriteTraceId": trace}


def write(session: Session, object: str, do: str, inputs: Sequence[Input]) -> list[Outcome]:
    """Carry out `update` or `upsert`: one outcome for each input, in order.  Never raises."""
    found: list[Outcome] = []
    for start in range(0, len(inputs), BATCH_MAX):
        found += _batch(session, object, do, inputs[start : start + BATCH_MAX])
    return found


def _batch(session: Session, object: str, do: str, inputs: Sequence[Input]) -> list[Outcome]:
    body = {"inputs": [item.plain(str(number)) for number, item in enumerate(inputs)]}
    try:
        answer = session.do("POST", f"crm/objects/{{}}/{object}/batch/{do}", body)
    except Refused as fault:  # one bad record, and nothing was done of any: each by itself
        if len(inputs) == 1:
            return [fault]
        return [outcome for item in inputs for outcome in _batch(session, object, do, [item])]
    except (TryLater, Unclear) as fault:
        return [fault for _ in inputs]
    return [_outcome(session, answer, item, str(number), len(inputs)) for number, item in enumerate(inputs)]


def _outcome(session: Session, answer: Mapping[str, Any], item: Input, trace: str, count: int) -> Outcome:
    """What the answer says of one record: by its trace id, else by its own id; results come in no order."""
    try:
        results = answers.listed(answer)
        mine = [row for row in results if isinstance(row, Mapping) and _is_of(row, item, trace)]
        if len(mine) == 1:
            return answers.row(mine[0])
    except Odd as odd:
        return Unclear("unreadable", f"{session.system}: the answer for {item.id} cannot be used: {odd}")
    for error in answers.failed(answer):
        held = error.get("context")
        context = held if isinstance(held, Mapping) else {}
        if trace in _texts(context.get("objectWriteTraceId")) or (
            "objectWriteTraceId" not in context and item.id in _texts(context.get("id"))
        ):
            return session.refused(error)
    return Unclear(
        "missing_item", f"{session.system}: the answer to a batch of {count} says nothing of {show(item.id)}"
    )


def _is_of(row: Mapping[str, Any], item: Input, trace: str) -> bool:
    told = row.get("objectWriteTraceId")
    if isinstance(told, str) and told:
        return told == trace
    if not item.by:
        return row.get("id") == item.id
    properties = row.get("properties")
    return isinstance(properties, Mapping) and properties.get(item.by) == item.id


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
