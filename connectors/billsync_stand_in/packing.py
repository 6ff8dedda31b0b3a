"""Records as the text in which they are kept: JSON, amounts as Decimals.  (pure)"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> str:
    """JSON text; a Decimal is an object of its own, so that it comes back as one."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=lambda number: {"$": str(number)})


def loads(text: str) -> Any:
    """The value of such a text.  Raises ValueError."""
    return json.loads(text, object_hook=lambda found: Decimal(found["$"]) if found.keys() == {"$"} else found)
