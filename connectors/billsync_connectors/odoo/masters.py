"""Partners and products: made by our external id, changed where something differs, never matched by name.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from billsync.connector import Absent, Applied, Found, Intent, Outcome, Probe, Refused, TryLater, Unclear
from billsync_connectors.odoo import payload
from billsync_connectors.odoo.encoding import link
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.house import House
from billsync_connectors.odoo.jobs import Job, adopt, located, outcomes, still, stopping
from billsync_connectors.odoo.loading import Sheet, load
from billsync_connectors.odoo.session import Session


class Masters:
    """Writes and finds records of one model; what people add to them there is left alone."""

    def __init__(self, session: Session, house: House, external: External, object: str, model: str) -> None:
        self._session, self._house, self._external = session, house, external
        self._object, self._model = object, model

    def probe(self, keys: Sequence[str]) -> list[Probe]:
        """One answer per key, archived ones too.  Raises `TryLater`, `Refused`."""
        ids = self._external.ids(self._object, self._model, keys)
        there = {row["id"] for row in self._session.find(self._model, [["id", "in", sorted(ids.values())]], ["id"],
                                                         archived=True)} if ids else set()  # fmt: skip
        return [Found((str(ids[key]),)) if ids.get(key) in there else Absent() for key in keys]

    def write(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Make what is not there, change what differs."""
        jobs = located(self._external, self._object, self._model, intents)
        with stopping(jobs):
            for job in still(jobs):
                with stopping([job]):
                    self._allowed(job.intent)
            self._make([job for job in still(jobs) if job.id is None])
            self._change([job for job in still(jobs) if job.id is not None])
        return outcomes(jobs)

    def _allowed(self, intent: Intent) -> None:
        if intent.void:
            raise Refused("not_supported", f"{self._session.system}: Odoo's {self._object} is not taken back")
        payload.only(intent.payload, self._house.types(self._model), self._object)

    def _make(self, jobs: Sequence[Job]) -> None:
        types, sheets = self._house.types(self._model), list[tuple[Job, Sheet]]()
        for job in jobs:
            with stopping([job]):
                said = {name: value for name, value in job.intent.payload.items() if value is not None}
                head = payload.columns(self._house.coded(self._model, said), types)
                sheets.append((job, Sheet(self._external.xmlid(self._object, job.intent.key), head)))
        made = load(self._session, self._model, [sheet for _, sheet in sheets])
        for (job, _), result in zip(sheets, made, strict=True):
            if isinstance(result, int):
                job.id, job.outcome = result, Applied(str(result))
            elif isinstance(result, TryLater | Refused | Unclear):
                job.stops(result)

    def _change(self, jobs: Sequence[Job]) -> None:
        names = sorted({name for job in jobs for name in job.intent.payload})
        there = self._session.those(self._model, (job.record for job in jobs), names, archived=True)
        for job in jobs:
            if job.record not in there:
                what = f"{self._session.system}: Odoo has no {self._object} {job.id} any more: deleted, or merged?"
                job.outcome = Refused("gone", what)
        adopt(self._external, self._object, self._model, jobs)
        for job in still(jobs):
            with stopping([job]):
                self._written(job, there[job.record])

    def _written(self, job: Job, row: Mapping[str, Any]) -> None:
        types = self._house.types(self._model)
        wanted = payload.changes(self._house.coded(self._model, job.intent.payload), types)
        differing = {name: value for name, value in wanted.items() if not same(value, row[name], types[name])}
        if differing:
            self._session.do(self._model, "write", [job.record], vals=differing)
        job.outcome = Applied(str(job.record))


def same(wanted: Any, there: Any, type: str) -> bool:
    """Whether a field shows already what `write` would make of it."""
    if type == "many2one":
        return (link(there) or 0) == (wanted or 0)
    if type == "many2many":
        return sorted(wanted[0][2]) == sorted(there or [])
    if isinstance(wanted, Decimal | int) and not isinstance(wanted, bool):
        return isinstance(there, Decimal | int) and Decimal(wanted) == Decimal(there)
    return (wanted or False) == (there or False)
