"""Written forms of numbers: `#,##0.00` and its kin, for printing.  (pure)

`0` is a digit that always stands, `#` one that stands where it is needed, `#,##0` sets a separator between thousands.
`%` at the end prints hundredths.  Separators may be exchanged: `#.##0,00` is the continental form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from billsync.mapping.dates import DateFormat, compile_format
from billsync.mapping.formula.library.basics import EXACT, exactly
from billsync.model.money import round_to
from billsync.model.scalar import MAX_DECIMALS, MAX_DIGITS, plain, show

_FORM: Final = re.compile(
    r"(?:#(?P<group>[,.' ])##)?(?P<whole>0+)(?:(?P<point>[.,])(?P<fixed>0*)(?P<free>#*))?(?P<percent>%)?", re.ASCII
)


@lru_cache(maxsize=256)
def number_form(text: str) -> Callable[[Decimal], str]:
    """What prints a number in the form, rounded half up.  Raises ValueError; so does the printing of a huge number."""
    found = _FORM.fullmatch(text)
    parts = {} if found is None else {name: part or "" for name, part in found.groupdict().items()}
    decimals = len(parts.get("fixed", "")) + len(parts.get("free", ""))
    if (
        not parts
        or decimals > MAX_DECIMALS
        or len(parts["whole"]) > MAX_DIGITS
        or parts["group"] == parts["point"] != ""
    ):
        raise ValueError(f"the number form {show(text)} is none such as 0.00, #,##0.00, #.##0,00, 00000 or 0.0%")
    if parts["point"] and not decimals:
        raise ValueError(f"the number form {show(text)} has a decimal sign and no decimals: write 0{parts['point']}00")
    return lambda number: _print(number, parts, decimals)


def _print(number: Decimal, parts: dict[str, str], decimals: int) -> str:
    value = exactly(EXACT.multiply, number, Decimal(100)) if parts["percent"] else number
    value = exactly(round_to, value, decimals)
    digits, _, rest = plain(value.copy_abs()).partition(".")
    digits = digits.rjust(len(parts["whole"]), "0")
    if parts["group"]:
        digits = f"{int(digits):0{len(parts['whole'])},}".replace(",", parts["group"])
    fixed = len(parts["fixed"])
    rest = rest[:fixed] + rest[fixed:].rstrip("0")
    sign = "-" if value < 0 else ""
    return sign + digits + (parts["point"] + rest if rest else "") + parts["percent"]


@lru_cache(maxsize=256)
def date_form(text: str, reading: str = "") -> DateFormat:
    """The written form of a date, kept: a formula names the same few for every record.  Raises ValueError."""
    return compile_format(text, reading=reading)
