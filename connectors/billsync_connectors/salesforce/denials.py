"""What Salesforce says no with, and what that means: its errors are lists, those of its log-in are not.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater

ANSWERS: Final = frozenset({300, 400, 401, 403, 404, 405, 406, 409, 410, 412, 414, 415, 420, 428, 431})
"""Statuses with which it says something about the request: nothing was executed."""
DAY_S: Final = 3600
"""The day's calls are counted over 24 hours as they pass: after an hour some are free again."""
BUSY_S: Final = 30
_EDGE: Final = frozenset({406, 420})
_AGAIN: Final = {
    "UNABLE_TO_LOCK_ROW": ("locked", BUSY_S),
    "QUERY_TIMEOUT": ("query_timeout", BUSY_S),
    "SERVER_UNAVAILABLE": ("busy", BUSY_S),
    "TXN_SECURITY_METERING_ERROR": ("busy", BUSY_S),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": ("rolled_back", BUSY_S),
}
_GONE: Final = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
_HINTS: Final = {
    "INVALID_FIELD": "is the field there, and may this user see it?",
    "INVALID_TYPE": "is the object there, and may this user see it?",
    "API_DISABLED_FOR_ORG": "this edition of Salesforce has no API: ask its administrator",
    "API_CURRENTLY_DISABLED": "the API is switched off for this user: ask the administrator",
    "INSUFFICIENT_ACCESS": "the user lacks a permission: see docs/how-to/connect-salesforce.md",
    "INSUFFICIENT_ACCESS_OR_READONLY": "the user lacks a permission, or the field is read-only",
    "GONE": "this version of the API is retired: set a newer api_version",
}


class Denied(Exception):
    """It says no: nothing was executed.

    Attributes:
        code: its own, such as `INVALID_FIELD`; fault: what it means.
    """

    def __init__(self, code: str, fault: Fault) -> None:
        super().__init__(code)
        self.code, self.fault = code, fault


def denied(system: str, status: int, value: Any) -> Denied:
    """What an answer with such a status means."""
    if status == 300:
        return Denied("SEVERAL", Refused("several", f"{system}: several records have this external id: make it unique"))
    if status in _EDGE:
        return Denied("EDGE", TryLater("busy", f"{system}: is not ready ({status})", after_s=BUSY_S))
    error = first(value)
    code = str(error.get("errorCode") or error.get("statusCode") or ("GONE" if status == 410 else f"HTTP_{status}"))
    return Denied(code, fault_of(system, code, str(error.get("message") or f"refused with {status}"), error))


def first(value: Any) -> Mapping[str, Any]:
    """The first error of an answer, or {}."""
    found = value[0] if isinstance(value, list) and value else value
    return found if isinstance(found, Mapping) else {}


def fault_of(system: str, code: str, said: str, error: Mapping[str, Any]) -> Fault:
    """What one error means."""
    said = " ".join(said.split())[:300]
    if code == "REQUEST_LIMIT_EXCEEDED":
        return _limited(system, said)
    if code == "INVALID_SESSION_ID":
        return TryLater("auth", f"{system}: the session is not accepted ({said})", offline=True)
    if code in _AGAIN:
        reason, after_s = _AGAIN[code]
        return TryLater(reason, f"{system}: {said}", after_s=after_s)
    hint = f"; {_HINTS[code]}" if code in _HINTS else ""
    fields = error.get("fields")
    field = str(fields[0]) if isinstance(fields, list) and fields else ""
    reason = "gone" if code in _GONE else code.lower()
    return Refused(reason, f"{system}: {said} ({code}){hint}", field=field)


def _limited(system: str, said: str) -> TryLater:
    """Both limits have one code, and neither says how long to wait."""
    if said.lower().startswith("concurrent"):
        return TryLater("concurrent", f"{system}: too many long requests at once ({said})", after_s=BUSY_S)
    message = (
        f"{system}: the org's calls of the last 24 hours are used up ({said}); it goes on in an hour at the soonest"
    )
    return TryLater("daily_limit", message, after_s=DAY_S, offline=True)
