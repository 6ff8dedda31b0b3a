"""`invoice credit/void/reissue`: what a person takes back.  (shell)"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from billsync import logbook, schedule, settings, sync, workspace
from billsync.cli import guard, progress, show
from billsync.model.invoice import CreditNote
from billsync.model.scalar import read_decimal
from billsync.stage import crediting, voiding
from billsync.stage.crediting import NotPossible
from billsync.stage.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; a line is `ID` or `ID=AMOUNT`."""

    number: str
    lines: tuple[str, ...]
    amount: Decimal | None
    reason: str

    def asked(self) -> crediting.Asked:
        """As the books take it.  Raises `Wrong`."""
        if self.lines and self.amount is not None:
            raise guard.Wrong("--amount is over all lines: write --line ID=AMOUNT for one of them")
        lines = dict(_line(text) for text in self.lines)
        return crediting.Asked(self.number, lines, self.amount, self.reason)


def _line(text: str) -> tuple[str, Decimal | None]:
    name, equals, amount = text.partition("=")
    try:
        return name, read_decimal(amount) if equals else None
    except ValueError as error:
        raise guard.Wrong(f"--line {show.visible(text)}: {error}") from None


# ---------------------------------------------------------------- commands


def credit(config: Path, pipeline: str | None, wanted: Wanted, *, dry_run: bool, yes: bool, format: show.Format) -> int:
    """Show the credit note, ask, and make it."""
    asked = wanted.asked()
    with _job(config, pipeline, wanted.number, format) as job:
        with job.world("credit-look") as world, world.store.view() as tx:
            note = _possible(lambda: crediting.proposed(world, tx, asked))
        if dry_run or not _agreed(note, yes=yes, format=format):
            return _tell(note, format, made=False)
        made = job.act("credit", lambda world: crediting.credit(world, asked))
        return _tell(made, format, made=True)


def void(config: Path, pipeline: str | None, number: str, reason: str, *, yes: bool, format: show.Format) -> int:
    """Ask, and make the invoice void."""
    with _job(config, pipeline, number, format) as job:
        if not _sure(f"Make {number} void?", yes=yes, format=format):
            return guard.OK
        there = job.act("void", lambda world: voiding.void(world, number, reason))
    if format == "json":
        show.emit_json({"number": number, "state": "void", "there": there})
    else:
        show.line(f"{show.visible(number)} is void; {there}")
    return guard.OK


def reissue(config: Path, pipeline: str | None, number: str, reason: str, *, yes: bool, format: show.Format) -> int:
    """Ask, make the invoice void, and bill its charges anew."""
    with _job(config, pipeline, number, format) as job:
        if not _sure(f"Make {number} void and bill it anew?", yes=yes, format=format):
            return guard.OK
        made = job.act("reissue", lambda world: voiding.reissue(world, number, reason))
    rows = [
        {"number": item.number, "replaces": item.replaces, "customer": item.customer, "issued_on": item.issued_on,
         "currency": item.currency, "total": item.total}
        for item in made
    ]  # fmt: skip
    show.rows("Made anew", list(rows[0]), rows, format=format)
    return guard.OK


# ---------------------------------------------------------------- in the pipeline


@dataclass(frozen=True, slots=True)
class _Job:
    """One pipeline, for one act."""

    opened: workspace.Workspace
    name: str
    format: show.Format

    @contextmanager
    def world(self, run: str) -> Iterator[World]:
        """The pipeline, connected."""
        line = self.opened.settings.pipelines[self.name]
        day = line.billing.day(self.opened.clock.now())
        with (
            progress.shown(quiet=self.format == "json") as shown,
            workspace.world(self.opened, self.name, line, run=run, through=day, progress=shown) as world,
        ):
            yield world

    def act(self, what: str, deed: Callable[[World], T]) -> T:
        """Do it as a run that is on record, under the pipeline's lock."""
        done: list[T] = []

        def journey(run: str) -> sync.Report:
            with self.world(run) as world:
                done.append(_possible(lambda: deed(world)))
                return sync.Report(run, counts=world.tally.counts)

        opened = self.opened
        slot = f"{what}-{opened.clock.now().strftime('%Y-%m-%dT%H:%M:%S.%f')}"
        logbook.in_slot(opened.store, opened.clock, opened.owner, self.name, slot, journey)
        return done[0]


@contextmanager
def _job(config: Path, pipeline: str | None, number: str, format: show.Format) -> Iterator[_Job]:
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        if pipeline is None:
            with opened.store.view() as tx:
                made_by = _possible(lambda: crediting.invoice_of(tx, number)).run.rpartition("@")[0]
            pipeline = made_by if made_by in loaded.pipelines else None
        yield _Job(opened, opened.pipeline(pipeline)[0], format)


def _possible(deed: Callable[[], T]) -> T:
    """What cannot be done is the command's fault, and nothing was done."""
    try:
        return deed()
    except NotPossible as error:
        raise guard.Wrong(str(error)) from None


# ---------------------------------------------------------------- shown


def _agreed(note: CreditNote, *, yes: bool, format: show.Format) -> bool:
    if format == "table" and not yes:
        _draw(note)
    return _sure("Make this credit note?", yes=yes, format=format)


def _sure(question: str, *, yes: bool, format: show.Format) -> bool:
    import typer

    if yes:
        return True
    if not sys.stdin.isatty() or format == "json":
        show.remark("nothing was done: say --yes")
        return False
    return typer.confirm(question)


def _tell(note: CreditNote, format: show.Format, *, made: bool) -> int:
    if format == "json":
        show.emit_json({"made": made, "number": note.number, "document": note.model_dump(mode="json")})
        return guard.OK
    if made or not sys.stdin.isatty():
        _draw(note)
    show.remark("it goes out with the next run" if made else "nothing was made")
    return guard.OK


def _draw(note: CreditNote) -> None:
    rows: list[dict[str, Any]] = [
        {"line": line.id, "description": line.description, "amount": line.amount, "discount": line.discount,
         "tax": line.tax, "tax_rate": line.tax_rate}
        for line in note.lines
    ]  # fmt: skip
    show.rows(f"Credit note {note.number}".strip(), list(rows[0]), rows)
    name = note.number or "a credit note"
    money = f"{show.cell(note.total)} {note.currency}, {show.cell(note.tax_total)} of it tax"
    show.line(f"{name} for {show.visible(note.invoice or '')}: {money}")
