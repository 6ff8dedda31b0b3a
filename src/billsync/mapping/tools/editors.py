"""JSON Schema of a mapping file, so that an editor completes keys and marks faults while they are typed.  (pure)

It says what keys there are and what they take.  What needs more than the form (fields of the document, formulas,
tables) is said by lint.  Draft 7, which editors know best.  A scalar is whatever YAML makes of it: billsync reads it as
text.
"""

from __future__ import annotations

from typing import Any, Final

from billsync.mapping.casts import FORMATTED, TYPES
from billsync.mapping.layers import OVERRIDE, SOURCES
from billsync.mapping.ownership import OWNERS
from billsync.mapping.pipeline import ON_MISS
from billsync.mapping.stack import KEYS, NEEDED

DRAFT: Final = "http://json-schema.org/draft-07/schema#"

Schema = dict[str, Any]

_SCALAR: Final = ["string", "number", "boolean"]
_NAME: Final = r"^[^\s].*$"


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "minLength": 1, "description": description, **more}


def _value(description: str) -> Schema:
    return {"type": [*_SCALAR, "null"], "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _list(of: Schema, description: str) -> Schema:
    return {"type": "array", "items": of, "description": description}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _closed(properties: Schema, *needed: str, **more: Any) -> Schema:
    made: Schema = {"type": "object", "additionalProperties": False, "properties": properties, **more}
    return {**made, "required": list(needed)} if needed else made


# ---------------------------------------------------------------- parts

_CASE: Final = _list(
    {
        "oneOf": [
            _closed(
                {
                    "when": _text("A formula: this arm is taken where it is TRUE and no arm before was."),
                    "then": _value("The value."),
                },
                "when",
                "then",
            ),
            _closed({"else": _value("The value where no arm before was taken.")}, "else"),
        ]
    },
    "The value of the first arm whose condition is TRUE.",
)

_LINKS: Final = _closed(
    {
        "links": _text("The system and our kind: tryton.customer. Our id becomes the one there."),
        "back": _flag("The other way: the id there becomes ours."),
    },
    "links",
)
_LIVE: Final = _closed(
    {
        "live": _text("The system and its object: tryton.account.tax."),
        "key": _text("Its field that is looked up."),
        "value": _text("Its field with the result."),
        "age_s": {"type": "integer", "minimum": 0, "description": "Seconds for which an answer is good."},
    },
    "live",
    "key",
    "value",
)

_FIELD_KEYS: Final[Schema] = {
    "from": _text("Path of a field in the record: Account.BillingCountry, lines[0].sku, $.currency, @."),
    "const": _value("A fixed value, as text; null is nothing."),
    "expr": {"type": _SCALAR, "description": "A formula: Name & ' / ' & TEXT(CloseDate, 'YYYY-MM')."},
    "case": _CASE,
    "fn": _text("A function of an installed package: acme.tax_code."),
    "with": {
        "type": "object",
        "additionalProperties": {"type": _SCALAR},
        "description": "What the function of `fn` gets: its parameters by name, each a formula.",
    },
    "each": _text("Path of a list in the record; one value counts as a list of one, nothing as an empty list."),
    "key": _text("Path that tells the entries of `each` apart."),
    "by": _list(_text("A field of the entries."), "Entries with the same values in these fields become one."),
    "default": _value("Instead of a blank value; null writes null."),
    "as": {"enum": list(TYPES), "description": "The type that the value must have."},
    "format": _text("How it is written: DD.MM.YYYY for dates, 1.234,56 for numbers."),
    "lookup": {
        "anyOf": [_text("A table of `tables:`."), _LINKS, _LIVE],
        "description": "Where the value is looked up: a table, the ties of ids, or a table of the other system.",
    },
    "on_miss": {
        "enum": list(ON_MISS),
        "description": "Where the table has no such value: quarantine (the table is to be completed), error (the value "
        "is wrong), default, or keep.",
    },
    "ref": _text("What the value is the id of: salesforce.Account, or customer in an outbound mapping."),
    "when": _text("A formula: where it is FALSE the field (or the entry of `each`) is left out."),
    "owner": {"enum": list(OWNERS), "description": "The side that is the record's truth for this field."},
    "create_only": _flag("Written when the record is made, never again."),
    "direction": {"enum": ["inbound", "outbound", "both"], "description": "In which direction the field is written."},
}

_TABLES: Final[Schema] = {
    "type": "object",
    "description": "Lookup tables by name.",
    "additionalProperties": {
        "anyOf": [
            _closed(
                {
                    "file": _text("A CSV file beside the mapping."),
                    "key": _text("The column that is looked up."),
                    "value": _text("The column with the result."),
                },
                "file",
                "key",
                "value",
            ),
            {"type": "object", "additionalProperties": _value("What the key becomes; null is nothing.")},
        ]
    },
}

_TEST: Final = _closed(
    {
        "name": {"type": _SCALAR, "description": "What is shown."},
        "given": {"type": ["object", "string"], "description": "The record, or the JSON file that holds it."},
        "refs": {
            "type": "object",
            "additionalProperties": {"type": "object"},
            "description": "Our ids of the records referred to: {salesforce.Account: {001: acme}}.",
        },
        "expect": {"type": ["object", "string"], "description": "The part of the document that matters, or skip."},
        "expect_problem": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "The codes of the problems that must come: MAP-LOOKUP-01.",
        },
    },
    "name",
    "given",
    anyOf=[{"required": ["expect"]}, {"required": ["expect_problem"]}],
)

_TOP: Final[Schema] = {
    "mapping": _text("Its name, unique: salesforce.opportunity."),
    "version": {"type": "integer", "minimum": 1, "description": "Yours to count."},
    "extends": _text("The mapping that this one changes: its name, or its file."),
    "inverse_of": _text("The mapping that this one leads back: its name, or its file."),
    "from": _text("Where records come from: system.object, or a canonical document."),
    "to": _text("What is made of them: a canonical document, or system.object."),
    "when": _text("A formula: records where it is FALSE are skipped."),
    "key": _text("Path of the field that tells records apart."),
    "tables": _TABLES,
    "overrides": _list(_ref("override"), "Other fields for one environment or one entity."),
    "inherit_tests": _flag("Run the tests of the mapping below as well."),
    "tests": _list(_TEST, "Records with what must come of them: run by `billsync mapping test`."),
}


# ---------------------------------------------------------------- the whole


def mapping_schema() -> Schema:
    """The JSON Schema of a mapping file."""
    alone = {"not": {"anyOf": [{"required": ["extends"]}, {"required": ["inverse_of"]}]}}
    properties = {key: _TOP.get(key, {"description": "The fields of the document."}) for key in KEYS}
    return {
        "$schema": DRAFT,
        "title": "A billsync mapping",
        "description": "See docs/reference/mapping.md, or `billsync mapping --help`.",
        **_closed(properties, "mapping", "version"),
        "if": alone,
        "then": {"required": list(NEEDED), "properties": {"fields": _ref("fields")}},
        "else": {"properties": {"fields": _ref("changes")}},
        "definitions": {
            "fields": _fields("field"),
            "field": _field("fields", any_source=True),
            "changes": {**_fields("change"), "description": "Fields to change, to add, or (null) to remove."},
            "change": _field("changes", any_source=False),
            "override": _closed(
                {key: _OVERRIDE.get(key) or _TOP[key] for key in OVERRIDE},
                anyOf=[{"required": ["environment"]}, {"required": ["entity"]}],
            ),
        },
        "examples": [{"mapping": "acme.deal", "version": 1, "from": "salesforce.Opportunity", "to": "deal"}],
    }


_OVERRIDE: Final[Schema] = {
    "environment": _text("The environment, as the configuration names it."),
    "entity": _text("The company that bills, as the pipeline names it."),
    "fields": _ref("changes"),
}


def _fields(of: str) -> Schema:
    entry = _ref(of) if of == "field" else {"anyOf": [_ref(of), {"type": "null"}]}
    return {"type": "object", "propertyNames": {"pattern": _NAME}, "additionalProperties": entry}


def _field(inner: str, *, any_source: bool) -> Schema:
    """One field; with `any_source` it has to say where its value comes from."""
    # `each` brings its own `fields`; of the others there is one.
    single = [name for name in SOURCES if name != "each"]
    pairs = [[one, other] for at, one in enumerate(SOURCES) for other in SOURCES[at + 1 :]]
    pairs += [[one, "fields"] for one in single]
    made = _closed(
        {**_FIELD_KEYS, "fields": _ref(inner)},
        **{"not": {"anyOf": [{"required": pair} for pair in pairs]}},
        dependencies={"by": ["each"], "with": ["fn"]},
    )
    if any_source:
        made["anyOf"] = [{"required": [name]} for name in (*SOURCES, "fields")]
        made["dependencies"] |= {"on_miss": ["lookup"], "format": ["as"], "each": ["fields"]}
        made["allOf"] = [_formatted()]
    return made


def _formatted() -> Schema:
    """Only some types are written in more than one form."""
    return {
        "if": {"required": ["format"]},
        "then": {"properties": {"as": {"enum": list(FORMATTED)}}},
    }
