"""The objects of the org and their fields.  (pure)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from functools import cached_property
from typing import Any, Final

from billsync_connectors.salesforce.server.fields import Field, field

_SYSTEM: Final = """
CreatedDate datetime readonly
CreatedById reference User CreatedBy - readonly
LastModifiedDate datetime readonly
LastModifiedById reference User LastModifiedBy - readonly
SystemModstamp datetime readonly
IsDeleted boolean readonly default=false
"""
_OWNED: Final = "OwnerId reference User Owner -"
_CURRENCY: Final = "CurrencyIsoCode picklist 3"
_KEYS: Final = """
External_Id__c string 80 external unique
Legacy_Code__c string 40 external
"""
"""One that is unique, and one that several records may share: an upsert by it can meet more than one."""
_BILLED: Final = """
Invoice_Number__c string 80
Invoice_Status__c picklist 40
Invoice_Amount__c currency
Invoice_Open__c currency
Invoice_Date__c date
Invoice_Due_On__c date
Invoice_Paid_On__c date
Billing_Note__c textarea
"""

_TABLES: Final[dict[str, tuple[str, str]]] = {
    "Account": ("001", f"""
        Name string 255 required
        AccountNumber string 40
        Type picklist
        Industry picklist
        ParentId reference Account Parent ChildAccounts
        AnnualRevenue currency 18,0
        NumberOfEmployees int
        YearStarted string 4
        BillingStreet textarea 255
        BillingCity string 40
        BillingState string 80
        BillingPostalCode string 20
        BillingCountry string 80
        BillingAddress address
        ShippingStreet textarea 255
        ShippingCity string 40
        ShippingState string 80
        ShippingPostalCode string 20
        ShippingCountry string 80
        Phone phone
        Website url
        Description textarea 32000
        MasterRecordId reference Account MasterRecord - readonly
        {_OWNED}
        {_CURRENCY}
        {_KEYS}
        Region__c string 80
        Tax_Number__c string 40
        Billing_Email__c email"""),
    "Contact": ("003", f"""
        AccountId reference Account Account Contacts
        FirstName string 40
        LastName string 80 required
        Name string 121 readonly
        Email email 80 idlookup
        Phone phone
        Title string 128
        MailingStreet textarea 255
        MailingCity string 40
        MailingState string 80
        MailingPostalCode string 20
        MailingCountry string 80
        IsEmailBounced boolean readonly default=false
        MasterRecordId reference Contact MasterRecord - readonly
        {_OWNED}
        {_CURRENCY}
        {_KEYS}"""),
    "Product2": ("01t", f"""
        Name string 255 required
        ProductCode string 255
        IsActive boolean default=false
        Family picklist
        Description textarea 4000
        StockKeepingUnit string 180
        {_CURRENCY}
        {_KEYS}"""),
    "Pricebook2": ("01s", """
        Name string 255 required
        IsStandard boolean readonly default=false
        IsActive boolean default=false
        Description textarea 255"""),
    "PricebookEntry": ("01u", f"""
        Pricebook2Id reference Pricebook2 Pricebook2 PricebookEntries required createonly
        Product2Id reference Product2 Product2 PricebookEntries required createonly
        Name string 255 readonly
        ProductCode string 255 readonly
        UnitPrice currency 18,2 required
        IsActive boolean default=false
        UseStandardPrice boolean default=false
        {_CURRENCY} createonly
        {_KEYS}"""),
    "Opportunity": ("006", f"""
        Name string 120 required
        AccountId reference Account Account Opportunities
        StageName picklist 255 required
        CloseDate date required
        Amount currency
        Probability percent 3,0
        ExpectedRevenue currency readonly
        TotalOpportunityQuantity double
        IsClosed boolean readonly default=false
        IsWon boolean readonly default=false
        ForecastCategory picklist 40 readonly
        Pricebook2Id reference Pricebook2 Pricebook2 Opportunities
        ContractId reference Contract Contract Opportunities
        Type picklist
        LeadSource picklist
        NextStep string 255
        HasOpportunityLineItem boolean readonly default=false
        Description textarea 32000
        {_OWNED}
        {_CURRENCY}
        {_KEYS}
        {_BILLED}
        Engaged_On__c date
        Days_Open__c double 18,0 formula"""),
    "OpportunityLineItem": ("00k", f"""
        OpportunityId reference Opportunity Opportunity OpportunityLineItems required createonly
        PricebookEntryId reference PricebookEntry PricebookEntry OpportunityLineItems createonly
        Product2Id reference Product2 Product2 OpportunityLineItems createonly
        ProductCode string 255 readonly
        Name string 376 readonly
        Quantity double 12,2 required
        UnitPrice currency 18,2
        TotalPrice currency 18,2
        ListPrice currency 18,2 readonly
        Subtotal currency 18,2 readonly
        Discount percent 5,2
        ServiceDate date
        Description string 255
        SortOrder int
        {_CURRENCY} readonly
        {_KEYS}"""),
    "Order": ("801", f"""
        AccountId reference Account Account Orders required
        OrderNumber string 30 readonly
        EffectiveDate date required
        EndDate date
        Status picklist 40 required
        StatusCode picklist 40 readonly
        TotalAmount currency readonly
        ContractId reference Contract Contract Orders
        OpportunityId reference Opportunity Opportunity Orders
        Pricebook2Id reference Pricebook2 Pricebook2 Orders
        Description textarea 32000
        {_OWNED}
        {_CURRENCY}
        {_KEYS}
        {_BILLED}"""),
    "OrderItem": ("802", f"""
        OrderId reference Order Order OrderItems required createonly
        PricebookEntryId reference PricebookEntry PricebookEntry OrderItems required createonly
        Product2Id reference Product2 Product2 OrderItems createonly
        OrderItemNumber string 30 readonly
        Quantity double 12,2 required
        UnitPrice currency 18,2
        ListPrice currency 18,2 readonly
        TotalPrice currency 18,2 readonly
        ServiceDate date
        EndDate date
        Description string 255
        {_CURRENCY} readonly
        {_KEYS}"""),
    "Contract": ("800", f"""
        AccountId reference Account Account Contracts required
        ContractNumber string 30 readonly
        Status picklist 40 default=Draft
        StartDate date
        EndDate date readonly
        ContractTerm int
        SpecialTerms textarea 4000
        Description textarea 32000
        {_OWNED}
        {_CURRENCY}
        {_KEYS}"""),
    "User": ("005", f"""
        Username string 80 required idlookup
        FirstName string 40
        LastName string 80 required
        Name string 121 readonly
        Email email 80 required
        IsActive boolean default=true
        ManagerId reference User Manager ManagedUsers
        Department string 80
        {_CURRENCY}"""),
    "CurrencyType": ("01L", """
        IsoCode picklist 3 required createonly
        ConversionRate double 18,6 required
        DecimalPlaces int required
        IsActive boolean default=true
        IsCorporate boolean readonly default=false"""),
    "Organization": ("00D", """
        Name string 80 readonly
        IsSandbox boolean readonly default=false
        InstanceName string 5 readonly"""),
}  # fmt: skip
MERGED: Final = ("Account", "Contact")
"""Objects whose records can be merged."""
FIXED: Final = ("User", "CurrencyType", "Organization")
"""Objects whose records can't be deleted."""


@dataclass(frozen=True)
class Kind:
    """One object.

    Attributes:
        prefix: first three characters of its ids.
        fields: by name.
    """

    name: str
    prefix: str
    fields: dict[str, Field] = attribute(default_factory=dict)

    @cached_property
    def named(self) -> dict[str, Field]:
        """Fields by their name in lower case: names don't tell a from A."""
        return {name.lower(): found for name, found in self.fields.items()}

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a new record has where nothing is said."""
        return {name: found.default for name, found in self.fields.items() if found.default is not None}

    @cached_property
    def required(self) -> list[str]:
        """Fields that must not be empty."""
        return [name for name, found in self.fields.items() if "required" in found.marks]

    @cached_property
    def unique(self) -> list[Field]:
        """Fields whose values no two records share."""
        return [found for found in self.fields.values() if "unique" in found.marks]

    @cached_property
    def ups(self) -> dict[str, Field]:
        """References by the name of their relationship, in lower case."""
        return {found.up.lower(): found for found in self.fields.values() if found.up}


class Kinds:
    """All objects, as the org has them: with its custom fields, without what is hidden or switched off."""

    def __init__(self, *, currencies: bool, hidden: Iterable[str], readonly: Iterable[str], own: Iterable[str]) -> None:
        gone, fixed = {name.lower() for name in hidden}, {name.lower() for name in readonly}
        self.all: dict[str, Kind] = {}
        for name, (prefix, table) in _TABLES.items():
            lines = ["Id id", *table.strip().splitlines(), *_SYSTEM.strip().splitlines()]
            lines += [line.partition(".")[2] for line in own if line.partition(".")[0] == name]
            made = [field(line) for line in lines if line.strip()]
            self.all[name] = Kind(
                name,
                prefix,
                {each.name: each for each in _seen(name, made, currencies=currencies, gone=gone, fixed=fixed)},
            )
        if not currencies:
            del self.all["CurrencyType"]
        self._named = {name.lower(): kind for name, kind in self.all.items()}
        self._prefixes = {kind.prefix: kind for kind in self.all.values()}

    def find(self, name: str) -> Kind | None:
        """An object by its name, in any case."""
        return self._named.get(name.lower())

    def of_id(self, id: str) -> Kind | None:
        """The object of a record's id."""
        return self._prefixes.get(id[:3])

    def downs(self, name: str) -> dict[str, tuple[Kind, Field]]:
        """Relationships from an object down: name in lower case -> the object there and its reference."""
        return {
            each.down.lower(): (kind, each)
            for kind in self.all.values()
            for each in kind.fields.values()
            if each.to == name and each.down
        }


def _seen(name: str, made: Iterable[Field], *, currencies: bool, gone: set[str], fixed: set[str]) -> Iterable[Field]:
    for each in made:
        path = f"{name}.{each.name}".lower()
        if path in gone or (each.name == "CurrencyIsoCode" and not currencies):
            continue
        yield _shut(each) if path in fixed else each


def _shut(each: Field) -> Field:
    return replace(each, marks=each.marks | {"readonly"})


def lines(own: Iterable[str]) -> list[str]:
    """Custom fields as they were asked for, `Object.Name__c type ...`, checked.  Raises ValueError."""
    found = list(own)
    for line in found:
        object, _, rest = line.partition(".")
        if object not in _TABLES or not field(rest).custom:
            raise ValueError(line)
    return found
