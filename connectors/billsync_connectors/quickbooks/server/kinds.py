"""The kinds of objects: which properties each has, and what can be done with it.  (pure)

The names are those of Intuit's own schemas of the v3 entities (IntuitNamesTypes.xsd, Finance.xsd and SalesTax.xsd in
the QuickBooks-V3-PHP-SDK, Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from billsync_connectors.quickbooks.server.denied import unsupported

LISTS: Final = (
    "Customer", "Item", "Account", "Term", "TaxCode", "TaxRate", "TaxAgency", "PaymentMethod", "CompanyCurrency",
)  # fmt: skip
"""They are made inactive, never deleted."""
SALES: Final = ("Invoice", "CreditMemo")
TRANSACTIONS: Final = (*SALES, "Payment")
KINDS: Final = (*LISTS, *TRANSACTIONS, "Attachable", "ExchangeRate", "CompanyInfo", "Preferences")
WRITABLE: Final = ("Customer", "Item", "Term", "PaymentMethod", "CompanyCurrency", *TRANSACTIONS, "Attachable")
NO_CHANGES: Final = ("TaxCode", "TaxRate", "TaxAgency", "ExchangeRate", "CompanyInfo", "Preferences")
"""Kinds that change data capture does not tell of."""
BY_PATH: Final = {name.lower(): name for name in KINDS}
REFERENCES: Final = {
    "CustomerRef": "Customer", "ItemRef": "Item", "SalesTermRef": "Term", "PaymentMethodRef": "PaymentMethod",
    "IncomeAccountRef": "Account", "ExpenseAccountRef": "Account", "AssetAccountRef": "Account",
    "DepositToAccountRef": "Account", "ParentRef": "Customer", "DefaultTaxCodeRef": "TaxCode",
    "ItemAccountRef": "Account", "DiscountAccountRef": "Account", "ARAccountRef": "Account",
}  # fmt: skip

_BASE: Final = "Id SyncToken MetaData CustomField AttachableRef sparse domain status"
_SALES: Final = """
    DocNumber TxnDate TxnSubType DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus LinkedTxn Line
    TxnTaxDetail TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo RecurDataRef
    RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount AutoDocNumber CustomerRef CustomerMemo
    BillAddr ShipAddr FreeFormAddress ShipFromAddr RemitToRef ClassRef SalesTermRef DueDate SalesRepRef
    PONumber FOB ShipMethodRef ShipDate TrackingNum GlobalTaxCalculation TotalAmt HomeTotalAmt
    ApplyTaxAfterDiscount ShippingTaxIncludedInTotalTax TemplateRef PrintStatus EmailStatus BillEmail
    BillEmailCc BillEmailBcc ARAccountRef Balance HomeBalance FinanceCharge PaymentMethodRef PaymentRefNum
    PaymentType CheckPayment CreditCardPayment DepositToAccountRef DeliveryInfo DiscountRate DiscountAmt
    GovtTxnRefIdentifier TaxExemptionRef
"""
_OWN: Final = {
    "Customer": """
    IntuitId Organization Title GivenName MiddleName FamilyName Suffix FullyQualifiedName CompanyName
    DisplayName PrintOnCheckName UserId Active V4IDPseudonym PrimaryPhone AlternatePhone Mobile Fax
    PrimaryEmailAddr WebAddr OtherContactInfo DefaultTaxCodeRef Taxable BillAddr ShipAddr OtherAddr
    ContactName AltContactName Notes Job BillWithParent RootCustomerRef ParentRef Level CustomerTypeRef
    SalesTermRef SalesRepRef TaxGroupCodeRef TaxRateRef PaymentMethodRef CCDetail PriceLevelRef Balance
    OpenBalanceDate BalanceWithJobs CreditLimit AcctNum CurrencyRef OverDueBalance TotalRevenue TotalExpense
    PreferredDeliveryMethod ResaleNum JobInfo TDSEnabled SecondaryTaxIdentifier ARAccountRef
    PrimaryTaxIdentifier TaxExemptionReasonId IsProject BusinessNumber GSTIN GSTRegistrationType
    IsCISContractor ClientCompanyId ClientEntityId Source TaxRegime
    """,
    "Item": """
    Name Sku Description Active SubItem ParentRef Level FullyQualifiedName Taxable SalesTaxIncluded
    PercentBased UnitPrice RatePercent Type PaymentMethodRef UOMSetRef IncomeAccountRef PurchaseDesc
    PurchaseTaxIncluded PurchaseCost ExpenseAccountRef COGSAccountRef AssetAccountRef PrefVendorRef AvgCost
    TrackQtyOnHand QtyOnHand QtyOnPurchaseOrder QtyOnSalesOrder ReorderPoint ManPartNum DepositToAccountRef
    SalesTaxCodeRef PurchaseTaxCodeRef InvStartDate BuildPoint PrintGroupedItems SpecialItem SpecialItemType
    ItemGroupDetail ItemAssemblyDetail AbatementRate ReverseChargeRate ServiceType ItemCategoryType
    TaxClassificationRef UQCDisplayText UQCId ClassRef Source DeferredRevenue CustomExtensions
    """,
    "Invoice": """
    Deposit AllowIPNPayment AllowOnlinePayment AllowOnlineCreditCardPayment AllowOnlineACHPayment
    AllowOnlinePayPalPayment AllowOnlineAffirmPayment EInvoiceStatus ECloudStatusTimeStamp CfdiUse Exportation
    GlobalInfo invoiceStatus callToAction invoiceStatusLog LessCIS InvoiceLink PaymentDetailsMessage
    ConvenienceFeeDetail EnabledSurchargeInfo InvoiceLinkSecurityCode InvoiceLinkExpiryDate AutoPayEligible
    SchedulePayEligible ScheduledPaymentId GratuityEnabled FinancingProductType SubscriptionPaymentsSetting
    TxnRetainageDetail
    """,
    "CreditMemo": """
    RemainingCredit InvoiceRef
    """,
    "Payment": """
    DocNumber TxnDate TxnSubType DepartmentRef CurrencyRef ExchangeRate PrivateNote TxnStatus LinkedTxn Line
    TxnTaxDetail TxnSource TaxFormType TaxFormNum TransactionLocationType Tag TxnApprovalInfo RecurDataRef
    RecurringInfo ProjectRef TotalCostAmount HomeTotalCostAmount CustomerRef RemitToRef ARAccountRef
    DepositToAccountRef PaymentMethodRef PaymentRefNum PaymentType CheckPayment CreditCardPayment TotalAmt
    UnappliedAmt ProcessPayment PaymentExtendedType
    """,
    "Line": """
    LineNum Description Amount Received LinkedTxn DetailType PaymentLineDetail DiscountLineDetail
    TaxLineDetail SalesItemLineDetail DescriptionLineDetail ItemBasedExpenseLineDetail
    AccountBasedExpenseLineDetail ReimburseLineDetail DepositLineDetail PurchaseOrderItemLineDetail
    SalesOrderItemLineDetail ItemReceiptLineDetail JournalEntryLineDetail GroupLineDetail SubTotalLineDetail
    TDSLineDetail ItemAdjustmentLineDetail ProjectRef CostAmount HomeCostAmount CustomExtensions
    """,
    "SalesItemLineDetail": """
    ItemRef ClassRef UnitPrice UnitCostPrice RatePercent PriceLevelRef MarkupInfo Qty UOMRef ItemAccountRef
    InventorySiteRef TaxCodeRef TaxClassificationRef ServiceDate TaxInclusiveAmt DiscountRate DiscountAmt
    DeferredRevenue RetainageAmount
    """,
    "DiscountLineDetail": """
    DiscountRef PercentBased DiscountPercent DiscountAccountRef ServiceDate ClassRef TaxCodeRef
    """,
    "DescriptionLineDetail": """
    ServiceDate TaxCodeRef
    """,
    "GroupLineDetail": """
    GroupItemRef Quantity UOMRef ServiceDate Line
    """,
    "TxnTaxDetail": """
    DefaultTaxCodeRef TxnTaxCodeRef TotalTax TaxReviewStatus TaxLine UseAutomatedSalesTax
    """,
    "TaxLineDetail": """
    TaxRateRef PercentBased TaxPercent NetAmountTaxable TaxInclusiveAmount OverrideDeltaAmount ServiceDate
    """,
    "PhysicalAddress": """
    Line1 Line2 Line3 Line4 Line5 City Country CountryCode County CountrySubDivisionCode PostalCode
    PostalCodeSuffix Lat Long Tag Note
    """,
    "Term": """
    Name Active Type DiscountPercent DueDays DiscountDays DayOfMonthDue DueNextMonthDays DiscountDayOfMonth
    """,
    "Attachable": """
    FileName FileAccessUri TempDownloadUri Size ContentType Category Lat Long PlaceName Note Tag
    ThumbnailFileAccessUri ThumbnailTempDownloadUri documentId
    """,
    "CompanyCurrency": """
    Code Name Active
    """,
    "ExchangeRate": """
    SourceCurrencyCode TargetCurrencyCode Rate AsOfDate
    """,
    "PaymentMethod": """
    Name Active Type
    """,
    "Account": """
    Name SubAccount ParentRef Description FullyQualifiedName AccountAlias TxnLocationType Active
    Classification AccountType AccountSubType AccountPurposes AcctNum AcctNumExtn BankNum OpeningBalance
    OpeningBalanceDate CurrentBalance CurrentBalanceWithSubAccounts CurrencyRef TaxAccount TaxCodeRef
    OnlineBankingEnabled FIName JournalCodeRef
    """,
    "LinkedTxn": """
    TxnId TxnType TxnLineId
    """,
}
PROPERTIES: Final = {
    name: frozenset(f"{own} {_SALES if name in SALES else ''} {_BASE}".split()) for name, own in _OWN.items()
}


def known(kind: str, sent: Mapping[str, Any]) -> None:
    """Whether each property is one of that kind.  Raises `Denied`."""
    properties = PROPERTIES.get(kind)
    if properties is None:
        return
    for name in sent:
        if name not in properties:
            raise unsupported(name)
