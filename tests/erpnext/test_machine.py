"""Each fault, through the real effect machine: every invoice stands there once, submitted, over what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from billsync.model.problem import Problem
from billsync.push import Options, deliver, payload
from billsync.store import Store, Tx
from tests.erpnext.house import House
from tests.erpnext.office import connect, customer, invoice
from tests.push.fakes import HandClock

CREATES = {"method": "POST", "path": "/api/resource/Sales%20Invoice$"}
SUBMITS = {"method": "PUT", "path": "/api/resource/Sales%20Invoice/"}
FAULTS: list[dict[str, Any]] = [
    {"fault": "lost"},
    {"fault": "dropped"},
    {"fault": "reset", "when": "after"},
    {"fault": "doubled"},
    {"fault": "late", "seconds": 40},
    {"fault": "deadlock"},
    {"fault": "unavailable", "status": 503},
    {"fault": "unavailable", "status": 504, "when": "after"},
    {"fault": "too-many", "seconds": 30},
    {"fault": "redirect", "when": "after"},
    {"fault": "login-page"},
    {"fault": "truncated"},
    {"fault": "cut"},
    {"fault": "no-name"},
]


class Clock(HandClock):
    """Time that passes by sleeping, at the site too."""

    def __init__(self, site: House) -> None:
        super().__init__()
        self.site = site

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.site.forward(int(seconds) + 1)


def test_whatever_becomes_of_a_reply_there_is_one_invoice(site: House, tmp_path: Path) -> None:
    """At the creation and at the submission; what arrives late finds the place taken."""
    erp, clock = connect(site), Clock(site)
    who = customer(erp)
    store = Store.open(f"sqlite:///{tmp_path}/books.db", create=True)

    def report(tx: Tx, problems: Iterable[Problem]) -> None:
        tx.problems.report(list(problems), pipeline="p", run="r", at=clock.now())

    def push() -> None:
        deliver(
            store, erp, "erp", owner="me", clock=clock, chance=Random(1), options=Options(patience_s=7200),
            report=report,
        )  # fmt: skip

    for number, (where, fault) in enumerate(
        (place, each) for place, step in ((CREATES, 1), (SUBMITS, 3)) for each in FAULTS[::step]
    ):
        intent = invoice(f"A-{number:02}", who)
        wanted = payload.plan(
            connection="erp", object="invoice", kind="invoice", our_id=intent.key, number=1, document=intent.payload,
            mapping="m", rank=2, sequence=intent.key, needs=(), expect=intent.expect,
        )  # fmt: skip
        with store.tx("plan") as tx:
            tx.outbox.plan([wanted], at=clock.now())
        site.fault(fault["fault"], **{**fault, **where})
        push()
        with store.view() as tx:
            row = tx.outbox.get(f"invoice:{intent.key}:erp:1")
        assert row is not None
        assert row.state in ("CONFIRMED", "SETTLED"), (fault, where, row.state, row.reason)
    clock.sleep(timedelta(hours=3).total_seconds())
    push()
    there = [(row["custom_billsync"], row["docstatus"]) for row in site.truth("Sales Invoice")]
    assert sorted(there) == [(f"A-{number:02}", 1) for number in range(number + 1)]
    store.close()
