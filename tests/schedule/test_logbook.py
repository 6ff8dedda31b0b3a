"""What the record says of a run that did not come to its end here."""

from __future__ import annotations

import pytest

from billsync import logbook, sync
from billsync.schedule import SystemClock
from billsync.store import Store


class Left(BaseException):
    """The process ends over a run, and leaves it to others."""


@pytest.mark.parametrize(
    ("error", "resumes", "state"),
    [(Left(), True, "interrupted"), (ValueError("x"), True, "failed"), (Left(), False, "failed")],
)
def test_a_run_that_is_left_is_gone_on_with_and_one_that_failed_is_not(
    store: Store, error: BaseException, resumes: bool, state: str
) -> None:
    def journey(_run: str) -> sync.Report:
        raise error

    def again() -> sync.Report | None:
        return logbook.in_slot(store, SystemClock(), "b", "billing", "1", sync.Report, resumes=resumes)

    with pytest.raises(type(error)):
        logbook.in_slot(store, SystemClock(), "a", "billing", "1", journey, resumes=resumes)
    with store.view() as tx:
        assert [run.state for run in tx.runs.list()] == [state]
    assert (again() is not None) is (state == "interrupted")
