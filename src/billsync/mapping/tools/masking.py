"""Personal data in a record becomes something of the same form, so that the record can be shown as a fixture.  (pure)

A field is masked for its name (names, mails, phones, addresses, tax ids, bank data, notes, secrets) or for the form of
its value (a mail, a phone number, an IBAN, a card number, a tax id, wherever it stands).  Letters become other letters
and digits other digits, chosen by a key: equal values stay equal under one key, so that records go on fitting together;
without the key nobody gets from the one to the other.  What was masked in one field is masked in all the others too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\dA-Za-z_]+")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BY_NAME: Final[dict[str, frozenset[str]]] = {
    "name": _set(
        "name firstname lastname surname forename givenname familyname fullname middlename salutation contact owner "
        "agent salesperson rep representative manager seller signer signatory attention person people employee "
        "account customer client company organisation organization subsidiary"
    ),
    "mail": _set("email mail"),
    "phone": _set("phone telephone tel mobile cell fax whatsapp"),
    "address": _set(
        "street address addresses city town village postal postcode postalcode zip zipcode plz house line1 line2 "
        "latitude longitude geolocation"
    ),
    "tax": _set("vat vatid taxid tin ein ssn nin siret siren ustid cif nif cpf cnpj gstin abn passport"),
    "bank": _set("iban bic swift bank routing card cardnumber pan cvv cvc sepa mandate"),
    "birth": _set("birth birthday birthdate dob"),
    "note": _set("note comment memo remark"),
    "secret": _set("user username login password passwd secret token apikey ip website url linkedin"),
}
"""What a field holds -> words of its name that say so, in the singular."""

_NOT_PERSONAL: Final = _set(
    "product products sku stage currency plan price prices type status state series family item items campaign file "
    "field code count number rate amount date time class category exempt country iso revenue employees sector "
    "industry id ids is has opt"
)
"""Words of a name that say that it is no personal name, tax id or address after all: `product_name`, `tax_code`."""
_PAIRS: Final = {("tax", "id"): "tax", ("tax", "number"): "tax", ("vat", "number"): "tax", ("sort", "code"): "bank",
                 ("account", "number"): "bank", ("card", "number"): "bank", ("phone", "number"): "phone",
                 ("zip", "code"): "address", ("postal", "code"): "address", ("post", "code"): "address",
                 ("vat", "id"): "tax", ("house", "number"): "address", ("api", "key"): "secret"}  # fmt: skip

_MAIL: Final = re.compile(r"[^\s@<>\"',;:()]+@[^\s@<>\"',;:()]+\.[^\s@<>\"',;:().]+")
_PHONE: Final = re.compile(r"(?:\+|\b00)[0-9](?:[ ()./-]{0,2}[0-9]){6,14}\b")
_IBAN: Final = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CARD: Final = re.compile(r"\b[0-9](?:[ -]?[0-9]){12,18}\b")
_SOCIAL: Final = re.compile(r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b")
_VAT: Final = re.compile(
    r"\b(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)"
    r"[A-Z]?[0-9]{8,12}[A-Z0-9]{0,3}\b"
)
_WHOLE: Final = frozenset({"address", "bank", "secret"})
"""What is personal with all that is inside: `billing_address: {line: ...}`."""
_FORMS: Final = (
    ("mail", _MAIL), ("bank", _IBAN), ("bank", _CARD), ("phone", _PHONE), ("tax", _SOCIAL), ("tax", _VAT),
)  # fmt: skip
_UNLESS: Final = frozenset({"name", "tax", "address", "bank", "secret"})
"""What a word of `_NOT_PERSONAL` speaks against."""
_LEAST: Final = 4
"""Characters that a masked value must have to be looked for in other texts: shorter ones are in any word."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


@dataclass(slots=True)
class Masked:
    """A record after masking.

    Attributes:
        data: the record; fields: dotted path -> why it was masked.
    """

    data: Any
    fields: dict[str, str] = field(default_factory=dict)


def mask(data: Any, key: bytes, *, keep: Collection[str] = ()) -> Masked:
    """The record with personal data masked.  `keep` names fields that stay, by dotted path or by their own name.

    `key` decides what stands in place of what; whoever has it and a guess can check the guess.
    """
    masker = _Masker(key, frozenset(name.lower() for name in keep))
    first = masker.walk(data, (), "")
    originals = {text for text in masker.originals if len(text.strip()) >= _LEAST}
    data = _Sweeper(masker, originals).walk(first, ()) if originals else first
    return Masked(data, masker.fields)


class _Masker:
    """One pass over a record."""

    def __init__(self, key: bytes, keep: frozenset[str]) -> None:
        self._key = key
        self._keep = keep
        self.originals: set[str] = set()
        self.fields: dict[str, str] = {}

    def walk(self, value: Any, path: tuple[str, ...], kind: str) -> Any:
        """The value masked; `kind` is what the field around it holds, "" where that says nothing."""
        if isinstance(value, Mapping):
            return {self._key_of(name): self._field(str(name), item, path, kind) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.walk(item, path, kind) for item in value]
        if isinstance(value, str) and value.strip():
            return self._text(value, path, kind)
        if isinstance(value, int) and not isinstance(value, bool) and kind in {"phone", "tax", "bank", "secret"}:
            self._note(path, kind, str(value))
            return int(self.other(str(value)))
        return value

    def _field(self, name: str, value: Any, path: tuple[str, ...], around: str) -> Any:
        inner = (*path, name)
        if self.kept(inner):
            return value
        kind = kind_of_field(name)
        if not kind and around in _WHOLE and not _words(name) & _NOT_PERSONAL:
            kind = around
        return self.walk(value, inner, kind)

    def _key_of(self, name: Any) -> str:
        return self.forms(str(name), ())

    def _text(self, value: str, path: tuple[str, ...], kind: str) -> str:
        if not kind:
            return self.forms(value, path)
        self._note(path, kind, value)
        if kind == "birth":
            return "1970-01-01"
        return self._mail(value) if _MAIL.fullmatch(value.strip()) else self.other(value, kind)

    def forms(self, text: str, path: tuple[str, ...]) -> str:
        """The text without mails, phone numbers, IBANs, card numbers and tax ids."""
        for kind, pattern in _FORMS:
            text = pattern.sub(partial(self._form, path, kind), text)
        return text

    def _form(self, path: tuple[str, ...], kind: str, match: re.Match[str]) -> str:
        found = match[0]
        if kind == "bank" and not (_is_iban(found) or _is_card(found)):
            return found
        self._note(path, kind, found)
        return self._mail(found) if kind == "mail" else self.other(found, kind)

    def _mail(self, value: str) -> str:
        return f"{self.other(value.strip().partition('@')[0])}@masked.example"

    def kept(self, path: tuple[str, ...]) -> bool:
        """Whether the field was asked to stay."""
        return bool({".".join(path).lower(), path[-1].lower()} & self._keep)

    def _note(self, path: tuple[str, ...], kind: str, original: str) -> None:
        self.originals.add(original.strip())
        self.fields.setdefault(".".join(path), kind)

    def other(self, value: str, kind: str = "") -> str:
        """A text of the same form: every letter and digit is another one, marks are dropped, the rest stays.

        Of IBANs and tax ids the country stays: what is due depends on it.
        """
        named = kind in {"tax", "bank"} and bool(_VAT.fullmatch(value) or (_IBAN.fullmatch(value) and _is_iban(value)))
        country = value[:2] if named else ""
        stream = self._stream(value)
        return country + "".join(_replaced(char, next(stream)) for char in value[len(country) :])

    def _stream(self, value: str) -> Iterator[int]:
        count = 0
        while True:
            yield from hmac.new(self._key, f"{count}:{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
            count += 1


def _replaced(char: str, by: int) -> str:
    if char.isdigit():
        old = int(char) if char.isascii() else 0
        return str((old + 1 + by % 9) % 10)
    if not char.isalnum():
        return "" if not char.isascii() and not char.isspace() else char
    at = _LETTERS.find(char.lower())
    made = _LETTERS[(max(at, 0) + 1 + by % 25) % 26]
    return made.upper() if char.isupper() else made


class _Sweeper:
    """A second pass: what was masked in one field is masked wherever else it stands."""

    def __init__(self, masker: _Masker, originals: Collection[str]) -> None:
        self._masker = masker
        # re.IGNORECASE knows no letter whose small form is two characters
        forms = {form for text in originals for form in (text, text.lower(), text.upper(), text.casefold())}
        longest = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(re.escape(text) for text in longest), re.IGNORECASE)

    def walk(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return {
                name if self._masker.kept((*path, str(name))) else self._sub(str(name)): item
                if self._masker.kept((*path, str(name)))
                else self.walk(item, (*path, str(name)))
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.walk(item, path) for item in value]
        return self._sub(value) if isinstance(value, str) else value

    def _sub(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._masker.other(found[0]), text)


# ---------------------------------------------------------------- what a field holds


def kind_of_field(name: str) -> str:
    """What a field of this name holds: name, mail, phone, address, tax, bank, birth, note, secret, or ""."""
    words = [word.lower() for word in _WORD.findall(name)]
    for pair in pairwise(words):
        if pair in _PAIRS:
            return _PAIRS[pair]
    singular = {*words, "".join(words), *(word.removesuffix("s") for word in words)}
    found = next((kind for kind, known in _BY_NAME.items() if known & singular), "")
    return "" if found in _UNLESS and set(words) & _NOT_PERSONAL else found


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(name)}


def _is_iban(text: str) -> bool:
    packed = text.replace(" ", "")
    if not packed[:2].isalpha():
        return False
    turned = packed[4:] + packed[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if len(digits) != sum(char.isalnum() for char in text) or len(digits) < 13:
        return False
    doubled = [digit * 2 - 9 * (digit > 4) if index % 2 else digit for index, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


# ---------------------------------------------------------------- less of a record


def only(data: Any, read: Collection[str]) -> Any:
    """The record with nothing but the fields that are read, by their dotted paths."""
    return _only(data, (), {tuple(name.split(".")) for name in read})


def _only(value: Any, path: tuple[str, ...], read: Collection[tuple[str, ...]]) -> Any:
    if path in read and not any(len(other) > len(path) and other[: len(path)] == path for other in read):
        return value
    if isinstance(value, Mapping):
        kept = {name: (*path, str(name)) for name in value}
        return {
            name: _only(value[name], inner, read)
            for name, inner in kept.items()
            if any(other[: len(inner)] == inner for other in read)
        }
    if isinstance(value, list | tuple):
        return [_only(item, path, read) for item in value]
    return value
