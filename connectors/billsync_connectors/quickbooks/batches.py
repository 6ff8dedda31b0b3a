"""Several changes in one request: each for itself, told apart by the names that they were sent under.  (shell)

Only changes go this way.  A change carries the SyncToken of what it changes, so that it cannot be done twice; a batch
has one `requestid` for all of it, which would not tell a record that is sent again in other company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import Applied, Outcome, Refused, TryLater, Unclear
from billsync_connectors.quickbooks.answers import Odd, meaning, record, told
from billsync_connectors.quickbooks.encoding import dumps
from billsync_connectors.quickbooks.session import Session

BATCH_MAX: Final = 30


def batched(session: Session, kind: str, changes: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """One outcome per change, in their order; alone where there is only one."""
    if len(changes) == 1:
        return [_alone(session, kind, changes[0])]
    items = [{"bId": str(place), "operation": "update", kind: change} for place, change in enumerate(changes)]
    try:
        answer = session.post("batch", dumps({"BatchItemRequest": items}))
    except (TryLater, Refused, Unclear) as fault:
        return [fault for _ in changes]
    rows = answer.get("BatchItemResponse")
    found = {str(row.get("bId")): row for row in rows if isinstance(row, Mapping)} if isinstance(rows, list) else {}
    return [_of(session, kind, found.get(str(place)), change) for place, change in enumerate(changes)]


def _alone(session: Session, kind: str, change: Mapping[str, Any]) -> Outcome:
    try:
        return Applied(str(session.do(kind, change)["Id"]))
    except (TryLater, Refused, Unclear) as fault:
        return fault


def _of(session: Session, kind: str, item: Any, change: Mapping[str, Any]) -> Outcome:
    """One item of the answer; of one that is missing nothing is known."""
    said = f"{session.system}: the answer to a batch says nothing of {kind} {change['Id']}"
    if item is None:
        return Unclear("missing_item", said)
    if (fault := told(item)) is not None:
        found = meaning(fault, session.system, write=True)
        return found if isinstance(found, TryLater | Refused | Unclear) else Unclear("missing_item", said)
    try:
        return Applied(str(record(item, kind)["Id"]))
    except Odd:
        return Unclear("missing_item", said)
