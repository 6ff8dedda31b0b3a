"""The commands and pages of alerts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from billsync.alerts.catalogue import CATALOGUE
from billsync.cli import alerts as area
from billsync.cli import guard
from billsync.model.gate import Gate, GateState
from billsync.settings import BadSettings, parsed
from billsync.store import Store
from tests.alerts.made import AT, CONFIG

ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("CHAT", raising=False)
    (tmp_path / "store.db").write_bytes(sqlite_template.read_bytes())
    path = tmp_path / "billsync.yaml"
    path.write_text(CONFIG.format(store="sqlite:///store.db", channels="chat: {kind: slack, url: env:CHAT}"))
    return path


def said(capsys: pytest.CaptureFixture[str], act: Callable[..., int], *given: Any, **named: Any) -> tuple[int, Any]:
    code = act(*given, **named)
    return code, json.loads(capsys.readouterr().out)


def test_check_list_and_mute(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, area.check, config, "json") == (guard.OK, [])
    store = Store.open(f"sqlite:///{config.parent / 'store.db'}")
    with store.tx("t") as tx:
        tx.gates.put(Gate(connection="erp", state=GateState.PARKED, reason="safety_bound", at=AT))
    code, [alert] = said(capsys, area.check, config, "json")
    assert (code, alert["id"], alert["told"]["chat"]["done"]) == (guard.PROBLEMS, "GATE-PARKED/erp", False)
    assert area.mute(config, "GATE-PARKED/erp", 4, "Ann is at it") == guard.OK
    capsys.readouterr()
    [listed] = said(capsys, area.listing, config, "json", over=False)[1]
    assert (listed["muted_why"], listed["state"]) == ("Ann is at it", "open")
    area.mute(config, "GATE-PARKED/erp", 0, "")
    with store.view() as tx:
        assert [row["after"] for row in tx.audit.tail("alert/GATE-PARKED/erp")] == ["unmuted", "muted"]
    store.close()


@pytest.mark.parametrize(("id", "reason"), [("GATE-PARKED/erp", " "), ("GATE-PARKD/erp", "why")])
def test_mute_needs_an_alert_and_a_reason(config: Path, id: str, reason: str) -> None:
    with pytest.raises(guard.Wrong):
        area.mute(config, id, 1, reason)


def test_a_channel_is_tried_and_says_why_not(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, [row] = said(capsys, area.test, config, None, "json")
    assert code == guard.PROBLEMS
    assert "'CHAT' is not set" in row["said"]
    with pytest.raises(guard.Wrong, match="did you mean 'chat'"):
        area.test(config, "chatt", "json")


@pytest.mark.parametrize(
    ("channel", "code"),
    [
        ("{kind: slack, url: 'https://hooks.example.com/T/B/X'}", "CONF-SECRET-01"),
        ("{kind: pagerduty, routing_key: abc}", "CONF-SECRET-01"),
        ("{kind: sms, to: ann}", "YAML-VALUE-01"),
        ("{kind: mail, host: h, sender: nobody, to: [a@b.c]}", "YAML-VALUE-01"),
        ("{kind: mail, host: h, sender: a@b.c, to: []}", "YAML-VALUE-01"),
        ("{kind: slack, url: env:X, quiet: {start: noon, end: '06:00'}}", "YAML-VALUE-01"),
        ("{kind: slack, url: env:X, at_least: loud}", "YAML-VALUE-01"),
    ],
)
def test_wrong_settings_are_said_with_their_line_and_never_with_the_secret(channel: str, code: str) -> None:
    with pytest.raises(BadSettings) as caught:
        parsed(CONFIG.format(store="sqlite:///x.db", channels=f"c: {channel}"), Path("billsync.yaml"))
    assert {problem.code for problem in caught.value.problems} == {code}
    assert all("T/B/X" not in str(problem) and problem.place.line for problem in caught.value.problems)


def test_the_page_lists_every_alert_with_its_mend() -> None:
    page = (ROOT / "docs" / "reference" / "alerts.md").read_text(encoding="utf-8")
    rows = [f"| `{code}` | {it.subject} | {it.severity} | {it.means} | {it.mend} |" for code, it in CATALOGUE.items()]
    assert [row for row in rows if row not in page] == []
    assert page.count("\n| `") == len(CATALOGUE)
