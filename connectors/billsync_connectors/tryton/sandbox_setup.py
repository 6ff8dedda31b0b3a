"""Sets up a new Tryton database as a small company's books: chart, fiscal years, taxes, payment method.  (shell)

The text of this file is part of the key under which a finished database is cached.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from billsync_connectors.tryton.sandbox_rpc import Rpc, Wizard

MODULES: Final = ("party", "product", "account", "account_invoice", "account_product")
"""Tryton modules of the sandbox."""

CHART: Final = "account.account_template_root_en"
CASH, TAX_ACCOUNT = "1.1.1", "6.3.6"
TAXES: Final = {"VAT 19%": Decimal("0.19"), "VAT 20%": Decimal("0.20"), "VAT 7%": Decimal("0.07")}
PAYMENT_METHOD: Final = "Bank"
COUNTRIES: Final = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "CN": "China",
    "CZ": "Czechia",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IN": "India",
    "IT": "Italy",
    "JO": "Jordan",
    "JP": "Japan",
    "KE": "Kenya",
    "KR": "South Korea",
    "LU": "Luxembourg",
    "MX": "Mexico",
    "NL": "Netherlands",
    "NO": "Norway",
    "PA": "Panama",
    "PH": "Philippines",
    "PL": "Poland",
    "PT": "Portugal",
    "RO": "Romania",
    "SE": "Sweden",
    "SG": "Singapore",
    "US": "United States",
    "ZA": "South Africa",
}


def set_up(rpc: Rpc, currency: str, years: Sequence[int]) -> None:
    """Bring a database in which only the modules were activated to the point where invoices can be posted."""
    company = _company(rpc, currency)
    _chart(rpc, company)
    for year in years:
        _fiscal_year(rpc, company, year)
    _taxes(rpc, company)
    _payments(rpc, company)
    _journal_periods(rpc)
    _report(rpc)
    _products(rpc)
    _countries(rpc)


def _company(rpc: Rpc, currency: str) -> int:
    money = rpc.create(
        "currency.currency", name=currency, symbol=currency, code=currency, rounding=Decimal("0.01"), digits=2
    )
    party = rpc.create("party.party", name="Sandbox Company", addresses=[["create", [{"city": "Springfield"}]]])
    wizard = Wizard(rpc, "company.company.config")
    wizard.step("company")
    wizard.step("add", "company", party=party, currency=money)
    wizard.close()
    rpc.reload()
    company: int = rpc.one("company.company", [])["id"]
    rpc.call("model.company.company.write", [company], {"cancel_invoice_out": True})  # so that doubles can be voided
    return company


def _chart(rpc: Rpc, company: int) -> None:
    template = rpc.call("model.ir.model.data.get_id", CHART)
    wizard = Wizard(rpc, "account.create_chart")
    wizard.step("account")
    wizard.step("create_account", "account", company=company, account_template=template)
    kinds = {f"account_{kind}": _account(rpc, kind) for kind in ("receivable", "payable")}
    categories = {f"category_account_{kind}": _account(rpc, kind) for kind in ("expense", "revenue")}
    wizard.step("create_properties", "properties", company=company, **kinds, **categories)
    wizard.close()


def _account(rpc: Rpc, kind: str) -> int:
    found: int = rpc.one("account.account", [[f"type.{kind}", "=", True], ["closed", "!=", True]])["id"]
    return found


def _by_code(rpc: Rpc, code: str) -> int:
    found: int = rpc.one("account.account", [["code", "=", code]])["id"]
    return found


def _fiscal_year(rpc: Rpc, company: int, year: int) -> None:
    invoices = _sequence(rpc, company, "Invoice", f"Invoices {year}", f"{year}-")
    kinds = ("out_invoice", "in_invoice", "out_credit_note", "in_credit_note")
    sequences = {"company": company, **{f"{kind}_sequence": invoices for kind in kinds}}
    made = rpc.create(
        "account.fiscalyear",
        name=str(year),
        start_date=date(year, 1, 1),
        end_date=date(year, 12, 31),
        company=company,
        move_sequence=_sequence(rpc, company, "Account Move", f"Moves {year}", ""),
        invoice_sequences=[["create", [sequences]]],
    )
    rpc.call("model.account.fiscalyear.create_period", [made])


def _sequence(rpc: Rpc, company: int, kind: str, name: str, prefix: str) -> int:
    of_type = rpc.one("ir.sequence.type", [["name", "=", kind]])["id"]
    return rpc.create("ir.sequence.strict", name=name, sequence_type=of_type, company=company, prefix=prefix, padding=5)


def _taxes(rpc: Rpc, company: int) -> None:
    account = _by_code(rpc, TAX_ACCOUNT)
    for name, rate in TAXES.items():
        rpc.create(
            "account.tax",
            name=name,
            description=name,
            type="percentage",
            rate=rate,
            company=company,
            invoice_account=account,
            credit_note_account=account,
        )


def _payments(rpc: Rpc, company: int) -> None:
    days = {"type": "remainder", "relativedeltas": [["create", [{"days": 30}]]]}
    rpc.create("account.invoice.payment_term", name="30 days", lines=[["create", [days]]])
    cash = _by_code(rpc, CASH)
    rpc.create(
        "account.invoice.payment.method",
        name=PAYMENT_METHOD,
        company=company,
        journal=rpc.one("account.journal", [["type", "=", "cash"]])["id"],
        credit_account=cash,
        debit_account=cash,
    )


def _products(rpc: Rpc) -> None:
    """Subscriptions are sold in parts of a unit, and each product needs a category that names its account."""
    unit = rpc.call("model.ir.model.data.get_id", "product.uom_unit")
    rpc.call("model.product.uom.write", [unit], {"digits": 4, "rounding": 0.0001})
    accounts = {f"account_{kind}": _account(rpc, kind) for kind in ("revenue", "expense")}
    rpc.create("product.category", name="Subscriptions", accounting=True, **accounts)


def _countries(rpc: Rpc) -> None:
    rows = [{"code": code, "name": name} for code, name in COUNTRIES.items()]
    rpc.call("model.country.country.create", rows)


def _journal_periods(rpc: Rpc) -> None:
    """Tryton would make these at the first posting of a month, and on SQLite repeat that posting for it."""
    journals = [row["id"] for row in rpc.find("account.journal", [["type", "in", ["revenue", "cash"]]])]
    periods = [row["id"] for row in rpc.find("account.period", [])]
    rows = [{"journal": journal, "period": period} for journal in journals for period in periods]
    rpc.call("model.account.journal.period.create", rows)


def _report(rpc: Rpc) -> None:
    """A plain text invoice: rendering an office document would take a fifth of the time of posting."""
    report = rpc.one("ir.action.report", [["report_name", "=", "account.invoice"]])["id"]
    text = base64.b64encode(b"${records[0].number}").decode()
    content = {"__class__": "bytes", "base64": text}
    changes = {"report_content_custom": content, "template_extension": "txt"}
    rpc.call("model.ir.action.report.write", [report], changes)
