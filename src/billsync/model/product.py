"""What is sold, and for how much.  (pure)"""

from __future__ import annotations

from decimal import Decimal

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.scheme import AnyScheme


class Product(Noun):
    """A thing or service that is sold.

    Attributes:
        id: ours; the key that the CRM gives.
        sku: the code that people and ERPs know it by, or None for the id.
        tax_code: names a rate of the tax policy, or None for its default.
        unit: what one of it is, such as `seat` or `hour`; "" where it is just one.
        family: a group for reports.
    """

    id: Id
    name: Id
    sku: Text | None = None
    description: Text = ""
    tax_code: Text | None = None
    unit: Text = ""
    family: Text = ""
    list_price: Number | None = None
    list_currency: Currency | None = None


class Price(Noun):
    """The list price of a product in one currency, from a day on.

    Attributes:
        unit_amount: of one; of no account where there is a scheme.
        price: a scheme in place of `unit_amount`, or None.
    """

    product: Id
    currency: Currency
    unit_amount: Number = Decimal(0)
    price: AnyScheme | None = None
    valid_from: Day | None = None


class PriceBook(Noun):
    """A versioned set of prices; a contract pins the version that it was made with."""

    id: Id
    name: Text = ""
    version: int = 1
    prices: tuple[Price, ...] = ()
