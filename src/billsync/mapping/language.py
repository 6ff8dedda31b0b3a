"""A mapping file -> a compiled `Mapping`, with every error of the file.  (pure)

mapping: salesforce.opportunity     its name
version: 3
from: salesforce.Opportunity        system.object, or a canonical kind
to: deal                            a canonical kind, or system.object
when: "StageName = 'Closed Won'"    which records it is for; all of them without it
key: Id                             the field that tells records apart
tables: {iso: {Germany: DE}}        or {file: countries.csv, key: name, value: code}
fields: {...}                       see `fields` and `pipeline`
tests: [...]                        see `testing`
"""

from __future__ import annotations

from typing import Any, Final

from billsync.mapping.apply import Case, Engine, Mapping
from billsync.mapping.canonical import ANYTHING, INBOUND, KINDS, shape_of, unknown_step
from billsync.mapping.fields import Level, compile_block
from billsync.mapping.kit import Kit, SourceRead
from billsync.mapping.paths import Path
from billsync.mapping.problems import BadMapping, Findings
from billsync.mapping.spots import Source
from billsync.mapping.tables import ReadFile, no_files, read_table
from billsync.model.base import canonical_json, digest_text
from billsync.model.problem import Severity
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean, load

KEYS: Final = ("mapping", "version", "from", "to", "when", "key", "tables", "fields", "tests")
NEEDED: Final = ("mapping", "version", "from", "to", "key", "fields")


def parse(text: str | bytes, file: str, *, read_file: ReadFile = no_files) -> Mapping:
    """The mapping that a file describes.

    `read_file` gives the text of table files, named relative to the mapping.  Raises `BadMapping` with every error.
    """
    mapping, findings = compile_mapping(text, file, read_file)
    if mapping is None:
        raise BadMapping([found for found in findings.in_order() if found.severity is Severity.ERROR])
    return mapping


def compile_mapping(text: str | bytes, file: str, read_file: ReadFile = no_files) -> tuple[Mapping | None, Findings]:
    """The mapping, or None where it has errors; and everything that was found, warnings too."""
    findings = Findings()
    try:
        root = load(text, file)
        if not root.is_mapping:
            raise root.wrong("a mapping file with the keys mapping, version, from, to, key, fields")
    except BadYaml as error:
        findings.add(error)
        return None, findings
    source = Source(text if isinstance(text, str) else text.decode("utf-8-sig"), file)
    findings.problems += root.check_keys(KEYS, "a mapping", NEEDED)
    mapping = _Reader(root, Kit(source, "", findings), read_file).mapping()
    return (None if findings.failed else mapping), findings


class _Reader:
    """Reads the keys of one file, one after the other; each notes its own errors."""

    def __init__(self, root: Node, kit: Kit, read_file: ReadFile) -> None:
        self.root = root
        self.kit = kit
        self.findings = kit.findings
        self.read_file = read_file

    def mapping(self) -> Mapping | None:
        source, target = self._text("from"), self._text("to")
        self.kit.direction = self._direction(source, target)
        self._tables()
        when, key, fields = self.root.get("when"), self.root.get("key"), self.root.get("fields")
        condition = self.kit.condition(when, ()) if when is not None else None
        path = self.kit.path(key, ()) if key is not None else None
        if not self.kit.direction or fields is None:
            return None
        shape = shape_of(KINDS[target]) if self.kit.direction == "inbound" else ANYTHING
        block = compile_block(fields, Level((), (), shape), self.kit)
        self._check_source_names(source)
        self._check_unused()
        return Mapping(
            name=self._text("mapping"),
            version=self._version(),
            file=self.kit.source.file,
            source=source,
            target=target,
            direction=self.kit.direction,
            digest=self._digest(),
            source_fields=tuple(sorted({".".join(read.names) for read in self.kit.reads if read.names})),
            refs=tuple(self.kit.refs),
            fields=tuple(self.kit.facts),
            tests=self._tests(),
            warnings=tuple(found for found in self.findings.in_order() if found.severity is Severity.WARNING),
            reads=tuple(self.kit.reads),
            shadows=tuple(self.kit.shadows),
            place=self.root.place,
            key=path or Path("", ()),
            _when=condition,
            _block=block,
            _engine=Engine(condition, path or Path("", ()), block),
            _places={facts.target: facts for facts in self.kit.facts},
        )

    # ------------------------------------------------------------ single keys

    def _text(self, key: str) -> str:
        node = self.root.get(key)
        if node is None:
            return ""
        if not isinstance(node.value, str) or not node.value.strip():
            self.findings.add(node.wrong(f"the text of `{key}`"))
            return ""
        return node.value

    def _version(self) -> int:
        node = self.root.get("version")
        try:
            version = node.integer() if node is not None else 1
        except BadYaml as error:
            self.findings.add(error)
            return 1
        if version < 1 and node is not None:
            self.findings.error("YAML-VALUE-01", f"a version is 1 or more, got {version}", node.place)
        return version

    def _direction(self, source: str, target: str) -> str:
        """Inbound or outbound; "" with a finding where neither end, or both, are canonical documents."""
        if not source or not target:
            return ""
        if "." in source and target in INBOUND:
            return "inbound"
        if source in KINDS and "." in target:
            return "outbound"
        message, hint, key = _ends(source, target)
        self.findings.error("MAP-NAME-01", message, (self.root.get(key) or self.root).place, hint)
        return ""

    def _tables(self) -> None:
        node = self.root.get("tables")
        if node is None:
            return
        if not node.is_mapping:
            self.findings.add(node.wrong("tables by name, such as {iso: {Germany: DE}}"))
        for name, entry in node.items():
            try:
                self.kit.tables[name] = read_table(name, entry, self.read_file)
            except BadYaml as error:
                self.findings.add(error)

    def _tests(self) -> tuple[Case, ...]:
        node = self.root.get("tests")
        if node is None:
            return ()
        if not node.is_list:
            self.findings.add(node.wrong("a list of tests"))
        cases = []
        for index, entry in enumerate(node.entries()):
            if not entry.is_mapping:
                self.findings.add(entry.wrong("a test: {name, given, expect}"))
                continue
            self.findings.problems += entry.check_keys(
                ("name", "given", "refs", "expect", "expect_problem"), "a test", ("name", "given")
            )
            if entry.get("expect") is None and entry.get("expect_problem") is None:
                self.findings.error("YAML-KEY-03", "a test needs `expect` or `expect_problem`", entry.place)
            name = entry.get("name")
            cases.append(Case(str(name.value) if name is not None and name.is_text else f"test {index + 1}", entry))
        return tuple(cases)

    # ------------------------------------------------------------ checks over the whole

    def _check_source_names(self, source: str) -> None:
        """Outbound: what is read are fields of our own documents, so that a wrong name is known at once."""
        if self.kit.direction != "outbound":
            return
        for read in self.kit.reads:
            found = unknown_step(source, read.names)
            if found is not None:
                hint = did_you_mean(*found)
                message = f"{source} has no field {show('.'.join(read.names))}"
                self.findings.error("MAP-FIELD-01", message, read.place, hint)
        for read in self.kit.shadows:
            if unknown_step(source, read.names) is None:
                self._warn_shadow(read)

    def _warn_shadow(self, read: SourceRead) -> None:
        warn_shadow(read, self.kit.facts, self.findings)

    def _check_unused(self) -> None:
        for name in sorted(set(self.kit.tables) - self.kit.used_tables):
            node = self.root.get("tables") or self.root
            message = f"nothing uses the table {show(name)}"
            self.findings.warn("MAP-TABLE-03", message, node.key_place(name), "remove it, or name it in a lookup")

    def _digest(self) -> str:
        """Of what changes the result: not of tests, comments or the order of keys."""
        content: dict[str, Any] = {key: node.plain() for key, node in self.root.items() if key != "tests"}
        content["tables"] = {name: table.entries for name, table in self.kit.tables.items()}
        return digest_text(canonical_json(content))


def warn_shadow(read: SourceRead, facts: Any, findings: Findings) -> None:
    """Warn of a name that means another field of the mapping, where the record has one of that name too."""
    name = read.names[-1]
    same = any(known.sources == (".".join(read.names),) and known.rule == "from" for known in facts)
    if not same:
        message = f"{name} means the mapping's field of that name; the record has one too"
        findings.warn("MAP-FIELD-04", message, read.place, f"write $.{name} for the record's own")


def _ends(source: str, target: str) -> tuple[str, str, str]:
    """Why a mapping cannot lead from one to the other: message, hint and the key that is to blame."""
    ways = "a mapping leads from system.object to a canonical document, or the other way"
    if "." in source and "." in target:
        return f"neither end is a canonical document: {ways}", f"canonical documents: {', '.join(KINDS)}", "to"
    if source in KINDS and target in KINDS:
        return f"both ends are canonical documents: {ways}", "name the system of one of them", "from"
    name, known, key = (target, INBOUND, "to") if "." in source else (source, tuple(KINDS), "from")
    return f"{show(name)} is no canonical document that can stand here: {ways}", did_you_mean(name, known), key
