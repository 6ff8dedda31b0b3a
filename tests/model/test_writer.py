"""The writer that is put together from a noun's schema writes what `canonical_json` says, whatever the noun holds."""

from __future__ import annotations

import pkgutil
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import billsync.model
from billsync.model.base import Day, Id, Instant, Noun, Number, Text, _writer, canonical_json
from billsync.model.charge import Charge, Why
from billsync.model.contract import Contract
from billsync.model.delivery import DeliveryState
from billsync.model.period import Period
from billsync.model.scheme import AnyScheme, FlatPrice, PerUnitPrice


class Inner(Noun):
    """Two fields, not in their order."""

    z: Text = ""
    a: Number = Decimal(1)


class All(Noun):
    """One field of each kind of value."""

    text: Text = ""
    number: Number = Decimal(0)
    day: Day | None = None
    at: Instant | None = None
    state: DeliveryState = DeliveryState.READY
    word: Literal["a", "b"] = "a"
    count: int = 0
    yes: bool = False
    more: dict[str, Text] = {}
    period: Period | None = None
    inner: tuple[Inner, ...] = ()
    price: AnyScheme = FlatPrice(scheme="flat", amount=Decimal(1))
    parent: All | None = None


TEXTS = st.text(max_size=8) | st.sampled_from(['\x00\x1f\x7f"\\/\b\f\n\r\t', "\u2028é😀", "E", "%s", "{}"])
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
INNERS = st.builds(Inner, z=TEXTS.filter(lambda text: "\x00" not in text), a=st.decimals(-(10**9), 10**9, places=4))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXTS,
    "number": st.decimals() | st.sampled_from([Decimal("1E+3"), Decimal("-0.00"), Decimal("1E-7")]),
    "day": st.none() | DAYS,
    "at": st.none() | st.datetimes(timezones=st.just(UTC)),
    "state": st.sampled_from(DeliveryState),
    "word": st.sampled_from(["a", "b"]),
    "count": st.integers(),
    "yes": st.booleans(),
    "more": st.dictionaries(TEXTS, TEXTS, max_size=4),
    "period": st.none() | DAYS.map(lambda day: Period(day, day + timedelta(days=9))),
    "inner": st.lists(INNERS, max_size=3).map(tuple),
    "price": st.builds(PerUnitPrice, scheme=st.just("per_unit"), unit_amount=st.decimals(0, 9, places=3))
    | st.builds(FlatPrice, scheme=st.just("flat"), amount=st.decimals(0, 9, places=3)),
}
FIELDS["parent"] = st.none() | st.builds(lambda text: All.trusted(text=text), TEXTS)
ODD = st.sampled_from([None, 1, True, "x", "READY", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), Decimal(1), ()])


def defined(noun: Noun) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydantic's word on values of another type
        return canonical_json(noun.model_dump(mode="json"))


@given(st.fixed_dictionaries({}, optional=FIELDS))
def test_what_a_noun_holds_is_written_as_its_definition_says(values: dict[str, Any]) -> None:
    noun = All.trusted(**values)
    write = _writer(All)
    assert write is not None
    assert write(noun) == noun.json_text() == defined(noun)


@given(st.sampled_from(sorted(FIELDS)), ODD)
def test_a_value_of_another_type_is_left_to_the_definition(field: str, value: object) -> None:
    noun = All.trusted(**{field: value})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            wanted = defined(noun)
        except Exception as error:  # noqa: BLE001  what the definition refuses is refused with its words
            with pytest.raises(type(error)):
                noun.json_text()
        else:
            assert noun.json_text() == wanted


def nouns() -> Iterator[type[Noun]]:
    for module in pkgutil.iter_modules(billsync.model.__path__):
        found = vars(import_module(f"billsync.model.{module.name}")).values()
        yield from (each for each in found if isinstance(each, type) and issubclass(each, Noun) and each is not Noun)


def test_every_noun_of_the_model_has_a_writer() -> None:
    assert [noun.__name__ for noun in nouns() if _writer(noun) is None] == []


def test_a_trusted_noun_is_the_validated_one() -> None:
    why = {"rule": "r", "formula": "f"}
    values: dict[str, Any] = dict.fromkeys(("key", "contract", "line", "deal", "customer", "product"), "x")
    values |= {"due_on": date(2026, 1, 1), "quantity": Decimal(1), "unit_amount": Decimal(2), "amount": Decimal(2)}
    trusted = Charge.trusted(**values, currency="EUR", why=Why.trusted(**why))
    validated = Charge(**values, currency="EUR", why=Why(**why))
    assert trusted == validated
    assert trusted.json_text() == validated.json_text()
    assert trusted.model_copy(update={"line": "2"}) == validated.model_copy(update={"line": "2"})


class Money(Noun):
    """A field with a type that no writer is known for."""

    id: Id
    anything: Any = None


def test_a_noun_with_an_unknown_part_is_written_by_the_definition() -> None:
    assert _writer(Money) is None
    assert Money(id="1", anything={"b": 1, "a": [2]}).json_text() == '{"anything":{"a":[2],"b":1},"id":"1"}'
    east = timezone(timedelta(hours=2))
    assert All.trusted(at=datetime(2026, 1, 1, tzinfo=east)).json_text() == defined(
        All.trusted(at=datetime(2026, 1, 1, tzinfo=east))
    )


@given(st.fixed_dictionaries({}, optional={name: FIELDS[name] for name in ("day", "state", "count", "inner", "price")}))
def test_what_was_written_is_read_back_the_same(values: dict[str, Any]) -> None:
    noun = All.trusted(**values)
    assert All.reread(noun.json_text()) == noun == All.model_validate_json(noun.json_text())


CONTRACT = """{"id": "C", "customer": "K", "currency": "EUR", "start": "2026-01-31", "lines": [
  {"id": "a", "product": "A", "model": "recurring", "every": {"months": 1}, "price": {"scheme": "flat", "amount": "9"}},
  {"id": "b", "product": "B", "model": "usage", "every": {"months": 1}, "meter": "m",
   "price": {"scheme": "graduated", "tiers": [{"up_to": "5", "unit_amount": "1.5"}, {"unit_amount": "1"}]},
   "ramp": []}]}"""


def test_a_contract_is_read_back_without_asking_again_how_it_fits() -> None:
    contract = Contract.model_validate_json(CONTRACT)
    written = contract.json_text()
    assert Contract.reread(written) == contract
    assert Contract.reread(written.replace('"meter":"m"', '"meter":null')).lines[1].meter is None
    for broken in (written.replace('"9"', "9.5"), written.replace('"2026-01-31"', '"2026-02-31"'), "{}", "x"):
        with pytest.raises(ValidationError):
            Contract.reread(broken)
