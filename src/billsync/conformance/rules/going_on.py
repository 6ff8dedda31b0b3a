"""Going on where a read stopped: checkpoints, kills, ties, lateness, others who edit meanwhile.  (shell)"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from billsync.conformance.bench import Bench
from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy, through_json
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability
from billsync.conformance.watched import Watched
from billsync.connector import TryLater

_FEWEST: Final = 3
"""Pages without which nothing can happen between them."""


@rule(costs="a run that dies between two pages never reads what lay between them, and nobody is told")
def checkpoints(bench: Bench) -> None:
    """Every page's checkpoint may be stored, and a read from it misses nothing.

    A read of several pages is stopped after each of its pages in turn, by a connector of its own; another connector
    goes on from the checkpoint, as it comes back from a store, and all records must be there.
    """
    bench.fill(3 * bench.page + 1)
    whole = Copy()
    pages = bench.sound(whole)
    bench.compare(whole, "after a full read")
    if pages < _FEWEST:
        shown = f"{len(whole.live)} records came on {pages} pages"
        raise Broken(f"{shown}, and the subject says {bench.page} a page: what happens between pages cannot be tried")
    for stop in range(1, pages):
        copy = Copy()
        _read_some(bench, copy, stop)
        bench.sound(copy)
        bench.compare(copy, f"stopped after page {stop} of {pages}, then read on from its checkpoint")
    bench.sound(whole)
    bench.compare(whole, "after one more read from the last checkpoint")


def _read_some(bench: Bench, copy: Copy, pages: int) -> bool:
    """Read so many pages and drop the connector as a killed process does; True where the read ended before."""
    connector = bench.open()
    copy.begin()
    reading = connector.read(bench.object, copy.checkpoint)
    for _ in range(pages):
        page = next(reading, None)
        if page is None:
            return True
        copy.take(page)
    reading.close()
    connector.close()
    return False


@rule(costs="where runs are often killed, records are lost, or a sync never ends")
def restarts(bench: Bench) -> None:
    """A process that dies after every single page gets everything in the end.

    Each life reads one page, while records are edited between lives; then one read is left in peace to finish, and
    one more brings what changed behind it.
    """
    ids = bench.fill(3 * bench.page + 1)
    bench.age()
    copy = Copy()
    for life in range(8):
        if _read_some(bench, copy, 1):
            break
        bench.edit(ids[(life * 5) % len(ids)])
        bench.fill(1)
    bench.sound(copy)
    bench.sound(copy)
    bench.compare(copy, "after a read that was killed after each page, then left in peace")


@rule(costs="after a bulk update in the CRM the sync runs in a circle, or drops what did not fit on the first page",
      needs=(Ability.BURST,))  # fmt: skip
def same_instant(bench: Bench) -> None:
    """More records in one instant than a page holds are all read.

    Three pages of records share a stamp; they are read at once, then three more such pages are made and read on, and
    a read is stopped after each page in the midst of them.
    """
    bench.fill(1)
    bench.subject.burst(bench.object, [bench.fields() for _ in range(3 * bench.page + 1)])
    bench.subject.settle()
    copy = Copy()
    bench.sound(copy)
    bench.compare(copy, "with more records in one instant than a page holds")
    bench.subject.burst(bench.object, [bench.fields() for _ in range(3 * bench.page)])
    bench.subject.settle()
    for _ in range(4):
        _read_some(bench, copy, 1)
    bench.sound(copy)
    bench.compare(copy, "after a second such instant, read page by page")


@rule(costs="a deal that was saved in a slow transaction is never invoiced", needs=(Ability.LATE,))
def late(bench: Bench) -> None:
    """A record that becomes visible after its stamp, within the lag, is found.

    A record is committed late, and half of the lag passes; a newer one is read before it, and the other half passes.
    The read after that must bring it.
    """
    half = bench.subject.lag_s // 2
    bench.fill(bench.page + 1)
    copy = Copy()
    bench.sound(copy)
    bench.subject.commit_late(bench.object, bench.fields(), bench.subject.lag_s)
    bench.subject.pass_time(half)
    bench.subject.create(bench.object, bench.fields())
    bench.sound(copy)
    bench.subject.pass_time(bench.subject.lag_s - half)
    bench.subject.settle()
    bench.sound(copy)
    bench.compare(copy, f"a record became visible {bench.subject.lag_s} s after its stamp")


@rule(costs="on the day of the large import, and only then, records get lost", needs=(Ability.LATE,))
def slow_read(bench: Bench) -> None:
    """A read that lasts longer than the lag loses no late record.

    A record is committed late, newer ones are read past it, the lag passes between two pages, and one more is made:
    to go back from the highest stamp that was seen is not enough.
    """
    bench.fill(1)
    copy = Copy()
    bench.sound(copy)
    bench.subject.commit_late(bench.object, bench.fields(), bench.subject.lag_s)
    bench.subject.pass_time(bench.subject.lag_s // 2)
    newer = {bench.subject.create(bench.object, bench.fields()) for _ in range(2 * bench.page)}
    bench.subject.pass_time(1)
    waited: list[int] = []

    def wait(page: int) -> None:
        if not waited and newer & set(copy.live):
            waited.append(page)
            bench.subject.pass_time(2 * bench.subject.lag_s)
            bench.subject.create(bench.object, bench.fields())

    bench.sound(copy, between=wait)
    bench.subject.settle()
    bench.sound(copy)
    bench.compare(copy, "a read lasted longer than the lag")


@rule(every=True, costs="while people work in the CRM, every sync drops a few records")
def shifting_pages(bench: Bench) -> None:
    """Records that are made, changed and deleted between two pages shift nothing out of sight.

    Between the pages of a read, a record that was shown is edited, another deleted, one that was not is edited, a
    new one is made.  The read goes on, or says TryLater; the next one, in peace, must bring the rest.
    """
    ids = bench.fill(4 * bench.page)
    bench.age()
    copy = Copy()

    def disturb(page: int) -> None:
        if page > 4:
            return
        mine = ids[4 * (page - 1) : 4 * page]
        bench.edit(mine[0])
        if bench.can(Ability.DELETE):
            bench.subject.delete(bench.object, mine[1])
        bench.edit(ids[-page])
        bench.fill(1)

    with suppress(TryLater):
        bench.read(copy, between=disturb)
    bench.subject.settle()
    bench.sound(copy)
    bench.compare(copy, "after edits, deletes and new records between the pages of a read")


@rule(costs="every run maps and compares everything again, and people's changes drown in noise")
def no_news(bench: Bench) -> None:
    """Where nothing changed, a read brings nothing that is new.

    After quiet, another read from the checkpoint may show records again, but none that differs.
    """
    bench.fill(3 * bench.page + 1)
    copy = _quiet(bench, bench.open())
    bench.sound(copy)
    if copy.news:
        raise Broken(f"nothing changed, and a read brought {copy.news} new or changed records")
    bench.compare(copy, "after reads without changes")


@rule(costs="the system's daily limit is spent on asking whether anything happened", needs=(Ability.COUNT,))
def quiet_requests(bench: Bench) -> None:
    """A read where nothing changed costs as few requests as the subject says, however many records there are.

    After quiet, requests are counted over two reads of a connector that is logged in.
    """
    bench.fill(4 * bench.page + 1)
    connector = bench.open()
    copy = _quiet(bench, connector)
    for _ in range(2):
        before = bench.subject.requests()
        bench.sound(copy, connector)
        spent = bench.subject.requests() - before
        if spent > bench.subject.quiet_requests:
            raise Broken(f"{spent} requests where nothing changed; at most {bench.subject.quiet_requests} are said")


@rule(costs="the first sync of a large CRM fills the memory, and starts from nothing whenever it dies",
      needs=(Ability.COUNT,))  # fmt: skip
def lazy(bench: Bench) -> None:
    """A read shows its first pages before it has asked for the last ones.

    Requests are counted over a read of six pages, and up to the first page of another one: at most half of them.
    """
    bench.fill(6 * bench.page)
    before = bench.subject.requests()
    bench.sound(Copy())
    whole = bench.subject.requests() - before
    reading = bench.open().read(bench.object, None)
    before = bench.subject.requests()
    next(reading, None)
    first = bench.subject.requests() - before
    if 2 * first > whole + 2:
        raise Broken(f"{first} of the {whole} requests of a read were made before its first page was shown")


def _quiet(bench: Bench, connector: Watched) -> Copy:
    """A copy of which nothing can be late any more."""
    copy = Copy()
    bench.sound(copy, connector)
    bench.age()
    bench.sound(copy, connector)
    return copy


@rule(costs="two pipelines on one CRM steal each other's pages or log-ins")
def two_at_once(bench: Bench) -> None:
    """Two connectors on one system do not disturb each other.

    Both read, page by page in turn; one is closed, and the other goes on.
    """
    bench.fill(3 * bench.page + 1)
    copies, connectors = (Copy(), Copy()), (bench.open(), bench.open())
    readings = [connector.read(bench.object, None) for connector in connectors]
    for _ in range(2):
        for copy, reading in zip(copies, readings, strict=True):
            page = next(reading, None)
            if page is not None:
                copy.take(page)
    connectors[0].close()
    for page in readings[1]:
        copies[1].take(page)
    bench.compare(copies[1], "while another connector read too, and was closed")
    copies[0].checkpoint = None if copies[0].checkpoint is None else through_json(copies[0].checkpoint)
    bench.sound(copies[0])
    bench.compare(copies[0], "after its connector was closed in the middle")
