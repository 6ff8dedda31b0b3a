"""`schema`: JSON Schema of documents, mappings and the configuration, for editors and other programs.  (shell)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billsync import plugins
from billsync.cli import guard, show
from billsync.mapping.tools.editors import mapping_schema
from billsync.settings.editors import config_schema, with_words

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str | None) -> int:
    """JSON Schema of a document, or the names there are."""
    known = makers()
    if name is None:
        for each in known:
            show.line(each)
        return guard.OK
    wanted = name.replace("_", "-").lower()
    folded = {each.replace("-", ""): each for each in known}
    found = folded.get(wanted.replace("-", ""))
    if found is None:
        from billsync.strict.yaml import did_you_mean

        show.remark(f"there is no schema '{show.visible(name)}'  ({did_you_mean(name, known)})")
        return guard.USAGE
    show.emit_json(known[found]())
    return guard.OK


def makers() -> dict[str, Callable[[], dict[str, Any]]]:
    """Name of a schema -> what makes it."""
    documents = {name: _maker(model) for name, model in _documents().items()}
    return {
        "billing-document": _billing_document,
        "config": lambda: config_schema(_connectors()),
        "mapping": mapping_schema,
        **documents,
    }


def _billing_document() -> dict[str, Any]:
    from billsync.cli.billing_schema import billing_document

    return billing_document()


def _maker(model: Any) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        made = model.model_json_schema(mode="serialization")
        parts = {name: with_words(part) for name, part in made.pop("$defs", {}).items()}
        return {"$schema": _DRAFT, "title": model.__name__, **with_words(made), **({"$defs": parts} if parts else {})}

    return make


def _connectors() -> dict[str, Any]:
    """The settings of the installed connectors; one that does not load has none."""
    found = {}
    for plugin in plugins.installed():
        try:
            found[plugin.name] = plugins.load_connector(plugin.name).config
        except plugins.PluginProblem as error:
            show.remark(f"left out: {error.problem}")
    return found


def _documents() -> dict[str, Any]:
    from billsync.model import (
        charge,
        contract,
        customer,
        deal,
        delivery,
        drift,
        invoice,
        payment,
        problem,
        product,
        proposal,
        ref,
    )
    from billsync.planning import Plan

    return {
        "allocation": payment.Allocation,
        "charge": charge.Charge,
        "contract": contract.Contract,
        "credit-note": invoice.CreditNote,
        "customer": customer.Customer,
        "deal": deal.Deal,
        "delivery": delivery.Delivery,
        "drift": drift.Drift,
        "invoice": invoice.Invoice,
        "invoice-status": payment.InvoiceStatus,
        "link": ref.Link,
        "payment": payment.Payment,
        "plan": Plan,
        "price": product.Price,
        "price-book": product.PriceBook,
        "problem": problem.Problem,
        "product": product.Product,
        "proposal": proposal.Proposal,
        "ref": ref.Ref,
        "refund": payment.Refund,
    }
