"""The settings of a connection to QuickBooks Online.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from billsync.wire import HttpSettings

_TOKENS: Final = "https://oauth.platform.intuit.com"
_CONSENT: Final = "https://appcenter.intuit.com/connect/oauth2"


class QuickBooksSettings(HttpSettings):
    """What a person writes under a connection of the type `quickbooks`.

    Attributes:
        url: the API: Intuit's own, or `https://sandbox-quickbooks.api.intuit.com` for a sandbox company.
        token_url: where tokens are had; "" for Intuit's own, or `url` where that is another host's.
        consent_url: page on which a person lets the app in; "" as for `token_url`.
        client_id, client_secret: the app's keys, of production or of development, as the company is.
        refresh_token: of a consent given elsewhere; None where `billsync connect erp` asks for one.
        realm: the company's id; "" where the consent tells it.
        country: the company's, two letters; decides how tax is rounded before documents are made.  "" is asked for.
        home_currency: the company's own currency; "" is asked for.
        tax_codes: our tax code -> the id or name of a tax code there; for what its rate alone does not tell.
        no_tax_code: id or name of the code for lines without tax, outside of the US where several have no rate.
        revenue_account: id or name of the income account of new items; "" where there is only one.
        bank_account: id or name of the account that payments go to; "" for Undeposited Funds.
        webhook_verifier: the verifier token of the app's webhooks.
        calls_per_s: requests a second at most; a company bears 10, and 500 a minute.
        changes_max: records after which QuickBooks cuts off a list of changes.
        timeout: seconds for one request; QuickBooks itself gives up after 120.
        settle_s: seconds after which a request that was given up can no longer take effect.
    """

    url: str = "https://quickbooks.api.intuit.com"
    token_url: str = ""
    consent_url: str = ""
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr | None = None
    realm: str = Field(default="", pattern=r"^[0-9]*$")
    country: str = Field(default="", pattern=r"^([A-Z]{2})?$")
    home_currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    tax_codes: dict[str, str] = {}
    no_tax_code: str = ""
    revenue_account: str = ""
    bank_account: str = ""
    webhook_verifier: SecretStr | None = None
    calls_per_s: Decimal = Field(default=Decimal(8), gt=0, le=1000)
    changes_max: int = Field(default=1000, ge=1, le=1000)
    timeout: int = Field(default=100, ge=1, le=600)
    settle_s: int = Field(default=150, ge=0, le=86_400)

    @property
    def intuit(self) -> bool:
        """Whether the address is one of Intuit's own, whose tokens are had elsewhere."""
        host = urlsplit(self.url).hostname or ""
        return host == "intuit.com" or host.endswith(".intuit.com")

    def tokens_at(self) -> str:
        """The address of the server that gives tokens."""
        return self.token_url or (_TOKENS if self.intuit else self.url)

    def consent_at(self) -> str:
        """The page on which a person lets the app in."""
        return self.consent_url or (_CONSENT if self.intuit else f"{self.url.rstrip('/')}/connect/oauth2")

    def given(self) -> str:
        """The refresh token that the configuration names, or ""."""
        return "" if self.refresh_token is None else self.refresh_token.get_secret_value()

    def secrets(self) -> list[str]:
        """Words that never appear in messages."""
        found = (self.client_secret, self.refresh_token, self.webhook_verifier)
        return [word.get_secret_value() for word in found if word is not None]
