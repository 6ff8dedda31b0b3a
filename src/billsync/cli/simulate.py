"""`simulate`: a billing document, or a pipeline, let run through time; nothing is stored or sent.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.cli import billing_file, guard, preview, progress, show
from billsync.cli.opening import opened_or_empty
from billsync.invoicing.explain import Agreed, explain, explain_note
from billsync.invoicing.wording import money
from billsync.model.invoice import CreditNote, Invoice
from billsync.model.money import round_amount
from billsync.planning import outlook, travelling, unfolding
from billsync.planning.refusal import Unreached
from billsync.planning.unfolding import Step, Unfolded
from billsync.settings import BadSettings

NOTHING = Decimal(0)
SHOWN = 50
"""Documents of a pipeline that a table names."""
_FILES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; None where it does not say."""

    begin: date | None
    end: date | None
    step: Step | None
    explained: bool
    format: show.Format


def simulate(what: str, config: Path, asked: Asked) -> int:
    """Let a file, or a pipeline of the configuration, run through time."""
    if Path(what).suffix.lower() in _FILES or Path(what).is_file():
        return _file(Path(what), asked)
    return _pipeline(what, config, asked)


def _days(begin: date | None, end: date | None) -> tuple[date, date]:
    if begin is None or end is None:
        raise guard.Wrong("say from when to when: --from 2026-01-01 --to 2026-12-31")
    if end < begin:
        raise guard.Wrong(f"the last day {end} is before the first day {begin}")
    return preview.within(begin), preview.within(end)


# ---------------------------------------------------------------- a billing document


def _file(file: Path, asked: Asked) -> int:
    try:
        read = billing_file.read(file)
    except BadSettings as error:
        return preview.tell_faults(file, error.problems, asked.format)
    document = read.document
    begin, end = _days(asked.begin or document.contract.start, asked.end or document.through)
    found = unfolding.unfold(document, begin, end, asked.step or "day")
    rows = [_row(item.document, item.run_on, read) for item in found.made]
    months = list(_months(outlook.outlook(document, found.book.documents, unfolding.months(begin, end))))
    problems = (*read.problems, *found.problems)
    agreed = Agreed(document.contract, read.places)
    if asked.format == "json":
        words = {"explanations": {item.document.number: _words(item.document, agreed) for item in found.made}}
        show.emit_json(
            {
                "contract": document.contract.id,
                "customer": document.customer.id,
                "from": begin,
                "to": end,
                "step": asked.step or "day",
                "documents": rows,
                "months": months,
                "equal_to_billing_at_once": not found.differences,
                "differences": found.differences,
                "problems": [problem.model_dump(mode="json") for problem in problems],
                **(words if asked.explained else {}),
            }
        )
    else:
        _tell(found, rows, months, agreed if asked.explained else None)
        for problem in problems:
            show.line(str(problem))
    if found.differences:
        return guard.DRIFT
    return guard.PROBLEMS if problems else guard.OK


def _row(document: Invoice | CreditNote, run_on: date, read: billing_file.BillingFile) -> dict[str, Any]:
    zones = unfolding.zones(read.document)
    periods = dict.fromkeys(str(line.period) for line in document.lines if line.period is not None)
    sign = 1 if isinstance(document, Invoice) else -1
    return {
        "run_on": run_on,
        "number": document.number,
        "issued_on": document.issued_on,
        "day_begins_at": f"{zones.day_start(document.issued_on):%Y-%m-%dT%H:%MZ}",
        "period": list(periods),
        "lines": len(document.lines),
        "subtotal": _signed(document.subtotal, sign),
        "tax": _signed(document.tax_total, sign),
        "total": _signed(document.total, sign),
        "currency": document.currency,
        "due_on": document.due_on if isinstance(document, Invoice) else None,
    }


def _signed(amount: Decimal, sign: int) -> Decimal:
    return sign * amount if amount else amount


def _months(found: Sequence[outlook.Month]) -> Iterator[dict[str, Any]]:
    for item in found:
        for currency, revenue in item.revenue.items() or (("", None),):
            names = ("opening", "invoiced", "earned", "deferred", "unbilled")
            amounts = {name: round_amount(getattr(revenue, name), currency) if revenue else None for name in names}
            yield {"month_end": item.month.last_day, "mrr": item.recurring, "currency": currency, **amounts}


def _words(document: Invoice | CreditNote, agreed: Agreed | None = None) -> list[str]:
    if isinstance(document, Invoice):
        return explain(document, "finalised", NOTHING, agreed)
    return explain_note(document, agreed)


def _tell(
    found: Unfolded, rows: Sequence[dict[str, Any]], months: Sequence[dict[str, Any]], agreed: Agreed | None
) -> None:
    columns = ["run_on", "number", "issued_on", "day_begins_at", "period", "lines", "subtotal", "tax", "total"]
    show.rows("Documents", [*columns, "currency", "due_on"], rows, empty="no document is made in this time")
    if agreed is not None:
        for item in found.made:
            show.line()
            for text in _words(item.document, agreed):
                show.line(show.visible(text) if text else "")
    show.line()
    show.rows(
        "Month ends: recurring revenue, and revenue without tax that is deferred or not billed yet",
        ["month_end", "mrr", "currency", "opening", "invoiced", "earned", "deferred", "unbilled"],
        months,
    )
    show.line()
    if found.before:
        show.line(f"{found.before} documents are of days before")
    show.line(f"billing ran on {found.days:,} days, and found something to look at on {found.runs:,}")
    for text in found.differences:
        show.line(show.visible(text))
    if not found.differences:
        sums = ", ".join(_sums([item.document for item in found.made])) or "nothing"
        show.line(f"day by day equals billing at once: {len(found.made)} documents over {sums}")


def _sums(documents: Sequence[Invoice | CreditNote]) -> Iterator[str]:
    for currency in sorted({item.currency for item in documents}):
        mine = [item for item in documents if item.currency == currency]
        total = sum((item.total if isinstance(item, Invoice) else -item.total for item in mine), NOTHING)
        yield f"{money(total)} {currency}"


# ---------------------------------------------------------------- a pipeline


def _pipeline(name: str, config: Path, asked: Asked) -> int:
    begin, end = _days(asked.begin, asked.end)
    days = list(_stops(begin, end, asked.step or "month"))
    try:
        with opened_or_empty(config) as opened, progress.shown(quiet=asked.format == "json") as shown:
            pipeline, _ = opened.pipeline(name)
            found = travelling.travel(opened, pipeline, days, shown)
    except Unreached as error:
        show.remark(f"an outside system was not reached: {error}")
        return guard.UNREACHABLE
    documents = [(stop.on, item) for stop in found.stops for item in stop.documents]
    rows = [_short(item, on) for on, item in documents]
    ends = [_stop(stop) for stop in found.stops]
    if asked.format == "json":
        told = [problem.model_dump(mode="json") for problem in found.problems]
        words = {"explanations": {item.number: _words(item) for _, item in documents}}
        more = words if asked.explained else {}
        show.emit_json({"pipeline": pipeline, "documents": rows, "runs": ends, "problems": told, **more})
    else:
        _tell_journey(found, rows, ends, asked)
    return guard.PROBLEMS if found.problems else guard.OK


def _stops(begin: date, end: date, step: Step) -> Iterator[date]:
    """The days that are billed through: month ends, or days and weeks; the last day is always one."""
    if step != "month":
        yield from unfolding.run_days(begin, end, step)
        return
    for month in unfolding.months(begin, end):
        yield min(month.end - timedelta(days=1), end)


def _short(document: Invoice | CreditNote, on: date) -> dict[str, Any]:
    invoice = isinstance(document, Invoice)
    sign = 1 if invoice else -1
    return {
        "through": on,
        "number": document.number,
        "customer": document.customer,
        "issued_on": document.issued_on,
        "due_on": document.due_on if isinstance(document, Invoice) else None,
        "subtotal": _signed(document.subtotal, sign),
        "tax": _signed(document.tax_total, sign),
        "total": _signed(document.total, sign),
        "currency": document.currency,
    }


def _stop(stop: travelling.Stop) -> dict[str, Any]:
    sums: dict[str, Decimal] = {}
    for item in stop.documents:
        total = item.total if isinstance(item, Invoice) else -item.total
        sums[item.currency] = sums.get(item.currency, NOTHING) + total
    notes = sum(isinstance(item, CreditNote) for item in stop.documents)
    return {"through": stop.on, "invoices": len(stop.documents) - notes, "credit_notes": notes, "amounts": sums}


def _tell_journey(
    found: travelling.Journey, rows: Sequence[dict[str, Any]], ends: Sequence[dict[str, Any]], asked: Asked
) -> None:
    columns = ["through", "number", "customer", "issued_on", "due_on", "subtotal", "tax", "total", "currency"]
    show.rows("Documents", columns, rows[:SHOWN], empty="no document is made in this time")
    if len(rows) > SHOWN:
        show.line(f"... and {len(rows) - SHOWN:,} more: --format json has them all")
    if asked.explained:
        for item in (item for stop in found.stops for item in stop.documents):
            show.line()
            for text in _words(item):
                show.line(show.visible(text) if text else "")
    show.line()
    show.rows("Runs", ["through", "invoices", "credit_notes", "amounts"], ends)
    for problem in found.problems:
        show.line(str(problem))
    show.remark("nothing was stored or sent")
