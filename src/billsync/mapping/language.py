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
extends: NAME, overrides: [...]     see `layers`; inverse_of: NAME, see `inverse`
"""

from __future__ import annotations

from typing import Any, Final

from billsync.mapping.apply import Case, Engine, Mapping
from billsync.mapping.canonical import ANYTHING, INBOUND, KINDS, shape_of, unknown_step
from billsync.mapping.fields import Level, compile_block
from billsync.mapping.kit import Kit, SourceRead
from billsync.mapping.layers import PLAIN, Variant, variants
from billsync.mapping.native import NO_NATIVES, Natives, release_of
from billsync.mapping.paths import Path
from billsync.mapping.problems import BadMapping, Findings
from billsync.mapping.stack import Find, Sheet, Stack, nowhere, read_stack
from billsync.mapping.tables import ReadFile, no_files
from billsync.model.base import canonical_json, digest_text
from billsync.model.problem import Severity
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

_UNUSED: Final = "MAP-TABLE-03"


def parse(
    text: str | bytes,
    file: str,
    *,
    read_file: ReadFile = no_files,
    natives: Natives = NO_NATIVES,
    find: Find = nowhere,
    variant: Variant = PLAIN,
) -> Mapping:
    """The mapping that a file describes.

    `read_file` gives the text of table files, named relative to the mapping; `natives` are the functions that `fn:` may
    call, `find` the mappings that it may extend; `variant` says for which environment and entity it is read.  Raises
    `BadMapping` with every error.
    """
    mapping, findings = compile_mapping(Sheet(text, file, read_file), natives, find, variant)
    if mapping is None:
        raise BadMapping([found for found in findings.in_order() if found.severity is Severity.ERROR])
    return mapping


def compile_mapping(
    sheet: Sheet, natives: Natives = NO_NATIVES, find: Find = nowhere, variant: Variant = PLAIN
) -> tuple[Mapping | None, Findings]:
    """The mapping, or None where it has errors; and everything that was found, warnings too."""
    findings = Findings()
    stack = read_stack(sheet, find, variant, findings)
    return (None if stack is None else compile_stack(stack, natives, findings)), findings


def compile_variants(
    sheet: Sheet, natives: Natives = NO_NATIVES, find: Find = nowhere
) -> tuple[Mapping | None, Findings]:
    """The mapping for nobody in particular; and everything that was found for any environment and entity."""
    findings = Findings()
    stack = read_stack(sheet, find, PLAIN, findings)
    if stack is None:
        return None, findings
    mapping = compile_stack(stack, natives, findings)
    for variant in variants(stack.layers)[1:]:
        more = compile_mapping(sheet, natives, find, variant)[1].problems
        findings.problems += [found for found in more if found.code != _UNUSED]  # what one leaves out, others may need
    return (None if findings.failed else mapping), findings


def compile_stack(stack: Stack, natives: Natives, findings: Findings) -> Mapping | None:
    """The mapping that some layers come to; None with findings where it has errors."""
    if stack.mirrored is not None:  # a field that is wrong there would only be missing here
        below = Findings()
        compile_stack(stack.mirrored, natives, below)
        findings.problems += [found for found in below.problems if found.severity is Severity.ERROR]
    mapping = _Reader(stack, Kit(stack.source, "", findings, natives)).mapping()
    return None if findings.failed else mapping


class _Reader:
    """Reads the keys of one file, one after the other; each notes its own errors."""

    def __init__(self, stack: Stack, kit: Kit) -> None:
        self.root = stack.root
        self.kit = kit
        self.findings = kit.findings
        self.kit.tables.update(stack.tables(kit.findings))

    def mapping(self) -> Mapping | None:
        source, target = self._text("from"), self._text("to")
        self.kit.direction = self._direction(source, target)
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
            lookups=tuple(self.kit.asked),
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
        """Warn of tables that nothing uses; those of a file that this one extends are that file's own affair."""
        node = self.root.get("tables") or self.root
        for name in sorted(set(self.kit.tables) - self.kit.used_tables):
            place = node.key_place(name)
            if place.file == self.kit.source.file:
                message = f"nothing uses the table {show(name)}"
                self.findings.warn(_UNUSED, message, place, "remove it, or name it in a lookup")

    def _digest(self) -> str:
        """Of what changes the result: not of tests, comments or the order of keys."""
        content: dict[str, Any] = {key: node.plain() for key, node in self.root.items() if key != "tests"}
        content["tables"] = {name: table.entries for name, table in self.kit.tables.items()}
        names = sorted(called(self.root.get("fields")))
        if names:
            content["functions"] = {name: release_of(self.kit.natives, name) for name in names}
        return digest_text(canonical_json(content))


def called(fields: Node | None) -> set[str]:
    """Names of the functions of packages that fields call, at any depth."""
    found = set[str]()
    for _name, field in fields.items() if fields is not None else ():
        fn = field.get("fn")
        found |= ({fn.value} if fn is not None and isinstance(fn.value, str) else set()) | called(field.get("fields"))
    return found


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
