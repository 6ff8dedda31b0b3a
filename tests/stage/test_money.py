"""Money comes in and goes back, in the ERP and at the source, in any order: the books, the ERP and the CRM follow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.model.delivery import DeliveryState
from billsync.store import Store
from tests.stage.till import Till

S = DeliveryState


@pytest.fixture
def till(tmp_path: Path, sqlite_template: Path) -> Iterator[Till]:
    store = Store.open(f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    yield Till(tmp_path, store)
    store.close()


@pytest.fixture
def both(tmp_path: Path, store: Store) -> Till:
    """A till on each kind of database."""
    return Till(tmp_path, store)


# ---------------------------------------------------------------- payments that the ERP tells


def test_a_payment_taken_back_in_the_erp_opens_the_invoice_again(both: Till) -> None:
    both.run()
    both.pay("INV-0001", "40")
    both.pay("INV-0001", "60")
    both.run()
    assert (both.open("INV-0001"), both.status()["D1"]) == (("paid", "0.00"), "paid")
    both.payments[1]["gone"] = True
    assert both.run().counts["payments taken back"] == 1
    assert (both.open("INV-0001"), both.status()["D1"]) == (("partly_paid", "60.00"), "partly_paid")
    both.payments[0]["gone"] = True
    both.run()
    assert (both.open("INV-0001"), both.status()["D1"]) == (("sent", "100.00"), "sent")
    assert (both.trail("2"), both.books_of("2").state) == (["60.00", "-60.00"], "reversed")
    counts = both.run().counts
    assert not counts.get("payments taken back")
    del both.payments[0]["gone"]
    both.run()
    assert (both.open("INV-0001"), both.trail("1")) == (("partly_paid", "60.00"), ["40.00", "-40.00", "40.00"])
    assert both.sound()


def test_a_payment_corrected_in_the_erp_is_corrected_here(till: Till) -> None:
    till.run()
    till.pay("INV-0001", "100")
    till.run()
    till.payments[0]["amount"] = "30"
    assert till.run().counts["payments corrected"] == 1
    assert till.open("INV-0001") == ("partly_paid", "70.00")
    till.payments[0]["invoice_reference"] = "INV-0002"
    till.run()
    assert (till.open("INV-0001"), till.open("INV-0002")) == (("sent", "100.00"), ("partly_paid", "220.50"))
    with till.store.view() as tx:
        moves = [(row["before"], row["after"]) for row in reversed(tx.audit.tail("payment/1"))]
    assert moves == [("", "booked"), ("booked", "booked"), ("booked", "booked")]
    assert (till.codes(), till.sound()) == ([], True)


def test_a_payment_in_another_currency_counts_once_it_is_corrected(till: Till) -> None:
    """F89: nothing is converted."""
    till.run()
    till.pay("INV-0001", "100")
    till.payments[0]["currency"] = "EUR"
    till.run()
    assert (till.open("INV-0001"), till.codes()) == (("sent", "100.00"), ["CASH-PAYMENT-03"])
    till.payments[0]["currency"] = "USD"
    assert till.run().exit_code == 0
    assert (till.open("INV-0001"), till.codes(), till.sound()) == (("paid", "0.00"), [], True)


def test_what_is_paid_too_much_stays_the_payers_and_steps_in_where_another_payment_falls_away(till: Till) -> None:
    """F81."""
    till.run()
    till.pay("INV-0001", "100")
    till.pay("INV-0001", "100")
    till.run()
    assert (till.left("2"), till.codes()) == ("100.00", ["CASH-PAYMENT-02"])
    till.payments[0]["gone"] = True
    till.run()
    assert (till.open("INV-0001"), till.left("2"), till.codes()) == (("paid", "0.00"), "0.00", [])
    assert till.sound()


def test_a_payment_of_somebody_elses_invoice_is_ignored_with_a_reason(till: Till) -> None:
    till.run()
    till.pay("THEIRS-1", "40")
    assert till.run().counts["payments of other invoices read"] == 1
    with till.store.view() as tx:
        assert tx.ledger.payments() == []
        assert tx.ledger.events_verify() == (1, [])
    till.payments[0]["invoice_reference"] = "INV-0001"
    till.run()
    assert (till.open("INV-0001"), till.sound()) == (("partly_paid", "60.00"), True)


def test_an_amount_that_nobody_can_pay_is_told_at_its_record_and_goes_when_it_is_mended(till: Till) -> None:
    till.run()
    till.pay("INV-0001", "-5")
    till.pay("INV-0001", "5.001")
    till.run()
    assert (till.codes(), till.sound()) == (["CASH-PAYMENT-04"] * 2, True)
    till.payments[0]["amount"] = "5"
    till.payments[1]["gone"] = True
    till.run()
    assert (till.codes(), till.open("INV-0001"), till.sound()) == ([], ("partly_paid", "95.00"), True)


# ---------------------------------------------------------------- payments that the source tells


def test_payments_before_their_invoice_wait_for_it(till: Till) -> None:
    """F80, the books' side: the deposit was there first."""
    till.comes("P1", "100")
    till.deals, kept = {}, dict(till.deals)
    till.run()
    assert (till.left("P1"), till.codes()) == ("100.00", ["CASH-PAYMENT-01"])
    till.deals = kept
    till.run()
    assert (till.open("INV-0001"), till.codes(), till.status()["D1"]) == (("paid", "0.00"), [], "paid")
    assert till.sound()


def test_shuffled_and_repeated_events_book_one_payment(both: Till) -> None:
    """F84, I6: the later telling counts, whichever comes first."""
    both.run()
    both.comes("P1", "70", event="e3", version="3")
    both.run()
    both.comes("P1", "100", event="z1", version="1")
    both.comes("P1", "70", event="e3-again", version="3")
    assert both.run().exit_code == 0
    assert (both.open("INV-0001"), both.trail("P1")) == (("partly_paid", "30.00"), ["70.00"])
    both.events.pop(0)
    both.run()
    assert both.open("INV-0001") == ("partly_paid", "30.00"), "another record still tells it"
    both.events.clear()
    both.run()
    assert (both.open("INV-0001"), both.sound()) == (("sent", "100.00"), True)


def test_two_records_that_contradict_each_other_are_for_a_person(till: Till) -> None:
    till.run()
    till.comes("P1", "70", event="a")
    till.run()
    till.comes("P1", "80", event="b")
    till.run()
    assert (till.open("INV-0001"), till.codes()) == (("partly_paid", "30.00"), ["CASH-PAYMENT-05"])
    till.events[1]["amount"] = "70"
    assert till.run().exit_code == 0
    assert (till.codes(), till.sound()) == ([], True)


def test_a_refund_before_its_payment_is_parked_and_then_applied(both: Till) -> None:
    """F83."""
    both.run()
    both.goes("R1", "30", of="P1")
    assert both.run().exit_code == 0
    assert both.run().exit_code == 1
    assert both.codes() == ["CASH-REFUND-01"]
    both.comes("P1", "100")
    assert both.run().exit_code == 0
    assert (both.open("INV-0001"), both.codes(), str(both.books_of("P1").back)) == (
        ("partly_paid", "30.00"),
        [],
        "30.00",
    )
    assert both.sound()


def test_a_chargeback_opens_the_invoice_and_one_that_is_won_closes_it_again(till: Till) -> None:
    """F82."""
    till.run()
    till.comes("P1", "100")
    till.run()
    till.goes("C1", "100", of="P1", type="chargeback")
    till.run()
    assert (till.open("INV-0001"), till.status()["D1"]) == (("sent", "100.00"), "sent")
    till.events.pop()
    till.run()
    assert (till.open("INV-0001"), till.status()["D1"]) == (("paid", "0.00"), "paid")
    assert (till.trail("P1"), till.sound()) == (["100.00", "-100.00", "100.00"], True)


def test_more_back_than_in_and_foreign_refunds_are_told(till: Till) -> None:
    till.run()
    till.comes("P1", "100")
    till.goes("R1", "60", of="P1")
    till.goes("C1", "60", of="P1", type="chargeback")
    till.goes("R2", "5", of="P1", currency="EUR")
    till.run()
    assert till.codes() == ["CASH-REFUND-02", "CASH-REFUND-03"]
    assert (till.open("INV-0001"), str(till.books_of("P1").back), till.sound()) == (("sent", "100.00"), "100.00", True)


# ---------------------------------------------------------------- and out to the ERP


def test_a_payment_and_its_refund_go_to_the_erp_after_their_invoice_and_the_invoice_stays(till: Till) -> None:
    """F80, F82: each is a document of its own, once."""
    till.sends = True
    till.comes("P1", "100")
    till.goes("R1", "30", of="P1")
    till.books.faults.extend(["", "", "", "refused", "", ""])
    till.run()
    assert [key for key in till.there() if key in ("P1", "R1", "INV-0001")] == []
    with till.store.view() as tx:
        waits = tx.outbox.latest("erp", "payment", ["P1"])["P1"]
    assert (waits.state, waits.attempt) == ("WAITING", 0)
    till.books.faults.clear()
    with till.store.tx("retry") as tx:
        dead = tx.outbox.latest("erp", "invoice", ["INV-0001"])["INV-0001"]
        tx.outbox.move(dead, S.READY, at=till.clock.now(), gen=2)
    till.run()
    order = [key for key, _ in till.books.documents if key in ("P1", "R1", "INV-0001")]
    assert order == ["INV-0001", "P1", "R1"]
    sent = dict(till.books.documents)
    assert till.books.content[sent["P1"]]["invoice"] == sent["INV-0001"]
    assert till.books.content[sent["R1"]]["payment"] == "P1", "it waited without naming the record there"
    requests = till.books.requests
    till.run()
    assert (till.books.requests, till.sound()) == (requests, True)


def test_a_payment_taken_back_after_it_was_sent_is_made_void_there(both: Till) -> None:
    both.sends = True
    both.comes("P1", "100")
    both.run()
    remote = dict(both.books.documents)["P1"]
    both.events.clear()
    both.run()
    assert (both.books.voided, both.open("INV-0001")) == ([remote], ("sent", "100.00"))
    both.books.shows[remote] = {"state": "void"}  # what a later look finds is our own doing
    both.run()
    assert (both.books.voided, both.codes(), both.sound()) == ([remote], [], True)


def test_where_the_erp_cannot_take_it_back_a_person_is_told(till: Till) -> None:
    till.sends, till.voids = True, False
    till.comes("P1", "100")
    till.run()
    till.events.clear()
    assert till.run().exit_code == 1
    assert till.codes() == ["CASH-PAYMENT-06"]


def test_our_own_payment_read_back_from_the_erp_is_not_a_second_one(till: Till) -> None:
    till.sends = True
    till.comes("P1", "60")
    till.run()
    remote = dict(till.books.documents)["P1"]
    till.pay("INV-0001", "60")
    till.payments[0]["id"] = remote
    till.pay("INV-0001", "60")
    till.payments[1]["description"] = "P1"
    till.run()
    assert (till.open("INV-0001"), till.sound()) == (("partly_paid", "40.00"), True)
    with till.store.view() as tx:
        assert [item.payment.id for item in tx.ledger.payments()] == ["P1"]


def test_while_one_of_ours_is_on_its_way_there_no_payment_is_believed_to_be_another(till: Till) -> None:
    till.sends = True
    till.run()
    till.comes("P1", "60")
    till.books.faults.extend(["lost", "blind", "blind", "blind", "blind", "blind", "blind"])
    till.pay("INV-0001", "60")
    till.payments[0]["id"] = f"R{len(till.books.documents) + 1}"
    till.patience = 0
    till.run()
    assert (till.books.count("P1"), till.open("INV-0001")) == (1, ("partly_paid", "40.00"))
    with till.store.view() as tx:
        assert tx.outbox.latest("erp", "payment", ["P1"])["P1"].state is S.UNKNOWN
        assert [item.payment.id for item in tx.ledger.payments()] == ["P1"]
    till.books.faults.clear()
    till.patience = 3600
    till.run()
    assert dict(till.books.documents)["P1"] == till.payments[0]["id"]
    assert (till.books.count("P1"), till.open("INV-0001"), till.sound()) == (1, ("partly_paid", "40.00"), True)


# ---------------------------------------------------------------- deals that change after they were billed


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["Won", "Lost", "Engaging"]), st.sampled_from(["100", "140"])), max_size=3))
def test_a_deal_that_flips_is_billed_once_or_told(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, flips: list[Any]
) -> None:
    """F62, F59, I3: what is invoiced is what the deal is worth now, or a person is told; never two invoices."""
    folder = tmp_path_factory.mktemp("flips")
    store = Store.open(f"sqlite:///{shutil.copy(sqlite_template, folder)}")
    till, worth = Till(folder, store), ""
    for stage, amount in [*flips, ("Won", "100")]:
        till.deals["D1"] = ("Acme", stage, amount)
        till.run()
        worth = worth or (f"{amount}.00" if stage == "Won" else "")
        billed = till.invoices().get("D1", ("", None))[0]
        assert billed == worth
        agrees = not billed or (stage == "Won" and f"{amount}.00" == billed)
        assert [code for code in till.codes() if code.startswith("BILL-")] == [] if agrees else till.codes()
    assert till.there().count("INV-0001") == 1
    assert till.sound()
    store.close()


def test_a_deal_whose_currency_changes_after_it_was_billed_is_for_a_person(till: Till) -> None:
    """F63: nothing is converted, nothing is sent again."""
    till.run()
    there = till.there()
    till.currency = "EUR"
    assert till.run().exit_code == 1
    assert till.codes() == ["BILL-DEAL-05", "BILL-DEAL-05"]
    assert (till.there(), till.open("INV-0001")) == (there, ("sent", "100.00"))
    till.currency = "USD"
    assert till.run().exit_code == 0
    assert (till.codes(), till.there(), till.sound()) == ([], there, True)
