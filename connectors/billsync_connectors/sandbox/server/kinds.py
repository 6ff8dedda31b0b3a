"""The kinds of record, their fields, and how a written value is read.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied


@dataclass(frozen=True, slots=True)
class Kind:
    """One object.

    Attributes:
        fields: name -> type of those that may be written.
        needed: those without which none is made.
        shown: name -> type of those that the server computes.
        open: any other field may be written too; these are the CRM's.
    """

    fields: Mapping[str, str]
    needed: tuple[str, ...] = ()
    shown: Mapping[str, str] | None = None
    open: bool = False


_DEAL: Final = {
    "account": "text", "product": "text", "stage": "text", "amount": "amount", "currency": "text",
    "engaged_on": "day", "closed_on": "day", "owner": "text", "billing": "mapping",
}  # fmt: skip
_EVENT: Final = {
    "type": "text", "invoice": "text", "payment": "text", "amount": "amount", "currency": "text", "on": "day",
    "state": "text",
}  # fmt: skip
_PARTY: Final = {
    "name": "text", "country": "text", "street": "text", "city": "text", "postal_code": "text", "active": "bool",
}  # fmt: skip
_INVOICE: Final = {
    "number": "text", "customer": "customer", "currency": "text", "date": "day", "due_date": "day",
    "description": "text", "state": "text", "lines": "lines",
}  # fmt: skip
_CREDIT: Final = {
    "number": "text", "customer": "customer", "currency": "text", "date": "day", "invoice": "invoice",
    "description": "text", "lines": "lines",
}  # fmt: skip
_MONEY: Final = {"amount": "amount", "currency": "text", "date": "day"}
_SUMS: Final = {"subtotal": "amount", "tax": "amount", "total": "amount", "open": "amount", "edited_by": "text"}
_BOOKED: Final = {"invoice_reference": "text", "state": "text", "edited_by": "text"}
LINE: Final = {
    "description": "text", "quantity": "amount", "unit_price": "amount", "product": "product", "tax_code": "text",
    "tax_rate": "amount", "account": "text", "amount": "amount",
}  # fmt: skip

KINDS: Final = {
    "accounts": Kind({"name": "text", "sector": "text", "country": "text", "parent": "text"}, open=True),
    "products": Kind({"name": "text", "series": "text", "price": "amount"}, open=True),
    "deals": Kind(_DEAL, open=True),
    "payments": Kind(_EVENT, open=True),
    "customer": Kind(_PARTY, ("name",)),
    "product": Kind({"name": "text", "code": "text", "active": "bool"}, ("name",)),
    "invoice": Kind(_INVOICE, ("customer", "currency", "date", "lines"), _SUMS),
    "credit_note": Kind(
        _CREDIT, ("customer", "currency", "date", "lines"),
        {"subtotal": "amount", "tax": "amount", "total": "amount", **_BOOKED},
    ),
    "payment": Kind(
        {**_MONEY, "invoice": "invoice", "customer": "customer", "method": "text", "description": "text"},
        tuple(_MONEY), _BOOKED,
    ),
    "refund": Kind({**_MONEY, "payment": "payment", "invoice": "invoice", "reason": "text"}, tuple(_MONEY), _BOOKED),
}  # fmt: skip
REFERS: Final = frozenset({"customer", "product", "invoice", "payment"})
"""Types of a field that hold the id of another record."""


def kind_of(object: str) -> Kind:
    """The kind of an object.  Raises `Denied`."""
    if object not in KINDS:
        raise Denied(404, "no_such_object", f"there is no object {object}: {', '.join(KINDS)}")
    return KINDS[object]


def written(object: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request as they are kept.  Raises `Denied`."""
    kind = kind_of(object)
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in kind.fields:
            found[name] = read(kind.fields[name], name, value)
        elif kind.open:
            found[name] = value
        else:
            raise Denied(422, "unknown_field", f"{object} has no field {name} that may be written", name)
    return found


def needed(object: str, data: Mapping[str, Any]) -> None:
    """All that must be there is.  Raises `Denied`."""
    for name in kind_of(object).needed:
        if data.get(name) in (None, "", []):
            raise Denied(422, "missing_value", f"{object} needs {name}", name)
    if object == "refund" and not (data.get("payment") or data.get("invoice")):
        raise Denied(422, "missing_value", "a refund needs payment or invoice", "payment")


def read(type: str, name: str, value: Any) -> Any:
    """One value by its type; amounts become plain decimal text.  Raises `Denied`."""
    if value is None:
        return None
    try:
        return _as(type, value)
    except (ValueError, InvalidOperation, TypeError):
        raise Denied(422, "bad_value", f"{name}: expected {type}, got {str(value)[:60]}", name) from None


def _as(type: str, value: Any) -> Any:
    if type == "amount":
        return format(_number(value), "f")
    if type == "day":
        return date.fromisoformat(value).isoformat()
    if type == "lines":
        return [_line(line) for line in _only(value, list)]
    if type == "bool":
        return _only(value, bool)
    if type == "mapping":
        return _only(value, dict)
    return _only(value, str)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise TypeError
    found = Decimal(value)
    if not found.is_finite() or abs(found) >= Decimal(10) ** 18:
        raise ValueError
    return found


def _only(value: Any, type: type) -> Any:
    if not isinstance(value, type):
        raise TypeError
    return value


def _line(line: Any) -> dict[str, Any]:
    unknown = sorted(set(_only(line, dict)) - set(LINE))
    if unknown:
        raise Denied(422, "unknown_field", f"a line has no field {unknown[0]}", f"lines.{unknown[0]}")
    found = {name: read(LINE[name], f"lines.{name}", value) for name, value in line.items() if name != "amount"}
    for name in ("quantity", "unit_price"):
        if found.get(name) is None:
            raise Denied(422, "missing_value", f"a line needs {name}", f"lines.{name}")
    return found


def described(object: str) -> dict[str, Any]:
    """The fields of an object, for those who ask."""
    kind = kind_of(object)
    base = {} if kind.open else {"reference": "text"}
    rows = [
        {"name": name, "type": type, "required": name in kind.needed, "writable": True}
        for name, type in {**base, **kind.fields}.items()
    ]
    shown = {"id": "text", "version": "number", "updated": "instant", **(kind.shown or {})}
    rows += [{"name": name, "type": type, "required": False, "writable": False} for name, type in shown.items()]
    return {"fields": rows, "open": kind.open}
