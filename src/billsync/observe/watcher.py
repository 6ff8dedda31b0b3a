"""One watcher of everything: lines, figures and traces, as far as each is wanted.  (shell)"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Final, Protocol

from billsync.observe import Level, Mark
from billsync.observe.catalogue import SPANS
from billsync.observe.logging import Lines
from billsync.observe.metrics import Figures

_FIGURE: Final = {span.name: span.figure for span in SPANS if span.figure}


class Traces(Protocol):
    """`tracing.Tracing`, which is imported only where it is wanted."""

    def span(self, name: str, facts: Mapping[str, Any]) -> AbstractContextManager[Any]:
        """A span while the block lasts."""

    def mark(self, span: Any, facts: Mapping[str, Any]) -> None:
        """Facts that are only known at its end."""

    def ids(self) -> dict[str, str]:
        """The trace and span that are open here."""


class Watching:
    """Tells what happens; where it cannot, that costs the one who told it nothing."""

    def __init__(self, figures: Figures, lines: Lines | None = None, traces: Traces | None = None) -> None:
        self._figures, self._lines, self._traces = figures, lines, traces

    def event(self, level: Level, name: str, facts: dict[str, Any]) -> None:
        """Something happened."""
        self._figures.count("billsync_events_total", 1, {"level": level})
        if self._lines is not None:
            self._lines.write(level, name, {**facts, **(self._traces.ids() if self._traces else {})})

    @contextmanager
    def span(self, name: str, facts: dict[str, Any]) -> Iterator[Mark]:
        """Something takes place while the block lasts."""
        began = time.perf_counter()
        with ExitStack() as stack:
            traces = self._traces
            open_span = stack.enter_context(traces.span(name, facts)) if traces is not None else None

            def mark(**found: Any) -> None:
                facts.update(found)
                if traces is not None:
                    traces.mark(open_span, found)

            try:
                yield mark
            finally:
                seconds = time.perf_counter() - began
                if name in _FIGURE:
                    self._figures.took(_FIGURE[name], seconds, facts)
                if name == "stage" and self._lines is not None:
                    self._lines.write("debug", "stage_ended", {**facts, "seconds": round(seconds, 3)})

    def count(self, name: str, by: float, labels: dict[str, str]) -> None:
        """A counter grows."""
        try:
            self._figures.count(name, by, labels)
        except ValueError:  # a plugin's figure with other labels than before
            self._figures.count("billsync_not_told_total", 1, {"what": "figure"})

    def gauge(self, name: str, value: float, labels: dict[str, str]) -> None:
        """A value is as it is now."""
        try:
            self._figures.gauge(name, value, labels)
        except ValueError:
            self._figures.count("billsync_not_told_total", 1, {"what": "figure"})
