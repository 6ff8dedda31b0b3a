"""What the stand-in's company has to choose from: accounts, taxes, terms, currencies.  (pure)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.sandbox.server.denied import Denied
from billsync_connectors.sandbox.server.settings import Settings, taxes

ACCOUNTS: Final = {
    "1000": ("Receivables", "receivable"),
    "1200": ("Bank", "bank"),
    "4000": ("Revenue", "revenue"),
    "4100": ("Revenue, services", "revenue"),
    "9000": ("Rounding", "other"),
}
_TERMS: Final = {"NET14": 14, "NET30": 30, "NET60": 60}
_CURRENCIES: Final = ("EUR", "USD", "GBP", "JPY", "KWD")


def told(settings: Settings) -> dict[str, Any]:
    """All of it, as replies show it."""
    return {
        "company": settings.company,
        "currency": settings.currency,
        "currencies": list(dict.fromkeys((settings.currency, *_CURRENCIES))),
        "accounts": [{"id": id, "name": name, "kind": kind} for id, (name, kind) in ACCOUNTS.items()],
        "taxes": [{"id": id, "name": name, "rate": str(rate)} for id, (rate, name) in taxes(settings.taxes).items()],
        "terms": [{"id": id, "name": f"{days} days", "days": days} for id, days in _TERMS.items()],
        "closed_through": settings.closed_through,
        "tax_rounding": settings.tax_rounding,
    }


def fits(line: Mapping[str, Any], settings: Settings) -> None:
    """That a line's account and, where it is looked at, its tax are of this company.  Raises `Denied`."""
    account = line.get("account")
    if account and account not in ACCOUNTS:
        raise Denied(422, "unknown_reference", f"there is no account {account}", "lines.account")
    if not settings.check_taxes:
        return
    rate, code = Decimal(line.get("tax_rate") or 0), line.get("tax_code") or ""
    known = taxes(settings.taxes).get(code)
    if (known is None and rate) or (known is not None and known[0] != rate):
        raise Denied(422, "unknown_tax", f"there is no tax {code!r} of {rate}", "lines.tax_code")
