"""The mapping as Airbyte's AddFields; the lines are left out, since it cannot loop: less work than the others do."""

from __future__ import annotations

import copy
import re
from typing import Any

from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.declarative.transformations.add_fields import AddedFieldDefinition, AddFields
from jinja import PLAIN, PROPERTIES, TABLES
from loop import serve


def definition(name: str, text: str) -> AddedFieldDefinition:
    for table in TABLES:  # a stream's parameters are the only place for tables
        text = text.replace(f"{table}[", f"parameters.{table}[").replace(f"{table}.get", f"parameters.{table}.get")
    value = InterpolatedString(string="{{ " + re.sub(r"\br\.", "record.", text) + " }}", parameters=TABLES)
    return AddedFieldDefinition([name], value, None, TABLES)


STEP = AddFields([definition(name, text) for name, text in {**PLAIN, **PROPERTIES}.items()], TABLES)


def map_one(record: dict[str, Any]) -> dict[str, Any]:
    made = copy.copy(record)
    STEP.transform(made, config={})
    return {name: made.get(name) for name in (*PLAIN, *PROPERTIES)}


if __name__ == "__main__":
    serve(map_one, 100)
