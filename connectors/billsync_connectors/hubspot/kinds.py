"""HubSpot's objects: what is read of each, and what of others a record shows.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billsync_connectors.hubspot.config import HubSpotSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """One object.

    Attributes:
        name: as paths call it, such as `deals`; one: of a single record, such as `deal`.
        properties: HubSpot's own ones that are read; those of the account are read all.
        inside: objects whose records stand in this one's with all their properties.
        linked: objects whose ids stand in it.
        modified: the property that holds the instant of the last change.
    """

    name: str
    one: str
    properties: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    modified: str = "hs_lastmodifieddate"

    @property
    def ends(self) -> tuple[str, ...]:
        """All objects that a record shows something of."""
        return (*self.inside, *(name for name in self.linked if name not in self.inside))


_PERIOD: Final = (
    "recurringbillingfrequency",
    "hs_recurring_billing_period",
    "hs_recurring_billing_start_date",
    "hs_recurring_billing_end_date",
)
_ADDRESS: Final = ("phone", "address", "city", "state", "zip", "country")
_ALL: Final = (
    Kind(
        "companies",
        "company",
        ("name", "domain", *_ADDRESS, "address2", "industry", "hs_parent_company_id", "hubspot_owner_id"),
        inside=("contacts",),
    ),
    Kind(
        "contacts",
        "contact",
        ("email", "firstname", "lastname", *_ADDRESS, "company", "lifecyclestage"),
        modified="lastmodifieddate",
    ),
    Kind(
        "deals",
        "deal",
        (
            *("dealname", "amount", "dealstage", "pipeline", "closedate", "deal_currency_code", "dealtype"),
            *("description", "hubspot_owner_id"),
        ),
        inside=("line_items",),
        linked=("companies",),
    ),
    Kind(
        "line_items",
        "line_item",
        (
            *("name", "description", "hs_sku", "hs_product_id", "quantity", "price", "amount", "discount"),
            *("hs_discount_percentage", "hs_line_item_currency_code", "hs_tax_rate_group_id", "hs_position_on_quote"),
            *_PERIOD,
        ),
    ),
    Kind("products", "product", ("name", "description", "hs_sku", "price", *_PERIOD)),
    Kind(
        "invoices",
        "invoice",
        (
            *("hs_number", "hs_currency", "hs_invoice_status", "hs_invoice_date", "hs_due_date", "hs_payment_date"),
            *("hs_amount_billed", "hs_amount_paid", "hs_balance_due", "hs_title"),
        ),
        inside=("line_items",),
        linked=("companies", "contacts", "deals"),
    ),
    Kind("quotes", "quote", ("hs_title", "hs_status", "hs_expiration_date"), linked=("companies", "deals")),
    Kind("subscriptions", "subscription", ("hs_name", "hs_status"), linked=("companies", "deals")),
    Kind("tickets", "ticket", ("subject", "content", "hs_pipeline", "hs_pipeline_stage"), linked=("companies",)),
)
KINDS: Final = {kind.name: kind for kind in _ALL}
TYPE_IDS: Final = {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-7": "products",
    "0-8": "line_items",
    "0-14": "quotes",
    "0-53": "invoices",
    "0-69": "subscriptions",
}
"""HubSpot's ids of its objects, as webhooks tell them."""
DERIVED: Final = {
    "deals": (
        *("company", "pipeline_label", "stage_label", "is_closed", "is_won", "probability"),
        *("owner", "owner_email"),
    ),
    "companies": ("owner", "owner_email"),
}
"""What a record shows beside its properties and associations."""
NEVER_READ: Final = frozenset(
    {"hs_lastmodifieddate", "lastmodifieddate", "hs_object_id", "hs_merged_object_ids", "hs_createdate", "createdate"}
)
"""They change with every touch, are the id itself, or say nothing about the business."""


def kinds(settings: HubSpotSettings) -> dict[str, Kind]:
    """What this connection reads, by object."""
    found = {**{name: Kind(name, name) for name in settings.properties if name not in KINDS}, **KINDS}
    return {
        name: Kind(
            name,
            kind.one,
            (*kind.properties, *settings.properties.get(name, ())),
            kind.inside,
            (*kind.linked, *settings.linked.get(name, ())),
            kind.modified,
        )
        for name, kind in found.items()
    }
