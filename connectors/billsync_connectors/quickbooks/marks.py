"""Our reference where QuickBooks has no field for it: a line of the note that a record carries.  (pure)

The note of a customer is `Notes`, of a document `PrivateNote`; the rest of it belongs to people.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

_MARK: Final = "billsync:"
_APPLIES: Final = "billsync applies to:"
_SHORT: Final = 21


def noted(note: Any, key: str, applies_to: str = "") -> str:
    """The note with our line, as it is where it carries it already."""
    text = note if isinstance(note, str) else ""
    own = [_MARK + key, *([_APPLIES + applies_to] if applies_to else [])]
    missing = [line for line in own if line not in _lines(text)]
    return "\n".join([text, *missing] if text else missing)


def carries(note: Any, key: str) -> bool:
    """Whether the note says that the record is ours, by this reference."""
    return _MARK + key in _lines(note)


def reference(note: Any) -> str:
    """The reference of ours that the note names, or ""."""
    return _after(note, _MARK)


def applies_to(note: Any) -> str:
    """The invoice's id that a credit memo was made to be applied to, or ""."""
    return _after(note, _APPLIES)


def application(key: str) -> str:
    """The note of the payment of nothing by which a credit memo is applied."""
    return f"billsync applies {key}"


def short(key: str) -> str:
    """The reference in a field of 21 characters; a longer one stands in the note as a whole."""
    return key if len(key) <= _SHORT else "b-" + hashlib.sha256(key.encode()).hexdigest()[: _SHORT - 2]


def _after(note: Any, mark: str) -> str:
    return next((line[len(mark) :] for line in _lines(note) if line.startswith(mark)), "")


def _lines(note: Any) -> list[str]:
    return [line.strip() for line in note.split("\n")] if isinstance(note, str) else []
