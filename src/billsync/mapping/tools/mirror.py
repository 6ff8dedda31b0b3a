"""Round trips: a document that is written into its record and read again is the same document.  (pure)

They are run for the tests of each invertible mapping, and of each one that another mapping is the inverse of.  Fields
that do not lead back keep what the test's record has there, as they would in the outside system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from typing import Any

from billsync.connector import Record
from billsync.mapping.apply import Case, Mapped, Mapping
from billsync.mapping.canonical import record_of
from billsync.mapping.inverse import Way, is_inbound, leads_back, turned, ways
from billsync.mapping.language import compile_stack
from billsync.mapping.layers import PLAIN, Variant
from billsync.mapping.native import NO_NATIVES, Natives
from billsync.mapping.problems import Findings
from billsync.mapping.run import Resolve, label
from billsync.mapping.stack import Find, Sheet, Stack, nowhere, read_stack
from billsync.mapping.tables import ReadFile
from billsync.mapping.tools.testing import CaseResult, Gap, given_record, given_refs
from billsync.mapping.values import MISSING, describe, is_blank, kind_of, written
from billsync.strict.yaml import BadYaml


@dataclass(frozen=True, slots=True)
class Pair:
    """A mapping and the one that leads back.

    Attributes:
        ways: the fields of `forward`, whether they lead back.
        reader: name of a mapping file -> what reads the files that it names.
    """

    forward: Mapping
    back: Mapping
    ways: tuple[Way, ...]
    reader: Callable[[str], ReadFile]


def pair_of(sheet: Sheet, natives: Natives = NO_NATIVES, find: Find = nowhere, variant: Variant = PLAIN) -> Pair | None:
    """The two directions of an invertible mapping, or of an `inverse_of` one; None for others and for broken ones."""
    findings = Findings()
    stack = read_stack(sheet, find, variant, findings)
    if stack is None:
        return None
    below = stack.mirrored or stack
    if not is_inbound(below.root):
        return None
    found = ways(below.root, below.tables(findings))
    if stack.mirrored is None and not leads_back(found):
        return None
    other = stack if stack.mirrored is not None else _turned(stack, findings)
    forward, back = compile_stack(below, natives, findings), compile_stack(other, natives, findings)
    return Pair(forward, back, found, below.reader) if forward is not None and back is not None else None


def _turned(stack: Stack, findings: Findings) -> Stack:
    """The generated mapping that leads back; its name and version do not matter, nobody sees them."""
    root = turned(stack.root, stack.tables(findings), stack.root, findings)
    return replace(stack, root=root)


def round_trips(pair: Pair) -> list[CaseResult]:
    """One result per test of the inbound mapping that makes a document."""
    results = (_trip(pair, case) for case in pair.forward.tests)
    return [result for result in results if result is not None]


def _trip(pair: Pair, case: Case) -> CaseResult | None:
    try:
        record = given_record(pair.forward, case, pair.reader(case.node.file))
        resolve = given_refs(case.node.get("refs"))
    except BadYaml:
        return None  # the test itself says so
    there = pair.forward.apply(record, resolve)
    if there.noun is None:
        return None
    name, place = f"{case.name} (round trip)", case.node.place
    back = pair.back.apply(record_of(pair.forward.target, there.noun, there.key), resolve)
    if back.doc is None:
        gaps = tuple(Gap(f"it cannot be written back: {problem}") for problem in back.problems)
        return CaseResult(name, place, gaps or (Gap("`when` of the way back is false"),), back.problems)
    wrote = _theirs(back.doc, _ids(there, resolve))
    again = pair.forward.apply(replace(record, data=_laid(record.data, wrote)), resolve)
    gaps = tuple(Gap(line) for line in _judge(pair, record, wrote, there, again))
    return CaseResult(name, place, gaps, again.problems, again.doc)


def _judge(pair: Pair, record: Record, wrote: dict[str, Any], there: Mapped, again: Mapped) -> Iterator[str]:
    """What was lost on the way."""
    for way in pair.ways:
        if not way.reason:
            yield from _lost(way.source.split("."), record.data, wrote, ())
    if again.noun is None:
        yield from (f"it cannot be read again: {problem}" for problem in again.problems)
        if again.skipped:
            yield "it cannot be read again: the record is skipped"
    elif again.noun != there.noun:
        first, second = there.noun.model_dump() if there.noun else {}, again.noun.model_dump()
        yield from (
            f"{name}: was {first[name]!r}, is {second[name]!r}" for name in first if first[name] != second[name]
        )


def _lost(names: list[str], had: Any, wrote: Any, at: tuple[str | int, ...]) -> Iterator[str]:
    """Where a field of the record that is not blank comes back as something else."""
    if isinstance(had, list) and isinstance(wrote, list):
        for index, (one, other) in enumerate(zip(had, wrote, strict=False)):
            yield from _lost(names, one, other, (*at, index))
        return
    if names and isinstance(had, Dict):
        inner = wrote.get(names[0], MISSING) if isinstance(wrote, Dict) else MISSING
        yield from _lost(names[1:], had.get(names[0], MISSING), inner, (*at, names[0]))
    elif not names and not isinstance(had, list | Dict) and not is_blank(had) and not _same(had, wrote):
        yield f"the record's {label(at)}: was {describe(had)}, comes back as {describe(wrote)}"


def _same(had: Any, wrote: Any) -> bool:
    """Whether two values are the same to an outside system, that may write a number or a day as text."""
    if kind_of(wrote) in {"list", "object", "missing"} or had == wrote:
        return bool(had == wrote)
    first, second = written(had), written(wrote)
    return first == second or (
        kind_of(wrote) == "number" and first.rstrip("0").rstrip(".") == second.rstrip("0").rstrip(".")
    )


def _ids(there: Mapped, resolve: Resolve) -> dict[str, str]:
    """Our id of each record referred to -> its id there."""
    return {ours: id for name, id in there.refs if (ours := resolve(name, id)) is not None}


def _theirs(value: Any, ids: Dict[str, str]) -> Any:
    """What the outside system is sent, with its own ids in place of references."""
    if isinstance(value, Dict):
        if set(value) == {"$ref"}:
            ours = str(value["$ref"]).partition("/")[2]
            return ids.get(ours, ours)
        return {name: _theirs(inner, ids) for name, inner in value.items()}
    return [_theirs(inner, ids) for inner in value] if isinstance(value, list) else value


def _laid(had: Any, wrote: Any) -> Any:
    """A record after it was written: fields that were not written stay."""
    if isinstance(had, Dict) and isinstance(wrote, Dict):
        return {**had, **{name: _laid(had.get(name), inner) for name, inner in wrote.items()}}
    if isinstance(had, list) and isinstance(wrote, list) and len(had) == len(wrote):
        return [_laid(one, other) for one, other in zip(had, wrote, strict=True)]
    return wrote
