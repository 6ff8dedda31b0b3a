"""Months of business into one ERP under a storm of faults; then both sides' books side by side, to the cent.

    python -m tests.erp.storm xero --seed 1
    python -m tests.erp.storm tryton --seed 1 --invoices 100

The demo's deals come from a CRM, become invoices by customer and month, and go to the system; in the middle of it 50
credit notes, 20 voids and 300 payments.  All the time requests are lost before and after they took effect, late,
throttled, answered with half an answer or a page of HTML, and log-ins end.  A seed decides everything that is drawn by
lot.  Time is billsync's and the stand-in's alone: what would be slept is skipped on both sides.

Then the storm is over, days pass, every write has been looked at again, `billsync verify --live` is asked, and what the
system's own books say, read past the connector, is compared with ours: number of documents, totals by customer and
month, what is open on each invoice.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from billsync import assets, settings, workspace
from billsync.cli import run as billsync
from billsync.model.invoice import Invoice, InvoiceState
from billsync.schedule import SystemClock
from billsync.store import Store
from tests.erp.books import Books, books_of
from tests.erp.weather import TrytonWeather, Weather

MONTHS = [date(2016 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(10, 26)]
OPEN = ("WAITING", "READY", "RETRY", "UNKNOWN", "INFLIGHT")
PATIENT = 30
PAID = "mappings/sandbox/payments.yaml"


@dataclass
class SharedClock:
    """billsync's clock: what it sleeps passes on the other side too."""

    pass_there: Callable[[float], None]
    at: datetime = field(default_factory=lambda: SystemClock().now())
    owed: float = 0.0

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        """There only whole seconds and more: a request for each tenth would be slower than sleeping."""
        self.at += timedelta(seconds=seconds)
        self.owed += seconds
        if self.owed >= 1:
            self.pass_there(self.owed)
            self.owed = 0.0


@dataclass
class Amounts:
    """How much of what is to be done."""

    invoices: int
    credits: int
    voids: int
    payments: int


class Storm:
    """One run of it, in one folder."""

    def __init__(self, system: str, folder: Path, seed: int, wanted: Amounts, *, calm: bool) -> None:
        self.system, self.folder, self.wanted, self.calm = system, folder, wanted, calm
        self.chance = Random(f"{seed}/{system}")
        self.seed, self.slots = seed, 0
        self.config = folder / "billsync.yaml"
        real = TrytonWeather(seed, folder) if system == "tryton" else None
        self.config.write_text(configured(system, real.connection if real else ""))
        if "file:vault.key" in self.config.read_text():
            typed("vault", "new-key", "vault.key")
        self.settings = settings.load(self.config)
        self.weather = real or weather_of(system, seed, self.settings)
        self.clock = SharedClock(self.weather.forward)

    # ------------------------------------------------------------ the course of it

    def blow(self) -> Books:
        """All of it; both sides' books."""
        self.weather.up()
        if not self.calm:
            self.weather.rise()
        with workspace.opened(self.settings, self.clock) as opened:
            through = self.billed(opened)
            self.acts(opened)
            self.settled(opened, through)
            self.weather.end()
            self.aged(opened, through)
            ours = books_of(opened.store)
            self.told(opened.store)
        return ours

    def billed(self, opened: workspace.Workspace) -> date:
        """Month by month until there are enough invoices; the last day billed through."""
        for day in MONTHS:
            self.once(opened, day)
            if len(list(invoices(opened.store))) >= self.wanted.invoices:
                return day
        raise SystemExit("the demo has not so many invoices")

    def acts(self, opened: workspace.Workspace) -> None:
        """Payments come in; people credit and void.  Who was paid, credited or voided is none of the others."""
        standing = [invoice.number for invoice in invoices(opened.store, InvoiceState.SENT)]
        self.chance.shuffle(standing)
        wanted = self.wanted
        credited, voided = standing[: wanted.credits], standing[wanted.credits : wanted.credits + wanted.voids]
        rest = standing[wanted.credits + wanted.voids :]
        by_number = {invoice.number: invoice for invoice in invoices(opened.store)}
        for number in rest[: wanted.payments]:
            self.paid(by_number[number])
        for number in credited:
            self.command("invoice", "credit", number, *self.part(by_number[number]), "--reason", "storm", "--yes")
        for number in voided:
            self.command("invoice", "void", number, "--reason", "storm", "--yes", patient=True)
        self.say("acts", f"{len(rest[: wanted.payments])} payments, {len(credited)} credits, {len(voided)} voids")

    def part(self, invoice: Invoice) -> list[str]:
        """The whole invoice, or an amount of it."""
        amount = (invoice.total * self.chance.randint(1, 4) / 4).quantize(Decimal("0.01"))
        return [] if amount >= invoice.total else ["--amount", str(amount)]

    def paid(self, invoice: Invoice) -> None:
        """The gateway tells of money for it: all, or a part."""
        amount = (invoice.total * self.chance.randint(1, 2) / 2).quantize(Decimal("0.01"))
        event = {"id": f"PAY-{invoice.number}", "type": "payment", "state": "succeeded", "invoice": invoice.number}
        money = {"amount": str(amount), "currency": invoice.currency, "on": str(invoice.issued_on)}
        self.weather.crm("human", {"do": "create", "object": "payments", "id": event["id"], "fields": event | money})

    def settled(self, opened: workspace.Workspace, through: date) -> None:
        """Runs, until nothing is open any more."""
        for _ in range(PATIENT):
            self.once(opened, through)
            left = self.open(opened.store)
            if not left:
                return
            self.say("open", str(dict(left)))
            self.clock.sleep(3600)

    def aged(self, opened: workspace.Workspace, through: date) -> None:
        """Fair weather: what is open ends, and every write is looked at after two hours, a day and a week."""
        for hours in (1, 3, 24, 7 * 24):
            self.clock.sleep(hours * 3600)
            self.settled(opened, through)

    # ------------------------------------------------------------ steps

    def once(self, opened: workspace.Workspace, through: date) -> None:
        """One run of the pipeline."""
        self.slots += 1
        began = time.monotonic()
        report = workspace.run_pipeline(opened, "billing", slot=f"s{self.slots}", through=through)
        counts = {} if report is None else {name: count for name, count in report.counts.items() if count}
        offline = report.offline if report is not None else ""
        self.say(
            f"run {self.slots} through {through}", f"{json.dumps(counts)} {time.monotonic() - began:.1f} s {offline}"
        )
        if report is not None and report.exit_code not in (0, 1, 3):
            raise SystemExit(f"run {self.slots} ended with {report.exit_code}")

    def command(self, *words: str, patient: bool = False) -> str:
        """A command as a person types it; tried again by one who meets a fault and is `patient`."""
        for again in range(20 if patient else 8):
            code, out, err = typed(*words)
            if code == 0:
                return out
            self.say(f"again {again}", f"{' '.join(words)}: exit {code} {err.strip()[-200:]}")
            self.clock.sleep(120)
        raise SystemExit(f"{' '.join(words)} does not work")

    def open(self, store: Store) -> Counter[str]:
        """What is not at its end, by state."""
        with store.view() as tx:
            counts = tx.outbox.counts("erp").get("erp", {})
        return Counter({str(state): n for state, n in counts.items() if str(state) in OPEN and n})

    def told(self, store: Store) -> None:
        """How it ended, and what was left to people."""
        with store.view() as tx:
            self.say("outbox", str({str(state): n for state, n in tx.outbox.counts("erp").get("erp", {}).items() if n}))
            for item in tx.problems.list():
                self.say("problem", f"{item.problem.code} {item.problem.place} {item.problem.message}"[:300])
        self.say("faults", str(dict(self.weather.seen())))

    def say(self, what: str, line: str) -> None:
        said(f"{what}: {line}")


def said(line: str) -> None:
    """A line for whoever waits."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def typed(*words: str) -> tuple[int, str, str]:
    """The command in this process: how it ended, and what it said."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["billsync", *words]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            billsync()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    return 0, out.getvalue(), err.getvalue()


def invoices(store: Store, state: InvoiceState | None = None) -> Iterator[Invoice]:
    """Ours, by number."""
    after = ""
    while True:
        with store.view() as tx:
            page = tx.ledger.invoices(state=state, after=after)
        if not page:
            return
        yield from (item.invoice for item in page)
        after = page[-1].invoice.number


def weather_of(system: str, seed: int, loaded: settings.Settings) -> Weather:
    """The stand-ins that the configuration names."""
    return Weather(system, seed, erp=workspace.stand_in(loaded, "erp"), crm=workspace.stand_in(loaded, "crm"))


def configured(system: str, connection: str = "") -> str:
    """The example for the system, with payments told by the CRM and sent, billed by customer and month."""
    text = assets.example_config("sandbox-sandbox" if connection else f"sandbox-{system}")
    if connection:
        text = of_tryton(text, connection)
    for old, new in (
        ("grouping: customer-quarter", "grouping: customer-month"),
        ("        - mappings/sandbox/deals.yaml\n", f"        - mappings/sandbox/deals.yaml\n        - {PAID}\n"),
        ("    billing: {through: 2017-12-31}", "    push: {bounds: {creates: 100000, voids: 1000}}"),
    ):
        text = text.replace(old, new)
    for path in written(system):
        if path not in text:
            text = text.replace("      outbound:\n", f"      outbound:\n        - {path}\n")
    return text


def of_tryton(text: str, connection: str) -> str:
    """The sandbox's example with Tryton in the ERP's place."""
    before, _, rest = text.partition("  erp:\n")
    pipelines = rest[rest.index("pipelines:") :]
    for old, new in (
        ("        - mappings/sandbox/customer.yaml\n", "        - mappings/tryton/party.yaml\n"),
        ("        - mappings/sandbox/product.yaml\n", "        - mappings/tryton/product.yaml\n"),
        ("        - mappings/sandbox/invoice.yaml\n", "        - mappings/tryton/invoice.yaml\n"),
        ("        - mappings/sandbox/payment.yaml\n", "        - mappings/tryton/payment.yaml\n"),
    ):
        pipelines = pipelines.replace(old, new)
    return f"{before}  erp:\n    {connection}\n\n{pipelines}"


def written(system: str) -> Iterator[str]:
    """The shipped mappings of what is written to it beside invoices."""
    for path in sorted((assets.folder("mappings") / system).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if any(f"\nfrom: {noun}\n" in text for noun in ("credit_note", "payment")):
            yield f"mappings/{system}/{path.name}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Blow, compare, say."""
    parser = argparse.ArgumentParser(prog="python -m tests.erp.storm", description=__doc__)
    parser.add_argument("system")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--invoices", type=int, default=500)
    parser.add_argument("--credits", type=int, default=50)
    parser.add_argument("--voids", type=int, default=20)
    parser.add_argument("--payments", type=int, default=300)
    parser.add_argument("--calm", action="store_true", help="no faults")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args(arguments)
    folder = (given.folder or Path(tempfile.mkdtemp(prefix=f"storm-{given.system}-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    wanted = Amounts(given.invoices, given.credits, given.voids, given.payments)
    storm = Storm(given.system, folder, given.seed, wanted, calm=given.calm)
    try:
        ours = storm.blow()
        there = storm.weather.books()
        verified = storm.command("verify", "--live", patient=False)
        storm.say("verify --live", verified.strip().splitlines()[-1])
    finally:
        storm.weather.down()
    wrong = ours.differences(there)
    for line in wrong[:40]:
        said(f"differs: {line}")
    said(f"{given.system} seed {given.seed}: here {ours}, there {there}: {'EQUAL' if not wrong else 'DIFFERENT'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
