"""Traces go to the collector, and nothing of them to the systems that are called."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from billsync import observe
from billsync.connector import TryLater
from billsync.observe.metrics import Figures
from billsync.observe.tracing import Tracing
from billsync.observe.watcher import Watching
from billsync.wire import Client

TAKEN: list[bytes] = []
HEADERS: list[dict[str, str]] = []


class Both(BaseHTTPRequestHandler):
    """A collector under POST, a system under GET."""

    def do_POST(self) -> None:
        TAKEN.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(200, b"")

    def do_GET(self) -> None:
        HEADERS.append({name.lower(): value for name, value in self.headers.items()})
        self.answer(404 if self.path.startswith("/gone") else 200, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    TAKEN.clear()
    HEADERS.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Both)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def fails() -> None:
    with observe.span("stage", stage="returns.payments"):
        raise TryLater("rate_limited", "jane@firma.example was told to wait")


def test_a_call_is_a_span_with_host_and_status_and_no_more(url: str) -> None:
    tracing = Tracing(f"{url}/v1/traces")
    observe.watch(Watching(Figures(), None, tracing))
    client = Client(url, system="crm")
    try:
        with observe.bound(run="billing@1"), observe.span("run"):
            client.read("GET", "/people/jane@firma.example", params={"token": "t-0123456789"})
            client.read("GET", "/gone", expect=frozenset({404}))
            with pytest.raises(TryLater):
                fails()
    finally:
        observe.watch(None)
        client.close()
        tracing.close()
    spans = [
        span
        for body in TAKEN
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert sorted(span.name for span in spans) == ["call", "call", "run", "stage"]
    assert len({span.trace_id for span in spans}) == 1
    calls = [{one.key: one.value.string_value for one in span.attributes} for span in spans if span.name == "call"]
    assert [call["http.response.status_code"] for call in calls] == ["200", "404"]
    assert {call["server.address"] for call in calls} == {"127.0.0.1"}
    (stage,) = (span for span in spans if span.name == "stage")
    assert (stage.status.code, stage.status.message) == (2, "rate_limited")
    assert not any(word in body for body in TAKEN for word in (b"jane", b"t-0123", b"/people"))
    assert len(HEADERS) == 2
    assert not any(name.startswith(("trace", "baggage", "b3", "x-b3")) for names in HEADERS for name in names)
