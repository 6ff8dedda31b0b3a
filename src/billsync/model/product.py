"""What is sold, and for how much.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from billsync.model.base import Currency, Day, Id, Noun, Number, Text
from billsync.model.scheme import AnyScheme


class Part(Noun):
    """What one of a bundle holds of another product.

    Attributes:
        quantity: how many of it.
        selling_price: what one of it sells for alone: the bundle's price is divided by it.
    """

    product: Id
    description: Text = ""
    quantity: Annotated[Number, Field(gt=0)] = Decimal(1)
    selling_price: Annotated[Number, Field(ge=0)]


class Product(Noun):
    """A thing or service that is sold.

    Attributes:
        id: ours; the key that the CRM gives.
        sku: the code that people and ERPs know it by, or None for the id.
        tax_code: names a rate of the tax policy, or None for its default.
        unit: what one of it is, such as `seat` or `hour`; "" where it is just one.
        family: a group for reports.
        parts: what a bundle consists of, () for no bundle.  It has one price; documents show its parts, each with its
            part of the amount and its own tax.
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
    parts: tuple[Part, ...] = ()

    @model_validator(mode="after")
    def _parts_have_a_price(self) -> Product:
        if self.parts and not any(part.selling_price for part in self.parts):
            raise ValueError(f"a part of the bundle {self.id} needs a selling price above zero, to divide its price by")
        return self


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
