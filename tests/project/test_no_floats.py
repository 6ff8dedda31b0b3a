"""Money never meets a float: no `float(...)`, no float literal and no float division of amounts in the money's path."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "billsync"
MONEY = (
    "model",
    "strict",
    "mapping",
    "billing",
    "invoicing",
    "cash",
    "reconcile",
    "insight",
    "dunning",
    "stage",
    "store",
)


def modules() -> Iterator[Path]:
    for name in MONEY:
        place = SOURCE / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def floats(tree: ast.AST) -> Iterator[str]:
    """Calls of float and float literals; a number of seconds (named `..._S`) and a cutoff of likeness are no money."""
    spared = {id(node) for node in spared_literals(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            yield f"line {node.lineno}: float(...)"
        if isinstance(node, ast.Constant) and isinstance(node.value, float) and id(node) not in spared:
            yield f"line {node.lineno}: the literal {node.value}"


def spared_literals(tree: ast.AST) -> Iterator[ast.AST | None]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "cutoff":
            yield node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.endswith("_S"):
            yield node.value


@pytest.mark.parametrize("path", list(modules()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_float_in_the_path_of_money(path: Path) -> None:
    assert list(floats(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_search_finds_a_planted_float() -> None:
    assert len(list(floats(ast.parse("x = float('1.1') + 0.1")))) == 2
