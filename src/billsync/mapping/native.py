"""Functions of installed packages that a mapping calls with `fn:`: typed, tested, never inline Python.  (pure)

    @native("acme.tax_code", "The tax code of a sale.", ({"country": "DE", "vat_id": "DE136695976"}, "RC"))
    def tax_code(country: str, vat_id: str | None = None) -> str: ...

A package names the function in the entry-point group `billsync.functions`.  The annotations say what it takes and
gives; the examples are run by `billsync mapping test`, twice each: a function has to give the same for the same.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from billsync.mapping.formula.functions import TAKE, WORDS, Mismatch, Parameter
from billsync.mapping.problems import Findings
from billsync.mapping.values import MISSING, Wrong, describe, is_blank, kind_of
from billsync.model.problem import Place
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_KINDS: Final[dict[Any, str]] = {
    str: "text",
    Decimal: "number",
    int: "number",
    bool: "boolean",
    date: "date",
    datetime: "instant",
    Any: "any",
}
_Call = TypeVar("_Call", bound=Callable[..., Any])
Example = tuple[Mapping[str, Any], Any]
"""Arguments by name, and what the function gives for them."""


class BadNative(ValueError):
    """A function cannot be used by mappings; the message says why."""


@dataclass(frozen=True, slots=True)
class _Type:
    """What an annotation says.

    Attributes:
        kind: as in `Parameter`, or `instant`.
        nullable: whether None is one of its values.
        whole: an `int`: only whole numbers.
        entry: what the entries of a list are, None where they may be anything.
    """

    kind: str
    nullable: bool = False
    whole: bool = False
    entry: _Type | None = None


@dataclass(frozen=True, slots=True)
class Native:
    """A function of an installed package.

    Attributes:
        name: as a mapping calls it, `acme.tax_code`.
        parameters: all of them are given by name.
        result: kind of its value, or `any`.
        summary: what it does, in a sentence.
        examples: arguments with what comes of them; one or more.
        call: the function itself.
        release: package and version that bring it, "" where nobody says; a mapping's digest covers it.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: str
    summary: str
    examples: tuple[Example, ...]
    call: Callable[..., Any]
    release: str = ""
    _takes: tuple[_Type, ...] = ()
    _gives: _Type = _Type("any")

    @property
    def signature(self) -> str:
        """As people read it: `acme.tax_code(country: text, vat_id: text?) -> text`."""
        shown = (f"{each.name}: {each.kind}{'?' if each.optional else ''}" for each in self.parameters)
        return f"{self.name}({', '.join(shown)}) -> {self.result}"

    def call_of(self, arguments: Mapping[str, Any]) -> str:
        """A call as people read it: `acme.tax_code(country='DE')`."""
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"

    def complaints(self, given: Iterable[str]) -> list[tuple[str, str, str]]:
        """What is wrong with the names of arguments: (name, message, hint), name "" where one is missing."""
        given, known = list(given), [each.name for each in self.parameters]
        wrong = [
            (name, f"{self.name} has no parameter {show(name)}", did_you_mean(name, known))
            for name in given
            if name not in known
        ]
        lacking = [each.name for each in self.parameters if not each.optional and each.name not in given]
        return wrong + [("", f"{self.name} needs {name}", self.signature) for name in lacking]

    def run(self, arguments: Mapping[str, Any]) -> Any:
        """What the function gives for values by parameter name; optional ones that are blank are left out.

        Raises `Wrong` for a value of another kind, for whatever the function raises, and for a result of another kind.
        """
        taken = {}
        for parameter, type in zip(self.parameters, self._takes, strict=True):
            value = arguments.get(parameter.name, MISSING)
            if not (parameter.optional and is_blank(value)):
                taken[parameter.name] = self._take(parameter, type, value)
        try:
            made = self.call(**taken)
        except Exception as error:  # noqa: BLE001  whatever the function of somebody else raises is told, not thrown
            message = f"{self.name} failed: {_told(error)}"
            raise Wrong("MAP-FN-02", message, self._who()) from None
        return self._given(made)

    def _take(self, parameter: Parameter, type: _Type, value: Any) -> Any:
        try:
            return _taken(type, value)
        except ValueError as error:
            message = f"{self.name}: {parameter.name}: {error}"
            raise Wrong("MAP-VALUE-02", message, getattr(error, "hint", "")) from None

    def _given(self, made: Any) -> Any:
        """The result, lists as lists.  Raises `Wrong`."""
        if not _is_of(self._gives, made):
            message = f"{self.name} must give {_worded(self._gives)}, it gave {_shown(made)}"
            raise Wrong("MAP-FN-02", message, self._who())
        return list(made) if isinstance(made, tuple) else made

    def _who(self) -> str:
        return f"tell those who make {self.release or 'the package'}"


Natives = Mapping[str, Native]
"""Functions by name.  What does not load raises `BadNative` when it is asked for."""

NO_NATIVES: Final[Natives] = {}


def native(name: str, summary: str, *examples: Example) -> Callable[[_Call], _Call]:
    """Make a typed function one that mappings can call; the function itself stays as it is.

    Every parameter and the result are annotated with str, Decimal, int, bool, date, datetime, list[...] or Any, or
    `| None` of one.  An example is (arguments by name, what comes of them); one is needed.  Raises `BadNative`.
    """

    def enter(call: _Call) -> _Call:
        vars(call)["billsync_native"] = _described(name, summary, examples, call)
        return call

    return enter


def native_of(found: Any) -> Native:
    """What `native` said of a function.  Raises `BadNative` where it is none."""
    said = getattr(found, "billsync_native", None)
    if not isinstance(said, Native):
        raise BadNative("it is not a function with @billsync.mapping.native(...)")
    return said


def find(natives: Natives, name: str, place: Place, findings: Findings) -> Native | None:
    """The function that a mapping calls; None with a finding where it is not installed or cannot be used."""
    try:
        return natives[name]
    except KeyError:
        advice = "install the package that brings it"
        near = did_you_mean(name, natives)
        findings.error(
            "MAP-FN-01", f"there is no function {show(name)}", place, f"{near}; or {advice}" if near else advice
        )
    except BadNative as error:
        findings.error("MAP-FN-01", f"the function {show(name)} cannot be used: {error}", place)
    return None


def release_of(natives: Natives, name: str) -> str:
    """Package and version that bring a function, "" where it cannot be used: then the mapping cannot either."""
    try:
        return natives[name].release
    except (KeyError, BadNative):
        return ""


def failures(native: Native) -> list[str]:
    """The examples of a function that do not come out as it says, a line each."""
    return [line for arguments, expected in native.examples if (line := _tried(native, arguments, expected))]


def _tried(native: Native, arguments: Mapping[str, Any], expected: Any) -> str:
    shown = native.call_of(arguments)
    try:
        first, second = native.run(arguments), native.run(arguments)
    except Wrong as wrong:
        return f"{shown}: {wrong.message}"
    if kind_of(first) != kind_of(expected) or first != expected:
        return f"{shown}: expected {expected!r}, got {first!r}"
    return "" if first == second else f"{shown}: gave {first!r}, and then {second!r} for the same"


# ---------------------------------------------------------------- reading a function


def _described(name: str, summary: str, examples: tuple[Example, ...], call: Callable[..., Any]) -> Native:
    if not _NAME.fullmatch(name):
        raise BadNative(f"expected a name as package.function in small letters, got {show(name)}")
    if not summary.strip() or not examples:
        raise BadNative(f"{name} needs a summary and one example or more")
    try:
        hints = get_type_hints(call)
    except Exception as error:  # noqa: BLE001  an annotation may be any expression
        raise BadNative(f"the annotations of {name} cannot be read: {_told(error)}") from None
    known = inspect.signature(call).parameters.values()
    types = tuple(_annotated(f"{name}: {each.name}", hints.get(each.name)) for each in known)
    parameters = tuple(_parameter(name, each, type) for each, type in zip(known, types, strict=True))
    gives = _annotated(f"{name}: its result", hints.get("return"))
    made = Native(name, parameters, gives.kind, summary, examples, call, "", types, gives)
    for arguments, _expected in examples:
        for _name, message, _hint in made.complaints(arguments):
            raise BadNative(f"an example does not fit: {message}")
    return made


def _parameter(name: str, found: inspect.Parameter, type: _Type) -> Parameter:
    if found.kind not in {found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY}:
        raise BadNative(f"{name}: {found.name} cannot be given by name")
    return Parameter(found.name, type.kind, optional=found.default is not found.empty)


def _annotated(what: str, annotation: Any) -> _Type:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        inner = [each for each in arguments if each is not types.NoneType]
        if len(inner) == 1 and len(arguments) == 2:
            found = _annotated(what, inner[0])
            return _Type(found.kind, nullable=True, whole=found.whole, entry=found.entry)
    if origin is list and len(arguments) == 1:
        return _Type("list", entry=_annotated(what, arguments[0]))
    kind = _KINDS.get(annotation) if isinstance(annotation, type) or annotation is Any else None
    if kind is None:
        shown = "none" if annotation is None else getattr(annotation, "__name__", str(annotation))
        hint = " (money is Decimal)" if shown == "float" else ""
        raise BadNative(f"{what}: expected str, Decimal, int, bool, date, datetime or list[...], got {shown}{hint}")
    return _Type(kind, nullable=annotation is Any, whole=annotation is int)


# ---------------------------------------------------------------- values


def _taken(type: _Type, value: Any) -> Any:
    """The value as a parameter of this type takes it.  Raises ValueError."""
    nothing = value is MISSING or value is None
    if nothing and (type.nullable or type.kind == "any"):
        return None
    if type.kind == "instant":
        if kind_of(value) != "instant":
            raise Mismatch("instant", value)
        return value
    found = TAKE[type.kind](value)
    if type.kind == "list" and type.entry is not None:
        return [_taken(type.entry, entry) for entry in found]
    return _whole(found) if type.whole else found


def _whole(value: Decimal) -> int:
    if value != value.to_integral_value():
        raise ValueError(f"expected a whole number, got {describe(value)}")
    return int(value)


def _is_of(type: _Type, made: Any) -> bool:
    if made is None:
        return type.nullable
    kind = kind_of(made)
    if type.kind == "any":
        return kind not in {"unknown", "missing"}
    if kind != type.kind or (type.whole and not isinstance(made, int)):
        return False
    if kind == "number" and isinstance(made, Decimal) and not made.is_finite():
        return False
    return type.entry is None or all(_is_of(type.entry, entry) for entry in made)


def _worded(type: _Type) -> str:
    words = WORDS[type.kind]
    return f"{words} or None" if type.nullable and type.kind != "any" else words


def _shown(made: Any) -> str:
    return f"a {type(made).__name__}" if kind_of(made) == "unknown" else describe(made)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {show(str(error), 200)}"
