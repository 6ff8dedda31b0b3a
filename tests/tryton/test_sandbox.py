"""The sandbox's own manners: quick from the cache, quiet, and no harm to other processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from billsync_connectors.tryton.sandbox import SandboxError, TrytonSandbox
from tests.conftest import CACHE


@pytest.mark.tryton
def test_it_starts_stops_and_starts_again_with_its_data(
    tryton_sandbox: TrytonSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "")
    sandbox, lines = TrytonSandbox(tmp_path, cache=CACHE), list[str]()
    settings = sandbox.up(lines.append)
    try:
        assert lines == ["copying the Tryton database", "starting Tryton"]
        assert settings["password"] != tryton_sandbox.up()["password"]
        assert (tmp_path / "password").stat().st_mode & 0o777 == 0o600
        assert TrytonSandbox(tmp_path, cache=CACHE).up() == settings, "one that answers is used as it is"
        pid = int((tmp_path / "tryton.pid").read_text())
        sandbox.down()
        assert not sandbox.running()
        assert not Path(f"/proc/{pid}").exists(), "not even a zombie is left"
        with pytest.raises(httpx.ConnectError):
            httpx.post(settings["url"], trust_env=False)
        with pytest.raises(SandboxError, match="start it first"):
            sandbox.invoices()
        assert sandbox.up() == settings
        assert sandbox.invoices() == []
    finally:
        sandbox.down()


def test_it_never_ends_another_process(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / "tryton.pid").write_text(str(other.pid))
        sandbox = TrytonSandbox(tmp_path)
        assert not sandbox.running()
        sandbox.down()
        assert other.poll() is None
        other.communicate(b"\n")


def test_without_tryton_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(SandboxError, match=r'pip install "billsync\[demo\]"'):
        TrytonSandbox(tmp_path / "books").up()
