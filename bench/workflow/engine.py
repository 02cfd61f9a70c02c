"""The engine alone: what a node, a branch, a streamed piece and a waiting run cost it. Nothing else runs meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from types import SimpleNamespace
from typing import Any

import uvloop

from bench.report import Result
from server.engine.engine import Engine, FormAnswer, Variables
from server.engine.events import Event, RunFinished, RunPaused, TextStreamed
from server.engine.graph import Graph
from server.engine.node import RunInfo
from server.engine.ports import HttpRequest, HttpResponse
from server.llm.port import Chunk, ModelCard, Usage

_NODES, _RUNS = 50, 200
_BRANCHES, _DELAY = 10, 0.2
_TOKENS = 200
_WAITING = 500
_CHAT = RunInfo("tenant", "app", "workflow", "run", "user", mode="advanced-chat")


class _Model:
    """A chat model whose tokens are all there at once."""

    card = ModelCard("m", "llm")

    async def stream(self, _: Any) -> Any:
        for index in range(_TOKENS):
            yield Chunk(f"tok{index} ")
        yield Chunk(usage=Usage(10, _TOKENS, 10 + _TOKENS), finish_reason="stop")

    async def count_tokens(self, _: Any) -> int:
        return 10


async def _render(template: str, variables: Mapping[str, Any]) -> str:
    return f"{template}{variables['before']}"[:40]


async def _send(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(_DELAY)
    return HttpResponse(200, [("content-type", "text/plain")], b"ok", request.url)


async def _chat_model(*_: str) -> _Model:
    return _Model()


_PORTS: Any = SimpleNamespace(
    code=SimpleNamespace(render=_render), http=SimpleNamespace(send=_send),
    models=SimpleNamespace(chat_model=_chat_model),
)  # fmt: skip


def _node(node_id: str, node_type: str, **data: Any) -> dict[str, Any]:
    return {"id": node_id, "data": {"type": node_type, "title": node_id, **data}}


def _graph(nodes: list[dict[str, Any]], *ways: tuple[str, str]) -> Graph:
    first = _node("start", "start", variables=[{"variable": "before", "type": "text-input"}])
    edges = [
        {"source": source, "sourceHandle": handle or "source", "target": target}
        for source, handle, target in ((*way[0].partition(":")[::2], way[1]) for way in ways)
    ]
    return Graph.parse({"nodes": [first, *nodes], "edges": edges})


async def _run(graph: Graph, **more: Any) -> list[Event]:
    engine = Engine(graph, _PORTS, _CHAT, Variables({"before": "x"}, {"query": "q", "files": []}), **more)
    return [event async for event in engine.run()]


def _measured(work: Callable[[], Coroutine[Any, Any, int]]) -> tuple[float, float, int]:
    """Seconds on the clock and of CPU, and how many runs failed."""
    wall, cpu = time.perf_counter(), time.process_time()
    failed = uvloop.run(work())
    return time.perf_counter() - wall, time.process_time() - cpu, failed


def _ended(events: list[Event]) -> bool:
    return isinstance(events[-1], RunFinished) and events[-1].status == "succeeded"


def chain() -> Result:
    """A chain of template nodes, whose rendering costs nothing."""
    result = Result("chain", f"chain of {_NODES} template nodes, {_RUNS} runs, one after the other")
    names = ["start", *(f"t{index}" for index in range(_NODES)), "end"]
    reads = [["start", "before"], *([name, "output"] for name in names[1:-2])]
    nodes = [
        _node(name, "template-transform", template="t", variables=[{"variable": "before", "value_selector": read}])
        for name, read in zip(names[1:-1], reads, strict=True)
    ]
    nodes.append(_node("end", "end", outputs=[{"variable": "out", "value_selector": [names[-2], "output"]}]))
    graph = _graph(nodes, *zip(names, names[1:], strict=False))

    async def work() -> int:
        return sum([not _ended(await _run(graph)) for _ in range(_RUNS)])

    wall, cpu, result.failed = _measured(work)
    each = cpu / _RUNS / (_NODES + 2) * 1000
    result.add(f"{cpu:.2f} s of CPU in {wall:.2f} s: {each * 1000:.0f} us a node, {_RUNS / cpu:.0f} runs/s of a core")
    result.figures = {"cpu_ms_a_node": each, "wall_seconds": wall}
    result.aim("under 0.3 ms a node", f"{each:.3f} ms", ok=each < 0.3)
    return result


def branches() -> Result:
    """Parallel branches that each wait for an HTTP answer."""
    result = Result("branches", f"{_BRANCHES} parallel branches, each waits {_DELAY * 1000:.0f} ms for HTTP")
    nodes = [
        _node(f"h{index}", "http-request", method="get", url="http://x.example/", headers="", params="",
              authorization={"type": "no-auth"}, body={"type": "none", "data": []}, timeout={})
        for index in range(_BRANCHES)
    ]
    nodes.append(_node("end", "end", outputs=[
        {"variable": f"out{index}", "value_selector": [f"h{index}", "body"]} for index in range(_BRANCHES)
    ]))
    ways = [way for index in range(_BRANCHES) for way in (("start", f"h{index}"), (f"h{index}", "end"))]
    graph = _graph(nodes, *ways)

    async def work() -> int:
        return not _ended(await _run(graph))

    wall, cpu, result.failed = _measured(work)
    result.add(f"{wall * 1000:.0f} ms whole, {cpu * 1000:.1f} ms of CPU")
    result.figures = {"wall_ms": wall * 1000, "cpu_ms": cpu * 1000}
    result.aim("under 300 ms whole", f"{wall * 1000:.0f} ms", ok=wall < 0.3)
    return result


def tokens() -> Result:
    """A chatflow start, llm, answer: what a token costs on its way through."""
    result = Result("tokens", f"start, llm, answer with {_TOKENS} tokens, {_RUNS} runs")
    nodes = [
        _node("llm", "llm", model={"provider": "p", "name": "m", "mode": "chat", "completion_params": {}},
              prompt_template=[{"role": "user", "text": "{{#sys.query#}}"}]),
        _node("answer", "answer", answer="{{#llm.text#}}"),
    ]
    graph = _graph(nodes, ("start", "llm"), ("llm", "answer"))

    async def work() -> int:
        failed = 0
        for _ in range(_RUNS):
            events = await _run(graph)
            failed += not _ended(events) or sum(isinstance(event, TextStreamed) for event in events) <= _TOKENS
        return failed

    _, cpu, result.failed = _measured(work)
    each = cpu / _RUNS / _TOKENS * 1e6
    result.add(f"{each:.1f} us of CPU a token, {cpu / _RUNS * 1000:.2f} ms a run")
    result.figures = {"cpu_us_a_token": each}
    return result


def waiting() -> Result:
    """Runs that wait for a form: their state as text, and going on from it."""
    result = Result("waiting", f"{_WAITING} runs that pause at a form and go on")
    nodes = [
        _node("ask", "human-input", form_content="?", inputs=[], user_actions=[{"id": "yes", "title": "Yes"}]),
        _node("answer", "answer", answer="{{#start.before#}}"),
    ]
    graph = _graph(nodes, ("start", "ask"), ("ask:yes", "answer"))
    size = 0

    async def work() -> int:
        nonlocal size
        paused = [(await _run(graph))[-1] for _ in range(_WAITING)]
        states = [json.dumps(last.state) for last in paused if isinstance(last, RunPaused)]
        size = len(states[0])
        ended = [await _run(graph, state=json.loads(state), answers=[FormAnswer("ask", "yes")]) for state in states]
        return _WAITING - sum(map(_ended, ended))

    _, cpu, result.failed = _measured(work)
    result.add(f"{cpu / _WAITING * 1000:.2f} ms of CPU to pause and go on; {size} bytes of state a run, no task waits")
    result.figures = {"cpu_ms_a_run": cpu / _WAITING * 1000, "state_bytes": size}
    return result


CASES: Mapping[str, Callable[[], Result]] = {
    "chain": chain,
    "branches": branches,
    "tokens": tokens,
    "waiting": waiting,
}
