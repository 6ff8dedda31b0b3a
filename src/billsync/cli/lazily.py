"""The command line as a tree whose leaves grow when they are asked for.  (shell)

The library makes every command with all its options before it looks at the first argument: a tenth of a second for each
call of `billsync`, for a hundred and more commands of which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from copy import copy
from functools import cache, partial
from typing import Any

from typer import Typer
from typer.main import get_command_from_info, get_command_name, get_group_from_info
from typer.models import CommandInfo, TyperInfo


class Lazy(MutableMapping[str, Any]):
    """Commands by name, each made when it is first taken."""

    def __init__(self, makers: dict[str, Callable[[], Any]]) -> None:
        self._makers, self._made = makers, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._makers[name] = lambda: command
        self._made.pop(name, None)

    def __delitem__(self, name: str) -> None:
        del self._makers[name]
        self._made.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


@cache
def tree(app: Typer) -> Any:
    """The command that the library makes of an app, the same for each call in a process."""
    return _group(TyperInfo(app), app)


def _group(info: TyperInfo, root: Typer) -> Any:
    """A group with everything but its commands, and these as they are asked for."""
    app = info.typer_instance
    assert app is not None
    bare, alone = copy(info), copy(app)
    alone.registered_commands, alone.registered_groups = [], []
    bare.typer_instance = alone
    group = get_group_from_info(
        bare,
        pretty_exceptions_short=root.pretty_exceptions_short,
        suggest_commands=root.suggest_commands,
        rich_markup_mode=root.rich_markup_mode,
    )
    group.commands = Lazy(_makers(app, root))
    return group


def _makers(app: Typer, root: Typer) -> dict[str, Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {}
    made |= {_name(each): partial(_command, each, root) for each in app.registered_commands}
    made |= {str(each.name): partial(_group, each, root) for each in app.registered_groups}
    return made


def _name(info: CommandInfo) -> str:
    assert info.callback is not None
    return info.name or get_command_name(info.callback.__name__)


def _command(info: CommandInfo, root: Typer) -> Any:
    return get_command_from_info(
        info, pretty_exceptions_short=root.pretty_exceptions_short, rich_markup_mode=root.rich_markup_mode
    )
