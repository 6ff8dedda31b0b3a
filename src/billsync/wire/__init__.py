"""What connectors share to speak with outside systems: one careful HTTP client.  (shell)"""

from billsync.wire.client import Answer, Client

__all__ = ["Answer", "Client"]
