"""Every fault that can reach a person, as a message and an exit code; never a traceback.  (shell)

Exit codes: 0 done; 1 done, but some records have problems; 2 wrong usage or configuration; 3 an outside system could
not be reached; 4 a check found drift or a broken invariant; 5 another instance holds the job; 6 the store is unusable;
70 a defect of billsync itself; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

OK = 0
PROBLEMS = 1
USAGE = 2
UNREACHABLE = 3
DRIFT = 4
HELD = 5
STORE = 6
DEFECT = 70
INTERRUPTED = 130


class Wrong(Exception):
    """The command was used wrongly; the message says what is there instead."""


def guarded(app: Callable[..., Any]) -> None:
    """Run the command line and leave with its exit code."""
    import typer

    try:
        result = app(standalone_mode=False)
        code = result if isinstance(result, int) else OK
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted: what was done is stored; the same command goes on from there")
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = OK
    except Exception as error:  # noqa: BLE001  the last line of defence: a person gets a sentence, the log the rest
        code = explain(error)
    sys.exit(code)


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
        usage()
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
    return _defect(error)


def _defect(error: Exception) -> int:
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="billsync-defect-", suffix=".log", delete=False) as log:
        log.write("".join(traceback.format_exception(error)))
    _say(f"billsync has a defect here: {type(error).__name__}. What was stored is intact. Details: {Path(log.name)}")
    return DEFECT


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201  the command line talks
