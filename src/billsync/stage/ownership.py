"""Whose word counts for a field: what is watched there, and what of ours the source may not change.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from billsync.mapping import KINDS, Mapped
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.ownership import at, kept, once, ours
from billsync.model.problem import Place, Problem, Severity
from billsync.model.ref import Ref
from billsync.model.scalar import show
from billsync.push import Options
from billsync.push.session import Watch
from billsync.settings.shape import Conflicts
from billsync.stage.world import End, World
from billsync.store import InboxRow, Tx
from billsync.strict import json

CODE: Final = "MAP-OWNER-01"
CRM: Final = "crm"
ERP: Final = "erp"
"""What a pipeline's source and target are called as owners."""

Page = Sequence[tuple[InboxRow, Mapped]]


def options(world: World, end: End) -> Options:
    """How to push to one system in this run: with the changes of its fields, and what is read back of it."""
    calls = world.shares.get(end.name, world.options.calls_at_once)
    return replace(world.options, changes=world.shapes.of(end.name), watched=watched(world, end), calls_at_once=calls)


def watched(world: World, end: End) -> dict[str, Watch]:
    """The kinds of record that are read back after they were written: those that somebody reads, or that are owned."""
    sheets = end.connector.capabilities
    written = [world.status] if end is world.source else list(world.outbound.values())
    found: dict[str, Watch] = {}
    for mapping in written:
        if mapping is None or mapping.target_object not in sheets.reads:
            continue
        policies = _policies(world, end, mapping)
        if policies or (end.name, mapping.target_object) in _heard(world):
            found[mapping.target_object] = Watch(policies)
    return found


def _heard(world: World) -> frozenset[tuple[str, str]]:
    own = {(world.source.name, mapping.source_object) for mapping in world.inbound}
    return world.heard | own


def _policies(world: World, end: End, mapping: FieldMapping) -> dict[str, str]:
    """Field of the record there -> what becomes of a person's change of it."""
    side = CRM if end is world.source else ERP
    free = set(once(mapping, side))
    sheet = end.connector.capabilities.writes.get(mapping.target_object)
    conflicts = world.conflicts or Conflicts()
    found: dict[str, str] = {}
    for facts in mapping.fields:
        if facts.target in free or not (facts.owner or world.conflicts):
            continue
        name = sheet.into if sheet is not None and sheet.into else facts.target.partition(".")[0]
        policy = conflicts.policy(mapping.source_object, facts.target)
        found[name] = policy if found.get(name, policy) == policy else "report"
    return found


# ---------------------------------------------------------------- what the source may not change


def settle(world: World, tx: Tx, mapping: FieldMapping, page: Page) -> Page:
    """The page with our values where the source changed what it does not own; told where the policy says so."""
    paths = [path for path in ours(mapping) if _policy(world, mapping, path) != "theirs"]
    if not paths or not page:
        return page
    known = tx.facts.many(mapping.target, [_id(result.noun) for _, result in page if result.noun is not None])
    return [(row, _settled(world, mapping, row, result, known.get(_id(result.noun)), paths)) for row, result in page]


def _settled(
    world: World, mapping: FieldMapping, row: InboxRow, result: Mapped, known: Any, paths: Sequence[str]
) -> Mapped:
    source = Ref(system=world.source.name, kind=row.object, id=row.id)
    if result.noun is None or known is None or known.source != source:
        return result
    before, after = json.loads(known.doc), result.noun.model_dump(mode="json")
    document, differing = kept(before, after, paths)
    if not differing:
        return result
    told = [path for path in differing if _policy(world, mapping, path) == "report"]
    problems = tuple(_problem(mapping, row, path, at(before, path), at(after, path)) for path in told)
    return replace(result, noun=KINDS[mapping.target].model_validate(document), problems=(*result.problems, *problems))


def _id(noun: Any) -> str:
    return "" if noun is None else str(noun.id)


def _policy(world: World, mapping: FieldMapping, path: str) -> str:
    return (world.conflicts or Conflicts()).policy(mapping.target, path)


def _problem(mapping: FieldMapping, row: InboxRow, path: str, mine: Any, theirs: Any) -> Problem:
    facts = next(item for item in mapping.fields if item.target == path)
    where = facts.sources[0] if len(facts.sources) == 1 else path
    return Problem(
        code=CODE,
        message=f"{path} is {show(mine)} here and stays so: {show(theirs)} comes from a system that does not own it",
        hint="correct it there; or let it be taken: `conflicts:` of the pipeline, or another `owner:` in the mapping",
        place=row.place.at(where) if row.place.system else Place(object=row.object, id=row.id, field=where),
        severity=Severity.WARNING,
    )


# ---------------------------------------------------------------- what we made there ourselves


def made_by_us(tx: Tx, connection: str, mapping: FieldMapping, rows: Sequence[InboxRow]) -> frozenset[str]:
    """Ids of records that stand for one of ours which came from elsewhere: they are no others, and make no twin."""
    ties = tx.links.by_ref(connection, mapping.source_object, [row.id for row in rows])
    mine = {id: tie.our_id for id, tie in ties.items() if tie.kind == mapping.target}
    known = tx.facts.many(mapping.target, mine.values()) if mine else {}
    return frozenset(
        id
        for id, our_id in mine.items()
        if our_id in known and known[our_id].source != Ref(system=connection, kind=mapping.source_object, id=id)
    )
