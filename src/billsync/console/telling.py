"""What a process tells while it works, as `observe:` of the configuration says.  (shell)

The libraries for it are loaded only where something is to be told: a single command stays quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

from billsync import observe
from billsync.settings.observing import Observing

if TYPE_CHECKING:
    from billsync.observe.metrics import Figures

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@contextmanager
def command(wanted: Observing) -> Iterator[None]:
    """Tell what a single command does, where the configuration or OTEL_* asks for that; else nothing is told."""
    if wanted.logs in ("auto", "off") and not _traced(wanted):
        yield
        return
    from billsync.observe.metrics import Figures  # noqa: PLC0415

    with told(wanted, Figures(), None if wanted.logs == "auto" else sys.stderr):
        yield


@contextmanager
def told(wanted: Observing, figures: Figures, stream: IO[str] | None) -> Iterator[None]:
    """Tell what happens while the block lasts; `stream` takes the lines, None where there shall be none."""
    from billsync.observe.logging import Foreign, take_over  # noqa: PLC0415
    from billsync.observe.watcher import Watching  # noqa: PLC0415

    lines = None if stream is None or wanted.logs == "off" else _lines(wanted, figures, stream)
    traces = _tracing(wanted)
    watcher = Watching(figures, lines, traces)
    back = take_over(Foreign(watcher.event))
    observe.watch(watcher)
    if traces is None and _traced(wanted):
        observe.event("traces_not_sent", level="warning", hint="pip install 'billsync[otel]'")
    try:
        yield
    finally:
        observe.watch(None)
        back()
        if traces is not None:
            traces.close()


def _lines(wanted: Observing, figures: Figures, stream: IO[str]) -> Any:
    from billsync.observe.logging import Form, Lines  # noqa: PLC0415

    form: Form = "text" if wanted.logs == "text" else "json"

    def dropped() -> None:
        figures.count("billsync_not_told_total", 1, {"what": "line"})

    return Lines(stream, form, wanted.level, dropped)


def _traced(wanted: Observing) -> bool:
    return wanted.traces is not None or any(os.environ.get(name) for name in ENDPOINTS)


def _tracing(wanted: Observing) -> Any:
    """Traces, where they are wanted and the libraries for them are here; else None."""
    if not _traced(wanted):
        return None
    try:
        from billsync.observe.tracing import Tracing  # noqa: PLC0415
    except ImportError:
        return None
    return Tracing(wanted.traces.endpoint if wanted.traces is not None else None)
