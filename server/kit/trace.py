"""Spans: what took how long, within what. They are for whoever installs a collector of them (server/ops/tracing.py).

Without one, which is the rule, a span is a shared nothing: making it costs one call. No span is made for a token.
Spans hold ids, names, counts and times. They never hold what people or models wrote, keys, or more of an address than
its host: they leave the product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Protocol, Self

Kind = Literal["internal", "server", "client", "consumer"]
Value = str | int | float | bool | list[str]


class Span:
    """A span that nobody collects: false, and deaf. As a context it is current inside, and ends with it."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def set(self, name: str, value: Value) -> None:
        """Add an attribute; an empty text is left out."""

    def fail(self, kind: str) -> None:
        """Mark it as failed, by a short name of the fault: an error code or a class, never a message."""

    def enter(self) -> None:
        """Make it the current one for the rest of this task."""

    def end(self) -> None:
        """It is over. Only the first call counts."""

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the current one for a while, without ending it."""
        yield

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End it; an exception that passes is its failure."""


class Tracer(Protocol):
    """Makes spans that somebody collects."""

    def begin(self, name: str, kind: Kind, parent: Mapping[str, str] | None) -> Span:
        """A span below ``parent`` (W3C headers), or below the current one."""
        ...

    def has_current(self) -> bool:
        """Whether there is a span to be below of."""
        ...

    def headers(self) -> dict[str, str]:
        """The current span as W3C headers; empty without one."""
        ...

    def trace_id(self) -> str:
        """Id of the current trace in 32 hexadecimal digits; empty without one."""
        ...


class _Installed:
    tracer: Tracer | None = None


_OFF = Span()


def install(tracer: Tracer | None) -> None:
    """From now on spans of this process go there; None: nowhere."""
    _Installed.tracer = tracer


def begin(name: str, kind: Kind = "internal", parent: Mapping[str, str] | None = None) -> Span:
    """A span; use it as a context, or end it. False while nobody collects: then what it would hold need not be made."""
    tracer = _Installed.tracer
    return _OFF if tracer is None else tracer.begin(name, kind, parent)


def child(name: str, kind: Kind = "internal") -> Span:
    """A span, unless it would stand alone: for what also happens of itself again and again."""
    tracer = _Installed.tracer
    return _OFF if tracer is None or not tracer.has_current() else tracer.begin(name, kind, None)


def headers() -> dict[str, str]:
    """What tells another process where its spans belong (W3C trace context); empty while nobody collects."""
    tracer = _Installed.tracer
    return {} if tracer is None else tracer.headers()


def traceparent() -> str | None:
    """The same as one text, for a row of the database."""
    return headers().get("traceparent")


def trace_id() -> str:
    """Id of the current trace, for log lines; empty without one."""
    tracer = _Installed.tracer
    return "" if tracer is None else tracer.trace_id()


def http(method: str, url: str) -> Span:
    """A request that this process makes."""
    span = child(method, "client")
    if span:
        # Only here, so that nothing is parsed while nobody collects.
        from urllib.parse import urlsplit

        parts = urlsplit(url)
        span.set("http.request.method", method)
        span.set("url.scheme", parts.scheme)
        span.set("server.address", parts.hostname or "")
        if parts.port:
            span.set("server.port", parts.port)
    return span


def http_answer(span: Span, status: int) -> None:
    """What the other side said to a request."""
    if span:
        span.set("http.response.status_code", status)
        if status >= 400:
            span.fail(str(status))
