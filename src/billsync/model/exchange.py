"""A rate of exchange as it is pinned on a document.  (pure)"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from billsync.model.base import Currency, Day, Id, Noun, Number


class FxRate(Noun):
    """A rate with its day and source.

    Attributes:
        rate: units of `target` for one unit of `base`.
        source: who said so, such as `ECB`.
    """

    base: Currency
    target: Currency
    rate: Annotated[Number, Field(gt=0)]
    on: Day
    source: Id
