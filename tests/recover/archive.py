"""An office whose ERP can list what stands in it, and whose books can be set back to an older day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from billsync import recover
from billsync.connector import Found, Intent, Outcome, Probe, Refused, Standing, Target, Unsure
from billsync.model.gate import Gate, GateState
from billsync.model.invoice import InvoiceState
from billsync.store import Store, copying
from tests.push.fakes import Books
from tests.stage.office import Erp, Office

DAY = date(2017, 12, 31)


@dataclass
class Shelf(Books):
    """Books of the outside system that know what each document says."""

    stands: dict[str, tuple[str, Intent]] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)
    closed: bool = False
    answers: bool = True
    lists: bool = True

    def note(self, object: str, intent: Intent, remote: str) -> None:
        self.stands[remote] = (object, intent)


class ListingErp(Erp):
    """The office's ERP, which lists its records."""

    there: Shelf

    def standing(self, object: str) -> Iterator[Sequence[Standing]]:
        if not self.there.lists:
            raise Refused("not_supported", "it lists nothing")
        found = [item for item in self.there.stands.items() if item[1][0] == object]
        for start in range(0, len(found), 7):
            yield [self._standing(remote, intent) for remote, (_, intent) in found[start : start + 7]]

    def _standing(self, remote: str, intent: Intent) -> Standing:
        data, expect = intent.payload, intent.expect
        return Standing(
            id=remote,
            reference=intent.key,
            currency="USD",
            total=expect.total if expect is not None and expect.total is not None else Decimal(0),
            customer=str(data["party"]) if "party" in data else None,
            on=date.fromisoformat(str(data["invoice_date"])) if "invoice_date" in data else None,
            state="void" if remote in self.there.void else "sent",
        )

    def probe(self, object: str, keys: Sequence[str]) -> list[Probe]:
        if not self.there.answers:
            return [Unsure("not_supported", "it looks nothing up") for _ in keys]
        return [
            replace(answer, echo=self._echo(answer.remote_ids[0])) if isinstance(answer, Found) else answer
            for answer in super().probe(object, keys)
        ]

    def _echo(self, remote: str) -> dict[str, Decimal | None]:
        _, intent = self.there.stands[remote]
        return {"total": intent.expect.total} if intent.expect is not None else {}

    def write(self, object: str, intents: Sequence[Intent]) -> list[Outcome]:
        assert not self.there.closed, "nothing may be sent while the gate is closed"
        before = set(self.there.content)
        outcomes = super().write(object, intents)
        fresh = iter([remote for remote in self.there.content if remote not in before])
        for intent in intents:
            remote = intent.remote_id or next(fresh, None)
            if remote is not None:
                self.there.note(object, intent, remote)
        return outcomes


class Archive(Office):
    """An office that makes backups of its books (an SQLite file), and loses days of work."""

    books: Shelf

    @classmethod
    def new(cls, folder: Path, store: Store, target: Target = Target.SEARCH) -> Archive:
        made = cls(folder, store, erp_class=ListingErp)
        made.books = Shelf(target)
        return made

    def backup(self) -> Path:
        """The books as they are now."""
        file = self.folder / f"{self.runs}.backup"
        copying.backup(self.store.url, file)
        return file

    def restore(self, file: Path, *, told: bool = True) -> None:
        """The books as they were; `told` as `billsync db restore` does it, else a file that somebody copied."""
        self.store.close()
        copying.restore(self.store.url, file, file.with_suffix(".replaced"))
        self.store = Store.open(self.store.url)
        if told:
            self.close_gate()

    def close_gate(self) -> None:
        """What `billsync db restore` and `db recovered` do."""
        with self.store.tx("test") as tx:
            for name in ("erp", "crm"):
                tx.gates.put(Gate(connection=name, state=GateState.RECOVERING, reason="restored", at=self.clock.now()))

    def recover(self) -> recover.Recovered:
        """`billsync recover`, without the run that follows it."""
        self.save()
        self.runs += 1
        self.books.closed = True
        found = recover.recover("erp", [replace(self.world(DAY), recovering=True, run=f"recover@{self.runs}")])
        self.books.closed = False
        if not found.orphans:
            with self.store.tx("test") as tx:
                recover.open_gate(tx, "crm", "", self.clock.now())
        return found

    def accept(self, reference: str) -> None:
        """`billsync recover --accept`."""
        with self.store.tx("test") as tx:
            (item,) = [item for item in tx.orphans.unclaimed("erp") if item.reference == reference]
            assert tx.orphans.claim(item, "accepted by a person: it was agreed", at=self.clock.now())

    def gate(self) -> GateState:
        """Where the ERP's gate stands."""
        with self.store.view() as tx:
            gate = tx.gates.get("erp")
        return gate.state if gate is not None else GateState.OPEN

    def sell(self, first: int, count: int) -> None:
        """More deals are won; some come to the same amount for the same customer."""
        who = list(self.accounts)
        self.deals |= {
            f"N{n:02}": (who[n % len(who)], "Won", f"{100 + n // 4}.50") for n in range(first, first + count)
        }

    def billed(self) -> dict[str, tuple[str, str, InvoiceState]]:
        """Deal -> number, total and state of its invoice."""
        with self.store.view() as tx:
            found = tx.ledger.invoices()
        return {i.invoice.lines[0].deal: (i.invoice.number, str(i.invoice.total), i.state) for i in found}

    def there_by_number(self) -> dict[str, int]:
        """Reference -> how many records that count carry it."""
        counts: dict[str, int] = {}
        for key, remote in self.books.documents:
            if remote not in self.books.void:
                counts[key] = counts.get(key, 0) + 1
        return counts
