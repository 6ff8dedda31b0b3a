"""What a connector says and how it behaves: check, refusals, secrets, close, and odd questions.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from billsync.conformance.bench import Bench
from billsync.conformance.broken import Broken
from billsync.conformance.copy import Copy
from billsync.conformance.rule import rule
from billsync.conformance.subject import Ability
from billsync.conformance.watched import Watched
from billsync.connector import Fault, Health, Refused, TryLater

FAULTS: Final = (
    Ability.BUSY, Ability.LIMIT, Ability.ERROR, Ability.CUT, Ability.TRUNCATED, Ability.WRONG_TYPES, Ability.LOGIN_PAGE,
)  # fmt: skip
_NOWHERE: Final = "no_such_kind_of_record"
_SHORTEST: Final = 4
"""Characters below which a word is no secret: it would be found everywhere."""


@rule(costs="people cannot tell a right connection from a wrong one before the first run fails")
def check(bench: Bench) -> None:
    """`check` reaches the system and says which it is.

    A new connector is asked, twice.
    """
    connector = bench.open()
    for _ in range(2):
        health: object = connector.check()
        if not isinstance(health, Health) or not health.system:
            raise Broken(f"`check` answers {health!r}, which names no system")


@rule(costs="a wrong password looks like an empty CRM, or like a bug of billsync", needs=(Ability.LOCKED_OUT,))
def locked_out(bench: Bench) -> None:
    """With a wrong password every call fails with a sentence that helps.

    `check`, and a read, must raise TryLater (offline) or Refused, with a message of more than a code.
    """
    bench.fill(1)
    for name, ask in (("check", _ask_check), ("read", _ask_read)):
        fault = _fault_of(ask, bench.open(locked_out=True), bench.object)
        if fault is None:
            raise Broken(f"`{name}` succeeds with a wrong password")
        if isinstance(fault, TryLater) and not fault.offline:
            raise Broken(f"`{name}` says {fault!r} without `offline`: other calls would fail too")
        if len(fault.message.split()) < 4:
            raise Broken(f"`{name}` says only {fault.message!r}: what happened, what is to be done?")


def _ask_check(connector: Watched, _object: str) -> None:
    connector.check()


def _ask_read(connector: Watched, object: str) -> None:
    next(connector.read(object, None), None)


def _fault_of(ask: Callable[[Watched, str], None], connector: Watched, object: str) -> Fault | None:
    try:
        ask(connector, object)
    except Fault as fault:
        return fault
    return None


@rule(costs="a typing error in a mapping is met with silence, and no record ever comes")
def unknown_kind(bench: Bench) -> None:
    """A kind of record that is not there is refused.

    `read`, `fetch` and `describe` are asked for one.
    """
    asked: dict[str, Callable[[Watched, str], Any]] = {
        "read": _ask_read,
        "fetch": lambda connector, object: connector.fetch(object, ["1"]),
        "describe": lambda connector, object: connector.describe(object),
    }
    for name, ask in asked.items():
        fault = _fault_of(ask, bench.open(), _NOWHERE)
        if not isinstance(fault, Refused):
            raise Broken(f"`{name}` of a kind of record that is not there gives {fault!r}, not Refused")


@rule(costs="an old checkpoint after an update, or a strange id in a hint, ends in a traceback")
def odd_questions(bench: Bench) -> None:
    """Odd checkpoints and ids are answered, or met with the port's faults.

    Checkpoints of other versions and ids that are none are handed in; only TryLater and Refused may come out.
    """
    bench.fill(1)
    for checkpoint in ({}, {"nonsense": 1}, {"": None}, {"version": 99, "files": [], "updated": 5, "id": {}}):
        with suppress(Fault):
            next(bench.open().read(bench.object, checkpoint), None)
    for id in ("", " ", "0", "../..", "a'b\"c", "x" * 3000, "\U0001f9fe", "%00", "a,b;c"):
        with suppress(Fault):
            found = bench.open().fetch(bench.object, [id])
            if found:
                raise Broken(f"`fetch` of the id {id[:40]!r} brings {found[0].id}")


@rule(costs="passwords and tokens stand in logs, tickets and the list of problems")
def secrets(bench: Bench) -> None:
    """No secret is in any message, whatever goes wrong.

    Every fault that the system can have strikes once, the wrong password is tried, sessions end; all messages of
    faults and problems are searched for the subject's secrets, and the connector's own text too.
    """
    bench.fill(bench.page + 1)
    for fault in FAULTS:
        if bench.can(fault):
            bench.subject.strike(fault)
            with suppress(Fault):
                bench.read(Copy())
            bench.subject.calm()
    opened = [bench.open()]
    if bench.can(Ability.LOCKED_OUT):
        opened.append(bench.open(locked_out=True))
    for connector in opened:
        with suppress(Fault):
            bench.heard.append(f"{connector.check()}")
        bench.heard.append(connector.shown())
    _search(bench)


def _search(bench: Bench) -> None:
    for word in bench.subject.secrets():
        if len(word) < _SHORTEST:
            raise NotImplementedError(f"the subject has a secret of {len(word)} characters: it would be found anywhere")
        found = next((text for text in bench.heard if word in text), None)
        if found is not None:
            raise Broken(f"a message shows a secret: {found.replace(word, '*' * 8)[:200]}")


@rule(costs="after an error the clean-up raises another one, which hides the first")
def close(bench: Bench) -> None:
    """`close` may come at any time, and twice.

    A connector that did nothing, one in the middle of a read, and one that was refused are closed twice.
    """
    bench.fill(bench.page + 1)
    unused, reading, refused = bench.open(), bench.open(), bench.open()
    pages = reading.read(bench.object, None)
    next(pages, None)
    _fault_of(_ask_read, refused, _NOWHERE)
    for connector in (unused, reading, refused):
        connector.close()
        connector.close()
