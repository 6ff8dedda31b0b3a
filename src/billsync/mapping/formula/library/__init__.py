"""The formula functions, by theme.  (pure)

Each is entered into the registry with its signature, a sentence, and examples that are run as tests.  All of them are
total: a value or a ValueError, in time proportional to their arguments, without a digit lost.
"""

from billsync.mapping.formula.library import choices, dates, lists, numbers, text
from billsync.mapping.formula.library.basics import EXACT, bounded, comparable, equal

__all__ = ["EXACT", "bounded", "choices", "comparable", "dates", "equal", "lists", "numbers", "text"]
