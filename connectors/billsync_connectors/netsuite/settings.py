"""What a person writes under a connection of the type `netsuite`.  (pure)"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from billsync.wire import HttpSettings

_ID: Final = re.compile(r"-?[0-9]{1,18}\Z")


def _id(text: str) -> str:
    if text and not _ID.match(text):
        raise ValueError("expected an internal id of NetSuite, such as 12")
    return text


Id = Annotated[str, AfterValidator(_id)]


class NetSuiteSettings(HttpSettings):
    """As docs/how-to/connect-netsuite.md explains them; ids are NetSuite's internal ids.

    Attributes:
        url: `https://ACCOUNT.suitetalk.api.netsuite.com`; account: its number, such as 1234567 or 1234567_SB1.
        client_id, certificate_id, private_key, algorithm: for OAuth 2.0 (machine to machine): the integration, the
            certificate that was uploaded, the key (PEM) that belongs to it, and how it signs.
        consumer_key, consumer_secret, token_id, token_secret: for token-based log-in (OAuth 1.0); used where there is
            no private_key.
        subsidiary: of new customers, where there are several (OneWorld).
        item_type: what new items are.
        income_account: of new items, where the account wants one.
        bank_account: what payments are booked on; "" for undeposited funds.
        tax_on: whether each line has its tax code, or the document has one (United States, without SuiteTax).
        tax_codes: our tax code -> id of NetSuite's; `none` for what is not taxed.
        void: what takes documents back: a script that is deployed there, or lines of zero.
        void_script, void_deploy, restlet_url: the script; its address where it does not follow from `url`.
        settle_s: seconds after which a request that was given up can no longer take effect.
        timeout: seconds for one request.
        calls_per_s: requests a second at most, or None; one connection never has two under way.
    """

    account: str = Field(pattern=r"^[0-9A-Za-z]+([_-][0-9A-Za-z]+)?$")
    client_id: str = ""
    certificate_id: str = ""
    private_key: SecretStr | None = None
    algorithm: Literal["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"] = "PS256"
    consumer_key: str = ""
    consumer_secret: SecretStr | None = None
    token_id: str = ""
    token_secret: SecretStr | None = None
    subsidiary: Id = ""
    item_type: Literal["serviceSaleItem", "nonInventorySaleItem"] = "serviceSaleItem"
    income_account: Id = ""
    bank_account: Id = ""
    tax_on: Literal["line", "document"] = "line"
    tax_codes: dict[str, Id] = {}
    void: Literal["script", "zero"] = "script"
    void_script: str = "customscript_void_transaction"
    void_deploy: str = "customdeploy1"
    restlet_url: str = ""
    settle_s: int = Field(default=900, ge=0, le=86_400)
    timeout: int = Field(default=60, ge=1, le=900)
    calls_per_s: Decimal | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_way_in(self) -> NetSuiteSettings:
        machine = self.private_key is not None and self.client_id and self.certificate_id
        tokens = self.consumer_key and self.consumer_secret and self.token_id and self.token_secret
        if not machine and not tokens:
            raise ValueError(
                "no way to log in: give client_id, certificate_id and private_key, or consumer_key, consumer_secret, "
                "token_id and token_secret"
            )
        return self

    @property
    def scripts(self) -> str:
        """Address of RESTlets."""
        return self.restlet_url or self.url.replace(".suitetalk.api.", ".restlets.api.")

    def secrets(self) -> list[str]:
        """Words that never appear in messages."""
        found = (self.private_key, self.consumer_secret, self.token_secret)
        return [word.get_secret_value() for word in found if word is not None]
