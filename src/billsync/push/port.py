"""Calls of a connector that always give an answer, even where the connector breaks the port.  (shell)

One exception, a missing answer or a success without an id must not stop the records beside it, and never passes for
"nothing happened": a write then counts as unclear, a look-up as unsure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from billsync.connector import (
    Absent,
    Applied,
    Connector,
    Fault,
    Found,
    Intent,
    Mismatch,
    Outcome,
    Probe,
    Record,
    Refused,
    Schema,
    TryLater,
    Unclear,
    Unfinished,
    Unsure,
)

BROKEN: Final = "connector_broke_port"


def write(connector: Connector, object: str, intents: Sequence[Intent]) -> list[Outcome]:
    """One outcome per intent, whatever the connector does; what is none becomes `Unclear`."""
    answers, fault = _answers(lambda: connector.write(object, intents), len(intents))
    return [_outcome(answer, fault) for answer in answers]


def probe(connector: Connector, object: str, keys: Sequence[str]) -> list[Probe]:
    """One answer per key, whatever the connector does; what is none becomes `Unsure`."""
    answers, fault = _answers(lambda: connector.probe(object, keys), len(keys))
    return [_probe(answer, fault) for answer in answers]


def check(connector: Connector) -> TryLater | None:
    """None where the system answers, else why it does not."""
    try:
        connector.check()
    except TryLater as fault:
        return fault
    except Fault as fault:
        return TryLater(fault.reason, fault.message, offline=True)
    except Exception as error:  # noqa: BLE001  a stranger's code: its defect is an outcome, not our end
        return TryLater(BROKEN, f"the connector failed with {type(error).__name__}", offline=True)
    return None


def fetch(connector: Connector, object: str, ids: Sequence[str]) -> list[Record]:
    """The records as they are now, as far as the connector can say."""
    try:
        return list(connector.fetch(object, ids))
    except Exception:  # noqa: BLE001  a look that nothing depends on: without it less is known, and nothing is lost
        return []


def describe(connector: Connector, object: str) -> Schema | None:
    """The fields of one kind of record, or None where the connector cannot say them now."""
    try:
        return connector.describe(object)
    except Exception:  # noqa: BLE001  the same
        return None


def _answers(call: Callable[[], Sequence[Any]], count: int) -> tuple[list[Any], Fault | None]:
    """The answers; or None for each, and why."""
    try:
        answers = list(call())
    except Fault as fault:
        return [None] * count, fault
    except Exception as error:  # noqa: BLE001  a stranger's code: its defect is an outcome, not our end
        return [None] * count, Unclear(BROKEN, f"the connector failed with {type(error).__name__}")
    if len(answers) != count:
        return [None] * count, Unclear(BROKEN, f"the connector gave {len(answers)} answers to {count} questions")
    return answers, None


def _outcome(answer: Any, fault: Fault | None) -> Outcome:
    if isinstance(answer, TryLater | Refused | Unclear):
        return answer
    if isinstance(answer, Applied | Unfinished | Mismatch) and answer.remote_id:
        return answer
    if fault is not None:
        return Unclear(fault.reason, fault.message)
    return Unclear(BROKEN, "the connector gave no outcome, or one without the record's id")


def _probe(answer: Any, fault: Fault | None) -> Probe:
    if isinstance(answer, Absent | Unsure) or (
        isinstance(answer, Found) and answer.remote_ids and all(answer.remote_ids)
    ):
        return answer
    if fault is not None:
        return Unsure(fault.reason, fault.message, offline=isinstance(fault, TryLater) and fault.offline)
    return Unsure(BROKEN, "the connector gave no answer, or found a record without an id")
