"""The settings of a connection to ERPNext.  (pure)"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from billsync.model.scalar import read_zone
from billsync.wire import HttpSettings

_FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,60}$")]


class ERPNextSettings(HttpSettings):
    """What a person writes under a connection of the type `erpnext`.

    Attributes:
        url: the site: `https://erp.example.com/`.
        api_key, api_secret: of the user (User, Settings, API Access); the secret is shown once.
        user: who the key has to belong to; "" for anybody.
        company: name of the company; "" where the site has one.
        reference_field: field of one's own that holds our id, unique, on Customer, Item, Sales Invoice, Payment Entry.
        create_fields: makes that field where it is missing; else a person does.
        tax_codes: our tax code -> name of an Item Tax Template or a Sales Taxes and Charges Template; a code that is
            missing takes the only one of its rate.
        own_tax_rounding: takes the tax over as an amount where its rounding alone differs from ours (sites round halves
            to even, and every currency to the same decimals); else such a document stays a draft.
        income_account: for lines; "" leaves it to the item and the company.
        bank_account: account that payments go to; "" where the company has one bank account.
        mode_of_payment: of payments; "" for none.
        item_group, stock_uom: of new items.
        time_zone: the site's; None where it is not known.
        page_size: documents a page.
        timeout: seconds for one request.
        settle_s: seconds after which a request that was given up can no longer take effect.
    """

    api_key: str
    api_secret: SecretStr
    user: str = ""
    company: str = ""
    reference_field: _FieldName = "custom_billsync"
    create_fields: bool = False
    tax_codes: dict[str, str] = {}
    own_tax_rounding: bool = True
    income_account: str = ""
    bank_account: str = ""
    mode_of_payment: str = ""
    item_group: str = "Services"
    stock_uom: str = "Nos"
    time_zone: Annotated[str, AfterValidator(read_zone)] | None = None
    page_size: int = Field(default=200, ge=1, le=1000)
    timeout: int = Field(default=60, ge=1, le=600)
    settle_s: int = Field(default=130, ge=0, le=86_400)
