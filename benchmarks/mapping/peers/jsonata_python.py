"""The mapping as one JSONata expression, on jsonata-python."""

from __future__ import annotations

from typing import Any

import jsonata
from loop import serve

EXPRESSION = jsonata.Jsonata("""(
  $iso := {"Germany": "DE", "France": "FR", "Norway": "NO", "United States": "US", "Japan": "JP", "Brazil": "BR"};
  $terms := {"Net 14": "14", "Net 30": "30", "Net 60": "60"};
  $industry := {"Technology": "tech", "Finance": "fin", "Healthcare": "health", "Retail": "retail"};
  $stages := {"Closed Won": "won", "Closed Lost": "lost"};
  $sku := {"P-1": "SEAT", "P-2": "SETUP", "P-3": "1E5"};
  $country := $lookup($iso, Account.BillingCountry);
  {
    "id": Id, "name": Name, "customer": AccountId, "currency": CurrencyIsoCode ? CurrencyIsoCode : "USD",
    "stage": $lookup($stages, StageName), "signed_on": CloseDate, "starts_on": Start__c, "ends_on": End__c,
    "owner": Owner.Name,
    "properties": {
      "account": Account.Name, "country": $country, "city": Account.BillingCity,
      "postal_code": Account.BillingPostalCode, "street": Account.BillingStreet, "vat_id": Account.VatId__c,
      "industry": $exists($lookup($industry, Account.Industry))
        ? $lookup($industry, Account.Industry) : Account.Industry,
      "terms": $lookup($terms, Terms__c),
      "tax_code": $country in ["DE", "FR"] and Account.VatId__c ? "RC" : $country = "US" ? "US" : "NT",
      "tier": $contains(Account.Name, "Group") ? "enterprise" : "standard",
      "channel": Partner__c ? "partner" : "direct", "partner": Partner__c, "po_number": PoNumber__c,
      "project": Project__c, "region": Region__c, "source": LeadSource, "campaign": Campaign.Name,
      "next_step": NextStep, "type": Type, "forecast": ForecastCategory
    },
    "lines": [OpportunityLineItems.records.{
      "id": Id, "product": $lookup($sku, Product2.ProductCode), "description": Description,
      "quantity": Quantity, "unit_amount": UnitPrice
    }]
  })""")


def map_one(record: dict[str, Any]) -> Any:
    return EXPRESSION.evaluate(record)


if __name__ == "__main__":
    serve(map_one, 200)
