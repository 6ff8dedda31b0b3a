"""What every stand-in has beside its records: settings, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from billsync_stand_in.asked import Reply, Request
from billsync_stand_in.clock import Clock
from billsync_stand_in.faults import Fault, Switch, switched_on
from billsync_stand_in.settings import Options

_SHOWN: Final = 4000
_LOGGED_MAX: Final = 20_000

Q = TypeVar("Q", bound=Request)
R = TypeVar("R", bound=Reply)
S = TypeVar("S", bound=Options)


class Served(ABC, Generic[Q, R]):
    """What a door opens to.

    Attributes:
        catalogue: the faults that it knows.
        switches: the faults that are switched on.
    """

    catalogue: ClassVar[Mapping[str, Fault]]

    def __init__(self) -> None:
        self.switches: list[Switch] = []

    def struck(self, request: Q) -> Switch | None:
        """The fault that strikes this request; used-up ones go."""
        found = next((switch for switch in self.switches if switch.strikes(request.method, request.target)), None)
        self.switches = [switch for switch in self.switches if switch.left != 0]
        return found

    @abstractmethod
    def turn(self) -> AbstractContextManager[None]:
        """Alone, and all of it or nothing."""

    @abstractmethod
    def now(self) -> datetime:
        """The instant now by its own clock, in UTC."""

    def ticked(self) -> None:
        """A request came."""

    @abstractmethod
    def arrive(self) -> None:
        """What has to be done before anybody looks again, such as requests that were delayed."""

    @abstractmethod
    def execute(self, request: Q, struck: Switch | None = None) -> R:
        """The reply, whatever it is; what was refused left nothing behind."""

    @abstractmethod
    def delay(self, request: Q, seconds: int) -> None:
        """Keep a request that is executed later."""

    @abstractmethod
    def log(self, request: Q, status: int, fault: str, *, executed: bool) -> None:
        """Note a request; tokens and secrets stay out."""


class Memory(Protocol):
    """What a house needs of its shelf."""

    def turn(self) -> AbstractContextManager[None]:
        """All of it, or nothing."""

    def recall(self, name: str, otherwise: Any) -> Any:
        """What was remembered under a name."""

    def remember(self, name: str, value: Any) -> None:
        """Keep a value under a name."""

    def empty(self) -> None:
        """Forget everything."""


class House(Served[Q, R], Generic[Q, R, S]):
    """What one stand-in is; its doors' threads share it under the shelf's turns.

    Attributes:
        clock: its own.
        settings: how it is set up.
        requests: the log, the newest last.
    """

    def __init__(self, memory: Memory, clock: Clock, settings: S) -> None:
        super().__init__()
        self._memory, self.clock = memory, clock
        self.settings = settings.changed(memory.recall("settings", {}))
        self.requests: deque[dict[str, Any]] = deque(maxlen=_LOGGED_MAX)
        self._number, self._late = 0, list[tuple[str, Q]]()

    def reset(self) -> None:
        """As new: no records, faults or tokens, all settings but the password by default, the machine's own time."""
        password = self.settings.password
        self._memory.empty()
        self.settings, self.switches, self._late = type(self.settings)(), [], []
        self.clock.back()
        self._forget()
        self.requests.clear()
        self.set({"password": password})
        self._furnish()

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Turned`."""
        self.settings = self.settings.changed(values)
        kept = {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}
        self._memory.remember("settings", {**self._memory.recall("settings", {}), **kept})

    def switch_on(self, asked: Mapping[str, Any]) -> Switch:
        """Switch a fault on.  Raises `Turned`."""
        self.switches.append(switched_on(self.catalogue, asked))
        return self.switches[-1]

    def keep_clock(self) -> None:
        """Remember how the clock stands."""
        self._memory.remember("clock", self.clock.kept())

    # ------------------------------------------------------------ what is a system's own

    @abstractmethod
    def _furnish(self) -> None:
        """What it has from the first day, where it is not there yet."""

    @abstractmethod
    def _secret(self, request: Q) -> bool:
        """Whether a request's body stays out of the log."""

    def _noted(self, _request: Q) -> dict[str, Any]:
        """What else the log says of a request."""
        return {}

    def _forget(self) -> None:
        """What else goes where it becomes as new."""

    # ------------------------------------------------------------ requests

    def turn(self) -> AbstractContextManager[None]:
        """Alone, and all of it or nothing."""
        return self._memory.turn()

    def now(self) -> datetime:
        """The instant now by its own clock, in UTC."""
        return self.clock.now()

    def ticked(self) -> None:
        """A request came: a standing clock may go forward with each."""
        self.clock.ticked()

    def delay(self, request: Q, seconds: int) -> None:
        """Keep a request that is executed later."""
        self._late.append((self.clock.text(self.clock.now() + timedelta(seconds=seconds)), request))

    def arrive(self) -> None:
        """Execute what is due: nobody has looked since then, so nobody can tell."""
        now = self.clock.text(self.clock.now())
        due = [request for at, request in self._late if at <= now]
        self._late = [(at, request) for at, request in self._late if at > now]
        for request in due:
            self.log(request, self.execute(request).status, "late", executed=True)

    def log(self, request: Q, status: int, fault: str, *, executed: bool) -> None:
        """Note a request; tokens and secrets stay out."""
        self._number += 1
        body = "" if self._secret(request) else request.body[:_SHOWN].decode("utf-8", "replace")
        at = self.clock.text(self.clock.now())
        told = {"n": self._number, "at": at, "method": request.method, "path": request.target, **self._noted(request)}
        self.requests.append({**told, "status": status, "fault": fault, "executed": executed, "body": body})
