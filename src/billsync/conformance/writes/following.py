"""From an outcome to a record that stands there, by the connector alone: what the engine's table asks for.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from billsync.conformance.broken import Broken
from billsync.conformance.writes.watched import WatchedWriter, told
from billsync.connector import (
    Absent,
    Applied,
    Found,
    Intent,
    Outcome,
    Target,
    TryLater,
    Unclear,
    Unfinished,
    WriteSheet,
    differences,
)

_TRIES: Final = 8
_SOON_S: Final = 1.0
Wait = Callable[[float], None]


def follow(
    connector: WatchedWriter, intent: Intent, sheet: WriteSheet, *, first: Outcome | None, pass_time: Wait
) -> str:
    """The id of the record, once it stands there; `first` is the outcome of a write that was made, or None.

    Raises `Broken` for a refusal, another content, and where it is not there after several tries.
    """
    outcome = first or connector.write(intent.object, [intent])[0]
    for _ in range(_TRIES):
        if isinstance(outcome, Applied):
            return _matching(intent, outcome)
        if isinstance(outcome, Unclear):
            intent, known = _looked_up(connector, intent, sheet, pass_time)
            if known:
                return known
        elif isinstance(outcome, Unfinished):
            intent = replace(intent, remote_id=outcome.remote_id)
        elif isinstance(outcome, TryLater):
            pass_time(outcome.after_s or _SOON_S)
        else:
            raise Broken(f"{intent.object} {intent.key} was answered with {told(outcome)}")
        outcome = connector.write(intent.object, [intent])[0]
    raise Broken(f"{intent.object} {intent.key} does not stand there after {_TRIES} tries: {told(outcome)}")


def _matching(intent: Intent, outcome: Applied) -> str:
    if wrong := differences(intent.expect, outcome.echo):
        raise Broken(f"{intent.object} {intent.key} counts as applied, and {wrong}")
    return outcome.remote_id


def _looked_up(connector: WatchedWriter, intent: Intent, sheet: WriteSheet, pass_time: Wait) -> tuple[Intent, str]:
    """What is to be written next, and the id where the record stands there as it was meant."""
    if intent.remote_id is not None or sheet.target in (Target.KEY, Target.UPSERT):
        return intent, ""
    for _ in range(2):
        pass_time(sheet.settle_s)
        probe = connector.probe(intent.object, [intent.key])[0]
        if isinstance(probe, Found):
            return _found(intent, probe)
        if not isinstance(probe, Absent):
            raise Broken(f"the look-up of {intent.object} {intent.key} is {told(probe)}")
    return intent, ""


def _found(intent: Intent, probe: Found) -> tuple[Intent, str]:
    if len(probe.remote_ids) > 1:
        raise Broken(f"{intent.object} {intent.key} stands there twice: {', '.join(probe.remote_ids)}")
    if wrong := differences(intent.expect, probe.echo):
        raise Broken(f"{intent.object} {intent.key} was found, and {wrong}")
    id = probe.remote_ids[0]
    done = probe.complete and intent.expect is not None
    return replace(intent, remote_id=id), id if done else ""
