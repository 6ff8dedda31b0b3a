"""Secrets that a system may echo are blacked out before its words reach a message.  (pure)"""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote, quote_plus

SHOWN: Final = "***"
_LEAST: Final = 4
"""A shorter word would black out half of any message, and is no secret that could be kept."""


class Secrets:
    """What must not be said, in all the spellings in which it may come back."""

    def __init__(self) -> None:
        self._words: set[str] = set()

    def add(self, *secrets: str) -> None:
        """Never say these from now on."""
        for secret in secrets:
            if len(secret) >= _LEAST:
                spelled = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
                self._words |= {secret, *spelled, quote(secret, safe=""), quote(secret), quote_plus(secret)}

    def hidden(self, text: str) -> str:
        """The text without them; longer ones first, since one may hold another."""
        for word in sorted(self._words, key=len, reverse=True):
            text = text.replace(word, SHOWN)
        return text
