"""What Xero's refusals mean: it has no codes, its sentences are all there is.  (pure)"""

from __future__ import annotations

from typing import Final

from billsync.connector import Refused
from billsync_connectors.xero.values import Row, rows

TAKEN: Final = frozenset({"number_taken", "name_taken", "code_taken"})
"""Refusals that may be about a record of our own, made by a request whose answer was lost."""
_REASONS: Final = (
    ("lock date", "period_closed"),
    ("# must be unique", "number_taken"),
    ("contact name", "name_taken"),
    ("is already assigned", "number_taken"),
    ("already exists", "code_taken"),
    ("has been archived", "inactive_customer"),
    ("not subscribed to currency", "unknown_currency"),
    ("taxtype code", "unknown_tax"),
    ("account code", "unknown_account"),
    ("account must be", "unknown_account"),
    ("item code", "unknown_item"),
    ("exceeds the amount outstanding", "overpaid"),
    ("against authorised documents", "not_payable"),
    ("allocated to it", "settled"),
    ("been reconciled", "reconciled"),
    ("not of valid status", "wrong_state"),
    ("could not be found", "gone"),
    ("was not found", "gone"),
)
"""Part of a sentence, in lower case -> token; the first that fits."""
_HINTS: Final = {
    "period_closed": "open the period in Xero, or date it later",
    "inactive_customer": "restore the contact in Xero",
    "unknown_currency": "add the currency in Xero",
    "unknown_tax": "name one of Xero's tax types in the setting tax_codes",
    "unknown_account": "name an active account in the settings or the mapping",
    "settled": "take the payment or credit off it in Xero first",
    "reconciled": "unreconcile it in Xero first",
}


def told(row: Row) -> str:
    """What an element of an answer says is wrong with it, "" where nothing is."""
    if row.get("StatusAttributeString") != "ERROR" and not rows(row.get("ValidationErrors")):
        return ""
    said = "; ".join(str(error.get("Message") or "") for error in rows(row.get("ValidationErrors")))
    return said or "Xero says no, and does not say why"


def refused(system: str, about: str, said: str) -> Refused:
    """The refusal that a sentence is; `about` names what was to be written."""
    lower = said.lower()
    reason = next((token for part, token in _REASONS if part in lower), "invalid")
    hint = f": {_HINTS[reason]}" if reason in _HINTS else ""
    return Refused(reason, f"{system}: Xero refuses {about}: {said[:300]}{hint}")
