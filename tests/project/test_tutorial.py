"""The tutorial is run as it stands, block by block, with the exit codes that it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CACHE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh run(?: exit=(\d+))?\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.tryton
@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    bin = Path(sys.executable).parent
    environment = {
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(CACHE.parent),  # billsync looks in `billsync` there: one Tryton is built for all tests
    }
    folder, told = tmp_path, []
    for code, text in BLOCKS:
        result = subprocess.run(
            ["bash", "-euc", text], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == int(code or 0), f"{text}\n{result.stdout}\n{result.stderr}"
        told.append(result.stdout)
        folder = tmp_path / "my-billing"
    everything = "\n".join(told)
    assert "crm/sales_pipeline.csv:6" in everything  # the 31st of February, with its line
    assert "no open problems" in everything
    assert "crm/sales_pipeline.csv:2 (crm/sales_pipeline/OPP-1)" in everything
    assert "nothing to do: everything is as it was" in everything
    assert "documents agree on all sides" in everything
    assert "no invariant is broken" in everything
    assert "OPP-5" in told[-1]


def test_the_tutorial_has_its_blocks() -> None:
    assert len(BLOCKS) == 9
