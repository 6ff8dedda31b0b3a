"""A mapping turned around: which fields lead back without loss, why others do not, what leads back.  (pure)

A field leads back where it is read from one field of the record, by a type and format that lose nothing, through a
table that is one-to-one, or as a reference.  What holds then, and is tested: a document that is written into its record
and read again is the same document.  A `default:` is no obstacle: a blank comes back as the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from billsync.mapping.canonical import INBOUND
from billsync.mapping.casts import compile_cast
from billsync.mapping.layers import SOURCES, made_node, text_node
from billsync.mapping.paths import parse_path
from billsync.mapping.problems import Findings
from billsync.mapping.tables import Table
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import Node

REFERS: Final = {
    "customer": "customer",
    "parent": "customer",
    "bill_to": "customer",
    "sold_to": "customer",
    "product": "product",
    "invoice": "invoice",
}
"""Field of a canonical document that holds an id of ours -> the kind of record that it is an id of."""

_CARRIED: Final = ("owner", "create_only")
_DAYS: Final = (date(2024, 12, 31), date(1999, 2, 3))
_INSTANTS: Final = (datetime(2024, 12, 31, 23, 58, 57, tzinfo=UTC), datetime(1999, 2, 3, 4, 5, 6, tzinfo=UTC))
_Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One field of a mapping, and whether it leads back.

    Attributes:
        target: dotted path in the document.
        source: dotted path in the record, "" where it comes from no single field.
        reason: why it does not lead back, "" where it does.
        own: whether there is nothing to lead back: a fixed value, or a field for one direction only.
    """

    target: str
    source: str
    place: Place
    reason: str = ""
    own: bool = False


class _No(Exception):
    """The field does not lead back; `own` as in `Way`."""

    def __init__(self, reason: str, *, own: bool = False) -> None:
        super().__init__(reason)
        self.own = own


def ways(root: Node, tables: Mapping[str, Table]) -> tuple[Way, ...]:
    """Every field of an inbound mapping with its way back, in order.  `tables` are the mapping's, read."""
    walk = _Walk(tables)
    walk.fields(root.get("fields"), (), (), walk.tree)
    return tuple(walk.ways)


def leads_back(found: tuple[Way, ...]) -> bool:
    """Whether a mapping is invertible: every field that comes from the record leads back, and there is one."""
    return any(not way.reason for way in found) and all(not way.reason or way.own for way in found)


def is_inbound(root: Node) -> bool:
    """Whether the mapping reads records of an outside system."""
    return _text(root, "to") in INBOUND and "." in _text(root, "from")


def turned(root: Node, tables: Mapping[str, Table], at: Node, findings: Findings) -> Node:
    """The outbound mapping that writes what an inbound one reads; `at` names it where it is asked for."""
    source, kind = _text(root, "from"), _text(root, "to")
    if not is_inbound(root):
        message = "only a mapping from an outside system to a canonical document can be turned around"
        findings.error("MAP-INVERSE-01", message, at.place, f"this one leads from {source} to {kind}")
        return made_node({}, at)
    walk = _Walk(tables)
    walk.fields(root.get("fields"), (), (), walk.tree)
    if not walk.tree:
        reasons = "; ".join(f"{way.target}: {way.reason}" for way in walk.ways[:3])
        findings.error("MAP-INVERSE-01", "no field of this mapping leads back", at.place, reasons)
    entries = {
        "from": text_node(kind, root.get("to") or at),
        "to": text_node(source, root.get("from") or at),
        "key": text_node(walk.key_of(root), root.get("key") or at),
        "fields": _built(walk.tree, at),
    }
    if walk.used:
        backs = {_name_back(tables[name]): _back_table(tables[name], at) for name in sorted(walk.used)}
        entries["tables"] = made_node(backs, at)
    return made_node(entries, at)


def _text(root: Node, key: str) -> str:
    node = root.get(key)
    return node.value if node is not None and isinstance(node.value, str) else ""


_Tree = dict[str, Any]
"""Names of the record's fields -> the node of a field, or the tree of an object."""


@dataclass(slots=True)
class _Walk:
    """Goes through the fields of a mapping and gathers the ways and the fields of the one that leads back."""

    tables: Mapping[str, Table]
    ways: list[Way] = field(default_factory=list)
    tree: _Tree = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def fields(self, node: Node | None, target: _Names, within: _Names, tree: _Tree) -> None:
        """One level; `target` is its place in the document, `within` that in the entry of the nearest `each`."""
        for name, entry in node.items() if node is not None else ():
            where, inner = (*target, name), (*within, name)
            if entry.get("fields") is not None and entry.get("each") is None:
                self.fields(entry.get("fields"), where, inner, tree)
                continue
            source = ""
            try:
                names = _source(entry)
                source = ".".join(names)
                if entry.get("each") is not None:
                    self._each(entry, where, inner, names, tree)
                else:
                    _plant(tree, names, self._back(entry, inner))
            except _No as no:
                self.ways.append(Way(".".join(where), source, entry.place, str(no), no.own))
            else:
                self.ways.append(Way(".".join(where), source, entry.place))

    def key_of(self, root: Node) -> str:
        """The document's field that holds the record's key."""
        key = _text(root, "key")
        return next((way.target for way in self.ways if not way.reason and way.source == key), "id")

    def _each(self, entry: Node, where: _Names, inner: _Names, names: _Names, tree: _Tree) -> None:
        for blocking, reason in (("when", "`when` leaves entries out"), ("by", "`by` makes several entries one")):
            if entry.get(blocking) is not None:
                raise _No(reason)
        below: _Tree = {}
        before = len(self.ways)
        self.fields(entry.get("fields"), where, (), below)
        if not below:
            raise _No("none of its fields leads back")
        said = entry.get("each") or entry
        keys = {"each": text_node(_path(inner), said), "fields": _built(below, entry)}
        key = entry.get("key")
        own = next((way for way in self.ways[before:] if key and not way.reason and way.source == key.value), None)
        if key is not None and own is not None:
            keys["key"] = text_node(own.target.removeprefix(f"{'.'.join(where)}."), key)
        _plant(tree, names, made_node(keys, entry))

    def _back(self, entry: Node, inner: _Names) -> Node:
        """How the record's field is made of the document's."""
        said = entry.get("from") or entry
        keys = {"from": text_node(_path(inner), said)}
        if entry.get("lookup") is not None:
            keys |= self._lookup(entry)
        elif entry.get("as") is not None:
            keys |= _cast(entry)
        ref = entry.get("ref")
        if ref is not None:
            if inner[-1] not in REFERS:
                raise _No(f"of what {inner[-1]} is a reference is not known")
            keys["ref"] = text_node(REFERS[inner[-1]], ref)
        keys |= {key: node for key in _CARRIED if (node := entry.get(key)) is not None}
        return made_node(keys, entry)

    def _lookup(self, entry: Node) -> dict[str, Node]:
        node, kind, how = entry.get("lookup") or entry, _text(entry, "as"), _text(entry, "on_miss")
        if not node.is_text:
            raise _No("what is asked for in another system cannot be asked back")
        table = self.tables.get(node.text())
        if table is None:
            raise _No(f"its table {show(node.text())} cannot be read")
        if kind not in {"", "text"}:
            raise _No(f"`as: {kind}` after a table: two of its values may become one")
        if how in {"keep", "default"}:
            raise _No(f"with `on_miss: {how}` two values may become one")
        for first, second in _doubles(table):
            raise _No(f"the table {table.name} is not one-to-one: {show(first)} and {show(second)} have the same value")
        if None in table.entries.values():
            raise _No(f"the table {table.name} turns a value into nothing")
        self.used.add(table.name)
        return {"lookup": text_node(_name_back(table), node), "on_miss": text_node("error", node)}


# ---------------------------------------------------------------- one field


def _source(entry: Node) -> _Names:
    """The record's field that a field is read from.  Raises `_No`."""
    kind = next((key for key in SOURCES if entry.get(key) is not None), "")
    if kind == "const":
        raise _No("a fixed value: nothing of the record", own=True)
    if kind not in {"from", "each"}:
        raise _No(f"`{kind}` cannot be turned around" if kind else "it comes from nowhere")
    if _text(entry, "direction") == "inbound":
        raise _No("it is for this direction only", own=True)
    if kind == "from" and entry.get("when") is not None:
        raise _No("`when` decides whether it is written")
    try:
        path = parse_path(_text(entry, kind))
    except ValueError:
        raise _No("its path cannot be read") from None
    if not path.steps:
        raise _No("the record itself is the only entry" if kind == "each" else "it is the whole record")
    if path.start or len(path.names) != len(path.steps) or any("`" in name for name in path.names):
        raise _No(f"{show(str(path))} is no plain path of fields")
    return path.names


def _cast(entry: Node) -> dict[str, Node]:
    """The type that undoes a type.  Raises `_No`."""
    wanted, format = entry.get("as") or entry, entry.get("format")
    kind = _text(entry, "as")
    if kind == "list":
        raise _No("`as: list` makes a list of one of a single value")
    if format is None:
        return {}
    if kind not in {"date", "datetime", "text"}:
        raise _No("a number that was read by a format is not written by it")
    if not _is_lossless(kind, str(format.value)):
        raise _No(f"the format {show(format.value)} does not hold all of it")
    return {"as": text_node("date" if kind == "text" else "text", wanted), "format": format}


def _is_lossless(kind: str, format: str) -> bool:
    """Whether what is written by a format is read back as the same, by trial."""
    try:
        write = compile_cast("text", format)
        read = compile_cast("datetime" if kind == "datetime" else "date", format)
        return all(read(write(value)) == value for value in (_INSTANTS if kind == "datetime" else _DAYS))
    except ValueError:
        return False


# ---------------------------------------------------------------- tables and nodes


def _doubles(table: Table) -> Iterator[tuple[str, str]]:
    """Keys that have the same value, two by two."""
    seen: dict[str, str] = {}
    for key, value in table.entries.items():
        if value is not None and seen.setdefault(value, key) != key:
            yield seen[value], key


def _name_back(table: Table) -> str:
    return f"{table.name} back"


def _back_table(table: Table, at: Node) -> Node:
    return made_node({value: text_node(key, at) for key, value in table.entries.items() if value is not None}, at)


def _path(names: _Names) -> str:
    return ".".join(f"`{name}`" if set(name) & set(".[]$@") else name for name in names)


def _plant(tree: _Tree, names: _Names, node: Node) -> None:
    """Put a field where it belongs.  Raises `_No` where another one stands there."""
    for name in names[:-1]:
        tree = tree.setdefault(name, {})
        if isinstance(tree, Node):
            raise _No(f"{show('.'.join(names))} lies inside of a field that another one writes")
    if names[-1] in tree:
        raise _No(f"another field writes {show('.'.join(names))} already")
    tree[names[-1]] = node


def _built(tree: _Tree, at: Node) -> Node:
    entries = {}
    for name, inner in tree.items():
        entries[name] = inner if isinstance(inner, Node) else made_node({"fields": _built(inner, at)}, at)
    return made_node(entries, at)
