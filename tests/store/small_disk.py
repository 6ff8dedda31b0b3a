"""What happens on a disk that is full: `python -m tests.store.small_disk CASE FOLDER`, in a process of its own.

The folder is a file system of two megabytes that only this process sees; each case prints what came of it.
"""

from __future__ import annotations

import errno
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from billsync.connector import Intent, Outcome, Target
from billsync.store import Store, StoreUnusable
from billsync.verify import verify
from tests.push.fakes import Books, Fake, HandClock
from tests.push.test_machine import plan, planned, push, state


def fill(folder: Path) -> Path:
    """Leave no room at all: the write-ahead log has to grow for the next byte that is stored."""
    with closing(sqlite3.connect(folder / "store.db")) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return filler


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


class Filling(Fake):
    """The disk fills up while a request is under way."""

    folder: Path

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        outcomes = super().write(object, intents)
        fill(self.folder)
        return outcomes


def opened(folder: Path, *, reserve: bool) -> Store:
    store = Store.open(f"sqlite:///{folder / 'store.db'}", create=True)
    assert (folder / "store.db.reserve").exists()
    if not reserve:
        (folder / "store.db.reserve").unlink()
    return store


def full_before_the_claim(folder: Path, target: Target) -> None:
    store, clock, books = opened(folder, reserve=True), HandClock(), Books(target)
    plan(store, [planned(1)], clock)
    filler = fill(folder)
    say("push", attempt(store, Fake.of(books, clock), clock), "requests", books.requests)
    say("readable", state(store, 1), store.check())
    filler.unlink()
    end(store, Fake.of(books, clock), clock, books)


def full_before_the_outcome(folder: Path, target: Target, *, reserve: bool) -> None:
    store, clock, books = opened(folder, reserve=reserve), HandClock(), Books(target)
    plan(store, [planned(1)], clock)
    connector = Filling.of(books, clock)
    assert isinstance(connector, Filling)
    connector.folder = folder
    say("push", attempt(store, connector, clock), state(store, 1), "requests", books.requests)
    (folder / "filler").unlink()
    end(store, Fake.of(books, clock), clock, books)


def attempt(store: Store, fake: Fake, clock: HandClock) -> str:
    try:
        push(store, fake, clock)
    except StoreUnusable as error:
        return error.reason
    return "done"


def end(store: Store, fake: Fake, clock: HandClock, books: Books) -> None:
    """There is room again."""
    say("then", attempt(store, fake, clock), state(store, 1), "documents", books.count("invoice-1"))
    broken = verify(store, now=clock.now()).broken
    store.close()
    say("sound", broken)


def main(case: str, folder: Path, kind: str) -> None:
    target = Target(kind)
    if case == "claim":
        full_before_the_claim(folder, target)
    else:
        full_before_the_outcome(folder, target, reserve=case == "reserve")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
