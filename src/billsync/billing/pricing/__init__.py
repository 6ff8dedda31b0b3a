"""Price schemes applied: quantities and transactions become exact amounts, with every step told.  (pure)

Owns: schemes (`price`), re-rating (`rerate`), spend limits (`spend`).  Does not own: rounding to the currency, which is
the caller's named policy, and parts of a period, which are `billsync.billing.proration`.
"""

from billsync.billing.pricing.consumption import Change, Consumption
from billsync.billing.pricing.price import price, rerate
from billsync.billing.pricing.priced import Priced, Step
from billsync.billing.pricing.spend import Limited, limit

__all__ = ["Change", "Consumption", "Limited", "Priced", "Step", "limit", "price", "rerate"]
