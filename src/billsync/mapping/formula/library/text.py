"""Functions of text.  Positions count from 1; nothing is empty text.  (pure)"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any, Final

from billsync.mapping.formula.functions import Mismatch, function
from billsync.mapping.formula.library.basics import bounded, whole
from billsync.mapping.formula.library.forms import date_form, number_form
from billsync.mapping.values import MAX_TEXT, is_blank, kind_of, written
from billsync.model.scalar import show

_WORD: Final = re.compile(r"[^\W\d_]+")
_ID_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_LAST_CHARACTER: Final = 0x10FFFF


@function(
    "TEXT(value: any, format: text?) -> text",
    "A value as text; a date or a number in a written form.",
    "TEXT(12.50) = '12.50'",
    "TEXT(DATE('2026-01-31'), 'DD.MM.YYYY') = '31.01.2026'",
    "TEXT(DATE('2026-01-31'), 'YYYY-MM') = '2026-01'",
    "TEXT(NULL) = ''",
    "TEXT(TRUE) = 'true'",
    "TEXT(1234.5, '#,##0.00') = '1,234.50'",
    "TEXT(1234.5, '#.##0,00') = '1.234,50'",
    "TEXT(7, '00000') = '00007'",
    "TEXT(0.19, '0.##%') = '19%'",
    note="Dates are written with YYYY, MM, M, DD, D; instants also with hh, mm, ss, SSS, Z, in UTC. Numbers are "
    "written with 0 (a digit that always stands), # (one that stands where it is needed), a separator of "
    "thousands as in #,##0, and % at the end; they are rounded half up.",
    fails={
        "TEXT('a', '0.00')": "TEXT: expected a number, got the text 'a'",
        "TEXT(1, 'x')": "TEXT: the number form 'x' is none such as 0.00, #,##0.00, #.##0,00, 00000 or 0.0%",
    },
)
def _text(value: Any, format: str | None = None) -> str:
    if format is None or is_blank(value):
        return bounded(written(value))
    kind = kind_of(value)
    if kind == "number":
        return number_form(format)(Decimal(value))
    if kind in {"date", "instant"}:
        return bounded(date_form(format).print(value))
    raise Mismatch("number", value)


# ---------------------------------------------------------------- parts


@function(
    "LEFT(text: text, length: number) -> text",
    "Its first characters.",
    "LEFT('abc', 2) = 'ab'",
    "LEFT('abc', 9) = 'abc'",
    fails={
        "LEFT(12345, 2)": "LEFT works on text, this is a number",
        "LEFT('abc', -1)": "LEFT: a length is a whole number from 0 to 100,000, got -1",
    },
)
def _left(text: str, length: Decimal) -> str:
    return text[: whole(length, "a length")]


@function(
    "RIGHT(text: text, length: number) -> text",
    "Its last characters.",
    "RIGHT('abc', 2) = 'bc'",
    "RIGHT('abc', 0) = ''",
    fails={"RIGHT('abc', 1.5)": "RIGHT: a length is a whole number from 0 to 100,000, got 1.5"},
)
def _right(text: str, length: Decimal) -> str:
    count = whole(length, "a length")
    return text[len(text) - count :] if count < len(text) else text


@function(
    "MID(text: text, start: number, length: number) -> text",
    "Characters from a position on, the first is 1.",
    "MID('abcd', 2, 2) = 'bc'",
    "MID('abcd', 9, 2) = ''",
    fails={"MID('abc', 0, 1)": "MID: a position is a whole number from 1 to 100,000, got 0"},
)
def _mid(text: str, start: Decimal, length: Decimal) -> str:
    begin = whole(start, "a position", 1) - 1
    return text[begin : begin + whole(length, "a length")]


@function(
    "TEXTBEFORE(text: text, separator: text) -> text",
    "What stands before the first separator; all without one.",
    "TEXTBEFORE('a@b.c', '@') = 'a'",
    "TEXTBEFORE('abc', '@') = 'abc'",
    note="Excel gives an error where the separator is not in the text.",
    fails={"TEXTBEFORE('abc', '')": "TEXTBEFORE: a separator has at least one character"},
)
def _textbefore(text: str, separator: str) -> str:
    return text.partition(_separator(separator))[0]


@function(
    "TEXTAFTER(text: text, separator: text) -> text",
    "What stands after the first separator; '' without one.",
    "TEXTAFTER('a@b.c', '@') = 'b.c'",
    "TEXTAFTER('abc', '@') = ''",
    note="Excel gives an error where the separator is not in the text.",
    fails={"TEXTAFTER('abc', '')": "TEXTAFTER: a separator has at least one character"},
)
def _textafter(text: str, separator: str) -> str:
    return text.partition(_separator(separator))[2]


@function(
    "SPLIT(text: text, separator: text) -> list",
    "The parts between the separators, blanks around them taken off.",
    "COUNT(SPLIT('a;b;c', ';')) = 3",
    "JOIN(SPLIT('a; b', ';'), '+') = 'a+b'",
    "COUNT(SPLIT('', ';')) = 0",
    fails={"SPLIT('abc', '')": "SPLIT: a separator has at least one character"},
)
def _split(text: str, separator: str) -> list[str]:
    parts = text.split(_separator(separator))
    return [part.strip() for part in parts] if text.strip() else []


def _separator(text: str) -> str:
    if not text:
        raise ValueError("a separator has at least one character")
    return text


# ---------------------------------------------------------------- questions


@function(
    "LEN(text: text) -> number",
    "How many characters it has.",
    "LEN('abc') = 3",
    "LEN('') = 0",
    note="Of text only: COUNT counts the entries of a list.",
    fails={"LEN(123)": "LEN works on text, this is a number"},
)
def _len(text: str) -> Decimal:
    return Decimal(len(text))


@function(
    "CONTAINS(text: text, part: text) -> boolean",
    "Whether the part stands in it, capitals counted.",
    "CONTAINS('Renewal 2026', 'Renewal')",
    "NOT CONTAINS('abc', 'B')",
    "CONTAINS('abc', '')",
    note="Without regard to capitals: CONTAINS(UPPER(x), 'RENEWAL').",
    fails={"CONTAINS(2026, '20')": "CONTAINS works on text, this is a number"},
)
def _contains(text: str, part: str) -> bool:
    return part in text


@function(
    "BEGINS(text: text, part: text) -> boolean",
    "Whether it begins with the part, capitals counted.",
    "BEGINS('INV-2026', 'INV-')",
    "NOT BEGINS('inv-2026', 'INV-')",
    fails={"BEGINS(2026, '20')": "BEGINS works on text, this is a number"},
)
def _begins(text: str, part: str) -> bool:
    return text.startswith(part)


@function(
    "ENDS(text: text, part: text) -> boolean",
    "Whether it ends with the part, capitals counted.",
    "ENDS('a@example.com', '@example.com')",
    "NOT ENDS('GmbH & Co', 'GmbH')",
    fails={"ENDS(2026, '26')": "ENDS works on text, this is a number"},
)
def _ends(text: str, part: str) -> bool:
    return text.endswith(part)


@function(
    "FIND(part: text, text: text, start: number?) -> number",
    "The position of the part in the text, from a start on, capitals counted; 0 where it is not there.",
    "FIND('b', 'abcb') = 2",
    "FIND('b', 'abcb', 3) = 4",
    "FIND('x', 'abc') = 0",
    note="As in Salesforce. Excel gives an error where the part is not in the text.",
    fails={"FIND('a', 'abc', 0)": "FIND: a position is a whole number from 1 to 100,000, got 0"},
)
def _find(part: str, text: str, start: Decimal | None = None) -> Decimal:
    begin = 0 if start is None else whole(start, "a position", 1) - 1
    return Decimal(text.find(part, begin) + 1)


# ---------------------------------------------------------------- changes


@function(
    "TRIM(text: text) -> text",
    "Without blanks at both ends.",
    "TRIM('  a b ') = 'a b'",
    note="Blanks inside stay, as in Salesforce; CLEAN makes one of several.",
    fails={"TRIM(1)": "TRIM works on text, this is a number"},
)
def _trim(text: str) -> str:
    return text.strip()


@function(
    "CLEAN(text: text) -> text",
    "Without control and invisible characters; line breaks and runs of blanks become one blank, none at the ends.",
    "CLEAN('  a   b ') = 'a b'",
    "CLEAN('a' & CHAR(10) & 'b') = 'a b'",
    "CLEAN('a' & CHAR(160) & 'b') = 'a b'",
    fails={"CLEAN(1)": "CLEAN works on text, this is a number"},
)
def _clean(text: str) -> str:
    seen = "".join(char for char in text if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    return " ".join(seen.split())


@function(
    "UPPER(text: text) -> text",
    "In capitals.",
    "UPPER('de') = 'DE'",
    fails={"UPPER(1)": "UPPER works on text, this is a number"},
)
def _upper(text: str) -> str:
    return bounded(text.upper())


@function(
    "LOWER(text: text) -> text",
    "In small letters.",
    "LOWER('DE') = 'de'",
    fails={"LOWER(1)": "LOWER works on text, this is a number"},
)
def _lower(text: str) -> str:
    return bounded(text.lower())


@function(
    "PROPER(text: text) -> text",
    "The first letter of each word in capitals, the others small.",
    "PROPER('ACME holding gmbh') = 'Acme Holding Gmbh'",
    "PROPER('o''neil''s') = 'O''Neil''s'",
    fails={"PROPER(1)": "PROPER works on text, this is a number"},
)
def _proper(text: str) -> str:
    return bounded(_WORD.sub(_titled, text))


def _titled(match: re.Match[str]) -> str:
    word, before = match[0].lower(), match.string[max(match.start() - 2, 0) : match.start()]
    # What stands after an apostrophe is a name (O'Neil), except for the short ends of English words ('s, 're).
    ending = len(before) == 2 and before[0].isalpha() and before[1] in "'’" and len(word) <= 2
    return word if ending else word[:1].upper() + word[1:]


@function(
    "SUBSTITUTE(text: text, old: text, new: text) -> text",
    "Every occurrence replaced.",
    "SUBSTITUTE('a-b-c', '-', '') = 'abc'",
    "SUBSTITUTE('abc', '', 'x') = 'abc'",
    fails={"SUBSTITUTE('abc', 'a')": "SUBSTITUTE does not take 2 values"},
)
def _substitute(text: str, old: str, new: str) -> str:
    if not old:
        return text
    if len(text) + text.count(old) * len(new) > 2 * MAX_TEXT:  # before it is made, not after
        raise ValueError(f"the text would be longer than the limit of {MAX_TEXT:,} characters")
    return bounded(text.replace(old, new))


@function(
    "REPLACE(text: text, start: number, length: number, new: text) -> text",
    "So many characters from a position on replaced by others.",
    "REPLACE('2026-01', 5, 1, '/') = '2026/01'",
    "REPLACE('abc', 1, 0, 'x') = 'xabc'",
    note="By position, as in Excel. SUBSTITUTE replaces by content.",
    fails={"REPLACE('abc', 0, 1, 'x')": "REPLACE: a position is a whole number from 1 to 100,000, got 0"},
)
def _replace(text: str, start: Decimal, length: Decimal, new: str) -> str:
    begin = whole(start, "a position", 1) - 1
    return bounded(text[:begin] + new + text[begin + whole(length, "a length") :])


@function(
    "LPAD(text: text, length: number, with: text?) -> text",
    "Filled up on the left to a length, with blanks or with another text.",
    "LPAD('7', 3, '0') = '007'",
    "LPAD('abcd', 3, '0') = 'abcd'",
    "LPAD('7', 3) = '  7'",
    note="Salesforce cuts longer text off: write LEFT(x, 3) where that is meant.",
    fails={"LPAD(7, 3, '0')": "LPAD works on text, this is a number"},
)
def _lpad(text: str, length: Decimal, filler: str | None = None) -> str:
    return _filler(text, length, filler) + text


@function(
    "RPAD(text: text, length: number, with: text?) -> text",
    "Filled up on the right to a length, with blanks or with another text.",
    "RPAD('ab', 4, '.') = 'ab..'",
    "RPAD('abcd', 3) = 'abcd'",
    note="Salesforce cuts longer text off: write LEFT(x, 3) where that is meant.",
    fails={"RPAD('a', 200000)": "RPAD: a length is a whole number from 0 to 100,000, got 200000"},
)
def _rpad(text: str, length: Decimal, filler: str | None = None) -> str:
    return text + _filler(text, length, filler)


def _filler(text: str, length: Decimal, filler: str | None) -> str:
    need = whole(length, "a length") - len(text)
    if need <= 0 or filler == "":
        return ""
    filler = filler or " "
    return (filler * (need // len(filler) + 1))[:need]


@function(
    "REPT(text: text, times: number) -> text",
    "The text so many times.",
    "REPT('ab', 3) = 'ababab'",
    "REPT('ab', 0) = ''",
    fails={"REPT('ab', 100000)": "REPT: the text would be longer than the limit of 100,000 characters"},
)
def _rept(text: str, times: Decimal) -> str:
    count = whole(times, "a number of times")
    if len(text) * count > MAX_TEXT:  # before it is made, not after
        raise ValueError(f"the text would be longer than the limit of {MAX_TEXT:,} characters")
    return text * count


@function(
    "CHAR(code: number) -> text",
    "The character with this Unicode number, such as 10 for a line break.",
    "'a' & CHAR(10) <> 'ab'",
    "CHAR(65) = 'A'",
    "LEN(CHAR(10)) = 1",
    fails={"CHAR(0)": "CHAR: there is no character 0 that a text may hold"},
)
def _char(code: Decimal) -> str:
    number = whole(code, "a character's number", 0, _LAST_CHARACTER)
    if number not in {9, 10, 13} and unicodedata.category(chr(number)) in {"Cc", "Cs"}:
        raise ValueError(f"there is no character {number} that a text may hold")
    return chr(number)


@function(
    "CASESAFEID(id: text) -> text",
    "A Salesforce id of 15 characters as the one of 18 that other systems tell apart.",
    "CASESAFEID('001A0000006Vm9r') = '001A0000006Vm9rIAC'",
    "CASESAFEID('001A0000006Vm9rIAC') = '001A0000006Vm9rIAC'",
    "CASESAFEID('') = ''",
    note="Ids of 15 characters differ by capitals only: a system that ignores capitals mixes records up.",
    fails={"CASESAFEID('001')": "CASESAFEID: expected a Salesforce id of 15 or 18 letters and digits, got '001'"},
)
def _casesafeid(id: str) -> str:
    if not id.strip():
        return ""
    if len(id) not in {15, 18} or not id.isascii() or not id.isalnum():
        raise ValueError(f"expected a Salesforce id of 15 or 18 letters and digits, got {show(id)}")
    blocks = (id[start : start + 5] for start in (0, 5, 10))
    sums = (sum(1 << place for place, char in enumerate(block) if char.isupper()) for block in blocks)
    return id[:15] + "".join(_ID_LETTERS[value] for value in sums)
