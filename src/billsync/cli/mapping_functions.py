"""`mapping functions`: the functions that formulas have, and those that installed packages bring for `fn:`.  (shell)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from billsync import plugins
from billsync.cli import guard, show
from billsync.mapping import FUNCTIONS, BadNative, Function, Native
from billsync.mapping.formula.foreign import unknown_function
from billsync.mapping.formula.functions import Parameter


def listing(format: show.Format) -> int:
    """Every function, theme by theme."""
    functions = sorted(FUNCTIONS.values(), key=lambda function: (function.theme, function.name))
    natives = _natives()
    if format == "json":
        show.emit_json([*(facts(function) for function in functions), *map(native_facts, natives)])
        return guard.OK
    rows = [
        {"theme": function.theme, "function": function.signature, "gives": function.summary} for function in functions
    ]
    rows += [{"theme": native.release, "function": native.signature, "gives": native.summary} for native in natives]
    show.rows("Functions", ["theme", "function", "gives"], rows)
    return guard.OK


def _natives() -> list[Native]:
    """The functions of packages; one that cannot be used is told."""
    found = []
    for name in plugins.NATIVES:
        try:
            found.append(plugins.NATIVES[name])
        except BadNative as error:
            show.remark(f"the function {name} cannot be used: {error}")
    return found


def one(name: str, format: show.Format) -> int:
    """One function: what it takes and gives, examples, what does not work and what is said then."""
    native = next((native for native in _natives() if native.name == name), None) if "." in name else None
    if native is not None:
        if format == "json":
            show.emit_json(native_facts(native))
        else:
            examples = [f"  {example}" for example in native_facts(native)["examples"]]
            for line in [native.signature, "", native.summary, "", f"Of {native.release}.", "", "Examples:", *examples]:
                show.line(show.visible(line))
        return guard.OK
    function = FUNCTIONS.get(name.upper())
    if function is None:
        hint = unknown_function(name)
        show.remark(f"there is no function '{show.visible(name)}'" + (f": {hint}" if hint else ""))
        return guard.USAGE
    if format == "json":
        show.emit_json(facts(function))
        return guard.OK
    for line in _lines(function):
        show.line(line)
    return guard.OK


def _lines(function: Function) -> list[str]:
    examples = [f"  {example}" for example in function.examples]
    faults = [line for formula, message in function.fails for line in (f"  {formula}", f"    {message}")]
    note = ["", function.note] if function.note else []
    return [function.signature, "", function.summary, *note, "", "True:", *examples, "", "Refused:", *faults]


def native_facts(native: Native) -> dict[str, Any]:
    """The same of a function of a package; its theme is the package."""
    return {
        "name": native.name,
        "theme": native.release,
        "signature": native.signature,
        "parameters": _parameters(native.parameters),
        "result": native.result,
        "summary": native.summary,
        "note": "",
        "examples": [f"{native.call_of(arguments)} = {expected!r}" for arguments, expected in native.examples],
        "fails": [],
    }


def _parameters(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    return [
        {"name": each.name, "kind": each.kind, "optional": each.optional, "repeated": each.repeated}
        for each in parameters
    ]


def facts(function: Function) -> dict[str, Any]:
    """All that is known of a function, for programs."""
    return {
        "name": function.name,
        "theme": function.theme,
        "signature": function.signature,
        "parameters": _parameters(function.parameters),
        "result": function.result,
        "summary": function.summary,
        "note": function.note,
        "examples": list(function.examples),
        "fails": [{"formula": formula, "message": message} for formula, message in function.fails],
    }
