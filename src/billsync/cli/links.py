"""`links list/show/link/unlink/rematch/explain`: which record of ours is which record elsewhere.  (shell)"""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from billsync import schedule, settings, workspace
from billsync.cli import guard, show
from billsync.cli.opening import view
from billsync.connector import Refused
from billsync.mapping import Mapping
from billsync.model.ref import Link, Ref
from billsync.reconcile.likeness import Match, doubles
from billsync.stage import ties
from billsync.stage.ties import KINDS_OF_FACTS, Person, Refusal
from billsync.store import Fact, Tx
from billsync.strict import json
from billsync.strict.yaml import did_you_mean

COLUMNS = ["kind", "our_id", "name", "system", "object", "their_id", "made_by"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What `links list` shall show; a filter that is None lets all through."""

    kind: str | None = None
    system: str | None = None
    unlinked: bool = False
    duplicates: bool = False
    limit: int = 100
    format: show.Format = "table"


def listing(config: Path, asked: Asked) -> int:
    """Ties by kind and our id; or documents that have none; or those of ours that look like one and the same."""
    loaded = settings.load(config)
    _known(loaded, asked.system)
    with view(config) as tx:
        if asked.duplicates:
            found = list(_doubles(tx, asked))
        elif asked.unlinked:
            found = list(_unlinked(tx, loaded, asked))
        else:
            found = [_row(tx, tie) for tie in tx.links.page(kind=asked.kind, system=asked.system, limit=asked.limit)]
    columns = ["group", *COLUMNS] if asked.duplicates else COLUMNS
    show.rows("Links", columns, found[: asked.limit], format=asked.format, empty="none")
    if len(found) > asked.limit:
        show.remark(f"{len(found) - asked.limit:,} more: --limit shows more")
    return guard.OK


def _known(loaded: settings.Settings, system: str | None) -> None:
    if system is not None and system not in loaded.connections:
        hint = did_you_mean(system, loaded.connections) or f"there is: {', '.join(loaded.connections)}"
        raise guard.Wrong(f"no connection is called '{show.visible(system)}'  ({hint})")


def _row(tx: Tx, tie: Link) -> dict[str, Any]:
    fact = tx.facts.get(tie.kind, tie.our_id)
    return {
        "kind": tie.kind,
        "our_id": tie.our_id,
        "name": _name(fact),
        "system": tie.ref.system,
        "object": tie.ref.kind,
        "their_id": tie.ref.id,
        "made_by": _maker(tx, tie),
    }


def _name(fact: Fact | None) -> str:
    return "" if fact is None else str(json.loads(fact.doc).get("name", ""))


def _maker(tx: Tx, tie: Link) -> str:
    """Who made the tie: a person, a write of ours, or the reading of the record."""
    mine = [event for event in tx.links.history(tie.our_id) if (event.kind, event.ref) == (tie.kind, tie.ref)]
    if mine and mine[-1].who != "billsync":
        return mine[-1].who
    return "written" if tie.sent else "read"


def _unlinked(tx: Tx, loaded: settings.Settings, asked: Asked) -> Iterator[dict[str, Any]]:
    for system, kind in _wanted(loaded):
        if asked.system in (None, system) and asked.kind in (None, kind):
            for fact in ties.untied(tx, system, kind):
                yield {"kind": kind, "our_id": fact.id, "name": _name(fact), "system": system}


def _wanted(loaded: settings.Settings) -> list[tuple[str, str]]:
    """(system, kind) of all that pipelines write and that may stand there before."""
    found = {
        (pipeline.target, mapping.source_object): None
        for pipeline in loaded.pipelines.values()
        if pipeline.target is not None
        for mapping in workspace.read_mappings(pipeline.mappings.outbound, loaded.root)
        if mapping.source_object in KINDS_OF_FACTS
    }
    return list(found)


def _doubles(tx: Tx, asked: Asked) -> Iterator[dict[str, Any]]:
    for kind in KINDS_OF_FACTS if asked.kind is None else (asked.kind,):
        records = [ties.own_traits(fact) for page in ties.pages(tx, kind) for fact in page]
        for number, group in enumerate(doubles(records), start=1):
            for one in group:
                mine = [tie for tie in tx.links.named(one.id) if tie.kind == kind and tie.our_id == one.id]
                mine = [tie for tie in mine if asked.system in (None, tie.ref.system)]
                rows = [_row(tx, tie) for tie in mine] or [{"kind": kind, "our_id": one.id, "name": one.name}]
                yield from ({"group": f"{kind} {number}", **row} for row in rows)


# ---------------------------------------------------------------- one of them


def explain(config: Path, id: str, format: show.Format) -> int:
    """All that is known of an id of either side: where it came from, its ties and their history, what was sent."""
    with view(config) as tx:
        found = tx.links.named(id)
        history = tx.links.history(id)
        ours = dict.fromkeys(
            [(tie.kind, tie.our_id) for tie in found] + [(event.kind, event.our_id) for event in history]
        )
        facts = {(kind, our_id): tx.facts.get(kind, our_id) for kind, our_id in ours}
        for kind in KINDS_OF_FACTS:
            facts.setdefault((kind, id), tx.facts.get(kind, id))
        documents = [_document(kind, fact) for (kind, _), fact in facts.items() if fact is not None]
        if not found and not history and not documents:
            raise guard.Wrong(f"nothing is known of '{show.visible(id)}': `billsync links list` shows what there is")
        writes = [row for kind, our_id in ours for row in _writes(tx, kind, our_id)]
        parts = {
            "documents": documents,
            "ties": [_row(tx, tie) for tie in found],
            "history": [_event(event.at, event) for event in history],
            "writes": writes,
        }
    if format == "json":
        show.emit_json({"id": id, **parts})
        return guard.OK
    for title, rows in parts.items():
        shown = [{name: value for name, value in row.items() if name != "sent"} for row in rows]
        show.rows(title.capitalize(), list(shown[0]) if shown else [], shown, empty=f"{title}: none")
        show.line()
    return guard.OK


def _document(kind: str, fact: Fact) -> dict[str, Any]:
    return {
        "kind": kind,
        "our_id": fact.id,
        "name": _name(fact),
        "came_from": str(fact.source),
        "version": fact.version,
        "mapping": fact.mapping[:12],
    }


def _event(at: datetime, event: Any) -> dict[str, Any]:
    return {
        "at": at.isoformat(timespec="seconds"),
        "act": event.act,
        "kind": event.kind,
        "our_id": event.our_id,
        "record": str(event.ref),
        "who": event.who,
        "why": event.why,
    }


def _writes(tx: Tx, kind: str, our_id: str) -> Iterator[dict[str, Any]]:
    for row in tx.outbox.list(kind=kind, our_id=our_id):
        yield {
            "key": row.key,
            "state": str(row.state),
            "reason": row.reason,
            "their_id": row.remote_id,
            "attempts": row.attempt,
            "last_sent_at": row.last_sent_at and row.last_sent_at.isoformat(timespec="seconds"),
            "mapping": row.mapping[:12],
            "sent": json.loads(row.payload)["document"],
        }


# ---------------------------------------------------------------- by hand


def link(config: Path, tie: Link, *, unchecked: bool, reason: str) -> int:
    """Tie one of ours to a record there, after a look whether that is there."""
    person, loaded = _person(reason), settings.load(config)
    _known(loaded, tie.ref.system)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        if not unchecked:
            _check(opened, tie)
        with opened.store.tx("link") as tx:
            _refused(lambda: ties.link(tx, tie, person))
    show.line(f"{tie.kind} {show.visible(tie.our_id)} is {tie.ref} now: the next write changes that record")
    return guard.OK


def _check(opened: workspace.Workspace, tie: Link) -> None:
    with workspace.connected(opened, tie.ref.system) as end:
        there = ties.there(end.connector, tie.ref.kind, tie.ref.id)
    if there is None:
        raise guard.Wrong(f"{tie.ref.system} cannot be asked for {tie.ref.kind} records: look there, then --unchecked")
    if not there:
        raise guard.Wrong(f"{tie.ref.system} has no {tie.ref.kind} '{show.visible(tie.ref.id)}'")


def unlink(config: Path, kind: str, our_id: str, system: str, *, yes: bool, reason: str) -> int:
    """Undo a tie, after saying what that may lead to."""
    person, loaded = _person(reason), settings.load(config)
    _known(loaded, system)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        with opened.store.view() as tx:
            tie = tx.links.get(kind, our_id, system)
        if tie is not None:
            show.remark(
                f"{kind} {show.visible(our_id)} stands for nothing in {system} then; {tie.ref} stays there as it is"
            )
            show.remark(
                "the next write of it looks for a record with our reference, and makes a new one where there is none"
            )
        if not _agreed(yes):
            return guard.OK
        with opened.store.tx("unlink") as tx:
            undone = _refused(lambda: ties.unlink(tx, kind, our_id, system, person))
    show.line(f"{kind} {show.visible(our_id)} is not {undone.ref} any more")
    return guard.OK


def _agreed(yes: bool) -> bool:
    import typer

    return yes or typer.confirm("undo it?", err=True)


def _person(reason: str) -> Person:
    if not reason.strip():
        raise guard.Wrong("--reason needs a few words: they stand in the history")
    return Person(getpass.getuser(), reason, schedule.SystemClock().now())


def _refused(act: Any) -> Any:
    try:
        return act()
    except Refusal as refusal:
        raise guard.Wrong(str(refusal)) from None


# ---------------------------------------------------------------- proposals


@dataclass(frozen=True, slots=True)
class _Proposals:
    """What one system has for one kind of ours."""

    system: str
    mapping: Mapping
    matches: Sequence[Match]


def rematch(config: Path, system: str | None, kind: str | None, *, yes: bool, format: show.Format) -> int:
    """Propose ties for documents that have none, and make those that are sure where a person says so."""
    loaded = settings.load(config)
    _known(loaded, system)
    person = Person(getpass.getuser(), "rematch", schedule.SystemClock().now())
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        found = list(_proposals(opened, system, kind))
        rows = [_proposal(one, match) for one in found for match in one.matches]
        sure = [(one, match) for one in found for match in one.matches if match.sure]
        if format == "table":
            columns = ["kind", "our_id", "name", "system", "their_id", "their_name", "score", "why", "state"]
            show.rows("Proposals", columns, rows, empty="nothing there looks like one of ours that has no tie")
        made = _make(opened, sure, person) if sure and (yes or _said_yes(len(sure), format)) else []
    if format == "json":
        show.emit_json({"proposals": rows, "linked": made})
    elif made:
        show.remark(f"{len(made)} linked")
    return guard.OK


def _said_yes(count: int, format: show.Format) -> bool:
    import sys

    import typer

    return format == "table" and sys.stdin.isatty() and typer.confirm(f"link the {count} that are sure?", err=True)


def _proposals(opened: workspace.Workspace, system: str | None, kind: str | None) -> Iterator[_Proposals]:
    loaded = opened.settings
    for name, pipeline in loaded.pipelines.items():
        if pipeline.target is None or system not in (None, pipeline.target):
            continue
        mappings = workspace.read_mappings(pipeline.mappings.outbound, loaded.root)
        wanted = [
            item for item in mappings if item.source_object in KINDS_OF_FACTS and kind in (None, item.source_object)
        ]
        with workspace.connected(opened, pipeline.target) as end:
            for mapping in wanted:
                try:
                    yield _Proposals(end.name, mapping, ties.rematch(opened.store, end, mapping))
                except Refused as fault:
                    show.remark(f"{name}: {end.name} was not looked through: {fault.message}")


def _proposal(one: _Proposals, match: Match) -> dict[str, Any]:
    return {
        "kind": one.mapping.source_object,
        "our_id": match.ours.id,
        "name": match.ours.name,
        "system": one.system,
        "object": one.mapping.target_object,
        "their_id": match.theirs.id,
        "their_name": match.theirs.name,
        "score": match.score,
        "why": match.why,
        "state": "sure" if match.sure else "for a person",
    }


def _make(
    opened: workspace.Workspace, sure: Sequence[tuple[_Proposals, Match]], person: Person
) -> list[dict[str, str]]:
    made = []
    for one, match in sure:
        ref = Ref(system=one.system, kind=one.mapping.target_object, id=match.theirs.id)
        tie = Link(kind=one.mapping.source_object, our_id=match.ours.id, ref=ref)
        with opened.store.tx("link") as tx:
            because = Person(person.who, f"rematch: the same {match.why}", person.at)
            _refused(lambda tx=tx, tie=tie, because=because: ties.link(tx, tie, because))
        made.append({"kind": tie.kind, "our_id": tie.our_id, "record": str(ref)})
    return made
