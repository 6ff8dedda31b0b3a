"""Calls to a connection's system, shared by all processes and threads: who may make how many, and when.  (shell)"""

from __future__ import annotations

from billsync.budget.account import Account, Clock
from billsync.budget.plan import plan
from billsync.budget.purse import Purse

__all__ = ["Account", "Clock", "Purse", "plan"]
