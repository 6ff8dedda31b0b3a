"""The engine with DBOS under it: flows outlive their process, on SQLite and on Postgres.  (shell)

DBOS keeps its own tables: on Postgres in the schema `billsync_engine` of the store's database, on SQLite in a file
beside it.  What was found by trying DBOS 3.4, and is taken care of here:

- it does not switch SQLite to WAL, which is three times faster: done before its first start;
- its version of the application is a hash of the flows' code, so that any change of it strands what runs: pinned;
- two processes under one executor id take each other's flows away: ids are unique to the process, and never used twice;
- flows of a process that died stay with it for ever, and hold places of their queue: `rescue`;
- one that was only paused begins its next step before it learns that its flow went to another: looked at before it;
- it keeps values as pickles: here they are JSON, so that no row of a database can run code.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import Any, Final

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, Serializer, SetWorkflowID, WorkflowStatus, error
from sqlalchemy import make_url

from billsync.engine.exactly import Outlived, carried_out_once, forget_steps, hand_over
from billsync.engine.port import Body, Flow, FlowFailed, NotYet, Queue
from billsync.store import Conflict, Held, Store, StoreUnusable, Tx

VERSION: Final = "1"
"""Of the flows: raised where one that was begun by older code cannot be gone on with by this."""

SCHEMA: Final = "billsync_engine"
PAGE: Final = 500
"""Flows that are forgotten at one time."""
POLL_S: Final = 0.25
"""Seconds between two looks into a queue."""

_STATES: Final = {
    "PENDING": "running",
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "SUCCESS": "done",
    "ERROR": "failed",
    "CANCELLED": "stopped",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "stopped",
}
_ENDS: Final = frozenset({"done", "failed", "stopped"})
_OK: Final = "ok"
_ERROR: Final = "error"


class _Json(Serializer):
    """Values as JSON; an error as its words."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            return json.dumps({"~error": f"{type(data).__name__}: {data}"})
        return json.dumps(data, separators=(",", ":"))

    def deserialize(self, serialized_data: str) -> Any:
        value = json.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {"~error"}:
            return FlowFailed(value["~error"])
        return value

    def name(self) -> str:
        return "billsync_json"


def engine_url(store_url: str) -> str:
    """Where DBOS keeps its tables, for a store's URL."""
    url = make_url(store_url)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{url.database}.engine"
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


class DurableEngine:
    """`Engine` on DBOS.  One at a time in a process.

    Args:
        owner: this process, under an id that no other ever had; now: the time.
        carries_out: False where this process only gives flows to others.
    """

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime], *, carries_out: bool = True) -> None:
        self._store, self._owner, self._now, self._carries_out = store, owner, now, carries_out
        self._url = engine_url(store.url)
        self._queues: list[Queue] = []
        self._flows: dict[str, Callable[..., Any]] = {}
        self._client: DBOSClient | None = None
        self._asking = threading.Lock()
        self._open = False
        self._serializer = _Json()
        _prepare(self._url)
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        self._config: DBOSConfig = {
            "name": "billsync",
            "system_database_url": self._url,
            "dbos_system_schema": SCHEMA,
            "executor_id": owner,
            "application_version": VERSION,
            "serializer": self._serializer,
            "enable_otlp": False,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL_S,
            "sys_db_pool_size": 5,
        }
        if not self._url.startswith("sqlite"):
            self._config["db_engine_kwargs"] = {"connect_args": {"application_name": owner[:60]}}
        DBOS(config=self._config)

    def register(self, name: str, body: Body) -> None:
        """Make a kind of flow known."""

        def carry_out(asked: dict[str, Any]) -> list[Any]:
            try:
                return [_OK, body(_DurableFlow(self), asked)]
            except Exception as failed:  # noqa: BLE001  whoever asks for the result is told
                self.still_mine()  # what fails since this process was cut off is no end of the flow
                return [_ERROR, f"{type(failed).__name__}: {failed}"]

        self._flows[name] = DBOS.workflow(name=name)(carry_out)

    def declare(self, queue: Queue) -> None:
        """Make a queue known."""
        self._queues.append(queue)

    def launch(self) -> None:
        """From now on flows are carried out here."""
        DBOS.listen_queues([queue.name for queue in self._queues] if self._carries_out else [])
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(
                queue.name,
                worker_concurrency=queue.each,
                partition_concurrency=queue.partition,
                partition_worker_concurrency=queue.partition_each,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        self._open = True

    def close(self, wait_s: float = 0) -> None:
        """Take no more flows; those that run may end within the time, others are left to be gone on with."""
        with self._asking:
            self._open = False
            if self._client is not None:
                self._client.destroy()
                self._client = None
        DBOS.destroy(workflow_completion_timeout_sec=int(wait_s), destroy_registry=True)

    def start(self, id: str, flow: str, asked: dict[str, Any]) -> bool:
        """Carry a flow out in this process, now.  False where one of that id was started already."""
        new = self.state(id) is None
        with SetWorkflowID(id):
            DBOS.start_workflow(self._flows[flow], asked)
        return new

    def enqueue(self, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = "") -> bool:
        """Let any process carry a flow out.  False where one of that id was started already."""
        new = self.state(id) is None
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": flow,
            "workflow_id": id,
            "app_version": VERSION,
            "application_name": "billsync",
        }
        if any(known.partition or known.partition_each for known in self._queues if known.name == queue):
            options["queue_partition_key"] = partition or "all"
        self._asks.enqueue(options, asked)
        return new

    def enqueue_with(
        self, tx: Tx, queue: str, flow: str, id: str, asked: dict[str, Any], *, partition: str = ""
    ) -> None:
        """The same, once the transaction is committed."""
        noted = {"queue": queue, "flow": flow, "asked": asked, "partition": partition}
        tx.flow_steps.hand_over(id, noted, at=self._now())

    def pump(self) -> int:
        """Hand over what was enqueued with transactions."""
        return hand_over(self._store, self.enqueue)

    def result(self, id: str, timeout_s: float | None) -> Any:
        """What a flow gave.  Raises `NotYet` and `FlowFailed`."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (found := self._look(id)) is None or _state(found) not in _ENDS:
            if until is not None and time.monotonic() > until:
                raise NotYet(id)
            time.sleep(POLL_S)
        if found.status != "SUCCESS":
            raise FlowFailed(f"{id} was stopped: {found.status.lower()}")
        kind, value = found.output or (_ERROR, "it told nothing")
        if kind == _ERROR:
            raise FlowFailed(value)
        return value

    def state(self, id: str) -> str | None:
        """How far a flow is; None where there is none of that id."""
        found = self._look(id)
        return None if found is None else _state(found)

    def signal(self, id: str, topic: str, value: Any) -> None:
        """Tell a flow something; it is kept until the flow waits for it."""
        self._asks.send(id, value, topic)

    def rescue(self, dead: Iterable[str]) -> int:
        """Let others go on with what processes that died had begun.  Gives how many flows."""
        if not self._open or not (ids := list(dead)):
            return 0
        try:
            with self._store.lock("rescue", self._owner):  # a flow that is resumed twice would run twice
                found = self._asks.list_workflows(status="PENDING", executor_id=ids, load_input=False)
                for flow in found:
                    self._asks.resume_workflow(flow.workflow_id, queue_name=flow.queue_name)
        except Held:
            return 0
        return len(found)

    def tidy(self, before: datetime) -> int:
        """Forget flows and steps that ended before.  Gives how many flows."""
        forget_steps(self._store, before)
        ended = [status for status, state in _STATES.items() if state in _ENDS]
        moment, count = before.isoformat(), 0
        while found := self._asks.list_workflows(
            status=ended, completed_before=moment, load_input=False, load_output=False, limit=PAGE
        ):
            self._asks.delete_workflows([flow.workflow_id for flow in found])
            count += len(found)
        return count

    def _look(self, id: str) -> WorkflowStatus | None:
        return next(iter(self._asks.list_workflows(workflow_ids=[id], load_input=False)), None)

    @property
    def _asks(self) -> DBOSClient:
        """Asks and tells without being inside of a flow: steps may call it."""
        with self._asking:
            if self._client is None:
                self._client = DBOSClient(
                    system_database_url=self._url, dbos_system_schema=SCHEMA, serializer=self._serializer
                )
            return self._client

    def still_mine(self) -> None:
        """Stop the flow of this thread where this process was declared dead: nothing of it counts from then on."""
        try:
            with self._store.view() as tx:
                dead = tx.workers.is_dead(self._owner)
        except (Conflict, StoreUnusable):
            return  # the flow finds out by what it does next
        if dead:
            raise error.DBOSWorkflowConflictIDError(DBOS.workflow_id or "")

    def once(self, flow: str, name: str, do: Callable[[Tx], Any]) -> Any:
        """A step in a transaction, as `Flow.transaction` says."""
        try:
            return carried_out_once(self._store, flow, name, do, owner=self._owner, now=self._now)
        except Outlived:
            raise error.DBOSWorkflowConflictIDError(flow) from None


class _DurableFlow(Flow):
    """The flow that this thread carries out.

    DBOS notices when it notes the end of a step that another process owns the flow by now; here that is looked at
    before a step begins too.
    """

    def __init__(self, engine: DurableEngine) -> None:
        self._engine = engine
        self._id = DBOS.workflow_id or ""

    @property
    def id(self) -> str:
        return self._id

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        return DBOS.run_step({"name": name}, lambda: self._if_mine(do))

    def transaction(self, name: str, do: Callable[[Tx], Any]) -> Any:
        return DBOS.run_step({"name": name}, lambda: self._engine.once(self._id, name, do))

    def wait(self, topic: str, timeout_s: float) -> Any:
        return DBOS.recv(topic, timeout_seconds=timeout_s)

    def _if_mine(self, do: Callable[[], Any]) -> Any:
        self._engine.still_mine()
        return do()


def _prepare(url: str) -> None:
    """Put an SQLite file, which is for this user alone, into WAL before DBOS opens it."""
    if url.startswith("sqlite:///"):
        os.close(os.open(url.removeprefix("sqlite:///"), os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute("PRAGMA journal_mode=WAL")


def _state(found: WorkflowStatus) -> str:
    output = found.output
    if found.status == "SUCCESS" and isinstance(output, list) and output[:1] == [_ERROR]:
        return "failed"
    return _STATES[found.status]
