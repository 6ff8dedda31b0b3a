"""What the compilation of a mapping shares: its text, tables, findings, and the facts it gathers on the way.  (pure)"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from billsync.mapping.formula.expr import Formula, Scope, compile_formula
from billsync.mapping.formula.functions import WORDS, take_bool
from billsync.mapping.native import Natives
from billsync.mapping.paths import Frame, Path, Read, parse_path
from billsync.mapping.problems import Findings
from billsync.mapping.spots import Source
from billsync.mapping.tables import Asked, Table, read_asked
from billsync.mapping.values import Wrong
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What is known of one field before the first record: for lineage, previews and reports.

    Attributes:
        target: dotted path in the document, `lines.unit_amount`.
        sources: dotted paths in the record that it reads.
        rule: the key that makes it: from, const, expr, case, each or fields.
        owner: the system that is the record's truth for this field, or "".
        create_only: True where it is written once, when the record is made.
        type, table, on_miss, ref: what its `as`, `lookup`, `on_miss` and `ref` say, "" for each that it has not.
    """

    target: str
    sources: tuple[str, ...]
    rule: str
    place: Place
    owner: str = ""
    create_only: bool = False
    type: str = ""
    table: str = ""
    on_miss: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class SourceRead:
    """A field of the record that the mapping reads, from the record on, and where the mapping says so."""

    names: Names
    place: Place


@dataclass(slots=True)
class Kit:
    """Shared by everything that compiles a part of one mapping.

    Attributes:
        direction: inbound or outbound.
        natives: functions of packages that `fn:` may call.
        reads: fields of the record that are read.
        shadows: names in formulas that mean another field of the mapping.
        refs: names that `ref:` uses, in order.
        asked: lookups that the run answers, by their name.
        groups: where the record's entries are grouped (`by:`) -> the fields that they are grouped by.
    """

    source: Source
    direction: str
    findings: Findings
    natives: Natives = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    used_tables: set[str] = field(default_factory=set)
    refs: dict[str, Place] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)
    facts: list[FieldFacts] = field(default_factory=list)
    reads: list[SourceRead] = field(default_factory=list)
    shadows: list[SourceRead] = field(default_factory=list)
    groups: dict[Names, Names] = field(default_factory=dict)

    def path(self, node: Node, base: Names) -> Path | None:
        """The path that a node names, noted as read; None with a finding where it is none."""
        try:
            if node.is_null:
                raise node.wrong("a field such as Account.BillingCountry")
            path = parse_path(node.text())
        except BadYaml as error:
            self.findings.add(error)
            return None
        except ValueError as error:
            self.findings.error("YAML-VALUE-01", str(error), node.place)
            return None
        self.note_read(path, base, self.source.place(node, 0))
        return path

    def note_read(self, path: Path, base: Names, place: Place) -> None:
        """Note that the mapping reads the path; `base` is where it stands in the record."""
        names = path.names
        if path.start != "$":
            names = self._ungrouped(base, path.names, place) if base in self.groups else base + path.names
        self.reads.append(SourceRead(names, place))

    def _ungrouped(self, base: Names, names: Names, place: Place) -> Names:
        """What a path inside a group reads of the record: `entries.amount` reads `amount` of each entry."""
        if names[:1] == ("entries",):
            return base + names[1:]
        if names and names[0] not in self.groups[base]:
            message = f"{show(names[0])} may differ inside a group by {', '.join(self.groups[base])}"
            hint = f"write entries.{names[0]} inside SUM, JOIN, FIRST ..., or add it to `by:`"
            self.findings.error("MAP-GROUP-01", message, place, hint)
        return base + names

    def formula(self, node: Node, base: Names, siblings: Collection[str] = ()) -> Formula | None:
        """The formula in a node; None with findings where it is none."""
        try:
            text = node.text()
        except BadYaml as error:
            self.findings.add(error)
            return None
        scope = Scope(lambda offset: self.source.place(node, offset), self.tables, siblings)
        formula = compile_formula(text, scope)
        self.findings.problems.extend(scope.problems)
        if formula is None:
            return None
        self.used_tables |= set(formula.tables)
        for path, place in formula.paths:
            self.note_read(path, base, place)
        self.shadows += [SourceRead((*base, name), place) for name, place in formula.siblings.items()]
        return formula

    def condition(self, node: Node, base: Names, siblings: Collection[str] = ()) -> Formula | None:
        """The formula of a `when:`: it must be TRUE or FALSE."""
        formula = self.formula(node, base, siblings)
        if formula is None:
            return None
        place = self.source.place(node, 0)
        if formula.kind not in {"boolean", "any"}:
            message = f"`when` must be TRUE or FALSE, this is {WORDS[formula.kind]}"
            self.findings.error("MAP-FORMULA-03", message, place, "compare it: StageName = 'Closed Won'")
            return None
        if formula.constant:
            self.findings.warn("MAP-CASE-01", f"{show(node.text())} is the same for every record", place)
        return replace(formula, run=_truth(formula.run, place))

    def table(self, node: Node) -> Table | Asked | None:
        """The table that `lookup:` names, or what it asks of the run; None with a finding where there is none."""
        try:
            if node.is_mapping:
                return self._asked(read_asked(node))
            name = node.text()
        except BadYaml as error:
            self.findings.add(error)
            return None
        if name in self.tables:
            self.used_tables.add(name)
            return self.tables[name]
        hint = did_you_mean(name, self.tables) or "define it under tables:"
        self.findings.error("MAP-TABLE-01", f"there is no table {show(name)}", node.place, hint)
        return None

    def _asked(self, asked: Asked) -> Asked:
        self.asked[asked.name] = asked
        return asked


def _truth(run: Read, place: Place) -> Read:
    def check(frame: Frame) -> bool:
        try:
            return take_bool(run(frame))
        except ValueError as error:
            hint = getattr(error, "hint", "")
            raise Wrong("MAP-VALUE-02", f"the condition cannot be decided: {error}", hint, spot=place) from None

    return check
