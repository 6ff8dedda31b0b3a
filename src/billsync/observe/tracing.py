"""Traces over OTLP: a trace for each run, a span for each stage, page, batch and call.  (shell)

Nothing of a trace is sent along to the systems that are called: what run a request belongs to is our own affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode

from billsync import __version__
from billsync.observe import mask

TIMEOUT_S: Final = 5
"""Seconds that the collector is waited for; spans that it does not take are dropped, no run waits for it."""


class Tracing:
    """Spans, sent in batches by a thread of its own.

    Args:
        endpoint: where OTLP over HTTP is taken, such as `http://collector:4318/v1/traces`; None for what the
            OTEL_EXPORTER_OTLP_* variables say.
        headers: sent with each batch.
    """

    def __init__(self, endpoint: str | None, headers: Mapping[str, str] | None = None) -> None:
        exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers) if headers else None, timeout=TIMEOUT_S)
        resource = Resource.create({"service.name": "billsync", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("billsync", __version__)

    @contextmanager
    def span(self, name: str, facts: Mapping[str, Any]) -> Iterator[Span]:
        """A span while the block lasts; a block that raises ends it as an error, told by its code alone."""
        kind = SpanKind.CLIENT if name == "call" else SpanKind.INTERNAL
        with self._tracer.start_as_current_span(
            name, kind=kind, attributes=_attributes(facts), record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(StatusCode.ERROR, mask.text(str(getattr(error, "reason", type(error).__name__))))
                raise

    def mark(self, span: Span, facts: Mapping[str, Any]) -> None:
        """Facts that are only known at a span's end."""
        span.set_attributes(_attributes(facts))

    def ids(self) -> dict[str, str]:
        """The trace and span that are open here, for lines; nothing where none is."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return {}
        return {"trace_id": trace.format_trace_id(found.trace_id), "span_id": trace.format_span_id(found.span_id)}

    def close(self) -> None:
        """Send what is left, as far as it is taken."""
        self._provider.shutdown()


_NAMES: Final = {"host": "server.address", "method": "http.request.method", "status": "http.response.status_code"}
"""Facts that OpenTelemetry has a name for."""


def _attributes(facts: Mapping[str, Any]) -> dict[str, Any]:
    found = {_NAMES.get(name, f"billsync.{name}"): value for name, value in mask.facts(facts).items()}
    return {
        name: value if isinstance(value, str | int | float) else str(value) for name, value in found.items() if value
    }
