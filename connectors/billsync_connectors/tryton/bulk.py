"""Many records in one call; a refused call is halved until only the bad ones are left out.  (shell)

Tryton carries out a call wholly or not at all, so that halves of a refused call may be sent; of an unclear one never.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync_connectors.tryton.session import Session


def create(session: Session, model: str, values: Sequence[dict[str, Any]]) -> list[int | Fault]:
    """Create the records: one id or fault for each, in the same order."""
    if not values:
        return []
    try:
        ids = session.do(f"model.{model}.create", list(values))
    except Refused as fault:
        if len(values) == 1:
            return [fault]
        middle = len(values) // 2
        return create(session, model, values[:middle]) + create(session, model, values[middle:])
    except (TryLater, Unclear) as fault:
        return [fault for _ in values]
    if not isinstance(ids, list) or len(ids) != len(values):
        return [
            Unclear("no_id", f"Tryton answered the creation of {len(values)} {model} without their ids") for _ in values
        ]
    return list(ids)


def update(session: Session, model: str, changes: Sequence[tuple[int, dict[str, Any]]]) -> list[Fault | None]:
    """Change the records, each by its id: None or a fault for each, in the same order."""
    if not changes:
        return []
    pairs = [part for record, values in changes for part in ([record], values)]
    try:
        session.do(f"model.{model}.write", *pairs)
    except Refused as fault:
        if len(changes) == 1:
            return [fault]
        middle = len(changes) // 2
        return update(session, model, changes[:middle]) + update(session, model, changes[middle:])
    except (TryLater, Unclear) as fault:
        return [fault for _ in changes]
    return [None for _ in changes]
