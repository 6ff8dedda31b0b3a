"""The files under deploy/ are what they say: systemd takes the unit, the container is nobody, compose fits."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml as plain_yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
PAGE = DEPLOY.parent / "docs" / "how-to" / "run-the-daemon.md"


def unit() -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / "billsync.service")
    return dict(parser["Service"])


def test_the_unit_gives_runs_time_to_end_and_may_do_little() -> None:
    service = unit()
    wait = re.search(r"--stop-within-s (\d+)", service["ExecStart"])
    assert wait is not None
    assert int(service["TimeoutStopSec"]) > int(wait[1])
    assert service["Type"] == "notify"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_takes_the_unit() -> None:
    command = ["systemd-analyze", "verify", str(DEPLOY / "billsync.service")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr
    # the program is not installed there on this machine, and other units are none of ours
    ours = [line for line in said.splitlines() if "billsync.service" in line and "/opt/billsync/bin" not in line]
    assert ours == []


def test_the_container_runs_as_nobody_and_is_looked_after() -> None:
    lines = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    said = {line.split()[0]: line for line in lines if line and not line.startswith("#")}
    assert said["USER"] == "USER 10001:10001"
    assert said["STOPSIGNAL"] == "STOPSIGNAL SIGTERM"
    assert "HEALTHCHECK" in said
    assert any("--require-hashes -r requirements.lock" in line for line in lines)


def test_compose_starts_a_daemon_and_two_workers_on_one_migrated_postgres() -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = plain_yaml.load(text, Loader=plain_yaml.SafeLoader)  # noqa: TID251  merge keys, as compose has
    services = found["services"]
    commands = [service.get("command") for service in services.values()]
    assert commands.count(["worker"]) == 2
    assert commands.count(["daemon"]) == 1
    for name in ("daemon", "worker-1", "worker-2"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["stop_grace_period"] == "330s"
        assert services[name]["cap_drop"] == ["ALL"]


def test_the_page_names_the_files() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for file in DEPLOY.iterdir():
        assert f"../../deploy/{file.name}" in page
