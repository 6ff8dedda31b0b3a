"""Outbox to outside: intent written, act, outcome written.  (shell)

The order never varies: a delivery is claimed and that claim is committed before the first byte leaves; one request; the
outcome is committed under the claim's fence, so that a late one cannot overwrite a newer.  Only a proof that nothing
was executed allows another send; everything else is unknown and looked up first (`decide.py`).
"""

from __future__ import annotations

from billsync.push.hands import More
from billsync.push.helping import help_out
from billsync.push.machine import deliver
from billsync.push.session import Clock, Options, Pushed

__all__ = ["Clock", "More", "Options", "Pushed", "deliver", "help_out"]
