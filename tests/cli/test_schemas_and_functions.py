"""`schema` and `mapping functions`: what people and programs are told of the language."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

from billsync.mapping import FUNCTIONS
from tests.cli.place import CONFIG, Place


def test_a_function_is_shown_with_what_it_gives_and_what_it_refuses(place: Place) -> None:
    said = place.billsync("mapping", "functions", "lpad")
    assert said.code == 0
    assert said.out.startswith("LPAD(text: text, length: number, with: text?) -> text\n")
    assert "  LPAD('7', 3, '0') = '007'\n" in said.out
    assert "    LPAD works on text, this is a number\n" in said.out


def test_all_functions_are_listed_for_people_and_for_programs(place: Place) -> None:
    assert all(f"\t{name}(" in place.billsync("mapping", "functions").out for name in ("IF", "SUMPRODUCT", "EOMONTH"))
    found = place.billsync("mapping", "functions", "--format", "json").json
    assert {each["name"] for each in found} == set(FUNCTIONS)
    (left,) = [each for each in found if each["name"] == "LEFT"]
    assert [parameter["kind"] for parameter in left["parameters"]] == ["text", "number"]
    assert place.billsync("mapping", "functions", "LEFT", "--format", "json").json == left


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("TODAY", "there is no TODAY"),
        ("vlookup", "LOOKUP(table, value)"),
        ("LPADD", "did you mean 'LPAD'?"),
        ("\x1b[1m", "\\u001b"),
    ],
)
def test_a_function_that_there_is_not_is_told_with_what_there_is(place: Place, name: str, told: str) -> None:
    said = place.billsync("mapping", "functions", name)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert "\x1b" not in said.err


def test_the_schema_of_a_configuration_fits_this_one_and_knows_what_is_installed(place: Place) -> None:
    schema = json.loads(place.billsync("schema", "config").out)
    config = yaml.load(CONFIG, Loader=yaml.BaseLoader)  # noqa: TID251  every scalar is text, as for billsync
    jsonschema.validate(config, schema)
    config["connections"]["crm"]["foldr"] = "crm"
    with pytest.raises(jsonschema.ValidationError, match="foldr"):
        jsonschema.validate(config, schema)


def test_a_name_of_the_list_gives_a_schema_however_it_is_written(place: Place) -> None:
    names = place.billsync("schema").out.split()
    assert {"config", "mapping", "invoice", "deal", "invoice-status"} <= set(names)
    made = json.loads(place.billsync("schema", "invoice_status").out)
    assert (made["title"], made["additionalProperties"]) == ("InvoiceStatus", False)


def test_a_new_working_folder_is_ready_for_an_editor(place: Place) -> None:
    assert place.billsync("init", "new", "--from", "files", "--to", "tryton").code == 0
    files = sorted((place.folder / "new").rglob("*.yaml"))
    assert len(files) > 10
    for file in files:
        named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text(encoding="utf-8"))
        assert named, file
        assert (file.parent / named[1]).resolve().is_relative_to(place.folder / "new" / "schemas")
        assert (file.parent / named[1]).is_file()
    assert place.billsync("mapping", "lint", "--config", "new/billsync.yaml").code == 0
