"""What a company tells about itself: who it is, what it prefers, what currencies cost.  (pure)"""

from __future__ import annotations

from typing import Any, Final

from billsync_connectors.quickbooks.server.asked import Request
from billsync_connectors.quickbooks.server.books import Books
from billsync_connectors.quickbooks.server.denied import Denied, required
from billsync_connectors.quickbooks.server.settings import Settings
from billsync_connectors.quickbooks.server.shelf import Row

_AT: Final = {"CreateTime": "2025-01-15T08:00:00-08:00", "LastUpdatedTime": "2025-01-15T08:00:00-08:00"}
_HEAD: Final = {"domain": "QBO", "sparse": False, "Id": "1", "SyncToken": "4", "MetaData": _AT}


def info(settings: Settings) -> dict[str, Any]:
    """CompanyInfo."""
    address = {"Id": "1", "Line1": "1 Ledger Street", "City": "Sandbox", "Country": settings.country}
    return {
        "CompanyName": "Stand-In Company", "LegalName": "Stand-In Company", "CompanyAddr": address,
        "CustomerCommunicationAddr": address, "LegalAddr": address, "Country": settings.country,
        "CompanyStartDate": "2025-01-15", "FiscalYearStartMonth": "January", "SupportedLanguages": "en",
        "DefaultTimeZone": settings.zone, "NameValue": [{"Name": "CompanyType", "Value": "Other"}], **_HEAD,
    }  # fmt: skip


def preferences(settings: Settings) -> dict[str, Any]:
    """Preferences."""
    books: dict[str, Any] = {"UseAccountNumbers": False, "TrackDepartments": False}
    if settings.closed_through:
        books["BookCloseDate"] = settings.closed_through
    american = settings.country == "US"
    return {
        "AccountingInfoPrefs": books,
        "SalesFormsPrefs": {
            "CustomTxnNumbers": settings.custom_numbers, "AutoApplyCredit": settings.auto_apply_credits,
            "AllowDiscount": True, "AllowDeposit": False, "AllowShipping": False, "AllowEstimates": True,
        },
        "TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": american},
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": settings.multi_currency, "HomeCurrency": {"value": settings.home_currency},
        },
        **_HEAD,
    }  # fmt: skip


def exchange_rate(books: Books, request: Request) -> Row:
    """What one unit of a currency costs in the home currency.  Raises `Denied`."""
    code = request.asked("sourcecurrencycode")
    if not code:
        raise required("sourcecurrencycode")
    for row in books.every("ExchangeRate"):
        if row["SourceCurrencyCode"] == code:
            day = request.asked("asofdate") or row["AsOfDate"]
            return {**row, "AsOfDate": day}
    raise Denied(2220, "Invalid Currency Type", f"Invalid Currency Type : {code}", element="sourcecurrencycode")
