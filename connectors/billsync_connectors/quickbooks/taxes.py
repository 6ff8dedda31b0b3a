"""Which of QuickBooks' tax codes stands for ours.  (pure)

In the US a line is taxed (`TAX`) or not (`NON`), and one code is computed of all taxed lines of a document; elsewhere
each line names its own code, one without tax too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from billsync.connector import Refused
from billsync_connectors.quickbooks.settings import QuickBooksSettings

TAXED: Final = "TAX"
UNTAXED: Final = "NON"
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Code:
    """A tax code in use.

    Attributes:
        rate: as a fraction, the sum of its parts; None where it has none of its own.
    """

    id: str
    name: str
    rate: Decimal | None


class Taxes:
    """The codes of one company.

    Attributes:
        american: one code for a whole document, of its taxed lines.
    """

    def __init__(self, codes: Sequence[Code], *, american: bool, settings: QuickBooksSettings) -> None:
        self.codes = tuple(code for code in codes if code.id not in (TAXED, UNTAXED))
        self.american, self._settings = american, settings

    def of(self, ours: str, rate: Decimal) -> str:
        """The id of the code for a line, or `NON`.  Raises `Refused` (`unknown_tax`)."""
        if named := self._settings.tax_codes.get(ours):
            return self._named(named, f"tax_codes: {ours or repr('')}")
        if not rate and self.american:
            return UNTAXED
        if not rate and self._settings.no_tax_code:
            return self._named(self._settings.no_tax_code, "no_tax_code")
        fits = [code for code in self.codes if code.rate == rate]
        if len(fits) == 1:
            return fits[0].id
        how = "no code" if not fits else "more than one code"
        setting = f"`tax_codes: {{{ours or repr('')}: ...}}`" + ("" if rate else " or `no_tax_code`")
        raise self._unknown(f"QuickBooks has {how} of {rate * 100:f} % for our {ours or 'untaxed'!r}; set {setting}")

    def _named(self, wanted: str, setting: str) -> str:
        if wanted == UNTAXED and self.american:
            return UNTAXED
        fits = [code.id for code in self.codes if wanted in (code.id, code.name)]
        if len(fits) == 1:
            return fits[0]
        raise self._unknown(f"`{setting}` names {wanted!r}, which is no tax code in use there, or more than one")

    def _unknown(self, told: str) -> Refused:
        names = ", ".join(f"{code.name} ({code.id})" for code in self.codes[:_SHOWN])
        return Refused("unknown_tax", f"{told}: {names or 'there is none'}", field="tax_code")
