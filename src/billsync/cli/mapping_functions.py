"""`mapping functions`: the functions that formulas have.  (shell)"""

from __future__ import annotations

from typing import Any

from billsync.cli import guard, show
from billsync.mapping import FUNCTIONS, Function
from billsync.mapping.foreign import unknown_function


def listing(format: show.Format) -> int:
    """Every function, theme by theme."""
    functions = sorted(FUNCTIONS.values(), key=lambda function: (function.theme, function.name))
    if format == "json":
        show.emit_json([facts(function) for function in functions])
        return guard.OK
    rows = [
        {"theme": function.theme, "function": function.signature, "gives": function.summary} for function in functions
    ]
    show.rows("Functions", ["theme", "function", "gives"], rows)
    return guard.OK


def one(name: str, format: show.Format) -> int:
    """One function: what it takes and gives, examples, what does not work and what is said then."""
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


def facts(function: Function) -> dict[str, Any]:
    """All that is known of a function, for programs."""
    return {
        "name": function.name,
        "theme": function.theme,
        "signature": function.signature,
        "parameters": [
            {
                "name": parameter.name,
                "kind": parameter.kind,
                "optional": parameter.optional,
                "repeated": parameter.repeated,
            }
            for parameter in function.parameters
        ],
        "result": function.result,
        "summary": function.summary,
        "note": function.note,
        "examples": list(function.examples),
        "fails": [{"formula": formula, "message": message} for formula, message in function.fails],
    }
