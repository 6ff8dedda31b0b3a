"""The lines of a sale as they were sent: known, counted, with items and tax codes that are there.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import Denied, required, unsupported
from billsync_connectors.quickbooks.server.kinds import known
from billsync_connectors.quickbooks.server.sums import Line, amounted
from billsync_connectors.quickbooks.server.taxes import Taxes
from billsync_connectors.quickbooks.server.values import day, number, short

_TYPES: Final = ("SalesItemLineDetail", "SubTotalLineDetail", "DiscountLineDetail", "DescriptionOnly")
_NUMBERS: Final = ("UnitPrice", "Qty", "TaxInclusiveAmt", "DiscountRate", "DiscountAmt")
_TEXT_MOST: Final = 4000


class Lines:
    """Reads them; `read` raises `Denied`."""

    def __init__(self, books: Books, taxes: Taxes) -> None:
        self._books, self._taxes = books, taxes

    def read(self, sent: Any, *, inclusive: bool, taxable: bool) -> list[Line]:
        """The lines, numbered, with their amounts; what QuickBooks adds by itself is left out."""
        if not isinstance(sent, Sequence) or isinstance(sent, str):
            raise unsupported("Line")
        kept = [
            line for line in sent if not isinstance(line, Mapping) or line.get("DetailType") != "SubTotalLineDetail"
        ]
        if not kept:
            raise required("Line")
        taken = {str(line["Id"]) for line in kept if isinstance(line, Mapping) and line.get("Id")}
        free = (str(number) for number in range(1, len(kept) + len(taken) + 1) if str(number) not in taken)
        found = []
        for place, line in enumerate(kept, 1):
            if not isinstance(line, Mapping):
                raise unsupported("Line")
            read = self._line(line, inclusive=inclusive, taxable=taxable)
            found.append({"Id": str(line.get("Id") or next(free)), "LineNum": place, **read})
        return found

    def _line(self, sent: Mapping[str, Any], *, inclusive: bool, taxable: bool) -> Line:
        known("Line", sent)
        kind = sent.get("DetailType")
        if not kind:
            raise required("Line.DetailType")
        if kind not in _TYPES:
            raise Denied(2170, "Invalid Enumeration", f"Invalid Enumeration : {kind}", element="DetailType")
        line: Line = {"DetailType": kind, "CustomExtensions": []}
        if sent.get("Description"):
            line["Description"] = short("Description", sent["Description"], _TEXT_MOST)
        if sent.get("Amount") is not None and sent.get("Amount") != "":
            line["Amount"] = number("Amount", sent["Amount"])
        if kind == "DiscountLineDetail":
            return {**line, kind: self._discount(sent.get(kind) or {})}
        if kind == "DescriptionOnly":
            return {name: value for name, value in line.items() if name != "Amount"}
        line[kind] = self._detail(sent.get(kind) or {}, taxable=taxable)
        return {**line, "Amount": amounted(line, inclusive=inclusive)}

    def _detail(self, sent: Mapping[str, Any], *, taxable: bool) -> dict[str, Any]:
        known("SalesItemLineDetail", sent)
        detail: dict[str, Any] = {}
        reference = sent.get("ItemRef") or {"value": "1"}  # without an item it is the company's own, `Services`
        detail["ItemRef"] = self._books.reference("Item", reference)
        item = self._books.need("Item", detail["ItemRef"]["value"])
        for name in _NUMBERS:
            if sent.get(name) not in (None, "") and not (name in _NUMBERS[2:] and not Decimal(str(sent[name]))):
                detail[name] = number(name, sent[name])
        detail["ItemAccountRef"] = item.get("IncomeAccountRef")
        code = self._taxes.line(sent.get("TaxCodeRef"), taxable=taxable and item.get("Taxable", False))
        if code is not None:
            detail["TaxCodeRef"] = code
        if sent.get("ServiceDate"):
            detail["ServiceDate"] = day("ServiceDate", sent["ServiceDate"])
        return detail

    def _discount(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        known("DiscountLineDetail", sent)
        detail = {name: value for name, value in sent.items() if value not in (None, "")}
        if "DiscountPercent" in detail:
            detail["DiscountPercent"] = number("DiscountPercent", detail["DiscountPercent"])
        return detail
