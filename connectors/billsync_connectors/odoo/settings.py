"""The settings of a connection to Odoo.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr

from billsync.wire import HttpSettings


class OdooSettings(HttpSettings):
    """What a person writes under a connection of the type `odoo`.

    Attributes:
        url: the database's address: `https://acme.odoo.com/`, `https://erp.example.com/`.
        database: its name; needed before Odoo 19, and where one server holds several.
        user: log-in name of the user whose key it is; needed before Odoo 19 only.
        api_key: an API key of that user (before Odoo 14 the password).
        protocol: `json2` since Odoo 19, `jsonrpc` before 22; `auto` asks the server which one it is.
        company: name of the company, or None for the user's own.
        namespace: the module part of the external ids that billsync gives.  Never changed once in use.
        revenue_account: code of the account that lines are booked on; None leaves it to Odoo (product, then journal).
        sales_journal: code of the journal of invoices, or None for Odoo's own choice.
        bank_journal: code of the journal of payments; None takes the only one of the type bank.
        tax_codes: our tax code -> Odoo's name of the tax; a code that is missing is matched by its rate.
        tax_rounding: `line` where the company rounds per line, `rate` where it rounds globally.
        price_digits: decimals that Odoo keeps of a unit price (`Product Price` in its Decimal Accuracy).
        closed_period: what happens to a document of a locked period: it is refused, or Odoo may `move` its accounting
            date to the first open day.
        calls_per_s: requests a second that Odoo bears: 1 on Odoo Online; None for any number.
        timeout: seconds for one request; Odoo itself ends one after 120.
    """

    database: str | None = None
    user: str | None = None
    api_key: SecretStr
    protocol: Literal["auto", "json2", "jsonrpc"] = "auto"
    company: str | None = None
    namespace: str = Field(default="billsync", pattern=r"^[a-z][a-z0-9_]{0,30}$")
    revenue_account: str | None = None
    sales_journal: str | None = None
    bank_journal: str | None = None
    tax_codes: dict[str, str] = {}
    tax_rounding: Literal["line", "rate"] = "line"
    price_digits: int = Field(default=2, ge=0, le=8)
    closed_period: Literal["refuse", "move"] = "refuse"
    calls_per_s: Decimal | None = Field(default=None, gt=0)
    timeout: int = Field(default=120, ge=1, le=900)
