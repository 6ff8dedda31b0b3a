"""`sandbox up`, `sandbox fault`, `sandbox list`.  (shell)"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from billsync import plugins, schedule, settings, workspace
from billsync.cli import guard, show

COLUMNS = ["connection", "connector", "url", "folder"]


def up(config: Path, names: Sequence[str], format: show.Format) -> int:
    """Start the stand-ins of these connections, of all that have one without any; until told to stop."""
    loaded = settings.load(config)
    stop = threading.Event()
    schedule.stop_on_signals(stop)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        for name in _named(loaded, names):
            sandbox = workspace.stand_in(loaded, name)
            if not sandbox.running():
                stack.callback(sandbox.down)
            found = sandbox.up(lambda text, name=name: show.remark(f"{name}: {text}"))
            kind = loaded.connections[name].connector
            rows.append(
                {"connection": name, "connector": kind, "url": found.get("url", ""), "folder": str(sandbox.folder)}
            )
        show.rows("Sandboxes", COLUMNS, rows, format=format)
        sys.stdout.flush()  # who reads a pipe waits for it, and this process does not end
        show.remark("they run until Ctrl-C; what is in them stays in their folders")
        stop.wait()
        show.remark("stopping")
    return guard.OK


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
