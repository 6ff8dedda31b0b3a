"""Invoices and credit memos as they are sent: numbered, dated, each line with its amount and its tax code.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from billsync.connector import Intent, Refused
from billsync_connectors.quickbooks import marks, payload
from billsync_connectors.quickbooks.answers import ref
from billsync_connectors.quickbooks.taxes import TAXED, UNTAXED, Taxes

_CENT: Final = Decimal("0.01")
_ITEM: Final = "SalesItemLineDetail"
_NUMBER_MOST: Final = 21


def sale(kind: str, intent: Intent, taxes: Taxes) -> dict[str, Any]:
    """The whole document.  Raises `Refused`."""
    data = intent.payload
    values = payload.body(kind, {name: value for name, value in data.items() if name != "Line"})
    applies = ref(values, "InvoiceRef")
    values.pop("InvoiceRef", None)  # billsync applies the memo itself; QuickBooks has the property in India only
    _numbered(values, intent)
    payload.required(values, "CustomerRef")
    rows = payload.lines(data)
    if not any(_detail(row) for row in rows):
        raise Refused("no_lines", f"{intent.key} has no line: QuickBooks takes no document without one", field="Line")
    _exact(intent)
    values |= {"Line": [_line(row, taxes) for row in rows], **_taxed(rows, values, taxes)}
    values["PrivateNote"] = marks.noted(values.get("PrivateNote"), intent.key, applies)
    payload.fits(values)
    return values


def _numbered(values: dict[str, Any], intent: Intent) -> None:
    if values.get("DocNumber", intent.key) != intent.key:
        raise Refused("bad_key", f"DocNumber differs from the number {intent.key}", field="DocNumber")
    if len(intent.key) > _NUMBER_MOST:
        told = f"the number {intent.key} has more than {_NUMBER_MOST} characters; shorten `invoicing.series`"
        raise Refused("too_long", told, field="DocNumber")
    values["DocNumber"] = intent.key


def _exact(intent: Intent) -> None:
    """QuickBooks has two decimals in every currency, and no document below zero."""
    total = intent.expect.total if intent.expect is not None else None
    if total is not None and total != total.quantize(_CENT):
        raise Refused("too_exact", f"{intent.key} comes to {total:f}, QuickBooks keeps two decimals in every currency")
    if total is not None and total < 0:
        told = f"{intent.key} comes to {total:f}, QuickBooks takes no document below zero: credit it in billsync"
        raise Refused("negative_total", told)


def _line(row: Mapping[str, Any], taxes: Taxes) -> dict[str, Any]:
    """A line as it is sent; of ours nothing is left in it."""
    own = {name: value for name, value in row.items() if name not in ("tax_code", "tax_rate")}
    detail = _detail(row)
    if not detail:
        return own
    amount = _amount(own, detail)
    code = ref(detail, "TaxCodeRef") or _code(row, taxes)
    if taxes.american:
        code = code if code in (TAXED, UNTAXED) else TAXED
    return {**own, "DetailType": _ITEM, "Amount": amount, _ITEM: {**detail, "TaxCodeRef": {"value": code}}}


def _detail(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = row.get(_ITEM)
    return found if isinstance(found, Mapping) else {}


def _amount(row: Mapping[str, Any], detail: Mapping[str, Any]) -> Decimal:
    """Quantity x price to the cent, which has to be the amount that is named."""
    price, quantity, named = detail.get("UnitPrice"), detail.get("Qty", Decimal(1)), row.get("Amount")
    if price is None and named is None:
        raise Refused("missing_value", "a line needs UnitPrice or Amount", field="UnitPrice")
    if price is None:
        return payload.number(named, "Amount")
    made = (price * quantity).quantize(_CENT, ROUND_HALF_UP)
    if named is not None and named != made:
        told = f"a line of {quantity:f} x {price:f} comes to {made:f}, not {named:f}: send 1 x the amount"
        raise Refused("bad_amount", told, field="Amount")
    return Decimal(made)


def _code(row: Mapping[str, Any], taxes: Taxes) -> str:
    return taxes.of(str(row.get("tax_code") or ""), row.get("tax_rate", Decimal(0)))


def _taxed(rows: list[dict[str, Any]], values: Mapping[str, Any], taxes: Taxes) -> dict[str, Any]:
    """In the US the one code of all taxed lines; elsewhere that amounts are without tax."""
    if not taxes.american:
        return {"GlobalTaxCalculation": values.get("GlobalTaxCalculation", "TaxExcluded")}
    ours = [row for row in rows if _detail(row) and not ref(_detail(row), "TaxCodeRef")]
    codes = list(dict.fromkeys(code for row in ours if (code := _code(row, taxes)) != UNTAXED))
    if len(codes) > 1:
        told = f"lines with different taxes ({', '.join(codes)}): a US document in QuickBooks has one tax code"
        raise Refused("unknown_tax", told, field="tax_code")
    return {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": codes[0]}}} if codes and "TxnTaxDetail" not in values else {}
