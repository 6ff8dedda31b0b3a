"""The settings of a connection to Salesforce.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from billsync.model.base import Id, Noun, Text
from billsync.wire import HttpSettings

Grant = Literal["jwt", "client_credentials", "refresh_token"]
ID: Literal["Id"] = "Id"


class ObjectSettings(Noun):
    """What is read of one object.

    Attributes:
        fields: in place of the usual ones; a field of a parent by its path, such as `Account.BillingCountry`.
        add: besides the usual ones, or besides `fields`.
        related: relationship to children, such as `OpportunityLineItems`, with their fields; None for the usual ones.
        where: a condition of SOQL; records that do not fulfil it count as gone.
    """

    fields: tuple[Id, ...] = ()
    add: tuple[Id, ...] = ()
    related: dict[Id, tuple[Id, ...]] | None = None
    where: Text = ""


class WriteSettings(Noun):
    """How one object is written.

    Attributes:
        by: the field that our reference is found by: `Id`, or an external id that is unique.
        creates: whether a record that is not there is made; by an external id only.
    """

    by: Id = ID
    creates: bool = False

    @model_validator(mode="after")
    def _findable(self) -> WriteSettings:
        if self.creates and self.by == ID:
            raise ValueError("only by an external id can a record be made: name it under `by`")
        return self


class StatusSettings(Noun):
    """Where an object shows what it was told of its invoices: fields of it, "" for one that is not there.

    Attributes:
        states: what the field of the state holds -> the state in our words; others are compared as they are.
    """

    amount: Text = "Invoice_Amount__c"
    state: Text = "Invoice_Status__c"
    issued_on: Text = "Invoice_Date__c"
    due_on: Text = "Invoice_Due_On__c"
    currency: Text = "CurrencyIsoCode"
    states: dict[Text, Text] = {
        "Draft": "draft",
        "Invoiced": "sent",
        "Partly Paid": "partly_paid",
        "Paid": "paid",
        "Void": "void",
        "Written Off": "uncollectible",
    }


class SalesforceSettings(HttpSettings):
    """What a person writes under a connection of the type `salesforce` (docs/how-to/connect-salesforce.md).

    Attributes:
        url: the org's own address (My Domain), such as `https://acme.my.salesforce.com`.
        consumer_key: of the external client app.
        consumer_secret: of it; for client credentials, and where the app wants it with a refresh token.
        username, private_key: for JWT bearer: as whom, and the key (PEM) whose certificate the app has.
        refresh_token: for the web server flow; it is exchanged with each log-in where the org rotates them.
        login_url: where tokens are had, or "" for `url`.
        audience: for JWT bearer; of a sandbox `https://test.salesforce.com`.
        api_version: such as `67.0`.
        currency: of the org, where it has one currency only.
        objects: what is read, by object; those that are not named are read with the usual fields.
        writes: what is written, by object.
        status: where an object shows what it was told of its invoices.
        lag_s: seconds by which each read goes back before what the org says is complete.
        reserve: share of the org's daily calls that is left to others: beyond it reads wait.
        bulk_from: records from which a first read goes by Bulk API; 0 never.
        page_size: records a page of a query, where they bring children.
        settle_s: seconds after which a write that was given up can no longer take effect there.
        timeout: seconds for one request.
    """

    consumer_key: str
    consumer_secret: SecretStr | None = None
    username: str = ""
    private_key: SecretStr | None = None
    refresh_token: SecretStr | None = None
    login_url: str = ""
    audience: str = "https://login.salesforce.com"
    api_version: str = Field(default="67.0", pattern=r"^[0-9]{2,3}\.0$")
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    objects: dict[Id, ObjectSettings] = {}
    writes: dict[Id, WriteSettings] = {}
    status: StatusSettings = StatusSettings()
    lag_s: int = Field(default=300, ge=0, le=86_400)
    reserve: Decimal = Field(default=Decimal("0.1"), ge=0, lt=1)
    bulk_from: int = Field(default=20_000, ge=0)
    page_size: int = Field(default=500, ge=1, le=2000)
    settle_s: int = Field(default=120, ge=0, le=86_400)
    timeout: int = Field(default=60, ge=1, le=600)

    @model_validator(mode="after")
    def _one_way_in(self) -> SalesforceSettings:
        if self.private_key is not None and not self.username:
            raise ValueError("private_key: JWT bearer needs a username too")
        if self.private_key is None and self.refresh_token is None and self.consumer_secret is None:
            raise ValueError("no way to log in: give private_key and username, consumer_secret, or refresh_token")
        return self

    @property
    def grant(self) -> Grant:
        """How it logs in."""
        if self.private_key is not None:
            return "jwt"
        return "client_credentials" if self.refresh_token is None else "refresh_token"

    def of(self, object: str) -> ObjectSettings:
        """What is said of an object."""
        return self.objects.get(object, ObjectSettings())
