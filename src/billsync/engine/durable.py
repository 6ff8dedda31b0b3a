"""The engine with DBOS under it: flows outlive their process, on SQLite and on Postgres.  (shell)

DBOS keeps its own tables: on Postgres in the schema `billsync_engine` of the store's database, on SQLite in a file
beside it.  What was found by trying DBOS 3.4, and is taken care of here:

- it does not switch SQLite to WAL, which is three times faster: done before its first start;
- its version of the application is a hash of the flows' code, so that any change of it strands what runs: pinned;
- two processes under one executor id take each other's flows away: ids are unique to the process, and never used twice;
- flows of a process that ended stay with it for ever, and hold places of their queue: `rescue`;
- a flow whose database was away for a moment would end as failed: its function is called again instead;
- one that was only paused begins its next step before it learns that its flow went to another: looked at before it;
- it keeps values as pickles: here they are JSON, so that no row of a database can run code.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final, NoReturn

from dbos import DBOS, DBOSClient, DBOSConfig, EnqueueOptions, SetWorkflowID, WorkflowStatus, error

from billsync import observe
from billsync.engine.exactly import TRIES, OnStore, Outlived, words
from billsync.engine.port import Body, Flow, FlowFailed, NotYet, Queue
from billsync.engine.tables import AGAIN_S, SCHEMA, Desk, Json, engine_url, prepare
from billsync.store import Conflict, Held, Store, StoreUnusable, Tx
from billsync.store.errors import is_away, translated
from billsync.store.opening import describe, read_url
from billsync.store.presence import session_name

VERSION: Final = "1"
"""Of the flows: raised where one that was begun by older code cannot be gone on with by this."""

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


class DurableEngine(OnStore):
    """`Engine` on DBOS.  One at a time in a process.

    Args:
        owner: this process, under an id that no other ever had; now: the time.
        carries_out: False where this process only gives flows to others.
    """

    def __init__(self, store: Store, owner: str, now: Callable[[], datetime], *, carries_out: bool = True) -> None:
        super().__init__(store, owner, now)
        self._carries_out = carries_out
        self._url = engine_url(store.url)
        self._queues: list[Queue] = []
        self._flows: dict[str, Callable[..., Any]] = {}
        self._interrupted: Counter[str] = Counter()
        self._open = False
        self._ends_at = math.inf
        serializer = Json()
        prepare(self._url)
        self._desk = Desk(self._url, owner, serializer)
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        self._config: DBOSConfig = {
            "name": "billsync",
            "system_database_url": self._url,
            "dbos_system_schema": SCHEMA,
            "executor_id": owner,
            "application_version": VERSION,
            "serializer": serializer,
            "enable_otlp": False,
            "log_level": "CRITICAL",
            "notification_listener_polling_interval_sec": POLL_S,
            "sys_db_pool_size": 5,
        }
        if not self._url.startswith("sqlite"):
            self._config["db_engine_kwargs"] = {"connect_args": {"application_name": session_name(owner)}}
        DBOS(config=self._config)
        _without_console()

    def register(self, name: str, body: Body) -> None:
        """Make a kind of flow known."""

        def carry_out(asked: dict[str, Any]) -> list[Any]:
            try:
                return [_OK, body(_DurableFlow(self), asked)]
            except Exception as failed:  # noqa: BLE001  whoever asks for the result is told
                if is_away(failed):
                    self._call_again(DBOS.workflow_id or "", failed)
                self.still_mine()  # what fails since this process was cut off is no end of the flow
                return [_ERROR, words(failed)]

        self._flows[name] = DBOS.workflow(name=name)(carry_out)

    def declare(self, queue: Queue) -> None:
        """Make a queue known."""
        self._queues.append(queue)

    def launch(self) -> None:
        """From now on flows are carried out here.  Raises `StoreUnusable`, `Conflict`."""
        DBOS.listen_queues([queue.name for queue in self._queues] if self._carries_out else [])
        with translated(describe(read_url(self._url))):
            self._launch()
        self._open = True

    def _launch(self) -> None:
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

    def close(self, wait_s: float = 0) -> None:
        """Take no more flows; those that run may end within the time, others are left to be gone on with."""
        self._open, self._ends_at = False, time.monotonic() + wait_s
        DBOS.destroy(workflow_completion_timeout_sec=int(wait_s), destroy_registry=True)
        self._desk.close()

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
        self._desk.ask(lambda client: client.enqueue(options, asked))
        return new

    def result(self, id: str, timeout_s: float | None) -> Any:
        """What a flow gave.  Raises `NotYet` and `FlowFailed`."""
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while (found := self._looked(id, for_ever=until is None)) is None or _state(found) not in _ENDS:
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
        once = f"{self._owner} {time.time_ns()}"
        self._desk.ask(lambda client: client.send(id, value, topic, idempotency_key=once))

    def rescue(self) -> int:
        """Let others go on with what processes had begun that are at work no more.  Gives how many flows."""
        if not self._open:
            return 0
        try:
            with self._store.lock("rescue", self._owner):  # a flow that is resumed twice would run twice
                return self._desk.ask(self._rescued, patience_s=0)
        except Held:
            return 0

    def _rescued(self, client: DBOSClient) -> int:
        begun = client.list_workflows(status="PENDING", load_input=False)
        with self._store.view() as tx:  # after the list: who begins one has been at work before
            at_work = {worker.id for worker in tx.workers.at_work()}
        left = [flow for flow in begun if flow.executor_id not in at_work]
        for flow in left:
            client.resume_workflow(flow.workflow_id, queue_name=flow.queue_name)
        return len(left)

    def tidy(self, before: datetime) -> int:
        """Forget flows and steps that ended before.  Gives how many flows."""
        self.forget_steps(before)
        ended = [status for status, state in _STATES.items() if state in _ENDS]
        asked = {"status": ended, "completed_before": before.isoformat(), "limit": PAGE}
        count = 0
        while found := self._desk.ask(lambda client: _ids(client, asked)):
            self._desk.ask(partial(_delete, found))
            count += len(found)
        return count

    def _looked(self, id: str, *, for_ever: bool) -> WorkflowStatus | None:
        """As `_look`; who waits for as long as it takes waits for the database too."""
        try:
            return self._look(id)
        except StoreUnusable:
            if for_ever and self._open:
                return None
            raise

    def _look(self, id: str) -> WorkflowStatus | None:
        found = self._desk.ask(lambda client: client.list_workflows(workflow_ids=[id], load_input=False))
        return next(iter(found), None)

    def still_mine(self) -> None:
        """Stop the flow of this thread where this process is over: nothing of it counts from then on."""
        try:
            over = self._is_over()
        except (Conflict, StoreUnusable):
            return  # the flow finds out by what it does next
        if over:
            _leave(DBOS.workflow_id or "")

    def has_closed(self) -> bool:
        """Whether this engine waits for nothing any more that runs here."""
        return time.monotonic() >= self._ends_at

    def _is_over(self) -> bool:
        with self._store.view() as tx:
            return tx.workers.is_over(self._owner)

    def _call_again(self, id: str, failed: Exception) -> None:
        """Let the flow's function be called again, by whoever is free, once the store is there; not for ever.

        Comes back where that was done often enough: then the flow has failed.
        """
        self._interrupted[id] += 1
        if self._interrupted[id] > TRIES:
            return
        observe.event("flow_interrupted", level="warning", flow=id, reason=getattr(failed, "reason", "conflict"))
        while self._open:
            time.sleep(AGAIN_S)
            try:
                if not self._is_over():
                    self._desk.ask(partial(_give_back, id, self._owner))
            except (Conflict, StoreUnusable):
                continue
            break
        _leave(id)

    def once(self, flow: str, name: str, do: Callable[[Tx], Any]) -> Any:
        """A step in a transaction, as `Flow.transaction` says."""
        try:
            return super().once(flow, name, do)
        except Outlived:
            _leave(flow)


def _without_console() -> None:
    """Take away what DBOS would write to the error stream of this moment, which may be closed before the engine is."""
    log = logging.getLogger("dbos")
    for handler in list(log.handlers):
        log.removeHandler(handler)


def _leave(flow: str) -> NoReturn:
    """End this call of the flow's function without an end of the flow."""
    raise error.DBOSWorkflowConflictIDError(flow) from None


def _give_back(id: str, owner: str, client: DBOSClient) -> None:
    """Let a flow that this process has begun be taken from its queue once more."""
    for flow in client.list_workflows(workflow_ids=[id], status="PENDING", executor_id=owner, load_input=False):
        client.resume_workflow(id, queue_name=flow.queue_name)


def _ids(client: DBOSClient, asked: dict[str, Any]) -> list[str]:
    return [flow.workflow_id for flow in client.list_workflows(**asked, load_input=False, load_output=False)]


def _delete(ids: list[str], client: DBOSClient) -> None:
    client.delete_workflows(ids)


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
        return self._step(name, lambda: self._if_mine(do))

    def transaction(self, name: str, do: Callable[[Tx], Any]) -> Any:
        return self._step(name, lambda: self._engine.once(self._id, name, do))

    def wait(self, topic: str, timeout_s: float) -> Any:
        return DBOS.recv(topic, timeout_seconds=timeout_s)

    def _step(self, name: str, do: Callable[[], Any]) -> Any:
        """A step; where the engine closed over it, what fails is no end of the flow."""
        try:
            return DBOS.run_step({"name": name}, do)
        except Exception:
            if self._engine.has_closed():
                _leave(self._id)
            raise

    def _if_mine(self, do: Callable[[], Any]) -> Any:
        self._engine.still_mine()
        return do()


def _state(found: WorkflowStatus) -> str:
    output = found.output
    if found.status == "SUCCESS" and isinstance(output, list) and output[:1] == [_ERROR]:
        return "failed"
    return _STATES[found.status]
