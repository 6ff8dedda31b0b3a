"""What a formula function is: signature, summary, examples and the reading of its arguments.  (pure)

A function says all of it in one place; its page in docs/reference/functions is made from that, and its examples are run
as tests.  Text parameters take nothing as empty text;
number, date and truth parameters refuse it, since a blank amount is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from billsync.mapping.values import MISSING, as_list, describe, kind_of

_SIGNATURE: Final = re.compile(r"([A-Z]+)\((.*)\) -> (\w+)")
_PARAMETER: Final = re.compile(r"(\w+): (\w+)(\?|\.\.\.)?")

ANY: Final = "any"
Call = TypeVar("Call", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: kind is text, number, boolean, date, instant, list, table or any; `repeated` takes the rest."""

    name: str
    kind: str
    optional: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the formula language.

    Attributes:
        signature: as people read it, `LEFT(text: text, length: number) -> text`.
        result: kind of its value, or `any`.
        examples: formulas that are TRUE.
        fails: formulas that do not work, each with the message that is shown.
        note: what else is worth knowing, such as where Excel or Salesforce differ; or "".
        theme: choices, numbers, text, dates or lists.
        call: takes values, or for `lazy` functions callables that compute them.  It raises ValueError.
    """

    name: str
    signature: str
    parameters: tuple[Parameter, ...]
    result: str
    summary: str
    examples: tuple[str, ...]
    call: Callable[..., Any]
    lazy: bool = False
    fails: tuple[tuple[str, str], ...] = ()
    note: str = ""
    theme: str = ""

    def parameter(self, index: int) -> Parameter | None:
        """The parameter that argument `index` (0-based) belongs to, or None where there are too many."""
        if index < len(self.parameters):
            return self.parameters[index]
        last = self.parameters[-1] if self.parameters else None
        return last if last is not None and last.repeated else None

    @property
    def fewest(self) -> int:
        """How many arguments it needs."""
        return sum(not (parameter.optional or parameter.repeated) for parameter in self.parameters)


FUNCTIONS: Final[dict[str, Function]] = {}
"""Every function by its name."""


def function(
    signature: str,
    summary: str,
    *examples: str,
    lazy: bool = False,
    fails: Mapping[str, str] | None = None,
    note: str = "",
) -> Callable[[Call], Call]:
    """Enter a function into the registry; a trailing `?` marks an optional parameter, `...` a repeated one."""
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"not a signature: {signature}")
    parameters = tuple(
        Parameter(name, kind, mark == "?", mark == "...") for name, kind, mark in _PARAMETER.findall(match[2])
    )

    def enter(call: Call) -> Call:
        theme = call.__module__.rpartition(".")[2]
        faults = tuple((fails or {}).items())
        FUNCTIONS[match[1]] = Function(
            match[1], signature, parameters, match[3], summary, examples, call, lazy, faults, note, theme
        )
        return call

    return enter


WORDS: Final = {
    "text": "text",
    "number": "a number",
    "boolean": "TRUE or FALSE",
    "date": "a date",
    "list": "a list",
    "any": "a value",
    "instant": "an instant",
    "object": "an object",
    "null": "NULL",
    "missing": "nothing",
}
_MEND: Final = {
    ("number", "text"): "write VALUE(...) to read text as a number",
    ("text", "number"): "write TEXT(...) to write a number as text",
    ("text", "date"): "write TEXT(..., 'YYYY-MM-DD')",
    ("text", "instant"): "write TEXT(..., 'YYYY-MM-DD')",
    ("date", "instant"): "write DATEVALUE(..., 'Europe/Berlin'): whose day is it?",
    ("instant", "text"): "write DATETIMEVALUE(...) to read text as an instant",
    ("text", "boolean"): "write TEXT(...)",
    ("date", "text"): "write DATE(...) to read text as a date",
    ("boolean", "text"): "compare it: x = 'true'",
    ("number", "missing"): "write BLANKVALUE(..., 0) where nothing means zero",
    ("number", "null"): "write BLANKVALUE(..., 0) where nothing means zero",
    ("number", "list"): "write SUM(...), or name one entry: lines[0].amount",
    ("text", "list"): "write JOIN(..., ', ') for one text, COUNT(...) for how many there are",
    ("date", "missing"): "check it with BLANK(...) first",
    ("date", "null"): "check it with BLANK(...) first",
    ("boolean", "missing"): "write BLANKVALUE(..., FALSE) where nothing means no",
    ("boolean", "null"): "write BLANKVALUE(..., FALSE) where nothing means no",
}


def mend(wanted: str, got: str) -> str:
    """What to write where a value of one kind stands and another is wanted, or ""."""
    return _MEND.get((wanted, got), "")


class Mismatch(ValueError):
    """A value of another kind than wanted; `hint` says what to write."""

    def __init__(self, wanted: str, value: Any) -> None:
        super().__init__(f"expected {WORDS[wanted]}, got {describe(value)}")
        self.hint = mend(wanted, kind_of(value))


def take_text(value: Any) -> str:
    """The value as a text argument: nothing is empty text.  Raises `Mismatch`."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    raise Mismatch("text", value)


def take_number(value: Any) -> Decimal:
    """The value as a number argument.  Raises `Mismatch`."""
    if type(value) is Decimal:
        return value
    if kind_of(value) == "number":
        return Decimal(value)
    raise Mismatch("number", value)


def take_bool(value: Any) -> bool:
    """The value as a condition.  Raises `Mismatch`."""
    if value is True or value is False:
        return value
    raise Mismatch("boolean", value)


def take_instant(value: Any) -> Any:
    """The value as an argument that is an instant.  Raises `Mismatch`."""
    if kind_of(value) == "instant":
        return value
    raise Mismatch("instant", value)


def take_date(value: Any) -> Any:
    """The value as a date argument.  Raises `Mismatch`."""
    if kind_of(value) == "date":
        return value
    raise Mismatch("date", value)


TAKE: Final[dict[str, Callable[[Any], Any]]] = {
    "text": take_text,
    "number": take_number,
    "boolean": take_bool,
    "date": take_date,
    "instant": take_instant,
    "list": as_list,
    "any": lambda value: value,
}
"""Kind of a parameter -> the reading of its argument."""
