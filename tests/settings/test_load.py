"""The configuration file: what it means, and that every error in it is named with its line, all at once."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from billsync import assets
from billsync.settings import BadSettings, Settings, load

GOOD = """\
connections:
  crm: {connector: files, folder: crm}
  erp: {connector: tryton, url: "http://x", user: admin, sandbox: {folder: erp}}
pipelines:
  billing:
    source: crm
    target: erp
    mappings: {inbound: [mappings/a.yaml]}
"""


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "billsync.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def complaints(tmp_path: Path, text: str) -> list[str]:
    """Line, column, code and message with hint of every problem."""
    with pytest.raises(BadSettings) as caught:
        loaded(tmp_path, text)
    for problem in caught.value.problems:
        assert problem.place.file == str(tmp_path / "billsync.yaml")
    return [
        f"{problem.place.line}:{problem.place.column} {problem.code} {problem.message} ({problem.hint})"
        for problem in caught.value.problems
    ]


def test_the_smallest_configuration(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    assert settings.root == tmp_path
    assert settings.store == f"sqlite:///{tmp_path}/billsync.db"
    erp, billing = settings.connections["erp"], settings.pipelines["billing"]
    assert (erp.connector, erp.sandbox and erp.sandbox.folder, erp.place.line) == ("tryton", "erp", 3)
    assert (billing.source, billing.target, billing.mappings.inbound) == ("crm", "erp", ("mappings/a.yaml",))
    assert (billing.push.patience_s, billing.push.settle_s, billing.schedule) == (300, None, None)
    assert billing.invoicing.payment_terms_days == 30


@pytest.mark.parametrize("example", sorted(assets.folder("config").glob("*.example.yaml")), ids=lambda path: path.name)
def test_the_shipped_configurations_are_right(example: Path) -> None:
    pipeline = load(example).pipelines["billing"]
    assert pipeline.sends_invoices is (pipeline.target is not None)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = """\
stor: sqlite:///x.db
connections:
  crm: {folder: crm}
  erp: {connector: tryton, sandbox: {foldr: erp}}
  a/b: {connector: files}
pipelines:
  billing:
    source: cmr
    target: erp
    mapings: {inbound: [a]}
    mappings: {inbound: a.yaml, outbond: [b]}
    invoicing: {payment_terms_days: soon, series: INV}
    billing: {through: tomorrow}
    push: {patience_s: -1}
    schedule: {cron: "0 6 * *", zone: Berlin}
"""
    found = complaints(tmp_path, text)
    expected = [
        r"1:1 YAML-KEY-02 .*'stor' \(did you mean 'store'\?\)",
        r"3:8 YAML-KEY-03 connection crm needs the key 'connector'",
        r"4:38 YAML-KEY-02 sandbox of connection erp has no key 'foldr' \(did you mean 'folder'\?\)",
        r"4:37 YAML-KEY-03 .*'folder'",
        r"5:3 YAML-VALUE-01 expected a name .* got 'a/b'",
        r"11:25 YAML-VALUE-01 pipeline billing mappings\.inbound: expected a list, got the text 'a\.yaml'",
        r"11:33 YAML-KEY-02 pipeline billing mappings has no key 'outbond' \(did you mean 'outbound'\?\)",
        r"12:37 YAML-VALUE-01 .*payment_terms_days: expected a whole number, got the text 'soon'",
        r"12:51 YAML-VALUE-01 .*series: ",
        r"13:24 YAML-VALUE-01 .*through: expected a day .* or write today",
        r"14:24 YAML-VALUE-01 .*patience_s: expected greater than or equal to 0",
        r"15:22 YAML-VALUE-01 .*cron: not a cron line",
        r"15:39 YAML-VALUE-01 .*zone: expected an IANA time zone",
        r"10:5 YAML-KEY-02 pipeline billing has no key 'mapings' \(did you mean 'mappings'\?\)",
        r"8:13 CONF-NAME-01 there is no connection 'cmr' \(did you mean 'crm'\?\)",
    ]
    for pattern in expected:
        assert any(re.match(pattern, line) for line in found), (pattern, found)
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (GOOD, "- x\n", "1:1 YAML-VALUE-01 expected a mapping with the keys store, connections, pipelines"),
        ("target: erp", "target: [erp]", "7:13 YAML-VALUE-01 pipeline billing target: expected text, got"),
        ("    source: crm\n", "", "6:5 YAML-KEY-03 pipeline billing needs the key 'source'"),
        ("{inbound: [mappings/a.yaml]}", "null", "8:15 YAML-VALUE-01 pipeline billing mappings: expected a mapping"),
        ("connector: files", "connector: [files]", "2:20 YAML-VALUE-01 expected text, got a list"),
        ("crm: {connector: files, folder: crm}", "crm: files", "2:8 YAML-VALUE-01 expected a mapping"),
        ("connections:", "store: mysql://x/y\nconnections:", "1:8 YAML-VALUE-01 store: expected sqlite:///FILE"),
        ("connections:", "connections:\n  crm: 1", "3:3 YAML-KEY-01 the key 'crm' stands twice"),
        ("    target: erp", "    schedule: {cron: '0 0 30 2 *'}", "7:22 YAML-VALUE-01 .* never comes"),
        ("    target: erp", "    schedule: {zone: UTC}", "7:15 YAML-VALUE-01 .* expected one of `cron` and `every_s`"),
        ("    target: erp", "    invoicing: {default_tax_code: x}", "7:16 YAML-VALUE-01 .* not among the codes"),
        (
            "    target: erp",
            "    invoicing: {taxes: [{code: a, rate: '19'}]}",
            "7:41 YAML-VALUE-01 .* fraction from 0 to 1",
        ),
    ],
)
def test_one_error_has_one_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    found = complaints(tmp_path, GOOD.replace(old, new, 1))
    assert re.match(complaint, found[0]), found


def test_a_missing_file_is_no_traceback(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.yaml", tmp_path):
        with pytest.raises(BadSettings) as caught:
            load(path)
        (problem,) = caught.value.problems
        assert problem.code == "READ-FILE-01"
        assert "billsync init" in problem.hint


def test_billing_through_today_is_the_zones_today(tmp_path: Path) -> None:
    late = datetime(2017, 12, 31, 22, 0, tzinfo=UTC)
    berlin = loaded(tmp_path, GOOD + "    billing: {through: today, zone: Europe/Berlin}\n").pipelines["billing"]
    assert berlin.billing.day(late) == date(2017, 12, 31)
    assert berlin.billing.day(late.replace(hour=23)) == date(2018, 1, 1)
    fixed = loaded(tmp_path, GOOD + "    billing: {through: 2017-06-30}\n").pipelines["billing"]
    assert fixed.billing.day(late) == date(2017, 6, 30)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///books/b.db", "sqlite:///{root}/books/b.db"),
        ("sqlite:////var/b.db", "sqlite:////var/b.db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("env:BILLSYNC_TEST_STORE", "postgresql://me:word@host/db"),
    ],
)
def test_where_the_store_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, meant: str) -> None:
    monkeypatch.setenv("BILLSYNC_TEST_STORE", "postgresql://me:word@host/db")
    assert loaded(tmp_path, f"store: {written}\n{GOOD}").store == meant.format(root=tmp_path)


def test_a_password_in_the_stores_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (complaint,) = complaints(tmp_path, "store: postgresql://me:hunter2@host/db\n" + GOOD)
    assert complaint.startswith("1:8 CONF-SECRET-01")
    assert "hunter2" not in complaint
