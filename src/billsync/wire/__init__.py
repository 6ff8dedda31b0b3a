"""What connectors share to speak with outside systems: one careful HTTP client.  (shell)"""

from billsync.wire.address import Reach
from billsync.wire.client import Answer, Client
from billsync.wire.settings import HttpSettings

__all__ = ["Answer", "Client", "HttpSettings", "Reach"]
