"""YAML as people meant it: text stays text, every node knows its place, nothing can bite.  (pure)

`NO`, `0012`, `1e5` and `12:30` are what was written.  Only the reader of a key decides on its type (`Node.integer`,
`Node.flag`, ...).  Duplicate keys, tags such as `!!python/object`, and alias bombs are refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

import yaml

from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_decimal, show

MAX_BYTES: Final = 1 << 20
MAX_NODES: Final = 100_000
MAX_ALIASES: Final = 50
MAX_DEPTH: Final = 40

_Loader: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN_TAGS: Final = {None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}

Spot: TypeAlias = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file with its place.

    Attributes:
        value: text, a tuple of nodes, or a dict from key text to node.
        file: name of the file, as in its place.
        spot: line and column of its first character, from 1.
        quoted: True for text in quotes: then `null`, `true` and `12` are text for sure.
        keys: spot of each key of a mapping.
    """

    value: str | tuple[Node, ...] | dict[str, Node]
    file: str
    spot: Spot
    quoted: bool = False
    keys: dict[str, Spot] | None = None

    @property
    def place(self) -> Place:
        """File, line and column of its first character."""
        return _place(self.spot, self.file)

    @property
    def is_text(self) -> bool:
        """Whether it is a single value."""
        return isinstance(self.value, str)

    @property
    def is_list(self) -> bool:
        """Whether it is a sequence."""
        return isinstance(self.value, tuple)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return isinstance(self.value, dict)

    @property
    def is_null(self) -> bool:
        """Whether it was written as `null`, `~` or nothing."""
        return not self.quoted and self.value in ("", "~", "null", "Null", "NULL")

    @property
    def form(self) -> str:
        """What it is, in a word for messages."""
        if self.is_mapping:
            return "a mapping"
        return "a list" if self.is_list else ("nothing" if self.is_null else f"the text {show(self.value)}")

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and values of a mapping; nothing for other nodes."""
        if isinstance(self.value, dict):
            yield from self.value.items()

    def entries(self) -> tuple[Node, ...]:
        """The entries of a list; nothing for other nodes."""
        return self.value if isinstance(self.value, tuple) else ()

    def get(self, key: str) -> Node | None:
        """The value of a key of a mapping, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def key_place(self, key: str) -> Place:
        """Place of a key of a mapping; the node's own where the key is not there."""
        return _place((self.keys or {}).get(key, self.spot), self.file)

    def text(self) -> str:
        """The text as written.  Raises `BadYaml`."""
        if isinstance(self.value, str):
            return self.value
        raise self.wrong("text")

    def integer(self) -> int:
        """A whole number.  Raises `BadYaml`."""
        text = self.value if isinstance(self.value, str) else ""
        digits = text.removeprefix("-")
        if self.quoted or not digits.isascii() or not digits.isdigit() or len(digits) > 15:
            raise self.wrong("a whole number")
        return int(text)

    def number(self) -> Decimal:
        """A decimal number, quoted or not.  Raises `BadYaml`."""
        try:
            return read_decimal(self.text())
        except ValueError as error:
            raise BadYaml([self.problem("YAML-VALUE-01", str(error))]) from None

    def flag(self) -> bool:
        """`true` or `false`, unquoted.  Raises `BadYaml`."""
        if not self.quoted and self.value in ("true", "false"):
            return self.value == "true"
        raise self.wrong("true or false")

    def wrong(self, expected: str) -> BadYaml:
        """The error that another form was expected here."""
        return BadYaml([self.problem("YAML-VALUE-01", f"expected {expected}, got {self.form}")])

    def problem(self, code: str, message: str, hint: str = "") -> Problem:
        """A problem at this node's place."""
        return Problem(code=code, message=message, hint=hint, place=self.place)

    def check_keys(self, known: Iterable[str], what: str, needed: Iterable[str] = ()) -> list[Problem]:
        """A problem for each key that is not known here, and for each needed one that is missing."""
        known = tuple(known)
        problems = [
            Problem(
                code="YAML-KEY-02",
                message=f"{what} has no key {show(key)}",
                hint=did_you_mean(key, known),
                place=self.key_place(key),
            )
            for key, _ in self.items()
            if key not in known
        ]
        problems += [
            self.problem("YAML-KEY-03", f"{what} needs the key {show(key)}") for key in needed if self.get(key) is None
        ]
        return problems

    def plain(self) -> object:
        """The node without places: text, list, dict, or None for null."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return None if self.is_null else self.value


class BadYaml(ValueError):
    """The text cannot be used; `problems` says where and why, all of them.

    Attributes:
        root: what was read all the same, where the text is well formed; None where it is not.
    """

    def __init__(self, problems: Iterable[Problem], root: Node | None = None) -> None:
        self.problems = tuple(problems)
        self.root = root
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known name, or lists them where they are few and none is near."""
    known = tuple(known)
    lower = {item.lower(): item for item in known}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    if near:
        return f"did you mean {show(lower[near[0]])}?"
    return f"known here: {', '.join(sorted(known))}" if 0 < len(known) <= 24 else ""


def load(text: str | bytes, file: str) -> Node:
    """The one document of a YAML text.  Raises `BadYaml`; `file` names it in places."""
    place = Place(file=file)
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > MAX_BYTES:
        raise BadYaml(
            [Problem(code="YAML-SIZE-01", message=f"the file is larger than {MAX_BYTES:,} bytes", place=place)]
        )
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadYaml([_bad_text(file, line)]) from None
    if "\x00" in decoded:
        line = decoded.count("\n", 0, decoded.index("\x00")) + 1
        raise BadYaml([_bad_text(file, line)])
    reading = _Reading(file)
    try:
        root = reading.document(yaml.parse(decoded, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise BadYaml([_syntax(error, file)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadYaml([Problem(code="YAML-SYNTAX-01", message=f"not valid YAML: {error}", place=place)]) from None
    if root is None:
        raise BadYaml([Problem(code="READ-FILE-02", message="the file is empty", place=Place(file=file, line=1))])
    if reading.problems:
        in_order = sorted(reading.problems, key=lambda problem: (problem.place.line, problem.place.column))
        raise BadYaml(in_order, root)
    return root


def _bad_text(file: str, line: int) -> Problem:
    return Problem(
        code="READ-TEXT-01",
        message="the file is not UTF-8 text without NUL bytes",
        hint="save it as UTF-8",
        place=Place(file=file, line=line),
    )


def _spot(mark: Any) -> Spot:
    return (mark.line + 1, mark.column + 1)


def _place(spot: Spot, file: str) -> Place:
    return Place(file=file, line=spot[0], column=spot[1])


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    place = Place(file=file) if mark is None else _place(_spot(mark), file)
    detail = "; ".join(part for part in (error.context, error.problem) if part)
    return Problem(code="YAML-SYNTAX-01", message=f"not valid YAML: {detail}", place=place)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read yet."""

    event: yaml.CollectionStartEvent
    entries: list[Node]
    size: int = 1


class _Reading:
    """Nodes from the events of one text; depth and size are refused before anything is built from them.

    An alias is the very node of its anchor: it costs nothing, but counts as all that it holds.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._aliases = 0
        self._full: Spot | None = None

    def document(self, events: Iterator[yaml.Event]) -> Node | None:
        """The node of the one document, None for none.  Raises `BadYaml` and the parser's errors."""
        root: Node | None = None
        for event in events:
            spot = _spot(event.start_mark)
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise self._refused("YAML-SYNTAX-01", "not valid YAML: expected one document, found another", spot)
            if isinstance(event, yaml.ScalarEvent):
                self._check_tag(event.tag, spot)
                root = self._add(Node(event.value, self.file, spot, quoted=bool(event.style)), event.anchor, 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._check_tag(event.tag, spot)
                self._open.append(_Open(event, []))
                if len(self._open) > MAX_DEPTH:
                    raise self._too_large(f"more than {MAX_DEPTH} levels", spot)
            elif isinstance(event, yaml.CollectionEndEvent):
                ended = self._open.pop()
                root = self._add(self._built(ended), ended.event.anchor, ended.size)
            elif isinstance(event, yaml.AliasEvent):
                root = self._add(*self._meant(event.anchor or "", spot))
        if self._full is not None:
            raise self._too_large(f"more than {MAX_NODES:,} values", self._full)
        return root

    def _add(self, node: Node, anchor: str | None, size: int) -> Node:
        """Put the node where it belongs.  The last one put is the root."""
        if anchor is not None:
            if anchor in self._anchors:
                raise self._refused("YAML-SYNTAX-01", f"not valid YAML: the anchor {show(anchor)} twice", node.spot)
            self._anchors[anchor] = (node, size)
        if self._open:
            self._open[-1].entries.append(node)
            self._open[-1].size += size
            if self._open[-1].size > MAX_NODES and self._full is None:
                self._full = node.spot
        return node

    def _meant(self, anchor: str, spot: Spot) -> tuple[Node, None, int]:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise self._too_large(f"more than {MAX_ALIASES} aliases", spot)
        if any(entry.event.anchor == anchor for entry in self._open):
            raise self._too_large(f"the alias {show(anchor)} inside itself", spot)
        if anchor not in self._anchors:
            raise self._refused("YAML-SYNTAX-01", f"not valid YAML: the alias {show(anchor)} has no anchor", spot)
        node, size = self._anchors[anchor]
        return node, None, size

    def _built(self, ended: _Open) -> Node:
        spot = _spot(ended.event.start_mark)
        if isinstance(ended.event, yaml.SequenceStartEvent):
            return Node(tuple(ended.entries), self.file, spot)
        found: dict[str, Node] = {}
        keys: dict[str, Spot] = {}
        for key, value in zip(ended.entries[::2], ended.entries[1::2], strict=True):
            if not isinstance(key.value, str):
                self._problem("YAML-VALUE-01", "a key must be text", "", key.spot)
            elif key.value in found:
                message = f"the key {show(key.value)} stands twice: first on line {keys[key.value][0]}"
                self._problem("YAML-KEY-01", message, "keep one of them", key.spot)
            else:
                found[key.value], keys[key.value] = value, key.spot
        return Node(found, self.file, spot, keys=keys)

    def _check_tag(self, tag: str | None, spot: Spot) -> None:
        if tag not in _PLAIN_TAGS:
            self._problem("YAML-VALUE-01", f"the tag {show(tag)} is not allowed", "remove it", spot)

    def _problem(self, code: str, message: str, hint: str, spot: Spot) -> None:
        self.problems.append(Problem(code=code, message=message, hint=hint, place=_place(spot, self.file)))

    def _too_large(self, what: str, spot: Spot) -> BadYaml:
        return self._refused("YAML-SIZE-01", f"the YAML has {what}", spot)

    def _refused(self, code: str, message: str, spot: Spot) -> BadYaml:
        return BadYaml([Problem(code=code, message=message, place=_place(spot, self.file))])
