"""The mapping as Jinja templates in the sandbox, one per field, as Airbyte's and dbt's users write them."""

from __future__ import annotations

from typing import Any

from jinja2.nativetypes import NativeEnvironment
from jinja2.sandbox import SandboxedEnvironment
from loop import serve


class Environment(SandboxedEnvironment, NativeEnvironment):
    """Sandboxed, and giving values rather than text."""


ENV = Environment()
TABLES = {
    "iso": {"Germany": "DE", "France": "FR", "Norway": "NO", "United States": "US", "Japan": "JP", "Brazil": "BR"},
    "terms": {"Net 14": "14", "Net 30": "30", "Net 60": "60"},
    "industry": {"Technology": "tech", "Finance": "fin", "Healthcare": "health", "Retail": "retail"},
    "stages": {"Closed Won": "won", "Closed Lost": "lost"},
    "sku": {"P-1": "SEAT", "P-2": "SETUP", "P-3": "1E5"},
}
PLAIN = {"id": "r.Id", "name": "r.Name", "customer": "r.AccountId", "currency": "r.CurrencyIsoCode or 'USD'",
         "stage": "stages[r.StageName]", "signed_on": "r.CloseDate", "starts_on": "r.Start__c", "ends_on": "r.End__c",
         "owner": "r.Owner.Name"}  # fmt: skip
PROPERTIES = {
    "account": "r.Account.Name", "country": "iso[r.Account.BillingCountry]", "city": "r.Account.BillingCity",
    "postal_code": "r.Account.BillingPostalCode", "street": "r.Account.BillingStreet", "vat_id": "r.Account.VatId__c",
    "industry": "industry.get(r.Account.Industry, r.Account.Industry)", "terms": "terms[r.Terms__c]",
    "tax_code": "'RC' if iso[r.Account.BillingCountry] in ['DE', 'FR'] and r.Account.VatId__c else "
                "('US' if iso[r.Account.BillingCountry] == 'US' else 'NT')",
    "tier": "'enterprise' if 'Group' in r.Account.Name else 'standard'",
    "channel": "'partner' if r.Partner__c else 'direct'", "partner": "r.Partner__c", "po_number": "r.PoNumber__c",
    "project": "r.Project__c", "region": "r.Region__c", "source": "r.LeadSource", "campaign": "r.Campaign.Name",
    "next_step": "r.NextStep", "type": "r.Type", "forecast": "r.ForecastCategory",
}  # fmt: skip
LINE = {"id": "l.Id", "product": "sku[l.Product2.ProductCode]", "description": "l.Description",
        "quantity": "l.Quantity", "unit_amount": "l.UnitPrice"}  # fmt: skip


def compiled(fields: dict[str, str]) -> dict[str, Any]:
    return {name: ENV.from_string("{{ " + text + " }}") for name, text in fields.items()}


HEAD, MORE, LINES = compiled(PLAIN), compiled(PROPERTIES), compiled(LINE)


def map_one(record: dict[str, Any]) -> dict[str, Any]:
    made = {name: template.render(r=record, **TABLES) for name, template in HEAD.items()}
    made["properties"] = {name: template.render(r=record, **TABLES) for name, template in MORE.items()}
    made["lines"] = [
        {name: template.render(l=line, **TABLES) for name, template in LINES.items()}
        for line in record["OpportunityLineItems"]["records"]
    ]
    return made


if __name__ == "__main__":
    serve(map_one, 200)
