"""One of several words was expected: the message names them, the place is the word's, the hint is the nearest."""

from __future__ import annotations

import pytest

from billsync.model.base import Noun
from billsync.model.convention import CouponOrder
from billsync.model.money import Rounding
from billsync.model.scheme import AnyScheme
from billsync.settings import BadSettings, node_to_model
from billsync.strict.yaml import load


class _Line(Noun):
    price: AnyScheme | None = None
    order: CouponOrder = "as_given"
    rounding: Rounding = Rounding.HALF_UP


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "order: fixd_first",
            "f:1:8: YAML-VALUE-01 a line order: expected 'as_given', .*got the text 'fixd_first'.*did",
        ),
        ("order: x", "expected 'as_given', 'percentage_first' or 'fixed_first', got the text 'x'$"),
        ("rounding: half-up", "f:1:11: .*got the text 'half-up'  .did you mean 'half_up'"),
        (
            "price:\n  amount: 1\n  scheme: falt",
            "f:3:11: YAML-VALUE-01 a line price.scheme: expected 'flat', .*'falt'.*mean 'flat'",
        ),
        ("price: {amount: 1}", "f:1:8: YAML-KEY-03 a line price needs the key 'scheme'"),
        ("price: flat", "f:1:8: YAML-VALUE-01 a line price: expected a mapping, got the text 'flat'"),
        ("price: {scheme: [flat]}", "f:1:17: YAML-VALUE-01 a line price.scheme: expected 'flat', .*got a list"),
    ],
)
def test_the_nearest_word_is_told(text: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        node_to_model(load(text, "f"), _Line, "a line")
