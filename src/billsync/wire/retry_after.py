"""How long a server asks to be left alone: the Retry-After header in all its spellings.  (pure)"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

LONGEST_S: Final = 6 * 3600
"""No server may silence us for longer: a slipped digit must not stop billing for a month."""


def seconds(header: str | None, sent_at: str | None) -> int | None:
    """Seconds to wait, 0 to `LONGEST_S`; None where the header says nothing usable.

    Args:
        header: value of Retry-After: seconds, or an HTTP date.
        sent_at: value of the same answer's Date header.  A date is compared with the server's own clock, so that a
            wrong clock here does no harm; without it a date says nothing.
    """
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]+", text, re.ASCII):
        return LONGEST_S if len(text) > 9 else min(int(text), LONGEST_S)
    until, now = _instant(text), _instant(sent_at or "")
    if until is None or now is None:
        return None
    return max(0, min(int((until - now).total_seconds()), LONGEST_S))


def _instant(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
