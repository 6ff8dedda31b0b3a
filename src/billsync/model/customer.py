"""Who owes.  (pure)"""

from __future__ import annotations

from billsync.model.base import Country, Currency, Id, Noun, Text, Zone


class Address(Noun):
    """A postal address; every part may be empty, a country is an ISO 3166-1 alpha-2 code."""

    street: Text = ""
    city: Text = ""
    postal_code: Text = ""
    region: Text = ""
    country: Country | None = None


class Contact(Noun):
    """A person or mailbox at the customer.

    Attributes:
        role: what the contact is for: `billing` gets the invoices.
    """

    name: Text = ""
    email: Text = ""
    phone: Text = ""
    role: Text = "billing"


class TaxId(Noun):
    """A tax registration: `eu_vat` DE136695976."""

    kind: Id
    value: Id


class Customer(Noun):
    """A party that is billed.

    Attributes:
        id: ours; the key that the CRM gives.
        name: as it is known; legal_name is what stands on the invoice, or None for the same.
        currency: what it is billed in where the deal does not say, or None.
        timezone: the zone whose calendar decides the days of its periods and invoices.
        language: BCP 47, or None.
        payment_terms_days: days from the invoice's date to its due date, or None for the policy's.
        parent: id of the customer that this one belongs to, or None.
        bill_to, sold_to: ids of other customers that get the invoice or the goods, or None for this one.
        properties: further facts by name, as text.
    """

    id: Id
    name: Id
    legal_name: Text | None = None
    currency: Currency | None = None
    country: Country | None = None
    timezone: Zone = "UTC"
    language: Text | None = None
    payment_terms_days: int | None = None
    parent: Id | None = None
    bill_to: Id | None = None
    sold_to: Id | None = None
    billing_address: Address | None = None
    contacts: tuple[Contact, ...] = ()
    tax_ids: tuple[TaxId, ...] = ()
    properties: dict[str, Text] = {}
