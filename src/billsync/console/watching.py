"""The companion of every service: tells what it does, and answers who asks how it stands.  (shell)"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from billsync import __version__, observe
from billsync.console import health
from billsync.console.standing import Standing
from billsync.console.telling import told
from billsync.observe.metrics import Figures
from billsync.settings.observing import split
from billsync.workspace import Workspace


@contextmanager
def watching(
    opened: Workspace, kind: str, stream: IO[str] | None = None, *, current: Callable[[], Workspace] | None = None
) -> Iterator[health.Signs]:
    """Tell what a daemon or worker does while the block lasts, and answer at `observe: listen`.

    The block says by the `Signs` that its loops go on.  Lines go to `stream`, or to standard output; `logs: auto` tells
    nothing on a terminal, where people are told on standard error what they have to know.

    `current` gives the workspace as it is configured now; None where that never changes.
    """
    signs, figures, wanted = health.Signs(), Figures(), opened.settings.observe
    lines = stream or sys.stdout
    silent = wanted.logs == "auto" and lines.isatty()
    with told(wanted, figures, None if silent else lines), ExitStack() as stack:
        _serve(stack, opened, signs, figures, current or (lambda: opened))
        observe.event("process_started", kind=kind, version=__version__, pid=os.getpid())
        try:
            yield signs
        finally:
            observe.event("process_ended", kind=kind)


def _serve(
    stack: ExitStack, opened: Workspace, signs: health.Signs, figures: Figures, current: Callable[[], Workspace]
) -> None:
    """Answer who asks; where the port is taken, the work goes on without."""
    wanted = opened.settings.observe
    if wanted.listen is None:
        return
    host, port = split(wanted.listen)
    try:
        listener = health.bound(host, port)
    except OSError as error:
        observe.event("health_not_served", level="warning", reason=error.strerror or type(error).__name__)
        return
    figures.registry.register(Standing(current))
    ready = health.Readiness(opened)
    answers = health.Health(signs, ready.reason, figures.text, health.names(host, wanted.hosts))
    stack.enter_context(health.served(answers.app(), listener))
    observe.event("health_served", port=listener.getsockname()[1])
