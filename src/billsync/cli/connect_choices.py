"""What the command line and the configuration say of a connection that is set up.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping

from billsync import plugins, workspace
from billsync.cli import guard, show
from billsync.connector import Capabilities, Connector, Refused, TryLater
from billsync.mapping import Mapping as FieldMapping
from billsync.settings import Pipeline, Settings, proposing


def erps() -> list[tuple[str, Capabilities]]:
    """Connectors that invoices go to."""
    found = []
    for plugin in plugins.installed():
        try:
            sheet = plugins.load_connector(plugin.name).capabilities
        except plugins.PluginProblem:
            continue  # told by `connectors list`
        if "invoice" in sheet.writes:
            found.append((plugin.name, sheet))
    return found


def pipeline_of(loaded: Settings, asked: str | None, connection: str | None) -> str | None:
    """The pipeline that is meant: the named one, the one that sends there, or the only one that may."""
    if asked is not None and asked not in loaded.pipelines:
        raise guard.Wrong(f"there is no pipeline '{show.visible(asked)}': there is {', '.join(loaded.pipelines)}")
    if asked is not None:
        target = loaded.pipelines[asked].target
        if target is not None and connection is not None and target != connection:
            raise guard.Wrong(f"the pipeline {asked} sends to {target}: change its target first")
        return asked
    sends = [name for name, each in loaded.pipelines.items() if each.target is not None and each.target == connection]
    free = [name for name, each in loaded.pipelines.items() if each.target is None]
    able = sends or free or ([*loaded.pipelines] if connection is None else [])
    return able[0] if len(able) == 1 else None


def target_of(loaded: Settings, pipeline: str | None) -> str | None:
    """Where a pipeline sends to, or None."""
    return loaded.pipelines[pipeline].target if pipeline is not None else None


def setting(pair: str, needs: Mapping[str, proposing.Need]) -> tuple[list[str], str]:
    """A `--set`.  Raises `guard.Wrong`; a secret is never shown."""
    name, mark, value = pair.partition("=")
    if not mark or not name:
        raise guard.Wrong("expected --set NAME=VALUE")
    path = name.split(".", 2 if name.startswith("sandbox.") else 1)
    need = needs.get(path[0])
    if need is not None and need.secret and not value.startswith(("env:", "file:")):
        raise guard.Wrong(
            f"{name} is a secret: write --set {name}=env:NAME or {name}=file:PATH, never the secret itself"
        )
    return path, value


def lets_in(connector: Connector, redirect: str) -> bool:
    """Whether a person lets us in by a browser."""
    try:
        connector.consent(redirect, "state")
    except (Refused, TryLater):
        return False
    return True


def invoice_mapping(pipeline: Pipeline, settings: Settings, sheet: Capabilities) -> FieldMapping | None:
    """The mapping by which a pipeline sends its invoices, or None."""
    found = workspace.read_mappings(pipeline.mappings.outbound, settings.root)
    fits = (item for item in found if item.source == "invoice" and item.target_object in sheet.writes)
    return next(fits, None)
