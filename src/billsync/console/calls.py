"""Calls that connections may make now, of those that their limits allow.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from billsync import plugins
from billsync.budget import keeping, limits, plan
from billsync.budget.sharing import Shared, counted, settled
from billsync.connector import CallLimit
from billsync.settings.connection import Connection
from billsync.store.budgets import StoredBudget


def plan_of(connection: Connection) -> tuple[CallLimit, ...]:
    """The limits of a connection; its connector's are those of usual settings, and nothing is reached.

    Raises `plugins.PluginProblem`.
    """
    kind = plugins.load_connector(connection.connector, connection.place)
    return plan(kind.capabilities, connection.calls, stand_in=connection.sandbox is not None)


def shared_now(limited: Sequence[CallLimit], kept: Sequence[StoredBudget], now: datetime) -> Shared:
    """What all processes together have used of a connection's limits, at an instant of `tx.budgets.now`."""
    return settled(limited, keeping.loaded(limited, kept), limits.micros(now))


def free_calls(limited: Sequence[CallLimit], shared: Shared) -> Iterator[tuple[CallLimit, int, int]]:
    """Limit, calls that are free of it, and how many there are at most."""
    for limit in limited:
        if limit.kind == "at_once":
            yield limit, limit.calls - sum(count for count, _ in shared.slots.values()), limit.calls
        else:
            state = next(shared.states[one.name] for one in counted([limit]))
            full = limit.burst if limit.kind == "rate" else limits.capacity(limit, state.most) // limits.MILLI
            yield limit, limits.free(limit, state) // limits.MILLI, full
