"""JSON as NetSuite takes it: exact numbers, days as text; and texts within SuiteQL.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billsync.model.scalar import plain


def dumps(value: Any) -> str:
    """JSON text; a Decimal is a number with all of its digits, what is None is left out of mappings."""
    match value:
        case Mapping():
            told = (f"{json.dumps(str(name))}:{dumps(each)}" for name, each in value.items() if each is not None)
            return f"{{{','.join(told)}}}"
        case list() | tuple():
            return f"[{','.join(map(dumps, value))}]"
        case Decimal():
            return plain(value)
        case datetime() | date():
            return json.dumps(value.isoformat())
        case float():
            raise TypeError("an amount is never a float")
        case _:
            return json.dumps(value, ensure_ascii=False)


def select(columns: str, table: str, *where: str, order: str, group: str = "") -> str:
    """A query of SuiteQL; names are our own, values in `where` are `quoted` or `numbers`."""
    held = f" WHERE {' AND '.join(where)}" if where else ""
    by = f" GROUP BY {group}" if group else ""
    return f"SELECT {columns} FROM {table}{held}{by} ORDER BY {order}"  # noqa: S608  no value is put in raw


def quoted(texts: Iterable[str]) -> str:
    """Texts of a SuiteQL list: `'INV-1', 'O''Neil'`."""
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


def numbers(ids: Iterable[str]) -> str:
    """Internal ids of a SuiteQL list.  Raises ValueError for what is none."""
    return ", ".join(str(int(id)) for id in ids)
