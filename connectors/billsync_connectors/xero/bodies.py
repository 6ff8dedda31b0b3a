"""The content of a document as Xero takes it, from what the engine hands over.  (shell)"""

from __future__ import annotations

from typing import Any, Final

from billsync.connector import Data, Intent, Refused
from billsync.model.currency import EXPONENTS
from billsync_connectors.xero import fields
from billsync_connectors.xero.choices import Choices, line_of
from billsync_connectors.xero.values import inner, is_id

_TYPES: Final = {"invoice": "ACCREC", "credit_note": "ACCRECCREDIT"}
_NUMBERS: Final = {"invoice": "InvoiceNumber", "credit_note": "CreditNoteNumber"}
_CENTS: Final = 2
"""Decimals that Xero keeps of every currency."""


class Bodies:
    """Makes bodies; asks Xero for what it has to choose from.  Raises `Refused`, `TryLater`."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def document(self, intent: Intent) -> dict[str, Any]:
        """A draft."""
        object, number = intent.object, _NUMBERS[intent.object]
        data = fields.checked(object, intent.payload)
        data.pop("Invoice", None)  # a credit note is applied to it once it is approved
        type = data.get("Type", _TYPES[object])
        if type != _TYPES[object]:
            raise Refused("bad_value", f"Type: expected {_TYPES[object]}, got {type}", field="Type")
        currency = str(fields.needed(data, "CurrencyCode"))
        _exact(intent)
        own = {"Type": type, "Status": "DRAFT", number: fields.key_of(intent, number)}
        own |= {"Contact": {"ContactID": contact_of(data)}, "Date": fields.needed(data, "Date")}
        lines = [line_of(row, self._choices, EXPONENTS.get(currency, _CENTS)) for row in _lines(data)]
        rate = fields.number(data, "CurrencyRate")
        return {"LineAmountTypes": "Exclusive", **data, **own, "CurrencyRate": rate, "LineItems": lines}


def contact_of(data: Data) -> str:
    """The id of the contact that a document is for.  Raises `Refused`."""
    id = str(inner(data, "Contact").get("ContactID") or "")
    if not is_id(id):
        raise Refused(
            "missing_value", "Contact: expected {ContactID: ...}: a reference to the customer", field="Contact"
        )
    return id


def _lines(data: Data) -> list[Any]:
    found = data.get("LineItems")
    if not isinstance(found, list | tuple) or not found:
        raise Refused("no_lines", "a document without lines cannot be approved in Xero", field="LineItems")
    return list(found)


def _exact(intent: Intent) -> None:
    """Xero keeps two decimals of every currency.  Raises `Refused`."""
    total = intent.expect.total if intent.expect is not None else None
    if total is not None and total != round(total, _CENTS):
        message = f"the total {total} has more than two decimals: Xero cannot hold it"
        raise Refused("too_many_decimals", message)
