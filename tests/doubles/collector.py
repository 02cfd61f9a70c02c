"""An OpenTelemetry collector on loopback (OTLP over gRPC) that keeps what it gets."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as pb_grpc
from opentelemetry.proto.trace.v1 import trace_pb2


@dataclass(frozen=True)
class Span:
    """One span, its attributes as plain values."""

    service: str
    name: str
    id: str
    parent: str
    trace: str
    kind: str
    begin: int
    end: int
    failed: bool
    values: dict[str, Any] = field(hash=False)


class Collector(pb_grpc.TraceServiceServicer):
    """``endpoint`` is its address. With ``answers=False`` it takes calls and never answers them."""

    def __init__(self, *, answers: bool = True) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self._spans: list[Span] = []
        self._over = threading.Event()
        self._server = grpc.server(ThreadPoolExecutor(8))
        pb_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.endpoint = f"http://127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._server.stop(0).wait()

    def Export(
        self, request: pb.ExportTraceServiceRequest, context: grpc.ServicerContext
    ) -> pb.ExportTraceServiceResponse:
        """The one RPC."""
        if not self._answers:
            self._over.wait()
        found = [
            _span(group.resource, span) for group in request.resource_spans for scope in group.scope_spans
            for span in scope.spans
        ]  # fmt: skip
        with self._lock:
            self._spans += found
        return pb.ExportTraceServiceResponse()

    def spans(self, trace: str = "") -> list[Span]:
        """What came so far of one trace, or of all; in the order of their beginnings."""
        with self._lock:
            return sorted((span for span in self._spans if trace in {"", span.trace}), key=lambda span: span.begin)


def _span(resource: Any, span: trace_pb2.Span) -> Span:
    return Span(
        _values(resource.attributes)["service.name"], span.name, span.span_id.hex(), span.parent_span_id.hex(),
        span.trace_id.hex(), trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        span.start_time_unix_nano, span.end_time_unix_nano,
        span.status.code == trace_pb2.Status.STATUS_CODE_ERROR, _values(span.attributes),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {item.key: _value(item.value) for item in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
