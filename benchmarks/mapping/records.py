"""The input of the mapping benchmark: opportunities as Salesforce gives them, the same on every run."""

from __future__ import annotations

from typing import Any

COUNTRIES = ("Germany", "France", "Norway", "United States", "Japan", "Brazil")
TERMS = ("Net 14", "Net 30", "Net 60")
INDUSTRIES = ("Technology", "Finance", "Healthcare", "Retail", "Farming")


def opportunity(number: int) -> dict[str, Any]:
    """The record of a number: every combination of country, terms and industry comes."""
    return {
        "attributes": {"type": "Opportunity", "url": f"/services/data/v61.0/sobjects/Opportunity/006{number:012}AAA"},
        "Id": f"006{number:012}AAA",
        "Name": f"Deal {number}",
        "AccountId": f"001{number % 97:012}AAA",
        "CurrencyIsoCode": ("EUR", "USD", None)[number % 3],
        "StageName": "Closed Won",
        "CloseDate": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "Start__c": f"2026-{number % 12 + 1:02}-01",
        "End__c": None if number % 2 else f"2027-{number % 12 + 1:02}-01",
        "Owner": {"Name": f"Person {number % 13}"},
        "Account": {
            "Name": f"Company {number % 97}{' Group' if number % 5 == 0 else ''}",
            "BillingCountry": COUNTRIES[number % 6],
            "BillingCity": "Springfield",
            "BillingPostalCode": f"{number % 90000:05}",
            "BillingStreet": f"{number} Main Street",
            "VatId__c": f"DE{number:09}" if number % 2 else None,
            "Industry": INDUSTRIES[number % 5],
        },
        "Terms__c": TERMS[number % 3],
        "Partner__c": "ACME Partners" if number % 7 == 0 else "",
        "PoNumber__c": f"{number % 10}e{number % 7}",
        "Project__c": f"P-{number % 31}",
        "Region__c": "EMEA",
        "LeadSource": "Web",
        "Campaign": {"Name": "Spring"},
        "NextStep": "",
        "Type": "New Business",
        "ForecastCategory": "Closed",
        "OpportunityLineItems": {"totalSize": 3, "done": True, "records": [line(number, index) for index in range(3)]},
    }


def line(number: int, index: int) -> dict[str, Any]:
    """One of its lines."""
    return {
        "Id": f"00k{number:09}{index:03}AAA",
        "Product2": {"ProductCode": f"P-{index + 1}"},
        "Description": f"Line {index + 1}",
        "Quantity": str(number % 20 + 1),
        "UnitPrice": f"{number % 300 + index}.{number % 100:02}",
    }


def opportunities(count: int) -> list[dict[str, Any]]:
    """The first so many records."""
    return [opportunity(number) for number in range(count)]
