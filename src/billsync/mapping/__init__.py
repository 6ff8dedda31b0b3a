"""The mapping language: record of an outside system <-> canonical document, declared in YAML.  (pure)

parse(text, file)                  a compiled Mapping, or BadMapping with every error of the file
Mapping.apply(record, resolve)     Mapped: the document, its references, or every problem of the record
check(text, file)                  lint; `render` shows a finding with a caret
run_tests(mapping)                 the mapping's own tests
dependency_order(mappings)         so that what is referred to comes first
"""

from billsync.mapping.apply import Case, Mapped, Mapping
from billsync.mapping.canonical import INBOUND, KINDS, record_of
from billsync.mapping.check import check, render
from billsync.mapping.formula.functions import FUNCTIONS, Function
from billsync.mapping.kit import FieldFacts
from billsync.mapping.language import parse
from billsync.mapping.native import BadNative, Native, native
from billsync.mapping.order import dependency_order
from billsync.mapping.problems import BadMapping
from billsync.mapping.run import Resolve
from billsync.mapping.tables import ReadFile
from billsync.mapping.tools.testing import CaseResult, run_tests

__all__ = [
    "FUNCTIONS",
    "INBOUND",
    "KINDS",
    "BadMapping",
    "BadNative",
    "Case",
    "CaseResult",
    "FieldFacts",
    "Function",
    "Mapped",
    "Mapping",
    "Native",
    "ReadFile",
    "Resolve",
    "check",
    "dependency_order",
    "native",
    "parse",
    "record_of",
    "render",
    "run_tests",
]
