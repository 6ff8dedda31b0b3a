"""F71: a CRM whose records change their form over night spoils nothing: reading waits, everything else goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.store import Store
from tests.stage.office import Office

PATH = "crm/sales_pipeline.csv"


class Renaming(Office):
    """An office whose CRM may rename a column or spoil its values on the way out."""

    renamed: tuple[str, str] | None = None

    def save(self) -> None:
        super().save()
        if self.renamed:
            path = self.folder / PATH
            path.write_text(path.read_text().replace(*self.renamed))


@pytest.fixture
def office(tmp_path: Path, store: Store) -> Renaming:
    made = Renaming(tmp_path, store)
    made.deals = {f"D{n:02}": ("Acme", "Won", str(n)) for n in range(1, 13)}
    return made


def cursor(store: Store) -> object:
    with store.view() as tx:
        return tx.inbox.cursor("crm", "sales_pipeline")


def inbox(store: Store) -> dict[str, int]:
    with store.view() as tx:
        return tx.inbox.states("crm", "sales_pipeline")


@pytest.mark.parametrize("renamed", [("close_value", "amount"), ("2017-03-01", "1st of March")], ids=["name", "type"])
def test_f71_nothing_is_taken_until_the_form_is_right_again(office: Renaming, renamed: tuple[str, str]) -> None:
    assert office.run().exit_code == 0
    before, invoices = cursor(office.store), office.invoices()
    office.renamed = renamed
    office.accounts["Zoomit"] = "Germany"
    office.deals["D31"] = ("Acme", "Won", "31")
    assert office.run().exit_code == 1
    assert office.codes() == ["READ-DRIFT-01"]
    assert (cursor(office.store), inbox(office.store)) == (before, {"mapped": 12})
    assert office.invoices() == invoices
    with office.store.view() as tx:
        (found,) = tx.problems.list()
        account = tx.inbox.get("crm", "accounts", "Zoomit")
    assert found.problem.place.field in {"close_value", "close_date"}
    assert found.problem.place.field in found.problem.message
    assert "--full" in found.problem.hint
    assert account is not None
    assert account.data["office_location"] == "Germany", "what is not concerned goes on"
    office.renamed = None
    assert office.run().exit_code == 0
    assert (office.codes(), len(office.invoices()), office.sound()) == ([], 13, True)


def test_f71_a_person_may_take_the_records_as_they_are(office: Renaming) -> None:
    office.run()
    office.renamed = (",2017-03-01,", ",,")
    office.run()
    assert office.run(full=True).exit_code == 1
    codes = set(office.codes())
    assert "READ-DRIFT-01" not in codes
    assert "MAP-DOC-02" in codes


def test_f71_a_few_bad_records_stop_nothing(office: Renaming) -> None:
    office.run()
    for n in range(9):
        office.deals[f"E{n}"] = ("Acme", "Won", "dear")
    assert office.run().exit_code == 1
    assert office.codes() == ["MAP-VALUE-01"] * 9
    assert len(office.invoices()) == 12


def test_f71_the_first_read_has_nothing_to_differ_from(office: Renaming) -> None:
    office.renamed = ("close_value", "amount")
    assert office.run().exit_code == 1
    assert office.codes() == ["MAP-DOC-02"] * 12
    office.renamed = None
    assert office.run().exit_code == 0
    assert (office.codes(), len(office.invoices())) == ([], 12)


def test_f71_records_that_were_always_bad_are_no_news(office: Renaming) -> None:
    for n in range(11):
        office.deals[f"E{n:02}"] = ("Acme", "Won", "dear")
    office.run()
    for n in range(11, 22):
        office.deals[f"E{n:02}"] = ("Acme", "Won", "dear")
    assert office.run().exit_code == 1
    assert office.codes() == ["MAP-VALUE-01"] * 22
