"""Which shipped mappings bring a pipeline's documents to an ERP and its payments back; what they leave out.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from billsync import assets, shelf
from billsync.connector import Capabilities, Fault, Schema
from billsync.connector import Connector as AnyConnector
from billsync.mapping import BadMapping, Mapping
from billsync.settings import BadSettings, Pipeline

ALWAYS: Final = ("customer", "product", "invoice", "credit_note")
"""What always goes out; payments and refunds do where the source tells of them."""

_MONEY: Final = ("payment", "refund")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pipeline lacks.

    Attributes:
        outbound, payments: mapping files to add, as a configuration names them.
        missing: kinds of document that no shipped mapping brings there.
    """

    outbound: tuple[str, ...] = ()
    payments: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.outbound or self.payments)


def proposal(pipeline: Pipeline, system: str, sheet: Capabilities, root: Path) -> Proposal:
    """What is to be added, by the kinds of document that no mapping of the pipeline is for yet."""
    shipped = list(_shipped(system, root))
    mapped = {item.source_object for item in _read(pipeline.mappings.outbound, root)}
    told = {item.target_object for item in _read(pipeline.mappings.inbound, root)}
    wanted = [kind for kind in (*ALWAYS, *(kind for kind in _MONEY if kind in told)) if kind not in mapped]
    out = {kind: _best(shipped, kind, sheet) for kind in wanted}
    back = () if pipeline.mappings.payments else tuple(_payments(shipped, sheet))
    found = tuple(file for file in out.values() if file is not None)
    return Proposal(found, back, tuple(kind for kind, file in out.items() if file is None and kind in ALWAYS))


def _shipped(system: str, root: Path) -> Iterator[Mapping]:
    folder = assets.folder("mappings") / system
    for file in sorted(folder.glob("*.yaml"), key=lambda file: (len(file.name), file.name)):
        yield shelf.read_mapping(f"mappings/{system}/{file.name}", root)


def _read(paths: Sequence[str], root: Path) -> Iterator[Mapping]:
    """Those that can be read: what is wrong with the others is told elsewhere."""
    for path in paths:
        try:
            yield shelf.read_mapping(path, root)
        except (BadMapping, BadSettings):
            continue


def _best(shipped: Sequence[Mapping], kind: str, sheet: Capabilities) -> str | None:
    """The plainest mapping of a kind of ours to something that is written there."""
    fits = (item for item in shipped if item.source == kind and item.target_object in sheet.writes)
    return next((item.file for item in fits), None)


def _payments(shipped: Sequence[Mapping], sheet: Capabilities) -> Iterator[str]:
    fits = (item for item in shipped if item.target == "payment" and item.source_object in sheet.reads)
    ours = sorted(fits, key=lambda item: item.source_object not in sheet.writes)
    yield from (item.file for item in ours[:1])


# ---------------------------------------------------------------- what they leave out


def left_out(connector: AnyConnector, mapping: Mapping) -> list[str]:
    """Fields that the system wants in each such record, and that neither the mapping nor the connector fills.

    Only those that a person added there: what belongs to the system itself is the connector's affair.
    """
    object = mapping.target_object
    try:
        schema: Schema = connector.describe(object)
    except Fault:
        return []  # it cannot be asked: the trial shows what is wanting
    filled = {facts.target.partition(".")[0] for facts in mapping.fields} | {
        connector.capabilities.writes[object].reference
    }
    return [
        field.name
        for field in schema.fields
        if field.required and field.writable and field.custom and field.name not in filled
    ]
