"""`mapping diff`.  (shell)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync import workspace
from billsync.billing import changes
from billsync.cli import guard, mapping_files, progress, show
from billsync.cli.mapping_sources import documents, gather, section
from billsync.cli.mapping_versions import version
from billsync.cli.opening import opened_or_empty
from billsync.connector import Record
from billsync.mapping import Mapped
from billsync.mapping import Mapping as FieldMapping
from billsync.mapping.tools.difference import Comparison, Saying, Version, sayings
from billsync.model.base import Noun
from billsync.model.charge import Charge
from billsync.model.customer import Customer
from billsync.model.deal import Deal
from billsync.model.product import Product
from billsync.settings import Pipeline
from billsync.stage.gathered import Gathered
from billsync.stage.owing import Sum, invoiced, owed
from billsync.stage.world import Progress
from billsync.store import Store
from billsync.strict.yaml import did_you_mean
from billsync.workspace import Workspace

MONEY = ("customer", "product", "deal")
"""Kinds of document that decide what is billed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    old: str
    new: str
    pipeline: str | None
    live: bool
    through: date | None
    format: show.Format


@dataclass(slots=True)
class _Side:
    """What one version makes of the pipeline's records, as far as billing needs it."""

    customers: dict[str, Customer] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    deals: dict[str, tuple[Deal, str]] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    sums: dict[str, Sum] = field(default_factory=dict)

    def keep(self, noun: Noun | None, record: Record) -> None:
        """Keep what a record became."""
        if isinstance(noun, Customer):
            self.customers[noun.id] = noun
        elif isinstance(noun, Product):
            self.products[noun.id] = noun
        elif isinstance(noun, Deal):
            self.deals[noun.id] = (noun, str(record.place))

    def bill(self, pipeline: Pipeline, through: date) -> None:
        """Charges and invoices of all deals, by the pipeline's rules."""
        for deal, source in self.deals.values():
            due, problems = owed(
                deal, self.customers, self.products, pipeline.invoicing, through=through, source=source
            )
            self.faults.update(problem.message for problem in problems)
            self.charges += due.charges if due is not None else ()
        self.sums, late = invoiced(self.charges, self.customers, self.products, pipeline.invoicing, through=through)
        self.faults.update(problem.message for problem in late)


def diff(config: Path, asked: Asked) -> int:
    """Two versions of a mapping, and what the second would change."""
    with opened_or_empty(config) as opened, progress.shown(quiet=asked.format == "json") as shown:
        _, pipeline = opened.pipeline(asked.pipeline)
        variant = mapping_files.variant_of(opened.settings, pipeline)
        old, new = (version(opened.settings, spec, variant) for spec in (asked.old, asked.new))
        _check_alike(old, new)
        said = list(sayings(old, new))
        day = asked.through or pipeline.billing.day(opened.clock.now())
        comparison, sides, again = Comparison(), (_Side(), _Side()), 0
        if old.mapping.direction == "outbound":
            _compare_outbound(opened.store, old, new, comparison, shown)
        else:
            again = _compare_inbound(opened, pipeline, (old, new), comparison, sides, day, shown, live=asked.live)
    if asked.format == "json":
        show.emit_json(_document(said, comparison, sides, day, again))
    else:
        _tell(said, comparison, sides, day, again)
    return guard.PROBLEMS if comparison.broken else guard.OK


def _check_alike(old: Version, new: Version) -> None:
    ends = [(one.mapping.direction, one.mapping.source, one.mapping.target) for one in (old, new)]
    if ends[0] != ends[1]:
        lead = " and ".join(f"from {source} to {target}" for _, source, target in ends)
        raise guard.Wrong(f"these are not two versions of one mapping: they lead {lead}")


# ---------------------------------------------------------------- comparing


def _compare_outbound(store: Store, old: Version, new: Version, into: Comparison, shown: Progress) -> None:
    shown.stage(f"Map every {old.mapping.source}")
    for record in documents(store, old.mapping.source):
        into.see(record, _apply(old.mapping, record), _apply(new.mapping, record))
        shown.advance(1)


def _apply(mapping: FieldMapping, record: Record) -> Mapped:
    return mapping.apply(record, lambda _kind, id: id)


def _compare_inbound(
    opened: Workspace,
    pipeline: Pipeline,
    versions: tuple[Version, Version],
    into: Comparison,
    sides: tuple[_Side, _Side],
    through: date,
    shown: Progress,
    *,
    live: bool,
) -> int:
    """Records and money; gives how many deals were invoiced in a way that the new version no longer makes."""
    own = versions[0].mapping
    mappings = workspace.read_mappings(
        pipeline.mappings.inbound, opened.settings.root, mapping_files.variant_of(opened.settings, pipeline)
    )
    if own.source not in {mapping.source for mapping in mappings}:
        hint = did_you_mean(own.source, [mapping.source for mapping in mappings])
        raise guard.Wrong(f"the pipeline reads no {own.source}: name another with --pipeline  ({hint})")
    others = [one for one in mappings if (one.source, one.target) != (own.source, own.target)]
    billed = own.target in MONEY
    others = [one for one in others if billed and one.target in MONEY]
    objects = list(dict.fromkeys(mapping.source_object for mapping in mappings))
    with gather(opened, pipeline.source, objects, shown, live=live) as source:
        for other in others:
            _map(source, other, sides, shown)
        _map_both(source, versions, into, sides, shown)
    if not billed:
        return 0
    shown.stage("Bill both versions")
    for side in sides:
        side.bill(pipeline, through)
    return _invoiced_otherwise(opened.store, sides[1], through)


def _map(source: Gathered, mapping: FieldMapping, sides: Sequence[_Side], shown: Progress) -> None:
    shown.stage(f"Map {mapping.source_object}", source.count(mapping.source_object))
    resolve = source.resolver()
    for record in source.records(mapping.source_object):
        noun = mapping.apply(record, resolve).noun
        for side in sides:
            side.keep(noun, record)
        shown.advance(1)


def _map_both(
    source: Gathered, versions: tuple[Version, Version], into: Comparison, sides: Sequence[_Side], shown: Progress
) -> None:
    object = versions[0].mapping.source_object
    shown.stage(f"Map {object} by both versions", source.count(object))
    resolve = source.resolver()
    for record in source.records(object):
        made = [one.mapping.apply(record, resolve) for one in versions]
        into.see(record, made[0], made[1])
        for side, mapped in zip(sides, made, strict=True):
            side.keep(mapped.noun, record)
        shown.advance(1)


def _invoiced_otherwise(store: Store, side: _Side, through: date) -> int:
    """Deals that stand on an invoice otherwise than they would be billed now: a run tells them to a person."""
    wanted: dict[str, list[Charge]] = {}
    for charge in side.charges:
        wanted.setdefault(charge.deal, []).append(charge)
    count = 0
    ids = list(side.deals)
    for start in range(0, len(ids), 500):
        with store.view() as tx:
            found = tx.ledger.charges_of_many(ids[start : start + 500])
        for deal, stored in found.items():
            kept = {key: item.charge for key, item in stored.items()}
            bound = {key for key, item in stored.items() if item.invoice}
            count += bool(changes.compare(kept, wanted.get(deal, ()), bound, through=through).problems)
    return count


# ---------------------------------------------------------------- shown


_COUNTS = ("same", "changed", "taken", "left", "broken", "healed", "both_broken")
_WORDS = {
    "same": "documents as before",
    "changed": "documents that change",
    "taken": "only the new version takes",
    "left": "only the old version takes",
    "broken": "new problems: held back",
    "healed": "problems healed",
    "both_broken": "problems with both",
}


def _money(sides: Sequence[_Side]) -> Iterator[dict[str, Any]]:
    """Currency by currency, figure by figure: before, after and the difference."""
    for currency in sorted(set(sides[0].sums) | set(sides[1].sums)):
        old, new = (side.sums.get(currency) or _nothing(currency) for side in sides)
        for name in (item.name for item in fields(Sum) if item.name != "currency"):
            before, after = getattr(old, name), getattr(new, name)
            yield {
                "currency": currency, "what": name, "before": before, "after": after, "difference": after - before,
            }  # fmt: skip


def _nothing(currency: str) -> Sum:
    zero = Decimal(0)
    return Sum(currency, 0, 0, zero, zero, zero, zero)


def _faults(side: _Side, other: _Side) -> list[dict[str, Any]]:
    """What keeps deals of one side from being billed, and not the other's."""
    found = [(message, count - other.faults.get(message, 0)) for message, count in side.faults.items()]
    return [{"deals": count, "message": message} for message, count in sorted(found) if count > 0]


def _document(
    said: Sequence[Saying], comparison: Comparison, sides: tuple[_Side, _Side], through: date, again: int
) -> dict[str, Any]:
    return {
        "mapping": [asdict(one) for one in said],
        "records": {"all": comparison.records, **{name: getattr(comparison, name) for name in _COUNTS}},
        "fields": [
            {"field": change.name, "documents": change.documents, "samples": _samples(change.samples)}
            for change in comparison.fields.values()
        ],
        "new_problems": [asdict(fault) for fault in comparison.faults.values()],
        "healed_problems": [asdict(fault) for fault in comparison.cures.values()],
        "money": {
            "through": through.isoformat(),
            "sums": list(_money(sides)),
            "deals_invoiced_otherwise": again,
            "no_longer_billed": _faults(sides[1], sides[0]),
            "billed_again": _faults(sides[0], sides[1]),
        },
    }


def _samples(samples: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"record": id, "before": before, "after": after} for id, before, after in samples]


def _tell(
    said: Sequence[Saying], comparison: Comparison, sides: tuple[_Side, _Side], through: date, again: int
) -> None:
    rows: list[Mapping[str, Any]] = [{**asdict(one), "what": one.what, "name": one.name} for one in said]
    section("What the mapping says", ["what", "name", "before", "after"], rows, most=100)
    if not said:
        show.line("the two versions say the same")
    counts = [{"what": _WORDS[name], "records": getattr(comparison, name)} for name in _COUNTS]
    section(f"Of {comparison.records:,} records", ["what", "records"], [row for row in counts if row["records"]])
    section("Fields that change", ["field", "documents", "record", "before", "after"], _field_rows(comparison))
    columns = ["code", "message", "records", "example"]
    section("New problems", columns, [asdict(fault) for fault in comparison.faults.values()])
    section("Problems that are gone", columns, [asdict(fault) for fault in comparison.cures.values()])
    money = list(_money(sides))
    section(
        f"What all deals come to through {through}, from the beginning",
        ["currency", "what", "before", "after", "difference"],
        money,
        most=100,
    )
    section("No longer billed", ["deals", "message"], _faults(sides[1], sides[0]))
    section("Billed only now", ["deals", "message"], _faults(sides[0], sides[1]))
    if again:
        show.line(f"{again:,} deals stand on invoices otherwise: nothing is changed there, a person has to decide")


def _field_rows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {"field": change.name if not index else "", "documents": change.documents if not index else None,
         "record": id, "before": before, "after": after}
        for change in comparison.fields.values()
        for index, (id, before, after) in enumerate(change.samples)
    ]  # fmt: skip
