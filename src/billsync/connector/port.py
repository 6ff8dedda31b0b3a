"""The connector itself, what it is opened with, and what it may keep between runs.  (pure)"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from billsync.connector.calls import CALLS, FREE, Calls, Said
from billsync.connector.faults import Refused
from billsync.connector.reading import Checkpoint, Health, Hint, Hook, Page, Record, Schema
from billsync.connector.setting_up import Attachment, Books, Trial
from billsync.connector.writing import Capabilities, Intent, Outcome, Probe, Standing, Unsure


class Keep(Protocol):
    """What a connector must not lose between runs: a refresh token that the system exchanges for a new one.

    Texts by name, of one connection; the engine's are encrypted in the store and shared by all its processes.
    """

    def get(self, name: str) -> str | None:
        """The text, or None where there is none yet.  Raises `Refused` where it cannot be decrypted."""

    def put(self, name: str, value: str) -> None:
        """Keep a text; it outlives a crash from the moment this returns."""

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Nobody else, in any process, is inside of it by the same name: look again, then exchange, then `put`.

        Raises `TryLater` where somebody else stays in it too long.
        """


class Memory:
    """A `Keep` of one process, which forgets: for tries and tests."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """The text, or None."""
        return self._texts.get(name)

    def put(self, name: str, value: str) -> None:
        """Keep it until the process ends."""
        self._texts[name] = value

    def alone(self, name: str) -> AbstractContextManager[None]:
        """Nobody else is there: an instance belongs to one thread, whatever the name."""
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Context:
    """What the engine hands to a connector when it opens one.

    Attributes:
        name: the connection's name in the configuration; places of records carry it as their system.
        root: folder that relative paths of the configuration start from.
        keep: where it keeps what it must not lose.
        calls: who pays for its calls: it goes into the `wire.Client` that makes them.
    """

    name: str
    root: Path
    keep: Keep = field(default_factory=Memory)
    calls: Calls = FREE


class Connector(ABC):
    """One outside system.  An instance belongs to one connection, and to one thread at a time; `read` may have its own.

    A subclass states `capabilities` and `config`, and implements the reads and writes that its capabilities name.
    """

    capabilities: ClassVar[Capabilities]
    config: ClassVar[type[BaseModel]]
    """Model of the connection's settings; secrets in it are `pydantic.SecretStr`, filled in by the engine."""
    calls: Calls = FREE
    """Who pays for its calls, set by the engine; the same as its context's."""

    @abstractmethod
    def __init__(self, context: Context, config: Any) -> None:
        """Keep the settings; reach nothing yet.  `config` is an instance of the class's `config` model."""

    @abstractmethod
    def check(self) -> Health:
        """Reach the system and say as whom.  Raises `TryLater` or `Refused`."""

    def describe(self, object: str) -> Schema:
        """The fields of one kind of record, as they are now.  Raises `TryLater` or `Refused`."""
        raise Refused("not_supported", f"{self.capabilities.title} cannot describe {object}")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """The records changed since the checkpoint, page by page; all of them where it is None.

        A page's checkpoint may be stored at once: nothing that lies before it is ever missed.  A record may come
        again.  Raises `TryLater` or `Refused`, between pages too.
        """
        raise Refused("not_supported", f"{self.capabilities.title} cannot read {object}")

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now; those that are not there are left out.  Raises `TryLater` or `Refused`."""
        raise Refused("not_supported", f"{self.capabilities.title} cannot fetch {object}")

    def hints(self, hook: Hook) -> Sequence[Hint]:
        """What a request to our address for this system says, once it is proven to come from there.

        Asks nothing of the system: it has to be answered at once.  Raises `Refused` (`bad_signature`, `too_old`,
        `bad_request`) for what is not proven or cannot be understood.
        """
        raise Refused("not_supported", f"{self.capabilities.title} does not tell of changes by itself")

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Look records up by our reference: one answer per key, in the same order.  Never raises per key.

        Records that are void there are left out where another one carries the reference.
        """
        return [Unsure("not_supported", f"{self.capabilities.title} cannot look up {object}") for _ in keys]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """Every document of this kind that stands there, ours and others', void ones too; page by page, in any order.

        Raises `TryLater` or `Refused`, between pages too.
        """
        raise Refused("not_supported", f"{self.capabilities.title} cannot list its {object}s")

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Carry out intents: one outcome per intent, in the same order.  Never raises per record."""
        return [Refused("not_supported", f"{self.capabilities.title} cannot write {object}") for _ in intents]

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        """Lay a file to a record that stands there; one of the same name is replaced or left, never doubled.

        Raises `TryLater`, `Refused` or `Unclear`: doing it again mends.
        """
        raise Refused("not_supported", f"{self.capabilities.title} takes no files for its {object}s")

    def books(self) -> Books:
        """What a person chooses from when the connection is set up.  Raises `TryLater` or `Refused`."""
        raise Refused("not_supported", f"{self.capabilities.title} cannot list its accounts and taxes")

    def trial(self, object: str, intent: Intent) -> Trial:
        """Make the document as a draft that counts for nothing, read it back, and remove it.

        Raises `TryLater`, `Refused` or `Unclear`; what could not be removed is named in the answer.
        """
        raise Refused("not_supported", f"{self.capabilities.title} cannot try a {object}")

    def consent(self, redirect: str, state: str) -> str:
        """Address at which a person lets us in; the system then sends the browser to `redirect` with `state`.

        Raises `Refused` where the connection's settings lack what that takes, or the system knows no such way.
        """
        raise Refused("not_supported", f"{self.capabilities.title} lets nobody in by a browser")

    def consented(self, answer: Mapping[str, str], redirect: str) -> None:
        """Take what the browser brought back (`code` and others), exchange it, and keep the tokens (`Context.keep`).

        Raises `TryLater`, `Refused` or `Unclear`.
        """
        raise Refused("not_supported", f"{self.capabilities.title} lets nobody in by a browser")

    def price(self, method: str, path: str) -> Mapping[str, int]:
        """What a request costs: calls by pool.  `path` begins with a slash and has no query."""
        return {CALLS: 1}

    def allowance(self, status: int, headers: Mapping[str, str]) -> Sequence[Said]:
        """What an answer's headers (names in lower case) say of the limits of `capabilities.budgets`."""
        return ()

    def close(self) -> None:
        """Let go of connections; called once, also after errors."""
