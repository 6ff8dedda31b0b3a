"""Channels on real servers: an SMTP server with TLS and log-in, and HTTP servers that answer as people's do."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from billsync.alerts.catalogue import CATALOGUE
from billsync.alerts.channels import ChannelFault, ways
from billsync.alerts.message import Message, html, message, text
from billsync.alerts.telling import Notice, intended
from billsync.model.alert import Alert, Severity, What
from tests.alerts.made import AT, configured

STORE = "sqlite:///store.db"


def alert(code: str = "GATE-PARKED", subject: str = "erp", reason: str = "nothing is written to <erp> & co") -> Alert:
    return Alert(code=code, subject=subject, severity=CATALOGUE[code].severity, reason=reason, first_at=AT, last_at=AT)


def made(what: What = "raised", *alerts: Alert, minutes: int = 0) -> Message:
    at = AT + dt.timedelta(minutes=minutes)
    noted = intended(alerts or (alert(),), "c", [Notice(one, what) for one in alerts or (alert(),)], at)
    return message([Notice(one, what) for one in noted], "c", "acme")


# ---------------------------------------------------------------- mail


class Desk:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer


def certificate(folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1, which `ca.pem` vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + dt.timedelta(days=36_500))
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(made)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(made + private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "server.pem")
    return context


def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"ops", b"s3cret-word"), handled=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Controller, Desk, Path]]:
    """An SMTP server that takes mail only over TLS, from who is logged in."""
    folder, desk = tmp_path_factory.mktemp("mail"), Desk()
    controller = Controller(
        desk, hostname="127.0.0.1", port=free_port(), tls_context=certificate(folder), require_starttls=True,
        auth_required=True, authenticator=knows,
    )  # fmt: skip
    controller.start()
    yield controller, desk, folder
    controller.stop()


MAIL = (
    "{{kind: mail, host: 127.0.0.1, port: {port}, user: ops, password: env:MAIL, sender: bill@acme.example, "
    "to: [ann@acme.example, bob@acme.example]{more}}}"
)


def mailed(office: Any, monkeypatch: pytest.MonkeyPatch, word: str, sent: Message, more: str = "") -> None:
    controller, _, folder = office
    monkeypatch.setenv("MAIL", word)
    given = MAIL.format(port=controller.port, more=more or ", ca_file: ca.pem")
    ways(configured(STORE, folder, c=given))["c"].send(sent)


def test_a_mail_over_tls_has_its_thread_and_says_what_to_do(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office[1]
    for sent in (made(), made("again", minutes=5), made("again", minutes=5), made("over", minutes=9)):
        mailed(office, monkeypatch, "s3cret-word", sent)
    first, again, twice, over = desk.mails
    assert (first["subject"], first["to"]) == ("[acme] CRITICAL GATE-PARKED/erp", "ann@acme.example, bob@acme.example")
    assert {mail["in-reply-to"] for mail in (again, twice, over)} == {first["message-id"]}
    assert again["message-id"] == twice["message-id"] != over["message-id"]
    assert over["subject"] == "[acme] over: CRITICAL GATE-PARKED/erp"
    plain, rich = (part.get_content() for part in first.iter_parts())
    for words in ("reason", "nothing is written to", "billsync gates open CONNECTION --reason", "2026-01-31 10:00 UTC"):
        assert words in plain
        assert words in rich
    assert "<erp> & co" not in rich
    desk.mails.clear()


def test_what_is_wrong_with_a_mail_server_is_said_without_the_password(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for word, more, said in (
        ("wrong-word", "", "does not take user and password"),
        ("s3cret-word", ", ca_file: ca.pem, security: tls", "127.0.0.1"),
        ("s3cret-word", ", at_least: error", "certificate is not trusted"),
    ):
        with pytest.raises(ChannelFault, match=said) as caught:
            mailed(office, monkeypatch, word, made(), more)
        assert word not in str(caught.value)
    office[1].answer = "451 later"
    with pytest.raises(ChannelFault, match="refused the mail"):
        mailed(office, monkeypatch, "s3cret-word", made())
    office[1].answer = "250 OK"
    assert office[1].mails == []


def test_mail_in_the_clear_is_for_the_own_network() -> None:
    for host, said in (("mail.example.com", "security: none"), ("127.0.0.1", "127.0.0.1")):
        plain = f"{{kind: mail, host: {host}, port: 9, security: none, sender: a@b.example, to: [c@d.example]}}"
        with pytest.raises(ChannelFault, match=said):
            ways(configured(STORE, Path("/tmp"), c=plain))["c"].send(made())


# ---------------------------------------------------------------- HTTP


class Answers(ThreadingHTTPServer):
    """A server that keeps what it gets, and answers as it is told."""

    daemon_threads = True
    got: list[tuple[str, dict[str, str], bytes]]
    answer: tuple[int, dict[str, str], bytes]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Answers)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        status, headers, said = self.server.answer
        self.send_response(status)
        for name, value in {"content-length": str(len(said)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def answering(status: int = 200, said: bytes = b"ok", **headers: str) -> Iterator[Answers]:
    server = Answers(("127.0.0.1", 0), _Handler)
    server.got, server.answer = [], (status, headers, said)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


PATH = "/services/T0000/B0000/a-long-secret?x=1"


def posted(server: Answers, kind: str, sent: Message, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.server_port}{PATH}"
    monkeypatch.setenv("SECRET", "the-signing-word")
    monkeypatch.setenv("URL", url)
    given = {
        "slack": "{kind: slack, url: env:URL}",
        "pagerduty": f"{{kind: pagerduty, routing_key: env:SECRET, url: '{url}'}}",
        "webhook": f"{{kind: webhook, secret: env:SECRET, url: '{url}'}}",
    }[kind]
    ways(configured(STORE, tmp_path, c=given))["c"].send(sent)


def test_slack_gets_a_text_and_blocks_that_mention_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    many = [alert(subject=f"erp-{n}", reason="<!channel> & more") for n in range(60)]
    with answering() as server:
        posted(server, "slack", made("raised", *many), monkeypatch, tmp_path)
    [(path, _, body)] = server.got
    told = json.loads(body)
    [attachment] = told["attachments"]
    assert path == PATH
    assert told["text"] == "[acme] 60 alerts: GATE-PARKED/erp-0 and others"
    assert len(attachment["blocks"]) <= 50
    assert "<!channel>" not in body.decode()
    assert "more: `billsync alerts list`" in attachment["blocks"][-1]["text"]["text"]


def test_the_pager_opens_an_incident_and_closes_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with answering(202, b'{"status":"success"}') as server:
        for what in ("raised", "again", "over"):
            posted(server, "pagerduty", made(what), monkeypatch, tmp_path)
    events = [json.loads(body) for _, _, body in server.got]
    assert [event["event_action"] for event in events] == ["trigger", "trigger", "resolve"]
    assert len({event["dedup_key"] for event in events}) == 1
    assert events[0]["routing_key"] == "the-signing-word"
    assert events[0]["payload"]["severity"] == "critical"
    assert "billsync gates list" in events[0]["payload"]["custom_details"]["mend"]


def test_a_webhook_is_signed_and_says_the_same_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with answering(204, b"") as server:
        for _ in range(2):
            posted(server, "webhook", made(), monkeypatch, tmp_path)
    (_, headers, body), again = server.got
    assert again[2] == body
    stamp, _, proof = headers["X-Billsync-Signature"].partition(",v1=")
    seconds = stamp.removeprefix("t=")
    assert int(seconds) == AT.timestamp()
    assert proof == hmac.new(b"the-signing-word", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert json.loads(body)["alerts"][0]["what"] == "raised"


@pytest.mark.parametrize(
    ("status", "said", "headers", "why"),
    [
        (404, b"no_service a-long-secret", {}, "404"),
        (302, b"", {"location": "http://127.0.0.1:9/login"}, "302"),
        (200, b"<html>log in</html>", {}, "web page"),
        (500, b"", {}, "500"),
        (429, b"", {"retry-after": "3"}, "429"),
    ],
)
def test_what_is_not_taken_is_said_without_the_address(
    status: int, said: bytes, headers: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with answering(status, said, **headers) as server, pytest.raises(ChannelFault, match=why) as caught:
        posted(server, "slack", made(), monkeypatch, tmp_path)
    assert "a-long-secret" not in str(caught.value)
    assert len(server.got) == 1


@pytest.mark.parametrize("url", ["http://169.254.169.254/x", "http://example.com/x", "file:///etc/passwd", "x:y:z"])
def test_addresses_that_nothing_is_posted_to(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("URL", url)
    with pytest.raises(ChannelFault):
        ways(configured(STORE, tmp_path, c="{kind: slack, url: env:URL}"))["c"].send(made())


def test_a_secret_that_is_not_there_breaks_its_channel_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("URL", raising=False)
    with answering() as server:
        hook = f"{{kind: webhook, secret: env:HOME, url: 'http://127.0.0.1:{server.server_port}/'}}"
        found = ways(configured(STORE, tmp_path, chat="{kind: slack, url: env:URL}", c=hook))
        with pytest.raises(ChannelFault, match="'URL' is not set"):
            found["chat"].send(made())
        found["c"].send(made())
    assert len(server.got) == 1


def test_texts_and_pages_say_the_same_of_every_code() -> None:
    for code, kind in CATALOGUE.items():
        sent = made("raised", alert(code))
        for words in (kind.means, code, str(Severity(kind.severity)).upper()):
            assert words in text(sent)
        assert html(sent).startswith("<!doctype html>")
