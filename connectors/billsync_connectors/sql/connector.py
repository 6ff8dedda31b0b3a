"""A database as a CRM: tables and queries are read, a table of status is written.  (shell)"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from billsync.connector import (
    Capabilities,
    Checkpoint,
    Connector,
    Context,
    FieldInfo,
    Health,
    Intent,
    Outcome,
    Page,
    Probe,
    ReadSheet,
    Record,
    Refused,
    Schema,
    Standing,
    Target,
    WriteSheet,
)
from billsync.model.scalar import show
from billsync.strict.yaml import did_you_mean
from billsync_connectors.sql.catalogue import remarks_of, schema_of
from billsync_connectors.sql.database import Database
from billsync_connectors.sql.reading import Reader
from billsync_connectors.sql.settings import SqlSettings
from billsync_connectors.sql.writing import BATCH, Writer


class Sql(Connector):
    """Any database that SQLAlchemy has a dialect for."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        system="sql",
        title="SQL database",
        notes=(
            "Objects are tables or queries: each instance reads those that its configuration names.",
            "Without a cursor column every read shows every row, and what is gone is seen.",
            "With one, a row that is deleted without a mark stays until `billsync sync --full`.",
            "A commit whose answer is lost is looked up by our reference.",
        ),
    )
    config: ClassVar[type[SqlSettings]] = SqlSettings

    def __init__(self, context: Context, config: Any) -> None:
        self._name = context.name
        self._config: SqlSettings = config
        self._database = Database(context, config)
        self._writers = {name: Writer(self._database, name, one) for name, one in self._config.writes.items()}
        # the class's sheet, completed by what this configuration names, shadows it for this instance
        vars(self)["capabilities"] = self._completed()

    def _completed(self) -> Capabilities:
        objects, writes = self._config.objects, self._config.writes
        reads = {
            name: ReadSheet(key=one.key[0], snapshot=one.cursor is None, page_size=one.page_size)
            for name, one in objects.items()
        }
        sheets = {
            name: WriteSheet(target=Target.UPSERT, reference=one.key, settle_s=self._config.timeout, batch_max=BATCH)
            for name, one in writes.items()
        }
        return self.capabilities.model_copy(update={"reads": reads, "writes": sheets})

    def _reader(self, object: str) -> Reader:
        objects = self._config.objects
        if object not in objects:
            hint = did_you_mean(object, objects)
            message = f"{self._name} has no object {show(object)}" + (f" ({hint})" if hint else "")
            raise Refused("unknown_object", message)
        return Reader(self._database, self._name, object, objects[object], self._config.zone)

    # ------------------------------------------------------------ looking

    def check(self) -> Health:
        """Every table and query can be read; remarks name what is not as it should be."""
        with self._database.reading() as conn:
            version = ".".join(map(str, conn.dialect.server_version_info or ()))
        remarks = []
        for name, config in self._config.objects.items():
            reader = self._reader(name)
            reader.columns()
            remarks += remarks_of(self._database, name, config)
            empty = reader.rows_without_cursor()
            if empty:
                remarks.append(f"{name}: {empty:,} rows have no cursor, and are read every time")
        for writer in self._writers.values():
            list(writer.probe(["billsync"]))
        return Health(
            system=self._database.kind, version=version, identity=self._database.shown, remarks=tuple(remarks)
        )

    def describe(self, object: str) -> Schema:
        """The columns as they are now, from the catalogue; of a query their names."""
        if object in self._config.writes:
            one = self._config.writes[object]
            names = (one.key, *one.columns)
            return Schema(object=object, fields=tuple(FieldInfo(name=name, required=name == one.key) for name in names))
        names = self._reader(object).columns()
        return schema_of(self._database, object, self._config.objects[object], names)

    # ------------------------------------------------------------ reading

    def read(self, object: str, since: Checkpoint | None) -> Iterator[Page]:
        """All rows, or those that changed since the checkpoint."""
        yield from self._reader(object).read(since)

    def fetch(self, object: str, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        return self._reader(object).fetch(ids)

    # ------------------------------------------------------------ writing

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        """Whether the table has a row for each reference."""
        writer = self._writers.get(object)
        return super().probe(object, keys) if writer is None else writer.probe(keys)

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        """Bring the table's rows to what the intents say, in one transaction."""
        writer = self._writers.get(object)
        if writer is None:
            message = f"{self._name} writes no {show(object)}: name it under `writes`, or take its mapping out"
            return [Refused("no_table", message) for _ in intents]
        return writer.write(intents)

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        """What the table says of each deal."""
        writer = self._writers.get(object)
        if writer is None or not writer.tells_standing:
            yield from super().standing(object)
            return
        yield from writer.standing()

    def close(self) -> None:
        """Let go of connections."""
        self._database.close()
