"""Questions to a person, each with why it is asked and what is taken without an answer.  (shell)

Questions go to stderr, answers come from stdin: what is written to stdout stays one document.  Where nobody is to be
asked, defaults count, and what has none is told as wrong usage with the option that says it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from billsync.cli import guard, show
from billsync.connector import Choice

_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks, or takes what is known.

    Attributes:
        silent: True where nobody is to be asked.
    """

    silent: bool

    def text(self, what: str, why: str, option: str, default: str | None = None, *, secret: bool = False) -> str:
        """One text.  Raises `guard.Wrong` where there is none."""
        if self.silent:
            if default is None:
                raise guard.Wrong(f"{what} is needed: {option}" + (f" ({why})" if why else ""))
            return default
        if why:
            show.remark(f"  {show.visible(why)}")
        while True:
            said = _answer(f"{what}{f' [{show.visible(default)}]' if default else ''}: ", secret=secret)
            if said or default is not None:
                return said or default or ""

    def choice(self, what: str, why: str, choices: Sequence[Choice], default: str | None) -> str | None:
        """The id of one of them, or None for none of them."""
        if self.silent:
            return default
        show.remark("")
        if why:
            show.remark(f"  {show.visible(why)}")
        shown = choices[:_SHOWN]
        for number, choice in enumerate(shown, 1):
            mark = "*" if choice.id == default else " "
            name = f"  {show.visible(choice.name)}" if choice.name != choice.id else ""
            show.remark(f" {mark}{number:3}  {show.visible(choice.id)}{name}")
        if len(choices) > len(shown):
            show.remark(f"      and {len(choices) - len(shown)} more: write its id")
        return _chosen(what, choices, default)

    def sure(self, what: str, *, default: bool) -> bool:
        """Yes or no."""
        if self.silent:
            return default
        said = _answer(f"{what} [{'Y/n' if default else 'y/N'}]: ").lower()
        return default if not said else said in ("y", "yes")


def _chosen(what: str, choices: Sequence[Choice], default: str | None) -> str | None:
    """A number of the list, an id, or nothing for the default."""
    otherwise = f"[{show.visible(default)}], - for none" if default is not None else "[none]"
    while True:
        said = _answer(f"{what} {otherwise}: ")
        if not said or said == "-":
            return default if not said else None
        if said in {choice.id for choice in choices}:
            return said
        if said.isascii() and said.isdigit() and 0 < int(said) <= min(len(choices), _SHOWN):
            return choices[int(said) - 1].id
        show.remark("  a number of the list, or an id, is expected")


def _answer(prompt: str, *, secret: bool = False) -> str:
    """What was typed.  Raises `guard.Wrong` where nobody is there to type."""
    if secret and sys.stdin.isatty():
        from getpass import getpass

        return getpass(prompt).strip()
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise guard.Wrong("\nnobody answers: with --yes nothing is asked, and --set NAME=VALUE says what is needed")
    return line.strip()
