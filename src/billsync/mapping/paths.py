"""Where a value stands in a record: `Account.BillingCountry`, `lines[0].sku`, `$.currency`, `@`.  (pure)

A path starts at the record, or inside `each` at the entry.  `$` is the whole record from everywhere, `@` is the entry
itself.  A step into a list gives the list of what its entries have.  Blank text counts as empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billsync.mapping.values import MISSING, Wrong, describe
from billsync.model.scalar import show

_STEP: Final = re.compile(r"`([^`]+)`|([^.\[\]`$@]+)")
_INDEX: Final = re.compile(r"\[([0-9]{1,6})\]")


@dataclass(slots=True)
class Frame:
    """Where the mapping stands while it works on one record.

    Attributes:
        here: the record, or the entry of an `each`.
        root: the whole record.
        out: values of the fields made so far in the same `fields:`.
        source: path of `here` in the record, "" for the record itself.
        target: position of `out` in the document, as pydantic names it: `("lines", 0)`.
        run: what is collected for the record (see `apply.Run`).
    """

    here: Any
    root: Any
    out: dict[str, Any]
    source: str
    target: tuple[str | int, ...]
    run: Any


Read = Callable[[Frame], Any]


@dataclass(frozen=True, slots=True)
class Path:
    """A path, taken apart.

    Attributes:
        start: "$" for the whole record, "@" or "" for where the mapping stands.
        steps: names and positions.
    """

    start: str
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        text = self.start
        for step in self.steps:
            text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
        return text

    @property
    def names(self) -> tuple[str, ...]:
        """Its steps without positions."""
        return tuple(step for step in self.steps if isinstance(step, str))

    def under(self, base: str) -> str:
        """The path from the record on, where `base` is the path of the place it starts from."""
        own = str(Path("", self.steps))
        if self.start == "$" or not base:
            return own
        return base + own if not own or own.startswith("[") else f"{base}.{own}"


def parse_path(text: str) -> Path:
    """The path that the text names.  Raises ValueError."""
    start = text[:1] if text[:1] in {"$", "@"} else ""
    at, steps = len(start), list[str | int]()
    while at < len(text):
        index = _INDEX.match(text, at)
        if index:
            steps.append(int(index[1]))
            at = index.end()
            continue
        at += text[at] == "." and (bool(steps) or bool(start))
        name = _STEP.match(text, at)
        if not name or (at and text[at - 1] != ".") or name[0].strip() != name[0]:
            raise ValueError(_cannot(text))
        steps.append(name[1] or name[2])
        at = name.end()
    if not steps and not start:
        raise ValueError(_cannot(text))
    return Path(start, tuple(steps))


def _cannot(text: str) -> str:
    return f"expected a field such as Account.BillingCountry or lines[0].sku, got {show(text)}"


def reader(path: Path) -> Read:
    """What reads the path from a frame.  It raises `Wrong` where a name leads into a value that has no fields."""
    steps, whole = path.steps, path.start == "$"
    if len(steps) == 1 and isinstance(steps[0], str) and not whole:
        return _single(steps[0])

    def read(frame: Frame) -> Any:
        value = frame.root if whole else frame.here
        for name in steps:
            value = step(value, name)
        return _clean(value)

    return read


def _single(name: str) -> Read:
    def read(frame: Frame) -> Any:
        here = frame.here
        return _clean(here.get(name, MISSING) if type(here) is dict else step(here, name))

    return read


def _clean(value: Any) -> Any:
    return "" if type(value) is str and value.isspace() else value


def step(value: Any, name: str | int) -> Any:
    """One step into a value: MISSING where there is nothing.  Raises `Wrong` where it has no fields."""
    if value is MISSING or value is None:
        return MISSING
    if isinstance(value, list | tuple):
        if isinstance(name, int):
            return value[name] if name < len(value) else MISSING
        return _each(value, name)
    if isinstance(name, int):  # one value where a list was expected is a list of one
        return value if name == 0 else MISSING
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    raise Wrong("MAP-VALUE-01", f"expected an object with the field {show(name)}, got {describe(value)}")


def _each(values: list[Any] | tuple[Any, ...], name: str) -> list[Any]:
    found: list[Any] = []
    for value in values:
        item = step(value, name)
        if isinstance(item, list | tuple):
            found.extend(item)
        elif item is not MISSING:
            found.append(item)
    return found
