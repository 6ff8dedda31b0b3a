"""`db upgrade/check`, `verify`, `reconcile`.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync import reconcile as reconciling
from billsync import schedule, settings, workspace
from billsync import verify as verifying
from billsync.cli import guard, progress, show
from billsync.connector import Connector, Record
from billsync.model.scalar import read_decimal
from billsync.store import Store

PAGE = 500


def upgrade(config: Path) -> int:
    """Make the store or bring it up to date."""
    loaded = settings.load(config)
    Store.open(loaded.store, create=True).close()
    show.line("the store is up to date")
    return guard.OK


def check(config: Path, format: show.Format) -> int:
    """Whether the store is whole."""
    with workspace.opened(settings.load(config), schedule.SystemClock(), create=False) as opened:
        remarks = opened.store.check()
    show.rows("Store", ["remark"], [{"remark": text} for text in remarks], format=format, empty="the store is whole")
    return guard.OK


def verify(config: Path, *, live: bool, format: show.Format) -> int:
    """Every invariant; with `live`, the ERP's documents too."""
    loaded = settings.load(config)
    clock = schedule.SystemClock()
    drifts: list[dict[str, Any]] = []
    with workspace.opened(loaded, clock, create=False) as opened:
        targets = frozenset(p.target for p in loaded.pipelines.values() if p.target and p.sends_invoices)
        verdict = verifying.verify(opened.store, now=clock.now(), targets=targets)
        if live:
            for target in sorted(targets):
                drifts += _drifts(opened, target)[1]
    broken = [{"invariant": b.invariant, "row": b.row, "detail": b.detail} for b in verdict.broken]
    if format == "json":
        show.emit_json({"checked": verdict.checked, "broken": broken, "drift": drifts})
    else:
        checked = [
            {"invariant": name, "what it says": verifying.INVARIANTS[name], "checked": count}
            for name, count in verdict.checked.items()
        ]
        show.rows("Invariants", ["invariant", "what it says", "checked"], checked, empty="nothing to check yet")
        show.rows("Broken", ["invariant", "row", "detail"], broken, empty="no invariant is broken")
        if live:
            show.rows("Drift", DRIFT_COLUMNS, drifts, empty="the ERP agrees")
    return guard.DRIFT if broken or drifts else guard.OK


# ---------------------------------------------------------------- with the ERP

DRIFT_COLUMNS = ["kind", "document", "ours", "theirs", "place"]


def reconcile(config: Path, name: str | None, format: show.Format) -> int:
    """Our invoices and the ERP's, totals first."""
    loaded = settings.load(config)
    with workspace.opened(loaded, schedule.SystemClock(), create=False) as opened:
        pipeline_name, pipeline = opened.pipeline(name)
        if pipeline.target is None:
            show.remark(f"pipeline {pipeline_name} has no target to compare with")
            return guard.USAGE
        totals, drifts = _drifts(opened, pipeline.target)
    if format == "json":
        show.emit_json({"totals": totals, "drift": drifts})
    else:
        show.rows("Totals", ["currency", "invoices here", "total here", "invoices there", "total there"], totals)
        show.rows("Drift", DRIFT_COLUMNS, drifts, empty="no difference: every document agrees")
    return guard.DRIFT if drifts else guard.OK


def _drifts(opened: workspace.Workspace, target: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with progress.shown() as shown, workspace.connected(opened, target, progress=shown) as end:
        shown.stage(f"Compare with {target}")
        comparison = reconciling.compare(ours(opened.store), theirs(end.connector))
    totals = [
        {
            "currency": currency,
            "invoices here": row.our_count,
            "total here": row.ours,
            "invoices there": row.their_count,
            "total there": row.theirs,
        }
        for currency, row in sorted(comparison.by_currency.items())
    ]
    drifts = [{name: getattr(drift, name) for name in DRIFT_COLUMNS} for drift in comparison.drifts]
    return totals, drifts


def ours(store: Store) -> Iterator[reconciling.Ours]:
    """Our invoices in order of their number."""
    after = ""
    while True:
        with store.view() as tx:
            page = tx.ledger.invoices(after=after, limit=PAGE)
        if not page:
            return
        for item in page:
            invoice = item.invoice
            yield reconciling.Ours(
                reference=invoice.number,
                customer=invoice.customer,
                currency=invoice.currency,
                total=invoice.total,
                tax=invoice.tax_total,
                state=str(item.state),
                open=item.open,
            )
        after = page[-1].invoice.number


def theirs(connector: Connector) -> Iterator[reconciling.Theirs]:
    """The ERP's invoices that carry a reference of ours, in order of it."""
    found = [_their(record) for page in connector.read("invoice", None) for record in page.records]
    yield from sorted(found, key=lambda item: item.reference)


def _their(record: Record) -> reconciling.Theirs:
    data = record.data
    return reconciling.Theirs(
        reference=str(data["reference"]),
        id=record.id,
        currency=str(data["currency"]),
        total=_number(data["total_amount"]),
        tax=_number(data["tax_amount"]),
        state=None if data["final"] else str(data["state"]),
        open=_number(data["amount_to_pay"]),
    )


def _number(value: object) -> Decimal:
    return read_decimal(value if isinstance(value, Decimal | int) else str(value))
