"""What is read of the usual objects where the settings say nothing else.  (pure)

Of each list only what the org has is read: `CurrencyIsoCode` is there with several currencies only.
"""

from __future__ import annotations

from typing import Final

_AUDIT: Final = ("CreatedDate",)
_BILLING: Final = ("BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry")
_PERSON: Final = ("AccountId", "FirstName", "LastName", "Email", "Phone", "Title")
_LINE: Final = (
    *("Product2Id", "ProductCode", "Name", "PricebookEntryId", "Quantity", "UnitPrice", "TotalPrice", "ListPrice"),
    *("Discount", "ServiceDate", "Description", "SortOrder", "Product2.Name", "Product2.ProductCode"),
)

FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "Account": (
        *("Name", "AccountNumber", "Type", "Industry", "ParentId", *_BILLING, "BillingCountryCode", "BillingStateCode"),
        *("Phone", "Website", "OwnerId", "CurrencyIsoCode", *_AUDIT),
    ),
    "Contact": (
        *_PERSON,
        *("Name", "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "OwnerId"),
        *_AUDIT,
    ),
    "Product2": (
        *("Name", "ProductCode", "IsActive", "Family", "Description", "StockKeepingUnit", "CurrencyIsoCode"),
        *_AUDIT,
    ),
    "Pricebook2": ("Name", "IsStandard", "IsActive", "Description", *_AUDIT),
    "PricebookEntry": (
        *("Pricebook2Id", "Product2Id", "Name", "ProductCode", "UnitPrice", "IsActive", "UseStandardPrice"),
        *("CurrencyIsoCode", "Pricebook2.Name", "Pricebook2.IsStandard", *_AUDIT),
    ),
    "Opportunity": (
        *("Name", "AccountId", "StageName", "CloseDate", "Amount", "Probability", "IsClosed", "IsWon", "Type"),
        *("CurrencyIsoCode", "Pricebook2Id", "ContractId", "HasOpportunityLineItem", "OwnerId", "ForecastCategory"),
        *("Account.Name", "Account.BillingCountry", "Account.BillingCountryCode", *_AUDIT),
    ),
    "OpportunityLineItem": ("OpportunityId", *_LINE),
    "Order": (
        *("AccountId", "OrderNumber", "EffectiveDate", "EndDate", "Status", "StatusCode", "TotalAmount", "ContractId"),
        *("OpportunityId", "Pricebook2Id", "Description", "OwnerId", "CurrencyIsoCode"),
        *("Account.Name", "Account.BillingCountry", *_AUDIT),
    ),
    "OrderItem": (
        *("OrderId", "Product2Id", "PricebookEntryId", "OrderItemNumber", "Quantity", "UnitPrice", "ListPrice"),
        *("TotalPrice", "ServiceDate", "EndDate", "Description", "Product2.Name", "Product2.ProductCode"),
    ),
    "Contract": (
        *("AccountId", "ContractNumber", "Status", "StartDate", "EndDate", "ContractTerm", "Description", "OwnerId"),
        *("CurrencyIsoCode", "Account.Name", *_AUDIT),
    ),
    "User": ("Username", "Name", "FirstName", "LastName", "Email", "IsActive", "ManagerId", "Department"),
}
RELATED: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Contacts",),
    "Product2": ("PricebookEntries",),
    "Opportunity": ("OpportunityLineItems",),
    "Order": ("OrderItems",),
}
CHILDREN: Final[dict[str, tuple[str, ...]]] = {
    "Contacts": ("FirstName", "LastName", "Email", "Phone", "Title"),
    "PricebookEntries": ("Pricebook2Id", "UnitPrice", "CurrencyIsoCode", "IsActive", "Pricebook2.IsStandard"),
    "OpportunityLineItems": _LINE,
    "OrderItems": FIELDS["OrderItem"][1:],
}
NEARBY: Final[dict[str, tuple[str, ...]]] = {
    "Account": ("Contact",),
    "Contact": ("Account",),
    "Product2": ("PricebookEntry", "Pricebook2"),
    "PricebookEntry": ("Pricebook2", "Product2"),
    "Opportunity": ("OpportunityLineItem", "Account", "Product2"),
    "OpportunityLineItem": ("Opportunity", "Product2"),
    "Order": ("OrderItem", "Account", "Product2"),
    "OrderItem": ("Order", "Product2"),
    "Contract": ("Account",),
}
"""Objects whose fields are wanted together with an object's: all of them are asked for in one request."""
