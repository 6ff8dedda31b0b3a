"""Plan and apply: what a run would change everywhere, saved; carried out only while that is still so.  (shell)

`plan` runs the real stages in a rehearsal of the store, with connectors that read for real and write nowhere, and notes
what they would have written.  `apply` does that again with every page that is read kept on a tape, compares change by
change, and only then runs the pipeline, from the tape: nothing can move between the check and the act.
"""

from billsync.planning.acting import apply, plan
from billsync.planning.carrying import Applied, carry_out, make
from billsync.planning.compare import Difference
from billsync.planning.document import BadPlan, Plan, read_plan
from billsync.planning.markdown import markdown
from billsync.planning.refusal import Edited, Exceeded, Moved, Unreached

__all__ = [
    "Applied",
    "BadPlan",
    "Difference",
    "Edited",
    "Exceeded",
    "Moved",
    "Plan",
    "Unreached",
    "apply",
    "carry_out",
    "make",
    "markdown",
    "plan",
    "read_plan",
]
