"""A run reads its mappings for the environment and entity that the configuration names."""

from __future__ import annotations

from tests.cli.place import Place


def test_a_run_uses_the_layers_of_its_environment(place: Place) -> None:
    own = (
        "mapping: own.deals\nversion: 1\nextends: deals.yaml\n"
        "overrides: [{environment: sandbox, entity: acme-eu, fields: {currency: {const: EUR}}}]\n"
    )
    place.write("own.yaml", own)
    config = (place.folder / "billsync.yaml").read_text().replace("deals.yaml]", "own.yaml]")
    for environment, currency in (("live", "USD"), ("sandbox", "EUR")):
        place.write(
            "billsync.yaml", f"environment: {environment}\n" + config.replace("source:", "entity: acme-eu\n    source:")
        )
        (place.folder / "billsync.db").unlink(missing_ok=True)
        assert place.billsync("sync").code == 0
        invoices = place.billsync("invoice", "list", "--format", "json").json
        assert [invoice["currency"] for invoice in invoices] == [currency]
