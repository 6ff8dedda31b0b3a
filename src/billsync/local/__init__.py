"""What local stand-ins share: a process that lives in a folder, its faults and its administration.  (shell)"""

from billsync.local.process import LocalProcess, write_secret
from billsync.local.sealed import SealedStandIn
from billsync.local.stand_in import StandIn, demo_data

__all__ = ["LocalProcess", "SealedStandIn", "StandIn", "demo_data", "write_secret"]
