"""The settings of a connection to Tryton.  (pure)"""

from __future__ import annotations

from pydantic import Field, SecretStr

from billsync.wire import HttpSettings


class TrytonSettings(HttpSettings):
    """What a person writes under a connection of the type `tryton`.

    Attributes:
        url: address with the database: `https://erp.example.com/billing/`, `http://127.0.0.1:8000/billing/`.
        company: name of the company, or None for the user's own.
        payment_term: name of the term that due dates come from, or None to give each invoice its own due date.
        revenue, receivable: codes of the accounts; None takes the first open one of that type.
        product_category: accounting category of new products; None takes the first.
        unit: name of the unit of measure; None takes Tryton's own `Unit`.
        taxes: our tax code -> Tryton's name of the tax; a code that is missing takes the only sales tax of its rate.
        payment_method: name of the method that payments of ours are booked with; None takes the only one.
        timeout: seconds for one request; posting may take up to four times as long.
    """

    user: str
    password: SecretStr
    company: str | None = None
    payment_term: str | None = None
    revenue: str | None = None
    receivable: str | None = None
    product_category: str | None = None
    unit: str | None = None
    taxes: dict[str, str] = {}
    payment_method: str | None = None
    timeout: int = Field(default=60, ge=1, le=600)
