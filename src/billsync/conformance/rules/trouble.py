"""What goes wrong outside: limits, errors, cuts, answers that are none, sessions that end.  (shell)"""

from __future__ import annotations

import time
from typing import Final

from billsync.conformance.bench import Bench
from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy, differences
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability
from billsync.connector import Fault, TryLater
from billsync.store import Store
from billsync.strict.record import MAX_TEXT

_LONG_S: Final = 90
_PATIENCE_S: Final = 45


def _struck(bench: Bench, copy: Copy, fault: Ability, after: int, *, after_s: int = 1) -> Fault | None:
    """A read into the copy that meets the fault after so many pages; what it ended with."""

    def strike(page: int) -> None:
        if page == after:
            bench.subject.strike(fault, after_s=after_s)

    connector = bench.open()
    strike(0)
    try:
        bench.read(copy, connector, between=strike)
    except Fault as stopped:
        return stopped
    finally:
        bench.subject.calm()
    return None


def _passes(bench: Bench, fault: Ability) -> None:
    """The fault strikes at the first page, in the middle, and while news are read: nothing is lost, or taken for gone.

    Raises `Broken`.
    """
    ids = bench.fill(3 * bench.page + 1)
    whole = Copy()
    for after, copy in ((0, Copy()), (2, whole), (0, whole)):
        before = set(copy.live)
        ended = _struck(bench, copy, fault, after)
        if ended is not None and not isinstance(ended, TryLater):
            raise Broken(f"after page {after} the read ended with {ended!r}: what passes by itself is TryLater")
        _halves(bench, copy, before)
        bench.sound(copy)
        bench.compare(copy, f"struck after page {after}, then read on")
        bench.edit(ids[0])
        bench.subject.settle()


def _halves(bench: Bench, copy: Copy, before: set[str]) -> None:
    """Raises `Broken` where half a record was shown, or a record that is there was taken for gone."""
    truth = bench.subject.truth(bench.object)
    shown = {id: record.data for id, record in copy.live.items()}
    fresh = set(shown) - before
    found = differences({id: truth[id] for id in fresh & set(truth)}, {id: shown[id] for id in fresh})
    gone = sorted((before - set(shown)) & set(truth))
    if gone:
        raise Broken(f"{len(gone)} records that are there were taken for gone: {', '.join(gone[:4])}")
    if found:
        raise Broken(f"the read that was struck shows what is not so: {found}")


@rule(costs="a run fails in the middle of the night because a token lived for an hour", needs=(Ability.SESSION,))
def session_ends(bench: Bench) -> None:
    """A session or token that ends in the middle of a read is renewed, and the same page is read again.

    All sessions end between two pages, and once more before the next read; no fault may be seen.  A second connector,
    which shares what the first one keeps and had a session of its own, goes on too.
    """
    bench.fill(3 * bench.page + 1)
    connector, copy = bench.open(), Copy()
    other, second = bench.open(), Copy()
    bench.sound(second, other)
    ended: list[int] = []

    def end(page: int) -> None:
        if page == 2:
            ended.append(page)
            bench.subject.end_session()

    bench.sound(copy, connector, between=end)
    bench.compare(copy, "the session ended in the middle of a read")
    bench.subject.end_session()
    bench.fill(1)
    bench.sound(copy, connector)
    bench.compare(copy, "the session ended before a read")
    bench.sound(second, other)
    bench.compare(second, "the sessions of two connectors ended")


@rule(costs="a busy CRM makes a sync fail, and a person has to look", needs=(Ability.BUSY,))
def busy(bench: Bench) -> None:
    """After a 429 with a short Retry-After the read goes on, at once or with the next run, and nothing is lost.

    The first request of a read, one in its middle, and one of a read of news are answered with 429 and one second.
    """
    _passes(bench, Ability.BUSY)


@rule(costs="a worker sleeps for minutes, or asks again at once and is locked out for longer", needs=(Ability.BUSY,))
def long_wait(bench: Bench) -> None:
    """A 429 that asks for a long wait is told to the engine with that wait, not slept through.

    Retry-After says 90 seconds: the read must stop at once with TryLater and `after_s` of about that.
    """
    bench.fill(2 * bench.page + 1)
    began = time.monotonic()
    copy = Copy()
    ended = _struck(bench, copy, Ability.BUSY, 1, after_s=_LONG_S)
    if time.monotonic() - began > _PATIENCE_S:
        raise Broken(f"the connector waited for {round(time.monotonic() - began)} s by itself")
    if ended is None:
        raise Broken(f"the connector went on although it was asked to wait for {_LONG_S} s")
    if not isinstance(ended, TryLater) or ended.after_s is None or not _LONG_S - 5 <= ended.after_s <= 2 * _LONG_S:
        raise Broken(f"it was asked to wait for {_LONG_S} s, and says {ended!r}, after_s={vars(ended).get('after_s')}")
    bench.sound(copy)
    bench.compare(copy, "after the wait")


@rule(costs="the daily limit is taken for a lost right: a person is called for what ends at midnight",
      needs=(Ability.LIMIT,))  # fmt: skip
def other_limit(bench: Bench) -> None:
    """The system's other way to say "too much" is TryLater too.

    It strikes the first request of a read, one in its middle, and one of a read of news.
    """
    _passes(bench, Ability.LIMIT)


@rule(costs="a moment's outage drops a page of records, or stops the sync until somebody looks", needs=(Ability.ERROR,))
def server_error(bench: Bench) -> None:
    """A 5xx is TryLater or retried, and nothing is lost.

    It strikes the first request of a read, one in its middle, and one of a read of news.
    """
    _passes(bench, Ability.ERROR)


@rule(costs="a moment's outage drops a page of records, or stops the sync until somebody looks", needs=(Ability.CUT,))
def cut(bench: Bench) -> None:
    """A connection that ends without an answer is TryLater or retried, and nothing is lost.

    It strikes the first request of a read, one in its middle, and one of a read of news.
    """
    _passes(bench, Ability.CUT)


@rule(costs="half a page is taken for a whole one, and the other half is never read", needs=(Ability.TRUNCATED,))
def truncated(bench: Bench) -> None:
    """Half an answer is no answer.

    It strikes the first request of a read, one in its middle, and one of a read of news; no half record is shown, none
    is taken for gone, and what could not be read comes with the next read.
    """
    _passes(bench, Ability.TRUNCATED)


@rule(costs="a proxy's log-in page is read as an empty CRM, and everything is deleted", needs=(Ability.LOGIN_PAGE,))
def login_page(bench: Bench) -> None:
    """A page of HTML with status 200 is no answer.

    It strikes the first request of a read, one in its middle, and one of a read of news; no half record is shown, none
    is taken for gone, and what could not be read comes with the next read.
    """
    _passes(bench, Ability.LOGIN_PAGE)


@rule(costs="records vanish without a word on the day on which somebody retypes a field", needs=(Ability.WRONG_TYPES,))
def wrong_types(bench: Bench) -> None:
    """Of an answer with wrong types nothing vanishes silently, and the next full read is right.

    One answer holds values of other types, or records without id: each record is delivered, or a fault or a problem
    says that it is not, and the problem says where.
    """
    bench.fill(3 * bench.page + 1)
    for after in (0, 2):
        copy = Copy()
        ended = _struck(bench, copy, Ability.WRONG_TYPES, after)
        missing = set(bench.subject.truth(bench.object)) - set(copy.live)
        if ended is None and missing and not copy.problems:
            raise Broken(f"{len(missing)} records of an answer with wrong types are missing, and nothing says so")
        nowhere = [problem for problem in copy.problems if not (problem.place.system or problem.place.file)]
        if nowhere:
            raise Broken(f"a problem does not say where: {nowhere[0]}")
        if ended is not None and not isinstance(ended, TryLater):
            raise Broken(f"one strange answer ends the read with {ended!r}: what passes by itself is TryLater")
        anew = Copy()
        bench.sound(anew)
        bench.compare(anew, "read anew after an answer with wrong types")


@rule(costs="somebody pastes a film into a description, and no deal is read any more", needs=(Ability.HUGE,))
def huge(bench: Bench) -> None:
    """A text of ten million characters spoils its own record, and no other for longer than it is there.

    billsync's own pull meets it, into a store: it may stop with a fault or go on with a problem.  Afterwards all
    other records must stand in the store, and the one is there or told.
    """
    bench.fill(2 * bench.page + 1)
    with bench.store() as store:
        bench.subject.strike(Ability.HUGE)
        told = _told(bench, store, "met")
        bench.subject.calm()
        told += _told(bench, store, "after")
        shown = bench.stored(store, "after")
    truth = bench.subject.truth(bench.object)
    over = {id for id, data in truth.items() if any(isinstance(v, str) and len(v) > MAX_TEXT for v in data.values())}
    found = differences({id: data for id, data in truth.items() if id not in over}, shown)
    if found:
        raise Broken(f"after a text of ten million characters {found}; it said {told or 'nothing'}")
    if not told and not over <= set(shown):
        raise Broken("the record with the huge text is missing, and nothing says so")


def _told(bench: Bench, store: Store, connection: str) -> list[str]:
    """What a pull into the store says."""
    try:
        return [str(problem) for problem in bench.pull(store, connection)]
    except Fault as stopped:
        return [stopped.message]
