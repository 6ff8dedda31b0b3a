"""`webhooks serve/list`: other systems tell of changes, and runs read what they named.  (shell)"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from billsync import schedule, settings, workspace
from billsync.cli import guard, runs, show
from billsync.cli.opening import view
from billsync.connector import Connector
from billsync.console.hooks import Ear, Hooks, Told, listen
from billsync.store import Held

PATIENCE = 12
"""Whiles of quiet that are waited for; then a run starts in the middle of the noise."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How `webhooks serve` was asked to listen.

    Attributes:
        public_url: as senders know the address, or None for the one listened on.
        run: whether pipelines are run; quiet_s: seconds after the last request.
    """

    host: str
    port: int
    public_url: str | None
    run: bool = False
    quiet_s: int = 5


def listing(config: Path, connection: str | None, limit: int, format: show.Format) -> int:
    """Records that were named and not read since, the longest waiting first."""
    with view(config) as tx:
        rows = [
            {
                "connection": hint.connection,
                "object": hint.object,
                "id": hint.id,
                "named": hint.times,
                "last": hint.at.isoformat(timespec="seconds"),
            }
            for hint in tx.hints.list(connection, limit=limit)
        ]
    show.rows("Named", ["connection", "object", "id", "named", "last"], rows, format=format, empty="none waits")
    return guard.OK


def serve(config: Path, asked: Listening) -> int:
    """Listen until told to stop."""
    loaded, clock = settings.load(config), schedule.SystemClock()
    stop = threading.Event()
    schedule.stop_on_signals(stop)
    with workspace.opened(loaded, clock) as opened, ExitStack() as stack:
        ears = {ear.name: ear for ear in stack.enter_context(_ears(opened))}
        if not ears:
            show.remark("no connection that a pipeline reads from tells of changes by itself: there is nothing to do")
            return guard.USAGE
        runner = _Runner(opened, asked.quiet_s) if asked.run else None
        stack.callback(runner.end if runner else lambda: None)
        listener = _listener(asked)
        stack.callback(listener.close)
        public = asked.public_url or "http://{}:{}".format(*listener.getsockname()[:2])
        for name in ears:
            show.remark(f"{name}: tell it to send to {public}/hooks/{name}")

        def watch(told: Told) -> None:
            show.remark(f"{clock.now():%Y-%m-%dT%H:%M:%SZ} {_line(told)}")
            if told.noted and runner:
                runner.named(told.connection)

        hooks = Hooks(opened.store, ears, now=clock.now, public=public, watch=watch)
        listen(hooks.app(), listener, stop)
    return guard.OK


def _line(told: Told) -> str:
    said = f"{told.noted} to be read" if told.status == 204 else f"turned down with {told.status}: {told.said}"
    return f"{show.visible(told.connection)}: {show.visible(said)}"


@contextmanager
def _ears(opened: workspace.Workspace) -> Iterator[list[Ear]]:
    """The connections that tell of changes, with what pipelines read of them."""
    reads: dict[str, set[str]] = {}
    for pipeline in opened.settings.pipelines.values():
        for mapping in workspace.read_mappings(pipeline.mappings.inbound, opened.settings.root):
            reads.setdefault(pipeline.source, set()).add(mapping.source_object)
    with ExitStack() as stack:
        found = []
        for name, objects in reads.items():
            end = stack.enter_context(workspace.connected(opened, name))
            if type(end.connector).hints is not Connector.hints:
                found.append(Ear(name, end.connector, frozenset(objects)))
        yield found


def _listener(asked: Listening) -> socket.socket:
    """Raises `guard.Wrong` where nobody can listen there."""
    try:
        return socket.create_server((asked.host, asked.port), family=_family(asked.host))
    except OSError as error:
        where = f"{show.visible(asked.host)}:{asked.port}"
        raise guard.Wrong(f"cannot listen on {where}: {error.strerror or error}: choose another --port") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _run(opened: workspace.Workspace, name: str, slot: str) -> None:
    """One run in this process; whatever goes wrong is told, and ends here."""
    try:
        report = workspace.run_pipeline(opened, name, slot=slot, insists=False)
    except Held as held:
        show.remark(f"{name} {slot}: skipped, another instance is at work ({held.owner})")
    except Exception as error:  # noqa: BLE001  one pipeline's failure never stops another
        guard.explain(error)
        show.remark(f"{name} {slot}: failed, {type(error).__name__}")
    else:
        show.remark(
            f"{name} {slot}: {runs.line(report.facts()) if report is not None else 'this slot has run already'}"
        )


class _Runner:
    """Runs the pipelines of a connection once nothing has been named for a while."""

    def __init__(self, opened: workspace.Workspace, quiet_s: float) -> None:
        self._opened, self._quiet_s = opened, quiet_s
        self._named: set[str] = set()
        self._lock, self._bell, self._ended = threading.Lock(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="hinted-runs")
        self._thread.start()

    def named(self, connection: str) -> None:
        """Records of a connection were named."""
        with self._lock:
            self._named.add(connection)
        self._bell.set()

    def end(self) -> None:
        """Finish the run that is under way, and start none."""
        self._ended.set()
        self._bell.set()
        self._thread.join()

    def _work(self) -> None:
        while self._bell.wait() and not self._ended.is_set():
            self._calm_down()
            with self._lock:
                connections, self._named = self._named, set()
            for name, pipeline in self._opened.settings.pipelines.items():
                if pipeline.source in connections and not self._ended.is_set():
                    slot = f"named-{self._opened.clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
                    _run(self._opened, name, slot)

    def _calm_down(self) -> None:
        """Wait until nothing is named for a while; where that never is, for some such whiles."""
        for _ in range(PATIENCE):
            self._bell.clear()
            if self._ended.wait(self._quiet_s) or not self._bell.is_set():
                return
