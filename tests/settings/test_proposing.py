"""What is found by itself when an ERP is connected, what is asked, and what is never guessed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import Field, SecretStr

from billsync.connector import Books, Choice
from billsync.invoicing.policy import TaxRule
from billsync.settings.proposing import needs, percent, wishes
from billsync.wire import HttpSettings


class Acme(HttpSettings):
    """Acme's.

    Attributes:
        client_id: the app's name
            with them.
        revenue_account: where lines are booked.
        tax_codes: ours -> theirs.
    """

    url: str = "https://api.acme.example"
    client_id: str
    client_secret: SecretStr
    key: SecretStr | None = None
    revenue_account: str = ""
    bank_account: str = Field(pattern=".")
    no_tax: str = "NONE"
    tax_codes: dict[str, str] = {}


def tax(id: str, rate: str | None, name: str = "") -> Choice:
    return Choice(id, name or id, rate=None if rate is None else Decimal(rate))


def account(id: str, kind: Any = "revenue", *, default: bool = False) -> Choice:
    return Choice(id, f"Account {id}", kind=kind, default=default)


def rule(code: str, rate: str, **more: Any) -> TaxRule:
    return TaxRule.model_validate({"code": code, "rate": rate, **more})


SETTINGS = {
    "revenue_account": "accounts:revenue",
    "bank_account": "accounts:bank",
    "tax_codes": "taxes",
    "other": "taxes",
}


def test_what_a_connection_needs_is_told_with_the_words_of_its_model_and_of_those_below() -> None:
    found = needs(Acme)
    assert [name for name, need in found.items() if need.needed] == ["client_id", "client_secret", "bank_account"]
    assert [name for name, need in found.items() if need.secret] == ["client_secret", "key"]
    assert found["client_id"].words == "the app's name with them."
    assert found["url"].words.startswith("address of the system")
    assert found["url"].default == "https://api.acme.example"
    assert "tax_codes" not in found


@pytest.mark.parametrize(
    ("accounts", "chosen"),
    [
        ((account("1"),), "1"),
        ((account("1"), account("2")), None),
        ((account("1"), account("2", default=True)), "2"),
        ((account("1"), account("2", "bank")), "1"),
        ((account("1", default=True), account("2", default=True)), None),
    ],
)
def test_an_account_is_found_where_only_one_can_be_meant(accounts: tuple[Choice, ...], chosen: str | None) -> None:
    books = Books(accounts=accounts, settings={"revenue_account": "accounts:revenue"})
    (wish,) = wishes(books, Acme, [], {})
    assert (wish.path, wish.chosen, wish.why) == (("revenue_account",), chosen, "where lines are booked.")


def test_a_term_is_never_chosen_for_a_person() -> None:
    """To go without, with due dates of our own, is a choice too."""
    books = Books(terms=(Choice("NET30", "30 days"),), settings={"revenue_account": "terms"})
    (wish,) = wishes(books, Acme, [], {})
    assert (wish.chosen, wish.optional) == (None, True)


@pytest.mark.parametrize(
    ("taxes", "rules", "chosen", "optional", "fits"),
    [
        ([tax("V19", "0.19"), tax("V7", "0.07")], [rule("std", "0.19")], "V19", True, True),
        ([tax("A", "0.190"), tax("B", "0.19")], [rule("std", "0.19")], None, False, True),
        ([tax("A", "0.19", "STD"), tax("B", "0.19")], [rule("std", "0.19")], "A", True, True),
        ([tax("A", "0.19", "VAT"), tax("B", "0.19")], [rule("s", "0.19", name="vat")], "A", True, True),
        ([tax("A", "0.20"), tax("C", None)], [rule("std", "0.19")], None, True, False),
        ([tax("Z", "0"), tax("E", "0")], [rule("rc", "0", kind="reverse_charge")], None, True, True),
        ([tax("A", "0.19", "std"), tax("B", "0.19", "STD")], [rule("std", "0.19")], None, False, True),
    ],
)
def test_a_tax_is_found_by_rate_then_by_name_and_never_guessed(
    taxes: list[Choice], rules: list[TaxRule], chosen: str | None, optional: bool, fits: bool
) -> None:
    (wish,) = wishes(Books(taxes=tuple(taxes), settings=SETTINGS), Acme, rules, {"bank_account": "1"})
    assert (wish.chosen, wish.fits) == (chosen, fits)
    assert wish.optional is optional or wish.chosen is not None
    assert wish.choices


def test_a_code_of_several_rates_is_left_to_each_line_and_what_is_given_is_not_asked_again() -> None:
    rules = [
        rule("std", "0.19", country="DE"),
        rule("std", "0.20", country="AT"),
        rule("low", "0.07"),
        rule("x", "0.05"),
    ]
    taxes = tuple(tax(f"T{text}", text) for text in ("0.19", "0.20", "0.07", "0.05"))
    given = {"tax_codes": {"low": "T9"}, "revenue_account": "1"}
    books = Books(taxes=taxes, accounts=(account("1"), account("b", "bank")), settings=SETTINGS)
    found = wishes(books, Acme, rules, given)
    assert [(wish.path, wish.chosen, wish.optional) for wish in found] == [
        (("bank_account",), "b", False),
        (("tax_codes", "x"), "T0.05", True),
    ]


def test_rates_as_people_say_them() -> None:
    assert [percent(Decimal(text)) for text in ("0.19", "0", "0.2", "0.0825", "1")] == [
        "19 %", "0 %", "20 %", "8.25 %", "100 %",
    ]  # fmt: skip
