"""`demo`: the main job on real data, end to end, on embedded parts.  (shell)

A CRM's export of 8,800 opportunities becomes invoices in a real ERP that runs as its own process; somebody pays some of
them there; the payments come back; running it again changes nothing; both sides agree to the cent.  The sum is counted
straight from the CSV as well, by other code than the mappings.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from billsync import assets, plugins, schedule, settings, sync, workspace
from billsync.cli import guard, progress, show
from billsync.model.money import from_minor
from billsync.reconcile import Question
from billsync.stage import comparing
from billsync.stage.world import Progress

PIPELINE = "billing"
PAID_ON = date(2018, 1, 15)
PAY_EVERY = 50
"""One invoice in so many is paid in the ERP; the first of them only by half."""


@dataclass(slots=True)
class Story:
    """What the demo saw, for its final table."""

    folder: Path
    seconds: dict[str, float]
    rows: list[dict[str, Any]]
    good: bool = True

    def check(self, what: str, found: object, wanted: object) -> None:
        """A line of the final table: what was found, what it has to be."""
        fits = found == wanted
        self.good = self.good and fits
        self.rows.append(
            {"what": what, "found": show.cell(found), "expected": show.cell(wanted), "": "ok" if fits else "WRONG"}
        )

    def tell(self, what: str, found: object) -> None:
        """A line that is only told."""
        self.rows.append({"what": what, "found": show.cell(found), "expected": "", "": ""})


def run(folder: Path | None, grouping: str, format: show.Format) -> int:
    """The whole story; with a folder it stays there and is resumed by the same command."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        return _play(folder.resolve(), grouping, format, kept=True)
    with tempfile.TemporaryDirectory(prefix="billsync-demo-") as scratch:
        return _play(Path(scratch), grouping, format, kept=False)


def _play(folder: Path, grouping: str, format: show.Format, *, kept: bool) -> int:
    config = prepare(folder, grouping)
    loaded = settings.load(config)
    story = Story(folder, {}, [])
    clock = schedule.SystemClock()
    connection = loaded.connections["erp"]
    sandbox = plugins.load_sandbox(connection.connector)(folder / "erp", cache=assets.cache())
    with progress.shown(quiet=format == "json") as shown:
        begun = monotonic()
        shown.stage("Start a real ERP (Tryton)")
        sandbox.up(shown.note)
        story.seconds["ERP ready"] = monotonic() - begun
        try:
            with workspace.opened(loaded, clock) as opened:
                code = _chapters(opened, sandbox, story, shown)
        finally:
            sandbox.down()  # also one that a killed demo left behind: it is this folder's own
    return _end(story, code, format, kept=kept)


def prepare(folder: Path, grouping: str) -> Path:
    """The working folder: the export, the mappings, the configuration.  What is there already stays."""
    assets.copy_tree(assets.folder("demo") / "crm_sales_opportunities", folder / "crm")
    assets.copy_tree(assets.folder("mappings"), folder / "mappings")
    assets.copy_schemas(folder)
    config = folder / "billsync.yaml"
    if not config.exists():
        text = assets.example_config("demo")
        config.write_text(text.replace("grouping: customer-quarter", f"grouping: {grouping}"), encoding="utf-8")
    return config


# ---------------------------------------------------------------- the chapters


def _chapters(opened: workspace.Workspace, sandbox: Any, story: Story, shown: Progress) -> int:
    first = _sync(opened, story, "Read, map, bill, push", shown)
    if first.exit_code != guard.OK:
        return _stopped(first)
    _pay_some(opened, sandbox, story, shown)
    second = _sync(opened, story, "Payments come back", shown)
    if second.exit_code != guard.OK:
        return _stopped(second)
    third = _sync(opened, story, "Once more: nothing changes", shown)
    _compare(opened, story, shown)
    changed = {name: n for name, n in third.counts.items() if n and not name.endswith(" read")}
    story.check("changes made by a further run", sum(changed.values()), 0)
    return guard.OK if story.good else guard.DRIFT


def _sync(opened: workspace.Workspace, story: Story, title: str, shown: Progress) -> sync.Report:
    begun = monotonic()
    shown.note(f"── {title}")
    slot = f"demo-{opened.clock.now().isoformat()}"
    report = workspace.run_pipeline(opened, PIPELINE, slot=slot, progress=shown)
    story.seconds[title] = monotonic() - begun
    return report or sync.Report("", exit_code=guard.HELD)


def _stopped(report: sync.Report) -> int:
    if report.offline:
        show.remark(f"the ERP was not reached: {report.offline}")
    show.remark("nothing was lost: the same command goes on from here (`billsync errors list` shows what is stuck)")
    return report.exit_code


def _pay_some(opened: workspace.Workspace, sandbox: Any, story: Story, shown: Progress) -> None:
    """Somebody at the customer pays: in the ERP, by hand, without billsync knowing."""
    begun = monotonic()
    with opened.store.view() as tx:
        numbers = [item.invoice.number for item in tx.ledger.invoices(limit=100_000)][::PAY_EVERY]
    shown.stage("Pay some invoices in the ERP", len(numbers))
    there = {item["reference"]: item for item in sandbox.invoices()}
    for index, number in enumerate(numbers):
        total, due = there[number]["total_amount"], there[number]["amount_to_pay"]
        if due == total:
            half = (total / 2).quantize(Decimal("0.01"))
            sandbox.pay(number, half if index == 0 else total, PAID_ON, f"bank transfer for {number}")
        shown.advance(1)
    story.seconds["Pay some invoices in the ERP"] = monotonic() - begun


# ---------------------------------------------------------------- the end


def _counted(folder: Path) -> tuple[int, int, int, Decimal]:
    """Customers, opportunities, won deals and their sum, straight from the CSV files."""
    with (folder / "crm" / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = sum(1 for _ in csv.DictReader(file))
    with (folder / "crm" / "sales_pipeline.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    won = [Decimal(row["close_value"]) for row in rows if row["deal_stage"] == "Won"]
    return accounts, len(rows), len(won), sum(won, Decimal(0)).quantize(Decimal("0.01"))


def _compare(opened: workspace.Workspace, story: Story, shown: Progress) -> None:
    """Our books, the ERP's and the export's own sum, side by side."""
    shown.stage("Compare both sides")
    accounts, opportunities, won, revenue = _counted(story.folder)
    with workspace.connected(opened, "erp") as end:
        asked = Question(comparing.mine([opened.settings.pipelines[PIPELINE].invoicing]))
        comparison = comparing.documents(opened.store, end.connector, end.name, asked, invoice="invoice")
    with opened.store.view() as tx:
        inbox = tx.inbox.counts()
        parents = sum('"parent":"' in fact.doc for fact in tx.facts.page("customer", limit=100_000))
        customers, products = tx.facts.count("customer"), tx.facts.count("product")
        billed = len({line.deal for item in tx.ledger.invoices(limit=100_000) for line in item.invoice.lines})
        currency, count, total, paid = tx.ledger.totals()[0]
        statuses = tx.outbox.counts("crm").get("crm", {})
        problems = tx.problems.count_open()
    story.check("customers", customers, accounts)
    story.tell("  of them with a parent", parents)
    story.tell("products", products)
    story.check("opportunities read", sum(inbox["crm", "sales_pipeline"].values()), opportunities)
    story.check("won deals billed, each once", billed, won)
    story.tell("invoices", count)
    story.check(f"invoiced, {currency}", from_minor(total, currency), revenue)
    there = comparison.totals.of(currency).erp
    story.check("invoices in the ERP", there.documents, count)
    story.check(f"total in the ERP, {currency}", there.total, revenue)
    story.check("documents that differ", len(comparison.drifts), 0)
    paid_there = (there.total or Decimal(0)) - (there.open or Decimal(0))
    story.check(f"paid here and in the ERP, {currency}", from_minor(paid, currency), paid_there)
    story.check("deals told their invoice's state", sum(statuses.values()) >= won, True)
    story.check("open problems", problems, 0)


def _end(story: Story, code: int, format: show.Format, *, kept: bool) -> int:
    rows: Sequence[dict[str, Any]] = story.rows
    if format == "json":
        times = {name: round(seconds, 1) for name, seconds in story.seconds.items()}
        show.emit_json({"exit_code": code, "result": rows, "seconds": times})
        return code
    if rows:
        show.rows("billsync demo", ["what", "found", "expected", ""], rows)
    timing = [{"chapter": name, "seconds": f"{seconds:.1f}"} for name, seconds in story.seconds.items()]
    timing.append({"chapter": "in all", "seconds": f"{sum(story.seconds.values()):.1f}"})
    show.rows("Time", ["chapter", "seconds"], timing)
    if kept:
        show.line(f"The working folder is {story.folder}: cd there and try `billsync status`, `billsync invoice list`")
    return code
