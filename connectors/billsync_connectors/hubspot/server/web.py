"""The door of the stand-in, and what sends its webhooks.  (shell)"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Mapping
from typing import Final

from billsync_connectors.hubspot.server import admin, broken
from billsync_connectors.hubspot.server.http import Reply, Request
from billsync_connectors.hubspot.server.refused import Refused
from billsync_connectors.hubspot.server.state import State
from billsync_stand_in import web
from billsync_stand_in.faults import Switch
from billsync_stand_in.packets import Broken

_PUSH_S: Final = 0.1
_ADMIN: Final = "x-admin-password"


class Server(web.Server[Request, Reply]):
    """One thread a connection, and one that sends webhooks."""

    house: State
    max_body = 64 * 1024 * 1024
    max_target = 16_000

    def __init__(self, address: tuple[str, int], house: State, password: str) -> None:
        self._password = password
        super().__init__(address, house)
        threading.Thread(target=self._push, daemon=True).start()

    def _push(self) -> None:
        while True:
            time.sleep(_PUSH_S)
            settings = self.house.settings
            if settings.webhook_push and settings.webhook_url and self.house.hooks.waiting:
                self.house.hooks.deliver()

    def asked(self, door: web.Door, headers: Mapping[str, str], body: bytes) -> Request:
        """A request as it came."""
        return Request(door.command, door.path, headers, body)

    def too_large(self, status: int) -> Reply:
        """What is said to a request with too large a body; of too long a target the edge knows."""
        return broken.page(414) if status == 414 else _refused(Refused(status, "The request body is too large"))

    def administered(self, request: Request) -> Reply:
        """The reply to whoever runs the stand-in."""
        house, said = self.house, request.headers.get(_ADMIN, "")
        if request.path != "/admin/health" and not hmac.compare_digest(said.encode(), self._password.encode()):
            return _refused(Refused(401, "the administration wants its password in X-Admin-Password"))
        if request.path == "/admin/webhooks/deliver":
            return Reply(200, {"batches": house.hooks.deliver()})
        try:
            with house.turn():
                return admin.answer(house, request)
        except Refused as refused:
            return _refused(refused)

    def replied(self, struck: Switch, reply: Reply | None) -> Broken:
        """The reply as a fault has it; None where the request was not executed."""
        return broken.replied(struck, reply, self.house.now())


def _refused(refused: Refused) -> Reply:
    return Reply(refused.status, refused.body(""))
