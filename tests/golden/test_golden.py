"""Known answers of other billing systems: each is given, and a wrong one would be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden.__main__ import CASES, main
from tests.golden.runner import judge, judge_all, load, same


@pytest.mark.parametrize("case", load(CASES), ids=lambda case: case["id"])
def test_a_known_answer_is_given(case: dict[str, object]) -> None:
    verdict = judge(case)
    assert verdict.outcome == "passed", verdict.said


def test_every_case_says_where_it_comes_from() -> None:
    assert [case["id"] for case in load(CASES) if not case["source"]] == []


def spoilt(case: dict[str, object]) -> dict[str, object]:
    wrong = json.loads(json.dumps(case["expected"]), parse_int=str)
    key = next(iter(wrong))
    return {**case, "expected": {**wrong, key: "31415926.53"}}


def test_a_wrong_answer_is_told_whatever_the_topic() -> None:
    right = [case for case in load(CASES) if judge(case).outcome == "passed"]
    assert {verdict.outcome for verdict in judge_all([spoilt(case) for case in right])} == {"failed"}


def test_a_file_of_the_same_form_is_taken_by_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = next(case for case in load(CASES) if case["topic"] == "allocation")
    strange = {**case, "id": "strange", "inputs": {**case["inputs"], "moon": "full"}}
    path = tmp_path / "more.json"
    path.write_text(json.dumps([case, strange]), encoding="utf-8")
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["all", "1", "0", "1"]
    path.write_text(json.dumps([spoilt(case)]), encoding="utf-8")
    assert main([str(path)]) == 1
    assert "expected 31415926.53" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("found", "expected", "equal"),
    [
        (["1"], ["1"], True),
        ([1], ["1.0"], True),
        ({"a": 1}, {"b": 1}, False),
        ((1, 2), ["1"], False),
        (0, False, False),
    ],
)
def test_answers_compare_by_value(found: object, expected: object, equal: bool) -> None:
    assert same(found, expected) is equal
