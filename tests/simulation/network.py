"""The network between billsync and what it talks to: one seeded choice of a fault per request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar

from billsync.connector import TryLater, Unclear
from tests.simulation.scheduler import MIN, SEC, Process, Sim, running

T = TypeVar("T")

TIMEOUT: Final = 30 * SEC
WEIGHTS: Final[Mapping[str, int]] = {
    "refused": 3,
    "drop_request": 4,
    "drop_response": 5,
    "reset_after": 3,
    "late": 4,
    "slow": 3,
    "busy": 4,
    "500_before": 3,
    "500_after": 3,
    "502_html": 3,
    "login_200": 2,
    "truncated": 3,
    "defect_before": 1,
    "defect_after": 1,
    "reject": 1,
}
"""Fault -> how often, beside `FINE` that go well."""

FINE: Final = 45

OF_WRITES: Final = frozenset({"reject", "defect_before", "defect_after"})


AT_ONCE, LATE, SLOWLY, PERHAPS, NEVER, REPLY = "at once", "late", "slowly", "perhaps", "never", "reply"
FATES: Final[Mapping[str, tuple[str, str]]] = {
    "refused": (NEVER, "refused"),
    "blackout": (NEVER, "timeout"),
    "drop_request": (NEVER, "timeout"),
    "drop_response": (AT_ONCE, "timeout"),
    "reset_after": (AT_ONCE, "reset"),
    "late": (LATE, "timeout"),
    "slow": (SLOWLY, REPLY),
    "busy": (NEVER, "rate_limited"),
    "500_before": (NEVER, "server_error"),
    "500_after": (AT_ONCE, "server_error"),
    "502_html": (PERHAPS, "server_error"),
    "login_200": (NEVER, "not_json"),
    "truncated": (AT_ONCE, "not_json"),
    "defect_before": (NEVER, "defect"),
    "defect_after": (AT_ONCE, "defect"),
    "reject": (NEVER, "reject"),
}
"""Fault -> whether and when the server executes the request, and what the client sees."""


class Rejected(Exception):
    """The server understood and refuses: nothing was executed."""


class Failed(Exception):
    """What the client sees of a request that went wrong; `sent` is False where provably nothing was executed."""

    def __init__(self, kind: str, *, sent: bool, after_s: float | None = None) -> None:
        super().__init__(kind)
        self.kind, self.sent, self.after_s = kind, sent, after_s

    def as_write(self) -> TryLater | Unclear:
        """What a connector makes of it after a write."""
        return self.as_read() if not self.sent else Unclear(self.kind, f"the reply: {self.kind}")

    def as_read(self) -> TryLater:
        """What a connector makes of it after a read."""
        return TryLater(self.kind, f"the reply: {self.kind}", after_s=self.after_s, offline=self.kind == "refused")


@dataclass
class Network:
    """Carries requests.

    Attributes:
        weights: fault -> weight, of this seed.
        late_ms: how much later than its timeout a request may take effect.
        dark: from when to when the ERP can't be reached.
        duplicates: share of writes that a proxy sends twice.
    """

    sim: Sim
    weights: dict[str, int]
    late_ms: int = 4 * MIN
    dark: tuple[int, int] = (0, 0)
    duplicates: float = 0.0

    def call(self, service: str, what: str, execute: Callable[[], T], *, writes: bool = False) -> T:
        """One request and its reply.  Raises `Failed`, `Rejected`, and ValueError for a connector with a defect."""
        process = running()
        assert process is not None, "only processes send"
        assert process.open_transactions() == 0, "a transaction is open while a request is under way"
        process.maybe_crash()
        fault = self._fault(service, writes=writes)
        if fault:
            self.sim.faults[fault] += 1
        self.sim.note(f"{service} {what}{' ' + fault if fault else ''}")
        reply = self._carry(process, execute, fault, writes=writes)
        process.maybe_pause()
        return reply

    def _fault(self, service: str, *, writes: bool) -> str:
        if self.sim.faults_on and service == "erp" and self.dark[0] <= self.sim.t < self.dark[1]:
            return "blackout"
        if not self.sim.faults_on:
            return ""
        names = ["", *self.weights]
        fault = self.sim.rng.choices(names, [FINE, *self.weights.values()])[0]
        return "" if fault in OF_WRITES and not writes else fault

    def _carry(self, process: Process, execute: Callable[[], T], fault: str, *, writes: bool) -> T:
        sim, rng = self.sim, self.sim.rng
        wake = process.ticket()
        executes, sees = FATES.get(fault, (AT_ONCE, REPLY))
        lag = rng.randrange(5, 400)
        arrival = self._arrival(executes, lag)

        def arrive() -> None:
            reply = _outcome(execute)
            if sees == REPLY:
                wake(reply)

        if arrival is not None:
            sim.after(arrival, arrive)
        if sees != REPLY:
            seen = _seen(sees, rng)
            sim.after(TIMEOUT if sees == "timeout" else lag, lambda: wake(seen))
        elif executes == SLOWLY:
            sim.after(TIMEOUT, lambda: wake(_seen("timeout", rng)))
        if writes and sim.chance(self.duplicates):
            sim.faults["duplicated"] += 1
            sim.after(lag + rng.randrange(1, 20 * SEC), lambda: _outcome(execute))
        answer = process.wait()
        if isinstance(answer, Exception):
            raise answer
        result: T = answer
        return result

    def _arrival(self, executes: str, lag: int) -> int | None:
        """When the server executes it, or None for never."""
        rng = self.sim.rng
        if executes == LATE:
            return TIMEOUT + rng.randrange(1, self.late_ms)
        if executes == SLOWLY:
            return rng.randrange(TIMEOUT // 2, TIMEOUT * 2)
        return lag if executes == AT_ONCE or (executes == PERHAPS and rng.random() < 0.5) else None


def _seen(sees: str, rng: Random) -> Exception:
    """What the client gets in place of a reply."""
    if sees == "defect":
        return ValueError("a defect of the connector")
    if sees == "reject":
        return Rejected("closed for maintenance of this customer")
    if sees == "rate_limited":
        return Failed(sees, sent=False, after_s=rng.randrange(300))
    return Failed(sees, sent=sees != "refused")


def _outcome(deliver: Callable[[], Any]) -> Any:
    """The server's reply, or what it refuses with, as a value."""
    try:
        return deliver()
    except Rejected as rejected:
        return rejected
