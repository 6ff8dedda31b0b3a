"""What is planted in a configuration text, what is said about it, and where: nothing bites, nothing is guessed."""

from __future__ import annotations

import pytest

from billsync.strict import yaml

BOMB = "a: &a [x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)

BAD: list[tuple[str, str | bytes, str, int | None, str]] = [
    ("nothing", "", "READ-FILE-02", 1, "empty"),
    ("only a comment", "# later\n", "READ-FILE-02", 1, "empty"),
    ("a tab as indent", "a:\n\tb: 1\n", "YAML-SYNTAX-01", 2, "not valid YAML"),
    ("a bracket left open", "a: [1, 2\nb: 3\n", "YAML-SYNTAX-01", 2, "not valid YAML"),
    ("a quote left open", 'a: "x\nb: 1\n', "YAML-SYNTAX-01", 3, "not valid YAML"),
    ("two documents", "a: 1\n---\nb: 2\n", "YAML-SYNTAX-01", 2, "document"),
    ("an unknown alias", "a: *b\n", "YAML-SYNTAX-01", 1, "alias"),
    ("a key twice", "a: 1\nb: 2\na: 3\n", "YAML-KEY-01", 3, "first on line 1"),
    ("a key twice inside", "x:\n  a: 1\n  a: 1\n", "YAML-KEY-01", 3, "'a'"),
    ("a Python object", "a: !!python/object/apply:os.system ['x']\n", "YAML-VALUE-01", 1, "not allowed"),
    ("a float tag", "a: !!float 1\n", "YAML-VALUE-01", 1, "not allowed"),
    ("a list as key", "[a, b]: 1\n", "YAML-VALUE-01", 1, "a key must be text"),
    ("an alias bomb", BOMB, "YAML-SIZE-01", 7, "aliases"),
    ("deep nesting", "a: " + "[" * 3000, "YAML-SIZE-01", 1, "levels"),
    ("a huge file", "a: " + "x" * (1 << 20), "YAML-SIZE-01", None, "larger than"),
    ("Latin-1", b"a: 1\nb: M\xfcller\n", "READ-TEXT-01", 2, "UTF-8"),
    ("a NUL byte", b"a: 1\n\nb: \x00\n", "READ-TEXT-01", 3, "NUL"),
    ("a lone surrogate", "a: \ud800\n", "READ-TEXT-01", 1, "UTF-8"),
]


@pytest.mark.parametrize(("name", "text", "code", "line", "says"), BAD, ids=[case[0] for case in BAD])
def test_a_fault_has_its_code_and_its_line(
    name: str, text: str | bytes, code: str, line: int | None, says: str
) -> None:
    with pytest.raises(yaml.BadYaml) as caught:
        yaml.load(text, "billsync.yaml")
    (problem,) = caught.value.problems
    assert (problem.code, problem.place.file, problem.place.line) == (code, "billsync.yaml", line)
    assert says in problem.message


def test_all_doubled_keys_are_named_at_once() -> None:
    with pytest.raises(yaml.BadYaml) as caught:
        yaml.load("a: 1\na: 2\nb: {c: 1, c: 2}\n", "billsync.yaml")
    assert [(problem.place.line, problem.place.column) for problem in caught.value.problems] == [(2, 1), (3, 11)]


@pytest.mark.parametrize("written", ["NO", "0012", "1e5", "12:30:45", "0x1F", "1_000", "yes", ".inf", "2026-01-31"])
def test_text_is_what_was_written(written: str) -> None:
    assert yaml.load(f"a: {written}", "x.yaml").plain() == {"a": written}
