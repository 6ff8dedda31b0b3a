"""A caret points at the very token, however the formula is written into the YAML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.mapping import check, render
from billsync.mapping.spots import Source
from billsync.strict.yaml import load

HEAD = "mapping: m\nversion: 1\nfrom: crm.Opp\nto: product\nkey: Id\nfields:\n  id: {from: Id}\n"

STYLES = {
    "plain": "  name: {expr: Name & NOPE(Id)}\n",
    "double": '  name: {expr: "Name & NOPE(Id)"}\n',
    "double with an escape": '  name: {expr: "Name & \\"x\\" & NOPE(Id)"}\n',
    "single with a doubled quote": "  name: {expr: 'Name & ''x'' & NOPE(Id)'}\n",
    "folded plain": "  name:\n    expr: Name &\n      NOPE(Id)\n",
    "folded double": '  name:\n    expr: "Name &\n\n      NOPE(Id)"\n',
    "block": "  name:\n    expr: |\n      Name &\n        NOPE(Id)\n",
    "folded block with a comment": "  name:\n    expr: >-  # why\n      Name &\n      NOPE(Id)\n",
    "after an anchor": "  name: {expr: &shared Name & NOPE(Id)}\n",
    "after wide text": "  name: {expr: \"'日本' & NOPE(Id)\"}\n",
    "windows line ends": "  name:\r\n    expr: Name &\r\n      NOPE(Id)\r\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_the_caret_stands_under_the_token(style: str) -> None:
    text = HEAD + STYLES[style]
    (problem,) = check(text, "m.yaml")
    line, column = problem.place.line, problem.place.column
    assert line is not None
    assert column is not None
    assert text.splitlines()[line - 1][column - 1 :].startswith("NOPE(")


def test_a_finding_is_shown_as_a_compiler_shows_it() -> None:
    text = HEAD + STYLES["plain"].replace("NOPE", "TRYM")
    (problem,) = check(text, "m.yaml")
    assert render(problem, text).splitlines() == [
        "m.yaml:8:23: error MAP-FORMULA-02 there is no function 'TRYM'",
        "    8 |   name: {expr: Name & TRYM(Id)}",
        "      |                       ^",
        "      = did you mean 'TRIM'?",
    ]


def test_a_line_that_would_bend_a_terminal_is_shown_harmlessly() -> None:
    text = HEAD + "  name: {expr: \"'\u202e日' & NOPE(Id)\"}\n"
    (problem,) = check(text, "m.yaml")
    shown, caret = render(problem, text).splitlines()[1:3]
    assert "\u202e" not in shown
    assert "\ufffd" in shown
    # Two columns for the wide character, one for each other.
    assert caret.index("^") == shown.index("NOPE") + 1


@given(
    st.lists(st.sampled_from(["ab", "'", '"', "\\", "x y", "é", "日"]), min_size=1, max_size=8),
    st.sampled_from(["'", '"']),
    st.integers(0, 30),
)
def test_each_character_of_a_quoted_value_is_found_again(parts: list[str], quote: str, indent: int) -> None:
    value = "".join(parts)
    escaped = value.replace("'", "''") if quote == "'" else value.replace("\\", "\\\\").replace('"', '\\"')
    text = " " * indent + f"key: {quote}{escaped}{quote}"
    node = load(text, "m.yaml").get("key")
    assert node is not None
    assert node.value == value
    source = Source(text, "m.yaml")
    for offset, char in enumerate(value):
        place = source.place(node, offset)
        raw = text[(place.column or 0) - 1 :]
        if not char.isspace():
            assert raw.startswith(char) or (char in "'\"\\" and raw[1:2] == char)
