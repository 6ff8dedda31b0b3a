"""HubSpot's objects and the properties that each has from the start.  (pure)"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from billsync_connectors.hubspot.server.refused import Refused


@dataclass(frozen=True, slots=True)
class Kind:
    """One object.

    Attributes:
        name: as paths call it, such as `deals`; one: of a single record, such as `deal`.
        id: HubSpot's object type id.
        own: its properties, as text: `name:type`, with `!` read-only, `*` unique; no type is a string.
        default: properties that are shown where none were asked for.
        modified: the property that holds the instant of the last change.
        needed: properties without which none is made.
        searched: properties in which `query` looks.
        scoped: its name in scopes.
    """

    name: str
    one: str
    id: str
    own: str
    default: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    needed: tuple[str, ...] = ()
    searched: tuple[str, ...] = ("name",)

    @property
    def key(self) -> str:
        """Its name among `associations`: line items stand there with a blank."""
        return self.name.replace("_", " ")

    @property
    def always(self) -> tuple[str, ...]:
        """Properties that stand in every reply."""
        return ("createdate", "hs_object_id", self.modified)


_COMMON: Final = (
    "hs_object_id:number! createdate:datetime hs_createdate:datetime! hs_merged_object_ids! hs_object_source! "
    "hs_object_source_id! hs_object_source_label! hubspot_owner_id hs_archived:bool! "
)
_PERIOD: Final = (
    "recurringbillingfrequency:enumeration=weekly|biweekly|monthly|quarterly|per_six_months|annually|per_two_years "
    "hs_recurring_billing_period hs_recurring_billing_start_date:date hs_recurring_billing_end_date:date "
)
_CONTACTS: Final = (
    "email* firstname lastname phone mobilephone company jobtitle address city state zip country website "
    "lastmodifieddate:datetime! hs_lastmodifieddate:datetime! hs_additional_emails "
    "lifecyclestage:enumeration=subscriber|lead|opportunity|customer|other"
)
_COMPANIES: Final = (
    "name domain phone address address2 city state zip country website industry annualrevenue:number "
    "numberofemployees:number founded_year description hs_parent_company_id:number hs_lastmodifieddate:datetime! "
    "lifecyclestage:enumeration=subscriber|lead|opportunity|customer|other"
)
_DEALS: Final = (
    "dealname amount:number dealstage:stage pipeline:pipeline closedate:datetime deal_currency_code description "
    "dealtype:enumeration=newbusiness|existingbusiness hs_is_closed:bool! hs_is_closed_won:bool! "
    "hs_is_closed_lost:bool! hs_closed_amount:number! amount_in_home_currency:number! "
    "hs_deal_stage_probability:number! hs_mrr:number hs_arr:number hs_tcv:number hs_acv:number "
    "hs_exchange_rate:number hs_lastmodifieddate:datetime!"
)
_LINES: Final = (
    "name hs_product_id:number quantity:number price:number amount:number! discount:number description "
    "hs_discount_percentage:number hs_sku hs_line_item_currency_code hs_tax_rate_group_id "
    "hs_position_on_quote:number hs_lastmodifieddate:datetime! "
) + _PERIOD
_PRODUCTS: Final = (
    "name price:number hs_sku description hs_cost_of_goods_sold:number hs_price_usd:number hs_price_eur:number "
    "hs_price_gbp:number hs_status:enumeration=active|inactive hs_lastmodifieddate:datetime! "
) + _PERIOD
_INVOICES: Final = (
    "hs_currency hs_invoice_status:enumeration=draft|open|paid|voided hs_invoice_date:datetime hs_due_date:datetime "
    "hs_number* hs_title hs_comments hs_tax_id hs_external_invoice_id* hs_amount_billed:number! "
    "hs_balance_due:number! hs_amount_paid:number! hs_payment_date:datetime hs_lastmodifieddate:datetime!"
)
_PAYMENTS: Final = (
    "hs_currency_code hs_initial_amount:number hs_initiated_date:datetime hs_latest_status hs_payment_method_type "
    "hs_reference_number* hs_customer_email hs_fees_amount:number hs_net_amount:number hs_lastmodifieddate:datetime!"
)
_SUBSCRIPTIONS: Final = "hs_name hs_status hs_currency_code hs_recurring_revenue:number hs_lastmodifieddate:datetime!"
_TICKETS: Final = "subject content hs_pipeline hs_pipeline_stage hs_lastmodifieddate:datetime!"

_ALL: Final = (
    Kind(
        "contacts", "contact", "0-1", _CONTACTS, ("email", "firstname", "lastname"), "lastmodifieddate",
        searched=("firstname", "lastname", "email", "phone", "hs_additional_emails", "mobilephone", "company"),
    ),
    Kind("companies", "company", "0-2", _COMPANIES, ("name", "domain"),
         searched=("website", "phone", "name", "domain")),
    Kind(
        "deals", "deal", "0-3", _DEALS, ("amount", "closedate", "dealname", "dealstage", "pipeline"),
        searched=("dealname", "pipeline", "dealstage", "description", "dealtype"),
    ),
    Kind("tickets", "ticket", "0-5", _TICKETS, ("subject", "content", "hs_pipeline", "hs_pipeline_stage")),
    Kind(
        "products", "product", "0-7", _PRODUCTS, ("name", "price", "description"),
        searched=("name", "description", "price", "hs_sku"),
    ),
    Kind(
        "line_items", "line_item", "0-8", _LINES, ("name", "quantity", "price", "amount", "hs_product_id"),
        searched=("description", "name", "price", "quantity", "amount"),
    ),
    Kind("quotes", "quote", "0-14", "hs_title hs_status hs_expiration_date:date hs_lastmodifieddate:datetime!",
         ("hs_title", "hs_status"), searched=("hs_title",)),
    Kind("invoices", "invoice", "0-53", _INVOICES, ("hs_number", "hs_invoice_status", "hs_currency"),
         needed=("hs_currency",), searched=("hs_number",)),
    Kind("subscriptions", "subscription", "0-69", _SUBSCRIPTIONS, ("hs_name", "hs_status"), searched=("hs_name",)),
    Kind("taxes", "tax", "0-85", "hs_label hs_value:number hs_lastmodifieddate:datetime!", ("hs_label", "hs_value"),
         searched=("hs_label",)),
    Kind("commerce_payments", "commerce_payment", "0-101", _PAYMENTS, ("hs_initial_amount", "hs_latest_status"),
         searched=("hs_customer_email",)),
)  # fmt: skip
KINDS: Final = {kind.name: kind for kind in _ALL}
_CALLED: Final = {name: kind for kind in _ALL for name in (kind.name, kind.one, kind.id)}


def kind_of(called: str) -> Kind:
    """The object by its name, plural or not, or by its id.  Raises `Refused`."""
    found = _CALLED.get(called.lower())
    if found is None:
        raise Refused(400, f"Unable to infer object type from: {called}", "VALIDATION_ERROR")
    return found


def from_start(kind: Kind) -> list[tuple[str, str, str, bool, bool]]:
    """Its first properties: name, type, options with `|`, read-only, unique."""
    return [_one(word) for word in (_COMMON + kind.own).split()]


def _one(word: str) -> tuple[str, str, str, bool, bool]:
    name, _, type = word.rstrip("!*").partition(":")
    type, _, options = type.partition("=")
    return name.rstrip("!*"), type or "string", options, word.endswith("!"), word.endswith("*")
