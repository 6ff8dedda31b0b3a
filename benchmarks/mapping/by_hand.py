"""The benchmark's mapping as somebody would write it by hand, with the same validation: the limit."""

from __future__ import annotations

from typing import Any

from billsync.model.deal import Deal

ISO = {"Germany": "DE", "France": "FR", "Norway": "NO", "United States": "US", "Japan": "JP", "Brazil": "BR"}
TERMS = {"Net 14": "14", "Net 30": "30", "Net 60": "60"}
INDUSTRY = {"Technology": "tech", "Finance": "fin", "Healthcare": "health", "Retail": "retail"}
STAGES = {"Closed Won": "won", "Closed Lost": "lost"}
SKU = {"P-1": "SEAT", "P-2": "SETUP", "P-3": "1E5"}
PLAIN = {
    "partner": "Partner__c",
    "po_number": "PoNumber__c",
    "project": "Project__c",
    "region": "Region__c",
    "source": "LeadSource",
    "next_step": "NextStep",
    "type": "Type",
    "forecast": "ForecastCategory",
}
OF_ACCOUNT = {
    "account": "Name",
    "city": "BillingCity",
    "postal_code": "BillingPostalCode",
    "street": "BillingStreet",
    "vat_id": "VatId__c",
}


def deal_of(record: dict[str, Any]) -> Deal | None:
    """The deal of an opportunity, None where it is not won.  Raises for what does not fit."""
    if record["StageName"] != "Closed Won":
        return None
    account = record["Account"]
    country, vat_id = ISO[account["BillingCountry"]], account["VatId__c"]
    tax_code = "NT"
    if country in ("DE", "FR") and vat_id:
        tax_code = "RC"
    elif country == "US":
        tax_code = "US"
    properties = {
        "country": country,
        "industry": INDUSTRY.get(account["Industry"], account["Industry"]),
        "terms": TERMS[record["Terms__c"]],
        "tax_code": tax_code,
        "tier": "enterprise" if "Group" in account["Name"] else "standard",
        "channel": "partner" if record["Partner__c"] else "direct",
        "campaign": record["Campaign"]["Name"],
    }
    properties.update({name: value for name, field in PLAIN.items() if (value := record.get(field))})
    properties.update({name: value for name, field in OF_ACCOUNT.items() if (value := account.get(field))})
    return Deal.model_validate(
        {
            "id": record["Id"],
            "name": record["Name"],
            "customer": record["AccountId"],
            "currency": record["CurrencyIsoCode"] or "USD",
            "stage": STAGES[record["StageName"]],
            "signed_on": record["CloseDate"],
            "starts_on": record["Start__c"] or None,
            "ends_on": record["End__c"] or None,
            "owner": record["Owner"]["Name"],
            "properties": properties,
            "lines": [
                {
                    "id": line["Id"],
                    "product": SKU[line["Product2"]["ProductCode"]],
                    "description": line.get("Description") or "",
                    "quantity": line["Quantity"],
                    "unit_amount": line["UnitPrice"],
                }
                for line in record["OpportunityLineItems"]["records"]
            ],
        }
    )
