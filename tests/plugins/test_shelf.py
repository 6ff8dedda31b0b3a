"""Mappings are found by file and by name, also in packages; nothing else on the disk is opened for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync import plugins, shelf
from billsync.mapping import BadMapping, BadNative
from billsync.mapping.layers import Variant
from billsync.settings import BadSettings, load
from billsync.shelf import find_mapping, read_mapping, sheet_of, text_of

FUNCTIONS = """\
from billsync.mapping import native

@native("acme.shout", "Capital letters.", ({"text": "a"}, "A"))
def shout(text: str) -> str:
    return text.upper()

@native("acme.other", "It calls itself otherwise.", ({"text": "a"}, "A"))
def named(text: str) -> str:
    return text.upper()

def bare(text: str) -> str:
    return text
"""
DEAL = """\
mapping: acme.product
version: 1
extends: tryton.product
fields: {code: {from: id}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forgotten: None) -> Path:
    """An installed package of somebody else, with functions and mappings."""
    home = tmp_path / "site"
    info = home / "acme_billing-1.2.dist-info"
    (home / "acme_billing" / "mappings" / "crm").mkdir(parents=True)
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-billing\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(
        "[billsync.functions]\nacme.shout = acme_billing:shout\nacme.named = acme_billing:named\n"
        "acme.bare = acme_billing:bare\nacme.gone = acme_billing:gone\nacme.broken = acme_broken:f\n"
        "[billsync.mappings]\nacme = acme_billing.mappings\nlost = acme_billing.nowhere\n"
        "broken = acme_broken.mappings\n"
    )
    (home / "acme_billing" / "__init__.py").write_text(FUNCTIONS)
    (home / "acme_broken.py").write_text("raise RuntimeError('no licence')\n")
    (home / "acme_billing" / "mappings" / "product.yaml").write_text(DEAL)
    (home / "acme_billing" / "mappings" / "crm" / "deal.yml").write_text(DEAL.replace("acme.product", "acme.crm.deal"))
    monkeypatch.syspath_prepend(home)
    return home


def refused(name: str, root: Path) -> str:
    with pytest.raises(BadSettings) as caught:
        find_mapping(name, root)
    (problem,) = caught.value.problems
    return f"{problem.message} ({problem.hint})"


def findings(text: str, root: Path) -> list[str]:
    (root / "mine.yaml").write_text(text)
    with pytest.raises(BadMapping) as caught:
        read_mapping("mine.yaml", root)
    return [f"{each.place} {each.code} {each.message} ({each.hint})" for each in caught.value.problems]


def test_a_shipped_mapping_is_found_by_its_name_and_by_its_file(tmp_path: Path) -> None:
    assert find_mapping("tryton.product", tmp_path) == find_mapping("mappings/tryton/product.yaml", tmp_path)
    assert sheet_of("crm_sales.accounts", tmp_path).file == "mappings/files/crm_sales/accounts.yaml"
    assert read_mapping("tryton.product", tmp_path).name == "tryton.product"


def test_every_shipped_mapping_is_called_what_it_is_found_by(tmp_path: Path) -> None:
    for name, _file in shelf._shipped():
        assert read_mapping(name, tmp_path).name == name


def test_a_file_of_the_working_folder_comes_first(tmp_path: Path) -> None:
    (tmp_path / "mappings" / "tryton").mkdir(parents=True)
    own = tmp_path / "mappings" / "tryton" / "product.yaml"
    own.write_text("mapping: mine")
    assert find_mapping("mappings/tryton/product.yaml", tmp_path) == own
    assert find_mapping("tryton.product", tmp_path) != own


def test_a_mapping_of_a_package_is_found_by_its_name(package: Path, tmp_path: Path) -> None:
    mapping = read_mapping("acme.product", tmp_path)
    assert mapping.name == "acme.product"
    assert Path(mapping.file) == package / "acme_billing" / "mappings" / "product.yaml"
    assert read_mapping("acme.crm.deal", tmp_path).name == "acme.crm.deal"
    assert text_of(mapping.file, tmp_path) == DEAL
    assert text_of("nothing.yaml", tmp_path) == ""


def test_a_name_that_nobody_brings_is_told_with_the_nearest(package: Path, tmp_path: Path) -> None:
    assert refused("acme.prduct", tmp_path).startswith(
        "there is no mapping 'acme.prduct' (did you mean 'acme.product'?"
    )
    assert "did you mean 'tryton.product'?" in refused("tryton.produkt", tmp_path)
    assert "no folder acme_billing.nowhere" in refused("lost.x", tmp_path)
    assert "RuntimeError: no licence" in refused("broken.x", tmp_path)


def test_a_name_never_leads_out_of_the_folder(package: Path, tmp_path: Path) -> None:
    (package / "acme_billing" / "secret.yaml").write_text(DEAL)
    for name in ("acme...secret", "acme.", "acme.crm..deal"):
        assert "there is no mapping" in refused(name, tmp_path)


def test_two_packages_with_one_name_are_told(package: Path, tmp_path: Path) -> None:
    info = package / "copy-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: copy\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[billsync.functions]\nacme.shout = acme_copy:shout\n[billsync.mappings]\nacme = acme_copy.mappings\n"
    )
    (package / "acme_copy" / "mappings").mkdir(parents=True)
    (package / "acme_copy" / "mappings" / "product.yaml").write_text(DEAL)
    assert "several packages bring a mapping 'acme.product'" in refused("acme.product", tmp_path)
    with pytest.raises(BadNative, match="several packages bring it: acme-billing, copy"):
        plugins.Natives()["acme.shout"]


def test_functions_are_listed_without_being_imported_and_say_where_they_are_from(package: Path) -> None:
    natives = plugins.Natives()
    assert list(natives) == ["acme.bare", "acme.broken", "acme.gone", "acme.named", "acme.shout"]
    assert len(natives) == 5
    assert (natives["acme.shout"].release, natives["acme.shout"].run({"text": "x"})) == ("acme-billing 1.2", "X")
    assert natives["acme.shout"] is natives["acme.shout"]
    with pytest.raises(KeyError):
        natives["acme.none"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("acme.named", "calls itself 'acme.other'"),
        ("acme.bare", "not a function with @billsync.mapping.native"),
        ("acme.gone", "does not load: AttributeError"),
        ("acme.broken", "does not load: RuntimeError: no licence"),
    ],
)
def test_a_function_that_cannot_be_used_says_why(package: Path, name: str, told: str) -> None:
    with pytest.raises(BadNative, match=told):
        plugins.Natives()[name]


# ---------------------------------------------------------------- extending


def test_a_file_beside_it_is_extended_and_places_name_it_as_the_folder_does(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "base.yaml").write_text(
        "mapping: a.b\nversion: 1\nextends: tryton.product\nfields: {name: {frm: name}}\n"
    )
    (tmp_path / "own" / "top.yaml").write_text("mapping: a.c\nversion: 1\nextends: ../base.yaml\n")
    with pytest.raises(BadMapping) as caught:
        read_mapping("own/top.yaml", tmp_path)
    assert str(caught.value.problems[0].place) == "base.yaml:4:17"


@pytest.mark.parametrize("name", ["../outside.yaml", "nothing.yaml", "none.such"])
def test_what_cannot_be_extended_is_told_where_it_is_named(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.yaml").write_text("mapping: out\n")
    (line,) = findings(f"mapping: a.b\nversion: 1\nextends: {name}\n", root)
    assert line.startswith("mine.yaml:3:10 MAP-LAYER-01")


def test_a_file_that_extends_itself_under_another_path_is_a_circle(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (line,) = findings("mapping: a.b\nversion: 1\nextends: own/../mine.yaml\n", tmp_path)
    assert "in a circle: mine.yaml -> mine.yaml" in line


# ---------------------------------------------------------------- settings

CONFIG = """\
environment: sandbox
connections: {erp: {connector: tryton}}
pipelines:
  p: {source: erp, entity: acme-gmbh, mappings: {inbound: [acme.product]}}
"""


def test_the_configuration_says_environment_and_entity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLSYNC_ENVIRONMENT", raising=False)
    file = tmp_path / "billsync.yaml"
    file.write_text(CONFIG)
    loaded = load(file)
    assert (loaded.environment, loaded.pipelines["p"].entity) == ("sandbox", "acme-gmbh")
    monkeypatch.setenv("BILLSYNC_ENVIRONMENT", "live")
    assert load(file).environment == "live"
    monkeypatch.delenv("BILLSYNC_ENVIRONMENT")
    file.write_text(CONFIG.replace("environment: sandbox\n", "").replace("entity: acme-gmbh, ", ""))
    assert (load(file).environment, load(file).pipelines["p"].entity) == ("", "")
    file.write_text(CONFIG.replace("environment: sandbox", "environment: [sandbox]"))
    with pytest.raises(BadSettings, match=r"billsync\.yaml:1:14"):
        load(file)


def test_a_mapping_is_read_for_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "mapping: a.b\nversion: 1\nextends: tryton.product\n"
        "overrides: [{environment: sandbox, entity: x, fields: {name: {const: T}}}]\n"
    )
    plain, boxed = read_mapping("a.yaml", tmp_path), read_mapping("a.yaml", tmp_path, Variant("sandbox", "x"))
    assert plain.digest == read_mapping("a.yaml", tmp_path, Variant("sandbox")).digest != boxed.digest
