"""What looks like a secret or like a person is blacked out, and what would disturb a line is spelled out.  (pure)

Nothing but ids, counts and codes is told in the first place; this is the net below.  It errs on the side of silence: a
text that only looks like a token is masked too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from urllib.parse import quote, quote_plus

SHOWN: Final = "***"
LONGEST: Final = 300
"""Characters of one text."""

_LEAST: Final = 4
_KEPT: Final = 500
_MANY: Final = 50
_SHORT: Final = 24
"""What is shorter is no word by chance that would open anything."""

_NAMES: Final = (
    r"(?:access|refresh|id|session|auth|bearer|csrf)?[_-]?token|secret|client[_-]?secret|passw(?:or)?d|pwd|passphrase"
    r"|api[_-]?key|x-api-key|access[_-]?key|private[_-]?key|routing[_-]?key|authorization|cookie|set-cookie|signature|sig"
)
_PERSONAL: Final = re.compile(
    r"(^|_)(e?mail|phone|fax|mobile|iban|bic|card|address|street|city|zip|postcode|birth\w*|ssn|vat|tax_id"
    r"|first_name|last_name|full_name|customer_name|company|contact|payload|body|content|data|doc|text)$"
)
_SECRET: Final = re.compile(rf"(^|_)({_NAMES})$", re.IGNORECASE)

_SCHEME: Final = ("bearer", "basic", "digest", "token", "oauth")
_HINTS: Final = ("token", "secret", "passw", "passphrase", "pwd", "key", "authorization", "cookie", "sig")
_MADE_BY: Final = ("akia", "k_live", "k_test", "gh", "whsec", "xox")
_SAID: Final = (
    (_SCHEME, re.compile(r"\b(Bearer|Basic|Digest|Token|OAuth)\s+[^\s,;\"']{4,}", re.IGNORECASE), rf"\1 {SHOWN}"),
    (
        _HINTS,
        re.compile(rf"(?i)\b(\w*(?:{_NAMES}))(\"?'?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s&;,\"']+)"),
        rf"\1\2{SHOWN}",
    ),
    (
        ("://",),
        re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@?#:]*:(?!\d+(?:[/\s]|$))\S*@", re.IGNORECASE),
        rf"\1{SHOWN}@",
    ),
    (("://",), re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+@", re.IGNORECASE), rf"\1{SHOWN}@"),
    ((")=(",), re.compile(r"\)=\(.*\)"), f")=({SHOWN})"),  # Postgres tells the values of a row that it refuses
    (("?",), re.compile(r"\?[^\s#\"'<>]*=[^\s#\"'<>]*"), f"?{SHOWN}"),
    (("-----",), re.compile(r"-----BEGIN [A-Z ]+-----.*?(-----END [A-Z ]+-----|$)", re.DOTALL), SHOWN),
    (("eyj",), re.compile(r"\beyJ[\w-]{5,}(\.[\w-]*){1,4}"), SHOWN),
    (
        _MADE_BY,
        re.compile(r"\b(?:AKIA[0-9A-Z]{12,}|(?:[sprw]k_(?:live|test)|gh[pousr]|whsec|xox[a-z])[_-][\w-]{8,})"),
        SHOWN,
    ),
    (("@", "%40"), re.compile(r"(?i)[^\s@<>\"'(),:;=/]+(?:@|%40)[^\s@<>\"'(),:;=/]+\.[^\W\d_]{2,}"), SHOWN),
    (("+", "00"), re.compile(r"(?<![\w.])(\+|00)\d[\d ().\-/]{6,17}\d(?![\w])"), SHOWN),
    (("(",), re.compile(r"(?<!\w)\(0?\d{2,5}\)[ ./-]?\d[\d ./-]{4,14}\d"), SHOWN),
)
"""What one of these pieces has to stand in, in small letters, before the pattern is worth a look."""

_HEX: Final = re.compile(r"(?<![\w])[0-9a-fA-F]{32,}(?![\w])")
_IBAN: Final = re.compile(
    r"(?<![A-Z0-9])(?:[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,36}|[a-z]{2}\d{2}[a-z0-9]{11,30})(?![A-Za-z0-9])"
)
_CARD: Final = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_OPAQUE: Final = re.compile(r"(?<![\w+/=-])(?:[A-Za-z0-9+/]{24,}|[\w-]{36,})={0,2}(?![\w+/=-])")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


class Mask:
    """What may be said of a value; knows the words that were named as secrets."""

    def __init__(self) -> None:
        self._words: dict[str, None] = {}
        self._seen: dict[str, str] = {}

    def add(self, *secrets: str) -> None:
        """Black these out from now on, in every spelling in which they may come; the last few hundred are known."""
        for secret in secrets:
            if len(secret) >= _LEAST and secret not in self._words:
                spelled = (json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret), quote_plus(secret))
                words = {**self._words, **dict.fromkeys((*spelled, secret))}
                self._words = dict.fromkeys(list(words)[-_KEPT:])
                self._seen = {}

    def text(self, text: str) -> str:
        """The text, fit for a line."""
        known = self._seen.get(text)
        if known is None:
            known = self._masked(text)
            if len(self._seen) > 5_000:
                self._seen = {}
            self._seen[text] = known
        return known

    def _masked(self, text: str) -> str:
        for word in sorted((word for word in self._words if word in text), key=len, reverse=True):
            text = text.replace(word, SHOWN)
        text = text[: LONGEST * 4]
        text = _IBAN.sub(lambda found: SHOWN if _is_iban(found[0]) else found[0], text)
        text = _CARD.sub(lambda found: SHOWN if _is_card(found[0]) else found[0], text)
        small = text.lower()
        for pieces, pattern, instead in _SAID:
            if any(piece in small for piece in pieces):
                text = pattern.sub(instead, text)
        if len(text) < _SHORT:
            return _spelled(text)
        text = _HEX.sub(SHOWN, text)
        text = _OPAQUE.sub(lambda found: SHOWN if _is_opaque(found[0]) else found[0], text)
        return _spelled(text)

    def value(self, value: Any) -> Any:
        """The value as JSON may hold it; of what is neither text, number nor code only the type."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Enum):
            return self.text(str(value.value))
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return self.facts(dict(list(value.items())[:_MANY]))
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(one) for one in list(value)[:_MANY]]
        return f"<{type(value).__name__}>"

    def facts(self, facts: Mapping[Any, Any]) -> dict[str, Any]:
        """Each fact; one whose name says that it is a secret or personal is not shown at all."""
        return {
            self.text(str(name)): SHOWN if value and _is_private(str(name)) else self.value(value)
            for name, value in facts.items()
        }


def _spelled(text: str) -> str:
    """The text on one line, and not too long."""
    text = _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _is_private(name: str) -> bool:
    return bool(_SECRET.search(name) or _PERSONAL.search(name))


def _is_iban(text: str) -> bool:
    """Whether it, or its beginning up to a space, has the check digits of an account number."""
    ends = [at for at, one in enumerate(text) if one == " "] + [len(text)]
    return any(_checks(text[:end].replace(" ", "")) for end in ends)


def _checks(text: str) -> bool:
    turned = text[4:] + text[:4]
    return len(text) >= 15 and int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _is_card(text: str) -> bool:
    """Whether it has the check digit and the beginning of a card number."""
    digits = [int(one) for one in text if one.isdigit()]
    doubled = [digit if i % 2 == 0 else digit * 2 - 9 * (digit > 4) for i, digit in enumerate(reversed(digits))]
    return digits[0] in {3, 4, 5, 6} and len(digits) >= 15 and sum(doubled) % 10 == 0


def _is_opaque(text: str) -> bool:
    """Whether it looks made by chance: capitals, small letters and digits in one long word."""
    bare = text.rstrip("=")
    kinds = (any(one.islower() for one in bare), any(one.isupper() for one in bare), any(one.isdigit() for one in bare))
    return all(kinds) or (len(bare) >= 40 and "/" not in bare and "_" not in bare and "-" not in bare)
