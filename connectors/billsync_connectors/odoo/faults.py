"""What an exception of Odoo's means: was the call rolled back, and does it help to send it again?  (pure)

Each call is one transaction: an exception that the model raised took everything back.  Only of those whose kind says
that is it believed; anything else that a server may say after a write proves nothing.
"""

from __future__ import annotations

from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater, Unclear

_ENTRY: Final = ("odoo.exceptions.AccessDenied", "werkzeug.exceptions.Unauthorized")
_USER: Final = ("odoo.exceptions.UserError", "odoo.exceptions.ValidationError", "odoo.exceptions.RedirectWarning")
_AGAIN: Final = ("SerializationFailure", "DeadlockDetected", "LockNotAvailable", "TransactionRollbackError")
_KINDS: Final = {
    "odoo.exceptions.AccessError": "not_allowed",
    "odoo.exceptions.MissingError": "gone",
    "werkzeug.exceptions.NotFound": "not_there",
    "werkzeug.exceptions.BadRequest": "bad_call",
    "werkzeug.exceptions.UnprocessableEntity": "bad_call",
    "werkzeug.exceptions.UnsupportedMediaType": "bad_call",
    "builtins.KeyError": "not_there",
}
_WORDS: Final = (
    ("lock date", "period_closed"),
    ("prior to and inclusive of", "period_closed"),
    ("hashed", "journal_sealed"),
    ("unique sequence number", "number_taken"),
    ("unique_name", "number_taken"),
    ("archived", "inactive"),
    ("negative total", "negative_total"),
    ("need to add a line", "no_lines"),
    ("is not valid", "bad_value"),
    ("no matching record", "bad_reference"),
    ("does not exist or has been deleted", "bad_reference"),
    ("no matching field", "unknown_field"),
    ("unique constraint", "duplicate"),
)
"""Part of Odoo's English message -> reason; calls ask for English."""
_DEFECTS: Final = ("Invalid field", "Wrong value", "time data", "could not convert string")


def fault_of(error: Any, system: str, *, write: bool) -> Fault:
    """The fault for an exception as both doors show it: a mapping with `name` and `message`."""
    told = error if isinstance(error, dict) else {}
    name, message = str(told.get("name") or ""), " ".join(str(told.get("message") or "").split())[:400]
    said = f"{system}: Odoo says: {message or name or 'nothing'}"
    if name in _ENTRY or name.endswith("SessionExpiredException"):
        what = f"{system}: Odoo does not accept the key ({message}): make a new API key (they end after 3 months)"
        return TryLater("auth", what, offline=True)
    if name.endswith(_AGAIN) or "could not serialize access" in message:
        return TryLater("concurrent", f"{system}: somebody else changes the same records at this moment")
    if name in _USER:
        return Refused(reason(message), said)
    if name in _KINDS:
        return Refused(_KINDS[name], said)
    if name == "builtins.ValueError" and message.startswith(_DEFECTS):
        return Refused("bad_value", said)
    return Unclear("server_error", said) if write else TryLater("server_error", said)


def reason(message: str) -> str:
    """A token for what Odoo refuses."""
    low = message.lower()
    return next((token for words, token in _WORDS if words in low), "refused")
