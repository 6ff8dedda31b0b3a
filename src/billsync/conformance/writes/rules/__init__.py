"""The rules of writing, by what they are about; importing this fills `WRITE_RULES`.  (shell)"""

from billsync.conformance.writes.rule import WRITE_RULES, WriteRule
from billsync.conformance.writes.rules import afterwards, amounts, once, people, refusals, speech, storm, trouble

__all__ = [
    "WRITE_RULES",
    "WriteRule",
    "afterwards",
    "amounts",
    "once",
    "people",
    "refusals",
    "speech",
    "storm",
    "trouble",
]
