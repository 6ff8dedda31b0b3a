"""Our books against other systems: every difference with its cause and cure, and the totals of each side.  (pure)

compare(ours, theirs, question)   a merge-join of two sorted streams; memory holds the differences, not the documents
judge_deal(...)                   the CRM's side: won and billed, and what it was told
cause(drift, known), cure(...)    why it is likely so, and what mends it
"""

from billsync.reconcile.cause import cause
from billsync.reconcile.compare import Comparison, Question, compare, groups
from billsync.reconcile.cure import POLICIES, cure
from billsync.reconcile.deals import Billed, Sold, judge_deal
from billsync.reconcile.evidence import Attempt, Evidence
from billsync.reconcile.judge import money
from billsync.reconcile.sides import Booked, Group, Ours, There, Written
from billsync.reconcile.totals import Counted, Sides, Sum, Totals, by_class

__all__ = [
    "POLICIES",
    "Attempt",
    "Billed",
    "Booked",
    "Comparison",
    "Counted",
    "Evidence",
    "Group",
    "Ours",
    "Question",
    "Sides",
    "Sold",
    "Sum",
    "There",
    "Totals",
    "Written",
    "by_class",
    "cause",
    "compare",
    "cure",
    "groups",
    "judge_deal",
    "money",
]
