"""A Singer tap of the measured server, by Meltano's SDK: page by page, with the schema of what it sends.

python singer_tap.py --config FILE      the file: {"url": ...}
"""

from __future__ import annotations

from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import JSONPathPaginator

TEXT, NUMBER = th.StringType(nullable=True), th.NumberType(nullable=True)
_TEXTS = [
    "Name",
    "AccountId",
    "CurrencyIsoCode",
    "StageName",
    "CloseDate",
    "Start__c",
    "End__c",
    "Terms__c",
    "Partner__c",
    "PoNumber__c",
    "Project__c",
    "Region__c",
    "LeadSource",
    "NextStep",
    "Type",
    "ForecastCategory",
    "SystemModstamp",
]
_ACCOUNT = ["Name", "BillingCountry", "BillingCity", "BillingPostalCode", "BillingStreet", "VatId__c", "Industry"]


def _texts(names: list[str]) -> list[th.Property[Any]]:
    return [th.Property(name, TEXT) for name in names]


LINE = th.ObjectType(
    th.Property("Id", TEXT),
    th.Property("Product2", th.ObjectType(*_texts(["ProductCode"]))),
    th.Property("Description", TEXT),
    th.Property("Quantity", NUMBER),
    th.Property("UnitPrice", NUMBER),
)


class Opportunities(RESTStream[int]):
    """The one kind of record."""

    name = "opportunity"
    path = "/opportunities"
    primary_keys = ("Id",)
    replication_key = "SystemModstamp"
    records_jsonpath = "$.records[*]"
    schema = th.PropertiesList(
        th.Property("Id", th.StringType, required=True),
        *_texts(_TEXTS),
        th.Property("Amount", NUMBER),
        th.Property("attributes", th.ObjectType(*_texts(["type", "url"]))),
        th.Property("Owner", th.ObjectType(*_texts(["Name"]))),
        th.Property("Campaign", th.ObjectType(*_texts(["Name"]))),
        th.Property("Account", th.ObjectType(*_texts(_ACCOUNT))),
        th.Property(
            "OpportunityLineItems",
            th.ObjectType(
                th.Property("totalSize", th.IntegerType),
                th.Property("done", th.BooleanType),
                th.Property("records", th.ArrayType(LINE)),
            ),
        ),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """Where the server is."""
        return str(self.config["url"])

    def get_new_paginator(self) -> JSONPathPaginator:
        """By the number of the next page."""
        return JSONPathPaginator("$.next")

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:
        """The page."""
        return {"page": next_page_token or 1}


class TapBench(Tap):
    """The tap."""

    name = "tap-bench"
    config_jsonschema = th.PropertiesList(th.Property("url", th.StringType, required=True)).to_dict()

    def discover_streams(self) -> list[Opportunities]:
        """All of them."""
        return [Opportunities(self)]


if __name__ == "__main__":
    TapBench.cli()
