"""Connectors are found without being imported; what is missing or broken is said in a sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from billsync import plugins
from billsync.model.problem import Place
from billsync.plugins import PluginProblem
from billsync_connectors.files import Files


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package of somebody else, with working and broken plugins."""
    info = tmp_path / "acme_billsync-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-billsync\nVersion: 1.2\nProvides-Extra: lacking\n"
    )
    (info / "entry_points.txt").write_text(
        "[billsync.connectors]\n"
        "acme = acme_good:Acme\nlacking = acme_lacking:Acme\nbroken = acme_broken:Acme\n"
        "gone = acme_good:Nothing\nfunction = acme_good:make\nhalf = acme_good:Half\nfiles = acme_good:Acme\n"
        "[billsync.sandboxes]\nacme = acme_good:make\n"
    )
    (tmp_path / "acme_good.py").write_text(
        "from billsync.connector import Connector\n"
        "from billsync_connectors.files import Files\n"
        "class Acme(Files): ...\nclass Half(Connector): ...\ndef make(): ...\n"
    )
    (tmp_path / "acme_lacking.py").write_text("import acme_sdk\n")
    (tmp_path / "acme_broken.py").write_text("raise RuntimeError('no licence')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def problem(name: str) -> str:
    with pytest.raises(PluginProblem) as caught:
        plugins.load_connector(name)
    assert caught.value.problem.code == "CONF-PLUGIN-01"
    return f"{caught.value.problem.message} ({caught.value.problem.hint})"


def test_ours_are_installed() -> None:
    found = {plugin.name: plugin for plugin in plugins.installed()}
    assert {"files", "tryton"} <= set(found)
    assert (found["files"].package, found["files"].value) == ("billsync", "billsync_connectors.files:Files")
    assert plugins.load_connector("files") is Files


def test_to_list_them_imports_none() -> None:
    code = (
        "import sys; from billsync import plugins; plugins.installed(); "
        "sys.exit(any(name.startswith('billsync_connectors') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_somebody_elses_is_equal_to_ours(package: Path) -> None:
    acme = next(plugin for plugin in plugins.installed() if plugin.name == "acme")
    assert (acme.package, acme.version) == ("acme-billsync", "1.2")
    assert issubclass(plugins.load_connector("acme"), Files)


def test_one_that_is_not_installed_is_guessed_and_its_place_named() -> None:
    with pytest.raises(PluginProblem) as caught:
        plugins.load_connector("trytn", Place(file="billsync.yaml", line=3, column=16))
    said = str(caught.value.problem)
    assert said.startswith("billsync.yaml:3:16: CONF-PLUGIN-01 the connector 'trytn' is not installed")
    assert "did you mean 'tryton'?" in said
    assert "pip install" in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("lacking", "the module 'acme_sdk' is missing (pip install \"acme-billsync[lacking]\")"),
        ("broken", "RuntimeError: no licence (it is acme_broken:Acme"),
        ("gone", "AttributeError"),
        ("function", "is not a subclass of billsync.connector.Connector"),
        ("half", "does not state its capabilities and config"),
        ("files", "several packages bring a connector 'files': acme-billsync, billsync"),
    ],
)
def test_one_that_does_not_load_says_why(package: Path, name: str, says: str) -> None:
    assert says in problem(name)


def test_sandboxes_are_looked_for_among_sandboxes(package: Path) -> None:
    assert plugins.load_sandbox("tryton").__name__ == "TrytonSandbox"
    for name, says in (("files", "the sandbox 'files' is not installed"), ("acme", "is not a class")):
        with pytest.raises(PluginProblem, match=says):
            plugins.load_sandbox(name)
