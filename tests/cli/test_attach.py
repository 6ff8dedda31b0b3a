"""A file goes to the document that stands in the ERP: once, on record, and nowhere that takes none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.place import CONFIG, Place
from tests.sandbox.stand_in import StandIn

PDF = b"%PDF-1.7 an invoice"


@pytest.fixture
def sent(place: Place, sandbox_server: StandIn, sqlite_template: Path) -> Place:
    """One invoice, INV-2026-000001, stands in the ERP; a PDF of it lies in the folder."""
    shutil.copy(sqlite_template, place.folder / "billsync.db")
    config = CONFIG.replace(
        "pipelines:", f"  erp:\n    connector: sandbox\n    url: {sandbox_server.url}\n    timeout: 5\npipelines:"
    ).replace("    source: crm\n", "    source: crm\n    target: erp\n")
    outbound = ", ".join(f"mappings/sandbox/{name}.yaml" for name in ("customer", "product", "invoice"))
    place.write("billsync.yaml", config.replace("deals.yaml]\n", f"deals.yaml]\n      outbound: [{outbound}]\n"))
    place.write("INV-2026-000001.pdf", PDF)
    assert place.billsync("sync").code == 0
    return place


def files(there: StandIn) -> list[tuple[str, int]]:
    (invoice,) = there.documents()
    found = there.v1("GET", f"v1/invoice/{invoice['id']}/files").json()["files"]
    return [(file["name"], file["size"]) for file in found]


ATTACH = ("invoice", "attach", "INV-2026-000001", "--file", "INV-2026-000001.pdf")


def test_a_file_is_laid_to_the_document_once_and_the_trail_knows(sent: Place, sandbox_server: StandIn) -> None:
    assert sent.billsync(*ATTACH, "--dry-run").code == 0
    assert files(sandbox_server) == []
    for _ in range(2):
        said = sent.billsync(*ATTACH, "--format", "json")
        assert (said.code, said.json["connection"], said.json["attached"]) == (0, "erp", True)
        assert files(sandbox_server) == [("INV-2026-000001.pdf", len(PDF))]
    sandbox_server.fault("lost", path="/v1/invoice/")
    lost = sent.billsync(*ATTACH, "--to", "erp")
    assert lost.code == 3
    assert "the same command again makes sure" in lost.err
    assert files(sandbox_server) == [("INV-2026-000001.pdf", len(PDF))]
    assert sent.billsync("verify").code == 0
    assert sent.billsync(*ATTACH).code == 0


WRONG = [
    (("INV-9", "--file", "INV-2026-000001.pdf"), "there is no invoice 'INV-9'"),
    (("INV-2026-000001", "--file", "none.pdf"), "cannot be read: No such file"),
    (("INV-2026-000001", "--file", "empty.pdf"), "is empty"),
    (("INV-2026-000001", "--file", "deals.yaml", "--to", "crm"), "does not stand in crm yet"),
    (("INV-2026-000001", "--file", "deals.yaml", "--to", "nowhere"), "there is no connection 'nowhere'"),
]


def test_what_cannot_be_attached_is_told_and_nothing_goes_through_a_closed_gate(
    sent: Place, sandbox_server: StandIn
) -> None:
    sent.write("empty.pdf", b"")
    for arguments, told in WRONG:
        said = sent.billsync("invoice", "attach", *arguments)
        assert (said.code, told in said.err) == (2, True), said.err
    assert sent.billsync("gates", "close", "erp", "--reason", "month end").code == 0
    said = sent.billsync(*ATTACH)
    assert (said.code, files(sandbox_server)) == (2, [])
    assert "billsync gates list" in said.err
