"""ISO 4217: how many decimals the minor unit of each currency has.  (pure)

Source: ISO 4217 list one (SIX Financial Information, maintenance agency).  Codes without a minor unit that can be
billed (gold, test codes) are left out: an unknown code is an error, never "two decimals, probably".
"""

from __future__ import annotations

import difflib
from typing import Final

from billsync.model.scalar import show

_ZERO: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR: Final = "CLF UYW"
_TWO: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP "
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER "
    "ZAR ZMW ZWG"
)

EXPONENTS: Final[dict[str, int]] = {
    code: exponent for exponent, codes in ((0, _ZERO), (2, _TWO), (3, _THREE), (4, _FOUR)) for code in codes.split()
}
"""Currency code -> number of decimals of its minor unit."""


class UnknownCurrency(ValueError):
    """The code is not an ISO 4217 currency that can be billed; the message says which one may have been meant."""

    def __init__(self, code: str) -> None:
        near = difflib.get_close_matches(code[:9].upper(), EXPONENTS, n=1, cutoff=0.6)
        guess = f"; did you mean {near[0]}?" if near else ""
        super().__init__(f"unknown currency {show(code)}: expected an ISO 4217 code such as EUR{guess}")
        self.code = code


def exponent(code: str) -> int:
    """Decimals of the currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD.  Raises `UnknownCurrency`."""
    try:
        return EXPONENTS[code]
    except KeyError:
        raise UnknownCurrency(code) from None
