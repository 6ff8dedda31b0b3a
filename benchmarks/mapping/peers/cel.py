"""The mapping as CEL expressions, one per field, on cel-python; lines by a loop around it: `map` builds no objects."""

from __future__ import annotations

from typing import Any

import celpy
from celpy.adapter import json_to_cel
from loop import serve

ENV = celpy.Environment()
TABLES = json_to_cel(
    {
        "iso": {"Germany": "DE", "France": "FR", "Norway": "NO", "United States": "US", "Japan": "JP", "Brazil": "BR"},
        "terms": {"Net 14": "14", "Net 30": "30", "Net 60": "60"},
        "industry": {"Technology": "tech", "Finance": "fin", "Healthcare": "health", "Retail": "retail"},
        "stages": {"Closed Won": "won", "Closed Lost": "lost"},
        "sku": {"P-1": "SEAT", "P-2": "SETUP", "P-3": "1E5"},
    }
)
HEAD = {
    "id": "r.Id", "name": "r.Name", "customer": "r.AccountId",
    "currency": "r.CurrencyIsoCode == null ? 'USD' : r.CurrencyIsoCode", "stage": "t.stages[r.StageName]",
    "signed_on": "r.CloseDate", "starts_on": "r.Start__c", "ends_on": "r.End__c", "owner": "r.Owner.Name",
    "account": "r.Account.Name", "country": "t.iso[r.Account.BillingCountry]", "city": "r.Account.BillingCity",
    "postal_code": "r.Account.BillingPostalCode", "street": "r.Account.BillingStreet", "vat_id": "r.Account.VatId__c",
    "industry": "r.Account.Industry in t.industry ? t.industry[r.Account.Industry] : r.Account.Industry",
    "terms": "t.terms[r.Terms__c]",
    "tax_code": "t.iso[r.Account.BillingCountry] in ['DE', 'FR'] && r.Account.VatId__c != null ? 'RC' : "
                "(t.iso[r.Account.BillingCountry] == 'US' ? 'US' : 'NT')",
    "tier": "r.Account.Name.contains('Group') ? 'enterprise' : 'standard'",
    "channel": "r.Partner__c == '' ? 'direct' : 'partner'", "partner": "r.Partner__c", "po_number": "r.PoNumber__c",
    "project": "r.Project__c", "region": "r.Region__c", "source": "r.LeadSource", "campaign": "r.Campaign.Name",
    "next_step": "r.NextStep", "type": "r.Type", "forecast": "r.ForecastCategory",
}  # fmt: skip
LINE = {"id": "l.Id", "product": "t.sku[l.Product2.ProductCode]", "description": "l.Description",
        "quantity": "l.Quantity", "unit_amount": "l.UnitPrice"}  # fmt: skip


def compiled(fields: dict[str, str]) -> dict[str, Any]:
    return {name: ENV.program(ENV.compile(text)) for name, text in fields.items()}


RECORD, LINES = compiled(HEAD), compiled(LINE)


def map_one(record: dict[str, Any]) -> dict[str, Any]:
    values = {"r": json_to_cel(record), "t": TABLES}
    made = {name: program.evaluate(values) for name, program in RECORD.items()}
    made["lines"] = [
        {name: program.evaluate({"l": json_to_cel(line), "t": TABLES}) for name, program in LINES.items()}
        for line in record["OpportunityLineItems"]["records"]
    ]
    return made


if __name__ == "__main__":
    serve(map_one, 20)
