"""What is a cause: every code once, and what explains another stands for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billsync.alerts.catalogue import CATALOGUE
from billsync.alerts.facts import Facts, Flag, PipelineFacts, Waiting
from billsync.alerts.rules import causes
from billsync.model.alert import Alert, Severity, Told
from billsync.model.gate import Gate, GateState
from billsync.settings.alerts import Bounds
from tests.alerts.made import AT

DEALS = PipelineFacts("deals", "crm", "erp", fresh_s=3_600, last_state="ok", last_at=AT, good_at=AT, begun_at=AT)
WELL = Facts(AT, pipelines=(DEALS,), free_bytes=10**12)
LONG_AGO = AT - timedelta(hours=5)


def gate(state: GateState, reason: str = "") -> tuple[Gate, ...]:
    return (Gate(connection="erp", state=state, reason=reason, at=AT, failures=7),)


def pipeline(**facts: object) -> tuple[PipelineFacts, ...]:
    return (replace(DEALS, **facts),)  # type: ignore[arg-type]


FAILING = Alert(
    code="RUN-FAILED", severity=Severity.ERROR, reason="r", first_at=AT, last_at=AT,
    told={"mail": Told(what="raised", at=AT, severity=Severity.ERROR, tries=3, tried_at=AT)},
)  # fmt: skip

AWAY = pipeline(last_state="unreachable", since=LONG_AGO, good_at=LONG_AGO)

EACH = {
    "STORE-UNUSABLE": replace(WELL, store_fault="store_unreachable"),
    "STORE-FULL": replace(WELL, free_bytes=10**6),
    "STORE-BUSY": replace(WELL, store_fault="store_locked"),
    "GATE-PARKED/erp": replace(WELL, gates=gate(GateState.PARKED, "safety_bound")),
    "GATE-RECOVERING/erp": replace(WELL, gates=gate(GateState.RECOVERING)),
    "SYSTEM-LOGIN/erp": replace(WELL, gates=gate(GateState.OFFLINE, "auth"), pipelines=AWAY),
    "SYSTEM-LOGIN/deals": replace(WELL, pipelines=AWAY, flags=(Flag("SYSTEM-LOGIN", "deals", "", AT),)),
    "SYSTEM-OFFLINE/erp": replace(WELL, gates=gate(GateState.OFFLINE, "not_sent"), pipelines=AWAY),
    "SYSTEM-OFFLINE/deals": replace(WELL, pipelines=AWAY),
    "RUN-FAILED/deals": replace(WELL, pipelines=pipeline(last_state="failed", good_at=LONG_AGO)),
    "WRITE-DUPLICATE/erp": replace(WELL, stuck={("erp", "REVIEW", "duplicate_found"): 1}),
    "WRITE-REVIEW/erp": replace(WELL, stuck={("erp", "REVIEW", "unknown_outcome"): 2}),
    "WRITE-REFUSED/erp": replace(WELL, stuck={("erp", "DEAD", "bad_request"): 2, ("erp", "DEAD", "no_tax"): 3}),
    "PIPELINE-STALE/deals": replace(WELL, pipelines=pipeline(good_at=LONG_AGO)),
    "BACKLOG-OLD/erp": replace(WELL, waiting={"erp": Waiting(9, LONG_AGO)}),
    "CONFIG-REFUSED": replace(WELL, flags=(Flag("CONFIG-REFUSED", "", "3 faults", AT),)),
    "SLOT-MISSED/deals": replace(WELL, missed={"deals": 4}),
    "PROBLEMS-MANY/deals": replace(WELL, pipelines=pipeline(problems=101)),
    "WORKER-DEAD": replace(WELL, dead=("worker on host-2 (7)",)),
    "TOKEN-ENDS/erp": replace(WELL, flags=(Flag("TOKEN-ENDS", "erp", "soon", AT, AT + timedelta(days=14)),)),
    "CHANNEL-BROKEN/mail": replace(WELL, known=(FAILING,)),
}


@pytest.mark.parametrize(("id", "facts"), EACH.items(), ids=EACH)
def test_each_cause_is_seen_and_stands_alone(id: str, facts: Facts) -> None:
    assert [cause.id for cause in causes(facts, Bounds())] == [id]


def test_every_code_has_a_case_above_and_nothing_is_told_where_all_is_well() -> None:
    assert {id.partition("/")[0] for id in EACH} == set(CATALOGUE)
    assert causes(WELL, Bounds()) == []


@pytest.mark.parametrize(
    "almost",
    [
        replace(
            WELL, pipelines=pipeline(last_state="unreachable", since=AT - timedelta(seconds=899), good_at=LONG_AGO)
        ),
        replace(WELL, pipelines=pipeline(good_at=AT - timedelta(seconds=3_600))),
        replace(WELL, pipelines=pipeline(good_at=LONG_AGO, looked_at=AT)),
        replace(WELL, pipelines=pipeline(good_at=LONG_AGO, fresh_s=None)),
        replace(WELL, pipelines=pipeline(problems=100)),
        replace(WELL, waiting={"erp": Waiting(9, AT - timedelta(seconds=14_400))}),
        replace(WELL, flags=(Flag("TOKEN-ENDS", "erp", "later", AT, AT + timedelta(days=15)),)),
    ],
)
def test_up_to_its_bound_nothing_is_told(almost: Facts) -> None:
    assert causes(almost, Bounds()) == []


def test_a_closed_gate_explains_what_waits_behind_it() -> None:
    behind = replace(
        WELL,
        gates=gate(GateState.PARKED, "invariant_broken"),
        waiting={"erp": Waiting(900, LONG_AGO)},
        pipelines=pipeline(good_at=LONG_AGO),
    )
    assert [cause.id for cause in causes(behind, Bounds())] == ["GATE-PARKED/erp"]


def test_refused_writes_of_one_system_are_one_cause_that_counts_them() -> None:
    [cause] = causes(EACH["WRITE-REFUSED/erp"], Bounds())
    assert (cause.size, cause.reason) == (5, "erp refused 5 writes")


def test_the_most_urgent_stands_first() -> None:
    both = replace(WELL, gates=gate(GateState.PARKED), missed={"deals": 1}, dead=("w",))
    severities = [cause.severity for cause in causes(both, Bounds())]
    assert severities == [Severity.CRITICAL, Severity.WARNING, Severity.WARNING]
