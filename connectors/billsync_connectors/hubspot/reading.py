"""What has changed of one kind of record since a checkpoint, from all the places where HubSpot shows it.  (shell)

A first read goes through the list of all records.  Later ones take these steps, each with a mark of its own:

    bin        records that were archived: they are never found by search
    child      a record inside (a line item, a contact) changed: those that show it are news
    child bin  a record inside was archived
    merged     a record that is linked took another one in: those that show it are news
    changed    records that were changed, made or restored themselves

Associations that change alone leave no trace anywhere: where `sweep_hours` have passed, all is listed anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from billsync.connector import Checkpoint, Page, Record, Refused
from billsync_connectors.hubspot import answers
from billsync_connectors.hubspot.answers import Row
from billsync_connectors.hubspot.config import HubSpotSettings
from billsync_connectors.hubspot.content import Content
from billsync_connectors.hubspot.kinds import Kind
from billsync_connectors.hubspot.records import MERGED, gone, merged
from billsync_connectors.hubspot.session import Session
from billsync_connectors.hubspot.walk import Walk

_HOUR_MS: Final = 3_600_000
_LIST: Final = "list"
_LONG: Final = 6000
"""Characters of an address; HubSpot refuses longer ones (414)."""


@dataclass(slots=True)
class State:
    """Where a read stands: all of a checkpoint.

    Attributes:
        step: the step that is under way, "" between reads; at: where in it.
        marks: where each step begins, in milliseconds.
        seen: the last instant that the step has met.
        start: HubSpot's clock as the step began, or None.
        swept: when all was listed last, 0 for never.
    """

    step: str = ""
    at: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    seen: int = 0
    start: int | None = None
    swept: int = 0

    def plain(self) -> dict[str, Any]:
        """As a checkpoint."""
        under_way = {"step": self.step, "at": dict(self.at), "seen": self.seen, "start": self.start}
        return {"marks": dict(self.marks), "swept": self.swept, **(under_way if self.step else {})}


class Reading:
    """Reads of one connection.  Raises `TryLater` and `Refused`, between pages too."""

    def __init__(self, session: Session, walk: Walk, content: Content, settings: HubSpotSettings) -> None:
        self._session, self._walk, self._content, self._settings = session, walk, content, settings

    def pages(self, kind: Kind, since: Checkpoint | None) -> Iterator[Page]:
        """The pages of a read."""
        state = self._state(since)
        if since is None or not state.marks or state.step == _LIST:
            yield from self._all(kind, state, told={})
            return
        last = None
        for page in self._news(kind, state):
            if last is not None:
                yield last
            last = page
        if last is not None:
            yield last
        if self._due(state):
            yield from self._all(kind, State(swept=state.swept), told=state.marks)

    # ------------------------------------------------------------ all of it

    def _all(self, kind: Kind, state: State, *, told: Mapping[str, int]) -> Iterator[Page]:
        """Every live record, from the list; `told` are marks of what was read just before."""
        resumed = state.step == _LIST
        if not resumed:
            state.step, state.at = _LIST, {"told": dict(told)}
        before = dict(state.at.get("told") or {})
        names, ends = self._content.wanted(kind.name), kind.ends
        short = len(",".join(names)) > _LONG
        whole = not resumed
        for step in self._walk.listed(kind.name, [MERGED] if short else names, ends, state.at):
            if state.start is None:
                state.start = self._begun(step.rows)
            whole = whole and step.whole
            rows = self._content.rows(kind.name, [row.id for row in step.rows]) if short else step.rows
            records = self._content.shown(kind.name, rows)
            if step.position is not None:
                state.at = {**step.position, "told": before}
                yield Page(records, checkpoint=state.plain())
                continue
            begun = max(0, state.start - self._settings.search_lag_s * 1000)
            marks = dict.fromkeys(self._steps(kind), begun)
            for name in marks:
                if name.startswith("bin"):  # what was archived before is in the bin, unless all that lives was shown
                    marks[name] = min(begun, before[name]) if name in before else begun if whole else 0
            yield Page(
                records, checkpoint=State(marks=marks, swept=state.start).plain(), snapshot=whole, complete=whole
            )

    def _begun(self, rows: Sequence[Row]) -> int:
        """HubSpot's clock at the first page; where it does not tell, no later than what that page shows."""
        if self._session.now is not None:
            return self._session.now
        return max((row.updated or 0 for row in rows), default=0)

    def _due(self, state: State) -> bool:
        hours, now = self._settings.sweep_hours, self._session.now
        return hours is not None and now is not None and now - state.swept >= hours * _HOUR_MS

    # ------------------------------------------------------------ what is new

    @staticmethod
    def _steps(kind: Kind) -> list[str]:
        """The steps of a read, by name."""
        children = [f"{what}:{child}" for child in kind.inside for what in ("child", "bin")]
        others = [f"merged:{other}" for other in kind.linked]
        return [f"bin:{kind.name}", *children, *others, f"changed:{kind.name}"]

    def _news(self, kind: Kind, state: State) -> Iterator[Page]:
        steps = self._steps(kind)
        todo = steps[steps.index(state.step) :] if state.step in steps else steps
        for number, name in enumerate(todo):
            if state.step != name:
                state.step, state.at, state.seen, state.start = name, {}, 0, None
            following = todo[number + 1] if number + 1 < len(todo) else ""
            yield from self._step(kind, state, name, following)

    def _step(self, kind: Kind, state: State, name: str, following: str) -> Iterator[Page]:
        """The pages of one step; the checkpoint moves on with the last of a page's records."""
        what, _, object = name.partition(":")
        mark = state.marks.get(name, 0)
        walk = self._binned(object, state, mark) if what == "bin" else self._moved(object, state, mark, what)
        for ids, position in walk:
            chunks = self._records(kind, what, object, ids)
            held: list[Record] = next(chunks, [])
            for chunk in chunks:
                yield Page(held, checkpoint=state.plain())
                held = chunk
            if position is None:
                self._ended(state, name, following)
            else:
                state.at = dict(position)
            yield Page(held, checkpoint=state.plain())

    def _records(self, kind: Kind, what: str, object: str, ids: list[str]) -> Iterator[list[Record]]:
        """What the ids of a step come to, some at a time: a company may have thousands of deals."""
        if what == "bin" and object == kind.name:
            live = self._content.records(object, ids)  # one that was restored meanwhile is not gone
            there = {record.id for record in live}
            yield [*live, *(gone(self._session.system, object, id) for id in ids if id not in there)]
            return
        own = ids if object == kind.name else self._content.parents(object, kind.name, ids)
        size = 2 * self._settings.page_size
        for start in range(0, len(own), size):
            yield self._content.records(kind.name, own[start : start + size])

    def _moved(
        self, object: str, state: State, mark: int, what: str
    ) -> Iterator[tuple[list[str], Mapping[str, Any] | None]]:
        """Ids that search shows as changed."""
        modified = self._content.modified(object)
        having = MERGED if what == "merged" else ""
        for step in self._walk.changed(object, modified, state.at or {"ms": mark}, having=having):
            if state.start is None:
                state.start = self._session.now or step.seen
            state.seen = max(state.seen, step.seen or 0)
            yield [row.id for row in step.rows], step.position

    def _binned(self, object: str, state: State, mark: int) -> Iterator[tuple[list[str], Mapping[str, Any] | None]]:
        """Ids of the bin that were not there before, and of those that were merged into such a one."""
        for step in self._walk.listed(object, [MERGED], (), state.at, archived=True):
            if state.start is None:
                state.start = self._session.now
            with self._session.reading():
                stamps = [(row, _archived(row)) for row in step.rows]
            state.seen = max([state.seen, *(stamp for _, stamp in stamps)])
            yield [id for row, stamp in stamps if stamp >= mark for id in (row.id, *merged(row))], step.position

    def _ended(self, state: State, name: str, following: str) -> None:
        """The step is through: where it begins the next time.

        No later than the lag of search before it began, for what shows up late; and right behind the last instant that
        it met, where that is long ago.
        """
        before = state.marks.get(name, 0)
        safe = (state.seen if state.start is None else state.start) - self._settings.search_lag_s * 1000
        state.marks[name] = max(before, min(state.seen + 1, safe)) if state.seen else before
        state.step, state.at, state.seen, state.start = following, {}, 0, None

    def _state(self, since: Checkpoint | None) -> State:
        if since is None:
            return State()
        try:
            return State(
                step=str(since.get("step", "")),
                at=dict(since.get("at") or {}),
                marks={str(name): int(mark) for name, mark in dict(since["marks"]).items()},
                seen=int(since.get("seen") or 0),
                start=None if since.get("start") is None else int(since["start"]),
                swept=int(since.get("swept") or 0),
            )
        except (KeyError, TypeError, ValueError):
            what = f"{self._session.system}: the checkpoint is none of this connector's: start anew with `sync --full`"
            raise Refused("bad_checkpoint", what) from None


def _archived(row: Row) -> int:
    found = row.archived if row.archived is not None else row.updated
    if found is None:
        raise answers.Odd(f"record {row.id} of the bin does not say when it was archived")
    return found
