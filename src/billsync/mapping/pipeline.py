"""What follows a field's source: default, lookup, type, reference - in this order.  (pure)

A value that is missing, null or blank text takes the `default:`; without one the field is left out, so that the
document's own default applies.  `default: null` writes null, `default: ""` writes empty text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from billsync.mapping.canonical import KINDS
from billsync.mapping.casts import FORMATTED, TYPES, Cast, compile_cast, table_key
from billsync.mapping.kit import Kit
from billsync.mapping.paths import Frame, Read
from billsync.mapping.tables import Asked, Table
from billsync.mapping.values import MISSING, Wrong, describe
from billsync.model.scalar import show
from billsync.strict.yaml import BadYaml, Node, did_you_mean

KEYS: Final = ("default", "as", "format", "lookup", "on_miss", "ref")
ON_MISS: Final = ("quarantine", "error", "default", "keep")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps of one field.

    Attributes:
        default: for blank values, already typed; MISSING leaves the field out.
        on_miss: quarantine and error make a problem (of an open and of a complete table), default and keep do not.
        ref: name of the object or kind referred to, or "".
        outbound: whether a reference stays symbolic.
    """

    default: Any
    table: Table | Asked | None
    on_miss: str
    cast: Cast | None
    ref: str
    outbound: bool

    def after(self, read: Read) -> Read:
        """The closure that reads the source and carries the value through the steps."""
        default = self.default
        if self.table is None and self.cast is None and not self.ref:

            def run(frame: Frame) -> Any:
                value = read(frame)
                return default if _is_nothing(value) else value

            return run
        return lambda frame: self._carry(read(frame), frame)

    def _carry(self, value: Any, frame: Frame) -> Any:
        if _is_nothing(value):
            return self.default
        if self.table is not None:
            value = self._look_up(self.table, value, frame)
            if _is_nothing(value) or value is self.default:
                return self.default
        if self.cast is not None:
            return _cast(self.cast, value)
        return self._refer(value, frame) if self.ref else value

    def _look_up(self, table: Table | Asked, value: Any, frame: Frame) -> Any:
        try:
            key = table_key(value)
        except ValueError as error:
            raise Wrong("MAP-VALUE-01", str(error)) from None
        if isinstance(table, Asked):
            found = frame.run.resolve(table.name, key)
            if found is not None:
                return found
        elif key in table.entries:
            return table.entries[key]
        if self.on_miss == "keep":
            return value
        if self.on_miss == "default":
            return self.default
        raise table.miss(key) if isinstance(table, Asked) else table.miss(key, closed=self.on_miss == "error")

    def _refer(self, value: Any, frame: Frame) -> Any:
        try:
            id = table_key(value)
        except ValueError as error:
            raise Wrong("MAP-VALUE-01", str(error)) from None
        frame.run.refs[self.ref, id] = None
        if self.outbound:
            return {"$ref": f"{self.ref}/{id}"}
        ours = frame.run.resolve(self.ref, id)
        if ours is None:
            message = f"{self.ref} {show(id)} is not known (yet)"
            raise Wrong("MAP-REF-01", message, "it comes with that record, or the reference is wrong")
        return ours


def _is_nothing(value: Any) -> bool:
    return value is MISSING or value is None or (type(value) is str and (not value or value.isspace()))


def _cast(cast: Cast, value: Any) -> Any:
    try:
        return cast(value)
    except ValueError as error:
        message = str(error)
        told = ", got " in message or (isinstance(value, str) and show(value) in message)
        raise Wrong("MAP-VALUE-01", message if told else f"{message}, got {describe(value)}") from None


# ---------------------------------------------------------------- compiling


def compile_pipeline(node: Node, kit: Kit) -> Pipeline | None:
    """The steps that the keys of a field ask for; None with findings where they cannot be used."""
    before = len(kit.findings.problems)
    _check_together(node, kit)
    cast = _compile_cast(node, kit)
    lookup, on_miss, ref = node.get("lookup"), node.get("on_miss"), node.get("ref")
    table = kit.table(lookup) if lookup is not None else None
    how = _one_of(on_miss, ON_MISS, kit) if on_miss is not None else "quarantine"
    name = _compile_ref(ref, kit) if ref is not None else ""
    default = _default(node, cast, kit)
    if len(kit.findings.problems) > before:
        return None
    return Pipeline(default, table, how, cast, name, kit.direction == "outbound")


def _check_together(node: Node, kit: Kit) -> None:
    """Keys that say nothing without another one, or contradict another one."""
    rules = (
        ("on_miss", "lookup", True, "`on_miss` says what happens where a `lookup` finds nothing: there is none"),
        ("format", "as", True, "`format` says how `as: date`, decimal or text is written: there is no `as`"),
        ("as", "ref", False, "a reference is an id: it takes no `as`"),
        ("default", "ref", False, "a reference takes no default: it would be nobody's id"),
    )
    for key, other, wanted, message in rules:
        if node.get(key) is not None and (node.get(other) is not None) is not wanted:
            kit.findings.error("MAP-FIELD-03", message, node.key_place(key))
    on_miss = node.get("on_miss")
    if on_miss is not None and on_miss.value == "default" and node.get("default") is None:
        message = "`on_miss: default` needs a `default`"
        kit.findings.error("MAP-FIELD-03", message, on_miss.place, "write default: null to leave the value empty")


def _one_of(node: Node, known: tuple[str, ...], kit: Kit) -> str:
    if isinstance(node.value, str) and node.value in known:
        return node.value
    hint = did_you_mean(node.value, known) if isinstance(node.value, str) else ""
    kit.findings.error("YAML-VALUE-01", f"expected one of {', '.join(known)}, got {node.form}", node.place, hint)
    return ""


def _compile_cast(node: Node, kit: Kit) -> Cast | None:
    wanted, format = node.get("as"), node.get("format")
    type = _one_of(wanted, TYPES, kit) if wanted is not None else ""
    if not type:
        return None
    if format is None:
        return compile_cast(type, None)
    if type not in FORMATTED:
        message = f"`as: {type}` takes no format"
        kit.findings.error("MAP-FIELD-03", message, format.place, f"a format goes with {', '.join(FORMATTED)}")
        return None
    try:
        return compile_cast(type, format.text())
    except BadYaml as error:
        kit.findings.add(error)
    except ValueError as error:
        kit.findings.error("YAML-VALUE-01", str(error), format.place)
    return None


def _compile_ref(node: Node, kit: Kit) -> str:
    name = node.value if isinstance(node.value, str) else ""
    if kit.direction == "outbound" and name not in KINDS:
        message = f"expected the kind of our record, got {node.form}"
        kit.findings.error("YAML-VALUE-01", message, node.place, did_you_mean(name, KINDS))
    elif kit.direction == "inbound" and not _is_dotted(name):
        message = f"expected the source's object as system.object, such as salesforce.Account, got {node.form}"
        kit.findings.error("YAML-VALUE-01", message, node.place)
    else:
        kit.refs.setdefault(name, node.place)
    return name


def _is_dotted(name: str) -> bool:
    system, dot, object = name.partition(".")
    return bool(system.strip() and dot and object.strip())


def literal(node: Node, cast: Cast | None, kit: Kit) -> Any:
    """The value of `const:`, `then:` or `default:`: null, or text carried through `as:`."""
    if node.is_null:
        return None
    try:
        text = node.text()
        return cast(text) if cast is not None and text else text
    except BadYaml as error:
        kit.findings.add(error)
    except ValueError as error:
        kit.findings.error("YAML-VALUE-01", str(error), node.place)
    return None


def _default(node: Node, cast: Cast | None, kit: Kit) -> Any:
    default, wanted = node.get("default"), node.get("as")
    if default is None:
        return [] if wanted is not None and wanted.value == "list" else MISSING
    return literal(default, None if wanted is not None and wanted.value == "text" else cast, kit)
