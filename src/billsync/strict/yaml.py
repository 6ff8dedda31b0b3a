"""YAML as people meant it: text stays text, every node knows its place, nothing can bite.  (pure)

`NO`, `0012`, `1e5` and `12:30` are what was written.  Only the reader of a key decides on its type (`Node.integer`,
`Node.flag`, ...).  Duplicate keys, tags such as `!!python/object`, and alias bombs are refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import yaml

from billsync.model.problem import Place, Problem
from billsync.model.scalar import read_decimal, show

MAX_BYTES: Final = 1 << 20
MAX_NODES: Final = 100_000
MAX_ALIASES: Final = 50
MAX_DEPTH: Final = 40

_Loader: type = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN_TAGS: Final = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file with its place.

    Attributes:
        value: text, a tuple of nodes, or a dict from key text to node.
        place: file, line and column of its first character.
        quoted: True for text in quotes: then `null`, `true` and `12` are text for sure.
        keys: place of each key of a mapping.
    """

    value: str | tuple[Node, ...] | dict[str, Node]
    place: Place
    quoted: bool = False
    keys: dict[str, Place] | None = None

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
        return (self.keys or {}).get(key, self.place)

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
    """The text cannot be used; `problems` says where and why, all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
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
    try:
        _check_events(decoded, file)
        root = yaml.compose(decoded, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise BadYaml([_syntax(error, file)]) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise BadYaml([Problem(code="YAML-SYNTAX-01", message=f"not valid YAML: {error}", place=place)]) from None
    if root is None:
        raise BadYaml([Problem(code="READ-FILE-02", message="the file is empty", place=Place(file=file, line=1))])
    problems: list[Problem] = []
    node = _node(root, file, problems, [0])
    if problems:
        raise BadYaml(problems)
    return node


def _bad_text(file: str, line: int) -> Problem:
    return Problem(
        code="READ-TEXT-01",
        message="the file is not UTF-8 text without NUL bytes",
        hint="save it as UTF-8",
        place=Place(file=file, line=line),
    )


def _check_events(text: str, file: str) -> None:
    """Refuse depth, alias bombs and aliases that hold themselves before a tree is built from them."""
    open_anchors: list[str | None] = []
    aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        what = ""
        if isinstance(event, yaml.CollectionStartEvent):
            open_anchors.append(event.anchor)
            what = f"more than {MAX_DEPTH} levels" if len(open_anchors) > MAX_DEPTH else ""
        elif isinstance(event, yaml.CollectionEndEvent):
            open_anchors.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            what = f"more than {MAX_ALIASES} aliases" if aliases > MAX_ALIASES else ""
            what = what or (f"the alias {show(event.anchor)} inside itself" if event.anchor in open_anchors else "")
        if what:
            place = _place(event.start_mark, file)
            raise BadYaml([Problem(code="YAML-SIZE-01", message=f"the YAML has {what}", place=place)])


def _place(mark: Any, file: str) -> Place:
    return Place(file=file) if mark is None else Place(file=file, line=mark.line + 1, column=mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError, file: str) -> Problem:
    place = _place(error.problem_mark or error.context_mark, file)
    detail = "; ".join(part for part in (error.context, error.problem) if part)
    return Problem(code="YAML-SYNTAX-01", message=f"not valid YAML: {detail}", place=place)


def _node(raw: yaml.Node, file: str, problems: list[Problem], count: list[int]) -> Node:
    place = _place(raw.start_mark, file)
    count[0] += 1
    if count[0] > MAX_NODES:
        raise BadYaml(
            [Problem(code="YAML-SIZE-01", message=f"the YAML has more than {MAX_NODES:,} values", place=place)]
        )
    if raw.tag not in _PLAIN_TAGS and raw.tag != "!":
        problems.append(
            Problem(
                code="YAML-VALUE-01", message=f"the tag {show(raw.tag)} is not allowed", hint="remove it", place=place
            )
        )
    if isinstance(raw, yaml.ScalarNode):
        return Node(raw.value, place, quoted=bool(raw.style))
    if isinstance(raw, yaml.SequenceNode):
        return Node(tuple(_node(item, file, problems, count) for item in raw.value), place)
    found: dict[str, Node] = {}
    keys: dict[str, Place] = {}
    for key, value in raw.value:
        spot = _place(key.start_mark, file)
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(code="YAML-VALUE-01", message="a key must be text", place=spot))
            continue
        if key.value in found:
            first = keys[key.value].line
            problems.append(
                Problem(
                    code="YAML-KEY-01",
                    message=f"the key {show(key.value)} stands twice: first on line {first}",
                    hint="keep one of them",
                    place=spot,
                )
            )
            continue
        found[key.value], keys[key.value] = _node(value, file, problems, count), spot
    return Node(found, place, keys=keys)
