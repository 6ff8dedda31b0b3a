"""What an answer of QuickBooks means: the record in it, or the fault, whatever status it came with.  (pure)

A Fault may come with status 200; the gateway before the service writes the same names in small letters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from billsync.connector import Fault, Refused, TryLater, Unclear

STALE: Final = "stale"
NUMBER_USED: Final = "number_used"
NAME_USED: Final = "name_used"
GONE: Final = "gone"
_THROTTLE_S: Final = 60
_SUBSCRIPTION_S: Final = 3600
_LOCKED: Final = frozenset({"3100", "120", "3200"})
_REASONS: Final = {
    "5010": STALE,
    "6140": NUMBER_USED,
    "6240": NAME_USED,
    "610": GONE,
    "2500": "bad_reference",
    "2010": "unknown_field",
    "6200": "period_closed",
    "6210": "period_closed",
}


class Odd(ValueError):
    """An answer that is not as QuickBooks' answers are."""


@dataclass(frozen=True, slots=True)
class Told:
    """The first error of a Fault, in QuickBooks' own words.

    Attributes:
        system: True where the service itself failed, so that nothing is said about the record.
    """

    code: str
    text: str
    system: bool = False
    element: str = ""


def told(value: Any) -> Told | None:
    """The fault that an answer, or one item of a batch, tells; None where it tells none."""
    if not isinstance(value, Mapping):
        return None
    fault = _either(value, "Fault")
    if not isinstance(fault, Mapping):
        return None
    errors = _either(fault, "Error")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], Mapping) else {}
    said = [str(_either(first, name) or "").strip() for name in ("Message", "Detail")]
    kind, code = str(fault.get("type") or ""), str(first.get("code") or "")
    return Told(code, ": ".join(filter(None, said)), _systemic(kind, code), str(first.get("element") or ""))


def meaning(found: Told, system: str, *, write: bool) -> Fault:
    """What a fault means for the engine."""
    said = f"{system}: {found.text[:400] or 'refused without a word'} (code {found.code or 'none'})"
    if found.code == "3001":
        return TryLater("rate_limited", said, after_s=_THROTTLE_S)
    if found.code in _LOCKED:
        return TryLater("auth", f"{said}; let billsync in again: billsync connect erp", offline=True)
    if found.code == "6190":
        return TryLater("subscription_ended", said, after_s=_SUBSCRIPTION_S, offline=True)
    if found.code == "600":
        return Unclear("in_flight", said) if write else TryLater("in_flight", said)
    if found.system:
        return Unclear("system_fault", said) if write else TryLater("system_fault", said, offline=True)
    if _reason(found) == STALE and not write:
        return TryLater(STALE, said)  # who only asks is in nobody's way: the next answer is another
    return Refused(_reason(found), said, field=found.element)


def record(value: Any, kind: str) -> dict[str, Any]:
    """The one record of an answer.  Raises `Odd`."""
    row = value.get(kind) if isinstance(value, Mapping) else None
    if not isinstance(row, dict) or not isinstance(row.get("Id"), str) or not row["Id"]:
        raise Odd(f"expected a {kind} with its Id")
    return row


def amount(row: Mapping[str, Any], name: str) -> Decimal:
    """A number of a record, zero where it has none.  Raises `Odd`."""
    value = row.get(name)
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Odd(f"{name}: expected a number")
    return Decimal(value)


def day(row: Mapping[str, Any], name: str) -> date | None:
    """A day of a record.  Raises `Odd`."""
    value = row.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Odd(f"{name}: expected a day") from None


def ref(row: Mapping[str, Any], name: str) -> str:
    """The id that a reference of a record holds, or ""."""
    value = row.get(name)
    return str(value.get("value") or "") if isinstance(value, Mapping) else ""


def _reason(found: Told) -> str:
    """6210 is a closed period, and by an older article of Intuit's a number that is used twice: the words decide."""
    words = found.text.lower()
    if "duplicate document number" in words:
        return NUMBER_USED
    if "made inactive" in words and found.code != "610":
        return "inactive"
    return _REASONS.get(found.code, f"qbo_{found.code}" if found.code else "refused")


def _systemic(kind: str, code: str) -> bool:
    return kind in ("SystemFault", "SERVICE") or (code.isdigit() and int(code) >= 10000)


def _either(value: Mapping[str, Any], name: str) -> Any:
    found = value.get(name)
    return value.get(name.lower()) if found is None else found
