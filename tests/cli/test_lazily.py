"""The tree that grows as it is asked for is the one that the library makes at once."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType
from typing import Any

import pytest
from typer.main import get_command, get_command_from_info
from typer.models import CommandInfo

from billsync.cli import lazily
from billsync.cli.app import app


def plain(thing: Any) -> dict[str, Any]:
    """What of a command or parameter can be compared."""
    kinds = (str, bool, int, list, tuple, NoneType)
    return {
        name: repr(value)
        for name, value in vars(thing).items()
        if isinstance(value, kinds) and not name.startswith(("params", "_"))
    }


def told(command: Any, path: str = "billsync") -> Iterator[tuple[str, Any]]:
    """What each command of a tree is: its words, its own attributes, its parameters as they describe themselves."""
    yield path, (type(command), plain(command), [(type(each), plain(each)) for each in command.params])
    for name in getattr(command, "commands", {}):
        yield from told(command.commands[name], f"{path} {name}")


def test_every_command_is_the_same() -> None:
    made, grown = dict(told(get_command(app))), dict(told(lazily.tree.__wrapped__(app)))
    assert len(made) > 90
    assert list(made) == list(grown)
    assert [path for path in made if made[path] != grown[path]] == []


def test_what_nobody_asks_for_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[str]()

    def counted(info: CommandInfo, **more: Any) -> Any:
        command = get_command_from_info(info, **more)
        made.append(command.name or "")
        return command

    monkeypatch.setattr(lazily, "get_command_from_info", counted)
    tree = lazily.tree.__wrapped__(app)
    assert tree.commands["invoice"].commands["show"].name == "show"
    assert made == ["show"]
