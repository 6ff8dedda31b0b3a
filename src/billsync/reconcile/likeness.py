"""Whether a record there is the same party or product as one of ours, by what both sides say of it.  (pure)

Exact is what identifies it: our own reference, a tax number, a code, a mail address, or the same name in the same
country.  Anything less is a proposal for a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final

_LEGAL: Final = frozenset(
    {"ab", "ag", "as", "asa", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "kg"}
    | {"limited", "llc", "ltd", "nv", "oy", "plc", "pte", "sa", "sarl", "spa", "srl"}
)
"""Words of a name that say what kind of company it is."""
_ALIKE: Final = 85
"""How alike two names are, from 0 to 100, so that a person is asked."""

POINTS: Final = {"reference": 100, "tax number": 95, "code": 90, "mail": 85, "name and country": 80, "name": 60}
"""What a match is worth; from `EXACT` on it identifies."""
EXACT: Final = 80


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells one record from others; parts that it does not have are empty.

    Attributes:
        id: ours, or theirs; name as it is shown.
        reference: our id as the record there carries it.
    """

    id: str
    name: str = ""
    country: str = ""
    tax: frozenset[str] = frozenset()
    mail: frozenset[str] = frozenset()
    code: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One of ours and a record there that may be the same.

    Attributes:
        score: 0 to 100; why: what they have in common.
        sure: True where it is exact, and neither of the two has another exact match.
    """

    ours: Traits
    theirs: Traits
    score: int
    why: str
    sure: bool = False


def name_key(name: str) -> str:
    """The name without case, accents, punctuation and legal form; "" where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    words = re.findall(r"[^\W_]+", "".join(char for char in plain if not unicodedata.combining(char)))
    return " ".join(word for word in words if word not in _LEGAL) or " ".join(words)


def tax_key(number: Any) -> str:
    """A tax number without blanks and punctuation, in upper case."""
    return "".join(char for char in str(number or "") if char.isalnum()).upper()


def mail_key(mail: Any) -> str:
    """A mail address as it is compared, or "" for what is none."""
    text = str(mail or "").strip().casefold()
    return text if "@" in text else ""


def matches(ours: Sequence[Traits], theirs: Sequence[Traits]) -> list[Match]:
    """The best match of each of ours that has any, in the order of ours; equally good ones are all given."""
    index = _Index(theirs)
    found: list[Match] = []
    for mine in ours:
        rated = [
            (score, why, other) for other in index.candidates(mine) for score, why in [_score(mine, other)] if score
        ]
        best = max((score for score, _, _ in rated), default=0)
        found += [Match(mine, other, score, why) for score, why, other in rated if score == best]
    of_ours = Counter(match.ours.id for match in found if match.score >= EXACT)
    of_theirs = Counter(match.theirs.id for match in found if match.score >= EXACT)
    return [
        replace(match, sure=match.score >= EXACT and of_ours[match.ours.id] == of_theirs[match.theirs.id] == 1)
        for match in found
    ]


def _score(mine: Traits, other: Traits) -> tuple[int, str]:
    """Points and what they are for; (0, "") for no likeness."""
    same_name = bool(name_key(mine.name)) and name_key(mine.name) == name_key(other.name)
    facts = {
        "reference": bool(other.reference) and other.reference == mine.id,
        "tax number": bool(mine.tax & other.tax),
        "code": bool(mine.code) and mine.code == other.code,
        "mail": bool(mine.mail & other.mail),
        "name and country": same_name and bool(mine.country) and mine.country == other.country,
        "name": same_name and not (mine.country and other.country and mine.country != other.country),
    }
    why = [name for name, holds in facts.items() if holds]
    if why:
        return POINTS[why[0]], " and ".join(why[:1])
    alike = round(100 * SequenceMatcher(None, name_key(mine.name), name_key(other.name)).ratio())
    return (alike // 2, f"the names are {alike}% alike") if alike >= _ALIKE else (0, "")


class _Index:
    """Records there by what they may be found by, so that not each is compared with each."""

    def __init__(self, theirs: Iterable[Traits]) -> None:
        self._by: dict[tuple[str, str], dict[str, Traits]] = {}
        for other in theirs:
            for key in _keys(other, other.reference):
                self._by.setdefault(key, {})[other.id] = other

    def candidates(self, mine: Traits) -> list[Traits]:
        """Those that share anything with one of ours."""
        found: dict[str, Traits] = {}
        for key in _keys(mine, mine.id):
            found |= self._by.get(key, {})
        return list(found.values())


def _keys(traits: Traits, reference: str) -> list[tuple[str, str]]:
    words = name_key(traits.name).split()
    pieces = {word[:4] for word in words}
    return [
        *([("reference", reference)] if reference else []),
        *([("code", traits.code)] if traits.code else []),
        *(("tax", key) for key in traits.tax),
        *(("mail", key) for key in traits.mail),
        *(("word", piece) for piece in pieces),
    ]


def doubles(records: Sequence[Traits]) -> list[list[Traits]]:
    """Groups of our records that look like one and the same: the same tax number, mail, code, or name and country."""
    by: dict[tuple[str, ...], list[Traits]] = {}
    for one in records:
        keys: list[tuple[str, ...]] = [*(("tax", key) for key in one.tax), *(("mail", key) for key in one.mail)]
        keys += [("code", one.code)] if one.code else []
        keys += [("name", name_key(one.name), one.country)] if name_key(one.name) else []
        for key in keys:
            by.setdefault(key, []).append(one)
    groups = {tuple(sorted(one.id for one in group)): group for group in by.values() if len({o.id for o in group}) > 1}
    return [groups[ids] for ids in sorted(groups)]


def traits(id: str, values: Mapping[str, Sequence[Any]], *, reference: str = "") -> Traits:
    """The traits that values tell, by what they are: name, country, tax, mail, code."""
    first = {name: str(found[0]) for name, found in values.items() if found and found[0] not in (None, "")}
    return Traits(
        id=id,
        name=first.get("name", ""),
        country=first.get("country", "").upper(),
        tax=frozenset(key for value in values.get("tax", ()) if (key := tax_key(value))),
        mail=frozenset(key for value in values.get("mail", ()) if (key := mail_key(value))),
        code=first.get("code", ""),
        reference=reference,
    )
