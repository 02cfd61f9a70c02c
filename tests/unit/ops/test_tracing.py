"""Spans on their way to a collector: what is sent, and what a bad collector costs."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterator

import pytest

from server.agent.tools import ToolUse, bind
from server.engine.ports import ToolFaultError, ToolMessage, ToolSpec
from server.kit import trace
from server.llm.calls import Timings, stream_with_retries
from server.llm.port import Chunk, ModelCard, Usage
from server.ops.meters import SPANS
from server.ops.tracing import OtlpTracer
from server.settings import SettingsError, load
from tests.doubles.collector import Collector, Span
from tests.harness.product import ROOT
from tests.harness.stores import wait_until


@pytest.fixture
def counted() -> Callable[[str], float]:
    """How many spans went a way since the test began."""
    before = dict(SPANS.values)
    return lambda way: SPANS.values.get((way,), 0) - before.get((way,), 0)


def make(tracer: OtlpTracer, count: int) -> None:
    for number in range(count):
        with tracer.begin(f"span {number}", "internal", None):
            pass


def test_spans_arrive_below_each_other(counted: Callable[[str], float]) -> None:
    with Collector() as collector:
        tracer = OtlpTracer(collector.endpoint, "a-service", 1.0)
        with tracer.begin("outer", "server", {}) as outer, tracer.begin("inner", "client", None) as inner:
            inner.set("a.number", 7)
            inner.set("left.out", "")
            outer.fail("broken")
            headers = tracer.headers()
        tracer.close()
        first, second = collector.spans()
    assert (first.name, first.kind, first.failed, first.values) == ("outer", "server", True, {"error.type": "broken"})
    assert (second.name, second.kind, second.parent, second.values) == ("inner", "client", first.id, {"a.number": 7})
    assert headers["traceparent"].startswith(f"00-{second.trace}-{second.id}-0")
    assert first.service == "a-service" and counted("sent") == 2


def test_a_share_of_the_traces_is_kept_whole(counted: Callable[[str], float]) -> None:
    with Collector() as collector:
        tracer = OtlpTracer(collector.endpoint, "a-service", 0.5)
        for _ in range(200):
            with tracer.begin("outer", "server", {}), tracer.begin("inner", "client", None):
                pass
        with tracer.begin("asked for", "server", {"traceparent": f"00-{'f' * 32}-{'b' * 16}-01"}):
            pass
        tracer.close()
        names = [span.name for span in collector.spans()]
    assert names.count("outer") == names.count("inner")
    assert 50 < names.count("outer") < 150 and "asked for" in names


def test_a_collector_that_never_answers_costs_spans_and_no_time(counted: Callable[[str], float]) -> None:
    with Collector(answers=False) as silent:
        tracer = OtlpTracer(silent.endpoint, "a-service", 1.0, most_waiting=100)
        began = time.monotonic()
        make(tracer, 1000)
        assert time.monotonic() - began < 1
        began = time.monotonic()
        tracer.close()
        assert time.monotonic() - began < 3
    # Besides those that the sender had taken, 100 waited.
    assert counted("dropped") + counted("lost") >= 1000 - 100 and counted("dropped") > 0 and counted("sent") == 0


def test_a_collector_that_is_away_is_told_of_once_and_found_again(
    counted: Callable[[str], float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with Collector() as collector:
        pass
    tracer = OtlpTracer(collector.endpoint, "a-service", 1.0)
    make(tracer, 1)
    wait_until(lambda: counted("lost") == 1, "the span is lost", seconds=15)
    tracer.close()
    assert [record.name for record in caplog.records] == ["transom.traces"]
    assert "takes no spans" in caplog.text


@pytest.fixture
def collected() -> Iterator[Callable[[], dict[str, Span]]]:
    """Has spans of this process collected; gives them by their names, once all are there."""
    with Collector() as collector:
        tracer = OtlpTracer(collector.endpoint, "a-service", 1.0)
        trace.install(tracer)

        def found() -> dict[str, Span]:
            trace.install(None)
            tracer.close()
            return {span.name: span for span in collector.spans()}

        yield found
        trace.install(None)


async def test_a_stream_that_is_cut_is_no_failure_and_leaves_no_span_behind(
    collected: Callable[[], dict[str, Span]],
) -> None:
    async def attempt() -> AsyncGenerator[Chunk, None]:
        with trace.http("POST", "http://model.example:8000/v1/chat?key=secret"):
            await asyncio.sleep(0)
        yield Chunk("one")
        yield Chunk("two", usage=Usage(7, 2, 9))
        yield Chunk("three")

    with trace.begin("run"):
        chunks = stream_with_retries(attempt, Timings(), ModelCard("m", "llm", provider="langgenius/openai/openai"))
        async for chunk in chunks:
            if chunk.usage:
                break
        await chunks.aclose()
        with trace.begin("after"):
            pass
    spans = collected()
    assert spans["POST"].parent == spans["chat m"].id
    assert spans["chat m"].parent == spans["after"].parent == spans["run"].id
    assert not spans["chat m"].failed
    assert spans["chat m"].values | {
        "gen_ai.system": "openai", "gen_ai.usage.input_tokens": 7, "transom.outcome": "cut",
    } == spans["chat m"].values  # fmt: skip
    assert spans["POST"].values == {
        "http.request.method": "POST", "url.scheme": "http", "server.address": "model.example", "server.port": 8000,
    }  # fmt: skip


async def test_a_tool_of_an_agent_has_a_span(collected: Callable[[], dict[str, Span]]) -> None:
    class Broken:
        async def spec(self, *_: object) -> ToolSpec:
            return ToolSpec("builtin", "time", "current_time", "label", "does nothing")

        async def invoke(self, *_: object) -> AsyncGenerator[ToolMessage, None]:
            raise ToolFaultError("no")
            yield

    (tool,) = await bind(Broken(), None, [ToolUse("builtin", "time", "current_time")], None)  # type: ignore[arg-type]
    with trace.begin("run"):
        assert (await tool.call({})).error == "no"
    spans = collected()
    assert (spans["execute_tool current_time"].failed, spans["execute_tool current_time"].parent) == (True, spans["run"].id)


def test_nothing_of_the_sdk_is_imported_without_a_collector() -> None:
    look = (
        "import server.process, server.worker.process, sys\n"
        "print([name for name, module in sys.modules.items() if 'opentelemetry' in name and module])"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"}
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, cwd=ROOT, env=environment, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_span_that_nobody_collects_is_false_and_deaf() -> None:
    with trace.begin("a", "server", {"traceparent": "no"}) as span:
        span.set("b", 1)
        assert not span and trace.headers() == {} and trace.trace_id() == "" and trace.traceparent() is None
        assert not trace.child("c") and not trace.http("GET", "http://[bad")


@pytest.mark.parametrize("url", ["127.0.0.1:4317", "https://collector:4317", "http://collector", "http://c:4317/v1", "http://c:x"])
def test_an_address_that_is_no_collectors_stops_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="OTLP_ENDPOINT"):
        load({"TRANSOM_OTLP_ENDPOINT": url})
    assert load({"TRANSOM_OTLP_ENDPOINT": "http://127.0.0.1:4317"}).otlp_endpoint
