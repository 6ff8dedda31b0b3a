"""Parts of a period as exact shares, and what they cost; changes within a period.  (pure)

Owns: day-count conventions (`basis`), shares of cycles (`share`), the two legs of a change (`legs`).  Does not own:
which lines changed and what was billed before, which is `billsync.billing.amendment`.
"""

from billsync.billing.proration.basis import count_days, months_and_days
from billsync.billing.proration.legs import Legs, change, prorate
from billsync.billing.proration.share import Share, counted_share, end_of_service, second_share, share, whole_and_part
from billsync.model.convention import Basis

__all__ = [
    "Basis",
    "Legs",
    "Share",
    "change",
    "count_days",
    "counted_share",
    "end_of_service",
    "months_and_days",
    "prorate",
    "second_share",
    "share",
    "whole_and_part",
]
