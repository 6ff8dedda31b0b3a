"""The connector of the simulated ERP: what each kind of it can promise, and what each reply means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from billsync.connector import (
    Absent,
    Applied,
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    Found,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    Refused,
    Standing,
    Target,
    Unfinished,
    Unsure,
    WriteSheet,
)
from tests.simulation.crm import NoConfig
from tests.simulation.erp import Doc, Erp
from tests.simulation.feed import pages
from tests.simulation.network import Failed, Network, Rejected

SETTLE_S = 360.0


def sheet(kind: Target, *, batch_max: int, ordered: bool, searchable: bool) -> Capabilities:
    """What an ERP of this kind declares."""
    base = WriteSheet(
        target=kind,
        reference="reference" if searchable else "",
        settle_s=SETTLE_S,
        key_lifetime_s=86_400.0 if kind is Target.KEY else None,
        batch_max=batch_max,
        voids=True,
    )
    writes = {"customer": base, "product": base, "invoice": base.model_copy(update={"ordered": ordered})}
    return Capabilities(system="erp", title="ERP", writes=writes)


class ErpConnector(Connector):
    """Its connector, for the length of one run."""

    capabilities = Capabilities(system="erp", title="ERP")
    config = NoConfig

    def __init__(self, context: Context, config: Any) -> None:
        self.erp: Erp
        self.network: Network

    @classmethod
    def of(cls, erp: Erp, network: Network, capabilities: Capabilities) -> ErpConnector:
        made = cls(Context("erp", Path()), NoConfig())
        made.erp, made.network = erp, network
        made.__dict__["capabilities"] = capabilities
        return made

    def check(self) -> Health:
        return Health(system="erp")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        return pages(self.network, "erp", self.erp.payments, since)

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        if not self.capabilities.writes[object].reference:
            return [Unsure("not_supported", "it has no search") for _ in keys]
        try:
            found = self.network.call("erp", f"search {' '.join(keys)}", lambda: self.erp.find(object, keys))
        except Failed as failed:
            fault = failed.as_read()
            return [Unsure(fault.reason, fault.message, offline=fault.offline) for _ in keys]
        return [_found(docs) for docs in found]

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        try:
            found = self.network.call("erp", f"list {object}", lambda: self.erp.standing(object))
        except Failed as failed:
            raise failed.as_read() from None
        yield found

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        what = f"put {object} {' '.join(intent.key for intent in intents)}"
        try:
            made = self.network.call("erp", what, lambda: self.erp.put(object, intents), writes=True)
        except Failed as failed:
            return [unclear(failed) for _ in intents]
        except Rejected as rejected:
            return [Refused("rejected", str(rejected)) for _ in intents]
        return self._posted(object, made)

    def _posted(self, object: str, made: Sequence[Doc | str]) -> list[Outcome]:
        drafts = [doc.id for doc in made if isinstance(doc, Doc) and not doc.posted and not doc.void]
        fault = self._post(drafts) if drafts else ""
        return [_applied(doc, fault if isinstance(doc, Doc) and doc.id in drafts else "") for doc in made]

    def _post(self, drafts: Sequence[str]) -> str:
        try:
            self.network.call("erp", f"post {' '.join(drafts)}", lambda: self.erp.post(drafts), writes=True)
        except (Failed, Rejected) as failed:
            return str(failed)
        return ""


def unclear(failed: Failed) -> Outcome:
    """What a request that went wrong means."""
    return failed.as_write()


def _applied(doc: Doc | str, fault: str) -> Outcome:
    if isinstance(doc, str):
        return Refused("rejected", doc)
    if fault:
        return Unfinished(doc.id, "not_posted", f"it stands there as a draft: {fault}")
    return Applied(doc.id, _echo(doc))


def _found(docs: Sequence[Doc]) -> Probe:
    if not docs:
        return Absent()
    return Found(tuple(doc.id for doc in docs), complete=docs[0].posted, echo=_echo(docs[0]))


def _echo(doc: Doc) -> dict[str, Any]:
    if doc.object != "invoice":
        return {}
    return {"total": doc.total, "currency": doc.data["currency"], "lines": len(doc.data["lines"])}
