"""The invariants of the ledger, as one read-only pass; docs/reference/promises.md lists them.  (shell)

`verify` looks at everything; `cheap` at the little that can be looked at before every push.  What only the ERP can
say (`billsync verify --live`) is in `stage/proof.py`.
"""

from billsync.verify.cheap import cheap
from billsync.verify.found import INVARIANTS, Broken, Scope, Verdict
from billsync.verify.whole import verify, verify_scope

__all__ = ["INVARIANTS", "Broken", "Scope", "Verdict", "cheap", "verify", "verify_scope"]
