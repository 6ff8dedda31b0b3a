"""Price schemes applied: quantities and transactions become exact amounts, with every step told.  (pure)

Owns: schemes (`price`), re-rating and bills of parts (`rerate`, `bill`), spend limits (`spend`).  Does not
own: parts of a period, which are `billsync.billing.proration`.
"""

from billsync.billing.pricing.consumption import Change, Consumption
from billsync.billing.pricing.price import Bill, bill, price, rerate
from billsync.billing.pricing.priced import Priced, Step
from billsync.billing.pricing.spend import Limited, limit

__all__ = ["Bill", "Change", "Consumption", "Limited", "Priced", "Step", "bill", "limit", "price", "rerate"]
