"""All that proves a mapping file: tests of each variant, round trips, examples of the functions it calls.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from billsync.mapping.apply import Mapping
from billsync.mapping.language import called, compile_stack
from billsync.mapping.layers import PLAIN, Variant, variants
from billsync.mapping.native import NO_NATIVES, Natives, failures
from billsync.mapping.problems import BadMapping, Findings
from billsync.mapping.stack import Find, Sheet, Stack, nowhere, read_stack
from billsync.mapping.tools.mirror import pair_of, round_trips
from billsync.mapping.tools.testing import CaseResult, Gap, run_case
from billsync.model.problem import Severity


def run_suite(sheet: Sheet, natives: Natives = NO_NATIVES, find: Find = nowhere) -> list[CaseResult]:
    """One result per test, round trip and function, the plain variant first; others are named in the test's name.

    Raises `BadMapping` where the file has errors, for whichever variant.
    """
    stack, mapping = _compiled(sheet, natives, find, PLAIN)
    results = [*_of_variant(sheet, natives, find, PLAIN, stack, mapping), *_examples(stack, mapping, natives)]
    for variant in variants(stack.layers)[1:]:
        made = _of_variant(sheet, natives, find, variant, *_compiled(sheet, natives, find, variant))
        results += [replace(result, name=f"{result.name} [{variant}]") for result in made]
    return results


def _compiled(sheet: Sheet, natives: Natives, find: Find, variant: Variant) -> tuple[Stack, Mapping]:
    findings = Findings()
    stack = read_stack(sheet, find, variant, findings)
    mapping = None if stack is None else compile_stack(stack, natives, findings)
    if stack is None or mapping is None:
        raise BadMapping([found for found in findings.in_order() if found.severity is Severity.ERROR])
    return stack, mapping


def _of_variant(
    sheet: Sheet, natives: Natives, find: Find, variant: Variant, stack: Stack, mapping: Mapping
) -> Iterator[CaseResult]:
    yield from (run_case(mapping, case, stack.reader(case.node.file)) for case in mapping.tests)
    pair = pair_of(sheet, natives, find, variant)
    if pair is not None:
        yield from round_trips(pair)


def _examples(stack: Stack, mapping: Mapping, natives: Natives) -> Iterator[CaseResult]:
    """The examples of each function that the mapping calls, as one test a function."""
    for name in sorted(called(stack.root.get("fields"))):
        gaps = tuple(Gap(line) for line in failures(natives[name]))
        yield CaseResult(f"examples of {name}", mapping.place, gaps)
