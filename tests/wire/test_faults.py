"""F30 to F49 of the fault catalogue, against a real server: what is proved, and what has to be looked up."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from billsync.connector import Fault, Refused, TryLater, Unclear
from billsync.wire import Client
from tests.wire import server as faults
from tests.wire.server import Handler, Script, Server

Serve = Callable[[Script], Server]
Make = Callable[..., Client]


def with_status(status: int, body: bytes = b'{"error": "no"}', **headers: str) -> Script:
    return lambda handler: handler.answer(status, body, **headers)


def page(handler: Handler) -> None:
    handler.answer(body=b"<html>Please log in</html>", Content_Type="text/html")


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def test_a_write_is_sent_once_and_its_answer_is_exact(serve: Serve, client: Make) -> None:
    server = serve(with_status(201, b'\xef\xbb\xbf{"total": 0.10}'))
    answer = client(server.url).send("POST", "invoices", content="{}")
    assert (answer.status, answer.value) == (201, {"total": Decimal("0.10")})
    assert [(method, path, body) for method, path, body, _ in server.seen] == [("POST", "/api/invoices", b"{}")]


WRITES: list[tuple[str, Script, type[Fault], str]] = [
    ("F31 hangs up after the request", faults.hang_up, Unclear, "connection_lost"),
    ("F34 429", with_status(429, Retry_After="120"), TryLater, "rate_limited"),
    ("F37 500", with_status(500), Unclear, "http_500"),
    ("F37 502", with_status(502), Unclear, "http_502"),
    ("F37 503 undeclared", with_status(503), Unclear, "http_503"),
    ("F37 504", with_status(504), Unclear, "http_504"),
    ("408", with_status(408), Unclear, "http_408"),
    ("F41 cut short, length announced", faults.cut_short, Unclear, "connection_lost"),
    ("F42 cut short, length unknown", faults.cut_short_unannounced, Unclear, "not_json"),
    ("F43 log-in page", page, Unclear, "not_json"),
    ("F44 latin-1", with_status(200, '{"a": "é"}'.encode("latin-1")), Unclear, "not_json"),
    ("JSON that would lose a value", with_status(200, b'{"a": NaN}'), Unclear, "not_json"),
    ("F46 301", with_status(301, Location="/other"), Unclear, "redirected"),
    ("F46 302", with_status(302, Location="/other"), Unclear, "redirected"),
    ("F46 303", with_status(303, Location="/other"), Unclear, "redirected"),
    ("F47 307", with_status(307, Location="http://127.0.0.2/other"), Refused, "redirected"),
    ("F47 308", with_status(308, Location="http://127.0.0.2/other"), Refused, "redirected"),
    ("F49 401", with_status(401), TryLater, "auth"),
    ("403", with_status(403), TryLater, "auth"),
    ("400", with_status(400), Refused, "http_400"),
    ("404", with_status(404), Refused, "http_404"),
    ("422", with_status(422), Refused, "http_422"),
    ("gzip bomb", faults.bomb, Unclear, "too_large"),
    ("not HTTP", lambda handler: handler.raw(b"hello\r\n\r\n"), Unclear, "connection_lost"),
    ("an encoding nobody asked for", with_status(200, Content_Encoding="br"), Unclear, "damaged"),
    ("packed and cut short", with_status(200, gzip.compress(b"[1]")[:-4], Content_Encoding="gzip"), Unclear, "damaged"),
    ("gzip that is none", with_status(200, Content_Encoding="gzip"), Unclear, "damaged"),
]


@pytest.mark.parametrize(("script", "kind", "reason"), [row[1:] for row in WRITES], ids=[row[0] for row in WRITES])
def test_what_becomes_of_a_write(serve: Serve, client: Make, script: Script, kind: type[Fault], reason: str) -> None:
    server = serve(script)
    with pytest.raises(Fault) as caught:
        client(server.url, max_bytes=1_000_000).send("POST", "x", content="{}")
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert caught.value.message.startswith("erp: ")
    assert len(server.seen) == 1, "a write is never repeated"


def test_503_is_trusted_only_where_the_system_declares_it(serve: Serve, client: Make) -> None:
    server = serve(with_status(503, Retry_After="7"))
    with pytest.raises(TryLater) as caught:
        client(server.url).send("POST", "x", content="{}", not_executed=frozenset({503}))
    assert (caught.value.reason, caught.value.after_s) == ("busy", 7)


@pytest.mark.parametrize("script", [faults.drip, faults.drip_headers], ids=["body", "headers"])
def test_f39_a_drip_ends_at_the_deadline(serve: Serve, client: Make, script: Script) -> None:
    server = serve(script)
    began = time.monotonic()
    with pytest.raises(Unclear) as caught:
        client(server.url, timeout=0.4).send("POST", "x", content="{}")
    assert caught.value.reason == "timeout"
    assert time.monotonic() - began < 2
    with pytest.raises(TryLater, match="in time"):
        client(server.url, timeout=0.4).read("GET", "x")


def test_f30_a_refused_connection_proves_that_nothing_happened(client: Make) -> None:
    with pytest.raises(TryLater) as caught:
        client(closed_port()).send("POST", "x", content="{}")
    assert (caught.value.reason, caught.value.offline) == ("not_sent", True)
    assert "Connection refused" in caught.value.message


def test_f30_an_unknown_host_and_a_server_without_tls(serve: Serve, client: Make) -> None:
    server = serve(with_status(200))
    for url in ("https://nowhere.invalid/", server.url.replace("http://", "https://")):
        with pytest.raises(TryLater) as caught:
            client(url).send("POST", "x", content="{}")
        assert (caught.value.reason, caught.value.offline) == ("not_sent", True)


READS: list[tuple[str, Script, type[Fault], str, bool]] = [
    ("401", with_status(401), TryLater, "auth", True),
    ("403", with_status(403), TryLater, "auth", True),
    ("404", with_status(404), Refused, "http_404", False),
    ("500", with_status(500), TryLater, "http_500", True),
    ("log-in page", page, TryLater, "not_json", True),
    ("bomb", faults.bomb, TryLater, "too_large", False),
    ("redirected POST", with_status(302, Location="/api/y"), Refused, "redirected", False),
]


@pytest.mark.parametrize(
    ("script", "kind", "reason", "offline"), [row[1:] for row in READS], ids=[row[0] for row in READS]
)
def test_what_becomes_of_a_read(
    serve: Serve, client: Make, script: Script, kind: type[Fault], reason: str, offline: bool
) -> None:
    with pytest.raises(Fault) as caught:
        client(serve(script).url, max_bytes=1_000_000).read("POST", "x", content="{}")
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert getattr(caught.value, "offline", False) is offline


@pytest.mark.parametrize(
    "first", [with_status(429), with_status(503, Retry_After="1"), faults.hang_up, faults.cut_short]
)
def test_a_read_is_tried_again_until_it_works(serve: Serve, client: Make, first: Script) -> None:
    def script(handler: Handler) -> None:
        (first if len(server.seen) < 3 else with_status(200, b"[1]"))(handler)

    server = serve(script)
    waits: list[float] = []
    assert client(server.url, sleep=waits.append).read("GET", "x").value == [1]
    assert (len(server.seen), len(waits)) == (3, 2)


def test_a_server_that_asks_for_a_long_pause_gets_it(serve: Serve, client: Make) -> None:
    server = serve(with_status(429, Retry_After="120"))
    with pytest.raises(TryLater) as caught:
        client(server.url).read("GET", "x")
    assert (caught.value.after_s, len(server.seen)) == (120, 1)


def test_reads_give_up_after_some_attempts(serve: Serve, client: Make) -> None:
    server = serve(with_status(503))
    with pytest.raises(TryLater, match="503"):
        client(server.url).read("GET", "x")
    assert len(server.seen) == 4


def test_a_get_follows_redirects_at_home_and_no_further(serve: Serve, client: Make) -> None:
    def script(handler: Handler) -> None:
        moved = {"/api/a": "/api/b", "/api/evil": "http://localhost:1/x", "/api/loop": "/api/loop"}.get(handler.path)
        if moved:
            handler.answer(302, b"", Location=moved)
        else:
            handler.answer(200, b"{}")

    here = client(serve(script).url)
    assert here.read("GET", "a").value == {}
    with pytest.raises(Refused, match="localhost"):
        here.read("GET", "evil")
    with pytest.raises(Refused, match="circles"):
        here.read("GET", "loop")


def test_absolute_addresses_stay_with_their_origin(serve: Serve, client: Make) -> None:
    server = serve(with_status(200))
    here = client(server.url, headers={"Authorization": "Bearer s3cret"})
    assert here.read("GET", server.url + "next?page=2").value == {"error": "no"}
    for other in ("http://127.0.0.2/x", "//evil.example/x", server.url.replace("http:", "https:")):
        with pytest.raises(Refused) as caught:
            here.send("POST", other, content="{}")
        assert caught.value.reason == "foreign_host"
    assert len(server.seen) == 1


def test_ten_megabytes_are_read_and_eleven_are_not(serve: Serve, client: Make) -> None:
    body = b'"' + b"a" * 10_000_000 + b'"'
    server = serve(with_status(200, body))
    assert len(client(server.url).read("GET", "x").value) == 10_000_000
    with pytest.raises(TryLater, match="larger than 10000000 bytes"):
        client(server.url, max_bytes=10_000_000).read("GET", "x")


def test_secrets_do_not_come_back_in_messages(serve: Serve, client: Make) -> None:
    def echo(handler: Handler) -> None:
        handler.answer(400, f"bad token in {handler.headers['Authorization']}".encode())

    here = client(serve(echo).url)
    here.authorize("Bearer s3cret-token")
    with pytest.raises(Refused) as caught:
        here.send("POST", "x", content="{}")
    assert "bad token" in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("url", ["ftp://host/", "host", "http://", "http://user:pw@host/", "http://[::1"])
def test_an_unusable_address_is_refused_in_words(client: Make, url: str) -> None:
    with pytest.raises(Refused) as caught:
        client(url)
    assert caught.value.reason == "bad_url"
    assert "pw" not in caught.value.message


def test_a_header_that_cannot_be_sent_is_refused(serve: Serve, client: Make) -> None:
    with pytest.raises(Refused):
        client(serve(with_status(200)).url).send("POST", "x", content="{}", headers={"X-Name": "Łódź"})


def test_an_expected_status_is_an_answer(serve: Serve, client: Make) -> None:
    server = serve(with_status(404, b'{"code": "none"}'))
    assert client(server.url).send("POST", "x", expect=frozenset({404})).value == {"code": "none"}
