"""A configuration, opened: its store, connectors, sandboxes and mappings, and one run of a pipeline on them.  (shell)

Everything that starts runs (the command line, the daemon, the demo) comes through here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from billsync import assets, logbook, plugins, sync
from billsync.budget import Account, Purse, plan
from billsync.connector import Connector, Context, Refused
from billsync.mapping import BadMapping, dependency_order
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.layers import PLAIN, Variant
from billsync.model.problem import Problem
from billsync.push import Clock, Options
from billsync.settings import BadSettings, Pipeline, Settings
from billsync.settings.connection import Connection
from billsync.settings.shape import Conflicts
from billsync.settings.shape import Push as PushSettings
from billsync.shelf import find_mapping, read_mapping, reader
from billsync.stage.world import End, Progress, Silent, World
from billsync.store import Store, StoreUnusable
from billsync.strict.yaml import did_you_mean
from billsync.vault import BadKey, Key, Vault, read_key

__all__ = [
    "Workspace",
    "bill_pipeline",
    "connected",
    "find_mapping",
    "keep_of",
    "opened",
    "owner_name",
    "read_mapping",
    "read_mappings",
    "reader",
    "run_pipeline",
    "stand_in",
    "vault_keys",
    "world",
]


@dataclass(frozen=True, slots=True)
class Workspace:
    """An opened configuration.

    Attributes:
        owner: this process, as locks and claims name it.
        accounts: what this process may call, by connection.
    """

    settings: Settings
    store: Store
    clock: Clock
    owner: str
    accounts: dict[str, Account] = field(default_factory=dict)

    def pipeline(self, name: str | None) -> tuple[str, Pipeline]:
        """A pipeline by name; the only one where no name is given.  Raises `BadSettings`."""
        found = self.settings.pipelines
        if name is None and len(found) == 1:
            return next(iter(found.items()))
        if name is not None and name in found:
            return name, found[name]
        what = "name one of the pipelines" if name is None else f"no pipeline is called {name!r}"
        known = ", ".join(found) or "none"
        problem = Problem(code="CONF-NAME-01", message=what, hint=f"the configuration has: {known}")
        raise BadSettings([problem])


def owner_name() -> str:
    """This process: host and number."""
    return f"{socket.gethostname()}:{os.getpid()}"


@contextmanager
def opened(settings: Settings, clock: Clock, *, create: bool = True, owner: str = "") -> Iterator[Workspace]:
    """The workspace of a configuration.  `create` makes the store where there is none yet.

    `owner` is this process's own name among those that share the store, where it has one.

    Raises `StoreUnusable`.
    """
    try:
        store = Store.open(settings.store, owner=owner)
    except StoreUnusable as error:
        if error.reason != "store_missing" or not create:
            raise
        store = Store.open(settings.store, create=True, owner=owner)
    try:
        workspace = Workspace(settings, store, clock, owner or owner_name())
        try:
            yield workspace
        finally:
            for account in workspace.accounts.values():
                account.close()
    finally:
        store.close()


# ---------------------------------------------------------------- connections


@contextmanager
def connected(
    workspace: Workspace, name: str, *, progress: Progress | None = None, sandboxes: bool = True
) -> Iterator[End]:
    """A connection's connector, closed at the end; its sandbox, where it has one, is started and stopped with it.

    Raises `BadSettings`, `plugins.PluginProblem` and `TryLater`.
    """
    connection = workspace.settings.connections[name]
    kind = plugins.load_connector(connection.connector, connection.place)
    with ExitStack() as stack:
        extra: dict[str, str] = {}
        if connection.sandbox is not None and sandboxes:
            extra = stack.enter_context(_running(stand_in(workspace.settings, name), progress))
        config = connection.config(kind.config, extra)

        def made() -> Connector:
            return _made(workspace, connection, kind, config)

        connector = made()
        stack.callback(connector.close)
        yield End(name, connector, made)


def keep_of(workspace: Workspace, name: str) -> Vault:
    """What a connection keeps between runs."""

    def keys() -> list[Key]:
        try:
            return vault_keys(workspace.settings)
        except BadSettings as error:
            raise Refused("no_vault_key", f"{name}: {error}") from None

    return Vault(workspace.store, name, keys, workspace.clock, workspace.owner)


def vault_keys(settings: Settings) -> list[Key]:
    """The keys that a configuration names, the one that seals first.  Raises `BadSettings`."""
    found: list[Key] = []
    for node, text in zip(settings.vault, settings.vault_keys(), strict=True):
        try:
            found.append(read_key(text))
        except BadKey as error:
            raise BadSettings([node.problem("CONF-SECRET-01", f"vault: {error}")]) from None
    return found


def _made(workspace: Workspace, connection: Connection, kind: type[Connector], config: object) -> Connector:
    """The connector; it reaches nothing yet, so that what it refuses here is its configuration.

    Its calls are paid from the budget that all processes share.
    """
    name, settings = connection.name, workspace.settings
    account = workspace.accounts.setdefault(name, Account(workspace.store, name, workspace.clock, workspace.owner))
    purse = Purse(account)
    try:
        connector = kind(Context(name, settings.root, keep_of(workspace, name), purse), config)
    except Refused as fault:
        raise BadSettings([Problem(code="CONF-PLUGIN-02", message=fault.message, place=connection.place)]) from None
    limits = plan(connector.capabilities, connection.calls, stand_in=connection.sandbox is not None)
    purse.belong(connector, limits, connection.calls.share)
    return connector


def stand_in(settings: Settings, name: str) -> Any:
    """The local stand-in of a connection that has one.  Raises `BadSettings` and `plugins.PluginProblem`."""
    connection = settings.connections[name]
    sandbox, place = connection.sandbox, connection.place
    if sandbox is None:
        hint = "give it one: `sandbox: {folder: NAME}`"
        problem = Problem(code="CONF-NAME-01", message=f"connection {name} has no sandbox", hint=hint, place=place)
        raise BadSettings([problem])
    kind = plugins.load_sandbox(connection.connector, place)
    if sandbox.options and not hasattr(kind, "OPTIONS"):
        what = f"the sandbox of {connection.connector} takes no options"
        raise BadSettings([Problem(code="YAML-KEY-02", message=what, hint="leave them out", place=place)])
    options = {"options": sandbox.options} if sandbox.options else {}
    return kind(settings.root / sandbox.folder, cache=assets.cache(), **options)


@contextmanager
def _running(sandbox: Any, progress: Progress | None) -> Iterator[dict[str, str]]:
    """A local stand-in; left as it was found: one that ran before goes on running."""
    ran = sandbox.running()
    try:
        yield sandbox.up((progress or Silent()).note)
    finally:
        if not ran:
            sandbox.down()


# ---------------------------------------------------------------- mappings


def read_mappings(paths: Sequence[str], root: Path, variant: Variant = PLAIN) -> list[FieldMapping]:
    """Mappings by file or name, in dependency order.  Raises `BadSettings` with every error of all of them."""
    found: list[FieldMapping] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            found.append(read_mapping(path, root, variant))
        except (BadMapping, BadSettings) as error:
            problems += error.problems
    if problems:
        raise BadSettings(problems)
    return list(dependency_order(found))


# ---------------------------------------------------------------- runs


@contextmanager
def world(
    workspace: Workspace,
    pipeline_name: str,
    pipeline: Pipeline,
    *,
    run: str,
    through: date,
    progress: Progress,
    insists: bool = True,
    sandboxes: bool = True,
) -> Iterator[World]:
    """Everything that one run needs, connected; `insists` where a person waits for it.

    `sandboxes` starts the connections' stand-ins; who asks no system needs none.

    Raises `BadSettings`, `TryLater`, `plugins.PluginProblem`.
    """
    root = workspace.settings.root
    variant = Variant(workspace.settings.environment, pipeline.entity)
    inbound = read_mappings(pipeline.mappings.inbound, root, variant)
    outbound = {mapping.source_object: mapping for mapping in read_mappings(pipeline.mappings.outbound, root, variant)}
    returned = read_mappings(pipeline.mappings.payments, root, variant)
    status = outbound.pop("status", None)
    with ExitStack() as stack:
        source = stack.enter_context(connected(workspace, pipeline.source, progress=progress, sandboxes=sandboxes))
        target = pipeline.target and stack.enter_context(
            connected(workspace, pipeline.target, progress=progress, sandboxes=sandboxes)
        )
        yield World(
            pipeline=pipeline_name,
            store=workspace.store,
            source=source,
            target=target or None,
            inbound=tuple(inbound),
            outbound=outbound,
            payments=returned[0] if returned else None,
            status=status,
            rules=pipeline.invoicing,
            through=through,
            run=run,
            owner=workspace.owner,
            clock=workspace.clock,
            chance=Random(run),  # noqa: S311  jitter, not secrets: the same run waits the same
            options=_options(pipeline.push, insists=insists),
            progress=progress,
            conflicts=_conflicts(pipeline, [*inbound, *outbound.values()]),
            heard=_heard(workspace, pipeline_name, pipeline),
            parity=pipeline.push.parity,
            changes=pipeline.changes,
            fetch_ahead=True,
        )


def _conflicts(pipeline: Pipeline, mappings: Sequence[FieldMapping]) -> Conflicts | None:
    """What the pipeline says of conflicts.  Raises `BadSettings` for a field that its mappings do not have."""
    if pipeline.conflicts is None:
        return None
    known = {f"{_kind(mapping)}.{facts.target}" for mapping in mappings for facts in mapping.fields}
    problems = [
        Problem(
            code="CONF-NAME-01",
            message=f"conflicts: no mapping of the pipeline has the field {name}",
            hint=did_you_mean(name, known) or "write KIND.FIELD, such as customer.name",
        )
        for name in pipeline.conflicts.fields
        if name not in known
    ]
    if problems:
        raise BadSettings(problems)
    return pipeline.conflicts


def _kind(mapping: FieldMapping) -> str:
    return mapping.target if mapping.direction == "inbound" else mapping.source_object


def _heard(workspace: Workspace, name: str, pipeline: Pipeline) -> frozenset[tuple[str, str]]:
    """What the other pipelines of the configuration read of the systems that this one writes to."""
    ends = {pipeline.source, pipeline.target} - {None}
    found: set[tuple[str, str]] = set()
    for other in (one for other, one in workspace.settings.pipelines.items() if other != name):
        for end, paths in ((other.source, other.mappings.inbound), (other.target, other.mappings.payments)):
            if end is None or end not in ends:
                continue
            with suppress(BadSettings):  # what is wrong with it is told where that pipeline runs
                found |= {(end, mapping.source_object) for mapping in read_mappings(paths, workspace.settings.root)}
    return frozenset(found)


def _options(push: PushSettings, *, insists: bool) -> Options:
    return Options(
        patience_s=push.patience_s,
        settle_s=push.settle_s,
        edited=push.edited,
        calls_per_s=push.calls_per_s,
        burst=push.burst,
        calls_at_once=push.calls_at_once,
        bounds=push.bounds,
        insists=insists,
    )


def run_pipeline(
    workspace: Workspace,
    name: str,
    *,
    slot: str,
    through: date | None = None,
    progress: Progress | None = None,
    full: bool = False,
    insists: bool = True,
    carry: Callable[[World], sync.Report] | None = None,
) -> sync.Report | None:
    """One run of a pipeline in a slot of its schedule; None where that slot was run already.

    `insists` is True where a person waits for it: a system that was offline is looked at at once.  `carry` does the
    run in its own way (on an engine), and may take over one that its process left in the middle.

    Raises `Held` where another process runs it, `BadSettings`, `StoreUnusable`, `plugins.PluginProblem`.
    """
    pipeline = workspace.settings.pipelines[name]

    def journey(run: str) -> sync.Report:
        day = through or pipeline.billing.day(workspace.clock.now())
        shown = progress or Silent()
        with world(workspace, name, pipeline, run=run, through=day, progress=shown, insists=insists) as made:
            return sync.run(made, full=full) if carry is None else carry(made)

    resumes = carry is not None
    return logbook.in_slot(workspace.store, workspace.clock, workspace.owner, name, slot, journey, resumes=resumes)


def bill_pipeline(
    workspace: Workspace, name: str, *, slot: str, through: date | None = None, progress: Progress | None = None
) -> sync.Report | None:
    """One run that only makes invoices, as `run_pipeline`: of what the books hold, without any outside system."""
    pipeline = workspace.settings.pipelines[name]

    def journey(run: str) -> sync.Report:
        day = through or pipeline.billing.day(workspace.clock.now())
        shown = progress or Silent()
        with world(workspace, name, pipeline, run=run, through=day, progress=shown, sandboxes=False) as made:
            return sync.bill(made)

    return logbook.in_slot(workspace.store, workspace.clock, workspace.owner, name, slot, journey)
