"""Connectors in place of the real ones: one that writes nowhere, and one that reads from a tape.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from billsync.connector import (
    Applied,
    Checkpoint,
    Connector,
    Data,
    Expectation,
    Found,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    Record,
    Refused,
    Schema,
    Standing,
)
from billsync.planning.tape import Tape
from billsync.stage.world import End

NEW: Final = "(new)"
"""How ids begin that the other system will only give later."""


class _Behind(Connector):
    """Does everything as the real one; the base of both."""

    def __init__(self, end: End, tape: Tape | None) -> None:
        vars(self)["capabilities"] = end.connector.capabilities
        self._name, self._real, self._tape = end.name, end.connector, tape

    def check(self) -> Health:
        """As the real one."""
        return self._real.check()

    def describe(self, object: str) -> Schema:
        """As the real one."""
        return self._real.describe(object)

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """As the real one."""
        return self._real.read(object, since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """As the real one."""
        return self._real.fetch(object, ids)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """As the real one."""
        return self._real.probe(object, keys)

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """As the real one."""
        return self._real.standing(object)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """As the real one."""
        return self._real.write(object, intents)


class Understudy(_Behind):
    """Reads for real; writes go nowhere, are kept, and always succeed.

    Attributes:
        written: what would have been written, in order.
    """

    def __init__(self, end: End, tape: Tape | None) -> None:
        super().__init__(end, tape)
        self.written: list[Intent] = []
        self._made: dict[tuple[str, str], Intent] = {}

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """As the real one, kept on the tape."""
        pages = self._real.read(object, since)
        return pages if self._tape is None else self._tape.record(self._name, object, since, pages)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """What was written here is found; the real one is asked for the rest."""
        asked = [key for key in keys if (object, key) not in self._made]
        answers = iter(self._real.probe(object, asked) if asked else ())
        return [
            Found((_id(made),), echo=_echo(made.expect)) if (made := self._made.get((object, key))) else next(answers)
            for key in keys
        ]

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Nothing leaves: each is noted, and taken as done."""
        if object not in self.capabilities.writes:
            return [Refused("not_supported", f"{self.capabilities.title} cannot write {object}") for _ in intents]
        self.written += intents
        self._made |= {(object, intent.key): intent for intent in intents if not intent.void}
        return [Applied(_id(intent), _echo(intent.expect)) for intent in intents]


class Replay(_Behind):
    """Reads from the tape; everything else is real."""

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The pages of the tape.  Raises `Moved` for a read that is not on it."""
        return self._real.read(object, since) if self._tape is None else self._tape.play(self._name, object, since)


def _id(intent: Intent) -> str:
    return intent.remote_id or f"{NEW} {intent.key}"


def _echo(expect: Expectation | None) -> Data:
    """What the record will show when it is read back."""
    if expect is None:
        return {}
    return {"total": expect.total, "tax": expect.tax, "currency": expect.currency, "lines": expect.lines}
