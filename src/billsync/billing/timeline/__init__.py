"""Time as billing counts it: cycles that never drift, local days as instants, phases one after the other.  (pure)

Owns: where cycles begin (`grid`), what of them is served (`served`), local days and instants (`zone`), phases and ramps
(`phase`).  Does not own: what a part of a cycle costs, which is `billsync.billing.proration`.
"""

from billsync.billing.timeline.grid import Grid, aligned
from billsync.billing.timeline.phase import Phase, Span, cut, spans, value_on
from billsync.billing.timeline.served import Served, elapsed, invoice_on, served
from billsync.billing.timeline.zone import ZoneHistory, day_start, exists, instant_of, instants, local_days

__all__ = [
    "Grid",
    "Phase",
    "Served",
    "Span",
    "ZoneHistory",
    "aligned",
    "cut",
    "day_start",
    "elapsed",
    "exists",
    "instant_of",
    "instants",
    "invoice_on",
    "local_days",
    "served",
    "spans",
    "value_on",
]
