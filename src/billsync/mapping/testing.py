"""Runs the `tests:` of a mapping.  (pure)

    tests:
      - name: a won deal is billed once
        given: {Id: "1", Amount: "10.00"}        the record itself, or the name of a JSON file that holds it
        refs: {salesforce.Account: {001: acme}}  our ids of records referred to; without it each is its own id
        expect: {currency: USD}                  the part of the document that matters, or `skip`
        expect_problem: MAP-LOOKUP-01            instead: the codes of the problems, one or a list

Expected values are text: a number is compared as a number, a day as `YYYY-MM-DD`; `null` also fits a field left out;
a list has to have as many entries.  A canonical document that is given must be a valid one.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any

from billsync.connector import Record
from billsync.mapping.apply import Case, Mapped, Mapping
from billsync.mapping.canonical import complaint, validate
from billsync.mapping.run import Resolve, label
from billsync.mapping.tables import ReadFile, no_files, read_text
from billsync.mapping.values import MISSING, kind_of, written
from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_decimal, show
from billsync.strict import json
from billsync.strict.yaml import BadYaml, Node


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one test.

    Attributes:
        place: of the test in the mapping file.
        differences: what is otherwise than expected, a line each; empty where the test passed.
        problems: of the record, also of a passed test that expects them; or why the test could not be run.
        doc: the document that was made, or None.
    """

    name: str
    place: Place
    differences: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    doc: Dict[str, Any] | None = None

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences

    def __str__(self) -> str:
        head = f"{'ok  ' if self.passed else 'FAIL'} {self.name}  ({self.place})"
        return "\n".join([head, *(f"       {line}" for line in self.differences)])


def run_tests(mapping: Mapping, *, read_file: ReadFile = no_files) -> list[CaseResult]:
    """One result per test, in the order of the file.  Never raises for what stands in a test."""
    return [_run(mapping, case, read_file) for case in mapping.tests]


def _run(mapping: Mapping, case: Case, read_file: ReadFile) -> CaseResult:
    try:
        record = _record(mapping, case, read_file)
        resolve = _resolve(case.node.get("refs"))
        wanted = _codes(case.node.get("expect_problem"))
    except BadYaml as error:
        lines = tuple(f"the test cannot be run: {problem}" for problem in error.problems)
        return CaseResult(case.name, case.node.place, lines, error.problems)
    mapped = mapping.apply(record, resolve)
    made = mapped.doc if mapped.noun is None else mapped.noun.model_dump()
    lines = tuple(_judge(mapped, made, case.node.get("expect"), wanted))
    return CaseResult(case.name, case.node.place, lines, mapped.problems, made)


# ---------------------------------------------------------------- given


def _record(mapping: Mapping, case: Case, read_file: ReadFile) -> Record:
    given = case.node.get("given") or case.node
    data = given.plain() if given.is_mapping else _from_file(given, read_file)
    if not isinstance(data, dict):
        raise BadYaml([given.problem("MAP-TEST-01", "expected one record: names and values")])
    if mapping.direction == "outbound":
        data = _canonical(mapping.source, data, given)
    place = Place(system=mapping.source_system or "billsync", object=mapping.source_object, id=case.name)
    return Record(mapping.source_object, case.name, data, place)


def _from_file(node: Node, read_file: ReadFile) -> Any:
    try:
        return json.loads(read_text(read_file, node))
    except json.BadJson as error:
        spot = f"{node.value}:{error.line}:{error.column}" if error.line else str(node.value)
        raise BadYaml([node.problem("MAP-TEST-01", f"{spot}: {error}")]) from None


def _canonical(kind: str, data: Dict[str, Any], node: Node) -> dict[str, Any]:
    noun, errors = validate(kind, data)
    if noun is None:
        raise BadYaml(
            node.problem("MAP-TEST-01", f"the given {kind} is not valid: {label(error['loc'])}: {complaint(error)}")
            for error in errors
        )
    return noun.model_dump()


def _resolve(refs: Node | None) -> Resolve:
    if refs is None:
        return lambda _name, id: id
    if not refs.is_mapping:
        raise refs.wrong("our ids by object and id, such as {salesforce.Account: {001: acme}}")
    known = {(name, id): ours.text() for name, ids in refs.items() for id, ours in ids.items()}
    return lambda name, id: known.get((name, id))


def _codes(node: Node | None) -> set[str]:
    if node is None:
        return set()
    return {entry.text() for entry in node.entries()} if node.is_list else {node.text()}


# ---------------------------------------------------------------- then


def _judge(mapped: Mapped, made: Any, expect: Node | None, wanted: set[str]) -> Iterator[str]:
    """What is otherwise than expected."""
    found = {problem.code for problem in mapped.problems}
    if wanted:
        yield from (f"expected the problem {code}, it did not come" for code in sorted(wanted - found))
    yield from (f"a problem that was not expected: {each}" for each in mapped.problems if each.code not in wanted)
    if expect is None or found:
        return
    if expect.value == "skip":
        if not mapped.skipped:
            yield "expected that the record is skipped, but a document was made"
    elif mapped.skipped:
        yield "expected a document, but `when` is false: the record is skipped"
    else:
        yield from _compare(expect, made, ())


def _compare(expect: Node, made: Any, at: tuple[str | int, ...]) -> Iterator[str]:
    if expect.is_mapping:
        if not isinstance(made, Dict):
            yield _differs(at, "an object", made)
            return
        for name, node in expect.items():
            yield from _compare(node, made.get(name, MISSING), (*at, name))
    elif expect.is_list:
        if not isinstance(made, list | tuple) or len(made) != len(expect.entries()):
            yield _differs(at, f"{len(expect.entries())} entries", made)
            return
        for index, node in enumerate(expect.entries()):
            yield from _compare(node, made[index], (*at, index))
    elif not _same(expect, made):
        yield _differs(at, "nothing" if expect.is_null else show(expect.text()), made)


def _same(expect: Node, made: Any) -> bool:
    if expect.is_null:
        return made is None or made is MISSING
    text = expect.text()
    kind = kind_of(made)
    if kind == "number":
        try:
            return bool(read_decimal(text) == made)
        except ValueError:
            return False
    return kind in {"text", "boolean", "date", "instant"} and written(made) == text


def _differs(at: tuple[str | int, ...], expected: str, made: Any) -> str:
    kind = kind_of(made)
    if kind in {"missing", "null"}:
        got = "nothing" if kind == "missing" else "null"
    elif kind in {"list", "object"}:
        got = f"{len(made)} entries" if kind == "list" else "an object"
    else:
        got = show(written(made))
    return f"{label(at) or 'the document'}: expected {expected}, got {got}"
