"""One rule tried on one subject.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from billsync.conformance.bench import Bench
from billsync.conformance.broken import Broken
from billsync.conformance.rule import Rule
from billsync.conformance.subject import Kind, Subject
from billsync.conformance.writes.subject import WriteSubject
from billsync.connector import Fault

Any_ = TypeVar("Any_", bound=Subject | WriteSubject)


@contextmanager
def running(subject: type[Any_], folder: Path) -> Iterator[Any_]:
    """A subject whose system is up; it is stopped at the end."""
    (folder / "system").mkdir(parents=True, exist_ok=True)
    made = subject(folder / "system")
    made.up()
    try:
        yield made
    finally:
        made.down()


def tried(rule: Rule, subject: Subject, folder: Path) -> str:
    """What is wrong, as people read it; "" where the rule is kept.  Errors of the subject itself are raised.

    A rule that cannot be tried at all is for `Rule.inapplicable` to tell.
    """
    return "\n\n".join(told for kind in rule.kinds(subject) if (told := _tried_on(rule, subject, kind, folder)))


def _tried_on(rule: Rule, subject: Subject, kind: Kind, folder: Path) -> str:
    subject.reset()
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(subject, kind, folder)
    try:
        rule.check(bench)
    except Broken as broken:
        return rule.told(subject, kind, str(broken))
    except Fault as fault:
        return rule.told(subject, kind, f"the connector stopped with {fault!r}")
    finally:
        bench.close()
        subject.calm()
    return ""
