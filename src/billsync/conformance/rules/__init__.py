"""The rules, by what they are about; importing this fills `RULES`.  (shell)"""

from billsync.conformance.broken import Broken
from billsync.conformance.rule import RULES, Rule
from billsync.conformance.rules import changes, going_on, manners, shape, trouble, walk

__all__ = ["RULES", "Broken", "Rule", "changes", "going_on", "manners", "shape", "trouble", "walk"]
