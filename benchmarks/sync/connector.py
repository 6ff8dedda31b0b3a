"""A plug-in connector of the measured server: what anybody's REST connector does, over billsync's own HTTP client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from billsync.connector import Capabilities, Checkpoint, Connector, Context, Health, Page, ReadSheet, Record
from billsync.model.problem import Place
from billsync.wire import Client, Reach

OBJECT = "Opportunity"


class Address(BaseModel):
    """Where the server is."""

    url: str


class Bench(Connector):
    """Reads opportunities page by page."""

    capabilities = Capabilities(system="salesforce", title="Bench", reads={OBJECT: ReadSheet(key="Id", page_size=200)})
    config = Address

    def __init__(self, context: Context, config: Address) -> None:
        self._name = context.name
        self._http = Client(config.url, system="bench", reach=Reach(allow_private=True))

    def check(self) -> Health:
        """It is there."""
        return Health(system="bench")

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """All pages; with a checkpoint what changed after it."""
        asked: dict[str, str] = {"since": str(since["newest"])} if since else {}
        newest, page = since["newest"] if since else "", 1
        while True:
            found = self._http.read("GET", "opportunities", any_text=True, params={**asked, "page": str(page)}).value
            records = [self._record(object, row) for row in found["records"]]
            newest = max([newest, *(record.data["SystemModstamp"] for record in records)])
            last = found["next"] is None
            yield Page(records, checkpoint={"newest": newest}, complete=last)
            if last:
                return
            page = found["next"]

    def _record(self, object: str, row: dict[str, Any]) -> Record:
        return Record(object, row["Id"], row, Place(system=self._name, object=object, id=row["Id"]))

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()
