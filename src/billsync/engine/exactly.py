"""What every engine does in the same way: steps in a transaction of the store, flows enqueued with one.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from billsync import observe
from billsync.store import Store, Tx

TRIES: Final = 5
"""How often a process calls a flow's function again because the store was away."""


def words(error: BaseException) -> str:
    """An error on one line, without secrets and personal data: it stands in a database, and is told to people."""
    return f"{type(error).__name__}: {observe.mask.text(str(error))}"


class Outlived(Exception):
    """This process was declared dead: others go on with its flows, and nothing that it does may count."""


class OnStore(ABC):
    """The part of an engine that stands in the store.

    Args:
        owner: this process; now: the time.
    """

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime]) -> None:
        self._store, self._owner, self._now = store, owner, now

    @abstractmethod
    def enqueue(self, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = "") -> bool:
        """As `Engine.enqueue` says."""

    def enqueue_with(
        self, tx: Tx, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = ""
    ) -> None:
        """The same, once the transaction is committed."""
        noted = {"queue": queue, "flow": flow, "asked": asked, "partition": partition}
        tx.flow_steps.hand_over(id, noted, at=self._now())

    def pump(self) -> int:
        """Hand over what was enqueued with transactions.

        One that dies between the two enqueues it again, which by its id does nothing.
        """
        with self._store.view() as tx:
            noted = tx.flow_steps.to_hand_over()
        for id, asked in noted:
            self.enqueue(asked["queue"], asked["flow"], id, asked["asked"], partition=asked["partition"])
            with self._store.tx("handed-over") as tx:
                tx.flow_steps.handed_over(id)
        return len(noted)

    def once(self, flow: str, name: str, do: Callable[[Tx], Any]) -> Any:
        """A step in a transaction, as `Flow.transaction` says.  Raises `Outlived`."""
        return carried_out_once(self._store, flow, name, do, owner=self._owner, now=self._now)

    def forget_steps(self, before: datetime) -> None:
        """Forget steps of flows, and processes, that ended before."""
        with self._store.tx("tidy") as tx:
            tx.flow_steps.forget(before)
            tx.workers.forget(before)


def carried_out_once(
    store: Store, flow: str, name: str, do: Callable[[Tx], Any], *, owner: str, now: Callable[[], datetime]
) -> Any:
    """What `do` gives in a write transaction that notes it too; where that was done before, what it gave then.

    Raises `Outlived`, judged in that very transaction: one that is declared dead later is cut off with it open.
    """

    def step(tx: Tx) -> Any:
        if tx.workers.is_over(owner):
            raise Outlived(owner)
        before = tx.flow_steps.output(flow, name)
        if before is not None:
            return before[0]
        output = do(tx)
        tx.flow_steps.put(flow, name, output, owner=owner, at=now())
        return output

    return store.run("flow-step", step)
