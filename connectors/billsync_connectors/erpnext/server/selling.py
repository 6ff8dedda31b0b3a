"""Sales invoices, payments and what they do to the books.  (shell)"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from billsync_connectors.erpnext.server.denied import Denied, invalid
from billsync_connectors.erpnext.server.documents import Documents
from billsync_connectors.erpnext.server.settings import Settings
from billsync_connectors.erpnext.server.totals import computed, rounded_total
from billsync_connectors.erpnext.server.values import Row, dumps, rounded

_COMPANY: Final = "Demo GmbH"
_RATES: Final = {"EUR": "1", "USD": "0.92", "GBP": "1.17", "JPY": "0.0061", "KWD": "3", "CHF": "1.05"}
"""Of the company's currency for one, where a document does not say."""


class Selling:
    """What Sales Invoice and Payment Entry do when they are saved, submitted and cancelled."""

    def __init__(self, documents: Documents, settings: Callable[[], Settings]) -> None:
        self._docs, self._settings = documents, settings
        self.force = False
        documents.validate |= {
            "Sales Invoice": self._invoice,
            "Payment Entry": self._payment,
            "Customer": self._customer,
        }
        documents.on_submit |= {"Sales Invoice": self._invoiced, "Payment Entry": self._paid}
        documents.before_cancel |= {"Sales Invoice": self._unlinked}
        documents.on_cancel |= {"Sales Invoice": self._uninvoiced, "Payment Entry": self._unpaid}

    def _round(self, number: Decimal) -> Decimal:
        settings = self._settings()
        return rounded(number, settings.precision, bankers=settings.rounding == "bankers")

    def _customer(self, row: Row) -> None:
        row["customer_type"] = row.get("customer_type") or "Company"

    # ------------------------------------------------------------ the invoice

    def _invoice(self, row: Row) -> None:
        self._head(row)
        for item in row["items"]:
            self._item(item)
        if row.get("taxes_and_charges") and not row["taxes"]:
            template = self._docs.get("Sales Taxes and Charges Template", row["taxes_and_charges"])
            row["taxes"] = [{k: v for k, v in tax.items() if k != "name"} for tax in template["taxes"]]
        if row["is_return"]:
            self._return(row)
        elif any(item["qty"] < 0 for item in row["items"]):
            raise invalid("Quantity must not be negative, except in a return")
        row |= computed(row["items"], row["taxes"], self._round, by_row=self._settings().tax_by_row)
        self._whole(row)

    def _head(self, row: Row) -> None:
        customer = self._docs.find("Customer", row.get("customer"))
        if customer is None:
            raise Denied("LinkValidationError", f"Could not find Customer: {row.get('customer')}")
        if customer["disabled"]:
            raise Denied("PartyDisabled", f"Customer {customer['name']} is disabled")
        today = self._docs.clock.today()
        if not row["set_posting_time"] or not row.get("posting_date"):
            row["posting_date"] = today  # whatever was sent, unless its own time is asked for
        row["posting_time"] = row.get("posting_time") or self._docs.clock.stamp()[11:]
        row["due_date"] = row.get("due_date") or row["posting_date"]
        if row["due_date"] < row["posting_date"]:
            raise invalid("Due Date cannot be before Posting Date")
        company = self._docs.get("Company", _COMPANY)
        row["currency"] = row.get("currency") or customer.get("default_currency") or company["default_currency"]
        row["conversion_rate"] = row.get("conversion_rate") or Decimal(_RATES.get(row["currency"], "1"))
        row["company"], row["customer_name"] = row.get("company") or _COMPANY, customer["customer_name"]
        row["debit_to"] = row.get("debit_to") or "Debtors - D"

    def _item(self, item: Row) -> None:
        found = self._docs.find("Item", item.get("item_code"))
        if found is not None:
            if found["disabled"]:
                raise invalid(f"Item {found['name']} is disabled")
            item["item_name"] = item.get("item_name") or found.get("item_name") or found["name"]
            item["description"] = item.get("description") or found.get("description") or found["name"]
            if not item.get("rate") and not item.get("price_list_rate"):
                item["rate"] = found["standard_rate"]
            item["item_tax_template"] = item.get("item_tax_template") or next(
                (tax["item_tax_template"] for tax in found["taxes"]), None
            )
        if not item.get("item_name"):
            raise Denied("MandatoryError", "[Sales Invoice]: item_name")
        item["qty"] = item["qty"] or Decimal(1)
        item["income_account"] = item.get("income_account") or "Sales - D"
        item["cost_center"], item["uom"] = item.get("cost_center") or "Main - D", item.get("uom") or "Nos"
        template = self._docs.find("Item Tax Template", item.get("item_tax_template"))
        if template is not None:
            item["item_tax_rate"] = dumps({tax["tax_type"]: tax["tax_rate"] for tax in template["taxes"]})

    def _return(self, row: Row) -> None:
        if any(item["qty"] >= 0 for item in row["items"]):
            raise invalid("Row #1: Quantity must be negative in a return document")
        against = self._docs.find("Sales Invoice", row.get("return_against"))
        if against is not None and (against["docstatus"] != 1 or against["customer"] != row["customer"]):
            raise invalid(f"Return against {against['name']}: it must be submitted and of the same customer")

    def _whole(self, row: Row) -> None:
        least = self._docs.get("Currency", row["currency"])["smallest_currency_fraction_value"]
        off = bool(row["disable_rounded_total"]) or self._settings().disable_rounded_total
        total = row["grand_total"]
        row["rounded_total"] = Decimal(0) if off else rounded_total(total, least)
        row["rounding_adjustment"] = Decimal(0) if off else row["rounded_total"] - total
        row["base_net_total"] = self._round(row["net_total"] * row["conversion_rate"])
        row["base_grand_total"] = self._round(total * row["conversion_rate"])
        row["outstanding_amount"] = total if off else row["rounded_total"]
        row["status"] = "Draft"
        if not row["is_return"] and total < 0:
            raise invalid("Grand Total must not be negative")

    def _frozen(self, day: str) -> None:
        until = self._settings().frozen_until
        if until and day <= until and not self.force:
            raise invalid(f"You are not authorized to add or update entries before {until}")

    def _invoiced(self, row: Row) -> None:
        self._frozen(row["posting_date"])
        total = row["outstanding_amount"]
        self._entry(row, "Debtors - D", total, against=row.get("return_against"))
        for item in row["items"]:
            self._entry(row, item["income_account"], -item["net_amount"])
        for tax in row["taxes"]:
            self._entry(row, tax["account_head"], -tax["tax_amount"])
        if row["rounding_adjustment"]:
            self._entry(row, "Round Off - D", -row["rounding_adjustment"])
        self.settle(row["name"])
        if row["is_return"] and row.get("return_against"):
            self.settle(row["return_against"])

    def _entry(self, row: Row, account: str, amount: Decimal, *, against: Any = None, cancelled: bool = False) -> None:
        """One line in the ledger; positive is debit."""
        party = (
            {"party_type": "Customer", "party": row.get("customer") or row.get("party")}
            if account == "Debtors - D"
            else {}
        )
        told: Row = {"posting_date": row["posting_date"], "account": account, "company": _COMPANY, **party}
        told |= {"debit": max(amount, Decimal(0)), "credit": max(-amount, Decimal(0)), "is_cancelled": int(cancelled)}
        told |= {"voucher_type": "Sales Invoice" if "customer" in row else "Payment Entry", "voucher_no": row["name"]}
        if against:
            told |= {"against_voucher_type": "Sales Invoice", "against_voucher": against}
        self._docs.insert("GL Entry", told)

    def _unlinked(self, row: Row) -> None:
        """Before an invoice is cancelled: its payments are let go, or stand in the way."""
        for payment in self._payments(row["name"]):
            if not self._settings().unlink_payment:
                told = f"Sales Invoice {row['name']} is linked with Payment Entry {payment['name']}"
                raise Denied("LinkExistsError", f"Cannot delete or cancel because {told}")
            kept = [line for line in payment["references"] if line["reference_name"] != row["name"]]
            allocated = sum((line["allocated_amount"] for line in kept), Decimal(0))
            sums = {"total_allocated_amount": allocated, "unallocated_amount": payment["paid_amount"] - allocated}
            self._docs.db_set("Payment Entry", payment["name"], {"references": kept, **sums})
        if any(other["docstatus"] == 1 for other in self._docs.by("Sales Invoice", "return_against", row["name"])):
            raise Denied(
                "LinkExistsError",
                f"Cannot delete or cancel because Sales Invoice {row['name']} is linked with a return",
            )

    def _uninvoiced(self, row: Row) -> None:
        self._frozen(row["posting_date"])
        self._reversed(row)
        self._docs.db_set("Sales Invoice", row["name"], {"status": "Cancelled", "outstanding_amount": Decimal(0)})
        if row.get("return_against"):
            self.settle(row["return_against"])

    def _reversed(self, row: Row) -> None:
        for entry in [one for one in self._docs.by("GL Entry", "voucher_no", row["name"]) if not one["is_cancelled"]]:
            self._docs.db_set("GL Entry", entry["name"], {"is_cancelled": 1})
            self._entry(row, entry["account"], entry["credit"] - entry["debit"], cancelled=True)

    # ------------------------------------------------------------ what is open

    def _payments(self, invoice: str) -> list[Row]:
        found = [row for row in self._docs.all("Payment Entry") if row["docstatus"] == 1]
        return [row for row in found if any(line["reference_name"] == invoice for line in row["references"])]

    def settle(self, name: str) -> None:
        """What is outstanding on an invoice, anew; its `modified` stays as it is."""
        row = self._docs.get("Sales Invoice", name)
        if row["docstatus"] != 1:
            return
        whole = row["rounded_total"] or row["grand_total"]
        lines = [line for paid in self._payments(name) for line in paid["references"] if line["reference_name"] == name]
        paid = sum((line["allocated_amount"] for line in lines), Decimal(0))
        returns = [each for each in self._docs.by("Sales Invoice", "return_against", name) if each["docstatus"] == 1]
        credited = sum((self._credit(each) for each in returns if not each["update_outstanding_for_self"]), Decimal(0))
        left = whole - paid + credited
        if row["is_return"] and row.get("return_against") and not row["update_outstanding_for_self"]:
            left = Decimal(0)
        told = {"outstanding_amount": left, "status": self._status(row, left, whole, returned=bool(returns))}
        self._docs.db_set("Sales Invoice", name, told)

    @staticmethod
    def _credit(row: Row) -> Decimal:
        return Decimal(row["rounded_total"] or row["grand_total"])

    def _status(self, row: Row, left: Decimal, whole: Decimal, *, returned: bool) -> str:
        if row["is_return"]:
            return "Return"
        if left <= 0:
            return "Credit Note Issued" if returned else "Paid"
        if row["due_date"] < self._docs.clock.today():
            return "Overdue"
        return "Partly Paid" if left < whole else "Unpaid"

    # ------------------------------------------------------------ the payment

    def _payment(self, row: Row) -> None:
        if row["payment_type"] not in ("Receive", "Pay"):
            raise invalid("Payment Type must be one of Receive, Pay and Internal Transfer")
        receive = row["payment_type"] == "Receive"
        row["company"] = row.get("company") or _COMPANY
        row["paid_from"] = row.get("paid_from") or ("Debtors - D" if receive else "Bank - D")
        row["paid_to"] = row.get("paid_to") or ("Bank - D" if receive else "Debtors - D")
        if self._docs.find(str(row.get("party_type")), row.get("party")) is None:
            raise Denied("LinkValidationError", f"Could not find Party: {row.get('party')}")
        row["party_name"] = row.get("party_name") or row["party"]
        if "Bank - D" in (row["paid_from"], row["paid_to"]) and not (
            row.get("reference_no") and row.get("reference_date")
        ):
            raise invalid("Reference No and Reference Date is mandatory for Bank transaction")
        if row["paid_amount"] <= 0:
            raise Denied("MandatoryError", f"[Payment Entry, {row['name']}]: paid_amount")
        row["received_amount"] = row["received_amount"] or row["paid_amount"]
        for n, line in enumerate(row["references"], 1):
            self._reference(n, line, row)
        allocated = sum((line["allocated_amount"] for line in row["references"]), Decimal(0))
        deducted = sum((line["amount"] for line in row["deductions"]), Decimal(0))
        row["total_allocated_amount"] = allocated
        row["unallocated_amount"] = max(row["paid_amount"] + deducted - allocated, Decimal(0))
        row["difference_amount"] = min(row["paid_amount"] + deducted - allocated, Decimal(0))
        row["status"] = "Draft" if row["docstatus"] == 0 else "Submitted"
        if row["docstatus"] == 1 and row["difference_amount"]:
            raise invalid("Difference Amount must be zero")

    def _reference(self, n: int, line: Row, row: Row) -> None:
        invoice = self._docs.find("Sales Invoice", line["reference_name"])
        if line["reference_doctype"] != "Sales Invoice" or invoice is None:
            raise Denied("LinkValidationError", f"Could not find Row #{n}: Name: {line['reference_name']}")
        if invoice["docstatus"] != 1:
            raise invalid(f"{line['reference_doctype']} {invoice['name']} must be submitted")
        if invoice["customer"] != row["party"]:
            raise invalid(f"Sales Invoice {invoice['name']} is not associated with Customer {row['party']}")
        left = invoice["outstanding_amount"]
        line |= {"total_amount": invoice["grand_total"], "outstanding_amount": left, "due_date": invoice["due_date"]}
        if row["docstatus"] == 1 or row.get("name"):
            self._fits(n, line["allocated_amount"], left)

    @staticmethod
    def _fits(n: int, allocated: Decimal, left: Decimal) -> None:
        if abs(allocated) > abs(left) or allocated * left < 0:
            raise invalid(f"Row #{n}: Allocated Amount cannot be greater than outstanding amount.")

    def _paid(self, row: Row) -> None:
        self._frozen(row["posting_date"])
        self._entry(row, row["paid_to"], row["paid_amount"])
        self._entry(row, row["paid_from"], -row["paid_amount"])
        for line in row["references"]:
            self.settle(line["reference_name"])

    def _unpaid(self, row: Row) -> None:
        self._frozen(row["posting_date"])
        self._reversed(row)
        self._docs.db_set("Payment Entry", row["name"], {"status": "Cancelled"})
        for line in row["references"]:
            self.settle(line["reference_name"])

    def payment_for(self, given: Mapping[str, Any]) -> Row:
        """A payment for an invoice as a draft that nobody has saved yet."""
        row = self._docs.get(str(given.get("dt")), str(given.get("dn")))
        left = row["outstanding_amount"]
        line = {"reference_doctype": "Sales Invoice", "reference_name": row["name"], "total_amount": row["grand_total"]}
        line |= {"outstanding_amount": left, "allocated_amount": left, "doctype": "Payment Entry Reference"}
        told: Row = {
            "doctype": "Payment Entry",
            "payment_type": "Receive" if left >= 0 else "Pay",
            "party_type": "Customer",
        }
        told |= {"party": row["customer"], "posting_date": self._docs.clock.today(), "paid_amount": abs(left)}
        return {
            **told,
            "received_amount": abs(left),
            "paid_from": "Debtors - D",
            "paid_to": "Bank - D",
            "references": [line],
        }
