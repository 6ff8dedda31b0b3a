"""Faults in what a connector tells: of records, of itself, of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from billsync.connector import (
    Absent,
    Applied,
    Attachment,
    Books,
    Context,
    Found,
    Intent,
    Outcome,
    Probe,
    Standing,
    Trial,
)
from billsync_connectors.sandbox.config import SandboxSettings
from billsync_connectors.sandbox.connector import Sandbox


class Blind(Sandbox):
    """Finds nothing."""

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        return [Absent() for _ in keys]


class Mute(Sandbox):
    """Finds records, and does not say what they show."""

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        return [Found(one.remote_ids) if isinstance(one, Found) else one for one in super().probe(object, keys)]


class Shuffles(Sandbox):
    """Answers in its own order."""

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        return super().probe(object, keys)[::-1]


class AnyKind(Sandbox):
    """Writes what is not there."""

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        if object not in self.capabilities.writes:
            return [Applied("1") for _ in intents]
        return super().write(object, intents)


class Boasts(Sandbox):
    """Says that it has keys, and is searched."""

    def __init__(self, context: Context, config: SandboxSettings) -> None:
        super().__init__(context, config)
        writes = {
            name: sheet.model_copy(update={"key_lifetime_s": 60.0}) for name, sheet in self.capabilities.writes.items()
        }
        vars(self)["capabilities"] = self.capabilities.model_copy(update={"writes": writes})


class ForgetsCredits(Sandbox):
    """Lists no credit notes."""

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        return iter(()) if object == "credit_note" else super().standing(object)


class Negative(Sandbox):
    """Lists credit notes with negative amounts."""

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        for page in super().standing(object):
            yield [replace(one, total=-one.total) if object == "credit_note" else one for one in page]


class NamesAnew(Sandbox):
    """Never replaces a file."""

    laid: ClassVar[list[str]] = []

    def attach(self, object: str, remote_id: str, file: Attachment) -> None:
        self.laid.append(file.name)
        super().attach(object, remote_id, replace(file, name=f"{len(self.laid)}-{file.name}"))


class LeavesDraft(Sandbox):
    """Tries by writing."""

    def trial(self, object: str, intent: Intent) -> Trial:
        (outcome,) = self.write(object, [intent])
        assert isinstance(outcome, Applied)
        return Trial(outcome.echo)


class Percent(Sandbox):
    """Tells rates in percent."""

    def books(self) -> Books:
        books = super().books()
        taxes = [replace(tax, rate=None if tax.rate is None else tax.rate * 100) for tax in books.taxes]
        return replace(books, taxes=tuple(taxes))


class ClosesOnce(Sandbox):
    """Its second close fails."""

    def close(self) -> None:
        super().close()
        del self._http
