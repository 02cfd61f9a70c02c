"""Spans of this process, sent to an OpenTelemetry collector in batches by a thread of its own (OTLP over gRPC).

Only imported when ``otlp_endpoint`` is set: it brings the SDK. A collector that is slow or away costs spans, which are
counted, and nothing else: at most 2048 wait, the oldest are dropped. The SDK's own variables hold beside the setting
(``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_RESOURCE_ATTRIBUTES``, ``OTEL_BSP_...``).
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from server import NOT_IMPORTED

for _name in NOT_IMPORTED:
    if sys.modules.get(_name, sys) is None:
        del sys.modules[_name]

# ruff: noqa: E402 - what follows imports them
from opentelemetry import context as otel
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server.kit.trace import Kind, Span, Value
from server.ops.meters import SPANS

log = logging.getLogger("transom.traces")

_KINDS: Mapping[Kind, api.SpanKind] = {
    "internal": api.SpanKind.INTERNAL, "server": api.SpanKind.SERVER, "client": api.SpanKind.CLIENT,
    "consumer": api.SpanKind.CONSUMER,
}  # fmt: skip
_MOST_WAITING = 2048
_BATCH = 512
_DELAY_MS = 1000
# Of one batch, with its retries.
_EXPORT_SECONDS = 5.0
# What is left at the end may take so long; the rest is dropped.
_LAST_SECONDS = 1.0
_W3C = TraceContextTextMapPropagator()


class _Collected(Span):
    """A span of the SDK."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: api.Span) -> None:
        self._span = span
        self._token: object | None = None

    def __bool__(self) -> bool:
        return self._span.is_recording()

    def set(self, name: str, value: Value) -> None:
        if value != "":
            self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        self._span.set_attribute("error.type", kind)
        self._span.set_status(api.StatusCode.ERROR)

    def enter(self) -> None:
        otel.attach(api.set_span_in_context(self._span))

    def end(self) -> None:
        if self._span.is_recording():
            self._span.end()

    @contextmanager
    def current(self) -> Iterator[None]:
        token = otel.attach(api.set_span_in_context(self._span))
        try:
            yield
        finally:
            otel.detach(token)

    def __enter__(self) -> Self:
        self._token = otel.attach(api.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if isinstance(error, (asyncio.CancelledError, GeneratorExit)):
            # Somebody stopped it: no fault.
            self.set("transom.cancelled", value=True)
        elif kind is not None:
            self.fail(kind.__name__)
        self.end()
        otel.detach(self._token)  # type: ignore[arg-type]


class _Counted(SpanExporter):
    """Counts what arrives, and says once when nothing does."""

    def __init__(self, inner: SpanExporter, endpoint: str) -> None:
        self._inner = inner
        self._endpoint = endpoint
        self._is_away = False
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        try:
            result = self._inner.export(spans)
        except Exception:
            # The thread must outlive any fault of a library.
            log.exception("spans could not be sent")
            result = SpanExportResult.FAILURE
        is_away = result is not SpanExportResult.SUCCESS
        SPANS.add(("lost" if is_away else "sent",), len(spans))
        if is_away and not self._is_away:
            log.warning("the collector at %s takes no spans; they are dropped until it does", self._endpoint)
        elif self._is_away and not is_away:
            log.info("the collector at %s takes spans again", self._endpoint)
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _Processor(BatchSpanProcessor):
    """Counts spans for which there is no room: each pushes out the oldest."""

    def __init__(self, exporter: _Counted, most: int) -> None:
        super().__init__(
            exporter, max_queue_size=most, schedule_delay_millis=_DELAY_MS, max_export_batch_size=min(_BATCH, most)
        )
        self._counted = exporter
        self._most = most
        self._ended = 0
        self._dropped = 0

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            if self._ended - self._dropped - self._counted.taken >= self._most:
                self._dropped += 1
                SPANS.add(("dropped",))
            self._ended += 1
        super().on_end(span)


class OtlpTracer:
    """``kit.trace.Tracer`` over OTLP. ``share`` of the traces that begin here are kept; others follow their caller."""

    def __init__(
        self, endpoint: str, service: str, share: float, *, instance: str = "", most_waiting: int = _MOST_WAITING
    ) -> None:
        # They repeat themselves for each batch; `_Counted` says it once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        named = {"service.name": service, "service.namespace": "transom", "service.instance.id": instance}
        self._exporter = _Counted(OTLPSpanExporter(endpoint=endpoint, timeout=_EXPORT_SECONDS), endpoint)
        self._processor = _Processor(self._exporter, most_waiting)
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)), shutdown_on_exit=False,
            resource=Resource.create({name: value for name, value in named.items() if value}),
        )
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("transom")

    def begin(self, name: str, kind: Kind, parent: Mapping[str, str] | None) -> Span:
        """As the protocol says."""
        above = _W3C.extract(parent) if parent is not None else None
        return _Collected(self._tracer.start_span(name, context=above, kind=_KINDS[kind]))

    def has_current(self) -> bool:
        """As the protocol says."""
        return api.get_current_span().get_span_context().is_valid

    def headers(self) -> dict[str, str]:
        """As the protocol says."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier

    def trace_id(self) -> str:
        """As the protocol says."""
        found = api.get_current_span().get_span_context()
        return api.format_trace_id(found.trace_id) if found.is_valid else ""

    def close(self) -> None:
        """Send what waits, for a second at most. Blocks."""
        cut = threading.Timer(_LAST_SECONDS, self._exporter.shutdown)
        cut.daemon = True
        cut.start()
        self._processor.shutdown()  # type: ignore[no-untyped-call]
        cut.cancel()


