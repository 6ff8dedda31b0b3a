"""The port: flows with steps that are carried out once, queues of them, and signals to them.  (shell)

A flow is a function of a JSON value, with an id of its own: the same id is the same flow, however often it is started.
Where its process dies, another one calls the function again from its beginning; steps that came to their end are not
carried out again but give what they gave.  Values are ids, counts and codes as JSON, never pages of records.

The same where the store is away for a while: a function that raises what `is_away` knows is called again once the store
is there, five times at most; what else it raises is the flow's end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from billsync.store import Tx


class FlowFailed(Exception):
    """A flow ended with an error; the message says which."""


class NotYet(Exception):
    """A flow has not come to its end within the time."""


class Flow(Protocol):
    """A flow, as its function sees it."""

    @property
    def id(self) -> str:
        """Its id."""

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        """What `do` gives; carried out at least once, and not again once its end is on record."""

    def transaction(self, name: str, do: Callable[[Tx], Any]) -> Any:
        """What `do` gives in a write transaction of the store; carried out exactly once: its end is part of it."""

    def wait(self, topic: str, timeout_s: float) -> Any:
        """The next value that is signalled on a topic; None where none comes in time."""


Body = Callable[[Flow, dict[str, Any]], Any]
"""The function of a flow."""


@dataclass(frozen=True, slots=True)
class Queue:
    """Flows that wait for a process that is free.

    Attributes:
        each: flows of it that one process carries out at the same time; None for any number.
        partition: flows of one partition that all processes together carry out at the same time.
        partition_each: the same for one process.
    """

    name: str
    each: int | None = None
    partition: int | None = None
    partition_each: int | None = None


class Engine(Protocol):
    """Where flows are carried out.  Flows and queues are made known before `launch`."""

    def register(self, name: str, body: Body) -> None:
        """Make a kind of flow known."""

    def declare(self, queue: Queue) -> None:
        """Make a queue known."""

    def launch(self) -> None:
        """From now on flows are carried out here."""

    def close(self, wait_s: float = 0) -> None:
        """Take no more flows; those that run may end within the time, others are left to be gone on with."""

    def start(self, id: str, flow: str, asked: dict[str, Any]) -> bool:
        """Carry a flow out in this process, now.  False where one of that id was started already."""

    def enqueue(self, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = "") -> bool:
        """Let any process carry a flow out.  False where one of that id was started already."""

    def enqueue_with(
        self, tx: Tx, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = ""
    ) -> None:
        """The same, once the transaction is committed; not at all where it is not.

        Handed over by `pump`, by whichever process comes first.
        """

    def pump(self) -> int:
        """Hand over what was enqueued with transactions.  Gives how many flows."""

    def result(self, id: str, timeout_s: float | None) -> Any:
        """What a flow gave.  Raises `NotYet` after the time (None: waits for its end), and `FlowFailed`."""

    def state(self, id: str) -> str | None:
        """`waiting`, `running`, `done`, `failed` or `stopped`; None where there is no such flow."""

    def signal(self, id: str, topic: str, value: Any) -> None:
        """Tell a flow something; it is kept until the flow waits for it."""

    def rescue(self) -> int:
        """Let others go on with what processes had begun that are at work no more.  Gives how many flows."""

    def tidy(self, before: datetime) -> int:
        """Forget flows and steps that ended before.  Gives how many flows."""
