"""What changes when a contract does: repairs of what was billed, and refunds when it ends.  (pure)

Owns: what is wanted by a line's terms (`wanted`), repairs (`repair`), cancellation and credit caps (`cancellation`).
Does not own: the documents that carry them, which are invoicing.
"""

from billsync.billing.amendment.cancellation import Given, creditable, refund
from billsync.billing.amendment.repair import Billed, Convention, Credited, Repairs, Segment, apply, repair
from billsync.billing.amendment.wanted import LineTerms, takes_effect, wanted
from billsync.model.amendment import Cancellation, Rung

__all__ = [
    "Billed",
    "Cancellation",
    "Convention",
    "Credited",
    "Given",
    "LineTerms",
    "Repairs",
    "Rung",
    "Segment",
    "apply",
    "creditable",
    "refund",
    "repair",
    "takes_effect",
    "wanted",
]
