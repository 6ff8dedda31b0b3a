"""The whole org apart from its door: settings, records, sessions, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

from billsync_connectors.salesforce.server.api import Api
from billsync_connectors.salesforce.server.asked import Reply, Request
from billsync_connectors.salesforce.server.auth import Auth
from billsync_connectors.salesforce.server.auth import Org as Ids
from billsync_connectors.salesforce.server.bulk import Bulk
from billsync_connectors.salesforce.server.clock import stamp
from billsync_connectors.salesforce.server.denied import Denied
from billsync_connectors.salesforce.server.faults import CATALOGUE, refusal
from billsync_connectors.salesforce.server.kinds import Kinds
from billsync_connectors.salesforce.server.limits import Limits
from billsync_connectors.salesforce.server.many import Collections
from billsync_connectors.salesforce.server.queries import Queries
from billsync_connectors.salesforce.server.records import Records
from billsync_connectors.salesforce.server.rest import Rest
from billsync_connectors.salesforce.server.rsa import own
from billsync_connectors.salesforce.server.settings import Settings, listed
from billsync_connectors.salesforce.server.shelf import Shelf
from billsync_stand_in import house
from billsync_stand_in.clock import Clock
from billsync_stand_in.faults import Switch

_CURRENCIES: Final = (("USD", 1, 2), ("EUR", "0.9", 2), ("GBP", "0.8", 2), ("JPY", 150, 0), ("CHF", "0.95", 2))
"""Code, rate, decimals of each."""


class Org(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "salesforce.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.records = Records(self.shelf, self.clock, lambda: self.settings, self.kinds)
        self.auth = Auth(self.shelf, self.clock, lambda: self.settings, self.ids)
        self.limits = Limits(self.shelf, self.clock, lambda: self.settings)
        self.queries = Queries(self.shelf, self.clock, lambda: self.settings, self.kinds)
        self.bulk = Bulk(self.shelf, self.clock, self.records, self.queries, lambda: self.settings)
        rest = Rest(self.shelf, self.clock, self.records, lambda: self.settings, self.kinds)
        self.collections = Collections(self.shelf, self.records, rest, self.kinds)
        self.api = Api(
            shelf=self.shelf, auth=self.auth, limits=self.limits, records=self.records, rest=rest,
            collections=self.collections, queries=self.queries, bulk=self.bulk, settings=lambda: self.settings,
        )  # fmt: skip
        self._furnish()

    def kinds(self) -> Kinds:
        """Its objects and fields, as its settings have them."""
        return _kinds(self.settings)

    def ids(self) -> Ids:
        """Its own id, and that of the user whom clients act as."""
        return Ids(next(row["Id"] for row in self.shelf.all("Organization")), self.records.user)

    def _furnish(self) -> None:
        """What each org has from the first day: itself, a user, its currencies, the standard price book."""
        with self.shelf.turn():
            if not list(self.shelf.all("Organization")):
                self._first()
        user = next(row for row in self.shelf.all("User") if row["Username"] == "integration@billsync.example.com")
        self.records.user = user["Id"]

    def _first(self) -> None:
        self.records.user = "005dM0000000000000"
        name = {"Name": "Stand-In Inc.", "InstanceName": "SBX1", "IsSandbox": True}
        self.records.create("Organization", {}, system=name)
        person = {"Username": "integration@billsync.example.com", "LastName": "Integration", "Email": "it@example.com"}
        self.records.user = self.records.create("User", person)["Id"]
        self.records.create(
            "Pricebook2", {"Name": "Standard Price Book", "IsActive": True}, system={"IsStandard": True}
        )
        for code, rate, decimals in _CURRENCIES if self.kinds().find("CurrencyType") else ():
            more = {"ConversionRate": rate, "DecimalPlaces": decimals}
            corporate = {"IsCorporate": code == self.settings.corporate_currency}
            self.records.create("CurrencyType", {"IsoCode": code, **more}, system=corporate)
        self.records.keep_counts()

    def _forget(self) -> None:
        for part in (self.records, self.auth, self.limits, self.queries, self.bulk):
            part.forget()

    def certificate(self) -> tuple[Path, Path]:
        """Files of its own certificate and key for TLS; made when they are asked for first."""
        paths = self.folder / "certificate.pem", self.folder / "key.pem"
        if not all(path.exists() for path in paths):
            key, certificate = own(secrets.randbits, "127.0.0.1", self.clock.now())
            paths[1].touch(mode=0o600)
            paths[1].write_text(key)
            paths[0].write_text(certificate)
        return paths

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        if struck is not None:
            self._prepare(request, struck)
        try:
            with self.shelf.turn():
                denied = self.collections.refusals.get(0)
                if denied is not None:
                    raise denied
                return self.api.answer(request)
        except Denied as denied:
            return Reply(denied.status, denied.value())
        finally:
            self.collections.refusals, self.queries.short = {}, 0
            self.records.keep_counts()

    def _prepare(self, request: Request, struck: Switch) -> None:
        """What a fault changes in the org before the request is executed."""
        denied = refusal(struck)
        match struck.fault:
            case "expire":
                self.auth.end(request)
            case "lock" | "reject-item" if denied is not None:
                item = struck.options["item"] if "/composite/sobjects" in request.path else 0
                self.collections.refusals = {item: denied}
            case "short-page":
                self.queries.short = struck.options["rows"]
            case "locators":
                self.queries.forget()
            case "job-fails":
                self.bulk.fails = struck.options["message"]

    # ------------------------------------------------------------ late ones

    def arrive(self) -> None:
        """Commit and execute what is due: nobody has looked since then, so nobody can tell."""
        with self.shelf.turn():
            self.shelf.arrive(stamp(self.clock.now()))
        super().arrive()

    def _secret(self, request: Request) -> bool:
        return "/oauth2/" in request.path


@lru_cache(maxsize=8)
def _kinds(settings: Settings) -> Kinds:
    return Kinds(
        currencies=settings.multi_currency,
        hidden=listed(settings.hidden_fields),
        readonly=listed(settings.readonly_fields),
        own=listed(settings.custom_fields),
    )
