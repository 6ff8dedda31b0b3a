"""One mapping laid over another, on the YAML itself: every value keeps the place where it was written.  (pure)

    extends: salesforce.opportunity         or a file, relative to this one
    fields:
      memo: null                            removed
      country: {lookup: my_iso}             names no source of its own: the rest stays as it is below
      lines: {fields: {quantity: {from: Seats__c, as: decimal}}}
    overrides:
      - {environment: sandbox, entity: acme-gmbh, when: ..., key: ..., tables: {...}, fields: {...}, tests: [...]}

Tables are laid over each other by entry, fields by name and as deep as they are written; the other keys replace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from billsync.mapping.problems import Findings
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

SOURCES: Final = ("from", "const", "expr", "case", "fn", "each")
"""Keys that say where a field's value comes from: a field with one of them replaces the one below."""

OVERRIDE: Final = ("environment", "entity", "when", "key", "tables", "fields", "tests")
_REPLACED: Final = ("mapping", "version", "from", "to", "when", "key")
_Held = dict[str, tuple[Node, Node]]
"""Key -> its value, and the mapping node that it was written in."""


@dataclass(frozen=True, slots=True)
class Variant:
    """For whom a mapping is read; "" where nobody in particular."""

    environment: str = ""
    entity: str = ""

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.given())

    def given(self) -> Iterator[tuple[str, str]]:
        """What is said: names and values."""
        yield from ((name, getattr(self, name)) for name in ("environment", "entity") if getattr(self, name))


PLAIN: Final = Variant()
"""For nobody in particular."""


@dataclass(frozen=True, slots=True)
class Merged(Node):
    """A mapping node whose keys were written in several; `homes` says in which."""

    homes: Mapping[str, Node] = field(default_factory=dict)

    def key_place(self, key: str) -> Place:
        """Place of a key in the file that it was written in."""
        home = self.homes.get(key)
        return self.place if home is None else home.key_place(key)


def lay_over(below: Node, above: Node, findings: Findings) -> Node:
    """The keys of a mapping file (or of one of its overrides) over those of the one that it extends, without tests."""
    held = _held(below)
    for key in _REPLACED:
        node = above.get(key)
        if node is not None:
            held[key] = (node, above)
            if key == "when" and node.is_null:
                held.pop(key)
    for key, lay in (("tables", _lay_tables), ("fields", _lay_fields)):
        node = above.get(key)
        if node is not None:
            old = below.get(key)
            held[key] = (lay(_empty(above) if old is None else old, node, findings), above)
    return _merged(above, held)


def matching(root: Node, variant: Variant, findings: Findings) -> list[Node]:
    """The entries of `overrides:` that are for a variant, in order."""
    said = dict(variant.given())
    return [
        entry
        for entry, wanted in overrides(root, findings)
        if all(said.get(name) == value for name, value in wanted.given())
    ]


def variants(roots: Iterable[Node]) -> list[Variant]:
    """Every combination of an environment and an entity that the overrides of some layers name; the plain one first."""
    named = [wanted for root in roots for _entry, wanted in overrides(root, Findings())]
    environments = dict.fromkeys(["", *(wanted.environment for wanted in named)])
    entities = dict.fromkeys(["", *(wanted.entity for wanted in named)])
    return [Variant(environment, entity) for environment in environments for entity in entities]


def overrides(root: Node, findings: Findings) -> Iterator[tuple[Node, Variant]]:
    """The entries of `overrides:`, each with the variant that it is for; those that are none become findings."""
    node = root.get("overrides")
    if node is not None and not node.is_list:
        findings.add(node.wrong("a list of overrides, such as [{environment: sandbox, fields: {...}}]"))
    for entry in node.entries() if node is not None else ():
        if not entry.is_mapping:
            findings.add(entry.wrong("an override: {environment, entity, fields ...}"))
            continue
        findings.problems += entry.check_keys(OVERRIDE, "an override")
        try:
            wanted = Variant(_name(entry, "environment"), _name(entry, "entity"))
        except BadYaml as error:
            findings.add(error)
            continue
        if wanted == PLAIN:
            findings.error("YAML-KEY-03", "an override needs the key 'environment' or 'entity'", entry.place)
        else:
            yield entry, wanted


def _name(entry: Node, key: str) -> str:
    node = entry.get(key)
    if node is None:
        return ""
    if isinstance(node.value, str) and node.value.strip():
        return node.value
    raise node.wrong(f"the name of an {key}")


# ---------------------------------------------------------------- tables and fields


def _lay_tables(below: Node, above: Node, findings: Findings) -> Node:
    """Tables by name.  Both stay where the new one is written out: `layers_of` gives them, the entries are joined."""
    if not above.is_mapping:
        findings.add(above.wrong("tables by name, such as {iso: {Germany: DE}}"))
        return below
    held = _held(below)
    for name, node in above.items():
        old = held.get(name)
        if node.is_null:
            _remove(held, name, above, "table", findings)
        elif old is None or not node.is_mapping or node.get("file") is not None:
            held[name] = (node, above)
        else:
            held[name] = (_Pile(node.value, node.file, node.spot, keys=node.keys, below=old[0]), above)
    return _merged(above, held)


@dataclass(frozen=True, slots=True)
class _Pile(Node):
    """A table whose entries are laid over those of another."""

    below: Node | None = None


def layers_of(table: Node) -> list[Node]:
    """The nodes that make up a table, from the lowest up."""
    below = table.below if isinstance(table, _Pile) else None
    return [table] if below is None else [*layers_of(below), table]


def _lay_fields(below: Node, above: Node, findings: Findings) -> Node:
    if not above.is_mapping:
        findings.add(above.wrong("fields, such as {name: {from: Name}}"))
        return below
    held = _held(below)
    for name, node in above.items():
        old = below.get(name)
        if node.is_null:
            _remove(held, name, above, "field", findings)
        elif not node.is_mapping or any(node.get(key) is not None for key in SOURCES):
            held[name] = (node, above)
        elif old is not None and old.is_mapping:
            held[name] = (_lay_keys(old, node, findings), above)
        elif node.get("fields") is not None:
            held[name] = (node, above)
        else:
            _absent(name, below, above, "field", findings)
    return _merged(above, held)


def _lay_keys(below: Node, above: Node, findings: Findings) -> Node:
    """The keys of one field over those of the same field below."""
    held = _held(below)
    for key, node in above.items():
        old = below.get(key)
        if key == "fields" and old is not None and old.is_mapping:
            held[key] = (_lay_fields(old, node, findings), above)
        else:
            held[key] = (node, above)
    return _merged(above, held)


def _remove(held: _Held, name: str, above: Node, what: str, findings: Findings) -> None:
    if name in held:
        del held[name]
    else:
        findings.error("MAP-LAYER-02", *_nothing(name, held, what, above))


def _absent(name: str, below: Node, above: Node, what: str, findings: Findings) -> None:
    findings.error("MAP-LAYER-02", *_nothing(name, dict(below.items()), what, above))


def _nothing(name: str, known: Iterable[str], what: str, above: Node) -> tuple[str, Place, str]:
    message = f"no layer below has the {what} {show(name)}, so there is nothing to change"
    hint = did_you_mean(name, known)
    if what == "field" and not (hint.startswith("did")):
        hint = f"say where a new one comes from: {', '.join(SOURCES)}"
    return message, above.key_place(name), hint


# ---------------------------------------------------------------- nodes


def text_node(text: str, at: Node) -> Node:
    """A text that nobody wrote, at the place of what it was made from."""
    return Node(text, at.file, at.spot, quoted=True)


def made_node(entries: Mapping[str, Node], at: Node) -> Node:
    """A mapping that nobody wrote, at the place of what it was made from; each key stands where its value does."""
    homes = {key: Node({key: node}, node.file, node.spot, keys={key: node.spot}) for key, node in entries.items()}
    return Merged(dict(entries), at.file, at.spot, keys={key: node.spot for key, node in entries.items()}, homes=homes)


def flag(root: Node, key: str, findings: Findings) -> bool:
    """A key that is true or false; false where it is not there or is neither."""
    node = root.get(key)
    try:
        return node is not None and node.flag()
    except BadYaml as error:
        findings.add(error)
        return False


def without(root: Node, keys: Iterable[str], tests: list[Node]) -> Node:
    """The mapping without some keys, and with these tests."""
    held = {key: pair for key, pair in _held(root).items() if key not in keys}
    if tests:
        held["tests"] = (Node(tuple(tests), root.file, tests[0].spot), root)
    return _merged(root, held)


def _held(node: Node) -> _Held:
    homes = node.homes if isinstance(node, Merged) else {}
    return {key: (value, homes.get(key, node)) for key, value in node.items()}


def _merged(at: Node, held: _Held) -> Node:
    return Merged(
        {key: value for key, (value, _home) in held.items()},
        at.file,
        at.spot,
        keys={key: (home.keys or {}).get(key, home.spot) for key, (_value, home) in held.items()},
        homes={key: home for key, (_value, home) in held.items()},
    )


def _empty(at: Node) -> Node:
    return Node({}, at.file, at.spot, keys={})
