"""Single values are read in one written form, and nothing that Python would let through gets past."""

from __future__ import annotations

import contextlib
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as clock
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.scalar import (
    day_in_zone,
    plain,
    read_day,
    read_decimal,
    read_instant,
    read_text,
    read_zone,
    show,
)

NOT_NUMBERS = [
    "١٢٣", "１２", "1_000", "1,000", "1 000", "1e5", "1E+3", "NaN", "nan", "Infinity", "-inf", "", " ", " 1", "1 ",
    "1.",
    ".5", "--1", "0x10", "1\n", "½", "1\u200b", True, False, None, 1.5, 0.1, Decimal("NaN"), Decimal("-Infinity"),
    Decimal("sNaN"), "9" * 19, 10**18, "0." + "1" * 13, "1" * 400, b"1", [1], Decimal("1E+30"), Decimal("1E-13"),
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_only_looks_like_a_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|floats"):
        read_decimal(value)


@given(st.decimals("-999999999999999999", "999999999999999999", places=12))
def test_a_number_survives_being_written_and_read(value: Decimal) -> None:
    assert read_decimal(plain(value)) == value
    assert read_decimal(value) == value


@pytest.mark.parametrize(("text", "value"), [("+5", "5"), ("-0.50", "-0.50"), ("007", "7"), ("1234.5", "1234.5")])
def test_plain_numbers_are_read(text: str, value: str) -> None:
    assert read_decimal(text) == Decimal(value)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_decimal(text).is_finite()


@given(st.dates())
def test_a_day_survives_being_written_and_read(day: date) -> None:
    assert read_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "value",
    ["2026-02-30", "2026-13-01", "26-01-01", "2026-1-1", "20260101", "٢٠٢٦-٠١-٠١", "2026-01-01T00:00:00", 1767225600,
     None, "", "2026-01-01 ", datetime(2026, 1, 1, tzinfo=UTC), "0000-01-01"],
    ids=repr,
)  # fmt: skip
def test_what_only_looks_like_a_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"day"):
        read_day(value)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31t10:00:00.5z", datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31 23:30:00-02:00", datetime(2026, 2, 1, 1, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_told_in_utc(text: str, utc: datetime) -> None:
    assert read_instant(text) == utc
    assert read_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    ["2026-01-31T10:00:00", "2026-01-31", "2026-01-31T25:00:00Z", "2026-02-30T10:00:00Z", "2026-01-31T10:00Z", "now",
     datetime.fromisoformat("2026-01-01T00:00:00"), 0, None, "0001-01-01T00:00:00+10:00", "2026-01-31T10:00:00+99:00"],
    ids=repr,
)  # fmt: skip
def test_an_instant_without_its_offset_or_that_never_was_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="instant"):
        read_instant(value)


@given(st.dates(date(1900, 1, 1)), st.times(timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))])))
def test_an_instant_survives_being_written_and_read(day: date, time: clock) -> None:
    instant = datetime.combine(day, time)
    assert read_instant(instant.isoformat()) == instant


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x\udfff", 5, None, b"x"], ids=repr)
def test_text_that_no_store_can_hold_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="text"):
        read_text(value)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")))
def test_all_other_text_stays_as_it_is(text: str) -> None:
    assert read_text(text) == text


def test_zones_are_known_by_name_and_decide_the_day() -> None:
    instant = datetime(2026, 8, 31, 20, tzinfo=UTC)
    assert day_in_zone(instant, read_zone("Asia/Kolkata")) == date(2026, 9, 1)
    assert day_in_zone(instant, "America/Los_Angeles") == date(2026, 8, 31)
    for wrong in ("Mars/Base", "", None, "../../etc/passwd"):
        with pytest.raises(ValueError, match="IANA"):
            read_zone(wrong)


@given(st.text(max_size=200))
def test_a_shown_value_is_short_and_cannot_disturb_a_terminal(text: str) -> None:
    shown = show(text)
    assert len(shown) <= 60 * 6 + 2
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in shown)
