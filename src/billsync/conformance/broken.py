"""That a connector does not keep to a rule.  (pure)"""

from __future__ import annotations


class Broken(Exception):
    """A connector does not keep to a rule; the message says what was seen."""
