"""The settings of a connection to a sandbox.  (pure)"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, SecretStr

from billsync.wire import HttpSettings


class SandboxSettings(HttpSettings):
    """What a person writes under a connection of the type `sandbox`; one with a `sandbox:` brings most of it itself.

    Attributes:
        url: address: `http://127.0.0.1:8400/`.
        password: None where the sandbox asks for none.
        kind: what it offers for exactly one effect: A a key, B writing by our reference, C a search, D nothing.
        settle_s: seconds after which a request that was given up can no longer take effect there, or be found late.
        key_lifetime_s: how long the sandbox keeps a key (A).
        publish_lag_s: seconds by which a change may be listed later than it was made: each read goes so far back.
        batch_max: records a request; 1 writes each by itself.
        calls_per_s: requests a second that it bears, or None.
        not_executed: 5xx statuses that prove that nothing was executed, such as 503.
        ordered: whether invoices have to arrive in order of their numbers.
        echoes: whether a deal is read with what billsync wrote into it, as most systems have it.
        page_size: records a page.
        timeout: seconds for one request.
        client_id: of the app that a person agrees to in a browser, in place of user and password; "" for none.
        client_secret: of that app.
        revenue_account: account that every line of a document is booked to, "" for the sandbox's own choice.
        tax_codes: our tax code -> the sandbox's; what is not named is written as it is.
    """

    user: str = "billsync"
    password: SecretStr | None = None
    kind: Literal["A", "B", "C", "D"] = "C"
    settle_s: int = Field(default=60, ge=0, le=86_400)
    key_lifetime_s: int = Field(default=86_400, ge=0)
    publish_lag_s: int = Field(default=0, ge=0, le=86_400)
    batch_max: int = Field(default=50, ge=1, le=500)
    calls_per_s: Decimal | None = Field(default=None, gt=0)
    not_executed: tuple[int, ...] = ()
    ordered: bool = False
    echoes: bool = False
    page_size: int = Field(default=500, ge=1, le=500)
    timeout: int = Field(default=30, ge=1, le=600)
    client_id: str = ""
    client_secret: SecretStr | None = None
    revenue_account: str = ""
    tax_codes: dict[str, str] = {}
