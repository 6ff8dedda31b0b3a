"""`sandbox up`: a stand-in that lives in a folder, is started once, and keeps what it has."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from billsync.connector import NoSandbox
from billsync_connectors.hubspot.named import NamedHubSpot


def test_it_starts_is_filled_keeps_its_data_and_stops(tmp_path: Path) -> None:
    folder = tmp_path / "crm"
    sandbox = NamedHubSpot(folder, options={"lag_create_s": "0", "seed": "none", "portal": "7"})
    told = sandbox.up()
    try:
        assert (told["portal"], told["token"].startswith("pat-na1-"), sandbox.running()) == ("7", True, True)
        headers = {"Authorization": f"Bearer {told['token']}"}
        made = httpx.post(
            f"{told['url']}/crm/objects/2026-03/deals",
            json={"properties": {"dealname": "A"}},
            headers=headers,
            trust_env=False,
        )
        assert made.status_code == 201
        assert NamedHubSpot(folder).up() == told
        sandbox.fault("error", {"status": "503"})
        answer = httpx.get(f"{told['url']}/crm/v3/objects/deals", headers=headers, trust_env=False)
        assert answer.status_code == 503
        with pytest.raises(NoSandbox, match="there is no setting nonsense"):
            sandbox.admin("PATCH", "settings", {"nonsense": 1})
        sandbox.down()
        assert not sandbox.running()
        assert NamedHubSpot(folder, options={"seed": "none"}).up() == told
        found = httpx.get(f"{told['url']}/crm/v3/objects/deals", headers=headers, trust_env=False).json()["results"]
        assert [row["id"] for row in found] == [made.json()["id"]]
        assert oct((folder / "secrets.json").stat().st_mode & 0o777) == "0o600"
        assert json.loads((folder / "secrets.json").read_text())["token"] == told["token"]
    finally:
        sandbox.down()


def test_one_that_is_not_there_says_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(NoSandbox, match="billsync sandbox up"):
        NamedHubSpot(tmp_path / "nowhere").admin("GET", "settings")


def test_its_faults_are_listed() -> None:
    rows = {row["fault"]: row for row in NamedHubSpot.faults()}
    assert rows["busy"]["options"] == "policy=TEN_SECONDLY_ROLLING, retry_after=None"
    assert rows["lost"]["executed"] == "yes"
