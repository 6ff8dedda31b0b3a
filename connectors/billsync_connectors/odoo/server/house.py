"""The database behind its doors: settings, users, faults, the log, and what arrives late.  (shell)"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from billsync_connectors.odoo.server.asked import Reply, Request
from billsync_connectors.odoo.server.calls import Calls
from billsync_connectors.odoo.server.clock import Clock, written
from billsync_connectors.odoo.server.denied import Denied, UserError
from billsync_connectors.odoo.server.doors import Doors, Refused
from billsync_connectors.odoo.server.faults import CATALOGUE
from billsync_connectors.odoo.server.fields import MODELS
from billsync_connectors.odoo.server.first import FIRST
from billsync_connectors.odoo.server.orm import Orm
from billsync_connectors.odoo.server.settings import Settings
from billsync_connectors.odoo.server.users import UID, Users
from billsync_stand_in import house
from billsync_stand_in.faults import Switch
from billsync_stand_in.shelf import Shelf

_PERSON: Final = 1


class House(house.House[Request, Reply, Settings]):
    """What one stand-in is; its doors' threads share it under the shelf's turns."""

    catalogue = CATALOGUE

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf(folder / "odoo.db")
        self.clock = Clock(self.shelf.recall("clock", {}))
        super().__init__(self.shelf, self.clock, Settings())
        self.users = Users(self.shelf, self.clock, lambda: self.settings)
        self.orm = Orm(self.shelf, self.clock, lambda: self.settings)
        self.calls = Calls(self.shelf, self.orm, self.users, lambda: self.settings)
        self.doors = Doors(self.calls, self.users, lambda: self.settings)
        self._open: list[tuple[str, str, Mapping[str, Any]]] = []
        self._second, self._asked = "", 0
        self._furnish()

    def _furnish(self) -> None:
        """What each database has from the first day."""
        with self.shelf.turn():
            if any(True for _ in self.orm.all("res.company")):
                return
            self.orm.at = self.clock.stamp()
            for xmlid, model, values in FIRST:
                id = self.calls.save(model, None, values)
                module, _, name = xmlid.partition(".")
                self.orm.create("ir.model.data", {"module": module, "name": name, "model": model, "res_id": id})
            self.orm.put("res.company", 1, {"account_sale_tax_id": 1})
            for model in MODELS:
                self.orm.create("ir.model", {"model": model, "name": model})

    def _forget(self) -> None:
        self._open = []

    # ------------------------------------------------------------ one request

    def execute(self, request: Request, struck: Switch | None = None) -> Reply:
        """The reply, whatever it is; what was refused left nothing behind."""
        self.orm.at, self.orm.uid = self.clock.stamp(), UID
        try:
            with self.shelf.turn():
                self._prepare(struck)
                return self.doors.answer(request)
        except Refused as refused:
            return refused.reply
        except Denied as denied:
            return Reply(denied.status, denied.value())
        finally:
            self.calls.short = 0

    def too_many(self) -> bool:
        """Whether the proxy lets this request through: so many each second, where that is set up."""
        second = self.clock.stamp()[:19]
        self._asked = self._asked + 1 if second == self._second else 1
        self._second = second
        return self._asked > self.settings.per_second > 0

    def _prepare(self, struck: Switch | None) -> None:
        """What a fault changes before the request is executed."""
        if struck is not None and struck.fault == "expire":
            self.users.end()
        if struck is not None and struck.fault == "short-page":
            self.calls.short = struck.options["rows"]

    # ------------------------------------------------------------ people

    def by_hand(self, model: str, method: str, given: Mapping[str, Any], *, late_s: int = 0, at: str = "") -> Any:
        """What a person does: any call, without rules of lock dates where `force` is given.

        With `late_s` their transaction stays open so long: nobody sees it until then, and its stamp is of now.
        """
        if late_s:
            due = written(self.clock.now() + timedelta(seconds=late_s))
            self._open.append((due, self.clock.stamp(), {"model": model, "method": method, "given": given}))
            return None
        own = dict(given)
        self.orm.at, self.orm.uid = at or self.clock.stamp(), _PERSON
        self.calls.moves.force = own.pop("force", False) is True
        try:
            with self.shelf.turn():
                if (model, method) == ("account.payment", "match"):
                    return self.calls.payments.match(own.get("ids", []))
                if (model, method) == ("res.partner", "merge"):
                    return self._merged(*own["ids"])
                return self.calls.named(model, method, own)
        finally:
            self.calls.moves.force, self.orm.uid = False, UID

    def _merged(self, winner: int, *losers: int) -> bool:
        """Losers are deleted, and all that led to them leads to the winner."""
        for loser in losers:
            for model in MODELS:
                for name, field in self.orm.fields(model).items():
                    if field.type == "many2one" and field.relation == "res.partner":
                        for row in self.orm.by(model, name, loser):
                            self.orm.put(model, row["id"], {name: winner}, stamped=False)
            self.orm.unlink("res.partner", [loser])
        return True

    # ------------------------------------------------------------ late ones

    def arrive(self) -> None:
        """Commit and execute what is due: nobody has looked since then, so nobody can tell."""
        now = self.clock.stamp()
        opened, self._open = (
            [each for each in self._open if each[0] <= now],
            [each for each in self._open if each[0] > now],
        )
        for _due, at, call in opened:
            try:
                self.by_hand(call["model"], call["method"], call["given"], at=at)
            except Denied:
                self._number += 1
        super().arrive()

    # ------------------------------------------------------------ what there is

    def documents(self, model: str) -> dict[str, list[dict[str, Any]]]:
        """Every record of a model, or of those that matter; with `by` (2: the app, 1: a person) and `xmlid`."""
        usual = ("res.partner", "product.product", "account.move", "account.payment", "account.partial.reconcile")
        if model and model not in MODELS:
            raise UserError(f"there is no model {model}")
        return {each: [self._whole(each, row) for row in self.orm.all(each)] for each in ((model,) if model else usual)}

    def _whole(self, model: str, row: Mapping[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in row.items() if not name.startswith("_")}
        if model == "account.move":
            told["lines"] = self.calls.moves.lines(row["id"])
        return {**told, "by": row["create_uid"], "xmlid": self.calls.external.of(model, [row["id"]])[str(row["id"])]}

    def _secret(self, request: Request) -> bool:
        return request.parts[:1] != ["json"] or "apikeys" in request.path
