"""`sandbox up`, `sandbox fault`, `sandbox list`.  (shell)"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from billsync import assets, plugins, schedule, settings, workspace
from billsync.cli import guard, show

COLUMNS = ["connection", "connector", "url", "folder"]
FOLDER = "sandboxes"
"""Where stand-ins live that no connection is for."""


@dataclass(frozen=True, slots=True)
class _Box:
    """One stand-in: of a connection, or of a system alone."""

    connection: str
    connector: str
    sandbox: Any


def up(config: Path, names: Sequence[str], format: show.Format, folder: Path = Path(FOLDER)) -> int:
    """Start the stand-ins of these connections, of all that have one without any; until told to stop.

    A name of a system whose stand-in is installed needs no configuration: it lives below `folder`.
    """
    stop = threading.Event()
    schedule.stop_on_signals(stop)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        for box in _boxes(config, names, folder):
            if not box.sandbox.running():
                stack.callback(box.sandbox.down)
            found = box.sandbox.up(lambda text, name=box.connection or box.connector: show.remark(f"{name}: {text}"))
            kept = {"url": found.get("url", ""), "folder": str(box.sandbox.folder)}
            own = {} if box.connection else {"settings": found}  # what a connection needs it is told by itself
            rows.append({"connection": box.connection, "connector": box.connector, **kept, **own})
        show.rows("Sandboxes", COLUMNS, rows, format=format)
        if format == "table":
            for row in rows:
                _tell_settings(row)
        sys.stdout.flush()  # who reads a pipe waits for it, and this process does not end
        show.remark("they run until Ctrl-C; what is in them stays in their folders")
        stop.wait()
        show.remark("stopping")
    return guard.OK


def _boxes(config: Path, names: Sequence[str], folder: Path) -> list[_Box]:
    """The stand-ins that were asked for.  Raises `BadSettings`, `guard.Wrong`."""
    systems = {plugin.name for plugin in plugins.installed(plugins.SANDBOXES)}
    if names and not config.exists() and set(names) <= systems:
        return [_alone(name, folder) for name in names]
    loaded = settings.load(config)
    alone = [name for name in names if name not in loaded.connections and name in systems]
    named = [name for name in names if name not in alone]
    ours = _named(loaded, named) if named or not alone else []
    return [
        *(_Box(name, loaded.connections[name].connector, workspace.stand_in(loaded, name)) for name in ours),
        *(_alone(name, folder) for name in alone),
    ]


def _alone(name: str, folder: Path) -> _Box:
    return _Box("", name, plugins.load_sandbox(name)(folder / name, cache=assets.cache()))


def _tell_settings(row: Mapping[str, Any]) -> None:
    """What a client needs to reach one that no connection is for; its secrets open nothing else."""
    if "settings" in row:
        show.line(f"\nTo reach {row['connector']}:")
        show.facts("", row["settings"])


def _named(loaded: settings.Settings, names: Sequence[str]) -> list[str]:
    """Connections that have a stand-in.  Raises `BadSettings` for a name that none has."""
    known = [name for name, connection in loaded.connections.items() if connection.sandbox is not None]
    unknown = [name for name in names if name not in loaded.connections]
    if unknown:
        raise guard.Wrong(
            f"there is no connection '{show.visible(unknown[0])}': there is {', '.join(loaded.connections)}"
        )
    if not known:
        raise guard.Wrong("no connection of this configuration has a sandbox: give one `sandbox: {folder: NAME}`")
    return list(names) or known


def fault(
    config: Path, name: str, fault: str, options: dict[str, Any], more: Sequence[str], format: show.Format
) -> int:
    """Switch a fault on in a running stand-in."""
    loaded = settings.load(config)
    (name,) = _named(loaded, [name])
    sandbox = workspace.stand_in(loaded, name)
    if not hasattr(sandbox, "fault"):
        kind = loaded.connections[name].connector
        raise guard.Wrong(f"in the sandbox of {kind} nothing can be switched on: it is the system itself")
    asked = {option: value for option, value in options.items() if value is not None}
    for pair in more:
        option, mark, value = pair.partition("=")
        if not mark:
            raise guard.Wrong(f"expected an option as name=value, got '{show.visible(pair)}'")
        asked[option] = value
    catalogue = [row["fault"] for row in sandbox.faults()]
    if fault not in catalogue:
        raise guard.Wrong(f"there is no fault '{show.visible(fault)}': `billsync sandbox list` shows those there are")
    made = sandbox.fault(fault, asked)
    if format == "json":
        show.emit_json(made)
    else:
        show.facts("Switched on", made)
    return guard.OK


def listing(format: show.Format) -> int:
    """What can be switched on, in the stand-ins that are installed."""
    rows = [
        {"connector": plugin.name, **row}
        for plugin in plugins.installed(plugins.SANDBOXES)
        if hasattr(kind := plugins.load_sandbox(plugin.name), "faults")
        for row in kind.faults()
    ]
    show.rows("Faults", ["connector", "fault", "executed", "options", "what"], rows, format=format)
    return guard.OK
