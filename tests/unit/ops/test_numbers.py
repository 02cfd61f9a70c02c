"""The text of numbers, and the port that tells it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from server.kit.metrics import Counter, Histogram, gauge, page
from server.llm.calls import Timings, counted, stream_with_retries
from server.llm.port import Chunk, ModelCard, ModelFault, Usage
from server.ops import meters
from server.ops.admin import AdminPort
from server.ops.ready import Readiness

CARD = ModelCard("m", "llm", provider="a provider of the test")


def test_a_histogram_counts_up_to_each_bound() -> None:
    made = Histogram("h", "Text.", ("rpc",), (0.1, 1))
    for seconds in (0.05, 0.1, 0.5, 7):
        made.observe(("A",), seconds)
    assert page([made]) == (
        '# HELP h Text.\n# TYPE h histogram\nh_bucket{rpc="A",le="0.1"} 2\nh_bucket{rpc="A",le="1"} 3\n'
        'h_bucket{rpc="A",le="+Inf"} 4\nh_sum{rpc="A"} 7.65\nh_count{rpc="A"} 4\n'
    )


def test_counters_start_at_zero_and_labels_are_escaped() -> None:
    made = Counter("c_total", "Text.", ("name",))
    made.add(('a "b"\n\\',), 2)
    assert page([Counter("n", "Text."), made, gauge("g", "Now.", {(): 1.5})]) == (
        '# HELP n Text.\n# TYPE n counter\nn 0\n# HELP c_total Text.\n# TYPE c_total counter\n'
        'c_total{name="a \\"b\\"\\n\\\\"} 2\n# HELP g Now.\n# TYPE g gauge\ng 1.5\n'
    )


async def test_each_attempt_of_a_model_call_is_counted_by_its_outcome() -> None:
    attempts = 0

    async def attempt():
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ModelFault("rate_limit", "slow down")
        yield Chunk("a")
        yield Chunk("", usage=Usage(3, 4, 7))

    _ = [chunk async for chunk in stream_with_retries(attempt, Timings(backoff=0), CARD)]
    with counted(CARD) as cost:
        cost.append(Usage(5, 0, 5, estimated=True))
    labels = (CARD.provider, "llm")
    assert meters.MODEL_CALLS.values[(*labels, "rate_limit")] == 1
    assert meters.MODEL_CALLS.values[(*labels, "ok")] == 2
    assert meters.MODEL_TOKENS.values[(*labels, "prompt")] == 3, "an estimate was not reported by the provider"
    assert meters.MODEL_TOKENS.values[(*labels, "completion")] == 4


async def _ask(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


@pytest.mark.parametrize(
    ("request_", "redis", "status", "said"),
    [
        (b"GET /metrics HTTP/1.1\r\n\r\n", "ok", b"200", b"\r\n\r\nnumbers"),
        (b"GET /ready?x=1 HTTP/1.1\r\n\r\n", "ok", b"200", b'"status": "ready"'),
        (b"GET /ready HTTP/1.1\r\n\r\n", "does not answer", b"503", b'"redis": "does not answer"'),
        (b"GET /health HTTP/1.0\r\nhost: a\r\n\r\n", "does not answer", b"200", b'"ok"'),
        (b"POST /metrics HTTP/1.1\r\n\r\n", "ok", b"405", b"method_not_allowed"),
        (b"GET /secrets HTTP/1.1\r\n\r\n", "ok", b"404", b"not_found"),
        (b"what\r\n\r\n", "ok", b"400", b"bad_request"),
    ],
)
async def test_the_admin_port(request_: bytes, redis: str, status: bytes, said: bytes) -> None:
    async def numbers() -> str:
        return "numbers"

    async def look() -> Readiness:
        return Readiness("ok", "ok", redis)

    numbers_: Any = SimpleNamespace(page=numbers)
    ready: Any = SimpleNamespace(look=look)
    admin = AdminPort(numbers_, ready)
    port = await admin.start("127.0.0.1", 0)
    try:
        answer = await _ask(port, request_)
    finally:
        await admin.stop()
    assert answer.split(b" ")[1] == status
    assert said in answer
