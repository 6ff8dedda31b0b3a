"""What the text of an invoice or credit note says of its amounts, believed in nothing.  (pure)"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, InvalidOperation)
_NONE: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Paper:
    """What the text says; `fault` where it cannot be read, and then nothing else.

    Attributes:
        amounts: subtotal, tax and total as they stand.
        prepaid: credits that pay part of it; due: its instalments, or None where it has none.
        charges: keys of the charges of its lines; converted: whether its amounts are in another currency than theirs.
    """

    series: str = ""
    currency: str = ""
    amounts: tuple[Decimal, Decimal, Decimal] = (_NONE, _NONE, _NONE)
    prepaid: Decimal = _NONE
    charges: frozenset[str] = frozenset()
    converted: bool = False
    adds_up: bool = True
    fault: str = ""


def read(text: str) -> Paper:
    """The text of a document, computed anew from its lines."""
    try:
        doc: dict[str, Any] = json.loads(text)
        amounts = (Decimal(doc["subtotal"]), Decimal(doc["tax_total"]), Decimal(doc["total"]))
        return Paper(
            series=doc["series"],
            currency=doc["currency"],
            amounts=amounts,
            prepaid=_sum(draw["amount"] for draw in doc.get("prepaid", ())),
            charges=frozenset(line["charge"] for line in doc["lines"]),
            converted=doc.get("fx") is not None,
            adds_up=_adds_up(doc, *amounts),
        )
    except UNREADABLE as error:
        return Paper(fault=f"it cannot be read: {error}")


def _adds_up(doc: dict[str, Any], subtotal: Decimal, tax: Decimal, total: Decimal) -> bool:
    """Lines, discounts and taxes are the sums; with the tax, unless prices include it, they are the total."""
    lines, discount = doc["lines"], Decimal(doc.get("discount_total", "0"))
    added = _NONE if doc.get("policy", {}).get("prices_include_tax") else tax
    prepaid = _sum(draw["amount"] for draw in doc.get("prepaid", ()))
    parts = doc.get("instalments") or [{"amount": total - prepaid}]
    return (
        _sum(line["amount"] for line in lines) == subtotal
        and _sum(line.get("discount", "0") for line in lines) == discount
        and _sum(item["amount"] for item in doc["taxes"]) == tax
        and subtotal - discount + added == total
        and _sum(part["amount"] for part in parts) == total - prepaid
    )


def _sum(amounts: Iterable[Any]) -> Decimal:
    return sum((Decimal(amount) for amount in amounts), _NONE)
