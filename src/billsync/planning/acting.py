"""Plan and apply for a pipeline of a workspace: its world opened, its locks held.  (shell)"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date

from billsync.model.base import canonical_json, digest_text
from billsync.planning import carrying
from billsync.planning.carrying import Applied
from billsync.planning.document import Plan
from billsync.settings.shape import Bounds
from billsync.stage.world import Progress, Silent, World
from billsync.workspace import Workspace, world


def plan(
    workspace: Workspace,
    name: str,
    *,
    through: date | None = None,
    full: bool = False,
    bounds: Bounds | None = None,
    progress: Progress | None = None,
) -> Plan:
    """What a run of the pipeline would change now; nothing is changed anywhere.

    `bounds` in place of the pipeline's own.  Raises `Held` while the pipeline runs, `Unreached`, `Exceeded` where the
    changes are beyond the bounds, a connector's faults, `BadSettings`, `StoreUnusable`, `plugins.PluginProblem`.
    """
    pipeline = workspace.settings.pipelines[name]
    day = through or pipeline.billing.day(workspace.clock.now())
    run, shown = f"{name}@plan", progress or Silent()
    with world(workspace, name, pipeline, run=run, through=day, progress=shown) as made:
        return carrying.make(made, _connections(workspace, made), bounds or pipeline.push.bounds, full=full)


def apply(
    workspace: Workspace, plan: Plan, *, bounds: Bounds | None = None, progress: Progress | None = None
) -> Applied:
    """Carry a plan out, where the run would still do exactly that.  Every pipeline of the store waits meanwhile.

    Raises `Moved` with every difference and `Edited`, before anything is changed, and what `plan` raises.
    """
    name, pipeline = workspace.pipeline(plan.pipeline)
    run, shown = f"{name}@plan", progress or Silent()
    with ExitStack() as stack:
        for other in sorted(workspace.settings.pipelines):
            stack.enter_context(workspace.store.lock(f"pipeline-{other}", workspace.owner))
        opened = world(workspace, name, pipeline, run=run, through=plan.through, progress=shown)
        made = stack.enter_context(opened)
        return carrying.carry_out(made, plan, _connections(workspace, made), bounds or pipeline.push.bounds)


def _connections(workspace: Workspace, made: World) -> dict[str, str]:
    """The settings of both ends, as digests."""
    names = [end.name for end in (made.source, made.target) if end is not None]
    nodes = {name: workspace.settings.connections[name].node for name in names}
    return {name: digest_text(canonical_json(node.plain())) for name, node in nodes.items()}
