"""What every engine does in the same way: steps in a transaction of the store, flows enqueued with one.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from billsync.store import Store, Tx


class Outlived(Exception):
    """This process was declared dead: others go on with its flows, and nothing that it does may count."""


def carried_out_once(
    store: Store, flow: str, name: str, do: Callable[[Tx], Any], *, owner: str, now: Callable[[], datetime]
) -> Any:
    """What `do` gives in a write transaction that notes it too; where that was done before, what it gave then.

    Raises `Outlived`, judged in that very transaction: one that is declared dead later is cut off with it open.
    """

    def step(tx: Tx) -> Any:
        if tx.workers.is_dead(owner):
            raise Outlived(owner)
        before = tx.flow_steps.output(flow, name)
        if before is not None:
            return before[0]
        output = do(tx)
        tx.flow_steps.put(flow, name, output, owner=owner, at=now())
        return output

    return store.run("flow-step", step)


def hand_over(store: Store, enqueue: Callable[..., bool]) -> int:
    """Enqueue what was noted with transactions.  Gives how many.

    One that dies between the two enqueues it again, which by its id does nothing.
    """
    with store.view() as tx:
        noted = tx.flow_steps.to_hand_over()
    for id, asked in noted:
        enqueue(asked["queue"], asked["flow"], id, asked["asked"], partition=asked["partition"])
        with store.tx("handed-over") as tx:
            tx.flow_steps.handed_over(id)
    return len(noted)


def forget_steps(store: Store, before: datetime) -> None:
    """Forget steps of flows, and processes, that ended before."""
    with store.tx("tidy") as tx:
        tx.flow_steps.forget(before)
        tx.workers.forget(before)
