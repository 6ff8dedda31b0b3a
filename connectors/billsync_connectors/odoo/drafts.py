"""Drafts of invoices and credit notes: what a mapping says, as rows for `load`.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billsync.connector import Data, Fault, Intent, Refused, TryLater, Unclear
from billsync_connectors.odoo import payload
from billsync_connectors.odoo.external import External
from billsync_connectors.odoo.house import House
from billsync_connectors.odoo.jobs import Job, still, stopping
from billsync_connectors.odoo.loading import Sheet, load
from billsync_connectors.odoo.session import Session

_MODEL: Final = "account.move"
_LINE: Final = "account.move.line"
_LINES: Final = "invoice_line_ids"
_OWN: Final = ("tax_code", "tax_rate")
"""Names in a line that are ours: the tax is found by them."""


class Drafts:
    """Makes drafts of one type, and takes them away again."""

    def __init__(self, session: Session, house: House, external: External, object: str, type: str) -> None:
        self._session, self._house, self._external = session, house, external
        self._object, self._type = object, type

    def make(self, jobs: Sequence[Job]) -> None:
        """Drafts for all of them, many in a call; what cannot be made ends its job."""
        with stopping(jobs):
            locked = self._house.locked_until() if jobs else None
            for job in jobs:
                with stopping([job]):
                    self._house.open_on(payload.day(job.intent.payload, "invoice_date"), locked)
            self._active(still(jobs))
            sheets: list[tuple[Job, Sheet]] = []
            for job in still(jobs):
                with stopping([job]):
                    sheets.append((job, self.sheet(job.intent)))
            made = load(self._session, _MODEL, [sheet for _, sheet in sheets])
            for (job, _), result in zip(sheets, made, strict=True):
                if isinstance(result, int):
                    job.id = result
                elif isinstance(result, TryLater | Refused | Unclear):
                    job.stops(result)

    def withdrawn(self, id: int) -> bool:
        """Delete a draft that Odoo does not post; True where it is gone for certain.

        One that has a number already is cancelled first: else Odoo would keep it.
        """
        for steps in (("unlink",), ("button_cancel", "unlink")):
            try:
                for step in steps:
                    self._session.do(_MODEL, step, [id])
            except Refused:
                continue
            except Fault:
                return False
            return True
        return False

    def _active(self, jobs: Sequence[Job]) -> None:
        """Customers that are archived, or not there, end their jobs before anything is made for them."""
        wanted: dict[int, list[Job]] = {}
        for job in jobs:
            with stopping([job]):
                wanted.setdefault(payload.remote_id(job.intent.payload.get("partner_id"), "partner_id"), []).append(job)
        domain = [["id", "in", sorted(wanted)]]
        rows = self._session.find("res.partner", domain, ["name", "active"], archived=True) if wanted else []
        there = {row["id"]: row for row in rows}
        for id, waiting in wanted.items():
            with stopping(waiting):
                self._invoiced(id, there.get(id))

    def _invoiced(self, id: int, row: Mapping[str, Any] | None) -> None:
        if row is None:
            what = f"{self._session.system}: Odoo has no partner {id}: deleted, or merged into another?"
            raise Refused("bad_reference", what, field="partner_id")
        if not row["active"]:
            what = f"{self._session.system}: the partner {row['name']} ({id}) is archived in Odoo: unarchive it there"
            raise Refused("inactive", what, field="partner_id")

    # ------------------------------------------------------------ rows

    def sheet(self, intent: Intent) -> Sheet:
        """The rows of one document.  Raises `Refused` for what Odoo would not know, or understand otherwise."""
        xmlid = self._external.xmlid(self._object, intent.key)
        lines = payload.rows(intent.payload, _LINES)
        own = [{f"{_LINES}/id": f"{xmlid}-line-{n}", **self._line(line)} for n, line in enumerate(lines, 1)]
        if any("account_id/.id" in name for line in own for name in line) and len({tuple(line) for line in own}) > 1:
            own = self._level(own)
        return Sheet(xmlid, self._head(intent.payload), own)

    def _head(self, data: Data) -> dict[str, str]:
        types = self._house.types(_MODEL)
        payload.only(data, types, self._object)
        said = {name: value for name, value in data.items() if name != _LINES and value is not None}
        if said.pop("move_type", self._type) != self._type:
            raise Refused("bad_value", f"the move_type of a {self._object} is {self._type}", field="move_type")
        if "invoice_date_due" in said and "invoice_payment_term_id" not in said:
            said["invoice_payment_term_id"] = None  # else the customer's own term would say another day
        if self._house.sales_journal is not None:
            said.setdefault("journal_id", self._house.sales_journal)
        return {"move_type": self._type, **payload.columns(self._house.coded(_MODEL, said), types)}

    def _line(self, line: Data) -> dict[str, str]:
        types, prefix = self._house.types(_LINE), f"{_LINES}/"
        payload.only(line, types, "invoice line", _OWN)
        for name in ("quantity", "price_unit"):
            if payload.number(line, name) is None:
                raise Refused("missing_value", f"a line needs {name}: let the mapping fill it", field=name)
        said = {name: value for name, value in line.items() if name not in _OWN and value is not None}
        said["tax_ids"] = self._house.tax_ids(line)  # none at all says so: else Odoo would take the usual one
        if self._house.revenue is not None:
            said.setdefault("account_id", self._house.revenue)
        return payload.columns(self._house.coded(_LINE, said), types, prefix)

    def _level(self, lines: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Lines with the same columns; an account that only some of them name would be emptied on the others."""
        account = f"{_LINES}/account_id/.id"
        if not all(account in line for line in lines):
            raise Refused("bad_value", "name an account on every line, or on none", field="account_id")
        return [dict(line) for line in lines]
