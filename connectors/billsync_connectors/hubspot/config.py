"""The settings of a connection to HubSpot.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from pydantic import Field, SecretStr, model_validator

from billsync.wire import HttpSettings

STATUS: Final = {
    "state": "billsync_status",
    "invoices": "billsync_invoices",
    "amount": "billsync_amount",
    "currency": "billsync_currency",
    "issued_on": "billsync_issued_on",
    "due_on": "billsync_due_on",
    "paid_on": "billsync_paid_on",
}
"""What a deal is told -> the property that it is told in."""


class HubSpotSettings(HttpSettings):
    """What a person writes under a connection of the type `hubspot`.

    Attributes:
        url: HubSpot's address; the same for all regions.
        token: a service key, or the token of a private app; None where there is an OAuth app.
        client_id, client_secret, refresh_token: of an OAuth app.  `client_secret` proves webhooks too.
        portal: the account's number, or "": `check` tells where the log-in is another account's.
        version: of HubSpot's API, such as 2026-03.
        properties: properties to be read beside the usual ones, by object; an object that is named here (`tickets`,
            `2-1234`) can be read too.
        linked: further objects whose ids a record shows, by object: `deals: [contacts]`.
        status: properties of deals that billsync writes, by what they tell; others keep their names.
        reference_property: unique property of invoices and line items that holds our reference.
        create_properties: whether properties that are missing are made.
        echoes: whether a deal is read with what billsync wrote into it.
        search_lag_s: seconds after which search shows every change.
        sweep_hours: so often everything is read again, to find what leaves no trace (docs/how-to/connect-hubspot.md);
            0 with every run, None never.
        searches_per_s: searches a second; HubSpot bears five of an account.
        calls_share: percent of the account's ten-second limit that billsync may use.
        page_size: records a page; searches show twice as many.
        timeout: seconds for one request.
        settle_s: seconds after which a request that was given up can no longer take effect.
    """

    url: str = "https://api.hubapi.com"
    token: SecretStr | None = None
    client_id: str = ""
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    portal: str = ""
    version: str = Field(default="2026-03", pattern=r"^[0-9]{4}-[0-9]{2}$")
    properties: dict[str, tuple[str, ...]] = {}
    linked: dict[str, tuple[str, ...]] = {}
    status: dict[str, str] = STATUS
    reference_property: str = "billsync_reference"
    create_properties: bool = False
    echoes: bool = False
    search_lag_s: int = Field(default=180, ge=0, le=86_400)
    sweep_hours: int | None = Field(default=24, ge=0, le=8784)
    searches_per_s: Decimal = Field(default=Decimal(4), gt=0)
    calls_share: int = Field(default=90, ge=1, le=100)
    page_size: int = Field(default=100, ge=1, le=100)
    timeout: int = Field(default=30, ge=1, le=600)
    settle_s: int = Field(default=60, ge=0, le=86_400)

    @model_validator(mode="after")
    def _one_log_in(self) -> HubSpotSettings:
        if self.token is None and not (self.client_id and self.client_secret and self.refresh_token):
            raise ValueError("expected `token`, or `client_id`, `client_secret` and `refresh_token` of an OAuth app")
        unknown = sorted(set(self.status) - set(STATUS))
        if unknown:
            raise ValueError(f"status: {unknown[0]} is not one of {', '.join(STATUS)}")
        return self

    def told(self) -> dict[str, str]:
        """The properties of deals that billsync writes, by what they tell."""
        return {**STATUS, **self.status}

    def secrets(self) -> list[str]:
        """Words that never appear in messages."""
        found = (self.token, self.client_secret, self.refresh_token)
        return [word.get_secret_value() for word in found if word is not None]
