"""The quick validation takes part of what the models' own takes, and gives the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from billsync.model.base import Country, Currency, Day, Id, Instant, Noun, Number, Text, Zone, _quick
from billsync.model.deal import Deal


class Everything(Noun):
    """One field of each kind of value."""

    text: Text = ""
    id: Id = "x"
    number: Number = Decimal(0)
    day: Day | None = None
    instant: Instant | None = None
    currency: Currency | None = None
    country: Country | None = None
    zone: Zone = "UTC"
    more: dict[str, Text] = {}
    numbers: tuple[Number, ...] = ()
    inner: tuple[Everything, ...] = ()


ODD: list[Any] = [
    *[
        "",
        " ",
        "\x1c",
        "\x1f\t",
        "\u2003",
        "\xa0",
        "a\x00",
        "\ud800",
        "x",
        " x ",
        "\u200b",
        "\x85",
        1,
        None,
        True,
        b"x",
    ],
    *[
        "1",
        "-1.50",
        "+2",
        "1.",
        ".5",
        "1e5",
        "1_000",
        "١٢",
        "NaN",
        "9" * 18,
        "9" * 19,
        "0." + "1" * 12,
        "0." + "1" * 13,
    ],
    *[Decimal("1.50"), Decimal("1E+3"), Decimal("NaN"), Decimal("1E-13"), Decimal(10) ** 18, 10**17, 10**18, 1.5],
    *["2026-01-31", "2026-02-30", "0000-01-01", "2026-W05-6", "20260131", "2026-01-31 ", "２０２６-01-31"],
    *[date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T10:00:00Z", "2026-01-31T10:00:00", 1769817600],
    *["USD", "usd", "DE", "Europe/Berlin", [], {}, ["1"], {"a": "b"}, {"a": 1}],
]
VALUES = (
    st.sampled_from(ODD) | st.text(max_size=4) | st.decimals() | st.from_regex(r"[+-]?[0-9]{1,20}(\.[0-9]{0,14})?\n?")
)
FIELDS = st.sampled_from(sorted(Everything.model_fields)) | st.just("unknown")


def told(data: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(ValidationError) as caught:
        Everything.__pydantic_validator__.validate_python(data)
    return [(each["loc"], each["msg"]) for each in caught.value.errors(include_url=False, include_context=False)]


@given(st.dictionaries(FIELDS, VALUES, max_size=3))
@settings(max_examples=600, deadline=None)
@example({"number": "1.50\n"})
@example({"day": "2026-01-31\n"})
@example({"id": "\x1c"})
def test_what_is_taken_quickly_is_what_the_readers_make_of_it(data: dict[str, Any]) -> None:
    try:
        quick = _quick(Everything).validate_python(data)
    except ValidationError:
        return
    slow = Everything.__pydantic_validator__.validate_python(data)
    assert (quick, repr(quick), quick.model_fields_set) == (slow, repr(slow), slow.model_fields_set)


@pytest.mark.parametrize("field", sorted(Everything.model_fields))
def test_each_value_in_each_field_and_inside_others(field: str) -> None:
    """The whole door: the same noun, or the readers' own words."""
    around: list[Callable[[Any], dict[str, Any]]] = [
        lambda value: {field: value},
        lambda value: {"inner": [{field: value}]},
    ]
    if field == "text":
        around += [lambda value: {"numbers": [value]}, lambda value: {"more": {"k": value}}]
    for data in [wrap(value) for wrap in around for value in ODD]:
        try:
            slow = Everything.__pydantic_validator__.validate_python(data)
        except ValidationError:
            with pytest.raises(ValidationError) as caught:
                Everything.model_validate(data)
            errors = caught.value.errors(include_url=False, include_context=False)
            assert [(each["loc"], each["msg"]) for each in errors] == told(data)
        else:
            assert repr(Everything.model_validate(data)) == repr(slow)


def test_stored_text_is_read_to_the_same_noun_and_the_quick_way_is_taken() -> None:
    line = {"id": "1", "product": "1E5", "quantity": "3", "unit_amount": "1.005"}
    deal = Deal.model_validate(
        {"id": "D", "customer": "A", "currency": "USD", "signed_on": "2026-01-31", "lines": [line]}
    )
    assert Deal.model_validate_json(deal.json_text()) == deal
    assert _quick(Deal).validate_json(deal.json_text()) == deal
    assert (deal.lines[0].unit_amount, deal.lines[0].product) == (Decimal("1.005"), "1E5")
