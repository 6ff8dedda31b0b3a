"""Why a plan is not made or not carried out; nothing was changed anywhere.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence

from billsync.planning.compare import Difference
from billsync.planning.document import Plan


class Edited(Exception):
    """The saved plan is not the one that was made."""


class Moved(Exception):
    """The run would no longer do what the plan says.

    Attributes:
        differences: change by change; empty where something moved while the plan was carried out.
    """

    def __init__(self, message: str, differences: Sequence[Difference] = ()) -> None:
        super().__init__(message)
        self.differences = list(differences)


class Exceeded(Exception):
    """The changes are more than the bounds allow; `str()` says which.

    Attributes:
        plan: what would be done.
    """

    def __init__(self, message: str, plan: Plan) -> None:
        super().__init__(message)
        self.plan = plan


class Unreached(Exception):
    """A system could not be reached, so that the changes cannot be known."""
