"""Data to begin with: the demo's CRM export, with its faults left in.  (shell)"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied

_COLUMNS: Final = {
    "accounts": (
        "accounts.csv", "account",
        {"name": "account", "sector": "sector", "founded": "year_established", "revenue": "revenue",
         "employees": "employees", "country": "office_location", "parent": "subsidiary_of"},
    ),
    "products": ("products.csv", "product", {"name": "product", "series": "series", "price": "sales_price"}),
    "deals": (
        "sales_pipeline.csv", "opportunity_id",
        {"account": "account", "product": "product", "stage": "deal_stage", "amount": "close_value",
         "engaged_on": "engage_date", "closed_on": "close_date", "owner": "sales_agent"},
    ),
}  # fmt: skip
NAMES: Final = ("crm_sales",)


def sow(name: str, folder: Path, create: Callable[[str, Mapping[str, Any]], Any]) -> int:
    """Make the records of a data set; gives how many.  Raises `Denied`."""
    if name not in NAMES:
        raise Denied(422, "bad_value", f"there is no data {name}: {', '.join(NAMES)}", "name")
    count = 0
    for object in _COLUMNS:
        for fields in _rows(object, folder):
            create(object, fields)
            count += 1
    return count


def _rows(object: str, folder: Path) -> Iterator[dict[str, Any]]:
    file, key, columns = _COLUMNS[object]
    extra = {"currency": "USD"} if object == "deals" else {}
    try:
        with (folder / file).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                yield {"id": row[key], **extra, **{name: row[column] or None for name, column in columns.items()}}
    except (OSError, KeyError) as error:
        raise Denied(422, "bad_value", f"the data in {folder} cannot be read: {error}", "folder") from None
