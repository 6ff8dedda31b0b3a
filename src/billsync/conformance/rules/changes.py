"""What people do to records: delete, restore, merge, and change what hangs on them.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from billsync.conformance.bench import Bench
from billsync.conformance.copy import Copy
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability


def _read_on(bench: Bench, copy: Copy, when: str) -> None:
    bench.subject.settle()
    bench.sound(copy)
    bench.compare(copy, when)


@rule(every=True, costs="an agreed change of price never reaches an invoice")
def edited(bench: Bench) -> None:
    """A changed record is shown as it is now.

    Records of every page are edited, one of them twice.
    """
    ids = bench.fill(2 * bench.page + 1)
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    for id in (ids[0], ids[-1], ids[bench.page], ids[0]):
        bench.edit(id)
    _read_on(bench, copy, "after edits")


@rule(every=True, costs="a cancelled deal is invoiced for ever", needs=(Ability.DELETE,))
def deleted(bench: Bench) -> None:
    """A record that is deleted or archived is told as gone, and a first read does not show it.

    The first, the last and a middle record are deleted between two reads; then all is read anew.
    """
    ids = bench.fill(2 * bench.page + 1)
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    for id in (ids[0], ids[bench.page], ids[-1]):
        bench.subject.delete(bench.object, id)
    _read_on(bench, copy, "after three records were deleted")
    _read_on(bench, Copy(), "read anew after records were deleted")


@rule(every=True, costs="a deal that was deleted by mistake stays unbilled after it was brought back",
      needs=(Ability.DELETE, Ability.RESTORE))  # fmt: skip
def restored(bench: Bench) -> None:
    """A record that comes back is shown again.

    One is deleted, read as gone and restored; another is deleted and restored between two reads.
    """
    ids = bench.fill(bench.page + 1)
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    bench.subject.delete(bench.object, ids[0])
    _read_on(bench, copy, "after a record was deleted")
    bench.subject.restore(bench.object, ids[0])
    bench.subject.delete(bench.object, ids[1])
    bench.subject.restore(bench.object, ids[1])
    _read_on(bench, copy, "after records were restored")


@rule(every=True, costs="a customer who was merged away is billed beside the one that is left",
      needs=(Ability.MERGE,))  # fmt: skip
def merged(bench: Bench) -> None:
    """Of merged records the one that is left is shown as it is now, the other as gone.

    Two pairs are merged between two reads, one of them after an edit; then all is read anew.  Where records can be
    deleted too, another pair is merged and the one that is left deleted, between two reads.
    """
    ids = bench.fill(bench.page + 3)
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    bench.subject.merge(bench.object, ids[0], ids[1])
    bench.edit(ids[3])
    bench.subject.merge(bench.object, ids[-1], ids[3])
    _read_on(bench, copy, "after two merges")
    _read_on(bench, Copy(), "read anew after two merges")
    if bench.can(Ability.DELETE):
        winner, loser = bench.fill(2)
        _read_on(bench, copy, "after two more records were made")
        bench.subject.merge(bench.object, winner, loser)
        left = {winner, loser} & set(bench.subject.truth(bench.object))
        for id in left:
            bench.subject.delete(bench.object, id)
        _read_on(bench, copy, "after a merge of two records, and a delete of the one that was left")


@rule(every=True, costs="a deal moves to another company, or gets a line more, and the old one is invoiced",
      needs=(Ability.RELATE,))  # fmt: skip
def related(bench: Bench) -> None:
    """What a record shows of others is up to date, though the record itself was not touched.

    An association or a child of two records changes, one of them twice; then together with an edit.
    """
    ids = bench.fill(bench.page + 1)
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    _change(bench, bench.subject.relate, [ids[0], ids[-1]])
    _read_on(bench, copy, "after associations or children changed")
    bench.subject.relate(bench.object, ids[0])
    bench.edit(ids[0])
    _read_on(bench, copy, "after one changed again, with the record")


def _change(bench: Bench, act: Callable[[str, str], None], ids: Sequence[str]) -> None:
    """Do this to the records.  Raises NotImplementedError where it is none of the differences that are compared."""
    before = dict(bench.subject.truth(bench.object))
    for id in ids:
        act(bench.object, id)
    if bench.subject.truth(bench.object) == before:
        raise NotImplementedError(f"`{act.__name__}` changed nothing that `truth` tells")


@rule(costs="a deal was given to another company by somebody who touched nothing else, and the old one pays for ever",
      needs=(Ability.LINK,))  # fmt: skip
def untold(bench: Bench) -> None:
    """What leaves no trace is found all the same, within the time that the subject says.

    An association changes, and neither side counts as changed; the time passes, and the next two reads must bring it.
    """
    ids = bench.fill(2 * bench.page + 1)
    bench.age()
    copy = Copy()
    _read_on(bench, copy, "after a full read")
    _change(bench, bench.subject.link, [ids[0], ids[-1]])
    bench.subject.pass_time(bench.subject.untold_s + 1)
    bench.sound(copy)
    _read_on(bench, copy, f"{bench.subject.untold_s} s after associations changed without a trace")
