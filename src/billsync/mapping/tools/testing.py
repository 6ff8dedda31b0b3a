"""Runs the `tests:` of a mapping.  (pure)

    tests:
      - name: a won deal is billed once
        given: {Id: "1", Amount: "10.00"}        the record itself, or the name of a JSON file that holds it
        refs: {salesforce.Account: {001: acme}}  our ids of records referred to; without it each is its own id
        expect: {currency: USD}                  the part of the document that matters, `skip`, or the name of a
                                                 JSON file that holds all of it: golden/won.json
        expect_problem: MAP-LOOKUP-01            instead: the codes of the problems, one or a list

Expected values are text: a number is compared as a number, a day as `YYYY-MM-DD`; `null` also fits a field left out;
a list has to have as many entries.  A canonical document that is given must be a valid one.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from typing import Any, Final

from billsync.connector import Record
from billsync.mapping.apply import Case, Mapped, Mapping
from billsync.mapping.canonical import complaint, validate
from billsync.mapping.run import Resolve, label
from billsync.mapping.tables import ReadFile, bare, no_files, read_text
from billsync.mapping.values import MISSING, kind_of, written
from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_decimal, show
from billsync.strict import json
from billsync.strict.yaml import BadYaml, Node

SKIP: Final = "skip"
GOLDEN: Final = ".json"
"""How the name of a file of expected values ends."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One place where something else came than a test expects.

    Attributes:
        line: in words.
        node: what the test expects there, or None where another test has to be written.
        made: what came, in place of the node: a value, `SKIP`, or codes of problems as a list.
    """

    line: str
    node: Node | None = None
    made: Any = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of one test.

    Attributes:
        place: of the test in the mapping file.
        gaps: where something else came than expected; none where the test passed.
        problems: of the record, also of a passed test that expects them; or why the test could not be run.
        doc: the document that was made, or None.
        golden: the file that holds the expected document, or "".
    """

    name: str
    place: Place
    gaps: tuple[Gap, ...]
    problems: tuple[Problem, ...] = ()
    doc: Dict[str, Any] | None = None
    golden: str = ""

    @property
    def differences(self) -> tuple[str, ...]:
        """What is otherwise than expected, a line each; empty where the test passed."""
        return tuple(gap.line for gap in self.gaps)

    @property
    def passed(self) -> bool:
        """Whether everything is as expected."""
        return not self.gaps

    def __str__(self) -> str:
        head = f"{'ok  ' if self.passed else 'FAIL'} {self.name}  ({self.place})"
        return "\n".join([head, *(f"       {line}" for line in self.differences)])


def run_tests(mapping: Mapping, *, read_file: ReadFile = no_files) -> list[CaseResult]:
    """One result per test, in the order of the file.  Never raises for what stands in a test."""
    return [run_case(mapping, case, read_file) for case in mapping.tests]


def run_case(mapping: Mapping, case: Case, read_file: ReadFile) -> CaseResult:
    """What comes of one test.  Never raises for what stands in it."""
    expect = case.node.get("expect")
    golden = _golden(expect)
    try:
        record = given_record(mapping, case, read_file)
        resolve = given_refs(case.node.get("refs"))
        wanted = _codes(case.node.get("expect_problem"))
    except BadYaml as error:
        gaps = tuple(Gap(f"the test cannot be run: {problem}") for problem in error.problems)
        return CaseResult(case.name, case.node.place, gaps, error.problems)
    mapped = mapping.apply(record, resolve)
    made = mapped.doc if mapped.noun is None else mapped.noun.model_dump()
    gaps = tuple(_judge(mapped, made, case.node, wanted, read_file if golden else no_files))
    return CaseResult(case.name, case.node.place, gaps, mapped.problems, made, golden)


def _golden(expect: Node | None) -> str:
    """The file of expected values that a test names, or ""."""
    return expect.text() if expect is not None and expect.is_text and expect.text().endswith(GOLDEN) else ""


# ---------------------------------------------------------------- given


def given_record(mapping: Mapping, case: Case, read_file: ReadFile) -> Record:
    """The record that a test is about.  Raises `BadYaml`."""
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


def given_refs(refs: Node | None) -> Resolve:
    """Our ids, as a test gives them; without any each is its own.  Raises `BadYaml`."""
    if refs is None:
        return lambda _name, id: id
    if not refs.is_mapping:
        raise refs.wrong("our ids by object and id, such as {salesforce.Account: {001: acme}}")
    known = {(name, id): ours.text() for name, ids in refs.items() for id, ours in ids.items()}
    return lambda name, id: known.get((bare(name), id))


def _codes(node: Node | None) -> set[str]:
    if node is None:
        return set()
    return {entry.text() for entry in node.entries()} if node.is_list else {node.text()}


# ---------------------------------------------------------------- then


def _judge(mapped: Mapped, made: Any, case: Node, wanted: set[str], read_file: ReadFile) -> Iterator[Gap]:
    """Where something else came than expected."""
    expect, codes = case.get("expect"), case.get("expect_problem")
    found = {problem.code for problem in mapped.problems}
    node = codes if found and wanted else None  # a document never turns into a problem by itself, nor the reverse
    for code in sorted(wanted - found):
        yield Gap(f"expected the problem {code}, it did not come", node, sorted(found))
    for each in mapped.problems:
        if each.code not in wanted:
            yield Gap(f"a problem that was not expected: {each}", node, sorted(found))
    if expect is None or found:
        return
    if expect.value == SKIP:
        if not mapped.skipped:
            yield Gap("expected that the record is skipped, but a document was made", expect, made)
    elif mapped.skipped:
        yield Gap("expected a document, but `when` is false: the record is skipped", expect, SKIP)
    elif _golden(expect):
        yield from _against_file(expect, made, read_file)
    else:
        yield from _compare(expect, made, ())


def _compare(expect: Node, made: Any, at: tuple[str | int, ...]) -> Iterator[Gap]:
    if expect.is_mapping:
        if not isinstance(made, Dict):
            yield _differs(expect, at, "an object", made)
            return
        for name, node in expect.items():
            yield from _compare(node, made.get(name, MISSING), (*at, name))
    elif expect.is_list:
        if not isinstance(made, list | tuple) or len(made) != len(expect.entries()):
            yield _differs(expect, at, f"{len(expect.entries())} entries", made)
            return
        for index, node in enumerate(expect.entries()):
            yield from _compare(node, made[index], (*at, index))
    elif not (made is None or made is MISSING if expect.is_null else same(expect.text(), made)):
        yield _differs(expect, at, "nothing" if expect.is_null else show(expect.text()), made)


def same(text: str, made: Any) -> bool:
    """Whether a value is the one that was written down: numbers as numbers, days as `YYYY-MM-DD`."""
    kind = kind_of(made)
    if kind == "number":
        try:
            return bool(read_decimal(text) == made)
        except ValueError:
            return False
    return kind in {"text", "boolean", "date", "instant"} and written(made) == text


def _differs(node: Node, at: tuple[str | int, ...], expected: str, made: Any) -> Gap:
    return Gap(f"{label(at) or 'the document'}: expected {expected}, got {_got(made)}", node, made)


def _got(made: Any) -> str:
    kind = kind_of(made)
    if kind in {"missing", "null"}:
        return "nothing" if kind == "missing" else "null"
    if kind in {"list", "object"}:
        return f"{len(made)} entries" if kind == "list" else "an object"
    return show(written(made))


# ---------------------------------------------------------------- golden files


def _against_file(node: Node, made: Any, read_file: ReadFile) -> Iterator[Gap]:
    """The whole document against a file: a field more is a difference too, but for one without a value."""
    try:
        wanted = json.loads(read_text(read_file, node))
    except BadYaml as error:
        yield from (Gap(problem.message) for problem in error.problems)
        return
    except json.BadJson as error:
        yield Gap(f"{node.value}: {error}")
        return
    yield from (Gap(line) for line in _unlike(wanted, made, ()))


def _unlike(wanted: Any, made: Any, at: tuple[str | int, ...]) -> Iterator[str]:
    place = label(at) or "the document"
    if isinstance(wanted, dict):
        if not isinstance(made, Dict):
            yield f"{place}: expected an object, got {_got(made)}"
            return
        for name in dict.fromkeys([*wanted, *made]):
            yield from _unlike(wanted.get(name), made.get(name), (*at, name))
    elif isinstance(wanted, list):
        if not isinstance(made, list | tuple) or len(made) != len(wanted):
            yield f"{place}: expected {len(wanted)} entries, got {_got(made)}"
            return
        for index, item in enumerate(wanted):
            yield from _unlike(item, made[index], (*at, index))
    elif wanted is None:
        if made is not None:
            yield f"{place}: expected nothing, got {_got(made)}"
    elif not same(written(wanted), made):
        yield f"{place}: expected {show(written(wanted))}, got {_got(made)}"
