"""What is known of a connection's calls, to and from the store's rows.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from billsync.budget import limits
from billsync.budget.limits import State
from billsync.budget.sharing import Mark, Shared, counted
from billsync.connector import CallLimit
from billsync.store.budgets import StoredBudget


def loaded(plan: Sequence[CallLimit], kept: Sequence[StoredBudget]) -> Shared:
    """What the rows of one connection say; limits that are not in the plan any more are forgotten."""
    by_pool = {row.pool: row for row in kept}
    known = {limit.name for limit in counted(plan)}
    states = {name: _state(row) for name, row in by_pool.items() if name in known and row.doc}
    whole = by_pool.get("")
    if whole is None or not whole.doc:
        return Shared(states=states)
    doc = whole.doc
    return Shared(
        states=states,
        marks={who: Mark(*mark) for who, mark in doc["marks"].items()},
        slots={who: (count, until) for who, (count, until) in doc["slots"].items()},
        held_until=limits.micros(whole.held_until) if whole.held_until is not None else None,
        day=doc["day"],
        spent=doc["spent"],
    )


def _state(row: StoredBudget) -> State:
    doc = row.doc
    return State(
        tokens=doc["tokens"],
        at=limits.micros(row.at),
        taken=tuple((start, count) for start, count in doc["taken"]),
        most=doc["most"],
        others=doc["others"],
        said_at=doc["said_at"],
    )


def kept(connection: str, plan: Sequence[CallLimit], shared: Shared, now: int) -> list[StoredBudget]:
    """The rows that say it."""
    held = limits.instant(shared.held_until) if shared.held_until is not None else None
    whole: Mapping[str, Any] = {
        "marks": {who: [m.urgency, m.pool, m.need, m.since, m.until] for who, m in shared.marks.items()},
        "slots": {who: list(slot) for who, slot in shared.slots.items()},
        "day": shared.day,
        "spent": shared.spent,
    }
    rows = [StoredBudget(connection, "", 0, limits.instant(now), held, whole)]
    for limit in counted(plan):
        state = shared.states[limit.name]
        doc = {
            "tokens": state.tokens,
            "taken": [list(part) for part in state.taken],
            "most": state.most,
            "others": state.others,
            "said_at": state.said_at,
        }
        at = limits.instant(state.at)
        rows.append(StoredBudget(connection, limit.name, limits.free(limit, state), at, None, doc))
    return rows
