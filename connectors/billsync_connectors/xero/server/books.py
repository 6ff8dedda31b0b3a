"""The books of one organisation: its records, its ids and numbers, and who is writing.  (shell)"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from billsync_connectors.xero.server.clock import Clock
from billsync_connectors.xero.server.denied import Invalid
from billsync_connectors.xero.server.settings import Settings, listed
from billsync_connectors.xero.server.values import Row, rounded
from billsync_stand_in.shelf import Shelf

IDS: Final = {
    "Contact": "ContactID", "Item": "ItemID", "Invoice": "InvoiceID", "CreditNote": "CreditNoteID",
    "Payment": "PaymentID", "Overpayment": "OverpaymentID", "BankTransaction": "BankTransactionID",
    "Allocation": "AllocationID", "Attachment": "AttachmentID", "History": "HistoryID",
    "Account": "AccountID", "TaxRate": "TaxType", "Currency": "Code",
}  # fmt: skip
"""Each object, and the field that is its id."""
_RATES: Final = {"EUR": "1", "USD": "1.08", "GBP": "0.85", "JPY": "163", "KWD": "0.33", "CHF": "0.95"}
"""Units per euro where nobody says another rate."""


def made_id(*parts: str) -> str:
    """An id that is always the same for the same parts."""
    return str(UUID(bytes=hashlib.sha256("\n".join(parts).encode()).digest()[:16], version=4))


class Books:
    """One organisation; every method is called inside of a turn of the shelf.

    Attributes:
        by: who writes: the app, or a person.
        force: a person with all rights writes: lock dates don't bind.
        unit_places: decimals of unit prices in this request: 2, or 4.
    """

    def __init__(self, tenant: str, name: str, shelf: Shelf, clock: Clock, settings: Callable[[], Settings]) -> None:
        self.tenant, self.name, self.clock = tenant, name, clock
        self._shelf, self._settings = shelf, settings
        self.by, self.force, self.unit_places = "app", False, 2

    @property
    def settings(self) -> Settings:
        """As it is set up now."""
        return self._settings()

    # ------------------------------------------------------------ records

    def get(self, object: str, id: str) -> Row | None:
        """A record by its id, in any case."""
        return self._shelf.get(f"{self.tenant}/{object}", id.lower() if object not in ("TaxRate", "Currency") else id)

    def all(self, object: str) -> Iterable[Row]:
        """Every record, void and archived ones too."""
        return self._shelf.all(f"{self.tenant}/{object}")

    def by_field(self, object: str, field: str, value: str) -> list[Row]:
        """Records whose field has this text, in any case."""
        return self._shelf.by(f"{self.tenant}/{object}", field, value)

    def put(self, object: str, row: Row, *, touch: bool = True) -> Row:
        """Write a record; its id is made where it has none."""
        field = IDS[object]
        made = {**row, "UpdatedDateUTC": self.clock.stamp()} if touch else dict(row)
        if field not in made:
            made = {field: self.new_id(object), "_by": self.by, "_made": self.clock.stamp(), **made}
        self._shelf.put(f"{self.tenant}/{object}", made[field], made)
        return made

    def purge(self, object: str, id: str) -> None:
        """Take a record away for good."""
        self._shelf.purge(f"{self.tenant}/{object}", id)

    def new_id(self, object: str) -> str:
        """The next id."""
        return made_id(self.tenant, object, str(self._shelf.count(f"{self.tenant} {object}")))

    def next_number(self, object: str, field: str, prefix: str) -> str:
        """The next number of a sequence that nobody has taken by hand."""
        while True:
            found = f"{prefix}-{self._shelf.count(f'{self.tenant} {prefix}'):04}"
            if not self.by_field(object, field, found):
                return found

    def note(self, id: str, changes: str, details: str = "") -> None:
        """A line in a document's history."""
        told = {
            "DocumentID": id,
            "Changes": changes,
            "Details": details,
            "User": self.by,
            "DateUTC": self.clock.stamp(),
        }
        self.put("History", told, touch=False)

    # ------------------------------------------------------------ what the organisation is

    def currencies(self) -> list[str]:
        """Codes that documents may have; the first is the base."""
        added = [str(row["Code"]) for row in self.all("Currency")]
        return list(dict.fromkeys([*self.settings.currencies.split(), *added]))

    def rate(self, currency: str) -> Decimal:
        """Units of a currency for one of the base, where a document does not say."""
        known = {**_RATES}
        base = Decimal(known.get(self.currencies()[0], "1"))
        return rounded(Decimal(known.get(currency, "1")) / base, 6)

    def lock_date(self) -> str:
        """The last locked day, or ""."""
        return max(self.settings.period_lock_date, self.settings.year_lock_date)

    def unlocked(self, day: str | None, what: str = "The document date") -> None:
        """Whether a day is open.  Raises `Invalid`."""
        settings = self.settings
        if self.force or day is None:
            return
        if settings.year_lock_date and day <= settings.year_lock_date:
            raise Invalid(f"{what} cannot be before the end of year lock date")
        if settings.period_lock_date and day <= settings.period_lock_date:
            raise Invalid(f"{what} cannot be before the period lock date")

    # ------------------------------------------------------------ accounts and taxes

    def furnish(self) -> None:
        """What each organisation has from the first day."""
        if any(True for _ in self.all("Account")):
            return
        for code, name, type, kind, more in _ACCOUNTS:
            own = {"AccountID": made_id(self.tenant, "Account", code), "Code": code, "Name": name, "Type": type}
            self.put("Account", {**own, "Class": kind, "Status": "ACTIVE", "_by": "Xero", **more})

    def account(self, *, code: str | None = None, id: str | None = None) -> Row | None:
        """An active account."""
        found = self.get("Account", id) if id else next(iter(self.by_field("Account", "Code", code or "")), None)
        return found if found is not None and found["Status"] == "ACTIVE" else None

    def rates(self) -> dict[str, Row]:
        """Tax rates by type: those of the settings, and those that were added."""
        listed = {type: _rate(type, percent, name) for type, percent, name in self.settings.rates()}
        return {**listed, **{str(row["TaxType"]): row for row in self.all("TaxRate")}}


def _rate(type: str, percent: Decimal, name: str) -> Row:
    component = {"Name": name, "Rate": percent, "IsCompound": False, "IsNonRecoverable": False}
    told = {"Name": name, "TaxType": type, "ReportTaxType": "OUTPUT" if percent else "NONE", "Status": "ACTIVE"}
    can = {
        f"CanApplyTo{kind}": kind == "Revenue" for kind in ("Assets", "Equity", "Expenses", "Liabilities", "Revenue")
    }
    return {**told, **can, "DisplayTaxRate": percent, "EffectiveRate": percent, "TaxComponents": [component]}


_BANK: Final = {"BankAccountType": "BANK", "TaxType": "NONE", "EnablePaymentsToAccount": False}
_ACCOUNTS: Final[tuple[tuple[str, str, str, str, dict[str, Any]], ...]] = (
    ("090", "Business Bank Account", "BANK", "ASSET", {**_BANK, "BankAccountNumber": "0209087654321050"}),
    ("091", "Business Savings Account", "BANK", "ASSET", {**_BANK, "BankAccountNumber": "0209087654321051"}),
    ("200", "Sales", "REVENUE", "REVENUE", {"TaxType": "OUTPUT2", "EnablePaymentsToAccount": False}),
    ("260", "Other Revenue", "REVENUE", "REVENUE", {"TaxType": "OUTPUT2", "EnablePaymentsToAccount": False}),
    ("400", "Advertising", "EXPENSE", "EXPENSE", {"TaxType": "NONE", "EnablePaymentsToAccount": False}),
    ("610", "Accounts Receivable", "CURRENT", "ASSET", {"TaxType": "NONE", "SystemAccount": "DEBTORS"}),
    ("800", "Accounts Payable", "CURRLIAB", "LIABILITY", {"TaxType": "NONE", "SystemAccount": "CREDITORS"}),
    ("820", "VAT", "CURRLIAB", "LIABILITY", {"TaxType": "NONE", "SystemAccount": "GST"}),
    ("830", "Deferred Revenue", "CURRLIAB", "LIABILITY", {"TaxType": "OUTPUT2", "EnablePaymentsToAccount": False}),
    ("860", "Rounding", "CURRLIAB", "LIABILITY", {"TaxType": "NONE", "SystemAccount": "ROUNDING"}),
    ("880", "Clearing", "CURRENT", "ASSET", {"TaxType": "NONE", "EnablePaymentsToAccount": True}),
)


def tenants(text: str) -> dict[str, str]:
    """The organisations of a setting: id -> name."""
    return {made_id("tenant", name): name for name in listed(text)}
