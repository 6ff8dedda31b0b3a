"""Requests under /admin that every stand-in knows: settings, faults, the log, the clock, a new beginning.  (shell)"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from billsync_stand_in.asked import Request
from billsync_stand_in.house import House
from billsync_stand_in.turned import Turned, bad

Given = Mapping[str, Any]
Value = dict[str, Any]
Anyone = House[Any, Any, Any]
H = TypeVar("H", bound=Anyone)
Doors = dict[tuple[str, str], Callable[[H, Given], Value]]
"""(method, path under /admin) -> what is done, given the body or the query."""


def carried_out(house: H, request: Request, doors: Doors[H], names: tuple[str, ...] = ("object",)) -> Value:
    """What the stand-in says to a request under /admin.

    Args:
        house: the stand-in.
        request: of whoever runs it.
        doors: what it does; what all of them do is `COMMON`.
        names: what a request without a body may have in its query.

    Raises:
        Turned: where it is nothing that is known, or has the wrong password.
    """
    door = "/".join(request.parts[1:])
    if door == "health":
        return {"ok": True}
    said, password = request.headers.get("x-admin-password", ""), house.settings.password
    if password and not secrets.compare_digest(said.encode(), password.encode()):
        raise Turned(401, "INVALID_PASSWORD", "the header X-Admin-Password is wrong")
    do = doors.get((request.method, door))
    if do is None:
        raise Turned(404, "NOT_FOUND", f"there is no {request.method} {request.path}")
    return do(house, request.mapping() if request.body else {name: request.asked(name) for name in names})


def after(act: Callable[[H], Any]) -> Callable[[H, Given], Value]:
    """A door that does something, and has nothing to say."""

    def door(house: H, _asked: Given) -> Value:
        act(house)
        return {}

    return door


def _settings(house: Anyone, asked: Given) -> Value:
    house.set(asked)
    return _shown(house, asked)


def _shown(house: Anyone, _asked: Given) -> Value:
    return dict(house.settings.plain())


def _clock(house: Anyone, asked: Given) -> Value:
    try:
        house.clock.moved(asked)
    except (ValueError, TypeError, OverflowError):
        raise bad("VALUE", "set: an instant; advance_s, tick_ms: whole numbers", "set") from None
    house.keep_clock()
    house.arrive()
    return _now(house, asked)


def _now(house: Anyone, _asked: Given) -> Value:
    return {"now": house.clock.text(house.clock.now())}


COMMON: Final[Doors[Anyone]] = {
    ("GET", "settings"): _shown,
    ("PATCH", "settings"): _settings,
    ("GET", "log"): lambda house, _asked: {"requests": list(house.requests)},
    ("DELETE", "log"): after(lambda house: house.requests.clear()),
    ("GET", "clock"): _now,
    ("POST", "clock"): _clock,
    ("POST", "reset"): after(lambda house: house.reset()),
    ("GET", "faults"): lambda house, _asked: {"faults": [each.plain() for each in house.switches]},
    ("POST", "faults"): lambda house, asked: house.switch_on(asked).plain(),
    ("DELETE", "faults"): after(lambda house: house.switches.clear()),
}
