"""NetSuite's stand-in as a process in a folder.  (shell)"""

from __future__ import annotations

from typing import Any, ClassVar

from billsync.local import SealedStandIn
from billsync_connectors.netsuite.server.faults import CATALOGUE


class NamedNetSuite(SealedStandIn):
    """One account (docs/reference/netsuite-stand-in.md)."""

    server: ClassVar = "billsync_connectors.netsuite.server"
    catalogue: ClassVar = CATALOGUE
    made: ClassVar = ("consumer_secret", "token_secret")
    tells: ClassVar = ("account", "client_id", "certificate_id", "consumer_key", "token_id")
    OPTIONS: ClassVar = "the settings of docs/reference/netsuite-stand-in.md"

    @staticmethod
    def told(answer: Any, status: int) -> str:
        """What its administration said no with."""
        errors = answer.get("o:errorDetails", []) if isinstance(answer, dict) else []
        return str(errors[0].get("detail")) if errors else str(status)
