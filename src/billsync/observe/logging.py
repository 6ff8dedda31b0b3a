"""Events as lines: one JSON object each, or readable for a terminal; what libraries say goes the same way.  (shell)"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import IO, Any, Final, Literal

import structlog

from billsync.observe import Level, mask

Form = Literal["json", "text"]

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_OWN: Final = frozenset({"event", "level", "timestamp", "trace_id", "span_id"})
"""What this module puts in itself; a trace's id would pass for a secret."""

Facts = MutableMapping[str, Any]


class Lines:
    """Writes lines to a stream; one line is one write, whichever thread it comes from.

    Args:
        level: what is less urgent is not told.
        dropped: is called for each line that could not be written: a full disk must stop no run.
    """

    def __init__(self, stream: IO[str], form: Form, level: Level, dropped: Callable[[], None] = lambda: None) -> None:
        self._stream, self._least, self._dropped = stream, _LEVELS[level], dropped
        self._lock = threading.Lock()
        render: Any = structlog.processors.JSONRenderer(serializer=_one_line)
        if form == "text":
            render = structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=0, sort_keys=False)
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
        self._processors = (stamp, _masked, _in_order, render)

    def write(self, level: Level, name: str, facts: Mapping[str, Any]) -> None:
        """One event."""
        if _LEVELS[level] < self._least:
            return
        try:
            made: Any = {**facts, "event": name, "level": level}
            for process in self._processors:
                made = process(None, level, made)
            with self._lock:
                self._stream.write(f"{made}\n")
                self._stream.flush()
        except (OSError, ValueError):  # a pipe that nobody reads, a full disk, a stream that was closed
            self._dropped()


def _one_line(facts: Any, **_options: Any) -> str:
    return json.dumps(facts, ensure_ascii=True, separators=(",", ":"))


def _masked(_logger: Any, _method: str, facts: Facts) -> Facts:
    kept = {name: facts[name] for name in facts if name in _OWN}
    return {**kept, **mask.facts({name: value for name, value in facts.items() if name not in _OWN})}


def _in_order(_logger: Any, _method: str, facts: Facts) -> Facts:
    first = {name: facts[name] for name in ("timestamp", "level", "event") if name in facts}
    return {**first, **facts}


# ---------------------------------------------------------------- libraries


class Foreign(logging.Handler):
    """Takes what libraries log: their own words without the values put into them, the first line of it.

    A library's values may be anything: an address with a token in its query, a row with a person's name.
    """

    def __init__(self, tell: Callable[[Level, str, dict[str, Any]], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """One record."""
        said = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
        facts: dict[str, Any] = {"logger": record.name, "said": said.partition("\n")[0][:120]}
        if record.exc_info and record.exc_info[0] is not None:
            facts["error"] = record.exc_info[0].__name__
        self._tell("error" if record.levelno >= logging.ERROR else "warning", "log", facts)


def take_over(handler: logging.Handler) -> Callable[[], None]:
    """Let everything that libraries log pass through the handler alone; gives what puts it back as it was."""
    root = logging.getLogger()
    was, level = root.handlers[:], root.level
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    own = {
        name: it
        for name, it in logging.root.manager.loggerDict.items()
        if isinstance(it, logging.Logger) and it.handlers
    }
    before = {name: (logger.handlers[:], logger.propagate) for name, logger in own.items()}
    for logger in own.values():
        logger.handlers, logger.propagate = [], True

    def back() -> None:
        root.handlers = was
        root.setLevel(level)
        for name, (handlers, propagate) in before.items():
            own[name].handlers, own[name].propagate = handlers, propagate

    return back
