"""What the org tells of its objects and their fields.  (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from billsync_connectors.salesforce.server.conditions import filterable
from billsync_connectors.salesforce.server.fields import NUMBERS, TEXTS, Field
from billsync_connectors.salesforce.server.kinds import FIXED, MERGED, Kind, Kinds
from billsync_connectors.salesforce.server.rules import STAGES

_SOAP: Final = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "date": "xsd:date", "datetime": "xsd:dateTime",
    "int": "xsd:int", "address": "urn:address", **dict.fromkeys(("currency", "double", "percent"), "xsd:double"),
}  # fmt: skip
_ORDER_STATUS: Final = ("Draft", "Activated")
_CONTRACT_STATUS: Final = ("Draft", "In Approval Process", "Activated")


def everything(kinds: Kinds, base: str) -> dict[str, Any]:
    """The global describe."""
    found = [_object(kind, base) for kind in kinds.all.values()]
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": found}


def described(kinds: Kinds, kind: Kind, base: str, currencies: Sequence[str]) -> dict[str, Any]:
    """One object with its fields; `currencies` are the codes of the active ones."""
    downs = [
        {"childSObject": child.name, "field": field.name, "relationshipName": field.down, "cascadeDelete": False}
        for child, field in kinds.downs(kind.name).values()
    ]
    fields = [_field(kind, each, currencies) for each in kind.fields.values()]
    return {**_object(kind, base), "fields": fields, "childRelationships": downs, "recordTypeInfos": []}


def _object(kind: Kind, base: str) -> dict[str, Any]:
    url, fixed = f"{base}/sobjects/{kind.name}", kind.name in FIXED
    return {
        "name": kind.name, "label": kind.name, "labelPlural": f"{kind.name}s", "keyPrefix": kind.prefix,
        "custom": False, "customSetting": False, "queryable": True, "retrieveable": True, "searchable": not fixed,
        "createable": not fixed, "updateable": not fixed, "deletable": not fixed, "undeletable": not fixed,
        "mergeable": kind.name in MERGED, "replicateable": True, "triggerable": not fixed,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }  # fmt: skip


def _field(kind: Kind, field: Field, currencies: Sequence[str]) -> dict[str, Any]:
    marks, plain = field.marks, filterable(field)
    return {
        "name": field.name, "label": field.name.removesuffix("__c").replace("_", " "), "type": field.type,
        "soapType": _SOAP.get(field.type, "xsd:string"), "custom": field.custom,
        "length": field.length if field.type in TEXTS or field.type in ("id", "reference") else 0,
        "byteLength": field.length * 3, "precision": field.precision if field.type in NUMBERS else 0,
        "scale": field.scale, "digits": field.precision if field.type == "int" else 0,
        "nillable": "required" not in marks and field.type not in ("id", "boolean"),
        "defaultedOnCreate": field.default is not None or field.name in ("OwnerId", "CurrencyIsoCode"),
        "createable": field.createable, "updateable": field.updateable, "calculated": "formula" in marks,
        "externalId": "external" in marks, "idLookup": field.external, "unique": "unique" in marks,
        "caseSensitive": "case" in marks, "autoNumber": field.name.endswith("Number") and "readonly" in marks,
        "filterable": plain, "sortable": plain, "groupable": plain and field.type not in NUMBERS,
        "referenceTo": [field.to] if field.to else [], "relationshipName": field.up or None,
        "compoundFieldName": None, "restrictedPicklist": field.name == "CurrencyIsoCode",
        "picklistValues": [_choice(each) for each in _choices(kind, field, currencies)],
    }  # fmt: skip


def _choices(kind: Kind, field: Field, currencies: Sequence[str]) -> Sequence[str]:
    if field.name in ("CurrencyIsoCode", "IsoCode"):
        return currencies
    return {
        ("Opportunity", "StageName"): tuple(STAGES),
        ("Order", "Status"): _ORDER_STATUS,
        ("Contract", "Status"): _CONTRACT_STATUS,
    }.get((kind.name, field.name), ())


def _choice(value: str) -> dict[str, Any]:
    return {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
