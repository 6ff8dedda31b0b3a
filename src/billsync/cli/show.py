"""How results look: tables on a terminal, plain lines in a pipe, one JSON document for programs.  (shell)"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

Format = Literal["table", "json"]


def emit_json(value: object) -> None:
    """One JSON document on stdout; Decimals and dates as text."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))  # noqa: T201


def rows(
    title: str,
    columns: Sequence[str],
    data: Sequence[Mapping[str, Any]],
    *,
    format: Format = "table",
    empty: str = "nothing",
) -> None:
    """A list: as JSON, as a table on a terminal, or tab-separated lines in a pipe."""
    if format == "json":
        emit_json(list(data))
        return
    if not data:
        line(empty)
        return
    if not sys.stdout.isatty():
        print("\t".join(columns))  # noqa: T201
        for row in data:
            print("\t".join(cell(row.get(name)) for name in columns))  # noqa: T201
        return
    _table(title, columns, data)


def _table(title: str, columns: Sequence[str], data: Sequence[Mapping[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", header_style="bold")
    for name in columns:
        numeric = all(isinstance(row.get(name), int | Decimal) or row.get(name) is None for row in data)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in data:
        table.add_row(*(Text(cell(row.get(name))) for name in columns))
    Console().print(table)


def cell(value: object) -> str:
    """A value as people read it: thousands separated, control characters visible, nothing for None."""
    from billsync.model.scalar import show

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
    return show(str(value), limit=400)[1:-1]


def line(text: str = "") -> None:
    """A line on stdout."""
    print(text)  # noqa: T201


def remark(text: str) -> None:
    """A line on stderr: progress and remarks never mix with results."""
    print(text, file=sys.stderr)  # noqa: T201
