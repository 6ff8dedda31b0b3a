"""A30 to A32: secrets are planted everywhere, every fault is run, and nothing that billsync says or keeps holds one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from billsync.cli.app import app
from billsync.connector import Context, Fault, Intent
from billsync.wire import Client
from billsync.wire.secrets import Secrets
from billsync_connectors.sandbox.connector import Sandbox as SandboxConnector
from billsync_connectors.tryton import Tryton, TrytonSettings
from tests.cli.place import CONFIG, Place
from tests.wire import server as faults
from tests.wire.server import Handler, Script, Server

PASSWORD = 'cänary"pass/word+1 %'
TOKEN = "canarytoken0123456789"
SESSION = base64.b64encode(f"robot:1:{TOKEN}".encode()).decode()
PLANTED = [PASSWORD, "pass/word", "cänary", quote(PASSWORD), json.dumps(PASSWORD)[1:-1], TOKEN, SESSION]

Serve = Callable[[Script], Server]


def echo(handler: Handler) -> bytes:
    """All that was received, in several spellings, with what the server gave us before."""
    _, path, body, headers = handler.server.seen[-1]
    given = [TOKEN, SESSION] if "Authorization" in headers else []
    said = [path, body.decode(), *headers.values(), PASSWORD, quote(PASSWORD), *given]
    return " ".join(reversed(said)).encode()


def told(handler: Handler, value: object) -> None:
    handler.answer(body=json.dumps(value).encode())


FAULTS: dict[str, Script] = {
    "refused": lambda handler: handler.answer(400, echo(handler)),
    "broken": lambda handler: handler.answer(500, echo(handler)),
    "html": lambda handler: handler.answer(502, echo(handler), Content_Type="text/html"),
    "busy": lambda handler: handler.answer(503, echo(handler)),
    "limited": lambda handler: handler.answer(429, echo(handler), Retry_After="3600"),
    "denied": lambda handler: handler.answer(403, echo(handler)),
    "led away": lambda handler: handler.answer(307, b"", Location=f"http://evil.example/{TOKEN}"),
    "a page": lambda handler: handler.answer(200, echo(handler)),
    "cut short": faults.cut_short,
    "hangs up": faults.hang_up,
    "a person's error": lambda handler: told(handler, {"id": 1, "error": ["UserError", [echo(handler).decode(), ""]]}),
    "a warning": lambda handler: told(handler, {"id": 1, "error": ["UserWarning", ["w", echo(handler).decode()]]}),
    "an error inside": lambda handler: told(handler, {"id": 1, "error": [echo(handler).decode(), "trace"]}),
    "no result": lambda handler: told(handler, {"id": 1, echo(handler).decode(): 1}),
}
"""What the ERP says to everything once it has let us in."""


def erp(fault: Script, *, at_log_in: bool) -> Script:
    def script(handler: Handler) -> None:
        method = json.loads(handler.server.seen[-1][2] or b"{}").get("method", "")
        if method == "common.db.login" and not at_log_in:
            told(handler, {"id": 1, "result": [1, TOKEN, None]})
        elif method == "model.res.user.get_preferences":
            told(handler, {"id": 1, "result": {"company": 1, "language": "en"}})
        else:
            fault(handler)

    return script


TO_ERP = """\
    target: erp
    push: {patience_s: 0}
    mappings:
      outbound: [mappings/tryton/party.yaml, mappings/tryton/product.yaml, mappings/tryton/invoice.yaml]
      payments: [mappings/tryton/payment.yaml]
"""


def connected(place: Place, url: str) -> None:
    settings = f'  erp:\n    connector: tryton\n    url: "{url}"\n    user: robot\n    password: env:ERP_PASSWORD\n'
    config = CONFIG.replace("pipelines:", f"{settings}pipelines:").replace("    mappings:\n", TO_ERP)
    place.write("billsync.yaml", config)
    place.patch.setenv("ERP_PASSWORD", PASSWORD)


COMMANDS = [
    ["sync"],
    ["sync", "--format", "json"],
    ["doctor"],
    ["status"],
    ["runs"],
    ["errors", "list"],
    ["errors", "list", "--format", "json"],
    ["errors", "show", "1"],
    ["verify", "--live"],
    ["reconcile"],
    ["connectors", "show", "tryton"],
]


def leaks(place: Place, commands: list[list[str]]) -> Iterator[tuple[str, str]]:
    """(where, which secret) for each that was said or kept."""
    for command in commands:
        said = place.billsync(*command)
        yield from ((" ".join(command), planted) for planted in PLANTED if planted in said.out + said.err)
    for path in place.folder.rglob("*"):
        if path.is_file():
            kept = path.read_bytes()
            yield from ((path.name, planted) for planted in PLANTED if planted.encode() in kept)


def words(tryton: Tryton) -> Iterator[str]:
    """All that the connector says, call by call."""
    intent = Intent("K", "party", {"code": "K", "name": "Acme"})
    calls: list[Callable[[], object]] = [
        tryton.check,
        lambda: tryton.describe("party"),
        lambda: list(tryton.read("payment", None)),
        lambda: list(tryton.standing("invoice")),
        lambda: tryton.fetch("invoice", ["1"]),
        lambda: tryton.probe("invoice", ["K"]),
        lambda: tryton.write("party", [intent]),
    ]
    for call in calls:
        try:
            yield repr(call())
        except Fault as fault:
            yield f"{fault!r} {fault} {fault.message} {fault.args}"


@pytest.mark.parametrize("at_log_in", [False, True], ids=["inside", "at the door"])
@pytest.mark.parametrize("name", FAULTS)
def test_a30_a_connector_repeats_no_secret_whatever_it_is_told(
    serve: Serve, tmp_path: Path, name: str, at_log_in: bool
) -> None:
    server = serve(erp(FAULTS[name], at_log_in=at_log_in))
    settings = {"url": server.url, "user": "robot", "password": PASSWORD, "timeout": 5}
    tryton = Tryton(Context("erp", tmp_path), TrytonSettings.model_validate(settings))
    tryton._http._sleep = lambda _seconds: None
    said = list(words(tryton))
    tryton.close()
    assert len(said) == 7
    assert [(text, planted) for text in said for planted in PLANTED if planted in text] == []


DENIED: dict[str, Callable[[Handler], dict[str, str]]] = {
    "message": lambda handler: {"code": "bad", "message": echo(handler).decode()},
    "code": lambda handler: {"code": echo(handler).decode(), "message": "no"},
    "field": lambda handler: {"code": "bad", "message": "no", "field": echo(handler).decode()},
}


@pytest.mark.parametrize("name", DENIED)
def test_a30_an_error_that_is_told_as_a_record_is_no_way_out_either(serve: Serve, tmp_path: Path, name: str) -> None:
    def script(handler: Handler) -> None:
        if handler.path.endswith("/login"):
            told(handler, {"token": TOKEN})
        else:
            handler.answer(422, json.dumps({"error": DENIED[name](handler)}).encode())

    settings = {"url": serve(script).url, "user": "robot", "password": PASSWORD}
    made = SandboxConnector(Context("erp", tmp_path), SandboxConnector.config.model_validate(settings))
    with pytest.raises(Fault) as caught:
        list(made.read("deals", None))
    made.close()
    said = f"{caught.value!r} {vars(caught.value)} {caught.value.args}"
    assert "***" in said
    assert [planted for planted in PLANTED if planted in said and planted != SESSION] == []


CASES = [("a person's error", False), ("refused", False), ("no result", True)]


@pytest.mark.parametrize(("name", "at_log_in"), CASES, ids=[f"{name}{', log-in' * door}" for name, door in CASES])
def test_a30_no_secret_is_said_or_kept_whatever_the_erp_answers(
    place: Place, serve: Serve, name: str, at_log_in: bool
) -> None:
    server = serve(erp(FAULTS[name], at_log_in=at_log_in))
    connected(place, server.url)
    assert list(leaks(place, COMMANDS if (name, at_log_in) == CASES[0] else COMMANDS[:1])) == []
    bodies = [json.loads(body)["params"] for _, _, body, _ in server.seen]
    assert any({"password": PASSWORD} in params for params in bodies), "the secret was there to be lost"


def test_a30_a_certificate_or_an_address_that_is_no_good_says_nothing_either(place: Place) -> None:
    for url in ("https://127.0.0.1:1/db/", f"https://robot:{quote(PASSWORD)}@erp.example.com/", "nonsense"):
        connected(place, url)
        assert {where for where, _ in leaks(place, [["sync"], ["doctor"]])} <= {"billsync.yaml"}


SECRETS = st.text(min_size=4, max_size=20)


@given(SECRETS, st.text(max_size=20), st.sampled_from(["plain", "json", "ascii", "url"]))
def test_a30_a_secret_is_hidden_in_every_spelling(secret: str, around: str, spelling: str) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    spelled = {
        "plain": secret, "json": json.dumps(secret, ensure_ascii=False)[1:-1], "ascii": json.dumps(secret)[1:-1],
        "url": quote(secret, safe=""),
    }[spelling]  # fmt: skip
    secrets = Secrets()
    secrets.add(secret)
    assert secrets.hidden(f"{around}|{spelled}|") == f"{secrets.hidden(around + '|')}***|"


def saying(answer: bytes) -> Script:
    return lambda handler: handler.answer(400, answer)


def test_a30_a_secret_at_the_edge_of_what_is_shown_is_not_cut_in_two(
    serve: Serve, client: Callable[..., Client]
) -> None:
    for blanks in range(150, 210, 7):
        answer = b"x" * blanks + b" " * 600 + TOKEN.encode()
        server = serve(saying(answer))
        here = client(server.url, headers={"Authorization": f"Bearer {TOKEN}"})
        with pytest.raises(Fault) as caught:
            here.send("POST", "x", content="{}")
        assert "canary" not in caught.value.message


# ---------------------------------------------------------------- A31, A32


@pytest.mark.parametrize(
    "written", [PASSWORD, "hunter2", "env:", "plain:hunter2", "${ERP_PASSWORD}", "ENV:ERP_PASSWORD"]
)
def test_a31_a_secret_in_the_configuration_is_refused_and_not_repeated(place: Place, written: str) -> None:
    connected(place, "https://erp.example.com/db/")
    text = (place.folder / "billsync.yaml").read_text()
    place.write("billsync.yaml", text.replace("env:ERP_PASSWORD", json.dumps(written, ensure_ascii=False)))
    for command in ("sync", "doctor") if written == "hunter2" else ("sync",):
        said = place.billsync(command)
        assert said.code == 2
        assert "CONF-SECRET-01" in said.out + said.err
        assert "hunter2" not in said.out + said.err
        assert PASSWORD not in said.out + said.err


def parameters(command: Any, path: str = "billsync") -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        yield from ((path, option) for option in [*parameter.opts, parameter.name or ""])
    for name, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, f"{path} {name}")


def test_a32_no_option_takes_a_secret() -> None:
    found = list(parameters(typer.main.get_command(app)))
    assert len(found) > 50
    words = ("password", "passwd", "token", "secret", "api-key", "apikey", "credential")
    assert [entry for entry in found if any(word in entry[1].lower() for word in words)] == []
