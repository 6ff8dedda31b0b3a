"""What goes there: customers, items, invoices, credit memos, payments, voids, files, each read back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billsync.connector import Absent, Applied, Attachment, Found, Intent, Mismatch, Refused, TryLater, Unclear
from tests.quickbooks.office import ON, Office, expect
from tests.quickbooks.stand_in import BASE, StandIn

EMOJI = 'O\'Brien & "Söhne" \\ 🚀'


@pytest.fixture
def office(company: StandIn) -> Office:
    return Office(company)


def refused(outcome: object) -> str:
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


# ---------------------------------------------------------------- customers and items


def test_a_customer_is_made_once_and_changed_only_in_what_is_ours(office: Office) -> None:
    sent = {
        "DisplayName": EMOJI,
        "BillAddr": {"City": "Köln", "Line1": None},
        "PrimaryEmailAddr": {"Address": "a@b.example"},
    }
    id = office.id("customer", "c-1", sent)
    assert office.id("customer", "c-1", sent) == id
    office.there.human("update", "Customer", id, Notes="billsync:c-1\nrings twice", Taxable=False)
    before = office.there.truth("Customer")[id]["SyncToken"]
    assert isinstance(office.write("customer", "c-1", sent, remote_id=id), Applied)
    assert office.there.truth("Customer")[id]["SyncToken"] == before  # nothing differs: nothing is written
    assert isinstance(office.write("customer", "c-1", {**sent, "BillAddr": {"City": "Bonn"}}, remote_id=id), Applied)
    row = office.there.truth("Customer")[id]
    assert (row["BillAddr"]["City"], row["Notes"], row["Taxable"]) == ("Bonn", "billsync:c-1\nrings twice", False)
    assert office.erp.probe("customer", ["c-1", "nobody"]) == [Found((id,)), Absent()]


def test_nobody_is_matched_by_a_name_alone(office: Office) -> None:
    office.there.human("create", "Customer", DisplayName="Bauer")
    assert refused(office.write("customer", "bauer", {"DisplayName": "Bauer"})) == "name_taken"
    again = office.write(
        "customer", "acme", {"DisplayName": "Acme", "CompanyName": "Acme Inc"}, idempotency_key="other"
    )
    assert again == Applied(office.customer)  # ours, by its notes: adopted, and brought up to date
    assert office.there.truth("Customer")[office.customer]["CompanyName"] == "Acme Inc"


def test_changes_go_together_and_each_has_an_outcome_of_its_own(office: Office) -> None:
    ids = [office.id("item", f"P-{n}", {"Name": f"P {n}"}) for n in range(4)]
    intents = [Intent(f"P-{n}", "item", {"Name": f"Part {n}"}, remote_id=id) for n, id in enumerate(ids)]
    office.there.fault("reject-item", item=2, code=5010, path=f"{BASE}/batch")
    office.there.fault("lost", path=f"{BASE}/item$", method="POST", next=1)
    outcomes = office.erp.write("item", intents)
    assert [type(outcome) for outcome in outcomes] == [Applied, Unclear, Applied, Applied]
    assert [office.there.truth("Item")[id]["Name"] for id in ids] == [f"Part {n}" for n in range(4)]
    office.there.fault("batch-cut", items=1, path=f"{BASE}/batch")
    fresh = [Intent(f"P-{n}", "item", {"Name": f"Bit {n}"}, remote_id=id) for n, id in enumerate(ids)]
    assert sorted(type(outcome).__name__ for outcome in office.erp.write("item", fresh)) == [
        "Applied",
        *["Unclear"] * 3,
    ]
    assert [type(outcome) for outcome in office.erp.write("item", fresh)] == [Applied] * 4


def test_who_is_inactive_there_is_told(office: Office) -> None:
    office.there.human("deactivate", "Customer", office.customer)
    assert refused(office.write("customer", "acme", {"DisplayName": "Acme"}, remote_id=office.customer)) == "inactive"
    assert refused(office.write("invoice", "INV-1", office.bill())) == "inactive"


@pytest.mark.parametrize(
    ("object", "payload", "reason"),
    [
        ("customer", {"DisplayName": "A", "Balance": "7"}, "unknown_field"),
        ("customer", {"DisplayName": "A:B"}, "bad_name"),
        ("customer", {"CompanyName": "A"}, "missing_value"),
        ("item", {"Name": "A", "Sku": "other"}, "bad_key"),
        ("item", {"Name": "x" * 101}, "too_long"),
        ("invoice", {"CustomerRef": {"value": "1"}, "Line": []}, "no_lines"),
        ("invoice", {"DocNumber": "other"}, "bad_key"),
        ("invoice", {"CustomerRef": "1", "Line": [{"SalesItemLineDetail": {"Qty": 1}}]}, "missing_value"),
        ("invoice", {"TotalAmt": 5}, "unknown_field"),
        ("payment", {"TotalAmt": "-1", "TxnDate": "2026-03-05"}, "bad_amount"),
        ("payment", {"TotalAmt": "five"}, "bad_value"),
        ("payment", {"TotalAmt": "5"}, "missing_value"),
    ],
)
def test_what_would_be_ignored_or_come_out_otherwise_is_not_sent(
    office: Office, object: str, payload: dict[str, object], reason: str
) -> None:
    office.there.admin("DELETE", "log")
    assert refused(office.write(object, "k-1", payload)) == reason
    log = office.there.admin("GET", "log")["requests"]
    assert not [row for row in log if row["method"] == "POST" and "/query" not in row["path"] and row["executed"]]


# ---------------------------------------------------------------- invoices


def test_an_invoice_is_made_once_and_shows_what_was_sent(office: Office) -> None:
    sent = office.bill("INV-1", office.line("1.005", "3", text=EMOJI), DueDate="2026-04-04", PrivateNote="Q1")
    outcome = office.write("invoice", "INV-1", sent, expect=expect("3.02"))
    assert isinstance(outcome, Applied)
    echo = {
        "total": Decimal("3.02"),
        "tax": 0,
        "currency": "USD",
        "lines": 1,
        "on": ON,
        "number": "INV-1",
        "state": "sent",
    }
    assert outcome.echo == echo
    assert office.write("invoice", "INV-1", sent, expect=expect("3.02")) == outcome
    assert office.write("invoice", "INV-1", sent, remote_id=outcome.remote_id, expect=expect("3.02")) == outcome
    row = office.there.truth("Invoice")[outcome.remote_id]
    assert (row["PrivateNote"], row["Line"][0]["Description"]) == ("Q1\nbillsync:INV-1", EMOJI)
    assert office.erp.probe("invoice", ["INV-1", "inv-1"]) == [Found((outcome.remote_id,), echo=echo), Absent()]
    assert office.numbers() == ["INV-1"]


def test_tax_of_one_rate_is_found_by_itself_in_the_us(office: Office) -> None:
    lines = [office.line("100", rate="0.08"), office.line("50")]
    outcome = office.write("invoice", "INV-1", office.bill("INV-1", *lines), expect=expect("158", "8", 2))
    assert isinstance(outcome, Applied), outcome
    unknown = office.write("invoice", "INV-2", office.bill("INV-2", office.line("1", rate="0.07", code="NY")))
    assert isinstance(unknown, Refused)
    assert unknown.reason == "unknown_tax"
    assert "tax_codes" in unknown.message


def test_a_british_invoice_names_a_code_for_each_line(office: Office) -> None:
    office.there.set(country="GB", home_currency="GBP")
    customer = office.there.human("create", "Customer", DisplayName="Dale", CurrencyRef={"value": "GBP"})
    lines = [office.line("33.33", rate="0.2"), office.line("0.03", rate="0.05"), office.line("10", code="none")]
    sent = office.bill("INV-1", *lines, CustomerRef=customer, CurrencyRef="GBP")
    vague = office.open().write("invoice", [Intent("INV-1", "invoice", sent)])[0]
    assert refused(vague) == "unknown_tax"  # three codes have no rate
    said = office.open(no_tax_code="Exempt", tax_codes={"none": "0.0% Z"}, country="GB")
    (outcome,) = said.write("invoice", [Intent("INV-1", "invoice", sent, expect=expect("50.03", "6.67", 3, "GBP"))])
    assert isinstance(outcome, Applied), outcome
    rating = said.capabilities.writes["invoice"].rating
    assert rating is not None
    assert rating.tax_rounding == "line"


def test_yen_and_dinars(office: Office) -> None:
    for code in ("JPY", "KWD"):
        customer = office.id("customer", code, {"DisplayName": code, "CurrencyRef": {"value": code}})
        sent = office.bill(f"INV-{code}", office.line("250", "4"), CustomerRef=customer, CurrencyRef=code)
        outcome = office.write("invoice", f"INV-{code}", sent, expect=expect("1000", currency=code))
        assert isinstance(outcome, Applied), outcome
    fine = office.write("invoice", "INV-3", office.bill("INV-3"), expect=expect("1.005", currency="KWD"))
    assert refused(fine) == "too_exact"


def test_a_thousand_lines_and_none_is_dropped(office: Office) -> None:
    lines = [office.line("0.01", text=f"line {n}") for n in range(1000)]
    sent = office.bill("INV-1", *lines)
    assert isinstance(office.write("invoice", "INV-1", sent, expect=expect("10", lines=1000)), Applied)
    assert isinstance(office.write("invoice", "INV-1", sent, expect=expect("10", lines=999)), Mismatch)


def test_a_person_who_changes_the_total_is_seen(office: Office) -> None:
    id = office.id("invoice", "INV-1", office.bill())
    detail = {"ItemRef": {"value": office.item}, "Qty": 1, "UnitPrice": 60}
    line = {"DetailType": "SalesItemLineDetail", "Amount": 60, "SalesItemLineDetail": detail}
    office.there.human("update", "Invoice", id, Line=[line])
    outcome = office.write("invoice", "INV-1", office.bill(), remote_id=id, expect=expect("119"))
    assert isinstance(outcome, Mismatch)
    assert "total is 60" in outcome.message


# ---------------------------------------------------------------- credits, payments, voids


def credit(office: Office, number: str, invoice: str, price: str) -> dict[str, object]:
    return {**office.bill(number, office.line(price)), "InvoiceRef": {"value": invoice}}


def test_a_credit_is_applied_as_far_as_its_invoice_is_open(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    first = office.write("credit_memo", "CN-1", credit(office, "CN-1", invoice, "19"), expect=expect("19"))
    assert isinstance(first, Applied)
    assert office.there.truth("Invoice")[invoice]["Balance"] == 100
    second = office.id("credit_memo", "CN-2", credit(office, "CN-2", invoice, "150"))
    assert office.there.truth("CreditMemo")[second]["RemainingCredit"] == 50
    assert office.there.truth("Invoice")[invoice]["Balance"] == 0
    assert office.id("credit_memo", "CN-2", credit(office, "CN-2", invoice, "150")) == second
    assert len(office.there.truth("Payment")) == 2
    assert [row for page in office.erp.standing("payment") for row in page] == []  # no money came in


def test_an_application_that_is_lost_is_finished_once(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    for fault in ("lost", "dropped"):
        office.there.fault(fault, path=f"{BASE}/payment$", method="POST")
        sent = credit(office, f"CN-{fault}", invoice, "10")
        half = office.write("credit_memo", f"CN-{fault}", sent)
        assert type(half).__name__ == "Unfinished", half
        (found,) = office.erp.probe("credit_memo", [f"CN-{fault}"])
        assert isinstance(found, Found)
        assert found.complete == (fault == "lost")
        assert isinstance(office.write("credit_memo", f"CN-{fault}", sent, remote_id=found.remote_ids[0]), Applied)
    assert office.there.truth("Invoice")[invoice]["Balance"] == 99
    assert len(office.there.truth("Payment")) == 2


def test_a_payment_goes_on_its_invoice_and_the_rest_stays_credit(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    key = "gateway:pi_3MtwBwLkdIwHu7ix28a3tqPa"
    outcome = office.write("payment", key, office.paid(invoice, "150"), expect=None)
    assert isinstance(outcome, Applied), outcome
    row = office.there.truth("Payment")[outcome.remote_id]
    assert (row["TotalAmt"], row["UnappliedAmt"], row["CustomerRef"]["value"]) == (150, 31, office.customer)
    assert office.write("payment", key, office.paid(invoice, "150")) == outcome
    (found,) = office.erp.probe("payment", [key])
    assert isinstance(found, Found)
    assert found.remote_ids == (outcome.remote_id,)
    (stands,) = [item for page in office.erp.standing("payment") for item in page]
    assert (stands.reference, stands.applies_to, stands.total, stands.state) == (key, "INV-1", Decimal(150), "booked")
    assert refused(office.write("invoice", "INV-1", {}, remote_id=invoice, void=True)) == "has_payments"


@pytest.mark.parametrize("stale", [False, True])
def test_what_is_void_counts_for_nothing_and_is_void_twice(office: Office, stale: bool) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    payment = office.id("payment", "p-1", office.paid(invoice, "19"))
    memo = office.id("credit_memo", "CN-1", office.bill("CN-1"))
    for object, key, id in (("payment", "p-1", payment), ("credit_memo", "CN-1", memo), ("invoice", "INV-1", invoice)):
        if stale:
            office.there.fault("stale", method="POST", path=f"{BASE}/{object.replace('_', '')}$")
        for _ in range(2):
            assert office.write(object, key, {}, remote_id=id, void=True) == Applied(id, {"state": "void"})
    states = {item.reference: item.state for page in office.erp.standing("invoice") for item in page}
    assert states == {"INV-1": "void"}
    assert refused(office.write("invoice", "INV-1", office.bill(), remote_id=invoice)) == "void"
    (found,) = office.erp.probe("invoice", ["INV-1"])
    assert isinstance(found, Found)
    assert found.echo["state"] == "void"


def test_who_is_twice_in_the_way_of_a_void_delays_it(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    office.there.fault("stale", method="POST", path=f"{BASE}/invoice$", next=2)
    assert isinstance(office.write("invoice", "INV-1", {}, remote_id=invoice, void=True), TryLater)
    assert isinstance(office.write("invoice", "INV-1", {}, remote_id=invoice, void=True), Applied)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_in_the_way_of_a_new_payment_delays_it(office: Office, method: str) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    given = {name: value for name, value in office.paid(invoice, "19").items() if name != "CustomerRef"}
    office.there.fault("stale", method=method, next=3)
    while not isinstance(outcome := office.write("payment", "p-1", given), Applied):
        assert isinstance(outcome, TryLater)


def test_a_credit_that_is_taken_back_opens_its_invoice_again(office: Office) -> None:
    invoice = office.id("invoice", "INV-1", office.bill())
    memo = office.id("credit_memo", "CN-1", credit(office, "CN-1", invoice, "19"))
    assert isinstance(office.write("credit_memo", "CN-1", {}, remote_id=memo, void=True), Applied)
    assert office.there.truth("Invoice")[invoice]["Balance"] == 119
    assert isinstance(office.write("invoice", "INV-1", {}, remote_id=invoice, void=True), Applied)


def test_what_stands_is_told_in_our_words(office: Office) -> None:
    office.id("invoice", "INV-1", office.bill("INV-1", DueDate="2026-04-04"))
    invoice = office.id("invoice", "INV-2", office.bill("INV-2"))
    office.id("payment", "p", office.paid(invoice, "19"))
    office.there.invoice(office.customer)
    rows = [item for page in office.erp.standing("invoice") for item in page]
    assert [(row.reference, row.open, row.state) for row in rows] == [
        ("INV-1", Decimal(119), "sent"), ("INV-2", Decimal(100), "partly_paid"), ("", Decimal(100), "sent"),
    ]  # fmt: skip
    assert (str(rows[0].due_on), rows[0].customer, rows[0].lines) == ("2026-04-04", office.customer, 1)


def test_a_list_whose_pages_are_cut_short_is_whole(office: Office) -> None:
    for n in range(5):
        office.id("invoice", f"INV-{n}", office.bill(f"INV-{n}"))
    office.there.fault("short-page", rows=2, next=2)
    assert sum(len(page) for page in office.erp.standing("invoice")) == 5


# ---------------------------------------------------------------- files, trials, set-up


def test_a_file_is_laid_to_an_invoice_once_and_replaced_where_it_changed(office: Office) -> None:
    id = office.id("invoice", "INV-1", office.bill())
    for content in (b"%PDF-1.4 one", b"%PDF-1.4 one", b"%PDF-1.4 two"):
        office.erp.attach("invoice", id, Attachment("INV-1 ☺.pdf", "application/pdf", content))
    (row,) = [row for row in office.there.truth("Attachable").values() if not row.get("deleted")]
    assert row["AttachableRef"][0]["EntityRef"] == {"type": "Invoice", "value": id}
    assert office.there.ask("GET", row["TempDownloadUri"]).content == b"%PDF-1.4 two"


def test_a_trial_leaves_nothing(office: Office) -> None:
    trial = office.erp.trial("invoice", Intent("TRY-1", "invoice", office.bill("TRY-1"), idempotency_key="try"))
    assert (trial.echo["total"], trial.left) == (119, "")
    assert office.numbers() == []


def test_what_a_person_has_to_switch_on_is_said(company: StandIn) -> None:
    office = Office(company)
    company.set(custom_numbers=False, closed_through="2025-12-31", auto_apply_credits=True)
    fresh = office.open()
    health = fresh.check()
    assert "Stand-In Company" in health.identity
    assert [remark.split()[0] for remark in health.remarks] == ["switch", "credits", "QuickBooks", "the"]
    books = fresh.books()
    assert {choice.name for choice in books.accounts if choice.kind == "revenue"} >= {"Services"}
    assert [(tax.name, tax.rate) for tax in books.taxes] == [("Sales tax", Decimal("0.08"))]
    assert [choice.name for choice in books.parties] == ["Acme"]
    vague = office.open(revenue_account="").write("item", [Intent("x", "item", {"Name": "x"})])[0]
    assert refused(vague) == "unknown_account"


def test_without_a_company_nothing_is_lost(company: StandIn) -> None:
    office = Office(company)
    (outcome,) = office.open(realm="").write("invoice", [Intent("INV-1", "invoice", office.bill())])
    assert isinstance(outcome, TryLater)
    assert outcome.offline
