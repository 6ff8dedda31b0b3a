"""The daemon: rings the schedules, takes up a changed configuration, and ends in good order.  (shell)

`bells` is the loop over the slots, `hands` carry out what it rings, `reload` watches the files, `companions` live as
long as the daemon does, `supervisor` talks to systemd, `service` puts them together.
"""

from billsync.daemon.bells import Bells, Ending, Start
from billsync.daemon.companions import Companion, accompanied
from billsync.daemon.hands import Hands
from billsync.daemon.reload import Watched
from billsync.daemon.service import Service

__all__ = ["Bells", "Companion", "Ending", "Hands", "Service", "Start", "Watched", "accompanied"]
