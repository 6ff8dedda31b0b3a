"""The settings of a connection to Xero.  (pure)"""

from __future__ import annotations

from typing import Final

from pydantic import Field, SecretStr

from billsync.wire import HttpSettings

API: Final = "https://api.xero.com"
_IDENTITY: Final = "https://identity.xero.com"
_LOGIN: Final = "https://login.xero.com"
SCOPES: Final = (
    "offline_access accounting.invoices accounting.payments accounting.contacts accounting.settings "
    "accounting.attachments"
)


class XeroSettings(HttpSettings):
    """What a person writes under a connection of the type `xero`.

    Attributes:
        url: Xero's address; the same for all regions.
        identity_url, login_url: where tokens are exchanged, and where people let apps in; "" for Xero's own.
        client_id, client_secret: of the app.
        refresh_token: of a consent that was given elsewhere; with `billsync connect erp` it is not needed.
        scopes: what a consent asks for, with blanks between.
        tenant: the organisation's tenant id or its name; "" where the consent, or the custom connection, has just one.
        revenue_account: code of the account for lines that name none; "" where only one can be meant.
        bank_account: code or id of the account that payments go to; "" where only one can be meant.
        bank_accounts: the same by currency, for those that have an account of their own.
        tax_codes: our tax code -> Xero's tax type; a code that is missing is matched by its rate.
        no_tax: the tax type of lines without tax.
        webhook_key: what Xero signs its webhooks with.
        page_size: records a page.
        timeout: seconds for one request.
        settle_s: seconds after which a request that was given up can no longer take effect.
    """

    url: str = API
    identity_url: str = ""
    login_url: str = ""
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr | None = None
    scopes: str = SCOPES
    tenant: str = ""
    revenue_account: str = ""
    bank_account: str = ""
    bank_accounts: dict[str, str] = {}
    tax_codes: dict[str, str] = {}
    no_tax: str = "NONE"
    webhook_key: SecretStr | None = None
    page_size: int = Field(default=200, ge=1, le=1000)
    timeout: int = Field(default=60, ge=1, le=600)
    settle_s: int = Field(default=120, ge=0, le=86_400)

    def identity(self) -> str:
        """Where tokens are exchanged: Xero's own host, or the one that stands for all of Xero."""
        return self.identity_url or (_IDENTITY if self.url.rstrip("/") == API else self.url)

    def login(self) -> str:
        """Where a person lets us in."""
        return self.login_url or (_LOGIN if self.url.rstrip("/") == API else self.url)

    def secrets(self) -> list[str]:
        """Words that never appear in messages."""
        found = (self.client_secret, self.refresh_token, self.webhook_key)
        return [word.get_secret_value() for word in found if word is not None]
