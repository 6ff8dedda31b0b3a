"""Every fault that can reach a person, as a message and an exit code; never a traceback.  (shell)

Exit codes: 0 done; 1 done, but some records have problems; 2 wrong usage or configuration; 3 an outside system could
not be reached; 4 a check found drift or a broken invariant; 5 another instance holds the job; 6 the store is unusable;
70 a defect of billsync itself; 74 what was said could not be written; 130 interrupted.
"""

from __future__ import annotations

import errno
import io
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from billsync.cli.show import remark, unread, visible

OK = 0
PROBLEMS = 1
USAGE = 2
UNREACHABLE = 3
DRIFT = 4
HELD = 5
STORE = 6
DEFECT = 70
OUTPUT = 74
INTERRUPTED = 130

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


class Wrong(Exception):
    """The command was used wrongly; the message says what is there instead."""


class _Interrupts:
    """Ctrl-C, remembered: Python drops a KeyboardInterrupt that comes up inside a callback of a library."""

    def __init__(self) -> None:
        self.pressed = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear of Ctrl-C inside; only the main thread can."""
        self.pressed = False
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._press)
        try:
            yield
        finally:
            self.pressed = False
            signal.signal(signal.SIGINT, before)

    def _press(self, _signal: int, _frame: object) -> None:
        self.pressed = True
        raise KeyboardInterrupt


interrupts = _Interrupts()


def heed() -> None:
    """Stop here where Ctrl-C was pressed and got lost.  Raises KeyboardInterrupt."""
    if interrupts.pressed:
        raise KeyboardInterrupt


def guarded(app: Callable[..., Any]) -> None:
    """Run the command line and leave with its exit code."""
    _prepare()
    try:
        with interrupts.heard():
            code = _run(app)
    except KeyboardInterrupt:
        code = _interrupted()
    except Exception as error:  # noqa: BLE001  the last line of defence: a person gets a sentence, the log the rest
        code = explain(error)
    sys.exit(_flushed(code))


def _run(app: Callable[..., Any]) -> int:
    import typer

    for argument in sys.argv[1:]:
        if not argument.isascii() and argument != argument.encode("utf-8", "replace").decode():
            raise Wrong(f"the argument '{visible(argument)}' is not UTF-8 text")
    try:
        result = app(standalone_mode=False)
    except typer.Abort:
        return _interrupted()
    except SystemExit:  # the command line library's own answer to a reader of its help that went away
        return OK
    if result == INTERRUPTED:  # nor does it let a Ctrl-C through
        return _interrupted()
    return result if isinstance(result, int) else OK


def _interrupted() -> int:
    _say("interrupted: what was done is stored; the same command goes on from there")
    return INTERRUPTED


def _prepare() -> None:
    """Streams that can always be written to: a closed one goes nowhere, what it cannot spell is escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, io.StringIO())
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flushed(code: int) -> int:
    """Everything is written out before the process ends: nothing is left for the interpreter to complain about."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            unread(stream)
        except OSError as error:
            unread(stream)
            code = _unwritten(error) if stream is sys.stdout else code
    return code


def _unwritten(error: OSError) -> int:
    _say(f"the output could not be written: {error.strerror}. What was done is stored")
    return OUTPUT


def explain(error: Exception) -> int:
    """Say what is wrong on stderr; gives the exit code."""
    from billsync.connector import Fault
    from billsync.plugins import PluginProblem
    from billsync.settings import BadSettings
    from billsync.store import Held, StoreUnusable

    if isinstance(error, Wrong):
        _say(str(error))
        return USAGE
    usage = getattr(error, "show", None)
    if callable(usage):  # the command line library's own: an unknown option, a missing argument
        said = io.StringIO()
        usage(file=said)
        _say(said.getvalue().rstrip("\n"))
        return USAGE
    if isinstance(error, BadSettings):
        _say("\n".join(str(problem) for problem in error.problems))
        return USAGE
    if isinstance(error, PluginProblem):
        _say(str(error.problem))
        return USAGE
    if isinstance(error, Held):
        _say(f"another instance is at work ({error.owner}): wait for it, or stop it")
        return HELD
    if isinstance(error, StoreUnusable):
        _say(f"the store cannot be used ({error.reason}): {error}")
        return STORE
    if isinstance(error, Fault):
        _say(f"{error.message}  ({error.reason}; nothing was lost, try again)")
        return UNREACHABLE
    if isinstance(error, OSError) and error.filename is not None:
        _say(f"'{visible(str(error.filename))}' cannot be used: {error.strerror}")
        return USAGE
    if isinstance(error, OSError) and error.errno in _FULL:
        return _unwritten(error)
    return _defect(error)


def _defect(error: Exception) -> int:
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="billsync-defect-", suffix=".log", delete=False) as log:
        log.write("".join(traceback.format_exception(error)))
    _say(f"billsync has a defect here: {type(error).__name__}. What was stored is intact. Details: {Path(log.name)}")
    return DEFECT


def _say(text: str) -> None:
    """On stderr; whatever a name in it holds, only its line ends reach the terminal."""
    try:
        remark("\n".join(visible(line) for line in text.split("\n")))
        sys.stderr.flush()
    except OSError:
        unread(sys.stderr)
