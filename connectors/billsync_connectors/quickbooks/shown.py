"""What a record of QuickBooks shows, in the port's words.  (pure)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from billsync.connector import Standing
from billsync_connectors.quickbooks import marks
from billsync_connectors.quickbooks.answers import amount, day, ref

_VOIDED: Final = "Voided"
_OPEN: Final = {"Invoice": "Balance", "CreditMemo": "RemainingCredit"}


def echo(kind: str, row: Mapping[str, Any], home: str = "") -> dict[str, Any]:
    """A record as `Applied` and `Found` tell it; `home` is the currency where it names none.  Raises `Odd`."""
    found = {
        "total": amount(row, "TotalAmt"),
        "currency": ref(row, "CurrencyRef") or home or None,
        "on": day(row, "TxnDate"),
        "number": row.get("PaymentRefNum" if kind == "Payment" else "DocNumber"),
        "state": state(kind, row),
    }
    if kind == "Payment":
        return found
    tax = row.get("TxnTaxDetail")
    return {
        **found,
        "tax": amount(tax if isinstance(tax, Mapping) else {}, "TotalTax"),
        "lines": sum(1 for line in row.get("Line") or [] if _counts(line)),
    }


def state(kind: str, row: Mapping[str, Any]) -> str:
    """Where it stands.  Raises `Odd`."""
    if void(row):
        return "void"
    if kind == "Payment":
        return "booked"
    left, total = left_of(kind, row), amount(row, "TotalAmt")
    if not left:
        return "paid"
    return "sent" if left == total else "partly_paid"


def void(row: Mapping[str, Any]) -> bool:
    """Whether it counts for nothing: QuickBooks keeps such a document with zero amounts, and says so in its note."""
    note = row.get("PrivateNote")
    return isinstance(note, str) and note.split("\n")[0].strip() == _VOIDED and not amount(row, "TotalAmt")


def left_of(kind: str, row: Mapping[str, Any]) -> Any:
    """What of a document is open, or not used yet.  Raises `Odd`."""
    name = _OPEN[kind]
    return amount(row, name if name in row else "Balance")


def applies_credit(row: Mapping[str, Any]) -> bool:
    """Whether a payment is none, but the application of a credit memo.  Raises `Odd`."""
    return not amount(row, "TotalAmt") and any(kind == "CreditMemo" for kind, _ in links(row))


def links(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Kind and id of what a payment's lines are for."""
    for line in row.get("Line") or []:
        for link in (line.get("LinkedTxn") or []) if isinstance(line, Mapping) else []:
            yield str(link.get("TxnType")), str(link.get("TxnId"))


def paid_by(row: Mapping[str, Any]) -> list[str]:
    """Ids of the invoices that a payment is for."""
    return list(dict.fromkeys(id for kind, id in links(row) if kind == "Invoice"))


def standing(kind: str, row: Mapping[str, Any], home: str) -> Standing:
    """An invoice or a credit memo.  Raises `Odd`."""
    found = echo(kind, row, home)
    return Standing(
        id=row["Id"],
        reference=str(found["number"] or ""),
        currency=found["currency"] or "",
        total=found["total"],
        number=found["number"],
        customer=ref(row, "CustomerRef") or None,
        tax=found["tax"],
        open=left_of(kind, row),
        on=found["on"],
        due_on=day(row, "DueDate"),
        lines=found["lines"],
        state=found["state"],
    )


def booked(row: Mapping[str, Any], numbers: Mapping[str, str], home: str) -> Standing:
    """A payment; `numbers` of invoices by their ids.  Raises `Odd`."""
    paid = paid_by(row)
    return Standing(
        id=row["Id"],
        reference=payment_reference(row),
        currency=ref(row, "CurrencyRef") or home,
        total=amount(row, "TotalAmt"),
        number=row.get("PaymentRefNum"),
        customer=ref(row, "CustomerRef") or None,
        applies_to=numbers.get(paid[0], "") if len(paid) == 1 else "",
        on=day(row, "TxnDate"),
        state=state("Payment", row),
    )


def payment_reference(row: Mapping[str, Any]) -> str:
    """Our id of a payment, "" where somebody else booked it."""
    return marks.reference(row.get("PrivateNote"))


def _counts(line: Any) -> bool:
    """QuickBooks adds a line for the subtotal by itself."""
    return isinstance(line, Mapping) and line.get("DetailType") != "SubTotalLineDetail"
