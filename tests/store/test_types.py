"""Values in columns: texts that fit an index, instants and days that sort as in time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from billsync.store import Store
from billsync.store.types import LIMIT, fold, moment_text, unfolded, with_whole
from tests.store.made import LONG

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=400)
MOMENTS = st.datetimes(timezones=st.just(UTC) | st.timezones())


@given(TEXTS)
def test_a_folded_text_fits_an_index_and_comes_back_whole(value: str) -> None:
    folded = fold(value)
    assert len(folded.encode()) <= LIMIT + 65
    assert (folded == value) is (len(value.encode()) <= LIMIT)
    assert unfolded(with_whole({"id": value}, "id") | {"id": folded}) == {"id": value}


def test_a_folded_text_is_never_a_text_that_stands_as_it_is() -> None:
    assert len(fold(LONG).encode()) > LIMIT
    assert fold(fold(LONG)) != fold(LONG)
    assert fold(LONG + "1") != fold(LONG + "2")


@given(MOMENTS, MOMENTS)
def test_instants_sort_as_text_as_they_do_in_time(one: datetime, two: datetime) -> None:
    try:
        a, b = moment_text(one), moment_text(two)
    except OverflowError:
        return
    assert (a < b) is (one.astimezone(UTC) < two.astimezone(UTC))
    assert datetime.fromisoformat(a) == one.astimezone(UTC)


def test_an_instant_is_kept_in_utc_and_one_without_a_zone_is_refused(store: Store) -> None:
    at = datetime(2026, 3, 29, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=2)))
    with store.tx("t") as tx:
        tx.runs.start("r", "p", slot="s", owner="me", at=at)
        run = tx.runs.get("r")
        assert run is not None
        assert run.started_at == at
        assert tx.conn.execute(text("SELECT started_at FROM runs")).scalar_one() == "2026-03-29T00:30:00.000001Z"
        with pytest.raises(Exception, match="without one"):
            tx.runs.start("r2", "p", slot="s", owner="me", at=datetime(2026, 1, 1))  # noqa: DTZ001
