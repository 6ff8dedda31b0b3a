"""The command in a working folder, between two sandboxes: drift of every class, planted as people plant it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billsync import assets
from billsync_connectors.sandbox.named import NamedSandbox
from tests.cli.place import Place

DEALS = {f"D-{n}": ("Acme" if n % 2 else "Bluth", f"{n}00.50") for n in range(1, 9)}


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[NamedSandbox]:
    """The CRM of a working folder as `init --from sandbox --to sandbox` makes it, with eight won deals."""
    text = (assets.folder("config") / "sandbox-sandbox.example.yaml").read_text(encoding="utf-8")
    text = text.replace("options: {seed: crm_sales} ", "options: {kind: C} ").replace("{kind: C} ", "{kind: A} ", 1)
    text = text.replace("grouping: customer-quarter", "grouping: deal").replace("settle_s: 10 ", "settle_s: 0 ")
    (tmp_path / "billsync.yaml").write_text(text, encoding="utf-8")
    made = NamedSandbox(tmp_path / "crm")
    made.up()
    for name in ("Acme", "Bluth"):
        human(made, "create", "accounts", id=name, name=name, country="Germany")
    human(made, "create", "products", id="GTX Pro", name="GTX Pro", price="4821")
    for id, (account, amount) in DEALS.items():
        won(made, id, account, amount)
    yield made
    made.down()


@pytest.fixture
def erp(tmp_path: Path) -> Iterator[NamedSandbox]:
    made = NamedSandbox(tmp_path / "erp", options={"kind": "C"})
    made.up()
    yield made
    made.down()


@pytest.fixture
def place(
    tmp_path: Path, crm: NamedSandbox, erp: NamedSandbox, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Place:  # fmt: skip
    made = Place(tmp_path, capsys, monkeypatch)
    assert made.billsync("sync").code == 0
    return made


def human(there: NamedSandbox, do: str, object: str, **fields: Any) -> dict[str, Any]:
    id = fields.get("id", "") if do == "create" else fields.pop("id")
    found: dict[str, Any] = there.admin("POST", "human", {"do": do, "object": object, "id": id, "fields": fields})
    return found


def won(crm: NamedSandbox, id: str, account: str, amount: str) -> None:
    human(crm, "create", "deals", id=id, account=account, product="GTX Pro", stage="Won", amount=amount,
          currency="USD", closed_on="2017-03-01")  # fmt: skip


def lines(row: dict[str, Any], **changes: str) -> list[dict[str, Any]]:
    """The lines of an invoice as a person enters them."""
    names = ("description", "quantity", "unit_price", "product", "tax_code", "tax_rate")
    return [{name: line.get(name) for name in names} | changes for line in row["lines"]]


def plant(crm: NamedSandbox, erp: NamedSandbox) -> dict[str, str]:
    """One drift of each class that people make; document -> class."""
    rows = sorted(erp.admin("GET", "documents?object=invoice")["records"], key=lambda row: str(row["reference"]))
    human(erp, "delete", "invoice", id=rows[0]["id"])
    again = {name: rows[1][name] for name in ("reference", "customer", "currency", "date", "due_date")}
    again["lines"] = lines(rows[1])
    human(erp, "create", "invoice", **again)
    human(erp, "create", "invoice", **again | {"reference": "INV-2017-000099"})
    human(erp, "change", "invoice", id=rows[2]["id"], lines=lines(rows[2], unit_price="777.77"))
    human(erp, "change", "invoice", id=rows[3]["id"], date="2017-03-09")
    human(erp, "change", "invoice", id=rows[4]["id"], state="draft")
    money = {"invoice": rows[5]["id"], "amount": "50.00", "currency": "USD", "date": "2017-04-12"}
    human(erp, "create", "payment", **money)
    deal = next(row for row in crm.admin("GET", "documents?object=deals")["records"] if row["id"] == "D-8")
    human(crm, "change", "deals", id="D-8", billing=deal["billing"] | {"state": "paid"})
    won(crm, "D-9", "Acme", "900.00")
    kinds = ("missing", "duplicate", "edited", "date", "status", "payment")
    found = {str(row["reference"]): kind for row, kind in zip(rows, kinds, strict=False)}
    return found | {"INV-2017-000099": "extra", "D-8": "told", "D-9": "unbilled"}


def test_every_class_is_told_with_cause_and_cure_and_mended(place: Place, crm: NamedSandbox, erp: NamedSandbox) -> None:
    assert place.billsync("reconcile").code == 0
    planted = plant(crm, erp)
    said = place.billsync("reconcile", "--format", "json")
    assert (said.code, {row["document"]: row["kind"] for row in said.json["drift"]}) == (4, planted)
    assert all(row["cause"] and row["cure"]["text"] for row in said.json["drift"])
    unsure = place.billsync("reconcile", "--fix")
    assert (unsure.code, "nothing was done" in unsure.err) == (4, True)
    refused_for_its_volume(place, erp)
    wrong_use(place)
    assert place.billsync("sync").code == 0
    fixed = place.billsync("reconcile", "--fix", "--yes", "--edited", "overwrite", "--format", "json")
    assert (fixed.code, fixed.json["fixed"]["after"]["drift"]) == (0, [])
    assert place.billsync("reconcile").code == 0
    assert place.billsync("verify", "--live").code == 0


def refused_for_its_volume(place: Place, erp: NamedSandbox) -> None:
    config = place.folder / "billsync.yaml"
    text = config.read_text(encoding="utf-8")
    bounds = "push: {bounds: {creates: 1, voids: 0}}\n    invoicing:"
    config.write_text(text.replace("invoicing:", bounds, 1), encoding="utf-8")
    over = place.billsync("reconcile", "--fix", "--yes")
    assert (over.code, "2 documents to take back in one run, the bound is 0" in over.err) == (4, True)
    assert all(row["state"] != "void" for row in erp.admin("GET", "documents?object=invoice")["records"])
    config.write_text(text, encoding="utf-8")


def wrong_use(place: Place) -> None:
    assert place.billsync("reconcile", "--edited", "maybe").code == 2
    assert place.billsync("reconcile", "--fix", "--as-of", "2017-04-01").code == 2
    one = place.billsync("reconcile", "--customer", "Bluth", "--format", "json").json
    assert {row["customer"] for row in one["drift"]} == {"Bluth"}
