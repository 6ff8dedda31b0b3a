"""JSON Schema of a billing document as people write it: presets by name, usage by file.  (shell)"""

from __future__ import annotations

from typing import Any

from billsync.cli.usage_file import UsageFile
from billsync.invoicing.book import BillingDocument
from billsync.invoicing.convention import PRESETS
from billsync.model.convention import Conventions
from billsync.settings.editors import eased, with_words

Schema = dict[str, Any]


def billing_document() -> Schema:
    """The schema for editors and programs."""
    parts: dict[str, Schema] = {}
    document = _with_parts(BillingDocument, parts)
    _with_parts(UsageFile, parts, name="UsageFile")
    _with_parts(Conventions, parts, name="Conventions")
    line, contract = parts["ContractLine"]["properties"], parts["Contract"]
    line["in"] = {**line["billed"], "description": "The same as `billed`."}
    contract["required"] = [name for name in contract["required"] if name != "customer"]
    events, file = document["properties"]["usage"], {"$ref": "#/$defs/UsageFile"}
    either = {**events, "items": {"anyOf": [events["items"], file]}}
    document["properties"]["usage"] = {"anyOf": [either, file], "description": "Events, and CSV files of events."}
    document["properties"]["policy"] = _policy(parts)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "$defs": dict(sorted(parts.items()))}


def _with_parts(model: Any, parts: dict[str, Schema], name: str = "") -> Schema:
    """The model's schema; what it refers to, and with a name itself, goes to the parts."""
    made = model.model_json_schema(mode="validation")
    parts |= {each: eased(with_words(part)) for each, part in made.pop("$defs", {}).items()}
    schema: Schema = {"title": model.__name__, **eased(with_words(made))}
    if name:
        parts[name] = schema
    return schema


def _policy(parts: dict[str, Schema]) -> Schema:
    preset = {
        "enum": list(PRESETS),
        "description": "; ".join(f"{name}: {preset.why}" for name, preset in PRESETS.items()),
    }
    own = {**parts.pop("Conventions")}
    own["properties"] = {"preset": preset, **own["properties"]}
    return {"anyOf": [preset, own], "description": "The conventions: a preset, or a preset and what differs from it."}
