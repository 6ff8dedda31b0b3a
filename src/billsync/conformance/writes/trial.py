"""One rule of writing tried on one subject.  (shell)"""

from __future__ import annotations

from pathlib import Path

from billsync.conformance.broken import Broken
from billsync.conformance.writes.bench import WriteBench
from billsync.conformance.writes.rule import WriteRule
from billsync.conformance.writes.subject import WriteSubject
from billsync.connector import Fault


def write_tried(rule: WriteRule, subject: WriteSubject, folder: Path) -> str:
    """What is wrong, as people read it; "" where the rule is kept.  Errors of the subject itself are raised.

    A rule that cannot be tried at all is for `WriteRule.inapplicable` to tell.
    """
    subject.reset()
    folder.mkdir(parents=True, exist_ok=True)
    bench = WriteBench(subject, folder)
    try:
        rule.check(bench)
    except Broken as broken:
        return rule.told(subject, str(broken))
    except Fault as fault:
        return rule.told(subject, f"the connector stopped with {fault!r}")
    finally:
        bench.close()
        subject.calm()
    return ""
