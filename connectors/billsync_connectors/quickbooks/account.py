"""What a company is: its country, currency, tax codes, accounts, and what a person has to switch on there.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from billsync.connector import Books, Choice, Health, Refused
from billsync_connectors.quickbooks.answers import amount, ref
from billsync_connectors.quickbooks.session import Session
from billsync_connectors.quickbooks.settings import QuickBooksSettings
from billsync_connectors.quickbooks.taxes import Code, Taxes

_ACCOUNTS: Final = {"Income": "revenue", "Accounts Receivable": "receivable", "Bank": "bank"}
_UNDEPOSITED: Final = "UndepositedFunds"
_FEW: Final = 50
_SETTINGS: Final = {
    "tax_codes": "taxes",
    "no_tax_code": "taxes",
    "revenue_account": "accounts:revenue",
    "bank_account": "accounts:bank",
}


class Account:
    """The facts of one company; each is asked for once.  Everything raises `TryLater` and `Refused`."""

    def __init__(self, session: Session, settings: QuickBooksSettings) -> None:
        self._session, self._settings = session, settings

    @cached_property
    def info(self) -> Mapping[str, Any]:
        """CompanyInfo."""
        realm = self._session.login.realm
        return _mapping(self._session.ask(f"companyinfo/{realm}").get("CompanyInfo"))

    @cached_property
    def preferences(self) -> Mapping[str, Any]:
        """Preferences."""
        return _mapping(self._session.ask("preferences").get("Preferences"))

    @cached_property
    def country(self) -> str:
        """Two letters; the settings' word counts."""
        return self._settings.country or str(self.info.get("Country") or "")

    @cached_property
    def currency(self) -> str:
        """The company's own currency."""
        found = ref(_mapping(self.preferences.get("CurrencyPrefs")), "HomeCurrency")
        return self._settings.home_currency or found

    @cached_property
    def taxes(self) -> Taxes:
        """The tax codes in use, and which one stands for ours."""
        return Taxes(tuple(self._codes()), american=self.country == "US", settings=self._settings)

    @cached_property
    def revenue(self) -> str:
        """The account of new items.  Raises `Refused` where it has to be chosen."""
        return self._account(self._settings.revenue_account, "revenue", "revenue_account")

    @cached_property
    def bank(self) -> str:
        """The account that payments go to, or "" for QuickBooks' own choice."""
        wanted = self._settings.bank_account
        return self._account(wanted, "", "bank_account") if wanted else ""

    # ------------------------------------------------------------ for people

    def health(self) -> Health:
        """The company, and what is not as it has to be there."""
        name = str(self.info.get("CompanyName") or self.info.get("LegalName") or "a company without a name")
        return Health(
            system="QuickBooks Online",
            version="v3, minor version 75",
            identity=f"{name} (company {self._session.login.realm}, {self.country or 'country unknown'})",
            remarks=tuple(self._remarks()),
        )

    def books(self) -> Books:
        """What a person chooses from."""
        return Books(
            accounts=tuple(self._choices()),
            taxes=tuple(Choice(code.id, code.name, rate=code.rate) for code in self.taxes.codes),
            terms=tuple(Choice(row["Id"], str(row.get("Name") or "")) for row in self._live("Term")),
            items=self._first("Item", "Name"),
            parties=self._first("Customer", "DisplayName"),
            currencies=tuple(self._currencies()),
            settings=dict(_SETTINGS),
            facts=self._facts(),
        )

    def _remarks(self) -> Iterator[str]:
        sales = _mapping(self.preferences.get("SalesFormsPrefs"))
        if sales.get("CustomTxnNumbers") is not True:
            yield (
                "switch on custom transaction numbers (Account and settings, Sales, Sales form content): "
                "without them QuickBooks may number documents itself"
            )
        if sales.get("AutoApplyCredit") is True:
            yield "credits are applied automatically: a credit note may go to another invoice than its own"
        if self.preferences.get("TaxPrefs") and _mapping(self.preferences["TaxPrefs"]).get("PartnerTaxEnabled") is True:
            yield "QuickBooks works the sales tax out itself: an invoice that comes to another tax is told, not changed"
        if closed := _mapping(self.preferences.get("AccountingInfoPrefs")).get("BookCloseDate"):
            yield f"the books are closed through {closed}: what is dated up to then is refused"

    def _facts(self) -> dict[str, str]:
        closed = _mapping(self.preferences.get("AccountingInfoPrefs")).get("BookCloseDate")
        own = {"company": str(self.info.get("CompanyName") or ""), "country": self.country, "currency": self.currency}
        rounding = "once for each rate" if self.country == "US" else "on each line"
        return {**own, "closed through": str(closed or "nothing"), "tax is rounded": rounding}

    # ------------------------------------------------------------ lists

    def _first(self, kind: str, name: str) -> tuple[Choice, ...]:
        """The first few in use."""
        return tuple(
            Choice(row["Id"], str(row.get(name) or ""), currency=ref(row, "CurrencyRef"))
            for row in self._session.rows(kind, "Active = true", most=_FEW)
        )

    def _live(self, kind: str) -> Iterator[dict[str, Any]]:
        for rows in self._session.every(kind):
            yield from (row for row in rows if row.get("Active", True) is True)

    @cached_property
    def _accounts(self) -> tuple[dict[str, Any], ...]:
        return tuple(self._live("Account"))

    def _choices(self) -> Iterator[Choice]:
        for row in self._accounts:
            kind: Any = _ACCOUNTS.get(str(row.get("AccountType")), "other")
            default = row.get("AccountSubType") == _UNDEPOSITED
            yield Choice(row["Id"], _name(row), kind=kind, currency=ref(row, "CurrencyRef"), default=default)

    def _account(self, wanted: str, kind: str, setting: str) -> str:
        """An account by id or name; the only one of its kind where nothing is wanted."""
        known = [choice for choice in self._choices() if not kind or choice.kind == kind]
        fits = [choice for choice in known if wanted in (choice.id, choice.name)] if wanted else known
        if len(fits) == 1:
            return fits[0].id
        names = ", ".join(f"{choice.name} ({choice.id})" for choice in known[:10])
        why = f"QuickBooks has no account {wanted!r}" if wanted and not fits else "more than one account fits"
        raise Refused("unknown_account", f"{self._session.system}: {why}; set `{setting}` to one of: {names}")

    def _currencies(self) -> Iterator[Choice]:
        prefs = _mapping(self.preferences.get("CurrencyPrefs"))
        home = self.currency
        codes = {home: home}
        if prefs.get("MultiCurrencyEnabled") is True:
            codes |= {str(row.get("Code")): str(row.get("Name")) for row in self._live("CompanyCurrency")}
        for code, name in codes.items():
            yield Choice(code, name, currency=code, default=code == home)

    def _codes(self) -> Iterator[Code]:
        with self._session.reading():
            rates = {row["Id"]: amount(row, "RateValue") for row in self._live("TaxRate")}
        for row in self._live("TaxCode"):
            details = _mapping(row.get("SalesTaxRateList")).get("TaxRateDetail") or []
            parts = [ref(detail, "TaxRateRef") for detail in details if isinstance(detail, Mapping)]
            whole = sum((rates[part] for part in parts), Decimal(0)) if all(part in rates for part in parts) else None
            known = whole is not None and bool(parts)
            yield Code(row["Id"], str(row.get("Name") or ""), whole / 100 if known and whole is not None else None)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("FullyQualifiedName") or row.get("Name") or row["Id"])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
