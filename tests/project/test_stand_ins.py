"""A stand-in shares no code with its connector, nor with anything else that could be wrong in the same way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

CONNECTORS = Path(__file__).parents[2] / "connectors" / "billsync_connectors"
LIBRARY = CONNECTORS.with_name("billsync_stand_in")
SERVERS = sorted(folder.parent.name for folder in CONNECTORS.glob("*/server"))


@cache
def imported(file: Path) -> tuple[str, ...]:
    """Every module that a file imports, wherever it does."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def strange(system: str, module: str) -> bool:
    """Whether it is neither Python's own nor the stand-in's own, nor of what all stand-ins are built of."""
    own = (f"billsync_connectors.{system}.server.", f"{LIBRARY.name}.")
    return foreign(module) and not f"{module}.".startswith(own)


def foreign(module: str) -> bool:
    """Whether it is not Python's own."""
    return module.split(".", maxsplit=1)[0] not in sys.stdlib_module_names


@pytest.mark.parametrize("system", SERVERS)
def test_a_stand_in_imports_python_and_itself(system: str) -> None:
    files = sorted((CONNECTORS / system / "server").rglob("*.py"))
    found = {(file.name, name) for file in files for name in imported(file) if strange(system, name)}
    assert found == set()


def test_what_stand_ins_are_built_of_imports_python_and_itself() -> None:
    files = sorted(LIBRARY.rglob("*.py"))
    found = {(file.name, name) for file in files for name in imported(file) if foreign(name)}
    assert {(file, name) for file, name in found if not f"{name}.".startswith(f"{LIBRARY.name}.")} == set()
    assert len(files) > 3


@pytest.mark.parametrize("system", SERVERS)
def test_every_stand_in_is_built_of_it(system: str) -> None:
    files = sorted((CONNECTORS / system / "server").rglob("*.py"))
    found = {name for file in files for name in imported(file)}
    assert {f"{LIBRARY.name}.{part}" for part in ("faults", "packets", "start")} <= found
    assert not found & {"socketserver", "http.server"}


def test_what_is_strange_to_a_stand_in_is_seen() -> None:
    assert strange("xero", "billsync_stand_ins.clock")
    assert strange("xero", "billsync.stand_in")
    assert not strange("xero", "billsync_stand_in.clock")
    assert strange("xero", "billsync_connectors.xero.money")
    assert strange("xero", "billsync_connectors.xero.servers")
    assert strange("xero", "httpx")
    assert not strange("xero", "billsync_connectors.xero.server.money")
    assert not strange("xero", "json.decoder")
