"""Lint over several files, and how findings stand in a pull request and in a CI report."""

from __future__ import annotations

import xml.dom.minidom

from hypothesis import given
from hypothesis import strategies as st

from billsync.mapping import CaseResult, parse
from billsync.mapping.tools.annotations import annotation
from billsync.mapping.tools.junit import Suite, junit
from billsync.mapping.tools.testing import Gap
from billsync.mapping.tools.together import as_pipeline, same_names
from billsync.model.problem import Place, Problem, Severity

ITEM = """\
mapping: {0}
version: 1
from: crm.{1}
to: customer
key: Id
fields:
  id: {{from: Id}}
  name: {{from: Id}}
"""


def item(name: str, object: str, ref: str = "") -> str:
    rule = f"  parent: {{ref: {ref}, from: Up}}\n" if ref else ""
    return ITEM.format(name, object) + rule


def test_two_files_of_one_name_are_told_where_the_other_is() -> None:
    mappings = [parse(item("crm.a", "A"), "one.yaml"), parse(item("crm.a", "B"), "two.yaml")]
    (found,) = same_names(mappings)
    assert (found.code, found.place.file) == ("MAP-NAME-02", "two.yaml")
    assert "one.yaml:1" in found.message


def test_what_nothing_reads_cannot_be_referred_to() -> None:
    accounts, deals = parse(item("crm.a", "Account"), "a.yaml"), parse(item("crm.d", "Deal", "crm.Acount"), "d.yaml")
    (found,) = as_pipeline([accounts, deals])
    assert (found.code, found.severity, found.place.line) == ("MAP-REF-02", Severity.WARNING, 9)
    assert found.hint == "did you mean 'crm.Account'?"
    assert list(as_pipeline([accounts, parse(item("crm.d", "Deal", "crm.Account"), "d.yaml")])) == []


def test_mappings_that_need_each_other_are_told() -> None:
    both = [parse(item("crm.a", "A", "crm.B"), "a.yaml"), parse(item("crm.b", "B", "crm.A"), "b.yaml")]
    assert [found.code for found in as_pipeline(both)] == ["MAP-CYCLE-01"]


def test_an_annotation_is_one_command_whatever_the_file_says() -> None:
    place = Place(file="maps/a,b:c.yaml", line=3, column=7)
    problem = Problem(code="MAP-FIELD-01", message="100% of\n::error::it", hint="did you mean 'x'?", place=place)
    said = annotation(problem)
    assert said == (
        "::error file=maps/a%2Cb%3Ac.yaml,line=3,col=7,title=MAP-FIELD-01::100%25 of%0A::error::it  (did you mean 'x'?)"
    )
    warned = problem.model_copy(update={"severity": Severity.WARNING, "place": Place(), "hint": ""})
    assert annotation(warned).startswith("::warning title=MAP-FIELD-01::100%25")


@given(st.text(), st.text())
def test_a_report_is_xml_whatever_stands_in_it(name: str, line: str) -> None:
    place = Place(file="m.yaml", line=4, column=1)
    results = [CaseResult(name, place, (Gap(line), Gap("b"))), CaseResult("fine", place, ())]
    report = xml.dom.minidom.parseString(junit([Suite("m.yaml", results)]).encode("utf-8", "surrogatepass"))
    (suite,) = report.getElementsByTagName("testsuite")
    assert (suite.getAttribute("tests"), suite.getAttribute("failures")) == ("2", "1")
    assert len(report.getElementsByTagName("failure")) == 1


def test_a_file_that_cannot_be_used_is_an_error_of_the_report() -> None:
    problem = Problem(code="MAP-FIELD-02", message="no name", place=Place(file="m.yaml", line=2))
    report = junit([Suite("m.yaml", (), [problem])])
    assert '<testsuite name="m.yaml" tests="1" failures="0" errors="1">' in report
    assert 'name="MAP-FIELD-02" file="m.yaml" line="2"' in report
