"""JSON Schema of the configuration, for editors, made from the models that read it.  (pure)

Draft 7, which editors know best.  What the attributes of a model say stands beside its keys.  A scalar is whatever YAML
makes of it: billsync reads it as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from billsync.settings.alerts import Alerts
from billsync.settings.calls import CallSettings
from billsync.settings.connection import Sandbox
from billsync.settings.engine import EngineSettings
from billsync.settings.file import KEYS, NAME
from billsync.settings.observing import Observing
from billsync.settings.shape import Pipeline

Schema = dict[str, Any]

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_ATTRIBUTE: Final = re.compile(r"^    (\w+(?:, \w+)*): (.+)$")
_REFERENCE: Final = {
    "type": "string",
    "pattern": "^(env|file):.+$",
    "description": "A reference to the secret, never the secret itself: env:NAME, or file:PATH (mode 0600).",
}
_TOP: Final[dict[str, Schema]] = {
    "store": {
        "type": "string",
        "description": "sqlite:///FILE, postgresql://HOST/DATABASE, or env:NAME that holds it.",
    },
    "environment": {"type": "string", "description": "As `overrides:` of mappings name it, such as sandbox."},
    "vault": {
        "anyOf": [_REFERENCE, {"type": "array", "items": _REFERENCE}],
        "description": "Keys that seal what connectors keep between runs; the first one seals, all open.",
    },
    "engine": {"description": "How the daemon and workers carry out runs (docs/how-to/run-a-fleet.md)."},
    "observe": {"description": "What is told of what happens, and where to look (docs/how-to/watch-billsync.md)."},
    "connections": {"description": "Outside systems by name."},
    "pipelines": {"description": "What flows from where to where, by name."},
    "alerts": {"description": "Who is alerted of what (docs/how-to/alerts.md)."},
}


def config_schema(connectors: Mapping[str, type[BaseModel]]) -> Schema:
    """The JSON Schema of `billsync.yaml`; `connectors` are the models of their settings, by name."""
    models: dict[str, type[BaseModel]] = {
        "pipeline": Pipeline,
        "sandbox": Sandbox,
        "calls": CallSettings,
        "alerts": Alerts,
        "engine": EngineSettings,
        "observe": Observing,
        **{f"connector {name}": it for name, it in connectors.items()},
    }
    found, shared = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/definitions/{model}"
    )
    refs = {name: found[model, "validation"] for name, model in models.items()}
    parts = {name: eased(with_words(model)) for name, model in shared.get("$defs", {}).items()}
    sandbox = {**refs["sandbox"], "description": "Its local stand-in instead of the system itself."}
    shared = {"connector": _CONNECTOR, "sandbox": sandbox, "calls": {**refs["calls"], "description": _CALLS}}
    known = {name: _connector(parts[_name(refs[f"connector {name}"])], shared) for name in sorted(connectors)}
    named = {"type": "object", "minProperties": 1, "propertyNames": {"pattern": f"^{NAME.pattern}$"}}
    own = {
        "connections": {**named, "additionalProperties": _connection(known, shared)},
        "pipelines": {**named, "additionalProperties": refs["pipeline"]},
        "alerts": refs["alerts"],
        "engine": refs["engine"],
        "observe": refs["observe"],
    }
    return {
        "$schema": _DRAFT,
        "title": "The configuration of billsync",
        "type": "object",
        "additionalProperties": False,
        "required": ["connections", "pipelines"],
        "properties": {key: {**_TOP[key], **own.get(key, {})} for key in KEYS},
        "definitions": parts,
    }


def _connection(known: Mapping[str, Schema], shared: Schema) -> Schema:
    """Any connection has a connector; of the known ones the other keys are known too."""
    return {
        "type": "object",
        "required": ["connector"],
        "properties": {**shared, "connector": {**_CONNECTOR, "examples": list(known)}},
        "allOf": [
            {"if": {"properties": {"connector": {"const": name}}}, "then": schema} for name, schema in known.items()
        ],
    }


def _connector(settings: Schema, shared: Schema) -> Schema:
    """The settings of one connector, with the keys of every connection; a sandbox brings what is needed itself."""
    properties = {**shared, **settings.get("properties", {})}
    made = {key: value for key, value in settings.items() if key != "required"}
    needed = settings.get("required", [])
    return {
        **made,
        "properties": properties,
        "anyOf": [{"required": ["sandbox"]}, {"required": needed}] if needed else [{}],
    }


_CALLS: Final = "How many calls it may make, from all processes together (docs/how-to/call-budgets.md)."
_CONNECTOR: Final = {"type": "string", "description": "The connector's name: `billsync connectors list`."}


def _name(ref: Schema) -> str:
    return str(ref["$ref"]).rpartition("/")[2]


# ---------------------------------------------------------------- what pydantic makes, for people and YAML


def with_words(schema: Schema) -> Schema:
    """A model's schema in which each key has the words that the model's `Attributes:` have for it."""
    about = schema.get("description", "")
    summary, _, attributes = about.partition("\n\nAttributes:\n")
    words = _words(attributes)
    properties = {
        key: {**({"description": words[key]} if key in words else {}), **_untitled(value)}
        for key, value in schema.get("properties", {}).items()
    }
    made = {**_untitled(schema), **({"description": " ".join(summary.split())} if about else {})}
    return {**made, "properties": properties} if properties else made


def _untitled(schema: Schema) -> Schema:
    """Without the title: it is the key's own name again."""
    return {key: value for key, value in schema.items() if key != "title"}


def _words(attributes: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    for line in attributes.splitlines():
        if match := _ATTRIBUTE.match(line):
            names = match[1].split(", ")
            found |= dict.fromkeys(names, match[2])
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def eased(value: Any) -> Any:
    """The schema for what YAML makes of a file: an unquoted 2026 is a number there, and text to us."""
    if isinstance(value, list):
        return [eased(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("format") == "password":
        return {**_REFERENCE}
    made = {key: eased(item) for key, item in value.items() if key not in {"default", "format"}}
    if made.get("type") == "string" and "enum" not in made:
        made["type"] = ["string", "number", "boolean"]
    if value.get("default") is not None:
        made["default"] = value["default"]
    return made
