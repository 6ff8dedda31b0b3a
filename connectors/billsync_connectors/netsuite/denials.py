"""What NetSuite's errors mean: their codes are read, their texts are in the user's language.  (pure)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater

JUDGED: Final = frozenset({400, 401, 403, 404, 405, 406, 409, 411, 413, 414, 415, 422, 428, 429})
"""Statuses that prove that nothing was executed, and say why."""
VAGUE: Final = frozenset({"user_error", "duplicate", "invalid_key_or_ref", "invalid_content", "invalid_parameter"})
"""Reasons that stand for many things: what it is has to be looked up."""

_BUSY: Final = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "WS_CONCUR_SESSION_DISALLWD"})
_STALE: Final = frozenset({"RCRD_HAS_BEEN_CHANGED", "CUSTOM_RCRD_COLLISION", "RECORD_HAS_BEEN_CHANGED"})
_RIGHTS: Final = frozenset({"INSUFFICIENT_PERMISSION", "USER_NOT_AUTHORIZED", "FEATURE_DISABLED"})
_REASONS: Final = {
    "NONEXISTENT_FIELD": "unknown_field",
    "NONEXISTENT_ID": "gone",
    "DUP_RCRD": "duplicate",
    "DUP_ENTITY": "name_taken",
    "DUP_ITEM": "name_taken",
    "UNIQUE_CUST_ID_REQD": "name_taken",
    "SSS_INVALID_SCRIPTLET_ID": "no_void_script",
}


def fault(status: int, value: Any, system: str, hidden: Callable[[str], str], *, after_s: int | None = None) -> Fault:
    """What an error means: nothing was executed.  `hidden` blacks out secrets, `after_s` is what was asked for."""
    code, detail, path = told(value)
    what = f"{system}: {hidden(detail)[:300] or status}" + (f" ({code})" if code else "")
    if status == 429 or code in _BUSY:
        return TryLater("rate_limited", what, after_s=after_s)
    if status == 401:
        return TryLater("auth", f"{what}; check integration, role and token", offline=True)
    if status == 403 or code in _RIGHTS:
        return TryLater("no_permission", f"{what}; give the role the permission", offline=True)
    if code in _STALE or status == 409:
        return TryLater("record_changed", what)
    return Refused(_REASONS.get(code, code.lower() or f"http_{status}"), what, field=path)


def told(value: Any) -> tuple[str, str, str]:
    """Code, text and field of an error, of REST or of a RESTlet; "" for what it does not say."""
    found = value if isinstance(value, dict) else {}
    script = found.get("error")
    if isinstance(script, dict):
        return str(script.get("code") or ""), str(script.get("message") or ""), ""
    rows = found.get("o:errorDetails")
    first = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
    detail = str(first.get("detail") or found.get("title") or script or "")
    return str(first.get("o:errorCode") or ""), detail, str(first.get("o:errorPath") or "")
