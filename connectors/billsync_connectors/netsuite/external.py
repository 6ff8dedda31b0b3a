"""External ids: our references as NetSuite keeps them, so that no two records of a space can clash.  (pure)

All transactions share one space of external ids, so that a payment and an invoice of ours may not both be `17`.
Letters, digits, `_`, `.` and `-` stand for themselves, anything else is `~` with its bytes in hexadecimal.
"""

from __future__ import annotations

import re
from typing import Final

from billsync.connector import Refused
from billsync.model.scalar import show

_PREFIX: Final = {"credit_memo": "credit--", "payment": "payment--"}
_ODD: Final = re.compile(r"[^A-Za-z0-9_.-]")
_CODED: Final = re.compile(r"((?:~[0-9A-F]{2})+)")
_LONGEST: Final = 255


def external(object: str, key: str) -> str:
    """The external id of our reference.  Raises `Refused` for one that could not be told from another's."""
    coded = _ODD.sub(lambda found: "".join(f"~{byte:02X}" for byte in found[0].encode()), key)
    if not key or (object == "invoice" and coded.startswith(tuple(_PREFIX.values()))):
        raise Refused("bad_key", f"the key {show(key)} cannot be an external id of an invoice")
    whole = _PREFIX.get(object, "") + coded
    if len(whole) > _LONGEST:
        raise Refused("bad_key", f"the key {show(key)} is longer than NetSuite's external ids ({_LONGEST})")
    return whole


def sought(object: str, key: str) -> str:
    """The external id of our reference, "" where no record can have one."""
    try:
        return external(object, key)
    except Refused:
        return ""


def key_of(object: str, text: str | None) -> str:
    """Our reference of an external id, "" where it is none of ours for this kind of record."""
    prefix = _PREFIX.get(object, "")
    if not text or not text.startswith(prefix):
        return ""
    try:
        return _CODED.sub(lambda found: bytes.fromhex(found[1].replace("~", "")).decode(), text[len(prefix) :])
    except UnicodeDecodeError:
        return text[len(prefix) :]
