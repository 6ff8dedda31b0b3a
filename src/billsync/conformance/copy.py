"""A reader's copy of one kind of record, kept as billsync keeps it, and compared with what is true.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync.conformance.broken import Broken
from billsync.connector import Checkpoint, Data, Page, Record
from billsync.model.problem import Problem

SHOWN: Final = 4
_ABSENT: Final = object()


@dataclass
class Copy:
    """What was read so far.

    Attributes:
        live: id -> the record as it was shown last, without those that were shown as deleted.
        checkpoint: of the last page.
        problems: of all pages.
        news: records that were new or other than before, since `begin`.
        seen: ids that the read under way has shown.
    """

    live: dict[str, Record] = field(default_factory=dict)
    checkpoint: Checkpoint | None = None
    problems: list[Problem] = field(default_factory=list)
    news: int = 0
    seen: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """A read begins."""
        self.news, self.seen = 0, set()

    def take(self, page: Page) -> None:
        """Store a page.  Raises `Broken` where its checkpoint is none."""
        for record in page.records:
            self._take(record)
        self.problems.extend(page.problems)
        self.checkpoint = through_json(page.checkpoint)
        if page.snapshot:
            for id in set(self.live) - self.seen:
                del self.live[id]
                self.news += 1

    def _take(self, record: Record) -> None:
        self.seen.add(record.id)
        before = self.live.get(record.id)
        if record.deleted:
            self.news += self.live.pop(record.id, None) is not None
            return
        self.news += before is None or before.data != record.data
        self.live[record.id] = record


def through_json(checkpoint: Checkpoint) -> Checkpoint:
    """A checkpoint as it comes back from a store.  Raises `Broken` where it comes back as something else."""
    try:
        back: Checkpoint = json.loads(json.dumps(checkpoint, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise Broken(f"the checkpoint {str(checkpoint)[:200]} is not made of JSON values: {error}") from None
    if back != checkpoint:
        raise Broken(f"the checkpoint {str(checkpoint)[:200]} comes back from JSON as {str(back)[:200]}")
    return back


def differences(truth: Mapping[str, Data], shown: Mapping[str, Data]) -> str:
    """What a copy shows otherwise than it is, in words; "" where it is the same."""
    lost = [id for id in truth if id not in shown]
    stale = [id for id in shown if id not in truth]
    other = [told for id in truth if id in shown for told in _fields(id, truth[id], shown[id])]
    found = [
        f"{len(ids)} of {len(whole)} records {what}: {_some(ids)}"
        for ids, whole, what in ((lost, truth, "were never shown"), (stale, shown, "are shown and not there any more"))
        if ids
    ]
    return "; ".join(found + other[:SHOWN] + ([f"and {len(other) - SHOWN} more"] if len(other) > SHOWN else []))


def _fields(id: str, true: Data, shown: Data) -> Iterator[str]:
    for name, value in true.items():
        got = shown.get(name, _ABSENT)
        if not same(value, got):
            what = "missing" if got is _ABSENT else ascii(got)[:120]
            yield f"{name} of {id} is {what}, and there {ascii(value)[:120]}"


def same(true: Any, shown: Any) -> bool:
    """Whether a value is shown as it is: numbers as numbers, whether Decimal, int or, from a store, decimal text."""
    if isinstance(true, Decimal | int) and not isinstance(true, bool):
        return _number(shown) == Decimal(true)
    if isinstance(true, Mapping):
        return isinstance(shown, Mapping) and true.keys() == shown.keys() and all(same(true[k], shown[k]) for k in true)
    if isinstance(true, list | tuple):
        alike = isinstance(shown, list | tuple) and len(true) == len(shown)
        return alike and all(same(one, other) for one, other in zip(true, shown, strict=True))
    return type(true) is type(shown) and bool(true == shown)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (", ..." if len(ids) > SHOWN else "")
