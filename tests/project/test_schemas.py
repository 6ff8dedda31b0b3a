"""JSON Schemas: up to date, true to every shipped file, and against what lint would refuse."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from billsync import assets
from billsync.mapping import KINDS, check, parse, run_tests
from billsync.mapping.stack import KEYS
from billsync.settings.file import KEYS as CONFIG_KEYS
from tests.project.write_schemas import FOLDER, texts

ROOT = Path(__file__).parents[2]
MAPPINGS = sorted((ROOT / "mappings").rglob("*.yaml"))
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))


class Core(yaml.SafeLoader):
    """YAML 1.2 as editors read it: dates are text, only true and false are booleans."""


Core.yaml_implicit_resolvers = {}
for tag, form, first in (
    ("bool", r"true|false|True|False|TRUE|FALSE", "tfTF"),
    ("null", r"null|Null|NULL|~|", "nN~"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{form})$"), [*first, ""])


def read(text: str) -> Any:
    return yaml.load(text, Loader=Core)  # noqa: TID251  as an editor does


def schema(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def complaints(name: str, value: Any) -> list[str]:
    return [error.message for error in jsonschema.Draft7Validator(schema(name)).iter_errors(value)]


def test_the_files_are_those_of_the_code() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    made = texts()
    stale = [name for name, text in made.items() if written.get(name) != text]
    assert (stale, sorted(set(written) - set(made))) == ([], []), "run: python -m tests.project.write_schemas"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_every_schema_is_one(file: Path) -> None:
    made = json.loads(file.read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(made).check_schema(made)


@pytest.mark.parametrize(
    ("name", "file"), [*(("mapping", file) for file in MAPPINGS), *(("config", f) for f in CONFIGS)]
)
def test_every_shipped_file_names_its_schema_and_fits_it(name: str, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    assert (file.parent / named[1]).resolve() == FOLDER / f"{name}.json"
    assert complaints(name, read(text)) == []


def test_the_schemas_know_every_key() -> None:
    assert set(schema("mapping")["properties"]) == set(KEYS)
    assert set(schema("config")["properties"]) == set(CONFIG_KEYS)
    field = schema("mapping")["definitions"]["field"]["properties"]
    text = "mapping: m\nversion: 1\nfrom: crm.Item\nto: product\nkey: Id\nfields:\n  id: {from: Id, %s: x}\n"
    unknown = [key for key in [*field, "nonsense"] if "YAML-KEY-02" in codes(text % key)]
    assert unknown == ["nonsense"]
    listed = re.search(r"known here: (.*)$", hint(text % "qqqqq"))
    assert listed is None or set(listed[1].split(", ")) == set(field)


def codes(text: str) -> set[str]:
    return {problem.code for problem in check(text, "m.yaml")}


def hint(text: str) -> str:
    return next(problem.hint for problem in check(text, "m.yaml") if problem.code == "YAML-KEY-02")


# ---------------------------------------------------------------- what is refused

GOOD = """
mapping: acme.deal
version: 1
from: salesforce.Product2
to: product
key: Id
tables: {unit: {Seat: seat, "Per hour": hour}}
fields:
  id: {from: Id}
  name: {from: Name, as: text}
  unit: {from: Unit__c, lookup: unit, on_miss: default, default: ""}
  list_price: {from: Price, as: money, format: "1,234.56"}
  tax_code:
    case:
      - {when: "Family = 'Book'", then: REDUCED}
      - {else: STANDARD}
tests:
  - name: a seat
    given: {Id: "1", Name: Seat, Unit__c: Seat, Price: "1,000.00", Family: x}
    expect: {unit: seat, list_price: "1000"}
"""

BAD_MAPPINGS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a key that there is not": (("tabels",), {}),
    "a key of a field that there is not": (("fields", "id", "form"), "Id"),
    "a field that is only a name": (("fields", "name"), "Name"),
    "a field from nowhere": (("fields", "name"), {"as": "text"}),
    "two sources": (("fields", "name", "const"), "x"),
    "a type that there is not": (("fields", "name", "as"), "string"),
    "a format of a type that has none": (("fields", "list_price", "as"), "bool"),
    "on_miss that there is not": (("fields", "unit", "on_miss"), "skip"),
    "on_miss without a lookup": (("fields", "name", "on_miss"), "keep"),
    "a lookup of two kinds": (("fields", "unit", "lookup"), {"links": "erp.product", "live": "erp.unit"}),
    "a live lookup without a key": (("fields", "unit", "lookup"), {"live": "erp.unit"}),
    "a format without a type": (("fields", "id", "format"), "YYYY"),
    "an arm without then": (("fields", "tax_code", "case", 0), {"when": "TRUE"}),
    "an arm with both": (("fields", "tax_code", "case", 1, "when"), "TRUE"),
    "each without fields": (("fields", "lines"), {"each": "Lines"}),
    "with without fn": (("fields", "name", "with"), {"a": "b"}),
    "a version that is no number": (("version",), "one"),
    "a version below one": (("version",), 0),
    "a key that is a list": (("key",), ["Id"]),
    "no fields": (("fields",), ["id"]),
    "a table that is a list": (("tables", "unit"), ["Seat"]),
    "tests that are no list": (("tests",), {"name": "x"}),
    "a test that expects nothing": (("tests", 0), {"name": "x", "given": {}}),
    "a test without a name": (("tests", 0), {"given": {}, "expect": {}}),
    "an override for nobody": (("overrides",), [{"fields": {}}]),
}


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    made = copy.deepcopy(value)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return made


def test_a_good_mapping_fits_and_lint_finds_nothing() -> None:
    assert complaints("mapping", read(GOOD)) == []
    assert check(GOOD, "m.yaml") == []


@pytest.mark.parametrize("what", BAD_MAPPINGS)
def test_a_bad_mapping_is_marked_and_lint_refuses_it_too(what: str) -> None:
    bad = changed(read(GOOD), *BAD_MAPPINGS[what])
    assert complaints("mapping", bad)
    text = yaml.safe_dump(bad, sort_keys=False, allow_unicode=True)
    assert [problem for problem in check(text, "m.yaml") if problem.severity.value == "error"]


def test_an_owner_is_one_of_the_sides_that_there_are() -> None:
    assert complaints("mapping", changed(read(GOOD), ("fields", "name", "owner"), "erp")) == []
    assert complaints("mapping", changed(read(GOOD), ("fields", "name", "owner"), "salesforce"))


def test_a_mapping_that_extends_another_changes_what_it_names_and_needs_no_more() -> None:
    change = {"mapping": "acme.deal", "version": 1, "extends": "salesforce.opportunity"}
    assert complaints("mapping", {**change, "fields": {"memo": None, "unit": {"on_miss": "keep"}}}) == []
    assert complaints("mapping", {**change, "overrides": [{"environment": "sandbox", "fields": {"memo": None}}]}) == []
    assert complaints("mapping", {**change, "fields": {"unit": {"on_mis": "keep"}}})


BAD_CONFIGS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a key that there is not": (("conections",), {}),
    "no connector": (("connections", "erp"), {"url": "https://erp.example.com"}),
    "a key that the connector has not": (("connections", "erp", "usr"), "billsync"),
    "a secret in plain text": (("connections", "erp", "password"), "hunter2"),
    "no password": (("connections", "erp"), {"connector": "tryton", "url": "https://x.example", "user": "u"}),
    "a name that cannot be": (("connections", "my erp"), {"connector": "files", "folder": "x"}),
    "a pipeline without mappings": (("pipelines", "billing"), {"source": "crm"}),
    "a grouping that there is not": (("pipelines", "billing", "invoicing", "grouping"), "yearly"),
    "terms in words": (("pipelines", "billing", "invoicing", "payment_terms_days"), "thirty"),
}


@pytest.mark.parametrize("what", BAD_CONFIGS)
def test_a_bad_configuration_is_marked(what: str) -> None:
    good = read((ROOT / "config" / "files-tryton.example.yaml").read_text(encoding="utf-8"))
    assert complaints("config", changed(good, *BAD_CONFIGS[what]))


def test_a_connection_of_another_package_has_the_keys_that_it_likes() -> None:
    good = read((ROOT / "config" / "files-tryton.example.yaml").read_text(encoding="utf-8"))
    assert complaints("config", changed(good, ("connections", "crm"), {"connector": "acme", "anything": 1})) == []


def test_every_key_of_a_pipeline_is_explained_where_it_is_typed() -> None:
    parts = schema("config")["definitions"]
    assert "days from the invoice's date" in parts["InvoicingRules"]["properties"]["payment_terms_days"]["description"]
    assert "lowest" not in parts["Push"]["properties"]["burst"]["description"]


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize(
    "file", [f for f in MAPPINGS if f.parent.name in {"sandbox", "crm_sales"}], ids=lambda f: f.stem
)
def test_what_shipped_mappings_make_fits_the_schema_of_its_document(file: Path) -> None:
    mapping = parse(file.read_bytes(), file.name)
    made = [result.doc for result in run_tests(mapping) if result.doc is not None and mapping.direction == "inbound"]
    for doc in made:
        text = KINDS[mapping.target].model_validate(doc).json_text()
        jsonschema.Draft202012Validator(schema(mapping.target)).validate(json.loads(text))
        broken = {**json.loads(text), "surprise": 1}
        with pytest.raises(jsonschema.ValidationError, match="surprise"):
            jsonschema.Draft202012Validator(schema(mapping.target)).validate(broken)
    assert made or mapping.direction == "outbound"


# ---------------------------------------------------------------- a working folder


def test_a_working_folder_has_the_schemas_that_its_files_name(tmp_path: Path) -> None:
    assets.copy_tree(assets.folder("mappings"), tmp_path / "mappings")
    assets.copy_schemas(tmp_path)
    (tmp_path / "billsync.yaml").write_text(assets.example_config("files-tryton"), encoding="utf-8")
    files = sorted(tmp_path.rglob("*.yaml"))
    named = [re.match(r"# yaml-language-server: \$schema=(\S+)\n", file.read_text(encoding="utf-8")) for file in files]
    lost = [file for file, name in zip(files, named, strict=True) if not name or not (file.parent / name[1]).exists()]
    assert lost == []
