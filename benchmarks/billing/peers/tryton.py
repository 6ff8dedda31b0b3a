"""Tryton with sale_subscription, in its own environment and process, on SQLite in memory.

`python tryton.py COUNT`: makes the subscriptions, then prints `ready`; for each line that it is sent it generates the
consumption of a month, drafts its invoices, posts them, and prints the CPU milliseconds of an invoice for both.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
import warnings
from decimal import Decimal

warnings.simplefilter("ignore")
os.environ.setdefault("TRYTOND_DATABASE_URI", "sqlite://")
os.environ.setdefault("DB_NAME", ":memory:")

from proteus import Model, config  # noqa: E402
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts  # noqa: E402
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences  # noqa: E402
from trytond.modules.company.tests.tools import create_company  # noqa: E402
from trytond.pool import Pool  # noqa: E402
from trytond.tests.tools import activate_modules  # noqa: E402
from trytond.transaction import Transaction, TransactionError  # noqa: E402

START = dt.date(2026, 1, 1)


def subscriptions(count: int) -> None:
    """Customers with three monthly services each, 19 % tax."""
    activate_modules("sale_subscription", create_company, create_chart)
    year = set_fiscalyear_invoice_sequences(create_fiscalyear(today=(START, dt.date(2027, 12, 31))))
    year.click("create_period")
    tax = create_tax(Decimal("0.19"))
    tax.save()
    category = Model.get("product.category")(name="Services", accounting=True)
    category.account_revenue = get_accounts()["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    monthly = Model.get("sale.subscription.recurrence.rule.set")(name="Monthly")
    monthly.rules[0].freq, monthly.rules[0].interval = "monthly", 1
    monthly.save()
    services = [service(name, price, category, monthly) for name, price in PRICES.items()]
    for number in range(count):
        party = Model.get("party.party")(name=f"Customer {number}")
        party.save()
        made = Model.get("sale.subscription")(party=party, start_date=START)
        made.invoice_start_date = dt.date(2026, 2, 1)
        made.invoice_recurrence = monthly
        for each in services:
            line = made.lines.new()
            line.service, line.quantity = each, number % 20 + 1
        made.click("quote")
        made.click("run")


PRICES = {"Seats": "12.50", "Calls": "0.70", "Fee": "49.00"}


def service(name, price, category, monthly):
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    template = Model.get("product.template")(name=name, default_uom=unit, type="service")
    template.list_price, template.account_category = Decimal(price), category
    template.save()
    made = Model.get("sale.subscription.service")(product=template.products[0], consumption_recurrence=monthly)
    made.save()
    return made


def month(number: int) -> dict[str, float]:
    """Bill one month.  Gives milliseconds of CPU an invoice, as drafts and posted."""
    day = dt.date(2026 + (number + 1) // 12, (number + 1) % 12 + 1, 1)
    drafted, _ = run(lambda pool: draft(pool, day))
    posted, count = run(post)
    return {"count": count, "draft": drafted * 1000 / count, "posted": (drafted + posted) * 1000 / count}


def draft(pool, day):
    pool.get("sale.subscription.line").generate_consumption(day - dt.timedelta(days=1))
    pool.get("sale.subscription").generate_invoice(day)


def post(pool):
    invoice = pool.get("account.invoice")
    made = invoice.search([("state", "=", "draft")])
    invoice.post(made)
    assert made
    assert all(len(each.lines) == 3 and each.number for each in made)
    return len(made)


def run(work):
    """Work in a transaction, begun again where it needs locks, as Tryton's dispatcher does.  CPU seconds, result."""
    current, extras = config.get_config(), {}
    while True:
        begun = time.process_time()
        with Transaction().start(":memory:", current.user, context=current.context, **extras) as transaction:
            try:
                result = work(Pool())
                transaction.commit()
            except TransactionError as error:
                transaction.rollback()
                transaction.tasks.clear()
                error.fix(extras)
                continue
        return time.process_time() - begun, result


def main() -> None:
    subscriptions(int(sys.argv[1]))
    print("ready", flush=True)
    for number, _ in enumerate(sys.stdin):
        print(json.dumps(month(number)), flush=True)


if __name__ == "__main__":
    main()
