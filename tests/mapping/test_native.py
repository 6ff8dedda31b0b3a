"""Functions of packages: what they take and give is checked, whatever they do is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billsync.mapping import BadNative, Native, native, parse
from billsync.mapping.native import failures, find, native_of
from billsync.mapping.problems import Findings
from billsync.mapping.values import MISSING, Wrong
from billsync.model.problem import Place
from tests.mapping.make import product

PLACE = Place(file="m.yaml", line=3, column=5)


@native(
    "acme.tax_code",
    "The tax code of a sale.",
    ({"country": "DE", "vat_id": "DE136695976"}, "RC"),
    ({"country": "DE"}, "DE19"),
    ({"country": "US", "vat_id": None}, None),
)
def tax_code(country: str, vat_id: str | None = None) -> str | None:
    if country != "DE":
        return None
    return "RC" if vat_id else "DE19"


def made(call: Callable[..., Any], *examples: tuple[dict[str, Any], Any]) -> Native:
    return native_of(native("acme.f", "It is tried.", *(examples or (({}, 1),)))(call))


def fault(found: Native, **arguments: Any) -> Wrong:
    with pytest.raises(Wrong) as caught:
        found.run(arguments)
    return caught.value


def test_the_annotations_are_its_signature_and_the_function_stays_itself() -> None:
    found = native_of(tax_code)
    assert found.signature == "acme.tax_code(country: text, vat_id: text?) -> text"
    assert tax_code("DE", vat_id="DE136695976") == "RC"
    assert failures(found) == []


def test_it_is_called_by_name_and_a_blank_option_is_left_out() -> None:
    found = native_of(tax_code)
    assert found.run({"country": "DE", "vat_id": "DE136695976"}) == "RC"
    assert found.run({"country": "DE", "vat_id": " "}) == "DE19"
    assert found.run({"country": "DE"}) == "DE19"
    assert found.run({"country": MISSING}) is None


def test_a_value_of_another_kind_never_reaches_it() -> None:
    called = []

    def f(price: Decimal, on: date, seats: int, names: list[str], open: bool) -> int:
        called.append((price, on, seats, names, open))
        return len(names)

    good = {
        "price": Decimal("1.50"),
        "on": date(2026, 1, 31),
        "seats": Decimal("3.0"),
        "names": ("a", "b"),
        "open": True,
    }
    found = made(f, (good, 2))
    assert found.run(good) == 2
    assert called == [(Decimal("1.50"), date(2026, 1, 31), 3, ["a", "b"], True)]
    assert type(called[0][2]) is int
    wrong = {"price": "1.50", "on": datetime(2026, 1, 1, tzinfo=UTC), "seats": Decimal("3.5"), "names": [1], "open": 1}
    for name, value in wrong.items():
        assert fault(found, **{**good, name: value}).code == "MAP-VALUE-02"
    assert str(fault(found, **{**good, "price": "1.50"})) == "acme.f: price: expected a number, got the text '1.50'"
    assert fault(found, **{**good, "price": None}).code == "MAP-VALUE-02"
    assert len(called) == 1


@pytest.mark.parametrize(
    ("gives", "value"),
    [(str, 1), (Decimal, "1"), (Decimal, Decimal("NaN")), (int, Decimal(1)), (int, 1.5), (str, None), (bool, 1),
     (list[str], ["a", 1]), (date, datetime(2026, 1, 1, tzinfo=UTC)), (Any, object()), (Any, 1.5)],
)  # fmt: skip
def test_a_result_of_another_kind_is_told(gives: Any, value: object) -> None:
    def f() -> Any:
        return value

    f.__annotations__["return"] = gives
    wrong = fault(made(f))
    assert wrong.code == "MAP-FN-02"
    assert "acme.f must give" in str(wrong)


def test_what_it_raises_is_told_with_its_name() -> None:
    def f(a: str) -> str:
        return {"a": "b"}[a]

    found = made(f, ({"a": "a"}, "b"))
    assert fault(found, a="x").message.startswith("acme.f failed: KeyError: ")
    assert fault(found, a="x").code == "MAP-FN-02"


def bare(a: str) -> str:
    return a


del bare.__annotations__["a"]


def binary(a: float) -> str:
    return str(a)


def rest(*a: str) -> str:
    return "".join(a)


def either(a: str | int) -> str:
    return str(a)


def nothing(a: str) -> None:
    return None


def unknown(a: str) -> str:
    return a


unknown.__annotations__["a"] = "Nowhere"


@pytest.mark.parametrize(
    ("call", "told"),
    [(bare, "a: expected str, Decimal, .* got none"), (binary, "got float .money is Decimal."), (rest, "by name"),
     (either, "a: expected str"), (nothing, "its result: expected str"), (unknown, "cannot be read: NameError")],
)  # fmt: skip
def test_an_annotation_that_is_no_type_of_ours_is_refused_at_once(call: Callable[..., Any], told: str) -> None:
    with pytest.raises(BadNative, match=told):
        made(call, ({"a": "x"}, "x"))


def test_name_summary_and_examples_are_needed_and_fit() -> None:
    def f(a: str) -> str:
        return a

    for name in ("tax", "Acme.tax", "acme.", "acme.Tax code"):
        with pytest.raises(BadNative, match=r"package\.function"):
            native(name, "It is tried.", ({"a": "x"}, "x"))(f)
    with pytest.raises(BadNative, match="needs a summary and one example"):
        native("acme.f", "It is tried.")(f)
    with pytest.raises(BadNative, match=r"acme\.f has no parameter 'b'"):
        native("acme.f", "It is tried.", ({"a": "x", "b": "y"}, "x"))(f)
    with pytest.raises(BadNative, match=r"acme\.f needs a"):
        native("acme.f", "It is tried.", ({}, "x"))(f)
    with pytest.raises(BadNative, match="not a function with"):
        native_of(f)


def test_an_example_that_does_not_hold_and_one_that_changes_are_told() -> None:
    seen: list[int] = []

    def count() -> int:
        seen.append(1)
        return len(seen)

    assert failures(made(count, ({}, 1))) == ["acme.f(): gave 1, and then 2 for the same"]

    def text(a: str) -> str:
        return a.upper()

    assert failures(made(text, ({"a": "x"}, "x"))) == ["acme.f(a='x'): expected 'x', got 'X'"]
    assert failures(made(text, ({"a": 1}, "x"))) == ["acme.f(a=1): acme.f: a: expected text, got the number 1"]


def test_a_function_that_is_not_there_is_told_with_the_nearest_name() -> None:
    findings = Findings()
    natives = {"acme.tax_code": native_of(tax_code)}
    assert find(natives, "acme.tax_code", PLACE, findings) is natives["acme.tax_code"]
    assert find(natives, "acme.taxcode", PLACE, findings) is None
    (problem,) = findings.problems
    assert (problem.code, problem.place) == ("MAP-FN-01", PLACE)
    assert problem.hint == "did you mean 'acme.tax_code'?; or install the package that brings it"


def test_arguments_that_do_not_fit_are_named() -> None:
    found = native_of(tax_code)
    assert found.complaints(["country"]) == []
    assert found.complaints(["contry"]) == [
        ("contry", "acme.tax_code has no parameter 'contry'", "did you mean 'country'?"),
        ("", "acme.tax_code needs country", found.signature),
    ]


def test_the_digest_of_a_mapping_covers_the_release_of_what_it_calls() -> None:
    text = product("description: {fn: acme.tax_code, with: {country: Country}}")
    found = native_of(tax_code)
    digests = {
        parse(text, "m.yaml", natives={found.name: replace(found, release=release)}).digest
        for release in ("acme 1.0", "acme 1.1", "")
    }
    assert len(digests) == 3
