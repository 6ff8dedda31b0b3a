"""A mapping file with all that it stands on: what it extends is found, and the layers become one.  (pure)

Each file is a layer: first its own keys, then its `overrides:` that are for the variant.  Layers are read from the
lowest up; the tests of a file stay with it, unless the one above says `inherit_tests: true`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from billsync.mapping.inverse import turned
from billsync.mapping.layers import PLAIN, Variant, flag, lay_over, layers_of, matching, overrides, variants, without
from billsync.mapping.problems import Findings
from billsync.mapping.spots import Source
from billsync.mapping.tables import ReadFile, Table, no_files, read_table
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, load

MAX_LAYERS: Final = 8
MAX_VARIANTS: Final = 64

NEEDED: Final = ("mapping", "version", "from", "to", "key", "fields")
KEYS: Final = (
    *("mapping", "version", "extends", "inverse_of", "from", "to", "when", "key", "tables", "fields"),
    *("overrides", "inherit_tests", "tests"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mapping file as it was found.

    Attributes:
        file: as places name it; two sheets of one name are the same file.
        read_file: reads the files that it names.
    """

    text: str | bytes
    file: str
    read_file: ReadFile = no_files


class NoSheet(LookupError):
    """There is no mapping of that name; `hint` says what there is."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


Find = Callable[[str, Sheet], Sheet]
"""(what `extends:` says, the file that says it) -> the file that is meant.  Raises `NoSheet`."""


def nowhere(name: str, _by: Sheet) -> Sheet:
    """The search where a mapping stands alone.  Raises `NoSheet`."""
    raise NoSheet(f"no other mapping can be found here, so not {show(name)} either")


@dataclass(frozen=True, slots=True)
class Stack:
    """The layers of a mapping and what they come to.

    Attributes:
        root: the mapping as one.
        sheets, layers: the files and what stands in them, the lowest first.
        mirrored: the mapping that this one is the inverse of, or None.
    """

    root: Node
    sheets: tuple[Sheet, ...]
    layers: tuple[Node, ...]
    mirrored: Stack | None = None

    @property
    def source(self) -> Source:
        """The text of all files, for places."""
        source = Source(_text(self.sheets[-1]), self.sheets[-1].file)
        for sheet in self.sheets:
            source.add(_text(sheet), sheet.file)
        return source

    def reader(self, file: str) -> ReadFile:
        """What reads the files that one of the layers names."""
        return next((sheet.read_file for sheet in self.sheets if sheet.file == file), no_files)

    def tables(self, findings: Findings) -> dict[str, Table]:
        """Every table, its layers joined; what is wrong with one becomes a finding."""
        node, found = self.root.get("tables"), dict[str, Table]()
        if node is not None and not node.is_mapping:
            findings.add(node.wrong("tables by name, such as {iso: {Germany: DE}}"))
        for name, entry in node.items() if node is not None else ():
            try:
                found[name] = self._table(name, entry)
            except BadYaml as error:
                findings.add(error)
        return found

    def _table(self, name: str, entry: Node) -> Table:
        layers = [read_table(name, layer, self.reader(layer.file)) for layer in layers_of(entry)]
        top = layers[-1]
        if len(layers) == 1:
            return top
        return replace(top, entries={key: value for layer in layers for key, value in layer.entries.items()})


def read_stack(sheet: Sheet, find: Find, variant: Variant, findings: Findings) -> Stack | None:
    """The layers of a mapping for a variant; None with findings where one of them cannot be read."""
    return _Climb(find, findings).stack(sheet, variant, ())


def read_variants(sheet: Sheet, find: Find) -> list[Variant]:
    """The variants that a mapping has, the plain one first; also of a mapping with errors."""
    stack = _Climb(find, Findings()).stack(sheet, PLAIN, ())
    return variants(stack.layers)[:MAX_VARIANTS] if stack is not None else [PLAIN]


@dataclass(frozen=True, slots=True)
class _Climb:
    """One search for the layers of a mapping; `above` holds the files on the way down, for circles."""

    find: Find
    findings: Findings

    def stack(self, sheet: Sheet, variant: Variant, above: tuple[str, ...]) -> Stack | None:
        """The stack of one file."""
        root = self._load(sheet)
        if root is None:
            return None
        extends, inverse = root.get("extends"), root.get("inverse_of")
        self._check(root, extends, inverse)
        said = extends or inverse
        if said is None:
            return Stack(self._with_overrides(root, root, None, variant), (sheet,), (root,))
        below = self._below(said, sheet, variant, (*above, sheet.file))
        if below is None:
            return None
        mirrored = below if extends is None else None
        body = below.root if mirrored is None else turned(below.root, below.tables(Findings()), said, self.findings)
        merged = lay_over(body, root, self.findings)
        merged = self._with_overrides(merged, root, None if mirrored else below.root, variant)
        return Stack(merged, (*below.sheets, sheet), (*below.layers, root), mirrored)

    def _load(self, sheet: Sheet) -> Node | None:
        """The tree of a file; what is wrong with its YAML hides nothing else where it can be read all the same."""
        root: Node | None
        try:
            root = load(sheet.text, sheet.file)
        except BadYaml as error:
            self.findings.add(error)
            root = error.root
        if root is None or root.is_mapping:
            return root
        self.findings.add(root.wrong("a mapping file with the keys mapping, version, from, to, key, fields"))
        return None

    def _below(self, node: Node, sheet: Sheet, variant: Variant, above: tuple[str, ...]) -> Stack | None:
        try:
            found = self.find(node.text(), sheet)
        except BadYaml as error:
            self.findings.add(error)
            return None
        except NoSheet as error:
            self.findings.error("MAP-LAYER-01", str(error), node.place, error.hint)
            return None
        if found.file in above:
            circle = " -> ".join([*above[above.index(found.file) :], found.file])
            self.findings.error("MAP-LAYER-01", f"mappings extend each other in a circle: {circle}", node.place)
            return None
        if len(above) >= MAX_LAYERS:
            message = f"more than {MAX_LAYERS} mappings stand on each other"
            self.findings.error("MAP-LAYER-01", message, node.place)
            return None
        return self.stack(found, variant, above)

    def _check(self, root: Node, extends: Node | None, inverse: Node | None) -> None:
        alone = extends is None and inverse is None
        self.findings.problems += root.check_keys(KEYS, "a mapping", NEEDED if alone else ("mapping", "version"))
        if extends is not None and inverse is not None:
            message = "`extends` and `inverse_of` in one mapping: it has one body"
            self.findings.error("MAP-FIELD-03", message, root.key_place("inverse_of"), "keep one of them")
        if extends is None and root.get("inherit_tests") is not None:
            message = "`inherit_tests` does nothing without `extends`"
            self.findings.error("MAP-FIELD-03", message, root.key_place("inherit_tests"), "remove it")
        count = len(variants([root]))
        if count > MAX_VARIANTS:
            message = f"the overrides have {count} combinations of environment and entity: {MAX_VARIANTS} are the limit"
            self.findings.error("YAML-SIZE-01", message, root.key_place("overrides"))

    def _with_overrides(self, merged: Node, root: Node, base: Node | None, variant: Variant) -> Node:
        """The file's own overrides laid over it, and the tests that are for the variant."""
        if root.get("overrides") is None and merged is root and variant == PLAIN:
            return root
        for entry in matching(root, variant, self.findings):
            merged = lay_over(merged, entry, self.findings)
        tests = [] if variant != PLAIN else _tests(root, base, self.findings)
        for entry, wanted in overrides(root, Findings()):
            tests += _entries(entry, self.findings) if wanted == variant else []
        return without(merged, _LAYERING, tests)


_LAYERING: Final = ("extends", "inverse_of", "overrides", "inherit_tests", "tests")


def _tests(root: Node, base: Node | None, findings: Findings) -> list[Node]:
    """The file's own tests, after those of the file below where it takes them over: one of the same name replaces."""
    own = _entries(root, findings)
    if base is None or not flag(root, "inherit_tests", findings):
        return own
    names = {_named(test) for test in own}
    return [test for test in _entries(base, findings) if _named(test) not in names] + own


def _entries(root: Node, findings: Findings) -> list[Node]:
    node = root.get("tests")
    if node is not None and not node.is_list:
        findings.add(node.wrong("a list of tests"))
    return list(node.entries()) if node is not None else []


def _named(test: Node) -> object:
    name = test.get("name")
    return test if name is None else name.value


def _text(sheet: Sheet) -> str:
    return sheet.text if isinstance(sheet.text, str) else sheet.text.decode("utf-8-sig", "replace")
