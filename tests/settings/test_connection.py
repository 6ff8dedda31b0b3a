"""A connection's settings: typed by the connector's model, wrong ones named by line, secrets fetched, never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from billsync.model.problem import Problem
from billsync.settings import BadSettings, Connection, load


class Proxy(BaseModel):
    model_config = ConfigDict(extra="forbid")
    host: str
    token: SecretStr | None = None


class Erp(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str
    password: SecretStr
    timeout: int = Field(default=60, le=600)
    verify: bool = True
    tables: dict[str, list[int]] = {}
    proxies: list[Proxy] = []


def connection(tmp_path: Path, settings: str) -> Connection:
    path = tmp_path / "billsync.yaml"
    lines = "\n".join(f"    {line}" for line in settings.splitlines())
    path.write_text(
        f"connections:\n  erp:\n    connector: acme\n{lines}\n"
        "pipelines: {p: {source: erp, mappings: {inbound: [a.yaml]}}}\n",
        encoding="utf-8",
    )
    return load(path).connections["erp"]


def problems(found: Connection, extra: dict[str, str] | None = None) -> list[Problem]:
    with pytest.raises(BadSettings) as caught:
        found.config(Erp, extra)
    return list(caught.value.problems)


def test_text_becomes_what_the_model_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "s3cret")
    found = connection(
        tmp_path, "url: http://x\npassword: env:ACME_PASSWORD\ntimeout: 5\nverify: false\ntables: {a: [1, 2]}"
    )
    config = found.config(Erp)
    assert (config.url, config.timeout, config.verify, config.tables) == ("http://x", 5, False, {"a": [1, 2]})
    assert config.password.get_secret_value() == "s3cret"


def test_a_secret_from_a_file_that_only_the_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    file.chmod(0o600)
    config = connection(tmp_path, "url: x\npassword: file:token").config(Erp)
    assert config.password.get_secret_value() == "s3cret"


def test_a_secret_deep_inside_is_fetched_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "s3cret")
    found = connection(
        tmp_path, "url: x\npassword: env:ACME_PASSWORD\nproxies: [{host: h, token: env:ACME_PASSWORD}, {host: env:h}]"
    )
    first, second = found.config(Erp).proxies
    assert first.token is not None
    assert first.token.get_secret_value() == "s3cret"
    assert (second.host, second.token) == ("env:h", None)


def test_a_running_sandbox_fills_in_what_the_file_lacks(tmp_path: Path) -> None:
    found = connection(tmp_path, "url: http://old\npassword: env:ACME_UNSET\ntimeout: 9\nsandbox: {folder: erp}")
    config = found.config(Erp, {"url": "http://new", "password": "made-up"})
    assert (config.url, config.timeout, config.password.get_secret_value()) == ("http://new", 9, "made-up")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            "urll: x\npassword: env:ACME_PASSWORD",
            ["3:5 YAML-KEY-03 connection erp needs the key 'url'", "4:5 YAML-KEY-02 connection erp has no key 'urll'"],
        ),
        ("url: x\npassword: env:ACME_PASSWORD\ntimeout: soon", ["6:14 YAML-VALUE-01 connection erp timeout: expected"]),
        ("url: x\npassword: env:ACME_PASSWORD\ntables: {a: [1, b]}", ["6:21 YAML-VALUE-01 connection erp tables.a.1:"]),
        ("url: x\npassword: env:ACME_PASSWORD\nproxies: [{hst: y}]", ["6:15 YAML-KEY-03", "6:16 YAML-KEY-02"]),
    ],
)
def test_an_error_is_named_where_its_key_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, expected: list[str]
) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "s3cret")
    found = problems(connection(tmp_path, settings))
    said = sorted(f"{item.place.line}:{item.place.column} {item.code} {item.message}" for item in found)
    assert all(line.startswith(start) for line, start in zip(said, expected, strict=True)), said


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("hunter2", "plain text"),
        ("'env:'", "plain text"),
        ("env:ACME_PASWORD", "'ACME_PASWORD' is not set"),
        ("env:ACME_EMPTY", "is empty"),
        ("file:nowhere", "cannot be read"),
        ("file:open", "others may read"),
        ("file:blank", "is empty"),
        ("file:latin", "not UTF-8"),
    ],
)
def test_a_secret_is_a_reference_that_leads_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, says: str
) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "s3cret")
    monkeypatch.setenv("ACME_EMPTY", "")
    for name, content, mode in (("open", b"s3cret", 0o644), ("blank", b"\n", 0o600), ("latin", b"\xfc", 0o600)):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(mode)
    (problem,) = problems(connection(tmp_path, f"url: x\npassword: {reference}"))
    assert (problem.code, problem.place.line, problem.place.column) == ("CONF-SECRET-01", 5, 15)
    assert says in problem.message
    assert "s3cret" not in str(problem)
    assert "hunter2" not in str(problem)


def test_a_variable_that_was_mistyped_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_PASSWORD", "s3cret")
    (problem,) = problems(connection(tmp_path, "url: x\npassword: env:ACME_PASWORD"))
    assert "did you mean 'ACME_PASSWORD'?" in problem.hint
