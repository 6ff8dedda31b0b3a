"""The whole account apart from its door: settings, ledger, tokens, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from billsync_connectors.netsuite.server.api import Api
from billsync_connectors.netsuite.server.asked import Reply, Request
from billsync_connectors.netsuite.server.auth import Auth
from billsync_connectors.netsuite.server.denied import Denied, Script, governed
from billsync_connectors.netsuite.server.faults import CATALOGUE, refusal
from billsync_connectors.netsuite.server.kinds import KINDS
from billsync_connectors.netsuite.server.ledger import Ledger
from billsync_connectors.netsuite.server.records import Records
from billsync_connectors.netsuite.server.settings import Settings
from billsync_connectors.netsuite.server.settle import Settle
from billsync_connectors.netsuite.server.shelf import Shelf
from billsync_connectors.netsuite.server.suiteql import SuiteQL
from billsync_stand_in import house
from billsync_stand_in.clock import Clock
from billsync_stand_in.faults import Switch

_CURRENCIES: Final = (
    ("USD", "US Dollar", "1"), ("GBP", "British Pound", "1.25"), ("CAD", "Canadian Dollar", "0.73"),
    ("EUR", "Euro", "1.1"), ("JPY", "Yen", "0.0067"), ("KWD", "Kuwaiti Dinar", "3.25"),
)  # fmt: skip
_ACCOUNTS: Final = (
    ("1000", "Checking", "Bank"), ("1100", "Undeposited Funds", "OthCurrAsset"), ("4000", "Sales", "Income"),
    ("4100", "Services", "Income"), ("4900", "Discounts", "Income"), ("1200", "Accounts Receivable", "AcctRec"),
)  # fmt: skip
_TERMS: Final = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
_CODES: Final = (("VAT 20", "20"), ("VAT 7", "7"), ("VAT 0", "0"))


class Account(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "netsuite.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.ledger = Ledger(self.shelf, self.clock, lambda: self.settings)
        self.auth = Auth(self.shelf, self.clock, lambda: self.settings)
        self.records = Records(self.ledger, Settle(self.ledger))
        self.suiteql = SuiteQL(self.ledger)
        self.api = Api(ledger=self.ledger, auth=self.auth, records=self.records, suiteql=self.suiteql)
        self.under_way, self._over = 0, set[int]()
        self._furnish()

    # ------------------------------------------------------------ what it has from the first day

    def _furnish(self) -> None:
        with self.shelf.turn():
            if self.shelf.recall("furnished", None):
                return
            self.shelf.remember("furnished", value=True)
            for symbol, name, rate in _CURRENCIES:
                self._master("currency", symbol=symbol, name=name, exchangeRate=Decimal(rate))
            self._master("subsidiary", name="Parent Company", country="US", currency={"id": "1"})
            self._master("subsidiary", name="Europe GmbH", country="DE", currency={"id": "4"})
            for number, name, sort in _ACCOUNTS:
                self._master("account", acctNumber=number, acctName=name, acctType=sort)
            for name, days in _TERMS:
                self._master("term", name=name, dateDue=Decimal(days))
            self._master("salesTaxItem", itemId="Sales Tax", name="Sales Tax", rate=self.settings.tax_rate)
            for name, rate in _CODES:
                self._master("salesTaxItem", itemId=name, name=name, rate=Decimal(rate))
            self._master("paymentMethod", name="Wire")
            for item in ("Services", "Goods"):
                self.records.create(KINDS["serviceSaleItem"], {"itemId": item, "incomeAccount": {"id": "3"}})
            self.records.create(KINDS["discountItem"], {"itemId": "Discount", "incomeAccount": {"id": "5"}})

    def _master(self, kind: str, **fields: Any) -> None:
        self.ledger.made(KINDS[kind], {**fields, "isInactive": False})

    def _forget(self) -> None:
        self.ledger.version += 1

    def set(self, values: Mapping[str, Any]) -> None:
        """Change settings, and keep them.  Raises `Turned`."""
        with self.shelf.turn():
            super().set(values)
            code = self.ledger.live("salesTaxItem", "1")
            if code is not None and "tax_rate" in values:
                self.ledger.kept({**code, "rate": self.settings.tax_rate})

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        denied = self._prepare(struck) if struck is not None else None
        try:
            with self.shelf.turn():
                if id(request) in self._over:
                    self._over.remove(id(request))
                    self._governed(request)
                if denied is not None:
                    raise denied
                return self.api.answer(request)
        except Denied as refused:
            self.ledger.version += 1
            return self.refused(refused)
        finally:
            self.api.jobs.refused, self.api.jobs.only, self.suiteql.short = {}, None, 0

    def begin(self, request: Request) -> Decimal:
        """A request is under way, as one more of those at once; gives for how long it is thought about, in seconds."""
        self.under_way += 1
        if self.under_way + self.settings.others > self.settings.concurrency:
            self._over.add(id(request))
        return Decimal(self.settings.think_ms) / 1000

    def end(self, request: Request) -> None:
        """It is answered."""
        self.under_way -= 1
        self._over.discard(id(request))

    def _governed(self, request: Request) -> None:
        """There is no room for one more at once; logging in does not count."""
        if "/auth/" in request.path:
            return
        if "restlet.nl" in request.path:
            raise Script(400, "SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded.")
        raise governed()

    def refused(self, denied: Denied) -> Reply:
        """A refusal as a reply, in the user's language."""
        type = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"
        return Reply(denied.status, denied.value(self.settings.language), denied.headers, type)

    def _prepare(self, struck: Switch) -> Denied | None:
        """What a fault changes before the request is executed; what it has the account say, if anything."""
        denied = refusal(struck)
        match struck.fault:
            case "expire":
                self.auth.end()
            case "reject-task" if denied is not None:
                self.api.jobs.refused = {struck.options["task"]: denied}
            case "half-job":
                self.api.jobs.only = struck.options["tasks"]
            case "short-page":
                self.suiteql.short = struck.options["rows"]
            case "changed" | "locked":
                return denied
        return None

    # ------------------------------------------------------------ late ones

    def arrive(self) -> None:
        """Execute what is due, jobs that clients wait for among it."""
        super().arrive()
        with self.shelf.turn():
            self.api.jobs.arrive()

    def _secret(self, request: Request) -> bool:
        return "/auth/" in request.path
