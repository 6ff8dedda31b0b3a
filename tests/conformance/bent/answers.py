"""Faults in what is answered: outcomes that are not so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from billsync.connector import Applied, Context, Intent, Outcome, Refused, TryLater, Unclear
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox
from billsync_connectors.sandbox.session import Denial
from billsync_connectors.sandbox.writing import Writing


class Turned(Sandbox):
    """Each outcome goes through `turned`."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        return [self.turned(*pair) for pair in zip(intents, super().write(object, intents), strict=True)]

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        """What is answered in place of the outcome."""
        raise NotImplementedError


class CallsItFailed(Turned):
    """What is not known did not happen."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        return TryLater(outcome.reason, outcome.message) if isinstance(outcome, Unclear) else outcome


class GivesUp(Turned):
    """What passes by itself is final."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Unclear | TryLater):
            return outcome
        return Refused(outcome.reason, outcome.message)


class TakesForDone(Turned):
    """What is not known happened."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        return Applied("invoice-1") if isinstance(outcome, Unclear) else outcome


class WaitsNot(Turned):
    """Forgets for how long it was asked to wait."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        return TryLater(outcome.reason, outcome.message) if isinstance(outcome, TryLater) else outcome


class NoReason(Turned):
    """Every refusal is one of data."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        return Refused("bad_value", outcome.message) if isinstance(outcome, Refused) else outcome


class Floats(Turned):
    """Shows amounts as floats."""

    def turned(self, intent: Intent, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Applied) or outcome.echo.get("total") is None:
            return outcome
        return replace(outcome, echo={**outcome.echo, "total": float(outcome.echo["total"])})


class Trusts(Sandbox):
    """Does not compare, and shows nothing."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes = super().write(object, [replace(intent, expect=None) for intent in intents])
        return [Applied(one.remote_id) if isinstance(one, Applied) else one for one in outcomes]


class AllOrNothing(Sandbox):
    """One that is refused takes all others with it."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes = super().write(object, intents)
        refused = next((one for one in outcomes if isinstance(one, Refused)), None)
        return outcomes if refused is None else [refused for _ in outcomes]


class VoidsNothing(Sandbox):
    """Says that it took something back."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        if any(intent.void for intent in intents):
            return [Applied(intent.remote_id or "", {"state": "void"}) for intent in intents]
        return super().write(object, intents)


class Raises(Sandbox):
    """Lets an error of its own out."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        if object not in self.capabilities.writes:
            raise KeyError(object)
        return super().write(object, intents)


class Loud(Sandbox):
    """Its messages show what it sent."""

    def __init__(self, context: Context, config: SandboxSettings) -> None:
        super().__init__(context, config)
        assert config.password is not None
        self._secret = config.password.get_secret_value()

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        return [
            Unclear(one.reason, f"{one.message} ({self._secret})") if isinstance(one, Unclear) else one
            for one in super().write(object, intents)
        ]


class LogsInOnce(Sandbox):
    """A session that ends is the end of the batch."""

    def __init__(self, context: Context, config: SandboxSettings) -> None:
        super().__init__(context, config)
        enter = self._session._login.enter
        vars(self._session._login)["enter"] = lambda: enter() or True


# ---------------------------------------------------------------- numbers and versions


class _OfNumbers(Sandbox):
    """Writes by another `Writing`."""

    writing: type[Writing]

    def __init__(self, context: Context, config: SandboxSettings) -> None:
        super().__init__(context, config)
        self._writing = self.writing(self._session, config)


class _NotOurs(Writing):
    def _by_number(self, intent: Intent) -> Outcome:
        return Refused("number_taken", "the number is taken there by something")


class NeverOurs(_OfNumbers):
    """A number that is taken is somebody else's."""

    writing = _NotOurs


class _Ours(Writing):
    def _by_number(self, intent: Intent) -> Outcome:
        number = str(intent.payload.get("number"))
        rows = self._session.ask("POST", f"v1/{intent.object}/search", {"numbers": [number]})["records"]
        return Applied(rows[0]["id"])


class AdoptsAny(_OfNumbers):
    """A number that is taken is ours, whoever has it."""

    writing = _Ours


class _Once(Writing):
    def _change(self, intent: Intent) -> Outcome:
        path = f"v1/{intent.object}/{intent.remote_id}"
        there = self._session.ask("GET", path)
        try:
            made = self._session.do("PATCH", path, self.written(intent), {"If-Match": str(there["version"])})
        except Denial as denial:
            return denial.fault
        return Applied(made["id"])


class Stubborn(_OfNumbers):
    """A version that is not the last is the end."""

    writing = _Once
