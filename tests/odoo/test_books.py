"""Sums, numbers, states, lock dates, payments and credit notes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.odoo.house import House


def _sums(odoo: House, id: int) -> tuple[str, ...]:
    row = odoo.move(id, "amount_untaxed", "amount_tax", "amount_total")
    return tuple(str(Decimal(str(value))) for value in row)


@pytest.mark.parametrize(
    ("method", "lines", "sums"),
    [
        ("round_per_line", [(1, "0.01", "19%")], ("0.01", "0", "0.01")),
        ("round_per_line", [(1, "1.005", "20%")], ("1.01", "0.2", "1.21")),
        ("round_per_line", [(1, "0.33", "8.875%")] * 3, ("0.99", "0.09", "1.08")),
        ("round_globally", [(1, "0.16", "8.875%")] * 4, ("0.64", "0.06", "0.7")),
        ("round_per_line", [(1, "0.16", "8.875%")] * 4, ("0.64", "0.04", "0.68")),
        ("round_per_line", [(1, "119", "19% incl.")], ("100", "19", "119")),
        ("round_per_line", [(3, "0.99", "19% incl.")], ("2.5", "0.47", "2.97")),
        ("round_per_line", [(2, "50", "7%"), (1, "10", "19%")], ("110", "8.9", "118.9")),
        ("round_per_line", [(4, "10", "Fee 0.50")], ("40", "2", "42")),
    ],
)
def test_sums(odoo: House, method: str, lines: list[tuple[int, str, str]], sums: tuple[str, ...]) -> None:
    odoo.human("res.company", "write", ids=[1], vals={"tax_calculation_rounding_method": method})
    said = [
        {"name": "x", "quantity": n, "price_unit": float(price), "tax_ids": [[6, 0, [odoo.tax(tax)]]]}
        for n, price, tax in lines
    ]
    assert _sums(odoo, odoo.draft(*said)) == sums


def test_two_taxes_in_one_price_leave_the_price_as_it_is(odoo: House) -> None:
    made = odoo.call("account.tax", "create", vals_list=[{"name": "7% incl.", "amount": 7, "price_include": True}])
    both = [[6, 0, [odoo.tax("19% incl."), *made]]]
    assert _sums(odoo, odoo.draft({"name": "x", "price_unit": 0.1, "tax_ids": both})) == ("0.07", "0.03", "0.1")


def test_a_yen_has_no_cents_and_a_dinar_three_places(odoo: House) -> None:
    ids = {name: odoo.call("res.currency", "search", domain=[["name", "=", name]])[0] for name in ("JPY", "KWD")}
    odoo.set(price_digits=3)
    line: dict[str, Any] = {"name": "x", "price_unit": 1000.5, "tax_ids": [[6, 0, [odoo.tax("20%")]]]}
    assert _sums(odoo, odoo.draft(line, currency_id=ids["JPY"])) == ("1001", "200", "1201")
    assert _sums(odoo, odoo.draft({**line, "price_unit": 1.005}, currency_id=ids["KWD"])) == ("1.005", "0.201", "1.206")


def test_what_a_line_does_not_say_comes_from_its_product_and_the_company(odoo: House) -> None:
    product = odoo.call(
        "product.product", "create",
        vals_list=[{"name": "Seat", "default_code": "S-1", "list_price": 12.5, "taxes_id": [[6, 0, [odoo.tax("7%")]]]}],
    )[0]  # fmt: skip
    id = odoo.draft({"product_id": product, "quantity": 4})
    line = odoo.call("account.move.line", "read", ids=odoo.move(id, "invoice_line_ids"), fields=["name", "price_unit"])[
        0
    ]
    assert (line["name"], line["price_unit"], _sums(odoo, id)) == ("[S-1] Seat", 12.5, ("50", "3.5", "53.5"))
    assert _sums(odoo, odoo.draft({"name": "nothing said of tax", "price_unit": 10})) == ("10", "1.9", "11.9")
    assert _sums(odoo, odoo.draft({"name": "none", "price_unit": 10, "tax_ids": []}))[2] == "10"


def test_a_number_comes_when_it_is_posted_and_has_no_gap(odoo: House) -> None:
    first, second, third = odoo.draft(), odoo.draft(), odoo.draft(invoice_date="2025-12-30")
    odoo.call("account.move", "action_post", ids=[second])
    odoo.call("account.move", "action_post", ids=[third, first])
    assert [odoo.move(id, "name") for id in (first, second, third)] == [
        "INV/2026/00002",
        "INV/2026/00001",
        "INV/2025/00001",
    ]
    assert odoo.wrong("account.move", "action_post", ids=[first])[1:] == (
        "UserError", f"The entry INV/2026/00002 (id {first}) must be in draft.",
    )  # fmt: skip
    odoo.call("account.move", "button_draft", ids=[second])
    odoo.call("account.move", "action_post", ids=[second])
    assert odoo.move(second, "name") == "INV/2026/00001"
    taken = odoo.draft(name="INV/2026/00001")
    assert odoo.wrong("account.move", "action_post", ids=[taken])[1] == "ValidationError"


def test_what_is_posted_cannot_be_changed_or_deleted_but_cancelled(odoo: House) -> None:
    id = odoo.posted()
    line = odoo.move(id, "invoice_line_ids")[0]
    assert (
        "reset the journal entry to draft" in odoo.wrong("account.move", "write", ids=[id], vals={"partner_id": 1})[2]
    )
    assert odoo.wrong("account.move.line", "write", ids=[line], vals={"price_unit": 1})[0] == 422
    assert (
        odoo.wrong("account.move.line", "unlink", ids=[line])[2]
        == "You cannot delete an item linked to a posted entry."
    )
    assert odoo.wrong("account.move", "unlink", ids=[id])[1] == "UserError"
    odoo.call("account.move", "write", ids=[id], vals={"ref": "still"})
    odoo.call("account.move", "button_cancel", ids=[id])
    assert odoo.move(id, "state", "amount_residual", "ref", "name") == ("cancel", 0, "still", "INV/2026/00001")


def test_what_is_not_complete_is_not_posted(odoo: House) -> None:
    partner = odoo.partner()
    empty = odoo.call("account.move", "create", vals_list=[{"move_type": "out_invoice", "partner_id": partner}])
    assert odoo.wrong("account.move", "action_post", ids=empty)[2] == "You need to add a line before posting."
    negative = odoo.draft({"name": "x", "price_unit": -5})
    assert "negative total amount" in odoo.wrong("account.move", "action_post", ids=[negative])[2]
    line = [[0, 0, {"name": "x", "price_unit": 5}]]
    nobody = odoo.call("account.move", "create", vals_list=[{"move_type": "out_invoice", "invoice_line_ids": line}])
    assert "'Customer' is required" in odoo.wrong("account.move", "action_post", ids=nobody)[2]


def test_a_locked_period_refuses_or_books_later(odoo: House) -> None:
    before = odoo.posted(invoice_date="2026-02-10")
    odoo.human("res.company", "write", ids=[1], vals={"fiscalyear_lock_date": "2026-02-28"})
    late = odoo.draft(invoice_date="2026-02-27")
    assert odoo.wrong("account.move", "action_post", ids=[late])[1:] == (
        "UserError", "You cannot add/modify entries prior to and inclusive of: lock date (2026-02-28).",
    )  # fmt: skip
    assert odoo.wrong("account.move", "button_draft", ids=[before])[0] == 422
    assert odoo.move(late, "state", "name") == ("draft", False)
    odoo.set(lock="move")
    odoo.call("account.move", "action_post", ids=[late])
    assert odoo.move(late, "date", "invoice_date", "name") == ("2026-03-01", "2026-02-27", "INV/2026/00002")


def test_payments_part_whole_more_and_with_a_difference(odoo: House) -> None:
    id = odoo.posted()
    odoo.pay(id, amount=19, payment_date="2026-03-04", communication="part")
    assert odoo.move(id, "payment_state", "amount_residual") == ("partial", 100)
    second = odoo.pay(id, amount=150)
    assert odoo.move(id, "payment_state", "amount_residual") == ("paid", 0)
    assert (
        odoo.wrong(
            "account.payment.register",
            "create",
            vals_list=[{}],
            context={"active_model": "account.move", "active_ids": [id]},
        )[0]
        == 422
    )
    other = odoo.posted()
    entry = odoo.call("account.payment", "read", ids=[second], fields=["move_id"])[0]["move_id"][0]
    line = odoo.call("account.move.line", "search", domain=[["move_id", "=", entry]])[0]
    odoo.call("account.move", "js_assign_outstanding_line", ids=[other], line_id=line)
    assert odoo.move(other, "amount_residual") == 69
    odoo.pay(other, amount=60, payment_difference_handling="reconcile")
    assert odoo.move(other, "payment_state") == "paid"
    odoo.call("account.payment", "action_cancel", ids=[second])
    assert odoo.move(id, "payment_state", "amount_residual") == ("partial", 100)
    assert odoo.move(other, "payment_state", "amount_residual") == ("partial", 50)


def test_several_are_paid_one_by_one_or_together(odoo: House) -> None:
    ids = [odoo.posted(), odoo.posted({"name": "x", "price_unit": 10, "tax_ids": []})]
    context = {"active_model": "account.move", "active_ids": ids}
    wizard = odoo.call("account.payment.register", "create", vals_list=[{}], context=context)
    action = odoo.call("account.payment.register", "action_create_payments", ids=wizard)
    made = odoo.call("account.payment", "search_read", domain=action["domain"], fields=["amount"], order="id")
    assert [row["amount"] for row in made] == [119, 10]
    more = [odoo.posted(), odoo.posted()]
    odoo.pay(*more, group_payment=True)
    assert [odoo.move(id, "payment_state") for id in (*ids, *more)] == ["paid"] * 4


def test_where_it_is_set_up_so_a_payment_waits_for_the_bank(odoo: House) -> None:
    odoo.set(in_payment=True)
    id = odoo.posted()
    payment = odoo.pay(id)
    named = {"ids": [payment], "fields": ["state"]}
    assert odoo.call("account.payment", "read", **named)[0]["state"] == "in_process"
    assert odoo.move(id, "payment_state") == "in_payment"
    odoo.human("account.payment", "match", ids=[payment])
    assert odoo.call("account.payment", "read", **named)[0]["state"] == odoo.move(id, "payment_state") == "paid"


def test_credit_notes_by_the_wizard_and_by_hand(odoo: House) -> None:
    id, other = odoo.posted(), odoo.posted()
    context = {"active_model": "account.move", "active_ids": [id]}
    wizard = odoo.call(
        "account.move.reversal", "create", vals_list=[{"reason": "r", "date": "2026-03-04"}], context=context
    )
    draft = odoo.call("account.move.reversal", "refund_moves", ids=wizard)["res_id"]
    assert odoo.move(draft, "state", "ref", "invoice_date") == ("draft", "Reversal of: INV/2026/00001, r", "2026-03-04")
    odoo.call("account.move", "action_post", ids=[draft])
    lines = odoo.call(
        "account.move.line", "search", domain=[["move_id", "in", [id, draft]], ["display_type", "=", "payment_term"]]
    )
    odoo.call("account.move.line", "reconcile", ids=lines)
    assert odoo.move(id, "payment_state", "amount_residual") == ("reversed", 0)
    assert odoo.move(draft, "name", "amount_residual", "payment_state") == ("RINV/2026/00001", 0, "paid")
    odoo.call("account.move.line", "remove_move_reconcile", ids=lines)
    assert odoo.move(id, "payment_state", "amount_residual") == ("not_paid", 119)
    context["active_ids"] = [other]
    wizard = odoo.call("account.move.reversal", "create", vals_list=[{}], context=context)
    odoo.call("account.move.reversal", "modify_moves", ids=wizard)
    assert odoo.move(other, "payment_state") == "reversed"


def test_a_thousand_lines_quotes_and_emoji(odoo: House) -> None:
    text = "‘Quotes’ “and” 🚀 \\ <b>&amp;"
    id = odoo.draft(*[{"name": text, "price_unit": 0.01, "tax_ids": []}] * 1000)
    odoo.call("account.move", "action_post", ids=[id])
    assert (len(odoo.move(id, "invoice_line_ids")), odoo.move(id, "amount_total")) == (1000, 10)


def test_papers(odoo: House) -> None:
    id = odoo.posted()
    file = {
        "name": "a.pdf",
        "res_model": "account.move",
        "res_id": id,
        "datas": "JVBERi0xLjQ=",
        "mimetype": "application/pdf",
    }
    made = odoo.call("ir.attachment", "create", vals_list=[file])
    assert odoo.call("ir.attachment", "read", ids=made, fields=["datas", "file_size"])[0] == {
        "id": made[0], "datas": "JVBERi0xLjQ=", "file_size": 8,
    }  # fmt: skip
    odoo.call("account.move", "message_post", ids=[id], body="billsync run 7")
    assert odoo.call("mail.message", "search_count", domain=[["res_id", "=", id], ["model", "=", "account.move"]]) == 1
