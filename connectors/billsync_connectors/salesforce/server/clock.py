"""How Salesforce writes instants.  (pure)"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=256)
def stamp(instant: datetime) -> str:
    """As records and replies have it: whole seconds, no colon in the offset; texts sort as instants do."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
