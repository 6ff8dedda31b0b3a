"""What a person chooses from when the connection is set up, and what it was let into.  (shell)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal

from billsync.connector import Books, Choice, Health
from billsync_connectors.xero.choices import REVENUE, Choices
from billsync_connectors.xero.session import Session
from billsync_connectors.xero.values import Row, amount, day, rows

_HUNDRED: Final = Decimal(100)
_SETTINGS: Final = {
    "revenue_account": "accounts:revenue",
    "bank_account": "accounts:bank",
    "bank_accounts": "accounts:bank",
    "tax_codes": "taxes",
    "no_tax": "taxes",
}


def books(session: Session, choices: Choices) -> Books:
    """Accounts, taxes, items, currencies and facts.  Raises `TryLater`, `Refused`."""
    with session.reading():
        choices.forget()
        currencies = rows(session.ask("Currencies").get("Currencies"))
        return Books(
            accounts=tuple(_account(row) for row in choices.accounts()),
            taxes=tuple(_tax(row) for row in choices.taxes()),
            items=tuple(
                Choice(str(row.get("ItemID")), str(row.get("Name") or row.get("Code"))) for row in choices.items()
            ),
            currencies=tuple(Choice(str(row.get("Code")), str(row.get("Description") or "")) for row in currencies),
            settings=dict(_SETTINGS),
            facts=facts(choices.organisation()),
        )


def health(session: Session, choices: Choices) -> Health:
    """The organisation, and what a person should know of it.  Raises `TryLater`, `Refused`."""
    with session.reading():
        told = facts(choices.organisation())
    closed = [f"{name}: {text}" for name, text in told.items() if "closed" in name]
    return Health(system="Xero", version="2.0", identity=told.get("organisation", ""), remarks=tuple(closed))


def facts(row: Row) -> dict[str, str]:
    """What an organisation says of itself, in words.  Raises ValueError."""
    told = {"organisation": str(row.get("Name") or ""), "base currency": str(row.get("BaseCurrency") or "")}
    locks = {"closed until": "PeriodLockDate", "year closed until": "EndOfYearLockDate"}
    told |= {name: str(day(row.get(field)) or "") for name, field in locks.items()}
    told["tax"] = "worked out line by line, rounded to two decimals"
    return {name: text for name, text in told.items() if text}


def _account(row: Row) -> Choice:
    kind: Literal["revenue", "receivable", "bank", "other"] = "other"
    if row.get("Type") in REVENUE:
        kind = "revenue"
    elif row.get("Type") == "BANK":
        kind = "bank"
    elif row.get("SystemAccount") == "DEBTORS":
        kind = "receivable"
    id = str(row.get("Code") or row.get("AccountID"))
    return Choice(id, str(row.get("Name") or id), kind=kind, currency=str(row.get("CurrencyCode") or ""))


def _tax(row: Row) -> Choice:
    percent = amount(row, "EffectiveRate")
    rate = None if percent is None else percent / _HUNDRED
    return Choice(str(row.get("TaxType")), str(row.get("Name") or ""), rate=rate, default=row.get("TaxType") == "NONE")
