"""How results look: tables on a terminal, plain lines in a pipe, one JSON document for programs.  (shell)"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from rich.console import Console

Format = Literal["table", "json"]
Row = Mapping[str, Any]

_ATOM = 18
"""Text without blanks up to this many characters (days, numbers, codes, states) is never broken."""
_PROSE = 14
"""Other text is broken into lines of at least so many characters."""
_EDGE = 2
"""Characters that a column takes beside its text."""


def emit_json(value: object) -> None:
    """One JSON document on stdout; Decimals and dates as text."""
    import json

    line(json.dumps(value, indent=2, ensure_ascii=False, default=_plainly))


def _plainly(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def rows(
    title: str, columns: Sequence[str], data: Sequence[Row], *, format: Format = "table", empty: str = "nothing"
) -> None:
    """A list: as JSON, as a table on a terminal, or tab-separated lines in a pipe."""
    if format == "json":
        emit_json(list(data))
    elif not data:
        line(empty)
    elif not sys.stdout.isatty():
        line("\t".join(columns))
        for row in data:
            line("\t".join(cell(row.get(name)) for name in columns))
    else:
        _draw(title, columns, data)


def facts(title: str, values: Row) -> None:
    """What is known about one thing, a line each; what is not known is left out."""
    told = [
        {"what": name.replace("_", " "), "value": value} for name, value in values.items() if value not in (None, "")
    ]
    rows(title, ["what", "value"], told)


# ---------------------------------------------------------------- on a terminal


def _draw(title: str, columns: Sequence[str], data: Sequence[Row]) -> None:
    """A table; where the terminal is too narrow for its columns, a block of lines for each row."""
    from rich.console import Console

    console = Console(highlight=False)
    texts = {name: [cell(row.get(name)) for row in data] for name in columns}
    least = {name: max(_least(text) for text in (name.replace("_", " "), *texts[name])) for name in columns}
    if sum(least.values()) + _EDGE * len(least) > console.width:
        _blocks(title, columns, data)
        return
    numeric = {name for name in columns if all(_is_number(row.get(name)) for row in data)}
    _table(console, title, texts, least, numeric)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | Decimal) and not isinstance(value, bool))


def _least(text: str) -> int:
    from rich.cells import cell_len

    words = cell_len(text)
    return words if words <= _PROSE or (words <= _ATOM and " " not in text) else _PROSE


def _table(
    console: Console, title: str, texts: Mapping[str, Sequence[str]], least: Mapping[str, int], numeric: set[str]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    table.box, table.show_edge, table.pad_edge, table.padding = SIMPLE_HEAD, False, False, (0, 1, 0, 0)
    for name in texts:
        side: Literal["left", "right"] = "right" if name in numeric else "left"
        table.add_column(name.replace("_", " "), justify=side, overflow="fold", min_width=least[name])
    for row in zip(*texts.values(), strict=True):
        table.add_row(*(Text(text) for text in row))
    with console.capture() as drawn:
        console.print(table)
    _write(sys.stdout, drawn.get())


def _blocks(title: str, columns: Sequence[str], data: Sequence[Row]) -> None:
    line(title)
    for row in data:
        line()
        for name in columns:
            if text := cell(row.get(name)):
                line(f"  {name.replace('_', ' ')}: {text}")


# ---------------------------------------------------------------- values


def cell(value: object) -> str:
    """A value as people read it: thousands separated, control characters visible, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        return f"{value:,f}"
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{visible(str(name))}: {cell(item)}" for name, item in value.items())
    return visible(str(value))


def visible(text: str) -> str:
    """One line of text in which nothing can move the cursor, colour the terminal or turn its direction."""
    from billsync.model.scalar import show

    return show(text, limit=2_000)[1:-1]


# ---------------------------------------------------------------- lines


def line(text: str = "") -> None:
    """A line on stdout."""
    _write(sys.stdout, f"{text}\n")


def remark(text: str) -> None:
    """A line on stderr: progress and remarks never mix with results."""
    _write(sys.stderr, f"{text}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write; a reader that went away (`| head`) is no fault, and the work goes on without it."""
    try:
        stream.write(text)
    except BrokenPipeError:
        unread(stream)


def unread(stream: TextIO) -> None:
    """From here on nobody reads the stream."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
